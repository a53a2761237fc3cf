//! Who holds the watermark back or drags it forward, as data for plain sentences.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{count, length, seconds};

use super::{
    log::LogFigures,
    skew::ProducerSkew,
    stalls::{PartitionLog, StallCause},
};

/// The thresholds above which something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attention {
    /// A stall of this many seconds in a row.
    pub stall_s: u64,
    /// A clock that differs from the others by this many milliseconds.
    pub skew_ms: u64,
}

impl Default for Attention {
    /// 3 s and 1 s.
    fn default() -> Self {
        Attention { stall_s: 3, skew_ms: 1000 }
    }
}

/// Something that disturbs a watermark, with the evidence for its cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// An event from the future makes others late.
    FutureEvent {
        /// The partition.
        partition: u16,
        /// Events from the future in it.
        events: u64,
        /// How far the furthest is ahead of the clock, in milliseconds.
        ahead_ms: u64,
        /// Its event time, in milliseconds since 1970.
        event_time_ms: i64,
        /// Who sent it, if known.
        producer: Option<u16>,
        /// Records that are late because of such events alone.
        late: u64,
        /// Seconds in which the watermark stood still because of it while other partitions' moved.
        stalled_s: u64,
    },
    /// A producer whose clock is ahead drags the watermark forward.
    ProducerAhead {
        /// The producer.
        producer: u16,
        /// How far its clock is ahead of the median one, in milliseconds.
        ahead_ms: u64,
        /// Records that are late because of its event times.
        late: u64,
        /// All late records.
        late_in_all: u64,
    },
    /// A producer whose clock is behind: its own events are late.
    ProducerBehind {
        /// The producer.
        producer: u16,
        /// How far its clock is behind the median one, in milliseconds.
        behind_ms: u64,
        /// Records of its own that are late.
        late: u64,
        /// All late records.
        late_in_all: u64,
    },
    /// No records arrive, and the windows of all partitions wait.
    Idle {
        /// The partition.
        partition: u16,
        /// The longest stretch, in seconds.
        longest_s: u64,
        /// When it began, in seconds from the start of the run.
        from_s: u64,
        /// Whether the partition has never had a record.
        never: bool,
    },
    /// Records arrive, but none is newer than the newest before.
    OldTimes {
        /// The partition.
        partition: u16,
        /// The longest stretch, in seconds.
        longest_s: u64,
        /// When it began, in seconds from the start of the run.
        from_s: u64,
    },
    /// Records arrive, but always about the same time behind the foremost partition's: a clock that is behind.
    PartitionBehind {
        /// The partition.
        partition: u16,
        /// The minimum, in milliseconds.
        least_ms: u64,
        /// The maximum, in milliseconds.
        most_ms: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Finding::FutureEvent { partition, events, ahead_ms, producer, late, stalled_s, .. } => {
                let are = |n: u64, noun: &str| match n {
                    1 => format!("1 {noun} is"),
                    _ => format!("{} {noun}s are", count(n)),
                };
                let (from_future, whose) = (are(events, "event"), Whose(producer));
                write!(
                    f,
                    "{from_future} from the future in partition {partition}, by up to {}{whose}; ",
                    length(ahead_ms)
                )?;
                write!(f, "{} late only because of that", are(late, "record"))?;
                if stalled_s > 0 {
                    write!(f, ", and the watermark stood still for {} while others moved", seconds(stalled_s as f64))?;
                }
                f.write_str(". Refuse such events before they reach the watermark; no bound helps.")
            }
            Finding::ProducerAhead { producer, ahead_ms, late, late_in_all } => {
                write!(f, "Producer {producer}'s clock is {} ahead of the others'; it made ", length(ahead_ms))?;
                match late {
                    0 => f.write_str("no record late."),
                    _ => write!(f, "{} of the {} late records late.", count(late), count(late_in_all)),
                }
            }
            Finding::ProducerBehind { producer, behind_ms, late, late_in_all } => {
                write!(f, "Producer {producer}'s clock is {} behind the others'; ", length(behind_ms))?;
                match late {
                    0 => f.write_str("none of its records is late because of that."),
                    _ => write!(f, "{} of the {} late records are its own.", count(late), count(late_in_all)),
                }
            }
            Finding::Idle { partition, never: true, .. } => write!(
                f,
                "Partition {partition} had 0 records: unless idleness is configured, it holds every window open."
            ),
            Finding::Idle { partition, longest_s, from_s, .. } => write!(
                f,
                "Partition {partition} had no records for {}, from second {from_s} on, and held the watermark back.",
                seconds(longest_s as f64)
            ),
            Finding::OldTimes { partition, longest_s, from_s } => write!(
                f,
                "Partition {partition} had only records older than its newest for {}, from second {from_s} on: a clock was set back, or only late events came.",
                seconds(longest_s as f64)
            ),
            Finding::PartitionBehind { partition, least_ms, most_ms } => write!(
                f,
                "Partition {partition}'s event times are always {} to {} behind the foremost partition's: its clock is behind, and holds the watermark back by that.",
                length(least_ms),
                length(most_ms)
            ),
        }
    }
}

struct Whose(Option<u16>);

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |producer| write!(f, " (producer {producer})"))
    }
}

/// The findings from a run's log and its producers' clocks, the most harmful first.
///
/// A producer's clock is compared with the median one: the median over the producers of their median offsets.
#[must_use]
pub(crate) fn findings(log: &LogFigures, producers: &[ProducerSkew], attention: Attention) -> Vec<Finding> {
    let mut found = Vec::new();
    for (&partition, of) in &log.partitions {
        found.extend(future_event(partition, of));
        found.extend(stall(partition, of, attention));
        found.extend(partition_behind(partition, of, attention));
    }
    found.extend(producers_off(log, producers, attention));
    // Stable: equal ones stay in the order of partitions and producers.
    found.sort_by_key(|finding| std::cmp::Reverse(finding.harm()));
    found
}

impl Finding {
    /// Late records first, then the time that results wait.
    fn harm(&self) -> (u64, u64) {
        match *self {
            Finding::FutureEvent { late, stalled_s, .. } => (late, stalled_s),
            Finding::ProducerAhead { late, ahead_ms, .. } => (late, ahead_ms / 1000),
            Finding::ProducerBehind { late, behind_ms, .. } => (late, behind_ms / 1000),
            Finding::Idle { longest_s, .. } | Finding::OldTimes { longest_s, .. } => (0, longest_s),
            Finding::PartitionBehind { least_ms, .. } => (0, least_ms / 1000),
        }
    }
}

fn future_event(partition: u16, of: &PartitionLog) -> Option<Finding> {
    let furthest = of.furthest?;
    let stalled_s = of.stalls.by_cause.get(&StallCause::FutureEvent).map_or(0, |stall| stall.seconds);
    Some(Finding::FutureEvent {
        partition,
        events: of.ahead,
        ahead_ms: furthest.ahead_ms,
        event_time_ms: furthest.event_time_ms,
        producer: furthest.producer,
        late: of.late_by_future,
        stalled_s,
    })
}

fn stall(partition: u16, of: &PartitionLog, attention: Attention) -> Vec<Finding> {
    let stalls = of.stalls.by_cause.iter().filter(|(_, stall)| stall.longest_s >= attention.stall_s);
    stalls
        .filter_map(|(cause, stall)| {
            let (longest_s, from_s) = (stall.longest_s, stall.longest_from_s);
            match cause {
                StallCause::Idle => Some(Finding::Idle { partition, longest_s, from_s, never: of.records == 0 }),
                StallCause::OldTimes => Some(Finding::OldTimes { partition, longest_s, from_s }),
                // Reported with the event itself.
                StallCause::FutureEvent => None,
            }
        })
        .collect()
}

/// About constant: the maximum is at most 1.5 times the minimum, over at least as many seconds as make a stall.
fn partition_behind(partition: u16, of: &PartitionLog, attention: Attention) -> Option<Finding> {
    let (least_ms, most_ms) = of.trailing.range_ms?;
    let is_constant = most_ms - least_ms <= least_ms / 2;
    let is_worth_it = least_ms >= attention.skew_ms.max(1) && of.trailing.seconds >= attention.stall_s;
    (is_constant && is_worth_it).then_some(Finding::PartitionBehind { partition, least_ms, most_ms })
}

fn producers_off(log: &LogFigures, producers: &[ProducerSkew], attention: Attention) -> Vec<Finding> {
    let mut medians: Vec<f64> = producers.iter().map(|skew| skew.median_ms).collect();
    medians.sort_by(f64::total_cmp);
    let Some(&middle_ms) = medians.get(medians.len().saturating_sub(1) / 2) else { return Vec::new() };
    let late_in_all = log.partitions.values().map(|of| of.late).sum();
    let behind = by_producer(log, |of| &of.late_behind);
    let own = by_producer(log, |of| &of.late_of);
    let count = |counts: &BTreeMap<u16, u64>, producer| counts.get(&producer).copied().unwrap_or(0);
    let off = producers.iter().map(|skew| (skew.producer, (skew.median_ms - middle_ms).round()));
    off.filter(|(_, off_ms)| off_ms.abs() >= attention.skew_ms as f64)
        .map(|(producer, off_ms)| {
            let by_ms = off_ms.abs() as u64;
            if off_ms > 0.0 {
                Finding::ProducerAhead { producer, ahead_ms: by_ms, late: count(&behind, producer), late_in_all }
            } else {
                Finding::ProducerBehind { producer, behind_ms: by_ms, late: count(&own, producer), late_in_all }
            }
        })
        .collect()
}

fn by_producer(log: &LogFigures, of: impl Fn(&PartitionLog) -> &BTreeMap<u16, u64>) -> BTreeMap<u16, u64> {
    let mut sums = BTreeMap::new();
    for (&producer, &count) in log.partitions.values().flat_map(of) {
        *sums.entry(producer).or_default() += count;
    }
    sums
}
