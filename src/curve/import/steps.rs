//! How far apart the rows are: one distance with gaps and jitter, several distances, or none.
//!
//! The distance is that of the whole series, not the most frequent one between neighbours: polls and cron jobs run a little early or late,
//! and no single distance between two of them is the length of a bucket.

use std::collections::HashMap;

use super::series::{Rows, Sample};

/// This many equal distances in a row, other than the usual one, are not gaps: the export changes its resolution there.
const RUN: usize = 8;
/// A row is on the grid if it is within this share of a step from an edge.
const NEAR: f64 = 0.2;
/// With fewer rows than one in this many buckets there is no grid.
const SPARSEST: i64 = 50;
/// With fewer rows than one in this many buckets there is no grid if they are only near its edges: on a fine one, anything is.
const SPARSEST_NEAR: i64 = 3;
/// If there are more different places within a step than this, they are not counted: none of them is frequent.
const PLACES: usize = 100_000;
/// A step this close to a round one is taken to be it.
const ROUND: f64 = 0.02;
/// Lengths of buckets as people choose them, in milliseconds.
const ROUND_MS: [i64; 34] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    250,
    500,
    1000,
    2000,
    5000,
    10_000,
    15_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    14_400_000,
    21_600_000,
    28_800_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
];

/// What the distances between a series' rows show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spacing {
    /// One row: there is no distance.
    OneRow,
    /// A grid of equal buckets, perhaps with gaps.
    Steps(Steps),
    /// No one distance explains the rows.
    Irregular {
        /// The shortest distance, in milliseconds.
        shortest_ms: i64,
        /// The longest.
        longest_ms: i64,
    },
}

/// A grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steps {
    /// The length of a bucket, in milliseconds.
    pub(super) step_ms: i64,
    /// The place of the edges within a step.
    pub(super) phase_ms: i64,
    /// The largest distance that occurs in a long run; the step if there is no other.
    pub(super) largest_ms: i64,
    /// The first row after which the distance changes for long, and the new distance.
    pub(super) changes: Option<(usize, i64)>,
}

impl Spacing {
    /// For rows in order of time, no two at the same moment. `stated_ms` is the length of a bucket that the file states.
    pub(super) fn of(samples: &[Sample], rows: Rows, stated_ms: Option<i64>) -> Self {
        let at: Vec<i64> = samples.iter().map(|sample| sample.at_ms).collect();
        let distances = || at.windows(2).map(|pair| pair[1] - pair[0]);
        let (Some(shortest_ms), Some(longest_ms)) = (distances().min(), distances().max()) else {
            return Spacing::OneRow;
        };
        let common_ms = distances().fold(0, greatest_common);
        if rows == Rows::OneStep {
            let step_ms = stated_ms.filter(|step_ms| *step_ms > 0 && common_ms % step_ms == 0).unwrap_or(common_ms);
            if stated_ms == Some(step_ms) || dense(&at, step_ms, SPARSEST) {
                return Spacing::Steps(Steps::without_runs(step_ms, at[0].rem_euclid(step_ms)));
            }
        }
        match fitted(&at, shortest_ms).or_else(|| common(&at, common_ms)) {
            Some((step_ms, phase_ms)) => {
                let (changes, largest_ms) = change(&at, step_ms);
                Spacing::Steps(Steps { step_ms, phase_ms, largest_ms, changes })
            }
            None => Spacing::Irregular { shortest_ms, longest_ms },
        }
    }
}

impl Steps {
    /// A grid of buckets of a given length.
    pub(super) fn without_runs(step_ms: i64, phase_ms: i64) -> Self {
        Steps { step_ms, phase_ms, largest_ms: step_ms, changes: None }
    }

    /// The grid of this length with the most rows on it, however well they fit.
    pub(super) fn of_length(samples: &[Sample], step_ms: i64) -> Self {
        let at: Vec<i64> = samples.iter().map(|sample| sample.at_ms).collect();
        Steps::without_runs(step_ms, phase_of(&at, step_ms))
    }

    /// The bucket whose start is nearest to a moment.
    pub(super) fn nearest(&self, at_ms: i64) -> i64 {
        (at_ms - self.phase_ms + self.step_ms / 2).div_euclid(self.step_ms)
    }

    /// How far a moment is from the nearest edge.
    pub(super) fn off_ms(&self, at_ms: i64) -> i64 {
        (at_ms - self.phase_ms + self.step_ms / 2).rem_euclid(self.step_ms) - self.step_ms / 2
    }
}

fn greatest_common(one: i64, other: i64) -> i64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Whether there are enough rows for this many buckets.
fn dense(at: &[i64], step_ms: i64, sparsest: i64) -> bool {
    let buckets = (at[at.len() - 1] - at[0]) / step_ms;
    buckets / sparsest < at.len() as i64
}

/// The step that divides all distances, if some are that step itself: otherwise it is only the resolution of the timestamps.
fn common(at: &[i64], common_ms: i64) -> Option<(i64, i64)> {
    let itself = at.windows(2).filter(|pair| pair[1] - pair[0] == common_ms).count();
    (itself >= 2.max(at.len() / 20) && dense(at, common_ms, SPARSEST)).then(|| (common_ms, at[0].rem_euclid(common_ms)))
}

/// The longest step with nearly all rows on its edges, each in its own bucket; and the place of its edges.
fn fitted(at: &[i64], shortest_ms: i64) -> Option<(i64, i64)> {
    let mut distances: Vec<i64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (frequent_ms, times) = most_frequent(distances.iter().copied(), usize::MAX)?;
    // One wrong timestamp does not destroy a grid: it makes the curve too long, and that is reported.
    let usual_ms = (times * 2 >= distances.len()).then_some(frequent_ms);
    distances.sort_unstable();
    let median_ms = distances[(distances.len() - 1) / 2];
    let mut bases = [frequent_ms, median_ms, shortest_ms];
    bases.sort_unstable();
    bases.iter().rev().find_map(|base_ms| refined(at, *base_ms, usual_ms == Some(*base_ms)))
}

/// The step near this one that fits the whole, a round one if that fits.
fn refined(at: &[i64], base_ms: i64, usual: bool) -> Option<(i64, i64)> {
    let mut step = base_ms as f64;
    for _ in 0..3 {
        step = slope(at, step)?;
    }
    let whole = if step >= 1000.0 { (step / 1000.0).round() * 1000.0 } else { step };
    let near = |candidate: &f64| (candidate / step - 1.0).abs() <= ROUND;
    let round = ROUND_MS.iter().map(|round_ms| *round_ms as f64).filter(near);
    let candidates = round.chain([whole, step.round()].into_iter().filter(near)).map(|candidate| candidate as i64);
    candidates.filter(|step_ms| *step_ms > 0).find_map(|step_ms| {
        let phase_ms = phase_of(at, step_ms);
        let exact = at.iter().filter(|moment| moment.rem_euclid(step_ms) == phase_ms).count() * 10 >= at.len() * 9;
        let enough = (usual && exact) || dense(at, step_ms, if exact { SPARSEST } else { SPARSEST_NEAR });
        (enough && fits(at, step_ms, phase_ms)).then_some((step_ms, phase_ms))
    })
}

/// The distance of buckets if neighbouring rows are whole numbers of `step` apart: the slope of times over bucket numbers (least squares).
fn slope(at: &[i64], step: f64) -> Option<f64> {
    let (mut number, mut sum) = (0.0, [0.0; 4]);
    let mut before = at[0];
    for &moment in at {
        if moment > before {
            number += ((moment - before) as f64 / step).round();
        }
        before = moment;
        let from_start = (moment - at[0]) as f64;
        sum[0] += number;
        sum[1] += from_start;
        sum[2] += number * number;
        sum[3] += number * from_start;
    }
    let rows = at.len() as f64;
    let slope = (rows * sum[3] - sum[0] * sum[1]) / (rows * sum[2] - sum[0] * sum[0]);
    (slope.is_finite() && slope >= 0.5).then_some(slope)
}

/// The place of the edges of these buckets: where many rows are exactly, at the round time if they are around it, or in their middle.
fn phase_of(at: &[i64], step_ms: i64) -> i64 {
    let residues = || at.iter().map(|moment| moment.rem_euclid(step_ms));
    if let Some((phase_ms, count)) = most_frequent(residues(), PLACES)
        && count >= 2
        && count * 3 >= at.len()
    {
        return phase_ms;
    }
    if fits(at, step_ms, 0) {
        return 0;
    }
    let angle = |residue: i64| residue as f64 / step_ms as f64 * std::f64::consts::TAU;
    let (sine, cosine) = residues().fold((0.0, 0.0), |(sine, cosine), residue| {
        (sine + libm::sin(angle(residue)), cosine + libm::cos(angle(residue)))
    });
    let middle = libm::atan2(sine, cosine) / std::f64::consts::TAU * step_ms as f64;
    (middle.round() as i64).rem_euclid(step_ms)
}

/// Whether nearly all rows are near the edges of these buckets, each in its own
/// bucket: nine in ten, or all but one if most are exactly on them.
fn fits(at: &[i64], step_ms: i64, phase_ms: i64) -> bool {
    let steps = Steps::without_runs(step_ms, phase_ms);
    let (mut odd, mut exact, mut before) = (0, 0, None);
    for &moment in at {
        let (bucket, off_ms) = (steps.nearest(moment), steps.off_ms(moment));
        exact += usize::from(off_ms == 0);
        if before == Some(bucket) || off_ms.abs() as f64 > NEAR * step_ms as f64 {
            odd += 1;
        }
        before = Some(bucket);
    }
    let one = usize::from(at.len() >= 5 && exact * 4 >= at.len() * 3);
    odd <= one.max(at.len() / 10)
}

/// The most frequent number and its frequency; of several the smallest. Nothing if there are more different ones than `most`.
fn most_frequent(numbers: impl Iterator<Item = i64>, most: usize) -> Option<(i64, usize)> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for number in numbers {
        *counts.entry(number).or_default() += 1;
        if counts.len() > most {
            return None;
        }
    }
    counts.into_iter().max_by_key(|(number, count)| (*count, std::cmp::Reverse(*number)))
}

/// The first long run of another distance than the step, and the largest distance of all long runs; in whole steps.
fn change(at: &[i64], step_ms: i64) -> (Option<(usize, i64)>, i64) {
    let (mut first, mut largest_ms) = (None, step_ms);
    let (mut begun, mut current_ms) = (0, step_ms);
    for (number, pair) in at.windows(2).enumerate() {
        let distance_ms = (pair[1] - pair[0] + step_ms / 2) / step_ms * step_ms;
        if distance_ms != current_ms {
            (begun, current_ms) = (number, distance_ms);
        }
        if current_ms > step_ms && number - begun + 1 >= RUN {
            first = first.or(Some((begun, current_ms)));
            largest_ms = largest_ms.max(current_ms);
        }
    }
    (first, largest_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::curve::import::Place;

    fn spacing(at_ms: impl IntoIterator<Item = i64>, rows: Rows, stated_ms: Option<i64>) -> Spacing {
        let sample = |(line, at_ms): (u64, i64)| Sample { place: Place::line(line), at_ms, value: 1.0 };
        Spacing::of(&(1..).zip(at_ms).map(sample).collect::<Vec<_>>(), rows, stated_ms)
    }

    fn steps(at_s: impl IntoIterator<Item = i64>) -> Option<(i64, i64)> {
        match spacing(at_s.into_iter().map(|at_s| at_s * 1000), Rows::Free, None) {
            Spacing::Steps(steps) => Some((steps.step_ms, steps.phase_ms)),
            _ => None,
        }
    }

    #[test]
    fn the_distance_of_the_whole_is_the_step_and_others_are_gaps_until_they_last() {
        assert_eq!(spacing([5], Rows::Free, None), Spacing::OneRow);
        assert_eq!(steps([0, 60, 120, 300, 360, 540, 600]), Some((60_000, 0)));
        assert_eq!(steps([0, 60, 360]), Some((60_000, 0)));
        let coarse_later =
            spacing((0..20).map(|n| n * 60_000).chain((0..10).map(|n| 1_200_000 + n * 300_000)), Rows::Free, None);
        let Spacing::Steps(found) = coarse_later else { panic!("{coarse_later:?}") };
        assert_eq!((found.step_ms, found.largest_ms, found.changes), (60_000, 300_000, Some((20, 300_000))));
    }

    #[test]
    fn jitter_is_no_step_of_its_own() {
        assert_eq!(steps([7, 67, 126, 187, 247]), Some((60_000, 7000)));
        // No single distance is a minute.
        assert_eq!(steps([40, 101, 159, 220, 282, 340]), Some((60_000, 40_000)));
        // A job that sleeps a minute after each run drifts away from the minute.
        let Spacing::Steps(drifting) = spacing((0..2000).map(|n| n * 60_300 + n % 3), Rows::Free, None) else {
            panic!("a drifting job has a step");
        };
        assert_eq!(drifting.step_ms, 60_300);
    }

    #[test]
    fn rows_of_no_step_are_said_to_be_that() {
        let irregular = |at_s: &[i64]| steps(at_s.iter().copied()).is_none();
        assert!(irregular(&[0, 300, 600, 780, 1020, 1200, 1500]));
        assert!(irregular(&[0, 1, 7, 90, 95, 4000, 4001, 9000]));
    }

    #[test]
    fn one_step_for_the_whole_answer_is_what_all_distances_share() {
        let night: Vec<i64> = (0..30).map(|n| n * 600_000).chain([18_060_000, 18_120_000]).collect();
        let Spacing::Steps(found) = spacing(night, Rows::OneStep, None) else { panic!("a step") };
        assert_eq!((found.step_ms, found.changes), (60_000, None));
        let Spacing::Steps(stated) = spacing([0, 60_000, 180_000], Rows::OneStep, Some(30_000)) else {
            panic!("a step")
        };
        assert_eq!(stated.step_ms, 30_000);
        let Spacing::Steps(odd) = spacing([0, 60_000, 180_000], Rows::OneStep, Some(45_000)) else { panic!("a step") };
        assert_eq!(odd.step_ms, 60_000, "what the rows contradict is not taken");
    }

    proptest! {
        #[test]
        fn any_round_step_is_found_under_jitter_and_gaps(
            step_ms in prop::sample::select(vec![1000_i64, 10_000, 15_000, 60_000, 300_000]),
            start in 0_i64..100_000,
            jitter in prop::collection::vec(-0.12_f64..0.12, 20..80),
            kept in prop::collection::vec(0_u8..10, 80),
        ) {
            let row = |(row, jitter): (i64, &f64)| (start + row) * step_ms + (jitter * step_ms as f64) as i64;
            let at: Vec<i64> = (0..).zip(&jitter).filter(|(row, _)| kept[*row as usize] > 0).map(row).collect();
            prop_assume!(at.len() > 15);
            let Spacing::Steps(found) = spacing(at.clone(), Rows::Free, None) else { panic!("no step: {at:?}") };
            prop_assert_eq!(found.step_ms, step_ms);
            // Each row is in the bucket that it was made for.
            let buckets: Vec<i64> = at.iter().map(|at_ms| found.nearest(*at_ms)).collect();
            let expected: Vec<i64> = (0..).zip(&jitter).filter(|(row, _)| kept[*row as usize] > 0).map(|(row, _)| start + row).collect();
            prop_assert!(buckets.iter().zip(&expected).all(|(found, made)| found - buckets[0] == made - expected[0]));
        }
    }
}
