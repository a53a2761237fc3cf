//! How long before their record's timestamp events claim to have happened.

use serde::Serialize;

use super::{log_sigma, quantile};

/// An event no later than this is on time: sending takes a while.
const ON_TIME_MS: i64 = 1000;
/// With fewer late events than this there is no law of lateness.
const LEAST_LATE: usize = 20;
/// Latenesses whose 1st and 99th percentile are within this share of each other are all the same.
const SAME: f64 = 0.02;
/// A law whose distribution function misses the sample's by more than this does not describe it.
const FAR: f64 = 0.1;
/// By chance alone, a sample of n deviates from its own law by more than this over
/// the root of n in one of twenty cases (Kolmogorov, Smirnov).
const BY_CHANCE: f64 = 1.36;

/// What a sample shows about lateness: the record's timestamp minus the event time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LatenessFigures {
    /// Events whose event time was found.
    pub timed: u64,
    /// Events without an event time at its place.
    pub untimed: u64,
    /// Median, 90th and 99th percentile and the latest, in milliseconds; negative if the event time is ahead.
    pub quantiles_ms: [i64; 4],
    /// The share of events that are more than a second late.
    pub late_share: f64,
    /// The share of events whose event time is more than a second ahead.
    pub ahead_share: f64,
    /// How late the late ones are. Nothing with too few of them.
    pub late: Option<LateLaw>,
}

/// A law of lateness: the one nearest to the sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct LateLaw {
    /// The law's median in milliseconds.
    pub median_ms: i64,
    /// The latest in milliseconds.
    pub cap_ms: i64,
    /// Which law.
    #[serde(flatten)]
    pub shape: LateShape,
    /// The largest distance between the law's distribution function and the sample's (Kolmogorov-Smirnov), 0 to 1.
    pub distance: f64,
    /// Whether the law describes the sample. If not, none that was tried does.
    pub fits: bool,
    /// The share of the law's events that are at most a second late, and so did not count as late.
    pub on_time_share: f64,
}

/// How lateness varies around its median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "distribution", rename_all = "kebab-case")]
pub(crate) enum LateShape {
    /// It does not vary.
    Fixed,
    /// Memoryless.
    Exponential,
    /// Evenly from zero to twice the median.
    Uniform,
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

impl LateLaw {
    /// From latenesses in ascending order, all above [`ON_TIME_MS`].
    fn of(late: &[i64]) -> Self {
        let (median_ms, cap_ms) = (quantile(late, 0.5), quantile(late, 1.0));
        let (low, high) = (quantile(late, 0.01), quantile(late, 0.99));
        if (high - low) as f64 <= SAME * median_ms as f64 {
            return LateLaw {
                median_ms,
                cap_ms,
                shape: LateShape::Fixed,
                distance: 0.0,
                fits: true,
                on_time_share: 0.0,
            };
        }
        let median = median_ms as f64;
        let exponential_ms = std::f64::consts::LN_2 * mean_beyond_on_time(late, cap_ms);
        let tried = [
            (LateShape::LogNormal { sigma: sigma_of(late) }, median),
            (LateShape::Pareto { tail: tail_of(late, median) }, median),
            (LateShape::Exponential, exponential_ms),
            (LateShape::Uniform, cap_ms as f64 / 2.0),
        ];
        let of = |(shape, median): (LateShape, f64)| {
            let distance = distance(late, cap_ms, |ms| shape.share_within(ms / median));
            let on_time_share = shape.share_within(ON_TIME_MS as f64 / median).clamp(0.0, 0.99);
            let fits = distance <= FAR.max(BY_CHANCE / (late.len() as f64).sqrt());
            LateLaw { median_ms: median.round() as i64, cap_ms, shape, distance, fits, on_time_share }
        };
        let [first, rest @ ..] = tried.map(of);
        rest.into_iter().fold(first, |nearest, law| if law.distance < nearest.distance { law } else { nearest })
    }
}

/// The mean of the lateness beyond the second that counts as on time: an exponential law's mean, wherever it is cut off below. Events at
/// the cap were cut off there, and would have been later.
fn mean_beyond_on_time(late: &[i64], cap_ms: i64) -> f64 {
    let uncut = late.iter().filter(|ms| **ms < cap_ms).count().max(1) as f64;
    late.iter().map(|ms| (ms - ON_TIME_MS) as f64).sum::<f64>() / uncut
}

fn sigma_of(late: &[i64]) -> f64 {
    let of = |low, high| log_sigma(quantile(late, low) as f64, quantile(late, high) as f64);
    // If the middle does not vary, the tails do: their percentiles are 2.326 standard deviations from the median.
    let middle = of(0.16, 0.84);
    if middle > 0.0 { middle } else { (of(0.01, 0.99) / 2.326).max(f64::EPSILON) }
}

/// The estimator of B. Hill (1975) over the later half.
fn tail_of(late: &[i64], median: f64) -> f64 {
    let logs: Vec<f64> = late.iter().map(|ms| (*ms as f64 / median).ln()).filter(|log| *log > 0.0).collect();
    let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
    (1.0 / mean).clamp(0.1, 100.0)
}

/// Between a sample in ascending order and a law of which only lateness above a second is seen. Beyond the cap the law is at the cap.
fn distance(late: &[i64], cap_ms: i64, share_within: impl Fn(f64) -> f64) -> f64 {
    let unseen = share_within(ON_TIME_MS as f64).min(1.0 - f64::EPSILON);
    let law = |ms: f64| ((share_within(ms) - unseen) / (1.0 - unseen)).clamp(0.0, 1.0);
    let count = late.len() as f64;
    let (mut worst, mut below) = (0.0_f64, 0);
    for same in late.chunk_by(|a, b| a == b) {
        let Some(ms) = same.first().copied() else { continue };
        let (before, after) = (below as f64 / count, (below + same.len()) as f64 / count);
        worst = worst.max((law(ms as f64 - 0.5) - before).abs());
        if ms < cap_ms {
            worst = worst.max((law(ms as f64 + 0.5) - after).abs());
        }
        below += same.len();
    }
    worst
}

impl LateShape {
    /// The share of the law's events that are at most `medians` medians late.
    fn share_within(&self, medians: f64) -> f64 {
        if medians <= 0.0 {
            return 0.0;
        }
        match self {
            LateShape::Fixed => f64::from(u8::from(medians >= 1.0)),
            LateShape::Exponential => -(-std::f64::consts::LN_2 * medians).exp_m1(),
            LateShape::Uniform => (medians / 2.0).min(1.0),
            LateShape::LogNormal { sigma } => libm::erfc(-medians.ln() / sigma / std::f64::consts::SQRT_2) / 2.0,
            LateShape::Pareto { tail } => (1.0 - 0.5 * medians.powf(-tail)).max(0.0),
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
        assert_eq!((law.cap_ms, law.shape, law.fits), (200_000, LateShape::Uniform, true));
        assert!((found.late_share - 20.0 / 110.0).abs() < 1e-9 && (found.ahead_share - 10.0 / 110.0).abs() < 1e-9);
        assert!(LatenessFigures::of(vec![5_000; 19], 0).late.is_none());
        let same = LatenessFigures::of(vec![5_000; 30], 0).late.unwrap();
        assert_eq!(
            (same.shape, same.median_ms, same.fits),
            (LateShape::Fixed, 5_000, true),
            "what does not vary has no sigma"
        );
        assert_eq!(LatenessFigures::of(vec![], 7).quantiles_ms, [0; 4]);
    }

    #[test]
    fn a_heavy_tail_is_told_from_a_log_normal_one() {
        // The quantiles of each law at even shares, with the cap of a profile.
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

    /// Latenesses at even shares of a law, in milliseconds.
    fn at_even_shares(law: impl Fn(f64) -> f64) -> LateLaw {
        let shares = (0..4000).map(|n| (f64::from(n) + 0.5) / 4000.0);
        LatenessFigures::of(shares.map(|share| law(share) as i64).collect(), 0).late.unwrap()
    }

    #[test]
    fn an_exponential_and_an_even_law_are_found_again() {
        for median_ms in [800.0, 5_000.0, 60_000.0] {
            let found = at_even_shares(|share| -(1.0 - share).ln() / std::f64::consts::LN_2 * median_ms);
            assert!(found.fits && found.shape == LateShape::Exponential, "{found:?}");
            assert!((found.median_ms as f64 / median_ms - 1.0).abs() < 0.03, "{found:?}");
            let on_time = 1.0 - (-std::f64::consts::LN_2 * 1000.0 / median_ms).exp();
            assert!((found.on_time_share - on_time).abs() < 0.02, "{found:?}");
        }
        let capped = at_even_shares(|share| (-(1.0 - share).ln() * 30_000.0).min(60_000.0));
        assert!(capped.fits && capped.shape == LateShape::Exponential && capped.cap_ms == 60_000, "{capped:?}");
        let even = at_even_shares(|share| share * 40_000.0);
        assert!(
            even.fits && even.shape == LateShape::Uniform && (19_900..=20_000).contains(&even.median_ms),
            "{even:?}"
        );
    }

    #[test]
    fn a_sample_that_follows_none_of_the_laws_is_said_to() {
        let two = at_even_shares(|share| if share < 0.5 { 2_000.0 } else { 90_000.0 + share });
        assert!(!two.fits && two.distance > 0.2, "{two:?}");
    }
}
