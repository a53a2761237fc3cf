//! One partition's log: batches in order of their offsets, kept in memory as they came.

use std::collections::VecDeque;

use bytes::Bytes;

use super::batch::{BatchHeader, record_places};

/// What a stored batch costs besides its own bytes: its entry here and its allocation.
const BATCH_OVERHEAD_BYTES: u64 = 128;

/// What storing a batch of `bytes` bytes takes from the memory cap.
pub(super) fn cost_bytes(bytes: usize) -> u64 {
    bytes as u64 + BATCH_OVERHEAD_BYTES
}

/// A batch and its place.
#[derive(Debug, Clone)]
pub(super) struct StoredBatch {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp_ms: i64,
    /// As the producer sent it: its own base offset (0) and leader epoch are replaced when it is served.
    pub(super) bytes: Bytes,
    /// The number of this batch in order of arrival: tells which of two partitions' batches is older.
    pub(super) arrival: u64,
}

/// An offset and the timestamp found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimedOffset {
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
}

/// Offsets are dense and only grow; what is in the log reads back byte for byte.
#[derive(Debug, Default)]
pub(super) struct PartitionLog {
    batches: VecDeque<StoredBatch>,
    start_offset: i64,
    next_offset: i64,
    stored_bytes: u64,
}

impl PartitionLog {
    /// The first offset that can still be read.
    pub(super) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets: Kafka's high watermark, as there are no replicas to wait for.
    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// What the log takes from the memory cap.
    #[cfg(test)]
    fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    /// Appends a batch and returns its base offset.
    pub(super) fn append(&mut self, header: &BatchHeader, bytes: Bytes, arrival: u64) -> i64 {
        let base_offset = self.next_offset;
        let last_offset = base_offset + i64::from(header.last_offset_delta);
        self.stored_bytes += cost_bytes(bytes.len());
        self.next_offset = last_offset + 1;
        let max_timestamp_ms = header.max_timestamp_ms;
        self.batches.push_back(StoredBatch { base_offset, last_offset, max_timestamp_ms, bytes, arrival });
        base_offset
    }

    /// Complete batches from the one that holds `from`, as long as they begin below `below` and fit into `max_bytes`. With `at_least_one`,
    /// the first one is included whatever its size.
    pub(super) fn read(&self, from: i64, below: i64, max_bytes: usize, at_least_one: bool) -> Vec<StoredBatch> {
        let first = self.batches.partition_point(|batch| batch.last_offset < from);
        let mut room = max_bytes;
        let mut found = Vec::new();
        for batch in self.batches.range(first..) {
            let forced = at_least_one && found.is_empty();
            if batch.base_offset >= below || (batch.bytes.len() > room && !forced) {
                break;
            }
            room = room.saturating_sub(batch.bytes.len());
            found.push(batch.clone());
        }
        found
    }

    /// The arrival number of the oldest batch, if all of it is below `limit`.
    pub(super) fn oldest_below(&self, limit: i64) -> Option<u64> {
        self.batches.front().filter(|batch| batch.last_offset < limit).map(|batch| batch.arrival)
    }

    /// Drops the oldest batch and returns how much of the memory cap that frees.
    pub(super) fn drop_oldest(&mut self) -> u64 {
        let Some(batch) = self.batches.pop_front() else { return 0 };
        let freed = cost_bytes(batch.bytes.len());
        self.start_offset = self.start_offset.max(batch.last_offset + 1);
        self.stored_bytes -= freed;
        freed
    }

    /// Moves the start of the log to `offset` and returns how much of the memory cap
    /// that frees. A batch is dropped when all of it is below.
    pub(super) fn delete_below(&mut self, offset: i64) -> u64 {
        self.start_offset = self.start_offset.max(offset.min(self.next_offset));
        let mut freed = 0;
        while self.batches.front().is_some_and(|batch| batch.last_offset < self.start_offset) {
            freed += self.drop_oldest();
        }
        freed
    }

    /// Empties the log for good and returns how much of the memory cap that frees.
    pub(super) fn clear(&mut self) -> u64 {
        self.batches.clear();
        std::mem::take(&mut self.stored_bytes)
    }

    /// The first record at or after `timestamp_ms`. Exact for uncompressed batches; for a compressed one, its base offset, at or before
    /// that record, so that a consumer that starts there misses nothing.
    pub(super) fn offset_at(&self, timestamp_ms: i64) -> Option<TimedOffset> {
        let batch = self.batches.iter().find(|batch| batch.max_timestamp_ms >= timestamp_ms)?;
        let fallback = TimedOffset { offset: batch.base_offset, timestamp_ms: batch.max_timestamp_ms };
        let found = find_record(batch, |time| time >= timestamp_ms).unwrap_or(fallback);
        // The first records of a batch may have been deleted.
        Some(TimedOffset { offset: found.offset.max(self.start_offset), ..found })
    }

    /// The record with the largest timestamp; for a compressed batch, its last record.
    pub(super) fn offset_of_max_timestamp(&self) -> Option<TimedOffset> {
        let max_ms = self.batches.iter().map(|batch| batch.max_timestamp_ms).max()?;
        let batch = self.batches.iter().find(|batch| batch.max_timestamp_ms == max_ms)?;
        let fallback = TimedOffset { offset: batch.last_offset, timestamp_ms: max_ms };
        Some(find_record(batch, |time| time == max_ms).unwrap_or(fallback))
    }
}

fn find_record(batch: &StoredBatch, wanted: impl Fn(i64) -> bool) -> Option<TimedOffset> {
    let header = BatchHeader::read(&batch.bytes).ok().filter(|header| !header.is_compressed())?;
    let place = record_places(&header, &batch.bytes).find(|place| wanted(place.timestamp_ms))?;
    // The broker does not read records when it stores them, so they may claim anything.
    let offset = batch.base_offset.checked_add(place.offset_delta)?;
    let inside = (batch.base_offset..=batch.last_offset).contains(&offset);
    inside.then_some(TimedOffset { offset, timestamp_ms: place.timestamp_ms })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::batch::tests::batch_of;
    use super::*;

    fn log_of(counts: &[i32]) -> PartitionLog {
        let mut log = PartitionLog::default();
        for (arrival, &count) in (0_u32..).zip(counts) {
            let bytes = batch_of(count, (-1, -1, -1), false, i64::from(arrival) * 1_000);
            log.append(&BatchHeader::read(&bytes).unwrap(), bytes, u64::from(arrival));
        }
        log
    }

    proptest! {
        #[test]
        fn offsets_are_dense_and_reads_return_what_was_appended(counts in prop::collection::vec(1_i32..20, 1..40), from_share in 0.0..1.0_f64) {
            let log = log_of(&counts);
            let total: i64 = counts.iter().map(|&count| i64::from(count)).sum();
            prop_assert_eq!(log.next_offset(), total);
            let from = (from_share * total as f64) as i64;
            let read = log.read(from, i64::MAX, usize::MAX, false);
            prop_assert!(read[0].base_offset <= from && from <= read[0].last_offset);
            for pair in read.windows(2) {
                prop_assert_eq!(pair[0].last_offset + 1, pair[1].base_offset);
            }
            prop_assert_eq!(read[read.len() - 1].last_offset, total - 1);
            let all = log.read(0, i64::MAX, usize::MAX, false);
            for (batch, &count) in all.iter().zip(&counts) {
                prop_assert_eq!(batch.last_offset - batch.base_offset + 1, i64::from(count));
                prop_assert_eq!(&batch.bytes, &batch_of(count, (-1, -1, -1), false, i64::try_from(batch.arrival).unwrap() * 1_000));
            }
        }

        #[test]
        fn a_read_never_exceeds_its_limit_except_for_one_forced_batch(counts in prop::collection::vec(1_i32..20, 1..20), max in 0_usize..3_000) {
            let log = log_of(&counts);
            let size = |batches: &[StoredBatch]| batches.iter().map(|batch| batch.bytes.len()).sum::<usize>();
            prop_assert!(size(&log.read(0, i64::MAX, max, false)) <= max);
            let forced = log.read(0, i64::MAX, max, true);
            prop_assert!(forced.len() == 1 || size(&forced) <= max);
        }

        #[test]
        fn only_what_lies_below_the_limit_is_dropped(counts in prop::collection::vec(1_i32..20, 1..20), limit in 0_i64..300) {
            let mut log = log_of(&counts);
            let before = log.stored_bytes();
            let mut freed = 0;
            while log.oldest_below(limit).is_some() {
                freed += log.drop_oldest();
            }
            prop_assert!(log.start_offset() <= limit.min(log.next_offset()));
            prop_assert_eq!(before, freed + log.stored_bytes());
        }
    }

    #[test]
    fn a_timestamp_finds_its_record() {
        let log = log_of(&[5, 5, 5]);
        assert_eq!(log.offset_at(1_020), Some(TimedOffset { offset: 7, timestamp_ms: 1_020 }));
        assert_eq!(log.offset_at(1_021), Some(TimedOffset { offset: 8, timestamp_ms: 1_030 }));
        assert_eq!(log.offset_at(500), Some(TimedOffset { offset: 5, timestamp_ms: 1_000 }));
        assert_eq!(log.offset_at(9_999), None);
        assert_eq!(log.offset_of_max_timestamp(), Some(TimedOffset { offset: 14, timestamp_ms: 2_040 }));
    }

    #[test]
    fn a_timestamp_finds_no_record_that_was_deleted() {
        let mut log = log_of(&[5, 5]);
        log.delete_below(7);
        assert_eq!(log.offset_at(0).map(|found| found.offset), Some(7));
        assert_eq!(log.offset_at(1_030).map(|found| found.offset), Some(8));
    }
}
