//! What the threads of a stream need to know before they start, and the events that follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::largest::sizes_are_filler;
use crate::clock::Clock;
use crate::event::payload::Stamps;
use crate::event::place::Part;
use crate::event::{EventId, RunTag};
use crate::load::{PlannedSend, StreamSchedule};
use crate::payload::{Encoder, EventParts};
use crate::profile::{Codec, Delivery, Stream, WhenFull};

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
    /// What the client is asked to guarantee.
    pub delivery: Delivery,
    /// How often a transaction is committed, in nanoseconds.
    pub transaction_ns: u64,
    /// What happens when the queue is full.
    pub when_full: WhenFull,
    /// Writes payloads; each worker has a copy.
    pub encoder: Encoder,
    /// The parts of an event that travel in record headers.
    pub header_parts: Vec<Part>,
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

    /// Appends the key, if there is one, and then the payload. Returns the key's length.
    pub(super) fn write_event(
        &self,
        out: &mut Vec<u8>,
        encoder: &mut Encoder,
        id: EventId,
        stamps: &Stamps,
        send: &PlannedSend,
    ) -> Option<usize> {
        let start = out.len();
        let key_bytes = send.key.map(|key| {
            self.schedule.write_key(key, out);
            out.len() - start
        });
        let event = EventParts {
            id,
            stamps,
            key: key_bytes.map(|bytes| start..start + bytes),
            size_bytes: send.size_bytes,
            seeds: self.schedule.field_seeds(id.producer, id.sequence, send.key),
        };
        encoder.write(out, &event);
        key_bytes
    }
}

/// Writes the payloads of a stream.
#[must_use]
pub(crate) fn encoder_of(stream: &Stream) -> Encoder {
    let sizes_are_filler = sizes_are_filler(stream);
    let payload = &stream.payload;
    match (payload.template(), payload.encoding(), payload.codec) {
        (Some(template), _, _) => Encoder::template(Arc::clone(template), sizes_are_filler),
        (None, Some(encoding), _) => Encoder::schema(encoding),
        (None, None, Codec::Json) => Encoder::json(sizes_are_filler),
        (None, None, _) => Encoder::binary(),
    }
}
