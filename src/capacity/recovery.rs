//! Recovery: after a burst over the capacity, how long until what waited is gone.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::incidents::{Second, waiting};
use crate::profile::Span;

/// A burst, and how long it lasts: `2x/10s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// How many times the capacity.
    pub times: f64,
    /// How long.
    pub lasts: Span,
}

impl Burst {
    /// The load before and after it, as a share of the capacity.
    pub(crate) const BASE: f64 = 0.5;

    /// For how long after it is looked: one and a half times as long as the formula says, and five seconds.
    #[must_use]
    pub(crate) fn watched(&self) -> Span {
        let gone_s = (self.times - 1.0) * self.lasts.as_secs_f64() / (1.0 - Burst::BASE);
        Span::from_secs((gone_s * 1.5).ceil() as u64 + 5)
    }
}

impl FromStr for Burst {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write it as 2x/10s: how many times the capacity, and how long";
        let (times, lasts) = text.split_once('/').ok_or(form)?;
        let times: f64 = times.trim().strip_suffix('x').and_then(|times| times.parse().ok()).ok_or(form)?;
        let lasts: Span = lasts.trim().parse().map_err(|error| format!("{error}"))?;
        if !(times > 1.0 && times <= 100.0) {
            return Err(format!("a burst of {times}x: nothing waits below 1x, and 100x is the most"));
        }
        if lasts < Span::from_secs(1) || lasts > Span::from_secs(600) {
            return Err(format!("a burst of {lasts}: from 1s to 10m"));
        }
        Ok(Burst { times, lasts })
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x/{}", self.times, self.lasts)
    }
}

/// How a target recovered from a burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Recovery {
    /// The burst's load, in events per second.
    pub(crate) burst_per_s: f64,
    /// How many times the capacity that is, by the middle of the bounds.
    pub(crate) times: f64,
    /// How long it lasted, in seconds.
    pub(crate) burst_s: f64,
    /// The load before and after it, in events per second.
    pub(crate) base_per_s: f64,
    /// The stream at which the most events waited, and its stage, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// The most events that waited.
    pub(crate) most_waiting: u64,
    /// From the burst's end to when what waited was gone, in seconds; absent when it was not gone when the trial ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gone_after_s: Option<f64>,
    /// For how long after the burst was looked, in seconds.
    pub(crate) watched_s: f64,
    /// What was delivered in a second while it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_per_s: Option<f64>,
    /// What arithmetic says, in seconds: with the upper and with the lower bound as the capacity.
    pub(crate) formula_s: [f64; 2],
    /// The trial's folder, below the capacity's own.
    pub(crate) folder: String,
}

/// How one stage recovered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Recovered {
    pub(crate) most_waiting: u64,
    pub(crate) gone_after_s: Option<f64>,
    pub(crate) held_per_s: Option<f64>,
}

/// How long what a burst leaves behind lasts, in seconds, if the capacity is `capacity`: D·λ/(μ − λ), with what piled up in the burst, (burst − μ)·d,
/// in place of D·λ, the events of an outage of D. All rates in the same unit.
#[must_use]
pub(crate) fn gone_after_s(burst: f64, lasts_s: f64, base: f64, capacity: f64) -> f64 {
    (burst - capacity).max(0.0) * lasts_s / (capacity - base)
}

/// How a stage recovered from a burst between two of its seconds. What waits is gone when no more of it is left than usually before the burst, for
/// two seconds on end.
#[must_use]
pub(crate) fn recovered(seconds: &[Second], from: usize, to: usize) -> Option<Recovered> {
    let waits = waiting(seconds);
    let before = waits.get(from.saturating_sub(4)..from)?.iter().copied().max()?;
    let most_waiting = waits.get(from..)?.iter().copied().max()?;
    let base = seconds.get(from - 1)?.offered;
    // Within a second the figures of an idle stage differ by what one poll or batch holds.
    let idle = before + (before / 2).max(base / 50);
    let last = seconds.iter().rposition(|second| second.offered > 0)?;
    let gone = (to..last).find(|at| waits[*at] <= idle && waits[at + 1] <= idle);
    let gone_after_s = gone.map(|at| (at - to) as f64 + crossing(waits[at - 1], waits[at], before));
    let until = gone.unwrap_or(last);
    // Only whole seconds in which something waited.
    let busy = seconds.get(from + 1..until).unwrap_or_default();
    let held = busy.iter().map(|second| second.delivered).sum::<u64>() as f64 / busy.len().max(1) as f64;
    Some(Recovered { most_waiting, gone_after_s, held_per_s: (!busy.is_empty()).then_some(held) })
}

/// Where in a second a level is reached, if what waits falls evenly.
fn crossing(begin: u64, end: u64, level: u64) -> f64 {
    let (begin, end, level) = (begin as f64, end as f64, level as f64);
    if begin > end && begin > level { ((begin - level) / (begin - end)).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::seconds;
    use super::*;

    fn burst(base: u64, burst: u64, lasts: usize, after: usize) -> Vec<u64> {
        [vec![base; 7], vec![burst; lasts], vec![base; after]].concat()
    }

    #[test]
    fn a_burst_is_written_as_a_multiple_and_a_time() {
        assert_eq!("2x/10s".parse(), Ok(Burst { times: 2.0, lasts: Span::from_secs(10) }));
        for text in ["2x", "1x/10s", "2/10s", "2x/0s", "2x/1d", "NaNx/1s", "2x/x"] {
            assert!(text.parse::<Burst>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_never_ends_has_no_end() {
        let never = recovered(&seconds(&burst(100, 300, 5, 20), 100), 7, 12).unwrap();
        assert_eq!((never.most_waiting, never.gone_after_s), (1000, None));
    }

    proptest! {
        #[test]
        fn a_queue_recovers_when_the_formula_says(
            capacity in 200..20_000_u64, base in 0.3..0.7_f64, times in 1.5..4.0_f64, lasts in 2..15_usize,
        ) {
            let rate = |share: f64| (capacity as f64 * share) as u64;
            let formula = gone_after_s(rate(times) as f64, lasts as f64, rate(base) as f64, capacity as f64);
            let offered = burst(rate(base), rate(times), lasts, formula as usize + 5);
            let found = recovered(&seconds(&offered, capacity), 7, 7 + lasts).unwrap();
            prop_assert!((found.gone_after_s.unwrap() - formula).abs() < 1.0, "{found:?}, {formula}");
            prop_assert!((found.held_per_s.unwrap() - capacity as f64).abs() < 1.0);
        }
    }
}
