//! How long before their record's timestamp events claim to have happened.

use serde::Serialize;

use super::{log_sigma, quantile};

/// What is not later than this is on time: it took so long to be sent.
const ON_TIME_MS: i64 = 1000;
/// With fewer late events than this nothing is said about how late they are.
const LEAST_LATE: usize = 20;

/// What a sample says about lateness: the record's timestamp minus the event time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatenessFigures {
    /// Events whose event time was found.
    pub timed: u64,
    /// Events without an event time at its place.
    pub untimed: u64,
    /// Median, 90th and 99th percentile and the latest, in milliseconds; negative where the event time lies ahead.
    pub quantiles_ms: [i64; 4],
    /// The share of events that are more than a second late.
    pub late_share: f64,
    /// The share of events whose event time lies more than a second ahead.
    pub ahead_share: f64,
    /// How late the late ones are, as a log-normal law: median in milliseconds and sigma. Nothing with too few of them.
    pub late: Option<LateLaw>,
}

/// A log-normal law of lateness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LateLaw {
    /// The median in milliseconds.
    pub median_ms: i64,
    /// The standard deviation of its natural logarithm.
    pub sigma: f64,
    /// The latest in milliseconds.
    pub cap_ms: i64,
}

impl LatenessFigures {
    /// From latenesses in milliseconds, in any order.
    #[must_use]
    pub(super) fn of(mut lateness_ms: Vec<i64>, untimed: u64) -> Self {
        lateness_ms.sort_unstable();
        let late = &lateness_ms[lateness_ms.partition_point(|ms| *ms <= ON_TIME_MS)..];
        let ahead = lateness_ms.partition_point(|ms| *ms < -ON_TIME_MS);
        let count = lateness_ms.len().max(1) as f64;
        let law = (late.len() >= LEAST_LATE).then(|| LateLaw {
            median_ms: quantile(late, 0.5),
            sigma: log_sigma(quantile(late, 0.16) as f64, quantile(late, 0.84) as f64).max(0.01),
            cap_ms: quantile(late, 1.0),
        });
        LatenessFigures {
            timed: lateness_ms.len() as u64,
            untimed,
            quantiles_ms: [0.5, 0.9, 0.99, 1.0].map(|share| quantile(&lateness_ms, share)),
            late_share: late.len() as f64 / count,
            ahead_share: ahead as f64 / count,
            late: law,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_events_are_told_from_those_on_time_and_those_ahead() {
        let mut all = vec![5; 80];
        all.extend((1..=20).map(|n| n * 10_000));
        all.extend([-40_000; 10]);
        let found = LatenessFigures::of(all, 3);
        assert_eq!((found.timed, found.untimed, found.quantiles_ms), (110, 3, [5, 90_000, 190_000, 200_000]));
        let law = found.late.unwrap();
        assert_eq!((law.median_ms, law.cap_ms), (100_000, 200_000));
        assert!((found.late_share - 20.0 / 110.0).abs() < 1e-9 && (found.ahead_share - 10.0 / 110.0).abs() < 1e-9);
        assert!(LatenessFigures::of(vec![5_000; 19], 0).late.is_none());
        assert_eq!(LatenessFigures::of(vec![], 7).quantiles_ms, [0; 4]);
    }
}
