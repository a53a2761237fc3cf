//! How far apart two sets of runs are in one figure: shift and ratio, each with an interval.
//!
//! Each run gives one number. The estimators are pragmastat's: the median of all pairwise differences and ratios (Hodges and Lehmann, 1963),
//! with bounds from the distribution of the Mann-Whitney statistic. Outliers move them little, and they assume no distribution.

use pragmastat::estimators::raw;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often an interval misses the true difference, at most, where the number of runs allows it.
pub const INTERVAL_MISRATE: f64 = 0.01;
/// Above this misrate an interval says nothing, and is left out: two runs against three.
pub(super) const MOST_MISRATE: f64 = 0.1;
/// Up to this many runs the distribution is counted: the numbers of ways are whole numbers that an `f64` holds.
const MOST_COUNTED: usize = 50;
/// Of more runs this is asked for: pragmastat's bounds miss a little more often than asked, there by less than a tenth.
const ASKED_OF_MANY: f64 = 0.009;

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// How many runs gave the figure.
    pub runs: usize,
    /// Their centre: the median of the means of all pairs of runs.
    pub center: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// How far apart two sets are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Apart {
    /// New minus base, in the figure's unit.
    pub shift: f64,
    /// New divided by base; absent when a run has 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Where they may be; absent with too few runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// Where the true shift and ratio are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// How often such an interval misses the truth: at most 0.01, or the least that so few runs allow.
    pub misrate: f64,
    /// The smallest and the largest shift.
    pub shift: [f64; 2],
    /// The smallest and the largest ratio; absent when a run has 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<[f64; 2]>,
}

impl Side {
    /// Of these runs; `None` when there are none, or one is no number.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let center = raw::center(values, false).ok()?;
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Side { runs: values.len(), center, min, max })
    }
}

impl Apart {
    /// Of these runs; `None` when a side has none, or one is no number.
    #[must_use]
    pub fn of(base: &[f64], new: &[f64]) -> Option<Self> {
        let shift = raw::shift(new, base, false).ok()?;
        let ratio = raw::ratio(new, base, false).ok();
        Some(Apart { shift, ratio, interval: Interval::of(base, new) })
    }
}

impl Interval {
    fn of(base: &[f64], new: &[f64]) -> Option<Self> {
        let (asked, misrate) = misrate_of(base.len(), new.len())?;
        let shift = raw::shift_bounds(new, base, asked, false).ok()?;
        let ratio = raw::ratio_bounds(new, base, asked, false).ok();
        let ratio = ratio.map(|bounds| [bounds.lower, bounds.upper]);
        Some(Interval { misrate, shift: [shift.lower, shift.upper], ratio })
    }
}

/// The misrate to ask for, and the true one, of an interval between this many runs and that many; `None` when they are too few for one.
///
/// Few runs allow few misrates. pragmastat takes the next one above what it is asked for (5 against 5 runs, asked for 0.01, miss 0.016);
/// so it is asked for one that exists: the largest that is not above ours, or the least there is.
fn misrate_of(base: usize, new: usize) -> Option<(f64, f64)> {
    if base + new > MOST_COUNTED {
        return Some((ASKED_OF_MANY, INTERVAL_MISRATE));
    }
    let ways = ways_by_statistic(base, new);
    let all: f64 = ways.iter().sum();
    let mut misrate = 2.0 / all;
    let mut beyond = 1.0;
    for more in ways.iter().skip(1) {
        beyond += more;
        if 2.0 * beyond / all > INTERVAL_MISRATE {
            break;
        }
        misrate = 2.0 * beyond / all;
    }
    // A little less, so that rounding does not make it the next; but not less than the least.
    let asked = (misrate * (1.0 - 1e-9)).max(2.0 / all);
    (misrate <= MOST_MISRATE).then_some((asked, misrate))
}

/// In how many ways the runs can be dealt so that the Mann-Whitney statistic is 0, 1, 2, ...: the coefficients of the Gaussian binomial.
fn ways_by_statistic(base: usize, new: usize) -> Vec<f64> {
    let mut ways = vec![0.0; base * new + 1];
    ways[0] = 1.0;
    for at in 1..=base {
        for u in (new + at..ways.len()).rev() {
            ways[u] -= ways[u - new - at];
        }
        for u in at..ways.len() {
            ways[u] += ways[u - at];
        }
    }
    ways
}

/// The number of ways to deal the runs into two sets of these sizes.
#[must_use]
pub(super) fn ways_to_deal(base: usize, new: usize) -> f64 {
    (1..=base.min(new)).map(|at| (base.max(new) + at) as f64 / at as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_can_be_dealt_in_as_many_ways_as_there_are_subsets() {
        let ways =
            [(0, 0), (1, 1), (5, 5), (4, 6), (3, 10), (10, 10)].map(|(base, new)| ways_to_deal(base, new).round());
        assert_eq!(ways.map(|ways| ways as u64), [1, 2, 252, 210, 286, 184_756]);
    }

    #[test]
    fn few_runs_have_a_wide_misrate_and_fewer_have_no_interval() {
        let misrate = |base, new| misrate_of(base, new).map(|(_, misrate)| misrate);
        assert!(misrate(1, 1).is_none() && misrate(2, 3).is_none());
        assert!((misrate(3, 3).unwrap() - 0.1).abs() < 1e-12);
        assert!((misrate(5, 5).unwrap() - 2.0 / 252.0).abs() < 1e-12);
        let apart = Apart::of(&[1.0, 2.0, 3.0], &[11.0, 12.0, 13.0]).unwrap();
        assert!((apart.shift - 10.0).abs() < 1e-12);
        assert_eq!(format!("{:?}", apart.interval.unwrap().shift), "[8.0, 12.0]");
    }

    #[test]
    fn an_interval_misses_no_more_often_than_it_says() {
        use rand::{RngExt, SeedableRng};
        const SETS: u32 = 4_000;
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        for (base, new) in [(3, 3), (5, 5), (6, 6), (4, 9), (10, 10), (26, 26)] {
            let (_, misrate) = misrate_of(base, new).unwrap();
            let mut draw = |runs| (0..runs).map(|_| random.random::<f64>()).collect::<Vec<_>>();
            let missed = (0..SETS)
                .filter(|_| {
                    let [least, most] = Interval::of(&draw(base), &draw(new)).unwrap().shift;
                    least > 0.0 || most < 0.0
                })
                .count();
            let expected = f64::from(SETS) * misrate;
            assert!((missed as f64) < expected + 4.0 * expected.sqrt(), "{base} {new}: {missed} of {SETS}, {misrate}");
        }
    }

    #[test]
    fn what_is_no_number_has_no_estimate_and_zero_has_no_ratio() {
        assert!(Apart::of(&[f64::NAN], &[1.0]).is_none() && Apart::of(&[], &[1.0]).is_none());
        let apart = Apart::of(&[0.0; 5], &[3.0; 5]).unwrap();
        assert!(apart.ratio.is_none() && apart.interval.unwrap().ratio.is_none());
        assert_eq!(format!("{:?}", apart.interval.unwrap().shift), "[3.0, 3.0]");
    }
}
