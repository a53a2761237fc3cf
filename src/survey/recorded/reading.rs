//! How the rows of a recorded stream are read, beside what they say themselves.

use crate::consume::recorded::{Recorded, RecordedRow};
use crate::results::verdicts::{EventFate, EventVerdict};

/// How a file is to be read, beside what it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// The watermark follows every event, in the file's order.
    pub per_record: bool,
    /// Spark: a batch without data follows every batch that moved the watermark.
    pub quiet_stream: bool,
}

/// A partition's place among those that the file names.
pub(super) fn place(recorded: &Recorded, partition: Option<u32>) -> usize {
    recorded.partitions.binary_search(&partition.unwrap_or(0)).unwrap_or(0)
}

/// The verdict on an event.
pub(super) fn verdict_of(row: &RecordedRow, time_ms: Option<i64>, verdict: EventFate) -> EventVerdict {
    EventVerdict { line: row.line, partition: row.partition.unwrap_or(0), time_ms, verdict }
}
