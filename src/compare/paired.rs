//! The figures of both sides, in pairs.

use std::collections::HashMap;

use super::Run;
use super::alike::{Difference, DifferenceCode};
use super::compared::Compared;
use super::deals::{Chance, chances};
use super::estimate::{Apart, Side, ways_to_deal};
use super::figure::{Place, Subject};
use super::judge::{FAMILY_MISRATE, Judgement, judge};
use super::measured::figures_of;
use super::thresholds::Thresholds;
use super::words::one_line;

/// Every figure with a number for each run that measured it.
pub(super) struct Paired {
    base_runs: usize,
    new_runs: usize,
    pairs: Vec<Pair>,
}

struct Pair {
    subject: Subject,
    base: Vec<f64>,
    new: Vec<f64>,
}

impl Paired {
    pub(super) fn of(base: &[&Run], new: &[&Run]) -> Self {
        let mut paired = Paired { base_runs: base.len(), new_runs: new.len(), pairs: Vec::new() };
        let mut places = HashMap::new();
        for run in base {
            paired.add(run, &mut places, |pair| &mut pair.base);
        }
        for run in new {
            paired.add(run, &mut places, |pair| &mut pair.new);
        }
        paired
    }

    fn add(&mut self, run: &Run, places: &mut HashMap<Subject, usize>, side: fn(&mut Pair) -> &mut Vec<f64>) {
        for (subject, value) in figures_of(&run.summary) {
            let at = *places.entry(subject.clone()).or_insert(self.pairs.len());
            if at == self.pairs.len() {
                self.pairs.push(Pair { subject, base: Vec::new(), new: Vec::new() });
            }
            side(&mut self.pairs[at]).push(value);
        }
    }

    /// Streams, stages, phases and models that only one side has.
    pub(super) fn missing(&self) -> Vec<Difference> {
        let mut places: Vec<(&Place, bool, bool)> = Vec::new();
        for pair in &self.pairs {
            let (in_base, in_new) = (!pair.base.is_empty(), !pair.new.is_empty());
            match places.iter_mut().find(|(place, ..)| *place == &pair.subject.place) {
                Some((_, base, new)) => (*base, *new) = (*base || in_base, *new || in_new),
                None => places.push((&pair.subject.place, in_base, in_new)),
            }
        }
        let both_sides = self.base_runs > 0 && self.new_runs > 0;
        let one_sided = places.into_iter().filter(|(_, base, new)| both_sides && base != new);
        one_sided.map(|(place, in_base, _)| missing(place, in_base)).collect()
    }

    /// Each figure, judged.
    pub(super) fn compared(&self, thresholds: &Thresholds) -> Vec<Compared> {
        let judged: Vec<usize> = (0..self.pairs.len()).filter(|at| self.can_be_judged(&self.pairs[*at])).collect();
        let values: Vec<Vec<f64>> = judged.iter().map(|at| self.pairs[*at].comparable()).collect();
        let mut chance_of: Vec<Option<Chance>> = vec![None; self.pairs.len()];
        for (at, chance) in judged.iter().zip(chances(&values, self.base_runs, self.new_runs)) {
            chance_of[*at] = Some(chance);
        }
        self.pairs.iter().zip(chance_of).map(|(pair, chance)| self.compared_pair(pair, chance, thresholds)).collect()
    }

    fn compared_pair(&self, pair: &Pair, chance: Option<Chance>, thresholds: &Thresholds) -> Compared {
        let figure = pair.subject.figure;
        let threshold = thresholds.of_figure(figure);
        let (base, apart) = (Side::of(&pair.base), Apart::of(&pair.base, &pair.new));
        let judgement = match (base, &apart, chance) {
            _ if !figure.is_judged() => Judgement::Shown,
            _ if !self.is_whole(pair) => Judgement::NotMeasured,
            (Some(base), Some(apart), Some(chance)) => judge(figure, apart, base.center, threshold, chance),
            _ => Judgement::TooFewRuns,
        };
        Compared {
            place: pair.subject.place.clone(),
            figure: figure.name(),
            unit: figure.unit(),
            less_is_worse: figure.less_is_worse(),
            base,
            new: Side::of(&pair.new),
            apart,
            threshold,
            chance: chance.map(|chance| if figure.less_is_worse() { chance.of_fall } else { chance.of_rise }),
            judgement,
        }
    }

    /// Whether a difference in it could be told from chance.
    fn can_be_judged(&self, pair: &Pair) -> bool {
        let enough = ways_to_deal(self.base_runs, self.new_runs) * FAMILY_MISRATE >= 1.0;
        enough && pair.subject.figure.is_judged() && self.is_whole(pair)
    }

    fn is_whole(&self, pair: &Pair) -> bool {
        pair.base.len() == self.base_runs && pair.new.len() == self.new_runs
    }
}

impl Pair {
    /// Its numbers, those of base first, on a scale where equal ratios are equal steps, unless a run has 0.
    fn comparable(&self) -> Vec<f64> {
        let all = self.base.iter().chain(&self.new).copied();
        if all.clone().all(|value| value > 0.0) { all.map(f64::ln).collect() } else { all.collect() }
    }
}

fn missing(place: &Place, in_base: bool) -> Difference {
    let only = if in_base { "base" } else { "new" };
    let text = format!("Only {only} has {}.", named(place));
    Difference { code: DifferenceCode::Missing, refuses: false, text }
}

/// "stream orders, stage output, phase 2"
fn named(place: &Place) -> String {
    let parts = [("stream", &place.stream), ("stage", &place.stage), ("phase", &place.phase), ("model", &place.model)];
    let named =
        parts.iter().filter_map(|(kind, name)| name.as_deref().map(|name| format!("{kind} {}", one_line(name))));
    let named: Vec<String> = named.collect();
    if named.is_empty() { "figures of the whole run".to_owned() } else { named.join(", ") }
}
