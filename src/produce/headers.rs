//! The record headers of a stream's events. Pure.

use std::ops::Range;
use std::sync::Arc;

use crate::event::EventId;
use crate::event::payload::{Stamps, TODAYS_ID, TODAYS_STAMPS};
use crate::event::place::Part;
use crate::kafka::Headers;
use crate::load::RecordForm;
use crate::payload::schema::FRAME_HEADER;
use crate::payload::{Encoder, EventParts, Template};
use crate::profile::Stream;

/// Writes the headers of one stream.
#[derive(Debug, Clone)]
pub(super) struct HeaderWriter {
    /// The parts of an event that travel in floodmark's own headers.
    parts: Vec<(Part, Arc<str>)>,
    /// The same of a tombstone, which has no other place for them; none where there are no tombstones.
    of_tombstones: Vec<(Part, Arc<str>)>,
    /// What names the schema of the payload, where that stands in a header.
    of_schema: Option<(Arc<str>, Vec<u8>)>,
    /// The user's own.
    texts: Vec<(Arc<str>, Encoder)>,
}

impl HeaderWriter {
    pub(super) fn new(stream: &Stream) -> Self {
        let named = |part: Part| (part, Arc::from(part.header()));
        let text =
            |(name, text): &(Arc<str>, Arc<Template>)| (Arc::clone(name), Encoder::template(Arc::clone(text), true));
        let of_tombstones: &[Part] = if stream.has_tombstones() { &Part::ALL } else { &[] };
        HeaderWriter {
            parts: stream.payload.header_parts().into_iter().map(named).collect(),
            of_tombstones: of_tombstones.iter().copied().map(named).collect(),
            of_schema: schema_header(stream).map(|header| (Arc::from(FRAME_HEADER), header.to_vec())),
            texts: stream.read_headers.iter().map(text).collect(),
        }
    }

    /// Whether no record has any.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.of_tombstones.is_empty() && self.of_schema.is_none() && self.texts.is_empty()
    }

    /// The headers of an event whose key stands in `out`: ids as text, times as numbers in floodmark's own units, and the user's texts.
    pub(super) fn write(&mut self, event: &EventParts<'_>, form: RecordForm, out: &[u8]) -> Headers {
        let parts = if form == RecordForm::Tombstone { &self.of_tombstones } else { &self.parts };
        let of_part = |(part, name): &(Part, Arc<str>)| (Arc::clone(name), text_of(*part, event.id, event.stamps));
        let key = event.key.clone().map_or(&[][..], |range| &out[range]);
        let of_text = |(name, text): &mut (Arc<str>, Encoder)| (Arc::clone(name), written(text, event, key));
        // Without a payload there is nothing of a schema.
        let of_schema = self.of_schema.iter().filter(|_| form != RecordForm::Tombstone).cloned();
        parts.iter().map(of_part).chain(of_schema).chain(self.texts.iter_mut().map(of_text)).collect()
    }
}

/// The lengths of the names and of the longest values that a stream's headers may have, of records with a payload.
pub(super) fn longest(stream: &Stream, key_bytes: usize) -> Vec<(u64, u64)> {
    let of_part = |part: Part| (part.header().len(), text_of(part, TODAYS_ID, &TODAYS_STAMPS).len());
    let of_text = |(name, text): &(Arc<str>, Arc<Template>)| (name.len(), text.longest_bytes(key_bytes));
    let parts = stream.payload.header_parts().into_iter().map(of_part);
    let of_schema = schema_header(stream).map(|header| (FRAME_HEADER.len(), header.len()));
    let lengths = parts.chain(of_schema).chain(stream.read_headers.iter().map(of_text));
    lengths.map(|(name, value)| (name as u64, value as u64)).collect()
}

fn schema_header(stream: &Stream) -> Option<&[u8]> {
    stream.payload.encoding().and_then(|encoding| encoding.header())
}

/// A text, written for an event with this key.
fn written(text: &mut Encoder, event: &EventParts<'_>, key: &[u8]) -> Vec<u8> {
    let mut out = key.to_vec();
    let stands: Option<Range<usize>> = event.key.as_ref().map(|_| 0..key.len());
    text.write(&mut out, &EventParts { key: stands, size_bytes: 0, ..event.clone() });
    out.split_off(key.len())
}

fn text_of(part: Part, id: EventId, stamps: &Stamps) -> Vec<u8> {
    let text = match part {
        Part::Id => id.to_uuid().to_string(),
        Part::EventTime => stamps.event_time_ms.to_string(),
        Part::Due => stamps.due_us.to_string(),
        Part::Sent => stamps.sent_us.to_string(),
    };
    text.into_bytes()
}
