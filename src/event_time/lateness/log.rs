//! The watermark log: a row for every second and partition, and what stood still in it.
//!
//! Rows are handed out as their second ends, and not kept. Only a few numbers for
//! each partition and producer remain, for a run of any length.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    measured::is_ahead,
    stalls::{Furthest, PartitionLog, StallCause, Stalls, Trailing},
};
use crate::event_time::watermark::{ModelSpec, Rule};
use crate::mergeable::Merge;

/// An event time further ahead of the clock than this counts as one from the future, in milliseconds: an hour, the limit beyond which Kafka
/// itself rejects record timestamps (`message.timestamp.after.max.ms`, since 4.0).
pub(crate) const AHEAD_LIMIT_MS: u64 = 3_600_000;

/// The thresholds that the log judges by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogRule {
    /// When a record is late.
    pub late: Rule,
    /// The out-of-orderness bound, in milliseconds.
    pub bound_ms: u64,
    /// An event time further ahead of the clock than this is from the future, in milliseconds.
    pub ahead_limit_ms: u64,
}

impl LogRule {
    /// The thresholds of a model.
    #[must_use]
    pub(crate) fn of_model(spec: &ModelSpec) -> Self {
        LogRule {
            late: Rule::new(spec),
            bound_ms: u64::try_from(spec.tolerance_ms()).unwrap_or(0),
            ahead_limit_ms: AHEAD_LIMIT_MS,
        }
    }
}

/// One record, as the log sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timed {
    /// The partition that it was read from.
    pub partition: u16,
    /// The logical producer, if known.
    pub producer: Option<u16>,
    /// The event time that it claims, in milliseconds since 1970.
    pub event_time_ms: i64,
    /// When it was appended, sent or seen, in milliseconds since 1970.
    pub clock_ms: i64,
}

/// A partition's second, or that of all partitions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow {
    /// Seconds since the start of the run.
    pub second: u64,
    /// `None`: the minimum over all partitions, which is what windows wait for.
    pub partition: Option<u16>,
    /// Records in this second.
    pub records: u64,
    /// The largest event time so far, in milliseconds since 1970. `None` before the first record (for all: while any partition has none).
    pub max_event_time_ms: Option<i64>,
    /// That minus the bound. (Flink's own number is 1 ms lower.) Beam's follows the clock where no record came in this second. For all: the
    /// minimum over the partitions, which never goes back.
    pub watermark_ms: Option<i64>,
    /// How far the watermark is behind the clock, in milliseconds; negative when it is ahead.
    pub lag_ms: Option<i64>,
    /// Why it did not move in this second although another partition's did.
    pub stalled: Option<StallCause>,
}

/// What a log found, by partition. Parts of readers that own different partitions
/// merge; stalls are then those that each reader saw among its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogFigures {
    /// By partition.
    pub partitions: BTreeMap<u16, PartitionLog>,
}

impl Merge for LogFigures {
    fn merge(&mut self, other: Self) {
        let LogFigures { partitions } = other;
        for (partition, log) in partitions {
            self.partitions.entry(partition).or_default().merge(log);
        }
    }
}

/// Writes the log in the order of reading.
#[derive(Debug)]
pub(crate) struct WatermarkLog {
    rule: LogRule,
    partitions: Vec<Partition>,
    /// The watermark of all partitions, so far.
    watermark_ms: Option<i64>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Another reader reads it: nothing is known of it here.
    elsewhere: bool,
    max_ms: Option<i64>,
    /// The producer whose event holds the maximum.
    leader: Option<u16>,
    /// The maximum without events from the future.
    honest_max_ms: Option<i64>,
    records_in_second: u64,
    max_when_second_began_ms: Option<i64>,
    stalls: Stalls,
    figures: PartitionLog,
}

/// The minimum over all partitions in a second: if one of them has no value, all have none.
#[derive(Debug, Default)]
struct Least {
    records: u64,
    max_ms: Option<Option<i64>>,
    watermark_ms: Option<Option<i64>>,
}

impl Least {
    fn add(&mut self, records: u64, max_ms: Option<i64>, watermark_ms: Option<i64>) {
        let least = |own: Option<Option<i64>>, other: Option<i64>| Some(own.map_or(other, |own| own.min(other)));
        self.records += records;
        self.max_ms = least(self.max_ms, max_ms);
        self.watermark_ms = least(self.watermark_ms, watermark_ms);
    }
}

impl WatermarkLog {
    /// A log for a topic with this many partitions. Those without records count: they hold back what waits for all.
    #[must_use]
    pub(crate) fn new(rule: LogRule, partitions: u16) -> Self {
        WatermarkLog { rule, partitions: (0..partitions).map(|_| Partition::default()).collect(), watermark_ms: None }
    }

    /// The same for a reader of some of the partitions: it says nothing of the others, nor of what waits for all.
    #[must_use]
    pub(crate) fn of_some(rule: LogRule, partitions: u16, read: &BTreeSet<u16>) -> Self {
        let mut log = WatermarkLog::new(rule, partitions);
        for (number, partition) in (0..).zip(&mut log.partitions) {
            partition.elsewhere = !read.contains(&number);
        }
        log
    }

    /// Takes in a record.
    pub(crate) fn observe(&mut self, record: &Timed) {
        let place = usize::from(record.partition);
        if place >= self.partitions.len() {
            self.partitions.resize_with(place + 1, Partition::default);
        }
        self.partitions[place].observe(record, &self.rule);
    }

    /// Ends a second: its rows go to `out`, one for each partition that is read here, and one for all if all are read here. `clock_ms` is
    /// the time now, in milliseconds since 1970.
    pub(crate) fn end_second(&mut self, second: u64, clock_ms: i64, mut out: impl FnMut(&LogRow)) {
        let advanced = self.partitions.iter().filter(|partition| partition.has_advanced()).count();
        let foremost_ms = self.partitions.iter().filter_map(|partition| partition.honest_max_ms).max();
        let rule = self.rule;
        let row = |partition, records, max_event_time_ms, watermark_ms: Option<i64>, stalled| {
            let lag_ms = watermark_ms.map(|watermark_ms| clock_ms.saturating_sub(watermark_ms));
            LogRow { second, partition, records, max_event_time_ms, watermark_ms, lag_ms, stalled }
        };
        let mut all = Least::default();
        let own = (0..).zip(&mut self.partitions).filter(|(_, partition)| !partition.elsewhere);
        for (number, partition) in own {
            let records = std::mem::take(&mut partition.records_in_second);
            let others_advanced = advanced > usize::from(partition.has_advanced());
            let stalled = partition.stall_cause(records, clock_ms, &rule).filter(|_| others_advanced);
            partition.stalls.second(second, stalled);
            if records > 0 {
                partition.note_trailing(foremost_ms);
            }
            partition.max_when_second_began_ms = partition.max_ms;
            let watermark_ms = rule.late.watermark_ms(rule.bound_ms, partition.max_ms, clock_ms, records == 0);
            all.add(records, partition.max_ms, watermark_ms);
            out(&row(Some(number), records, partition.max_ms, watermark_ms, stalled));
        }
        if self.partitions.iter().any(|partition| partition.elsewhere) {
            return;
        }
        self.watermark_ms = self.watermark_ms.max(all.watermark_ms.flatten());
        let watermark_ms = all.watermark_ms.flatten().and(self.watermark_ms);
        out(&row(None, all.records, all.max_ms.flatten(), watermark_ms, None));
    }

    /// What the log found.
    #[must_use]
    pub(crate) fn finish(self) -> LogFigures {
        let figures = |partition: Partition| PartitionLog { stalls: partition.stalls, ..partition.figures };
        let own = (0..).zip(self.partitions).filter(|(_, partition)| !partition.elsewhere);
        LogFigures { partitions: own.map(|(number, partition)| (number, figures(partition))).collect() }
    }
}

impl Partition {
    fn observe(&mut self, record: &Timed, rule: &LogRule) {
        let time_ms = record.event_time_ms;
        self.records_in_second += 1;
        self.figures.records += 1;
        if rule.late.needed_bound_at_ms(self.max_ms, time_ms, record.clock_ms) > rule.bound_ms {
            let by_future = rule.late.needed_bound_at_ms(self.honest_max_ms, time_ms, record.clock_ms) <= rule.bound_ms;
            self.figures.count_late(record.producer, self.leader, by_future);
        }
        if is_ahead(time_ms, record.clock_ms, rule.ahead_limit_ms) {
            let ahead_ms = time_ms.abs_diff(record.clock_ms);
            self.figures.count_ahead(Furthest { ahead_ms, event_time_ms: time_ms, producer: record.producer });
        } else {
            self.honest_max_ms = self.honest_max_ms.max(Some(time_ms));
        }
        if self.max_ms.is_none_or(|max_ms| time_ms > max_ms) {
            self.max_ms = Some(time_ms);
            self.leader = record.producer;
        }
    }

    fn has_advanced(&self) -> bool {
        self.max_ms > self.max_when_second_began_ms
    }

    /// Why the maximum did not move in this second.
    fn stall_cause(&self, records: u64, clock_ms: i64, rule: &LogRule) -> Option<StallCause> {
        if self.has_advanced() {
            return None;
        }
        let is_from_future = self.max_ms.is_some_and(|max_ms| is_ahead(max_ms, clock_ms, rule.ahead_limit_ms));
        Some(match (is_from_future, records) {
            (true, _) => StallCause::FutureEvent,
            // It advances with the clock.
            (false, 0) if rule.late.spec().follows_clock() && self.max_ms.is_some() => return None,
            (false, 0) => StallCause::Idle,
            (false, _) => StallCause::OldTimes,
        })
    }

    /// How far this partition's own times are behind the foremost partition's.
    fn note_trailing(&mut self, foremost_ms: Option<i64>) {
        if let (Some(foremost_ms), Some(own_ms)) = (foremost_ms, self.honest_max_ms) {
            self.figures.trailing.merge(Trailing::once(foremost_ms.abs_diff(own_ms)));
        }
    }
}

#[cfg(test)]
mod tests;
