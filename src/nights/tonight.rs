//! A night and the ones before it: which of them say what is usual, and the tests of the newest against those.

use super::change_points::{change_points, most_likely};
use super::known::Known;
use super::machine::{MachineState, Together, states};
use super::noise::{Noise, Usual};
use super::shift::{Law, Shift, shift};
use super::{BASELINE_NIGHTS, LASTING_NIGHTS, LEAST_NIGHTS, NightValue, Nights, Series, WINDOWS};
use crate::median::median;

/// Over how many nights changes are dated.
const LONG_NIGHTS: usize = 50;
/// The level of a change point: one that is known to be there is only dated by it.
const CHANGE_LEVEL: f64 = 1e-3;

/// A night, and what the machine did up to it.
pub(super) struct Tonight<'a> {
    nights: &'a Nights,
    /// Which night.
    pub(super) at: usize,
    /// What is known of the machine, for each night up to this one.
    pub(super) machine: Vec<MachineState>,
    /// How far the probe was from the middle of its own stretch, as a logarithm; 0 where it was not measured.
    away: Vec<f64>,
}

/// The tests of a figure in a night.
#[derive(Debug, Clone)]
pub(super) struct Tested {
    /// What it is compared with.
    pub(super) usual: Usual,
    /// How much it varies.
    pub(super) noise: Noise,
    /// The night's number, the machine taken out.
    pub(super) value: f64,
    /// The newest nights against the usual, for each window; none where they are not all there.
    pub(super) windows: Vec<Option<Shift>>,
    /// The night's repetitions.
    pub(super) repetitions: usize,
    /// The last [`LONG_NIGHTS`] calm nights and their numbers, this one included, the oldest first.
    long: Vec<(usize, f64)>,
}

impl Tested {
    /// The first night of a change that the newest `window` nights show: where the long series falls apart most, among them and the two before.
    pub(super) fn since(&self, at: usize, window: usize) -> usize {
        let first = (at + 1).saturating_sub(window + 2);
        let from = self.long.iter().position(|(night, _)| *night >= first).unwrap_or(0);
        let found = most_likely(&self.values(), from, self.long.len().saturating_sub(1));
        found.and_then(|place| self.long.get(place)).map_or((at + 1).saturating_sub(window), |(night, _)| *night)
    }

    /// The same of a change that lasts: at the change point beside the night that it was named by at first, if there is one.
    pub(super) fn dated(&self, since: usize) -> usize {
        let points = change_points(&self.values(), CHANGE_LEVEL, LASTING_NIGHTS);
        let nights = points.iter().filter_map(|point| self.long.get(point.at)).map(|(night, _)| *night);
        nights
            .filter(|night| night.abs_diff(since) <= LASTING_NIGHTS)
            .min_by_key(|night| night.abs_diff(since))
            .unwrap_or(since)
    }

    /// How far the nights since then are from the usual, on average.
    pub(super) fn by_since(&self, since: usize) -> f64 {
        let changed: Vec<f64> =
            self.long.iter().filter(|(night, _)| *night >= since).map(|(_, value)| *value).collect();
        changed.iter().sum::<f64>() / changed.len().max(1) as f64 - self.usual.center
    }

    fn values(&self) -> Vec<f64> {
        self.long.iter().map(|(_, value)| *value).collect()
    }
}

impl<'a> Tonight<'a> {
    pub(super) fn of(nights: &'a Nights, at: usize) -> Self {
        let machine = states(&nights.machine[..=at]);
        let middle_of = |since: usize| {
            let stretch = machine
                .iter()
                .zip(&nights.machine)
                .filter(|(state, _)| state.since == since && state.suspect.is_none());
            median(stretch.filter_map(|(_, night)| night.probe).collect())
        };
        let mut middle = (usize::MAX, None);
        let away = machine.iter().zip(&nights.machine).map(|(state, night)| {
            if middle.0 != state.since {
                middle = (state.since, middle_of(state.since));
            }
            night.probe.zip(middle.1).map_or(0.0, |(probe, middle)| probe - middle)
        });
        let away = away.collect();
        Tonight { nights, at, machine, away }
    }

    /// The tests of a figure whose usual and noise are known.
    pub(super) fn tested(&self, series: &Series, known: &Known, usual: Usual, noise: Noise) -> Option<Tested> {
        let night = series.nights.get(self.at).copied().flatten()?;
        let value = self.clean(series, usual.machine, self.at)?;
        let windows = WINDOWS.iter().map(|(window, _)| self.window(series, known, *window, &usual, &noise)).collect();
        let calm = (0..=self.at).rev().filter(|night| self.machine[*night].suspect.is_none() || *night == self.at);
        let long = calm.filter_map(|night| self.clean(series, usual.machine, night).map(|value| (night, value)));
        let mut long: Vec<(usize, f64)> = long.take(LONG_NIGHTS).collect();
        long.reverse();
        Some(Tested { usual, noise, value, windows, repetitions: night.repetitions, long })
    }

    /// What a figure and the machine were away from their usual, in the nights before the longest stretch that is tested: a change that goes on is
    /// no part of what it is compared with. None while there are too few nights, or where this one has no number.
    pub(super) fn together(&self, series: &Series, known: &Known) -> Option<Together> {
        let _tonight = series.nights.get(self.at).copied().flatten()?;
        let calm = self.before_the_newest(self.calm_nights(series, known));
        let today = self.before_the_newest(self.nights_of_today(series, known));
        if calm.len() < LEAST_NIGHTS || today.len() < LASTING_NIGHTS {
            return None;
        }
        let machine = calm.iter().map(|night| self.nights.machine[*night].probe.map(|_| self.away[*night])).collect();
        Some(Together { figure: self.residuals(series, known, &calm, 0.0), machine })
    }

    /// The usual of a figure, with a share of the machine taken out.
    pub(super) fn usual(&self, series: &Series, known: &Known, machine: f64) -> Option<Usual> {
        let calm = self.before_the_newest(self.calm_nights(series, known));
        let today = self.before_the_newest(self.nights_of_today(series, known));
        let on_level: Vec<f64> = today.iter().filter_map(|night| self.clean(series, machine, *night)).collect();
        let of_calm = |of: fn(&NightValue) -> f64| {
            median(calm.iter().filter_map(|night| series.nights[*night].as_ref()).map(of).collect())
        };
        Some(Usual {
            nights: on_level.len(),
            last: *today.last()?,
            center: median(on_level)?,
            residuals: self.residuals(series, known, &calm, machine),
            machine,
            repetition_error: of_calm(NightValue::error).unwrap_or(0.0),
            repetitions: of_calm(|value| value.repetitions as f64).unwrap_or(1.0),
        })
    }

    /// What each of the nights is away from the median of its own level.
    fn residuals(&self, series: &Series, known: &Known, nights: &[usize], machine: f64) -> Vec<f64> {
        let values: Vec<f64> = nights.iter().filter_map(|night| self.clean(series, machine, *night)).collect();
        let levels: Vec<usize> = nights.iter().map(|night| self.level(series, known, *night)).collect();
        residuals(&values, &levels)
    }

    /// The calm nights on the level that tonight is on.
    fn nights_of_today(&self, series: &Series, known: &Known) -> Vec<usize> {
        let level = self.level(series, known, self.at);
        self.calm_nights(series, known).into_iter().filter(|night| self.level(series, known, *night) == level).collect()
    }

    /// The last [`BASELINE_NIGHTS`] of them before the longest stretch that is tested; while these are too few, the first ones.
    fn before_the_newest(&self, mut nights: Vec<usize>) -> Vec<usize> {
        let longest = WINDOWS.iter().map(|(window, _)| *window).max().unwrap_or(1);
        let before = nights.iter().filter(|night| **night + longest <= self.at).count();
        nights.truncate(before.max(LEAST_NIGHTS));
        nights.split_off(nights.len().saturating_sub(BASELINE_NIGHTS))
    }

    /// The nights before this one that say what is usual, the oldest first.
    fn calm_nights(&self, series: &Series, known: &Known) -> Vec<usize> {
        let is_calm = |night: &usize| {
            series.nights[*night].is_some() && self.machine[*night].suspect.is_none() && !known.left_out.contains(night)
        };
        (0..self.at).filter(is_calm).collect()
    }

    /// The first night of the level that a night is on: nights on different levels have different usuals.
    fn level(&self, series: &Series, known: &Known, night: usize) -> usize {
        let begun = series.accepted.iter().chain(&known.levels).copied().filter(|first| *first <= night);
        begun.chain([self.machine[night].since]).max().unwrap_or(0)
    }

    /// A night's number with what follows from the machine taken out.
    fn clean(&self, series: &Series, machine: f64, night: usize) -> Option<f64> {
        series.nights[night].map(|value| value.center - machine * self.away[night])
    }

    /// Whether a night can be one of the newest that are tested: on tonight's level, calm, and no part of a change that is over.
    fn is_usable(&self, series: &Series, known: &Known, night: usize) -> bool {
        let is_of_change = known.change.is_some_and(|change| night >= change.since);
        (self.machine[night].suspect.is_none() || night == self.at)
            && (is_of_change || !known.left_out.contains(&night))
            && self.level(series, known, night) == self.level(series, known, self.at)
    }

    /// The newest `window` nights against the usual.
    fn window(&self, series: &Series, known: &Known, window: usize, usual: &Usual, noise: &Noise) -> Option<Shift> {
        let first = (self.at + 1).checked_sub(window).filter(|first| *first > usual.last)?;
        let newest: Option<Vec<f64>> = (first..=self.at)
            .map(|night| self.clean(series, usual.machine, night).filter(|_| self.is_usable(series, known, night)))
            .collect();
        let newest = newest?;
        let repetitions =
            series.nights[first..=self.at].iter().flatten().map(|value| value.repetitions as f64).collect();
        let more = median(repetitions).map_or(1.0, |now| usual.repetitions / now.max(1.0));
        let machine = (first..=self.at).map(|night| self.away[night]).sum::<f64>() / window as f64;
        let machine = if series.less_is_worse { -machine } else { machine };
        Some(shift(&newest, usual, &Law::of(usual, noise, window, more), machine))
    }
}

/// What each value is away from the median of its own level.
fn residuals(values: &[f64], levels: &[usize]) -> Vec<f64> {
    let mut middle = (usize::MAX, 0.0);
    let of = |(value, level): (&f64, &usize)| {
        if middle.0 != *level {
            let same = values.iter().zip(levels).filter(|(_, of)| *of == level).map(|(value, _)| *value).collect();
            middle = (*level, median(same).unwrap_or(0.0));
        }
        value - middle.1
    };
    values.iter().zip(levels).map(of).collect()
}
