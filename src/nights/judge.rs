//! Night after night: what was found in one decides with what the next are compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::family::stand;
use super::known::Known;
use super::machine::{Suspect, Together, shares_of_machine};
use super::noise::{Usual, noises};
use super::seen::{CouldSee, could_see};
use super::shift::Shift;
use super::tonight::{Tested, Tonight};
use super::{FAMILY_LEVEL, LASTING_NIGHTS, Nights, Series, WINDOWS};

/// A night is suspected, and measured again, at a looser level than it is called worse.
const SUSPICION: f64 = 20.0;

/// What is said of a figure in a night. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Worse than the usual, beyond chance and by enough to matter: it raises an alarm.
    Worse,
    /// As it has been since an earlier alarm.
    StillWorse,
    /// After an alarm, as it was before it.
    Back,
    /// Better than the usual. After three such nights that is the new usual.
    Better,
    /// As usual.
    AsUsual,
    /// Too few nights for a judgement.
    TooFewNights,
    /// It varies so much that only a change by more than a quarter would be found.
    TooNoisy,
    /// The machine was not itself in this night.
    Suspect,
    /// This night has no number for it.
    NotMeasured,
}

/// A figure in a night.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureNight {
    /// What is said of it.
    pub judged: Judged,
    /// The night's number, what follows from the machine taken out.
    pub value: Option<f64>,
    /// The usual; absent while there are too few nights.
    pub usual: Option<f64>,
    /// How far the newest nights are from the usual, as a share: of the night alone, or of those since the change.
    pub by: Option<f64>,
    /// The first night of the change.
    pub since: Option<usize>,
    /// How often equal nights are as far off, over this figure alone: the smallest over the stretches of nights that are tested.
    pub chance: Option<f64>,
    /// How much of the machine's own figure was taken out of it.
    pub machine: f64,
    /// Which change would have been found.
    pub could_see: Option<CouldSee>,
}

/// All figures in a night.
#[derive(Debug, Clone, PartialEq)]
pub struct NightJudged {
    /// How the machine was away from its usual, when that or its own readings make the night suspect.
    pub suspect: Option<Suspect>,
    /// The night since which the machine is as it is now.
    pub machine_since: usize,
    /// The figures, as in the series.
    pub figures: Vec<FigureNight>,
    /// The figures that more repetitions in this night would say more of.
    pub suspected: Vec<usize>,
}

/// Every night, from the first on. A night's judgement depends on no later night.
#[must_use]
pub fn judge(nights: &Nights) -> Vec<NightJudged> {
    let mut going = Going::new(nights.series.len());
    (0..nights.machine.len())
        .map(|at| {
            let judged = going.look(nights, at);
            going.keep(&judged, nights, at);
            judged
        })
        .collect()
}

/// What is known of all figures.
#[derive(Debug, Clone)]
pub(super) struct Going {
    known: Vec<Known>,
}

impl Going {
    pub(super) fn new(figures: usize) -> Self {
        Going { known: vec![Known::default(); figures] }
    }

    /// What can be said of a night; the nights before it have been kept.
    #[must_use]
    pub(super) fn look(&self, nights: &Nights, at: usize) -> NightJudged {
        let tonight = Tonight::of(nights, at);
        let tested = self.tested(nights, &tonight);
        let judged_together = tested.iter().flatten().count();
        let [worse, better] = [true, false].map(|is_worse| found(nights, &tested, is_worse, 1.0));
        let suspected = found(nights, &tested, true, SUSPICION);
        let state = tonight.machine[at];
        let is_suspect = state.suspect.is_some();
        let figures: Vec<FigureNight> = nights
            .series
            .iter()
            .enumerate()
            .map(|(figure, series)| {
                let Some(tested) = &tested[figure] else { return unjudged(series, at, is_suspect) };
                let judging = Judging { series, known: &self.known[figure], tested, at, figures: judged_together };
                if is_suspect { judging.suspect() } else { judging.judged(worse[figure], better[figure]) }
            })
            .collect();
        let suspected = (0..figures.len()).filter(|figure| suspected[*figure] && !is_suspect);
        let is_open =
            |figure: &usize| matches!(figures[*figure].judged, Judged::Worse | Judged::AsUsual | Judged::TooNoisy);
        let suspected = suspected.filter(is_open).collect();
        NightJudged { suspect: state.suspect, machine_since: state.since, figures, suspected }
    }

    /// The tests of each figure; none where there are too few nights, or this one has no number.
    fn tested(&self, nights: &Nights, tonight: &Tonight<'_>) -> Vec<Option<Tested>> {
        let figures = || nights.series.iter().zip(&self.known);
        let together: Vec<Option<Together>> =
            figures().map(|(series, known)| tonight.together(series, known)).collect();
        let shares = shares_of_machine(&together);
        let usual = |(((series, known), together), share): (((&Series, &Known), &Option<Together>), f64)| {
            together.as_ref().and_then(|_| tonight.usual(series, known, share))
        };
        let usuals: Vec<Option<Usual>> = figures().zip(&together).zip(shares).map(usual).collect();
        let noises = noises(&usuals);
        figures()
            .zip(usuals.into_iter().zip(noises))
            .map(|((series, known), (usual, noise))| tonight.tested(series, known, usual?, noise?))
            .collect()
    }

    /// Takes a night's judgement into what is known.
    pub(super) fn keep(&mut self, judged: &NightJudged, nights: &Nights, at: usize) {
        for ((known, night), series) in self.known.iter_mut().zip(&judged.figures).zip(&nights.series) {
            known.keep(night, at, series);
        }
    }
}

/// Which figures changed to one side, by any of the windows. `looser` than the level of an alarm is for suspicion.
fn found(nights: &Nights, tested: &[Option<Tested>], is_worse: bool, looser: f64) -> Vec<bool> {
    let mut found = vec![false; tested.len()];
    for (place, (_, part)) in WINDOWS.iter().enumerate() {
        let of = |(tested, series): (&Option<Tested>, &Series)| {
            let shift = tested.as_ref()?.windows.get(place).copied().flatten()?;
            Some(if series.less_is_worse == is_worse { shift.of_fall } else { shift.of_rise })
        };
        let chances: Vec<Option<f64>> = tested.iter().zip(&nights.series).map(of).collect();
        for (figure, stands) in stand(&chances, FAMILY_LEVEL * part * looser).into_iter().enumerate() {
            let by = tested[figure]
                .as_ref()
                .and_then(|of| of.windows.get(place).copied().flatten())
                .map_or(0.0, |shift| shift.by);
            found[figure] |= stands && matters(&nights.series[figure], by, is_worse);
        }
    }
    found
}

/// Whether a shift is to that side, and large enough to matter.
fn matters(series: &Series, by: f64, is_worse: bool) -> bool {
    let harm = if series.less_is_worse { -by } else { by };
    let harm = if is_worse { harm } else { -harm };
    harm >= series.least.ln_1p()
}

fn unjudged(series: &Series, at: usize, is_suspect: bool) -> FigureNight {
    let value = series.nights.get(at).copied().flatten().map(|value| value.center.exp());
    let judged = match value {
        None => Judged::NotMeasured,
        Some(_) if is_suspect => Judged::Suspect,
        Some(_) => Judged::TooFewNights,
    };
    FigureNight { judged, value, usual: None, by: None, since: None, chance: None, machine: 0.0, could_see: None }
}

/// One figure in one night.
struct Judging<'a> {
    series: &'a Series,
    known: &'a Known,
    tested: &'a Tested,
    at: usize,
    figures: usize,
}

impl Judging<'_> {
    fn suspect(&self) -> FigureNight {
        self.night(Judged::Suspect, self.tested.value - self.tested.usual.center, None)
    }

    fn judged(&self, is_worse: bool, is_better: bool) -> FigureNight {
        let alone = self.tested.value - self.tested.usual.center;
        if let Some(change) = self.known.worse() {
            let is_back = alone / change.by < 0.5;
            let judged = if is_back { Judged::Back } else { Judged::StillWorse };
            let lasts = judged == Judged::StillWorse && self.at + 1 - change.since >= LASTING_NIGHTS;
            let since = if lasts { self.tested.dated(change.since) } else { change.since };
            return self.night(judged, alone, Some(since));
        }
        if is_worse || is_better {
            let (since, by) = self.since(is_worse);
            return self.night(if is_worse { Judged::Worse } else { Judged::Better }, by, Some(since));
        }
        let noisy = self.could_see().is_some_and(|could_see| could_see.is_too_noisy);
        self.night(if noisy { Judged::TooNoisy } else { Judged::AsUsual }, alone, None)
    }

    /// The first night of the change, by the window that is least like chance, and how far the nights since then are from the usual.
    fn since(&self, is_worse: bool) -> (usize, f64) {
        let is_rise = is_worse != self.series.less_is_worse;
        let rare = |shift: &Shift| if is_rise { shift.of_rise } else { shift.of_fall };
        let windows = self
            .tested
            .windows
            .iter()
            .zip(WINDOWS)
            .filter_map(|(shift, (nights, _))| shift.map(|shift| (shift, nights)));
        let found = windows.min_by(|(one, _), (other, _)| rare(one).total_cmp(&rare(other)));
        let since = found.map_or(self.at, |(_, nights)| self.tested.since(self.at, nights));
        (since, self.tested.by_since(since))
    }

    fn could_see(&self) -> Option<CouldSee> {
        let Tested { usual, noise, repetitions, .. } = self.tested;
        Some(could_see(usual, noise, self.series.least, *repetitions, self.figures))
    }

    fn night(&self, judged: Judged, by: f64, since: Option<usize>) -> FigureNight {
        let chances = self.tested.windows.iter().flatten().map(|shift| shift.of_rise.min(shift.of_fall));
        FigureNight {
            judged,
            value: Some(self.tested.value.exp()),
            usual: Some(self.tested.usual.center.exp()),
            by: Some(by.exp_m1()),
            since,
            chance: chances.reduce(f64::min),
            machine: self.tested.usual.machine,
            could_see: self.could_see(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LEAST_NIGHTS, MachineNight, NightValue};
    use super::*;

    /// A figure's nights: a level for each, and a wobble of a percent or two that repeats itself.
    fn series(levels: &[f64]) -> Series {
        let wobble = |at: usize| 0.01 * ((at * 7 % 11) as f64 - 5.0) / 3.0;
        let nights = levels.iter().enumerate().map(|(at, level)| {
            Some(NightValue { center: 100.0_f64.ln() + level + wobble(at), spread: 0.01, repetitions: 5 })
        });
        Series { less_is_worse: false, least: 0.05, nights: nights.collect(), accepted: Vec::new() }
    }

    fn nights(series: Vec<Series>) -> Nights {
        let machine = (0..series[0].nights.len())
            .map(|at| MachineNight { probe: Some(0.01 * ((at * 3 % 5) as f64 - 2.0)), ..MachineNight::default() })
            .collect();
        Nights { machine, series }
    }

    fn said(nights: &Nights) -> Vec<Judged> {
        judge(nights).iter().map(|night| night.figures[0].judged).collect()
    }

    fn step(count: usize, from: usize, by: f64) -> Vec<f64> {
        (0..count).map(|at| if at >= from { by } else { 0.0 }).collect()
    }

    /// What is said of thirty nights, of which the last ten are higher.
    fn nights_with(by: f64) -> Vec<NightJudged> {
        judge(&nights(vec![series(&step(30, 20, by))]))
    }

    #[test]
    fn the_first_nights_are_too_few_and_then_silence_is_as_usual() {
        let said = said(&nights(vec![series(&step(20, 20, 0.0))]));
        assert!(said[..LEAST_NIGHTS].iter().all(|judged| *judged == Judged::TooFewNights), "{said:?}");
        assert!(said[LEAST_NIGHTS..].iter().all(|judged| *judged == Judged::AsUsual), "{said:?}");
    }

    #[test]
    fn a_large_change_is_found_the_same_night_and_stays_worse_until_it_is_back() {
        let levels: Vec<f64> = (0..30).map(|at| if (20..25).contains(&at) { 0.25 } else { 0.0 }).collect();
        let nights = nights(vec![series(&levels)]);
        let judged = judge(&nights);
        let of = |at: usize| judged[at].figures[0];
        assert_eq!((of(20).judged, of(20).since), (Judged::Worse, Some(20)));
        assert!((of(20).by.unwrap() - 0.284).abs() < 0.06, "{:?}", of(20));
        // Found by the mean of three nights: what is said is how far the nights since the change are, not how far all three.
        let late = nights_with(0.09);
        let found = late.iter().map(|night| night.figures[0]).find(|figure| figure.judged == Judged::Worse).unwrap();
        assert!(found.by.unwrap() > 0.07, "{found:?}");
        assert!((21..25).all(|at| of(at).judged == Judged::StillWorse && of(at).since == Some(20)));
        assert_eq!([of(25).judged, of(26).judged, of(27).judged], [Judged::Back, Judged::Back, Judged::AsUsual]);
    }

    #[test]
    fn what_is_better_for_three_nights_is_the_new_usual_and_losing_it_again_is_worse() {
        let levels: Vec<f64> = (0..40).map(|at| if (20..32).contains(&at) { -0.25 } else { 0.0 }).collect();
        let said = said(&nights(vec![series(&levels)]));
        assert_eq!(said[20..23], [Judged::Better; 3], "{said:?}");
        assert!(said[25..32].iter().all(|judged| *judged == Judged::AsUsual), "{said:?}");
        assert_eq!(said[32], Judged::Worse, "{said:?}");
    }

    #[test]
    fn an_accepted_change_is_no_alarm_any_more() {
        let mut changed = series(&step(32, 20, 0.25));
        changed.accepted = vec![20];
        let said = said(&nights(vec![changed]));
        assert!(!said.contains(&Judged::Worse), "{said:?}");
        assert_eq!(said[31], Judged::AsUsual);
    }

    #[test]
    fn less_throughput_is_worse_and_more_is_better() {
        let of = |by: f64| {
            let mut series = series(&step(24, 20, by));
            series.less_is_worse = true;
            said(&nights(vec![series]))[20]
        };
        assert_eq!([of(-0.25), of(0.25)], [Judged::Worse, Judged::Better]);
    }

    #[test]
    fn a_night_in_which_the_machine_is_not_itself_raises_no_alarm() {
        let mut nights = nights(vec![series(&step(24, 23, 0.3))]);
        nights.machine[23].probe = Some(0.3);
        assert_eq!(said(&nights)[23], Judged::Suspect);
        nights.machine[23] = MachineNight { probe: Some(0.0), is_noisy: true, ..MachineNight::default() };
        assert_eq!(said(&nights)[23], Judged::Suspect);
    }

    #[test]
    fn a_change_that_does_not_matter_is_no_alarm_however_sure_it_is() {
        let said = said(&nights(vec![series(&step(40, 20, 0.035))]));
        assert!(!said.contains(&Judged::Worse), "{said:?}");
    }

    #[test]
    fn a_judgement_depends_on_no_later_night() {
        let all = nights(vec![series(&step(30, 20, 0.25)), series(&step(30, 30, 0.0))]);
        let whole = judge(&all);
        for end in [8, 20, 21, 25] {
            let mut cut = all.clone();
            cut.machine.truncate(end);
            cut.series.iter_mut().for_each(|series| series.nights.truncate(end));
            assert_eq!(judge(&cut)[..], whole[..end]);
        }
    }
}
