//! From offsets at the buckets' edges to counts.

use super::{EdgeOffsets, Edges, Stretch, around};
use crate::curve::{Curve, CurveError};

/// Counts, and the offsets that they are based on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    /// The buckets that are counted.
    pub edges: Edges,
    /// Records per bucket, all partitions together.
    pub curve: Curve,
    /// Records per partition.
    pub per_partition: Vec<u64>,
    /// The offsets that the broker gave for the edges of the curve's buckets.
    pub offsets: EdgeOffsets,
    /// The records that count by their own timestamps, because the broker's answers do not show where they are.
    pub around: Vec<Stretch>,
    /// How many buckets at the beginning were left out, because the topic no longer holds all of their records?
    pub left_out: usize,
}

/// Why there are no counts.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoCounts {
    /// Nothing was written in the range.
    #[error("none of its records is from {range}; choose another --from and --to")]
    NothingThere {
        /// The range.
        range: String,
    },
    /// The records have no timestamps.
    #[error("its records have no timestamps, so when they were written is unknown; watch it from now on with --for")]
    Unstamped,
    /// What was there was compacted away.
    #[error("it is compacted, and no record from {range} is left, so how many were written is unknown")]
    Compacted {
        /// The range.
        range: String,
    },
    /// The range is gone.
    #[error("no bucket from {range} still has all of its records: choose a later --from, or a smaller --step")]
    Deleted {
        /// The range.
        range: String,
    },
    /// Counts that do not make a curve.
    #[error(transparent)]
    NoCurve(#[from] CurveError),
}

impl Counted {
    /// Whether an offset's record counts by its own timestamp, not by the broker's answers.
    #[must_use]
    pub(crate) fn is_read_around(&self, partition: usize, offset: i64) -> bool {
        self.around.iter().any(|stretch| stretch.holds(partition, offset))
    }

    /// The offsets of each partition that hold the range's records.
    #[must_use]
    pub(crate) fn ranges(&self) -> Vec<(i64, i64)> {
        let last = self.offsets.row(self.offsets.edges().saturating_sub(1));
        let mut ranges: Vec<(i64, i64)> = self.offsets.row(0).iter().copied().zip(last.iter().copied()).collect();
        for run in self.around.iter().map(|stretch| stretch.run) {
            if let Some((from, until)) = ranges.get_mut(run.partition) {
                (*from, *until) = ((*from).min(run.from), (*until).max(run.until));
            }
        }
        ranges
    }
}

/// Counts per bucket from the offsets at all edges. `oldest` are the first offsets that the partitions still hold; records in `around`
/// count by their own timestamps.
///
/// # Errors
/// [`NoCounts`] when nothing was written in the range, or no bucket is complete.
pub(crate) fn count(
    edges: &Edges,
    offsets: &EdgeOffsets,
    oldest: &[i64],
    around: Vec<Stretch>,
) -> Result<Counted, NoCounts> {
    let range = || edges.to_string();
    if total(&rows(edges, offsets, &around)) <= 0.0 {
        return Err(NoCounts::NothingThere { range: range() });
    }
    let left_out = offsets.complete_from(oldest).unwrap_or(0);
    if left_out >= edges.buckets() {
        return Err(NoCounts::Deleted { range: range() });
    }
    let (offsets, kept) = (offsets.without_first(left_out), edges.without_first(left_out));
    let rows = rows(&kept, &offsets, &around);
    if total(&rows) <= 0.0 {
        return Err(NoCounts::NothingThere { range: range() });
    }
    let partitions = offsets.row(0).len();
    let of = |partition: usize| rows.iter().filter_map(|row| row.get(partition)).sum::<f64>().round() as u64;
    let per_partition = (0..partitions).map(of).collect();
    let counts = rows.iter().map(|row| row.iter().sum()).collect();
    let curve = Curve::new(Some(kept.at_ms(0)), kept.step_ms(), counts)?;
    Ok(Counted { edges: kept, curve, per_partition, offsets, around, left_out })
}

/// Records per bucket and partition.
fn rows(edges: &Edges, offsets: &EdgeOffsets, around: &[Stretch]) -> Vec<Vec<f64>> {
    let mut rows = around::changes(edges, offsets, around);
    for (bucket, row) in rows.iter_mut().enumerate() {
        for (count, (from, to)) in row.iter_mut().zip(offsets.row(bucket).iter().zip(offsets.row(bucket + 1))) {
            // What is subtracted was counted before: below 0 is only rounding.
            *count = (*count + (to - from) as f64).max(0.0);
        }
    }
    rows
}

fn total(rows: &[Vec<f64>]) -> f64 {
    rows.iter().flatten().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::Moment;
    use crate::units::Span;

    fn edges(buckets: usize) -> Edges {
        let to = Moment::AtMs(buckets as i64 * 1000);
        Edges::between(Moment::AtMs(0), to, i64::MAX, Span::from_secs(1)).unwrap()
    }

    fn counted(rows: &[&[i64]], oldest: &[i64]) -> Result<Counted, NoCounts> {
        let offsets = EdgeOffsets::of(rows.iter().map(|row| row.to_vec()).collect());
        count(&edges(rows.len() - 1), &offsets, oldest, Vec::new())
    }

    #[test]
    fn a_bucket_holds_what_lies_between_its_edges() {
        let found = counted(&[&[5, 0], &[7, 1], &[7, 4]], &[0, 0]).unwrap();
        assert_eq!((found.curve.counts(), found.per_partition.as_slice()), (&[3.0, 3.0][..], &[2, 4][..]));
        assert_eq!((found.curve.start_unix_ms(), found.left_out), (Some(0), 0));
        assert_eq!([4, 5, 6, 7].map(|offset| found.offsets.bucket_of(0, offset)), [None, Some(0), Some(0), None]);
        assert_eq!([0, 1, 3, 4].map(|offset| found.offsets.bucket_of(1, offset)), [Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn buckets_whose_records_are_partly_deleted_are_left_out() {
        // Partition 0 lost everything below 5, partition 1 nothing: the first complete bucket begins at edge 2.
        let found = counted(&[&[5, 0], &[5, 1], &[6, 2], &[8, 3]], &[5, 0]).unwrap();
        assert_eq!((found.left_out, found.curve.counts()), (2, &[3.0][..]));
        assert_eq!(found.curve.start_unix_ms(), Some(2000));
        // Deleted long before the range: nothing is missing in it.
        assert_eq!(counted(&[&[9, 0], &[9, 1]], &[5, 0]).unwrap().left_out, 0);
        // A partition that is empty now does not hide the others.
        assert_eq!(counted(&[&[5, 0], &[5, 1]], &[5, 0]).unwrap().left_out, 0);
        let error = counted(&[&[5], &[7]], &[5]).unwrap_err().to_string();
        assert!(error.contains("still has all of its records"), "{error}");
    }

    #[test]
    fn a_range_without_records_is_no_curve() {
        let error = counted(&[&[5, 2], &[5, 2]], &[0, 0]).unwrap_err().to_string();
        assert!(error.contains("1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_is_counted_twice_and_nothing_missed(
            steps in prop::collection::vec(prop::collection::vec(0_i64..50, 3), 1..40),
        ) {
            let mut at = vec![vec![0; 3]];
            for step in &steps {
                let next = at.last().unwrap().iter().zip(step).map(|(from, more)| from + more).collect();
                at.push(next);
            }
            let last: i64 = at.last().unwrap().iter().sum();
            let offsets = EdgeOffsets::of(at.clone());
            prop_assert_eq!(offsets.backward(), 0);
            match count(&edges(steps.len()), &offsets, &[0, 0, 0], Vec::new()) {
                Ok(found) => {
                    prop_assert_eq!(found.curve.total() as i64, last);
                    prop_assert_eq!(found.per_partition.iter().sum::<u64>() as i64, last);
                    for (bucket, count) in found.curve.counts().iter().enumerate() {
                        let in_it = (0..3).map(|p| (0..at.last().unwrap()[p]).filter(|&o| offsets.bucket_of(p, o) == Some(bucket)).count());
                        prop_assert_eq!(in_it.sum::<usize>(), *count as usize);
                    }
                }
                Err(_) => prop_assert_eq!(last, 0),
            }
        }

        #[test]
        fn offsets_that_go_back_are_raised_and_said(rows in prop::collection::vec(prop::collection::vec(0_i64..9, 2), 2..20)) {
            let offsets = EdgeOffsets::of(rows.clone());
            for edge in 1..rows.len() {
                prop_assert!(offsets.row(edge).iter().zip(offsets.row(edge - 1)).all(|(here, before)| here >= before));
            }
            let sorted = rows.windows(2).all(|pair| pair[0].iter().zip(&pair[1]).all(|(a, b)| a <= b));
            prop_assert_eq!(offsets.backward() == 0, sorted);
        }
    }
}
