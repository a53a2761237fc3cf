//! Hands over what an answer holds, as the rules above a reader know it.

use super::aborted::Aborted;
use super::answer::Part;
use super::compression::plain;
use super::place::{Found, walk};
use crate::kafka::{Parts, SourceEvent, Timestamp};

/// The producer gave no timestamp.
const NO_TIMESTAMP_MS: i64 = -1;

/// When records were taken, and the longest that they may have waited for it, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) consumed_ns: u64,
    pub(super) behind_ns: u64,
}

/// Returns how many events that were.
pub(super) fn hand_over(parts: Vec<Part>, taken: Taken, seen: &mut impl FnMut(SourceEvent<'_>)) -> usize {
    let mut events = 0;
    for part in parts {
        let mut count = |event: SourceEvent<'_>| {
            events += 1;
            seen(event);
        };
        match part {
            Part::Error { reason, is_stuck } => count(SourceEvent::Error { reason, fatal: is_stuck }),
            Part::Records { partition, from, bytes, aborted, end } => {
                walk(from, &bytes, aborted.map(Aborted::new), plain, |found| count(event_of(found, partition, taken)));
                if let Some(offset) = end {
                    count(SourceEvent::End { partition, offset });
                }
            }
        }
    }
    events
}

fn event_of(found: Found<'_>, partition: i32, taken: Taken) -> SourceEvent<'_> {
    match found {
        Found::Record { record, timestamp_ms, by_broker } => {
            let timestamp = (timestamp_ms != NO_TIMESTAMP_MS).then_some(Timestamp { ms: timestamp_ms, by_broker });
            let (offset, key, payload) = (record.offset, record.key, record.value);
            let parts = Parts { partition, offset, key, payload, timestamp, headers: record.headers() };
            let Taken { consumed_ns, behind_ns } = taken;
            SourceEvent::Record { record: parts.into(), consumed_ns, behind_ns }
        }
        Found::Unread { base_offset, events, why } => {
            let reason = format!("partition {partition}, the batch at offset {base_offset}: {why}");
            SourceEvent::Unread { reason, events }
        }
    }
}
