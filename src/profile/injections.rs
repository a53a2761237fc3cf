//! The tables of a profile that make single events wrong on purpose: clocks, lateness, retries.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bounds::MAX_ATTEMPTS,
    units::{SignedSpan, Span},
};

/// Logical producers whose clocks are wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// Constant offsets, one for each producer in turn (repeated when there are more producers), as in `["-40s", "0s", "7s"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub offsets: Vec<SignedSpan>,
    /// Instead of `offsets`: each producer's offset is drawn evenly from minus to plus this length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Span>,
    /// Each producer's clock runs fast or slow by up to this many parts per million.
    #[serde(default)]
    pub drift_ppm: f64,
    /// At one moment some of the clocks jump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<ClockStep>,
    /// Single events with an absurd event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absurd: Option<Absurd>,
}

/// A jump of some producers' clocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockStep {
    /// When, from the start of the run.
    pub at: Span,
    /// By how much; negative is back in time.
    pub by: SignedSpan,
    /// The share of the producers, 0 to 1, whose clock jumps. Default 1.
    #[serde(default = "defaults::whole")]
    pub share: f64,
}

/// Single events whose event time is off by an absurd amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Absurd {
    /// The share of events, 0 to 1.
    pub share: f64,
    /// Added to their event time.
    pub offset: SignedSpan,
}

/// Events that happened earlier than they are sent (a phone in a tunnel): the event time is before due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// The share of events, 0 to 1, that are late.
    pub share: f64,
    /// The distribution of their lateness. Default exponential.
    #[serde(default)]
    pub distribution: LatenessDistribution,
    /// exponential, log-normal, pareto: the median lateness. uniform: half of the largest.
    pub median: Span,
    /// log-normal: standard deviation of the natural logarithm. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// pareto: the tail exponent; 1 to 2 is heavy. Default 1.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<f64>,
    /// No event is later than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Span>,
}

/// How lateness is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LatenessDistribution {
    /// Memoryless.
    #[default]
    Exponential,
    /// Evenly from nothing to twice the median.
    Uniform,
    /// Skewed, with a moderate tail.
    LogNormal,
    /// A heavy tail.
    Pareto,
}

/// Retries with capped exponential backoff: the same id is sent again, later.
/// Retry n waits a time drawn by `jitter` from min(cap, base * 2^(n-1)) after the previous try.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// The share of events, 0 to 1, that are retried at least once.
    pub share: f64,
    /// The share of retries, 0 to 1, that are followed by another one. Default 0.
    #[serde(default)]
    pub again: f64,
    /// The most retries of one event, 1 to 10. Default 5.
    #[serde(default = "defaults::attempts")]
    #[schemars(range(min = 1, max = MAX_ATTEMPTS))]
    pub attempts: u8,
    /// The first backoff. Default 100ms.
    #[serde(default = "defaults::backoff_base")]
    pub base: Span,
    /// The longest backoff. Default 10s.
    #[serde(default = "defaults::backoff_cap")]
    pub cap: Span,
    /// How a wait is drawn from its backoff. Default full.
    #[serde(default)]
    pub jitter: Jitter,
    /// The share of retried events, 0 to 1, whose first try never reaches the broker: they arrive out of order, and one time fewer. Default 0.
    #[serde(default)]
    pub lost_first: f64,
}

/// How a wait is drawn from its backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Jitter {
    /// Evenly from nothing to the backoff.
    #[default]
    Full,
    /// Half of the backoff, and evenly up to all of it.
    Equal,
    /// The backoff itself.
    None,
}

mod defaults {
    //! Defaults of keys.
    use super::Span;

    pub(super) fn whole() -> f64 {
        1.0
    }
    pub(super) fn attempts() -> u8 {
        5
    }
    pub(super) fn backoff_base() -> Span {
        Span::from_millis(100)
    }
    pub(super) fn backoff_cap() -> Span {
        Span::from_secs(10)
    }
}
