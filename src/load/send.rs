//! One send of the schedule, as the schedule plans it and the cursor hands it out.

use super::form::RecordForm;
use crate::event::Partition;

/// One send that the schedule wants: an event's first, or a further copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedSend {
    /// When it is due, in nanoseconds from the start of the run.
    pub due_ns: u64,
    /// The event time that it claims, in nanoseconds from the start of the run: with lateness and clock error.
    pub event_time_ns: i64,
    /// The event's number among its producer's.
    pub sequence: u64,
    /// The key's number; the record itself may lack it (see `form`).
    pub key: Option<u64>,
    /// The payload's size in bytes, or the filler's if the profile gives that.
    pub size_bytes: u32,
    /// The partition it goes to.
    pub partition: Partition,
    /// 0 for the event's first send, then 1, 2, … for its copies.
    pub attempt: u8,
    /// Its event time was made late on purpose.
    pub late: bool,
    /// What its record consists of; the same for all copies.
    pub form: RecordForm,
}
