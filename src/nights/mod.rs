//! Is tonight worse than the nights before? Pure: from the figures of nights to what can be said of each.
//!
//! Each repetition gives one number for each figure; `robust` makes one of a night's. `machine` says which nights the machine itself disturbed and
//! takes its share out of the figures, `noise` how much a figure varies from night to night, `shift` how far tonight and the last few nights
//! are from the usual, `family` whether chance explains it among so many figures, and `judge` goes through the nights one by one: what was found
//! in one decides with what the next are compared. `seen` says which change the noise would have let it find, `change_points` where in a
//! long series its level changed.

mod change_points;
mod family;
mod judge;
mod known;
mod machine;
mod noise;
mod robust;
mod seen;
mod shift;
#[cfg(test)]
mod simulated;
mod tonight;

pub use judge::{FigureNight, Judged, NightJudged, judge};
pub use machine::{Reading, Suspect};
pub(crate) use robust::{hodges_lehmann, scaled_mad};
pub use seen::CouldSee;

/// How often a night without any change may raise an alarm, over all figures together: once in 200 nights.
pub const FAMILY_LEVEL: f64 = 0.005;
/// The smallest change that matters, as a share of the usual, for figures that have none of their own.
pub const LEAST_CHANGE: f64 = 0.05;
/// With how many of the latest usual nights tonight is compared.
pub const BASELINE_NIGHTS: usize = 30;
/// Fewer nights say too little about how much a figure varies.
pub const LEAST_NIGHTS: usize = 10;
/// Of how many nights the newest stretch is tested, and which share of the level each test gets. Three nights get the most: they find a change of
/// 10 %, and one of 20 % is found in its first night with less, too (by simulation).
pub(crate) const WINDOWS: [(usize, f64); 3] = [(1, 0.4), (3, 0.45), (7, 0.15)];
/// A change that lasted for so many nights is no spike.
pub const LASTING_NIGHTS: usize = 3;

/// The nights of a suite that can be compared with each other: on one target, with one load and one class of machine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nights {
    /// What the machine did in each night, the oldest first.
    pub machine: Vec<MachineNight>,
    /// The figures; each has a value, or none, for each night.
    pub series: Vec<Series>,
}

/// What the machine did in a night.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MachineNight {
    /// The natural logarithm of what an event of the probe takes in CPU time; absent when it was not measured.
    pub probe: Option<f64>,
    /// The natural logarithm of how long an event of the probe waits for its answer: longer where something else wants the processors, which the
    /// CPU time does not show.
    pub answers: Option<f64>,
    /// Whether the probe's readings within the night differ too much already.
    pub is_noisy: bool,
}

/// A figure at a place, night by night.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Whether less of it is worse.
    pub less_is_worse: bool,
    /// The smallest change that matters, as a share of the usual.
    pub least: f64,
    /// Its nights.
    pub nights: Vec<Option<NightValue>>,
    /// The nights from which on a person accepted another usual: the level is new, its noise is not.
    pub accepted: Vec<usize>,
}

/// One number for a night.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NightValue {
    /// The middle of the natural logarithms of its repetitions.
    pub center: f64,
    /// Their standard deviation; 0 of a single one.
    pub spread: f64,
    /// How many repetitions it has.
    pub repetitions: usize,
}

impl NightValue {
    /// From the numbers of a night's repetitions; none where one has no logarithm, or there is none at all.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        if logs.is_empty() || logs.iter().any(|log| !log.is_finite()) {
            return None;
        }
        Some(NightValue { center: hodges_lehmann(&logs)?, spread: robust::deviation(&logs), repetitions: logs.len() })
    }

    /// The standard error of the number that comes from the repetitions alone.
    #[must_use]
    pub(crate) fn error(&self) -> f64 {
        self.spread / (self.repetitions.max(1) as f64).sqrt()
    }
}
