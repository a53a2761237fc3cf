//! The law of payload sizes.

use serde::Serialize;

use super::{log_sigma, quantile};

/// Sizes whose 1st and 99th percentile are within this share of each other are all the same.
const SAME: f64 = 0.02;
/// A law that misses the sample by more than this does not describe it.
const FAR: f64 = 0.1;

/// The law that sizes seem to follow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "sizes")]
pub(crate) enum SizeLaw {
    /// All the same.
    Fixed {
        /// The size in bytes.
        bytes: u64,
    },
    /// Log-normal, with limits.
    LogNormal {
        /// The median in bytes.
        median_bytes: u64,
        /// The standard deviation of the size's natural logarithm.
        sigma: f64,
        /// The smallest in bytes.
        min_bytes: u64,
        /// The largest in bytes.
        max_bytes: u64,
    },
}

/// What a sample shows about sizes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SizeFigures {
    /// The mean in bytes.
    pub mean_bytes: f64,
    /// The 1st, 10th, 50th, 90th, 99th percentile and the largest, in bytes.
    pub quantiles_bytes: [u64; 6],
    /// The law.
    pub law: SizeLaw,
    /// The largest distance between the law's distribution function and the sample's (Kolmogorov-Smirnov), 0 to 1.
    pub distance: f64,
}

impl SizeFigures {
    /// Whether the law describes the sample.
    #[must_use]
    pub(crate) fn fits(&self) -> bool {
        self.distance <= FAR
    }

    /// From the sizes of payloads, in any order; nothing if there are none.
    #[must_use]
    pub(super) fn of(mut sizes: Vec<u32>) -> Option<Self> {
        sizes.sort_unstable();
        let (first, last) = (*sizes.first()?, *sizes.last()?);
        let at = |share: f64| u64::from(quantile(&sizes, share));
        let quantiles_bytes = [at(0.01), at(0.1), at(0.5), at(0.9), at(0.99), u64::from(last)];
        let mean_bytes = sizes.iter().map(|size| f64::from(*size)).sum::<f64>() / sizes.len() as f64;
        let [low, _, median, _, high, _] = quantiles_bytes;
        // If the middle two thirds are the same, there is no sigma: a few others do not make a law.
        let is_same = |low: u64, high: u64| (high - low) as f64 <= SAME * median as f64;
        if is_same(low, high) || is_same(at(0.16), at(0.84)) {
            let distance = sizes.iter().filter(|size| u64::from(**size).abs_diff(median) as f64 > SAME * median as f64);
            let distance = distance.count() as f64 / sizes.len() as f64;
            return Some(SizeFigures { mean_bytes, quantiles_bytes, law: SizeLaw::Fixed { bytes: median }, distance });
        }
        let sigma = log_sigma(at(0.16) as f64, at(0.84) as f64);
        let law = SizeLaw::LogNormal {
            median_bytes: median,
            sigma: sigma.max(0.001),
            min_bytes: u64::from(first),
            max_bytes: u64::from(last),
        };
        let distance = distance(&sizes, median as f64, sigma);
        Some(SizeFigures { mean_bytes, quantiles_bytes, law, distance })
    }
}

/// Between the sample and a log-normal law of this median and sigma. Sizes that occur several times count as one step.
fn distance(sorted: &[u32], median: f64, sigma: f64) -> f64 {
    let law = |size: f64| {
        let deviation = (size.max(0.5) / median.max(0.5)).ln() / sigma.max(0.001);
        libm::erfc(-deviation / std::f64::consts::SQRT_2) / 2.0
    };
    let count = sorted.len() as f64;
    let (mut worst, mut below) = (0.0_f64, 0);
    for same in sorted.chunk_by(|a, b| a == b) {
        let Some(size) = same.first().map(|size| f64::from(*size)) else { continue };
        let (before, after) = (below as f64 / count, (below + same.len()) as f64 / count);
        worst = worst.max((law(size - 0.5) - before).abs()).max((law(size + 0.5) - after).abs());
        below += same.len();
    }
    // Sizes beyond the limits are cut to them.
    worst.min(1.0)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_distr::{Distribution, LogNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn random() -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(3)
    }

    #[test]
    fn a_log_normal_law_is_found_again() {
        for (median, sigma) in [(512.0_f64, 0.5), (2000.0, 1.0), (300.0, 0.1)] {
            let law = LogNormal::new(median.ln(), sigma).unwrap();
            let sizes = law.sample_iter(random()).take(10_000).map(|size| size as u32).collect();
            let found = SizeFigures::of(sizes).unwrap();
            let SizeLaw::LogNormal { median_bytes, sigma: estimated, .. } = found.law else { panic!("{found:?}") };
            assert!((median_bytes as f64 / median - 1.0).abs() < 0.05, "{found:?}");
            assert!((estimated / sigma - 1.0).abs() < 0.05 && found.fits(), "{found:?}");
        }
    }

    #[test]
    fn equal_sizes_are_fixed_also_with_a_few_others_and_two_sizes_fit_no_law() {
        let found = SizeFigures::of(vec![512; 100]).unwrap();
        assert_eq!((found.law, found.fits(), found.quantiles_bytes), (SizeLaw::Fixed { bytes: 512 }, true, [512; 6]));
        let mut sizes = vec![512; 1000];
        sizes.extend([1, 9000]);
        assert_eq!(SizeFigures::of(sizes).unwrap().law, SizeLaw::Fixed { bytes: 512 });
        let mut random = random();
        let two = (0..1000).map(|_| if random.random::<bool>() { 100 } else { 5000 }).collect();
        assert!(!SizeFigures::of(two).unwrap().fits());
        assert_eq!(SizeFigures::of(vec![]), None);
        let mut mostly = vec![512; 850];
        mostly.extend(1000..1150);
        let mostly = SizeFigures::of(mostly).unwrap();
        assert!(mostly.law == SizeLaw::Fixed { bytes: 512 } && !mostly.fits(), "{mostly:?}");
        assert_eq!(SizeFigures::of(vec![0, 0, 0]).unwrap().law, SizeLaw::Fixed { bytes: 0 });
    }
}
