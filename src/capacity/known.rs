//! What the trials of a search say together, and which trial they ask for. Pure.

use super::held::{Held, failed, hint};
use super::step::{Conclusion, Rules, Step, Why};
use super::trial::{Length, Outcome, Trial};
use super::votes::Load;

/// How often in a row a trial may say nothing.
pub(super) const MOST_INVALID: usize = 3;
/// How many trials after the first bracket follow the rate that was held, before the interval is simply halved.
const MOST_GUIDED: usize = 3;
/// The search stops when the load that this machine cannot send is at most this many times the highest load that passed.
const NEAR_SENDERS_LIMIT: f64 = 1.25;
/// So many halvings of a load that fails must bring the latency down, if the load is what breaks the limit.
const HALVINGS: usize = 3;
/// By how much they must, at least.
const BETTER: f64 = 0.9;
/// What was held is known well enough with a standard error of this share of the wanted width: the bounds are then two and a half of them away.
const SURE_ENOUGH: f64 = 0.2;
/// Only loads up to this multiple of the upper bound say what the target holds: under a much higher load it may hold more or less.
const NEAR: f64 = 1.25;
/// So many trials at one load to know it better are enough.
const MOST_AGAIN: usize = 2;

/// What the trials say, load by load.
pub(super) struct Known {
    /// The lowest first.
    loads: Vec<Load>,
    /// A load passes in short trials and fails in long ones: no short trial that passes counts any more.
    flatters: bool,
    /// The lowest load that this machine could not send, again and again.
    pub(super) unsendable: Option<f64>,
}

impl Known {
    pub(super) fn of(trials: &[Trial]) -> Self {
        let mut loads: Vec<Load> = Vec::new();
        for trial in trials.iter().filter(|trial| trial.length != Length::WarmUp) {
            let place = loads.iter().position(|load| load.factor.total_cmp(&trial.factor).is_eq());
            let place = place.unwrap_or_else(|| {
                loads.push(Load { factor: trial.factor, ..Load::default() });
                loads.len() - 1
            });
            let load = &mut loads[place];
            load.sender_late += usize::from(trial.sender_late);
            load.calm_p99_ms = load.calm_p99_ms.into_iter().chain(calm_p99_ms(trial)).reduce(f64::min);
            let votes = if trial.length == Length::Long { &mut load.long } else { &mut load.short };
            votes.count(trial.outcome);
        }
        let flatters = loads.iter().any(Load::flatters);
        if flatters {
            loads.iter_mut().for_each(|load| load.short.passes = 0);
        }
        let is_unsendable = |load: &&Load| load.votes().all() == 0 && load.sender_late >= MOST_INVALID;
        let unsendable = loads.iter().filter(is_unsendable).map(|load| load.factor).reduce(f64::min);
        loads.retain(|load| load.votes().all() > 0);
        loads.sort_by(|one, other| one.factor.total_cmp(&other.factor));
        Known { loads, flatters, unsendable }
    }

    /// The lowest load that fails.
    pub(super) fn upper(&self) -> Option<&Load> {
        self.loads.iter().find(|load| load.fails())
    }

    /// The highest load that passes, below all that fail.
    pub(super) fn lower(&self) -> Option<&Load> {
        self.loads.iter().take_while(|load| !load.fails()).filter(|load| load.passes()).last()
    }

    pub(super) fn open(&self, why: Why) -> Step {
        let [lower, upper] = [self.lower(), self.upper()].map(|load| load.map(|load| load.factor));
        Step::End(Conclusion::Open { lower, upper, why })
    }

    /// A trial at a load of which nothing is known.
    fn try_at(&self, factor: f64) -> Step {
        Step::Try { factor, length: self.length(), later: false }
    }

    /// The shortest trial that counts.
    pub(super) fn length(&self) -> Length {
        if self.flatters { Length::Long } else { Length::Short }
    }

    /// A trial more of the kind that decides: where short ones flatter, no more of these would be counted.
    fn once_more(&self, load: &Load) -> Step {
        let length = if load.long.all() > 0 { Length::Long } else { self.length() };
        Step::Try { factor: load.factor, length, later: false }
    }

    pub(super) fn settle(&self, rules: &Rules, trials: &[Trial]) -> Step {
        if let Some(doubtful) = self.doubtful() {
            return self.once_more(doubtful);
        }
        match (self.lower(), self.upper()) {
            (None, None) => self.try_at(self.unsendable.map_or(rules.start, |unsendable| unsendable / 4.0)),
            (Some(lower), None) => self.higher(rules, lower),
            (None, Some(upper)) if self.is_not_the_load() => Step::End(Conclusion::NotTheLoad(upper.factor)),
            (None, Some(upper)) if upper.factor > rules.least => self.try_at(below(rules, trials, upper.factor)),
            (None, Some(upper)) if upper.surely_fails() => Step::End(Conclusion::Below(upper.factor)),
            (Some(lower), Some(upper)) if upper.factor > lower.factor * (1.0 + self.width(rules, trials, upper)) => {
                self.between(rules, trials, lower.factor, upper.factor)
            }
            (Some(lower), Some(upper)) if upper.surely_fails() => {
                confirm(lower, self.around(rules, trials, lower.factor, upper.factor))
            }
            (_, Some(upper)) => self.once_more(upper),
        }
    }

    /// Where nothing fails yet.
    fn higher(&self, rules: &Rules, lower: &Load) -> Step {
        let doubled = (lower.factor * 2.0).min(rules.most);
        match self.unsendable {
            Some(unsendable) if doubled >= unsendable && unsendable > lower.factor * NEAR_SENDERS_LIMIT => {
                self.try_at((lower.factor * unsendable).sqrt())
            }
            Some(unsendable) if doubled >= unsendable => confirm(lower, Conclusion::SenderLimit(lower.factor)),
            _ if lower.factor < rules.most => self.try_at(doubled),
            _ => confirm(lower, Conclusion::AtLeast(lower.factor)),
        }
    }

    /// Whether the lowest loads fail on a latency that does not fall with them: an idle target breaks the limit, too.
    fn is_not_the_load(&self) -> bool {
        let lowest: Vec<f64> = self.loads.iter().take(HALVINGS + 1).map_while(|load| load.calm_p99_ms).collect();
        let (Some(first), Some(last)) = (lowest.first(), lowest.last()) else { return false };
        lowest.len() > HALVINGS && *first >= last * BETTER
    }

    /// A load whose trials contradict each other, or those of another load: it fails, though not surely, and a higher one passes.
    fn doubtful(&self) -> Option<&Load> {
        let highest_pass = self.loads.iter().rfind(|load| load.passes()).map_or(0.0, |load| load.factor);
        let contradicts = |load: &&Load| load.fails() && !load.surely_fails() && load.factor < highest_pass;
        self.loads.iter().find(|load| load.votes().is_tie()).or_else(|| self.loads.iter().find(contradicts))
    }

    /// What the target held. Where short trials flatter, how their seconds differ says nothing: then it is what it held at the upper load.
    fn held(&self, trials: &[Trial], upper: f64) -> Option<Held> {
        let counts = |trial: &&Trial| trial.factor <= upper * NEAR && (trial.length == Length::Long || !self.flatters);
        Held::pooled(failed(trials).filter(counts))
    }

    /// How close the bounds must come: what moves by more between trials is nowhere closer.
    fn width(&self, rules: &Rules, trials: &[Trial], upper: &Load) -> f64 {
        self.held(trials, upper.factor).map_or(rules.width, |held| rules.width.max(held.moves * 2.0))
    }

    /// The interval between two loads, widened to hold two standard errors of what the target held in the trials that failed: where seconds differ
    /// much, trials beside the capacity pass and fail by chance. Further than the wanted width it is not the same thing that was measured.
    /// Where the target itself moves, the interval reaches two standard deviations of that to either side: there the next search finds it.
    fn around(&self, rules: &Rules, trials: &[Trial], lower: f64, upper: f64) -> Conclusion {
        let held = self.held(trials, upper);
        let [low, high] = [-2.0, 2.0]
            .map(|errors| held.as_ref().filter(|held| held.error > 0.0).map(|held| held.factor + errors * held.error));
        let moves = held.map_or(0.0, |held| held.moves);
        let [down, up] = reach([lower, upper], moves);
        let low = low.filter(|low| *low > lower * (1.0 - rules.width)).map_or(lower, |low| low.min(lower));
        let high = high.filter(|high| *high < upper * (1.0 + rules.width)).map_or(upper, |high| high.max(upper));
        Conclusion::Between { lower: low.min(down), upper: high.max(up), tried: [lower, upper], moves, again: None }
    }

    /// The same interval, where trials that came later show how far the target moves.
    pub(super) fn as_it_moves(&self, trials: &[Trial], conclusion: Conclusion) -> Conclusion {
        let Conclusion::Between { lower, upper, tried, moves, again } = conclusion else { return conclusion };
        let moves = self.held(trials, tried[1]).map_or(moves, |held| held.moves.max(moves));
        let [down, up] = reach(tried, moves);
        Conclusion::Between { lower: lower.min(down), upper: upper.max(up), tried, moves, again }
    }

    /// A trial inside the interval. The rate that the target held under too much load says about where its capacity is: the interval is cut just
    /// below and just above it, and halved where that leads nowhere. While that is not known well enough, the load that fails is tried again.
    fn between(&self, rules: &Rules, trials: &[Trial], lower: f64, upper: f64) -> Step {
        let middle = self.try_at((lower * upper).sqrt());
        let first_fail = trials.iter().position(|trial| trial.outcome == Outcome::Fail).unwrap_or(trials.len());
        if trials.len() - first_fail > MOST_GUIDED + 1 {
            return middle;
        }
        let Some(held) = self.held(trials, upper) else { return middle };
        let tried = trials.iter().filter(|trial| trial.factor.total_cmp(&upper).is_eq()).count();
        if !self.flatters && held.error > held.factor * rules.width * SURE_ENOUGH && tried < MOST_AGAIN {
            // Less that waits is gone sooner.
            return self.try_at(if upper > held.factor * NEAR * NEAR { held.factor * NEAR } else { upper });
        }
        let half = (1.0 + rules.width * 0.96).sqrt();
        let is_new = |factor: &f64| {
            *factor > lower && *factor < upper && self.loads.iter().all(|load| load.factor.total_cmp(factor).is_ne())
        };
        let beside = [held.factor / half, held.factor * half];
        // First below it: that it holds what it held is likelier than not.
        beside.into_iter().find(is_new).map_or(middle, |factor| self.try_at(factor))
    }
}

/// Two standard deviations of what the target moves, to either side of the middle between two loads.
fn reach([lower, upper]: [f64; 2], moves: f64) -> [f64; 2] {
    [-2.0, 2.0].map(|deviations| (lower * upper).sqrt() * f64::exp(deviations * moves))
}

/// A lower bound is one when a long trial passes.
fn confirm(lower: &Load, then: Conclusion) -> Step {
    if lower.long.passes > lower.long.fails {
        Step::End(then)
    } else {
        Step::Try { factor: lower.factor, length: Length::Long, later: false }
    }
}

/// The p99 of a trial that failed while nothing piled up.
fn calm_p99_ms(trial: &Trial) -> Option<f64> {
    let is_calm = trial.outcome == Outcome::Fail && trial.held.is_none();
    trial.worst.as_ref().filter(|_| is_calm).map(|worst| worst.p99_ms)
}

/// A factor below one that fails: by the rate that was held, or half.
fn below(rules: &Rules, trials: &[Trial], upper: f64) -> f64 {
    let held = hint(trials, upper).filter(|held| *held < upper && *held > upper / 16.0);
    held.map_or(upper / 2.0, |held| held / (1.0 + rules.width)).max(rules.least)
}
