//! A message at a stage, and whose event it is.

use super::DueWord;
use crate::event::{EventId, NotOurs, Partition, RunTag};

/// One message, as the stage's extraction found it.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// Whose event it is, or why that is unknown.
    pub id: Result<EventId, Unidentified>,
    /// The partition that it was read from.
    pub partition: Partition,
    /// A hash of its key; nothing without a key.
    pub key_hash: Option<u64>,
    /// When it was due, in nanoseconds since 1970, if that is known.
    pub due_ns: Option<u64>,
    /// When it was due, in nanoseconds from the start of the run.
    pub due_offset_ns: u64,
    /// How the message's own claim of its due time compares with the schedule.
    pub due_word: DueWord,
    /// When it was handed to the client, in nanoseconds since 1970, if the message says so.
    pub sent_ns: Option<u64>,
    /// When it was seen, in nanoseconds since 1970.
    pub consumed_ns: u64,
    /// How long it may have waited for the observer itself, at most, in nanoseconds.
    pub behind_ns: u64,
    /// The size of its payload.
    pub payload_bytes: usize,
    /// Whether it was due in the warm-up, so that its latency is left out.
    pub warmup: bool,
    /// The phase in which it was due, where figures are told for each.
    pub phase: Option<u8>,
    /// For a message without a readable id: whether it may be an event of this run nevertheless.
    pub suspicion: Suspicion,
}

/// Whether a message without a readable id may be an event of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suspicion {
    /// It could be examined, and holds no id of this run.
    #[default]
    None,
    /// It cannot be examined.
    Opaque,
    /// It holds an id of this run, but not where the stage looks for it.
    Misplaced,
}

/// Why a message is not an identifiable event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unidentified {
    /// No id was found in it.
    Unreadable,
    /// It has an id that floodmark does not write.
    Foreign,
    /// It has an id with wrong check bits that seems to be of this run.
    Corrupt(RunTag),
}

impl Unidentified {
    /// What a UUID is, if not an event's id. The run tag of a corrupt id is trusted, to say whose message was changed.
    #[must_use]
    pub fn of(uuid: uuid::Uuid, why: NotOurs) -> Self {
        match why {
            NotOurs::Foreign => Unidentified::Foreign,
            NotOurs::Corrupt => Unidentified::Corrupt(RunTag((uuid.as_u128() >> 96) as u32)),
        }
    }
}
