//! Where what a template writes has the parts of an event: found by writing one and looking.

use std::sync::Arc;

use serde_json::Value;

use super::parse::{TemplateError, Wrong, error_at};
use super::{Piece, Template, TemplateWriter, any};
use crate::event::payload::{Size, Stamps};
use crate::event::place::{Layout, Part, Place, TimePlace};
use crate::event::time_form::TimeForm;
use crate::event::time_writer::TimeWriter;
use crate::event::{EventId, Partition, RunTag};
use crate::payload::encoder::EventParts;
use crate::payload::generator::FieldSeeds;

/// An event that a template is unlikely to hold the parts of by chance.
const ID: EventId =
    EventId { run: RunTag(0x5EED_F10D), stream: 5, producer: 77, partition: Partition::new(3), sequence: 918_273_645 };
const STAMPS: Stamps =
    Stamps { event_time_ms: 1_234_567_891_234, due_us: 1_345_678_912_345_678, sent_us: 1_456_789_123_456_789 };

/// Where the parts are; those of `in_headers` are in floodmark's own headers.
pub(super) fn of(template: &Template, text: &str, in_headers: &[Part]) -> Result<Layout, TemplateError> {
    let at_end = |what| error_at(text, text.len(), what);
    let pieces = template.variants.first().map_or(&[][..], Vec::as_slice);
    let is_id = |piece: &Piece| *piece == Piece::Id;
    let written = written(template);
    let json: Option<Value> = serde_json::from_str(&written).ok();
    let own = Layout::of_headers();
    let by_header = |part: Part| in_headers.contains(&part).then(|| Place::Header(part.header().to_owned()));
    let id = match by_header(Part::Id) {
        Some(place) => place,
        None if pieces.iter().any(is_id) => match &json {
            Some(json) => pointer_to(json, &ID.to_uuid().to_string()).map_or(Place::Text, Place::Pointer),
            None => Place::Text,
        },
        None if any(pieces, &is_id) => return Err(at_end(Wrong::IdNotAlways)),
        None => return Err(at_end(Wrong::NoId)),
    };
    let time = |part: Part, own: Option<TimePlace>| {
        if by_header(part).is_some() {
            return own;
        }
        let (form, text) = time_in(template, pieces, part)?;
        let pointer = pointer_to(json.as_ref()?, &text)?;
        Some(TimePlace { place: Place::Pointer(pointer), form })
    };
    Ok(Layout {
        id,
        due: time(Part::Due, own.due),
        sent: time(Part::Sent, own.sent),
        event_time: time(Part::EventTime, own.event_time),
    })
}

/// What is wrong with a template whose file says that it is JSON, if what it writes is not.
pub(super) fn json_fault(template: &Template, text: &str) -> Option<TemplateError> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(&written(template)).err()?;
    Some(error_at(text, text.len(), Wrong::NotJson(error.to_string())))
}

fn written(template: &Template) -> String {
    let mut out = b"key".to_vec();
    let parts =
        EventParts { id: ID, stamps: &STAMPS, key: Some(0..3), size_bytes: 0, seeds: FieldSeeds { event: 1, key: 1 } };
    TemplateWriter::new(Arc::new(template.clone())).write(&mut out, &parts, Size::Filler(8));
    String::from_utf8_lossy(&out[3..]).into_owned()
}

/// How a time is first written outside of what is repeated or left out, and the text of it in the event that is written.
fn time_in(template: &Template, pieces: &[Piece], wanted: Part) -> Option<(TimeForm, String)> {
    let form = pieces.iter().find_map(|piece| match piece {
        Piece::Time(slot) => {
            template.times.get(*slot).filter(|(part, _)| *part == wanted).map(|(_, form)| form.clone())
        }
        _ => None,
    })?;
    let us = match wanted {
        Part::Due => STAMPS.due_us.cast_signed(),
        Part::Sent => STAMPS.sent_us.cast_signed(),
        Part::Id | Part::EventTime => STAMPS.event_time_ms * 1_000,
    };
    let mut out = Vec::new();
    TimeWriter::new(form.clone(), wanted.own_unit()).write(&mut out, us);
    Some((form, String::from_utf8_lossy(&out).into_owned()))
}

/// The JSON pointer to the first value that is this text, or this number.
fn pointer_to(json: &Value, text: &str) -> Option<String> {
    match json {
        Value::String(found) => (found == text).then(String::new),
        Value::Number(found) => (found.to_string() == text).then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let rest = pointer_to(item, text)?;
            Some(format!("/{index}{rest}"))
        }),
        Value::Object(entries) => entries.iter().find_map(|(name, value)| {
            let rest = pointer_to(value, text)?;
            Some(format!("/{}{rest}", name.replace('~', "~0").replace('/', "~1")))
        }),
        Value::Null | Value::Bool(_) => None,
    }
}
