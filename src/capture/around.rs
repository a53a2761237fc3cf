//! Reading around records that hide others from ListOffsets by timestamp.
//!
//! The broker answers a timestamp with the first offset whose record has it or a later one. One record with a clock ahead, or the commit
//! marker of a backfill (which has the time of the commit), hides every later record with an earlier timestamp: all their offsets are after
//! the answer. So the answers are checked against the records themselves: wherever records may hide, some timestamps are read, and if any
//! is earlier than the moment that was asked for, the stretch after the answer counts by its records' own timestamps.

use super::{EdgeOffsets, Edges};

/// A stretch is sampled in runs of this length.
const RUN_OFFSETS: u64 = 50;
/// The most runs of a stretch: each is a seek of the reader.
const MOST_RUNS: u64 = 400;

/// A place where records may hide after the answers for one or more edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// The partition.
    pub partition: usize,
    /// The offset that the broker gave.
    pub from: i64,
    /// The next offset that it gave, or the partition's end.
    pub until: i64,
    /// The last of the edges for which it gave `from`.
    pub edge: usize,
}

impl Suspect {
    /// How many records may hide here.
    #[must_use]
    pub(crate) fn offsets(&self) -> u64 {
        (self.until - self.from).max(0) as u64
    }
}

/// The places where records may hide: after the first and the last edge's offset, and after every offset that answers several edges; those
/// where most may hide come first. `oldest` and `ends` are where the partitions begin and end.
#[must_use]
pub(crate) fn suspects(offsets: &EdgeOffsets, oldest: &[i64], ends: &[i64]) -> Vec<Suspect> {
    let edges = offsets.edges();
    let mut found = Vec::new();
    for (partition, end) in ends.iter().enumerate() {
        let at = |edge: usize| offsets.row(edge).get(partition).copied();
        let mut first_of_run = 0;
        for edge in 0..edges {
            let (Some(from), next) = (at(edge), at(edge + 1)) else { continue };
            if next == Some(from) {
                continue;
            }
            let is_alone = first_of_run == edge;
            first_of_run = edge + 1;
            let from = from.max(oldest.get(partition).copied().unwrap_or(from));
            let suspect = Suspect { partition, from, until: next.unwrap_or(*end), edge };
            // After the offset of a single edge in the middle, less than a bucket can hide.
            let may_hide = !is_alone || edge == 0 || edge + 1 == edges;
            if may_hide && suspect.offsets() > 1 {
                found.push(suspect);
            }
        }
    }
    found.sort_by_key(|suspect| (std::cmp::Reverse(suspect.offsets()), suspect.partition, suspect.from));
    found
}

/// Whether the records after an answer for `at_ms` show that it hides some: at least a quarter of those that were read have earlier
/// timestamps. If records are merely late now and then, fewer have.
#[must_use]
pub(crate) fn hides(stamps_after_ms: &[Option<i64>], at_ms: i64) -> bool {
    let stamped = stamps_after_ms.iter().flatten().count();
    let before = stamps_after_ms.iter().flatten().filter(|stamp_ms| **stamp_ms < at_ms).count();
    before > 0 && before * 4 >= stamped
}

/// Whether a run of records is past everything that is hidden. A run without timestamps shows nothing, and is not.
#[must_use]
pub(crate) fn is_past(stamps_ms: &[Option<i64>], at_ms: i64) -> bool {
    stamps_ms.iter().flatten().next().is_some() && !hides(stamps_ms, at_ms)
}

/// A run of adjacent offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The partition.
    pub partition: usize,
    /// The first offset.
    pub from: i64,
    /// The offset after the last one.
    pub until: i64,
}

/// The runs to read of a stretch, and how many offsets each represents: all of it in one, or about `wanted` offsets in runs spread over it.
#[must_use]
pub(crate) fn runs(whole: Run, wanted: u64) -> Vec<(Run, u64)> {
    let length = (whole.until - whole.from).max(0) as u64;
    if length <= wanted {
        return vec![(whole, length)];
    }
    let count = wanted.div_ceil(RUN_OFFSETS).clamp(1, MOST_RUNS);
    let edge = |number: u64| (u128::from(length) * u128::from(number) / u128::from(count)) as u64;
    let run = |number: u64| {
        let (begin, end) = (edge(number), edge(number + 1));
        let slack = (end - begin).saturating_sub(RUN_OFFSETS);
        let drawn = super::drawn(number, whole.partition as u64, slack + 1);
        let from = whole.from + (begin + drawn) as i64;
        let until = (from + RUN_OFFSETS as i64).min(whole.from + end as i64);
        (Run { partition: whole.partition, from, until }, end - begin)
    };
    (0..count).map(run).collect()
}

/// What was read of a part of a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// How many offsets it represents.
    offsets: u64,
    /// How many offsets were read.
    looked_at: u64,
    /// The timestamps of the records there, ascending.
    stamps_ms: Vec<i64>,
    /// The same in the order of the records.
    in_order_ms: Vec<i64>,
}

impl Part {
    fn is_whole(&self) -> bool {
        self.looked_at >= self.offsets
    }

    /// How many of the part's records have timestamps before `at_ms`, and the variance of that.
    fn before(&self, at_ms: i64) -> (f64, f64) {
        let before = self.stamps_ms.partition_point(|stamp_ms| *stamp_ms < at_ms) as f64;
        if self.is_whole() {
            return (before, 0.0);
        }
        let (offsets, share) = (self.offsets as f64, before / self.looked_at.max(1) as f64);
        // Neighbours are similar: a run counts as one observation.
        (offsets * share, offsets * offsets * share * (1.0 - share).max(0.0))
    }
}

/// A stretch of a partition whose records count by their own timestamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where it is.
    pub run: Run,
    parts: Vec<Part>,
}

impl Stretch {
    /// A stretch before anything has been read.
    #[must_use]
    pub(crate) fn new(run: Run) -> Self {
        Stretch { run, parts: Vec::new() }
    }

    /// Adds the timestamps of a run's records, in their order. A record without one counts with the record before it.
    pub(crate) fn read(&mut self, run: Run, offsets: u64, stamps_ms: &[Option<i64>]) {
        let mut last = stamps_ms.iter().flatten().next().copied();
        let carried = stamps_ms.iter().filter_map(|stamp_ms| {
            last = stamp_ms.or(last);
            last
        });
        let in_order_ms: Vec<i64> = carried.collect();
        let mut stamps_ms = in_order_ms.clone();
        stamps_ms.sort_unstable();
        self.parts.push(Part { offsets, looked_at: (run.until - run.from).max(0) as u64, stamps_ms, in_order_ms });
    }

    /// How many records were read.
    #[must_use]
    pub(crate) fn records_read(&self) -> u64 {
        self.parts.iter().map(|part| part.stamps_ms.len() as u64).sum()
    }

    /// How many of its records have timestamps before `at_ms`.
    #[must_use]
    pub(crate) fn before(&self, at_ms: i64) -> f64 {
        self.parts.iter().map(|part| part.before(at_ms).0).sum()
    }

    /// How many of its records have timestamps from `from_ms` to before `to_ms`, and the standard error of that.
    #[must_use]
    pub(crate) fn between(&self, from_ms: i64, to_ms: i64) -> (f64, f64) {
        let drawn: f64 = self.parts.iter().map(|part| part.before(from_ms).1 + part.before(to_ms).1).sum();
        // If a moment's place in its part is outside the run, it is unknown.
        let unread =
            self.parts.iter().filter(|part| !part.is_whole()).map(|part| part.offsets).max().unwrap_or(0) as f64;
        let variance = drawn + 2.0 * (unread / 2.0).powi(2);
        (self.before(to_ms) - self.before(from_ms), variance.sqrt())
    }

    /// How many of its records have timestamps of `to_ms` or later although a record with an earlier one was written after them. If clocks
    /// are ahead, they were written before `to_ms`, but are not counted there.
    #[must_use]
    pub(crate) fn ahead_of(&self, to_ms: i64) -> f64 {
        let mut earlier_follows = false;
        let ahead_in = |part: &Part| {
            let mut ahead = 0_u64;
            for stamp_ms in part.in_order_ms.iter().rev() {
                earlier_follows |= *stamp_ms < to_ms;
                ahead += u64::from(earlier_follows && *stamp_ms >= to_ms);
            }
            let stands_for = if part.is_whole() { 1.0 } else { part.offsets as f64 / part.looked_at.max(1) as f64 };
            ahead as f64 * stands_for
        };
        self.parts.iter().rev().map(ahead_in).sum()
    }

    /// How many of its offsets the broker's answers put between two edges.
    #[must_use]
    pub(crate) fn counted_between(&self, from: i64, until: i64) -> i64 {
        (until.min(self.run.until) - from.max(self.run.from)).max(0)
    }

    /// Whether it holds an offset.
    #[must_use]
    pub(crate) fn holds(&self, partition: usize, offset: i64) -> bool {
        self.run.partition == partition && (self.run.from..self.run.until).contains(&offset)
    }
}

/// What the stretches change in each bucket: the records by their timestamps replace the offsets by the broker's answers.
#[must_use]
pub(super) fn changes(edges: &Edges, offsets: &EdgeOffsets, stretches: &[Stretch]) -> Vec<Vec<f64>> {
    let buckets = offsets.edges().saturating_sub(1);
    let mut changes = vec![vec![0.0; offsets.row(0).len()]; buckets];
    for stretch in stretches {
        let place = stretch.run.partition;
        let mut before = stretch.before(edges.at_ms(0));
        for (bucket, row) in changes.iter_mut().enumerate() {
            let at = |edge: usize| offsets.row(edge).get(place).copied().unwrap_or_default();
            let by_then = stretch.before(edges.at_ms(bucket + 1));
            if let Some(change) = row.get_mut(place) {
                *change += by_then - before - stretch.counted_between(at(bucket), at(bucket + 1)) as f64;
            }
            before = by_then;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::Moment;
    use crate::units::Span;

    /// A broker's answer: the first offset with a timestamp no earlier, else the end.
    fn answers(edges: &Edges, stamps_ms: &[i64]) -> EdgeOffsets {
        let first = |at_ms| stamps_ms.iter().position(|stamp_ms| *stamp_ms >= at_ms).unwrap_or(stamps_ms.len()) as i64;
        EdgeOffsets::of((0..=edges.buckets()).map(|edge| vec![first(edges.at_ms(edge))]).collect())
    }

    fn edges(buckets: i64) -> Edges {
        Edges::between(Moment::AtMs(0), Moment::AtMs(buckets * 1000), i64::MAX, Span::from_secs(1)).unwrap()
    }

    /// The counts by the answers, corrected by reading around every suspect.
    fn counted(edges: &Edges, stamps_ms: &[i64], wanted: u64) -> Vec<f64> {
        let offsets = answers(edges, stamps_ms);
        let read =
            |run: Run| stamps_ms[run.from as usize..run.until as usize].iter().map(|ms| Some(*ms)).collect::<Vec<_>>();
        let mut stretches = Vec::new();
        for suspect in suspects(&offsets, &[0], &[stamps_ms.len() as i64]) {
            let whole = Run { partition: 0, from: suspect.from, until: suspect.until };
            if hides(&read(whole)[1..], edges.at_ms(suspect.edge)) {
                let mut stretch = Stretch::new(whole);
                runs(whole, wanted).into_iter().for_each(|(run, stands_for)| stretch.read(run, stands_for, &read(run)));
                stretches.push(stretch);
            }
        }
        let changes = changes(edges, &offsets, &stretches);
        let counted = |bucket: usize| (offsets.row(bucket + 1)[0] - offsets.row(bucket)[0]) as f64 + changes[bucket][0];
        (0..edges.buckets()).map(counted).collect()
    }

    fn by_stamp(edges: &Edges, stamps_ms: &[i64]) -> Vec<f64> {
        let within = |bucket: usize| edges.at_ms(bucket)..edges.at_ms(bucket + 1);
        (0..edges.buckets())
            .map(|bucket| stamps_ms.iter().filter(|ms| within(bucket).contains(ms)).count() as f64)
            .collect()
    }

    #[test]
    fn one_record_with_a_stamp_ahead_hides_nothing() {
        let edges = edges(600);
        let mut stamps: Vec<i64> = (0..600).map(|n| n * 1000).collect();
        stamps[60] = 2_400_000;
        let offsets = answers(&edges, &stamps);
        assert_eq!(offsets.row(600)[0], 60, "the broker's answers end at it");
        let counts = counted(&edges, &stamps, 10_000);
        assert_eq!(counts, by_stamp(&edges, &stamps));
        assert!((counts.iter().sum::<f64>() - 599.0).abs() < 1e-9, "the record ahead lies after the range");
    }

    proptest! {
        /// Records in order, some of them far ahead: each bucket counts its own timestamps.
        #[test]
        fn whatever_is_ahead_each_bucket_counts_its_own(
            steps in prop::collection::vec(0..400_i64, 1..300), ahead in prop::collection::vec((0..300_usize, 1_000..90_000_i64), 0..5),
        ) {
            let mut stamps: Vec<i64> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let end_ms = stamps.last().copied().unwrap_or(0);
            for (place, by) in ahead {
                let place = place % stamps.len();
                // Ahead of everything: what it hides stays hidden to the end.
                stamps[place] = end_ms + by;
            }
            let edges = edges(end_ms / 1000 + 1);
            let counts = counted(&edges, &stamps, 10_000);
            let truth = by_stamp(&edges, &stamps);
            prop_assert!((counts.iter().sum::<f64>() - truth.iter().sum::<f64>()).abs() < 1e-6);
            for (bucket, (count, truth)) in counts.iter().zip(&truth).enumerate() {
                prop_assert!((count - truth).abs() < 1e-6, "{bucket}: {count} {truth}");
            }
        }

        #[test]
        fn a_sampled_stretch_stands_for_all_of_its_offsets(length in 1..200_000_i64, wanted in 1..5_000_u64) {
            let whole = Run { partition: 2, from: 7, until: 7 + length };
            let runs = runs(whole, wanted);
            prop_assert_eq!(runs.iter().map(|(_, stands_for)| stands_for).sum::<u64>(), length as u64);
            let mut behind = whole.from;
            for (run, _) in &runs {
                prop_assert!(run.from >= behind && run.until > run.from && run.until <= whole.until);
                behind = run.until;
            }
        }
    }

    #[test]
    fn what_is_stamped_ahead_among_the_records_of_a_range_may_belong_to_it() {
        let run = Run { partition: 0, from: 0, until: 6 };
        let mut stretch = Stretch::new(run);
        stretch.read(run, 6, &[Some(900), Some(5), None, Some(800), Some(7), Some(1000)]);
        assert_eq!((stretch.between(0, 100), stretch.ahead_of(100)), ((3.0, 0.0), 2.0));
    }

    #[test]
    fn a_large_stretch_is_right_within_its_error() {
        let edges = edges(100);
        let mut stamps: Vec<i64> = (0..100_000).collect();
        stamps[1000] = 10_000_000;
        let offsets = answers(&edges, &stamps);
        let whole = Run { partition: 0, from: offsets.row(100)[0], until: 100_000 };
        let mut stretch = Stretch::new(whole);
        for (run, stands_for) in runs(whole, 4000) {
            let read: Vec<_> = stamps[run.from as usize..run.until as usize].iter().map(|ms| Some(*ms)).collect();
            stretch.read(run, stands_for, &read);
        }
        assert!(stretch.ahead_of(50_500) < 2000.0, "what is later than the range lies after it");
        let (found, error) = stretch.between(20_000, 50_500);
        assert!(
            !stretch.parts.iter().all(Part::is_whole) && (found - 30_500.0).abs() <= 2.0 * error + 1.0,
            "{found} {error}"
        );
        assert!(error < 2000.0, "{error}");
    }

    #[test]
    fn sparse_records_of_which_each_answers_many_edges_are_no_suspects() {
        let edges = edges(100);
        let offsets = answers(&edges, &[10_500, 50_500, 90_500]);
        assert_eq!(suspects(&offsets, &[0], &[3]).len(), 0);
        assert!(!is_past(&[Some(5), None, Some(7)], 6) && !is_past(&[None], 0) && is_past(&[None, Some(7)], 6));
    }
}
