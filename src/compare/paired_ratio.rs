//! How often larger a figure is in one of two runs that belong together, over several such pairs.
//!
//! What a pair has in common (its moment, its other settings) drops out of its ratio. The estimators are pragmastat's: the median of the means
//! of all pairs of logarithms (Hodges and Lehmann, 1963), with bounds from the distribution of Wilcoxon's signed-rank statistic (1945). They
//! assume that the logarithms lie about evenly around their centre, and no distribution.

use pragmastat::estimators::raw;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimate::{INTERVAL_MISRATE, MOST_MISRATE};

/// Up to this many pairs the distribution is counted: the numbers of ways are whole numbers that an `f64` holds.
const MOST_COUNTED: usize = 50;

/// How often larger a figure is in the second of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairedRatio {
    /// How many pairs there are.
    pub pairs: usize,
    /// The second divided by the first.
    pub ratio: f64,
    /// Where the true ratio is; absent with too few pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<RatioInterval>,
}

/// Where a true ratio is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatioInterval {
    /// How often such an interval misses the truth: at most 0.01, or the least that so few pairs allow.
    pub misrate: f64,
    /// The smallest ratio.
    pub from: f64,
    /// The largest ratio.
    pub to: f64,
}

impl PairedRatio {
    /// Of these pairs; `None` when there are none, or one has a number that is not above 0.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.iter().any(|(first, second)| !(*first > 0.0 && *second > 0.0)) {
            return None;
        }
        let logarithms: Vec<f64> = pairs.iter().map(|(first, second)| (second / first).ln()).collect();
        let ratio = raw::center(&logarithms, false).ok()?.exp();
        Some(PairedRatio { pairs: pairs.len(), ratio, interval: RatioInterval::of(&logarithms) })
    }

    /// Whether the interval says that there is a difference.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.interval.is_some_and(|interval| interval.from > 1.0 || interval.to < 1.0)
    }
}

impl RatioInterval {
    fn of(logarithms: &[f64]) -> Option<Self> {
        let (asked, misrate) = misrate_of(logarithms.len())?;
        let bounds = raw::center_bounds(logarithms, asked, false).ok()?;
        Some(RatioInterval { misrate, from: bounds.lower.exp(), to: bounds.upper.exp() })
    }
}

/// The misrate to ask for, and the true one, with this many pairs; `None` when they are too few. As between two sets, pragmastat is asked for one
/// that exists.
fn misrate_of(pairs: usize) -> Option<(f64, f64)> {
    if pairs > MOST_COUNTED {
        return Some((INTERVAL_MISRATE, INTERVAL_MISRATE));
    }
    let ways = ways_by_statistic(pairs);
    let all: f64 = ways.iter().sum();
    let least = 2.0 / all;
    let mut beyond = 0.0;
    let mut misrate = least;
    for more in ways {
        beyond += more;
        if 2.0 * beyond / all > INTERVAL_MISRATE {
            break;
        }
        misrate = 2.0 * beyond / all;
    }
    // A little less, so that rounding does not make it the next; but not less than the least.
    let asked = (misrate * (1.0 - 1e-9)).max(least);
    (misrate <= MOST_MISRATE).then_some((asked, misrate))
}

/// In how many ways signs can be given to the ranks so that the signed-rank statistic is 0, 1, 2, ...
fn ways_by_statistic(pairs: usize) -> Vec<f64> {
    let mut ways = vec![0.0; pairs * (pairs + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=pairs {
        for statistic in (rank..ways.len()).rev() {
            ways[statistic] += ways[statistic - rank];
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pair_has_in_common_drops_out() {
        let pairs: Vec<(f64, f64)> = (0..6).map(|drift| (f64::from(1 << drift), 3.0 * f64::from(1 << drift))).collect();
        let found = PairedRatio::of(&pairs).unwrap();
        let interval = found.interval.unwrap();
        assert!((found.ratio - 3.0).abs() < 1e-9 && found.is_sure(), "{found:?}");
        assert!((interval.misrate - 2.0 / 64.0).abs() < 1e-12, "{interval:?}");
    }

    #[test]
    fn too_few_pairs_have_no_interval_and_numbers_of_nothing_no_ratio() {
        let pairs = |count: usize| vec![(1.0, 2.0); count];
        assert!(PairedRatio::of(&pairs(4)).unwrap().interval.is_none());
        assert!((PairedRatio::of(&pairs(5)).unwrap().interval.unwrap().misrate - 0.0625).abs() < 1e-12);
        assert!(PairedRatio::of(&[]).is_none() && PairedRatio::of(&[(0.0, 1.0)]).is_none());
        assert!(PairedRatio::of(&[(1.0, f64::NAN)]).is_none());
    }

    #[test]
    fn an_interval_misses_no_more_often_than_it_says() {
        use rand::{RngExt, SeedableRng};
        const SETS: u32 = 4_000;
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        for pairs in [5, 6, 8, 9, 27, 60] {
            let (_, misrate) = misrate_of(pairs).unwrap();
            let mut draw = || (0..pairs).map(|_| random.random::<f64>() - 0.5).collect::<Vec<_>>();
            let missed = (0..SETS)
                .filter(|_| {
                    let interval = RatioInterval::of(&draw()).unwrap();
                    interval.from > 1.0 || interval.to < 1.0
                })
                .count();
            let expected = f64::from(SETS) * misrate;
            assert!((missed as f64) < expected + 4.0 * expected.sqrt(), "{pairs}: {missed} of {SETS}, {misrate}");
            assert!((missed as f64) > expected * 0.4, "{pairs}: {missed} of {SETS}, {misrate}: wider than it says");
        }
    }
}
