//! What a search is asked for, and what it does next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trial::Length;

/// What a search is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rules {
    /// The factor that is tried first.
    pub(crate) start: f64,
    /// How far apart the bounds may be, relative to the lower one.
    pub(crate) width: f64,
    /// No factor below this is tried.
    pub(crate) least: f64,
    /// No factor above this is tried.
    pub(crate) most: f64,
    /// How many trials may be made, those that are not counted included.
    pub(crate) most_trials: usize,
    /// Whether both bounds are tried once more, some time after the interval was found.
    #[serde(default)]
    pub(crate) recheck: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// A trial.
    Try {
        /// The multiple of the profile's rates.
        factor: f64,
        /// How long it is.
        length: Length,
        /// Whether the interval is found, and this is to see that it still holds.
        later: bool,
    },
    /// Nothing: the search is over.
    End(Conclusion),
}

/// What came of trying the bounds again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Again {
    /// The lower and the upper bound as they were found.
    pub(crate) bounds: [f64; 2],
    /// Whether each still held.
    pub(crate) hold: [bool; 2],
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Conclusion {
    /// The capacity is between these factors.
    Between {
        /// Nowhere above what a long trial confirmed.
        lower: f64,
        /// Nowhere below what most trials failed at.
        upper: f64,
        /// The loads of these trials.
        tried: [f64; 2],
        /// By how much what the target holds differs from trial to trial, beyond chance: a standard deviation, relative to the mean.
        moves: f64,
        /// What came of it where the bounds were tried again later.
        again: Option<Again>,
    },
    /// The highest factor that may be tried passes.
    AtLeast(f64),
    /// This factor passes, and this machine cannot send much more.
    SenderLimit(f64),
    /// The lowest factor that may be tried fails.
    Below(f64),
    /// This factor fails, and lower ones do not fare better: it is not the load that breaks a limit.
    NotTheLoad(f64),
    /// The bounds did not come close enough.
    Open {
        /// The highest factor that most trials passed, below all that failed.
        lower: Option<f64>,
        /// The lowest factor that most trials failed, above it.
        upper: Option<f64>,
        /// Why not.
        why: Why,
    },
}

/// Why a search ended without an interval of the wanted width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// As many trials were made as may be.
    TooManyTrials,
    /// Trials at one load said nothing, again and again.
    Invalid,
}
