//! The words of a producing client, whichever it is: an event on its way, and what became of it.

use rdkafka::types::RDKafkaErrorCode;

use crate::event::Partition;

/// An event in flight, as its delivery identifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// The logical producer.
    pub producer: u16,
    /// The event's number.
    pub sequence: u64,
    /// 0, or a copy's number.
    pub attempt: u8,
    /// The partition.
    pub partition: Partition,
    /// It was due during the warm-up: counted, not timed.
    pub warmup: bool,
    /// The phase in which it was due, where figures are told for each.
    pub phase: Option<u8>,
    /// When it was handed over, in nanoseconds since 1970.
    pub sent_ns: u64,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Written, at this offset.
    Acked {
        /// The record's offset.
        offset: i64,
    },
    /// Certainly not written.
    Failed(RDKafkaErrorCode),
    /// Written or not: the client cannot tell.
    Unresolved(RDKafkaErrorCode),
}

/// An event and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The event.
    pub event: Outgoing,
    /// What became of it.
    pub outcome: Outcome,
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransactionOutcome {
    /// Everything in it is visible.
    Committed,
    /// Nothing in it is visible; why.
    Aborted(String),
    /// The client cannot tell; why.
    Unknown(String),
}

/// Why the client did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Its queue is full: try again later.
    QueueFull,
    /// It never will: too large, or the client failed for good.
    Never(RDKafkaErrorCode),
}

impl Rejection {
    pub(super) fn of(code: RDKafkaErrorCode) -> Self {
        if code == RDKafkaErrorCode::QueueFull { Rejection::QueueFull } else { Rejection::Never(code) }
    }
}
