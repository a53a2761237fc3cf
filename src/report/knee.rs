//! How latency, and what waits, rise with the load in a search: what its charts show, on a screen and on a page.

use super::terminal::capacity::words::{kind, outcome, times};
use crate::capacity::{Length, Outcome, SearchRecord, Trial, Worst};
use crate::figures::{count, latency, rate, short_rate};

/// So far may trials' rates be from a fixed multiple of their factors, to be shown as rates: arrivals vary, a burst in a long trial does more.
const PROPORTIONAL: f64 = 0.05;

/// The trials of a search that count or could have counted, on one axis of loads.
#[derive(Debug)]
pub(crate) struct Knee {
    pub(crate) loads: Loads,
    pub(crate) points: Vec<Point>,
    /// The bounds that were found, as factors.
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
    /// The factor that is needed.
    pub(crate) need: Option<f64>,
    /// The limit on the p99, where there is one and the same for all trials.
    pub(crate) p99_limit_ms: Option<f64>,
}

/// A trial in a chart.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) factor: f64,
    pub(crate) outcome: Outcome,
    pub(crate) is_long: bool,
    pub(crate) worst: Worst,
    /// All of it in a line.
    pub(crate) title: String,
    /// Its run's folder, below the search's own.
    pub(crate) folder: String,
}

/// The axis of loads: rates where all trials offered them in proportion to their factors, else the factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Loads {
    /// What the profile offers at 1x.
    per_s: Option<f64>,
}

impl Knee {
    /// The knee of a search.
    pub(crate) fn of(record: &SearchRecord) -> Self {
        let found = record.found.as_ref();
        let trials = (1..).zip(&record.trials).filter(|(_, trial)| trial.length != Length::WarmUp);
        let points: Vec<Point> = trials.filter_map(|(number, trial)| Point::of(number, trial)).collect();
        let limits = || points.iter().filter_map(|point| point.worst.p99_limit_ms);
        let limit = limits().next().filter(|first| limits().all(|other| other.total_cmp(first).is_eq()));
        Knee {
            loads: Loads::of(&record.trials),
            lower: found.and_then(|found| found.lower).map(|bound| bound.factor),
            upper: found.and_then(|found| found.upper).map(|bound| bound.factor),
            need: record.headroom.as_ref().map(|headroom| headroom.need),
            p99_limit_ms: limit.filter(|_| limits().count() == points.len()),
            points,
        }
    }
}

impl Point {
    fn of(number: usize, trial: &Trial) -> Option<Self> {
        let worst = trial.worst.clone()?;
        let waiting = worst.most_waiting.map(|most| format!(", at most {} waiting", count(most))).unwrap_or_default();
        let title = format!(
            "trial {number}, {}, {} ({}): {}; p50 {}, p99 {}{waiting}",
            kind(trial),
            times(trial.factor),
            rate(trial.offered_per_s),
            outcome(trial),
            latency(worst.p50_ms),
            latency(worst.p99_ms)
        );
        Some(Point {
            factor: trial.factor,
            outcome: trial.outcome,
            is_long: trial.length == Length::Long,
            worst,
            title,
            folder: trial.folder.clone(),
        })
    }
}

impl Loads {
    fn of(trials: &[Trial]) -> Self {
        let mut ratios: Vec<f64> = trials.iter().map(|trial| trial.offered_per_s / trial.factor).collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().filter(|median| median.is_finite() && *median > 0.0);
        let is_near = |median: &f64| ratios.iter().all(|ratio| (ratio / median - 1.0).abs() <= PROPORTIONAL);
        Loads { per_s: median.filter(is_near) }
    }

    /// Where a factor is on the axis.
    pub(crate) fn at(self, factor: f64) -> f64 {
        factor * self.per_s.unwrap_or(1.0)
    }

    /// What a mark of the axis says.
    pub(crate) fn label(self, at: f64) -> String {
        if self.per_s.is_some() { short_rate(at) } else { times(at) }
    }

    /// What the axis is.
    pub(crate) fn title(self) -> String {
        match self.per_s {
            Some(per_s) => format!("offered (1x is {})", rate(per_s)),
            None => "load, as a multiple of the profile's rates".to_owned(),
        }
    }
}

/// The middle of the figures at each load, the lowest load first; trials that said nothing are left out.
pub(crate) fn medians(points: &[Point], figure: impl Fn(&Worst) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut figures: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| point.outcome != Outcome::Invalid)
        .filter_map(|point| figure(&point.worst).map(|figure| (point.factor, figure)))
        .collect();
    figures.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let at_one_load = figures.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq());
    at_one_load.filter_map(|same| same.get(same.len() / 2)).copied().collect()
}
