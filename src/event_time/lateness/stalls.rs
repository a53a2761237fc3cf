//! What a partition's watermark did over a run, in a few numbers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// Why a partition's watermark stands still while another's moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StallCause {
    /// No records arrive.
    Idle,
    /// Records arrive, but none is newer than the newest before: a clock was set back, or only late ones arrive.
    OldTimes,
    /// An event from the future holds the maximum; the watermark moves again once the clock has caught up.
    FutureEvent,
}

/// The stalls of one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Seconds in total.
    pub seconds: u64,
    /// The longest stretch of seconds in a row.
    pub longest_s: u64,
    /// The second of the run in which the longest began.
    pub longest_from_s: u64,
}

impl Merge for Stall {
    fn merge(&mut self, other: Self) {
        let Stall { seconds, longest_s, longest_from_s } = other;
        self.seconds += seconds;
        // Of two equally long ones, the earlier; without any there is no beginning.
        let begins =
            |longest_s: u64, from_s: u64| (longest_s, std::cmp::Reverse(if longest_s > 0 { from_s } else { 0 }));
        if begins(longest_s, longest_from_s) > begins(self.longest_s, self.longest_from_s) {
            (self.longest_s, self.longest_from_s) = (longest_s, longest_from_s);
        }
    }
}

/// A partition's stalls by cause, and the current one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stalls {
    /// By cause.
    pub by_cause: BTreeMap<StallCause, Stall>,
    /// The cause and the beginning of the current stall.
    now: Option<(StallCause, u64)>,
}

impl Stalls {
    /// Records a second and why the watermark stood still in it.
    pub(super) fn second(&mut self, second: u64, stalled: Option<StallCause>) {
        let Some(cause) = stalled else {
            self.now = None;
            return;
        };
        let from_s = match self.now {
            Some((before, from_s)) if before == cause => from_s,
            _ => second,
        };
        self.now = Some((cause, from_s));
        let stretch = Stall { seconds: 1, longest_s: second.saturating_sub(from_s) + 1, longest_from_s: from_s };
        self.by_cause.entry(cause).or_default().merge(stretch);
    }
}

impl Merge for Stalls {
    fn merge(&mut self, other: Self) {
        let Stalls { by_cause, now: _over } = other;
        self.now = None;
        for (cause, stall) in by_cause {
            self.by_cause.entry(cause).or_default().merge(stall);
        }
    }
}

/// How far a partition's times are behind those of the foremost partition, over the seconds in which it had records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailing {
    /// Seconds with records.
    pub seconds: u64,
    /// The minimum and the maximum, in milliseconds.
    pub range_ms: Option<(u64, u64)>,
}

impl Trailing {
    pub(super) fn once(behind_ms: u64) -> Self {
        Trailing { seconds: 1, range_ms: Some((behind_ms, behind_ms)) }
    }
}

impl Merge for Trailing {
    fn merge(&mut self, other: Self) {
        let Trailing { seconds, range_ms } = other;
        self.seconds += seconds;
        self.range_ms = match (self.range_ms, range_ms) {
            (Some((min, max)), Some((other_min, other_max))) => Some((min.min(other_min), max.max(other_max))),
            (one, other) => one.or(other),
        };
    }
}

/// The event that is furthest ahead of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Furthest {
    /// By how much, in milliseconds.
    pub ahead_ms: u64,
    /// Its event time, in milliseconds since 1970.
    pub event_time_ms: i64,
    /// Who sent it, if known.
    pub producer: Option<u16>,
}

/// One partition over the whole run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionLog {
    /// How many records were seen?
    pub records: u64,
    /// How many needed a larger bound than the rule's?
    pub late: u64,
    /// How many of these would have been in time without the events from the future?
    pub late_by_future: u64,
    /// How many events were from the future?
    pub ahead: u64,
    /// The furthest of them.
    pub furthest: Option<Furthest>,
    /// By producer: how many records were late because of a maximum that this producer's event held?
    pub late_behind: BTreeMap<u16, u64>,
    /// By producer: how many of the late records were its own?
    pub late_of: BTreeMap<u16, u64>,
    /// When the watermark stood still while others moved.
    pub stalls: Stalls,
    /// How far it is behind the foremost partition.
    pub trailing: Trailing,
}

impl PartitionLog {
    pub(super) fn count_late(&mut self, producer: Option<u16>, leader: Option<u16>, by_future: bool) {
        self.late += 1;
        self.late_by_future += u64::from(by_future);
        if let Some(leader) = leader {
            *self.late_behind.entry(leader).or_default() += 1;
        }
        if let Some(producer) = producer {
            *self.late_of.entry(producer).or_default() += 1;
        }
    }

    pub(super) fn count_ahead(&mut self, event: Furthest) {
        self.ahead += 1;
        self.furthest = self.furthest.max(Some(event));
    }
}

impl Merge for PartitionLog {
    fn merge(&mut self, other: Self) {
        let PartitionLog { records, late, late_by_future, ahead, furthest, late_behind, late_of, stalls, trailing } =
            other;
        self.records += records;
        self.late += late;
        self.late_by_future += late_by_future;
        self.ahead += ahead;
        self.furthest = self.furthest.max(furthest);
        for (ours, theirs) in [(&mut self.late_behind, late_behind), (&mut self.late_of, late_of)] {
            for (producer, count) in theirs {
                *ours.entry(producer).or_default() += count;
            }
        }
        self.stalls.merge(stalls);
        self.trailing.merge(trailing);
    }
}
