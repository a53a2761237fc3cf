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
    /// How late the late ones are. Nothing with too few of them.
    pub late: Option<LateLaw>,
}

/// A law of lateness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LateLaw {
    /// The median in milliseconds.
    pub median_ms: i64,
    /// The latest in milliseconds.
    pub cap_ms: i64,
    /// Which law, the one that is nearer to the sample above its median.
    #[serde(flatten)]
    pub shape: LateShape,
}

/// How lateness varies around its median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "distribution", rename_all = "kebab-case")]
pub enum LateShape {
    /// Its logarithm is normal.
    LogNormal {
        /// The standard deviation of its natural logarithm.
        sigma: f64,
    },
    /// The share that is later than `x` falls as a power of `x`: a few are very late.
    Pareto {
        /// The exponent of that power.
        tail: f64,
    },
}

/// Where the laws are compared with the sample: shares of it, and the standard normal law's quantiles there.
const COMPARED_AT: [(f64, f64); 4] = [(0.75, 0.6745), (0.9, 1.2816), (0.95, 1.6449), (0.99, 2.3263)];

impl LateLaw {
    /// From latenesses in ascending order, all positive.
    fn of(late: &[i64]) -> Self {
        let (median_ms, cap_ms) = (quantile(late, 0.5), quantile(late, 1.0));
        let median = median_ms as f64;
        let sigma = log_sigma(quantile(late, 0.16) as f64, quantile(late, 0.84) as f64).max(0.01);
        // The estimator of B. Hill (1975) over the later half.
        let logs: Vec<f64> = late.iter().map(|ms| (*ms as f64 / median).ln()).filter(|log| *log > 0.0).collect();
        let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
        let shapes = [LateShape::LogNormal { sigma }, LateShape::Pareto { tail: (1.0 / mean).clamp(0.1, 100.0) }];
        let off = |shape: &LateShape| -> f64 {
            let log_off = |(share, normal): (f64, f64)| {
                let law = median * shape.times_median(share, normal);
                (law.min(cap_ms as f64) / quantile(late, share) as f64).ln().abs()
            };
            COMPARED_AT.into_iter().map(log_off).sum()
        };
        let [log_normal, pareto] = shapes;
        let shape = if mean > 0.0 && off(&pareto) < off(&log_normal) { pareto } else { log_normal };
        LateLaw { median_ms, cap_ms, shape }
    }
}

impl LateShape {
    /// The quantile at `share`, in medians; `normal` is the standard normal law's there.
    fn times_median(&self, share: f64, normal: f64) -> f64 {
        match self {
            LateShape::LogNormal { sigma } => (sigma * normal).exp(),
            LateShape::Pareto { tail } => (2.0 * (1.0 - share)).powf(-1.0 / tail),
        }
    }
}

impl LatenessFigures {
    /// From latenesses in milliseconds, in any order.
    #[must_use]
    pub(super) fn of(mut lateness_ms: Vec<i64>, untimed: u64) -> Self {
        lateness_ms.sort_unstable();
        let late = &lateness_ms[lateness_ms.partition_point(|ms| *ms <= ON_TIME_MS)..];
        let ahead = lateness_ms.partition_point(|ms| *ms < -ON_TIME_MS);
        let count = lateness_ms.len().max(1) as f64;
        let law = (late.len() >= LEAST_LATE).then(|| LateLaw::of(late));
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
    use rand::{SeedableRng, rngs::SmallRng};
    use rand_distr::{Distribution, LogNormal};

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
        let same = LatenessFigures::of(vec![5_000; 30], 0).late.unwrap();
        assert_eq!(same.shape, LateShape::LogNormal { sigma: 0.01 });
        assert_eq!(LatenessFigures::of(vec![], 7).quantiles_ms, [0; 4]);
    }

    #[test]
    fn a_heavy_tail_is_told_from_a_log_normal_one() {
        // The quantiles of each law at even shares, the cap as a profile has one.
        let sample = |law: &dyn Fn(f64) -> f64| {
            let shares = (0..4000).map(|n| (f64::from(n) + 0.5) / 4000.0);
            LatenessFigures::of(shares.map(|share| law(share).min(60_000.0) as i64).collect(), 0).late.unwrap()
        };
        for tail in [1.2, 1.5, 3.0] {
            let found = sample(&|share| 3_000.0 * (2.0 * (1.0 - share)).powf(-1.0 / tail));
            let LateShape::Pareto { tail: estimated } = found.shape else { panic!("{tail}: {found:?}") };
            assert!(
                (estimated / tail - 1.0).abs() < 0.15 && (2_950..3_050).contains(&found.median_ms),
                "{tail}: {found:?}"
            );
        }
        for sigma in [0.3, 1.0] {
            let mut random = SmallRng::seed_from_u64(3);
            let law = LogNormal::new(5_000_f64.ln(), sigma).unwrap();
            let late = (0..4000).map(|_| law.sample(&mut random) as i64).collect();
            let found = LatenessFigures::of(late, 0).late.unwrap();
            assert!(matches!(found.shape, LateShape::LogNormal { .. }), "{sigma}: {found:?}");
        }
    }
}
