//! The first events of a stream as they would be sent: for a look before a run. Pure.

use std::sync::Arc;

use super::headers::headers_of;
use super::plan::encoder_of;
use crate::event::payload::Stamps;
use crate::event::{EventId, RunTag};
use crate::load::{PlannedSend, StreamSchedule};
use crate::payload::EventParts;
use crate::profile::Stream;

/// When a sample's run would start: 2030-01-01, in nanoseconds since 1970.
const START_NS: u64 = 1_893_456_000_000_000_000;

/// One message, as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sampled {
    /// The partition it goes to.
    pub(crate) partition: u16,
    /// The record's key.
    pub(crate) key: Option<Vec<u8>>,
    /// The record's headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The payload.
    pub(crate) payload: Vec<u8>,
    /// The payload as JSON, where it is written by a schema.
    pub(crate) decoded: Option<String>,
}

/// The first events of a stream, in the order in which they are due, of a run that starts with the year 2030 and sends each on time.
pub(crate) fn sample(stream: &Stream, index: u8, schedule: &Arc<StreamSchedule>, count: usize) -> Vec<Sampled> {
    let of_producer = |producer| schedule.sends(producer, 0).take(count).map(move |send| (producer, send));
    let mut sends: Vec<(u16, PlannedSend)> = (0..stream.producers).flat_map(of_producer).collect();
    sends.sort_by_key(|(producer, send)| (send.due_ns, *producer));
    let mut encoder = encoder_of(stream);
    let parts = stream.payload.header_parts();
    let message = |(producer, send): (u16, PlannedSend)| {
        let id =
            EventId { run: RunTag(0), stream: index, producer, partition: send.partition, sequence: send.sequence };
        let due_us = (START_NS + send.due_ns) / 1000;
        let event_time_ms = START_NS.cast_signed().saturating_add(send.event_time_ns).div_euclid(1_000_000);
        let stamps = Stamps { event_time_ms, due_us, sent_us: due_us };
        let mut out = Vec::new();
        if let Some(key) = send.key {
            schedule.write_key(key, &mut out);
        }
        let key_bytes = out.len();
        let event = EventParts {
            id,
            stamps: &stamps,
            key: send.key.map(|_| 0..key_bytes),
            size_bytes: send.size_bytes,
            seeds: schedule.field_seeds(producer, send.sequence, send.key),
        };
        encoder.write(&mut out, &event);
        let payload = out.split_off(key_bytes);
        let headers = headers_of(&parts, id, &stamps);
        let decoded = stream.payload.encoding().and_then(|encoding| encoding.shown(&payload));
        Sampled { partition: send.partition.number(), key: send.key.map(|_| out), headers, payload, decoded }
    };
    sends.into_iter().take(count).map(message).collect()
}
