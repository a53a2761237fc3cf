//! The record headers of an event. Pure.

use crate::event::EventId;
use crate::event::payload::Stamps;
use crate::event::place::Part;
use crate::kafka::Headers;

/// The headers that carry these parts of an event: ids as text, times as numbers in floodmark's own units.
pub(super) fn headers_of(parts: &[Part], id: EventId, stamps: &Stamps) -> Headers {
    parts.iter().map(|part| (part.header(), text_of(*part, id, stamps))).collect()
}

fn text_of(part: Part, id: EventId, stamps: &Stamps) -> String {
    match part {
        Part::Id => id.to_uuid().to_string(),
        Part::EventTime => stamps.event_time_ms.to_string(),
        Part::Due => stamps.due_us.to_string(),
        Part::Sent => stamps.sent_us.to_string(),
    }
}
