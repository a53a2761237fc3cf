//! How far apart the rows are: one distance with gaps, or several.

use std::collections::HashMap;

use super::series::Sample;

/// So many equal distances in a row, other than the usual one, are no gaps any more: the export changes its resolution there.
const RUN: usize = 8;

/// The distances between the rows of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steps {
    /// The most frequent distance, in milliseconds.
    pub(super) usual_ms: i64,
    /// The largest distance that occurs in a long run; the usual one if there is no other.
    pub(super) largest_ms: i64,
    /// The first row behind which the distance is another one for long, and that distance.
    pub(super) changes: Option<(usize, i64)>,
    /// Where in a step most rows lie.
    pub(super) phase_ms: i64,
}

impl Steps {
    /// Of rows in the order of time, no two at the same moment; nothing for fewer than two.
    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let distances = || samples.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms);
        let usual_ms = most_frequent(distances())?;
        let (changes, largest_ms) = change(distances(), usual_ms);
        let phase_ms = most_frequent(samples.iter().map(|sample| sample.at_ms.rem_euclid(usual_ms)))?;
        Some(Steps { usual_ms, largest_ms, changes, phase_ms })
    }
}

/// The most frequent number; of several the smallest.
fn most_frequent(numbers: impl Iterator<Item = i64>) -> Option<i64> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    numbers.for_each(|number| *counts.entry(number).or_default() += 1);
    counts.into_iter().max_by_key(|(number, count)| (*count, std::cmp::Reverse(*number))).map(|(number, _)| number)
}

/// The first long run of another distance than the usual one, and the largest distance of all long runs.
fn change(distances: impl Iterator<Item = i64>, usual_ms: i64) -> (Option<(usize, i64)>, i64) {
    let (mut first, mut largest_ms) = (None, usual_ms);
    let (mut begun, mut current_ms) = (0, usual_ms);
    for (number, distance_ms) in distances.enumerate() {
        if distance_ms != current_ms {
            (begun, current_ms) = (number, distance_ms);
        }
        if current_ms != usual_ms && number - begun + 1 >= RUN {
            first = first.or(Some((begun, current_ms)));
            largest_ms = largest_ms.max(current_ms);
        }
    }
    (first, largest_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::import::Place;

    fn steps(at_s: impl IntoIterator<Item = i64>) -> Option<Steps> {
        let sample = |(line, at_s): (u64, i64)| Sample { place: Place::line(line), at_ms: at_s * 1000, value: 1.0 };
        Steps::of(&(1..).zip(at_s).map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn the_usual_distance_is_the_step_and_others_are_gaps_until_they_last() {
        assert_eq!(steps([5]), None);
        let gaps = steps([0, 60, 120, 300, 360, 540, 600]).unwrap();
        assert_eq!((gaps.usual_ms, gaps.changes, gaps.phase_ms), (60_000, None, 0));
        let coarse_later = steps((0..20).map(|n| n * 60).chain((0..10).map(|n| 1200 + n * 300))).unwrap();
        assert_eq!((coarse_later.usual_ms, coarse_later.largest_ms), (60_000, 300_000));
        assert_eq!(coarse_later.changes, Some((20, 300_000)));
        let jitter = steps([7, 67, 126, 187, 247]).unwrap();
        assert_eq!((jitter.usual_ms, jitter.phase_ms), (60_000, 7000));
    }
}
