//! Writes a stream's records: key, payload, headers. Pure.

use std::ops::Range;
use std::sync::Arc;

use super::headers::HeaderWriter;
use super::largest::sizes_are_filler;
use crate::event::EventId;
use crate::event::payload::Stamps;
use crate::kafka::{Beside, Written};
use crate::load::{PlannedSend, RecordForm, StreamSchedule};
use crate::payload::{Encoder, EventParts, KeyForm};
use crate::profile::{Codec, RecordTimestamp, Stream};

/// A record's timestamp that says it has none.
const NO_TIMESTAMP_MS: i64 = -1;

/// Writes the records of one stream. Each thread has its own: it remembers texts that consecutive events share.
#[derive(Debug, Clone)]
pub struct RecordWriter {
    schedule: Arc<StreamSchedule>,
    key_form: Option<KeyForm>,
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
            key_form: schedule.key_form(),
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

    /// Appends a record's key, and the key's name for the payload where that is another. Returns where they stand.
    fn write_key(&mut self, out: &mut Vec<u8>, key: Option<u64>) -> (Option<Range<usize>>, Option<Range<usize>>) {
        let Some(number) = key else { return (None, None) };
        let key = appended(out, |out| self.schedule.write_key(number, &mut self.key_form, out));
        let name = self.key_form.is_some().then(|| appended(out, |out| self.schedule.write_key_name(number, out)));
        (Some(key.clone()), Some(name.unwrap_or(key)))
    }

    /// Appends a send's key and payload to `out`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, id: EventId, stamps: &Stamps, send: &PlannedSend) -> Written {
        let (key, name) = self.write_key(out, send.key);
        let event = EventParts {
            id,
            stamps,
            key: name,
            size_bytes: send.size_bytes,
            seeds: self.schedule.field_seeds(id.producer, id.sequence, send.key),
        };
        let has_payload = send.form != RecordForm::Tombstone;
        let payload = has_payload.then(|| appended(out, |out| self.encoder.write(out, &event)));
        let headers = self.headers.write(&event, send.form, out);
        let key = key.filter(|_| send.form != RecordForm::NullKey);
        Written { key, payload, beside: Beside { headers, timestamp_ms: timestamp_of(self.timestamp, stamps) } }
    }
}

/// What a function appends to `out`, as the place where it then stands.
fn appended(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
    let start = out.len();
    write(out);
    start..out.len()
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
    let payload = &stream.payload;
    match (payload.template(), payload.encoding(), payload.codec) {
        (Some(template), _, _) => Encoder::template(Arc::clone(template), sizes_are_filler),
        (None, Some(encoding), _) => Encoder::schema(encoding),
        (None, None, Codec::Json) => Encoder::json(sizes_are_filler),
        (None, None, _) => Encoder::binary(),
    }
}
