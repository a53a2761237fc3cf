//! Puts the records of all partitions into the order in which they were appended.

use std::collections::BTreeMap;

use super::timed::TimedRecord;

/// The most records that wait for another partition to catch up. Beyond that the oldest are released without it.
const MOST_HELD: usize = 1 << 19;
/// How many records pass between two checks of how far all partitions have been read.
const LOOK_EVERY: u32 = 512;

/// Holds records back until every partition has been read up to their append time. The order within a partition is kept.
#[derive(Debug, Default)]
pub(crate) struct AppendOrder {
    /// Everything appended to a partition before this has been read.
    reached_ms: Vec<i64>,
    held: BTreeMap<i64, Vec<TimedRecord>>,
    spare: Vec<Vec<TimedRecord>>,
    held_records: usize,
    frontier_ms: i64,
    since_look: u32,
    /// Records that came after later-appended ones had been released.
    overtaken: u64,
}

/// A record whose turn it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InOrder {
    /// The record.
    pub record: TimedRecord,
    /// When it was appended, in milliseconds.
    pub appended_ms: i64,
    /// Whether it comes after later-appended ones, because the limit on holding back was reached.
    pub is_overtaken: bool,
}

impl AppendOrder {
    /// For a topic with this many partitions.
    #[must_use]
    pub(crate) fn new(partitions: usize) -> Self {
        AppendOrder { reached_ms: vec![i64::MIN; partitions], frontier_ms: i64::MIN, ..AppendOrder::default() }
    }

    /// How many records came after later-appended ones had been released.
    #[must_use]
    pub(crate) fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// The next record of its partition. An append time that goes back within a partition is replaced by the latest one there.
    pub(crate) fn push(&mut self, record: &TimedRecord, appended_ms: i64, go: &mut impl FnMut(&InOrder)) {
        let partition = usize::from(record.partition);
        if partition >= self.reached_ms.len() {
            self.reached_ms.resize(partition + 1, i64::MIN);
        }
        let reached_ms = &mut self.reached_ms[partition];
        let appended_ms = appended_ms.max(*reached_ms);
        *reached_ms = appended_ms;
        if appended_ms < self.frontier_ms {
            self.overtaken += 1;
            go(&InOrder { record: *record, appended_ms: self.frontier_ms, is_overtaken: true });
            return;
        }
        let spare = &mut self.spare;
        self.held.entry(appended_ms).or_insert_with(|| spare.pop().unwrap_or_default()).push(*record);
        self.held_records += 1;
        self.since_look += 1;
        if self.since_look >= LOOK_EVERY {
            self.look(go);
        }
    }

    /// Everything that was appended to a partition before this moment has been read.
    pub(crate) fn reached(&mut self, partition: u16, appended_ms: i64) {
        if let Some(reached_ms) = self.reached_ms.get_mut(usize::from(partition)) {
            *reached_ms = appended_ms.max(*reached_ms);
        }
    }

    /// Nothing more comes: everything is released.
    pub(crate) fn finish(&mut self, go: &mut impl FnMut(&InOrder)) {
        self.go_on_before(i64::MAX, go);
        for (appended_ms, records) in std::mem::take(&mut self.held) {
            records.iter().for_each(|record| go(&InOrder { record: *record, appended_ms, is_overtaken: false }));
        }
        self.held_records = 0;
    }

    fn look(&mut self, go: &mut impl FnMut(&InOrder)) {
        self.since_look = 0;
        let reached_ms = self.reached_ms.iter().copied().min().unwrap_or(i64::MIN);
        self.go_on_before(reached_ms, go);
        while self.held_records > MOST_HELD {
            let Some(oldest_ms) = self.held.first_key_value().map(|(appended_ms, _)| *appended_ms) else { return };
            self.go_on_before(oldest_ms.saturating_add(1), go);
        }
    }

    fn go_on_before(&mut self, frontier_ms: i64, go: &mut impl FnMut(&InOrder)) {
        while let Some(oldest) = self.held.first_entry().filter(|oldest| *oldest.key() < frontier_ms) {
            let (appended_ms, mut records) = oldest.remove_entry();
            self.held_records -= records.len();
            for record in records.drain(..) {
                go(&InOrder { record, appended_ms, is_overtaken: false });
            }
            self.spare.push(records);
        }
        self.frontier_ms = self.frontier_ms.max(frontier_ms);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whichever partition is read ahead: records are released in append order, nothing twice, nothing missing.
        #[test]
        fn records_go_on_in_the_order_of_appending(reads in prop::collection::vec((0..3_u16, 0..40_i64), 0..3000)) {
            let (mut order, mut seen, mut last) = (AppendOrder::new(3), Vec::new(), [0_i64; 3]);
            let mut go = |next: &InOrder| seen.push((next.appended_ms, next.record.partition, next.record.event_time_ms));
            for (number, (partition, step)) in (0..).zip(&reads) {
                let at = &mut last[usize::from(*partition)];
                *at += step;
                let record = TimedRecord { partition: *partition, event_time_ms: number, appended_ms: Some(*at), appended_by_ms: None, key_hash: None };
                order.push(&record, *at, &mut go);
            }
            order.finish(&mut go);
            prop_assert_eq!(seen.len(), reads.len());
            prop_assert!(seen.is_sorted_by_key(|(appended_ms, _, _)| *appended_ms));
            for partition in 0..3 {
                prop_assert!(seen.iter().filter(|one| one.1 == partition).is_sorted_by_key(|one| one.2));
            }
            prop_assert_eq!(order.overtaken(), 0);
        }
    }

    #[test]
    fn a_silent_partition_does_not_hold_for_ever() {
        let (mut order, mut seen) = (AppendOrder::new(2), 0_usize);
        let record =
            TimedRecord { partition: 0, event_time_ms: 0, appended_ms: None, appended_by_ms: None, key_hash: None };
        for appended_ms in 0..(2 * MOST_HELD as i64) {
            order.push(&record, appended_ms, &mut |_| seen += 1);
        }
        assert!(seen > MOST_HELD / 2 && order.held_records <= MOST_HELD + LOOK_EVERY as usize);
        let late = TimedRecord { partition: 1, ..record };
        order.push(&late, 5, &mut |next| assert!(next.is_overtaken));
        assert_eq!(order.overtaken(), 1);
    }
}
