//! Writes a stream's records: key, payload, headers. Pure.

use std::sync::Arc;

use super::headers::HeaderWriter;
use super::largest::sizes_are_filler;
use crate::event::EventId;
use crate::event::payload::Stamps;
use crate::kafka::{Beside, Written};
use crate::load::{PlannedSend, RecordForm, StreamSchedule};
use crate::payload::{Encoder, EventParts};
use crate::profile::{Codec, RecordTimestamp, Stream};

/// A record's timestamp that says it has none.
const NO_TIMESTAMP_MS: i64 = -1;

/// Writes the records of one stream. Each thread has its own: it remembers texts that consecutive events share.
#[derive(Debug, Clone)]
pub struct RecordWriter {
    schedule: Arc<StreamSchedule>,
    encoder: Encoder,
    headers: HeaderWriter,
    timestamp: RecordTimestamp,
}

impl RecordWriter {
    /// For the stream of this schedule.
    #[must_use]
    pub fn new(stream: &Stream, schedule: &Arc<StreamSchedule>) -> Self {
        RecordWriter {
            schedule: Arc::clone(schedule),
            encoder: encoder_of(stream),
            headers: HeaderWriter::new(stream),
            timestamp: stream.record_timestamp,
        }
    }

    /// Whether records carry more than key and payload, which the client's batch call does not take.
    #[must_use]
    pub(super) fn needs_one_by_one(&self) -> bool {
        !self.headers.is_empty() || self.timestamp != RecordTimestamp::Sent
    }

    /// Appends a send's key and payload to `out`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, id: EventId, stamps: &Stamps, send: &PlannedSend) -> Written {
        let start = out.len();
        let key = send.key.map(|key| {
            self.schedule.write_key(key, out);
            start..out.len()
        });
        let event = EventParts {
            id,
            stamps,
            key,
            size_bytes: send.size_bytes,
            seeds: self.schedule.field_seeds(id.producer, id.sequence, send.key),
        };
        let payload = (send.form != RecordForm::Tombstone).then(|| {
            let start = out.len();
            self.encoder.write(out, &event);
            start..out.len()
        });
        let headers = self.headers.write(&event, send.form, out);
        let key = event.key.filter(|_| send.form != RecordForm::NullKey);
        Written { key, payload, beside: Beside { headers, timestamp_ms: timestamp_of(self.timestamp, stamps) } }
    }
}

/// The client takes 0 for "now", and Kafka no negative time but [`NO_TIMESTAMP_MS`]: what is before 1970 is one millisecond after its start.
fn timestamp_of(timestamp: RecordTimestamp, stamps: &Stamps) -> Option<i64> {
    match timestamp {
        RecordTimestamp::Sent => None,
        RecordTimestamp::Due => Some((stamps.due_us / 1000).cast_signed().max(1)),
        RecordTimestamp::EventTime => Some(stamps.event_time_ms.max(1)),
        RecordTimestamp::None => Some(NO_TIMESTAMP_MS),
    }
}

/// Writes the payloads of a stream.
fn encoder_of(stream: &Stream) -> Encoder {
    let sizes_are_filler = sizes_are_filler(stream);
    match (stream.payload.template(), stream.payload.codec) {
        (Some(template), _) => Encoder::template(Arc::clone(template), sizes_are_filler),
        (None, Codec::Json) => Encoder::json(sizes_are_filler),
        (None, Codec::Binary) => Encoder::binary(),
    }
}
