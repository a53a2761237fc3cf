//! The record headers of a stream's events. Pure.

use std::sync::Arc;

use crate::event::EventId;
use crate::event::payload::{Stamps, TODAYS_ID, TODAYS_STAMPS};
use crate::event::place::Part;
use crate::kafka::Headers;
use crate::payload::EventParts;
use crate::profile::Stream;

/// Writes the headers of one stream.
#[derive(Debug, Clone)]
pub(super) struct HeaderWriter {
    /// The parts of an event that travel in floodmark's own headers.
    parts: Vec<(Part, Arc<str>)>,
}

impl HeaderWriter {
    pub(super) fn new(stream: &Stream) -> Self {
        HeaderWriter { parts: stream.payload.header_parts().into_iter().map(named).collect() }
    }

    /// Whether no record has any.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The headers of an event: ids as text, times as numbers in floodmark's own units.
    pub(super) fn write(&self, event: &EventParts<'_>) -> Headers {
        let of_part = |(part, name): &(Part, Arc<str>)| (Arc::clone(name), text_of(*part, event.id, event.stamps));
        self.parts.iter().map(of_part).collect()
    }

    /// The lengths of the names and of the longest values.
    pub(super) fn longest(&self) -> Vec<(u64, u64)> {
        let length = |part| text_of(part, TODAYS_ID, &TODAYS_STAMPS).len() as u64;
        self.parts.iter().map(|(part, name)| (name.len() as u64, length(*part))).collect()
    }
}

fn named(part: Part) -> (Part, Arc<str>) {
    (part, Arc::from(part.header()))
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
