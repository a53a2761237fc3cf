//! What the threads of a stream need to know before they start, and the events that follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::RecordWriter;
use crate::clock::Clock;
use crate::event::RunTag;
use crate::event::payload::Stamps;
use crate::load::{PlannedSend, StreamSchedule};
use crate::profile::{Client, Delivery, WhenFull};

/// All that the threads of one stream need to know.
#[derive(Debug)]
pub struct StreamPlan {
    /// The stream's position in the profile.
    pub stream: usize,
    /// Its name.
    pub name: String,
    /// What is due when.
    pub schedule: Arc<StreamSchedule>,
    /// The logical producers that this process sends for.
    pub producers: Vec<u16>,
    /// How many workers share them.
    pub workers: usize,
    /// The run's tag.
    pub run: RunTag,
    /// The process's clock.
    pub clock: Clock,
    /// The start of the run, in nanoseconds since 1970; known when all clients are ready (see [`Ready::start`](super::Ready::start)).
    pub start_ns: u64,
    /// The warm-up, in nanoseconds from the start.
    pub warmup_ns: u64,
    /// How long to wait for events in flight after the end of the schedule, in nanoseconds.
    pub drain_ns: u64,
    /// Which client sends.
    pub client: Client,
    /// What the client is asked to guarantee.
    pub delivery: Delivery,
    /// How often a transaction is committed, in nanoseconds.
    pub transaction_ns: u64,
    /// What happens when the queue is full.
    pub when_full: WhenFull,
    /// Writes records; each worker has a copy.
    pub records: RecordWriter,
    /// Count what the profile disturbs on purpose as it is sent.
    pub counts_injected: bool,
    /// The topic.
    pub topic: String,
    /// The client's settings, resolved; a worker's transactional id is added.
    pub settings: BTreeMap<String, String>,
    /// The most events in flight for each worker.
    pub capacity: usize,
}

impl StreamPlan {
    /// The times that a send carries when it is handed over at `sent_ns` (since 1970).
    pub(super) fn stamps(&self, send: &PlannedSend, sent_ns: u64) -> Stamps {
        Stamps {
            event_time_ms: self.start_ns.cast_signed().saturating_add(send.event_time_ns).div_euclid(1_000_000),
            due_us: (self.start_ns + send.due_ns) / 1000,
            sent_us: sent_ns / 1000,
        }
    }
}
