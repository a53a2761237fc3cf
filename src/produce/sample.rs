//! The first events of a stream as they would be sent: for a look before a run. Pure.

use std::ops::Range;
use std::sync::Arc;

use super::record::RecordWriter;
use crate::event::payload::Stamps;
use crate::event::{EventId, RunTag};
use crate::kafka::{Beside, Headers, Written};
use crate::load::{PlannedSend, StreamSchedule};
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
    /// The record's timestamp in milliseconds since 1970; none where the client stamps it.
    pub(crate) timestamp_ms: Option<i64>,
    /// The record's headers.
    pub(crate) headers: Headers,
    /// The payload; none for a tombstone.
    pub(crate) payload: Option<Vec<u8>>,
    /// The record's key as JSON, where it is written by a schema.
    pub(crate) decoded_key: Option<String>,
    /// The payload as JSON, where it is written by a schema.
    pub(crate) decoded: Option<String>,
}

/// The first events of a stream, in the order in which they are due, of a run that starts with the year 2030 and sends each on time.
pub(crate) fn sample(stream: &Stream, index: u8, schedule: &Arc<StreamSchedule>, count: usize) -> Vec<Sampled> {
    let of_producer = |producer| schedule.sends(producer, 0).take(count).map(move |send| (producer, send));
    let mut sends: Vec<(u16, PlannedSend)> = (0..stream.producers).flat_map(of_producer).collect();
    sends.sort_by_key(|(producer, send)| (send.due_ns, *producer));
    let mut records = RecordWriter::new(stream, schedule);
    let message = |(producer, send): (u16, PlannedSend)| {
        let id =
            EventId { run: RunTag(0), stream: index, producer, partition: send.partition, sequence: send.sequence };
        let due_us = (START_NS + send.due_ns) / 1000;
        let event_time_ms = START_NS.cast_signed().saturating_add(send.event_time_ns).div_euclid(1_000_000);
        let stamps = Stamps { event_time_ms, due_us, sent_us: due_us };
        let mut out = Vec::new();
        let Written { key, payload, beside } = records.write(&mut out, id, &stamps, &send);
        let bytes = |range: Range<usize>| out[range].to_vec();
        let Beside { headers, timestamp_ms } = beside;
        let payload = payload.map(bytes);
        let key = key.map(bytes);
        let decoded_key = stream.keys.key_record().zip(key.as_ref()).and_then(|(record, key)| record.shown(key));
        let encoding = stream.payload.encoding();
        let decoded = encoding.zip(payload.as_ref()).and_then(|(encoding, payload)| encoding.shown(payload));
        let partition = send.partition.number();
        Sampled { timestamp_ms, partition, key, decoded_key, headers, payload, decoded }
    };
    sends.into_iter().take(count).map(message).collect()
}
