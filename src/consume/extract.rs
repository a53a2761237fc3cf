//! Finds an event's parts in a message: by the layout that floodmark writes, by JSON pointers, or in record headers. Pure.

use serde_json::Value;
use uuid::Uuid;

use super::masked::json_part;
use crate::check::Unidentified;
use crate::event::EventId;
use crate::event::payload::{HEADER_DUE, HEADER_EVENT_TIME, HEADER_ID, HEADER_SENT};
use crate::event::time_form::TimeForm;
use crate::profile::{Codec, Stage};

/// The prefix of a place that is a record header.
const HEADER_MARK: &str = "header:";

/// Where a part of an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the payload, at a JSON pointer (RFC 6901): `/meta/id`.
    Pointer(String),
    /// In the record header of this name.
    Header(String),
}

/// A place that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a place in a message: write a JSON pointer like `/meta/id`, or `header:NAME`")]
pub struct PlaceError(String);

impl Place {
    /// Reads a place as a profile writes it.
    ///
    /// # Errors
    /// [`PlaceError`] when it is neither a JSON pointer nor `header:NAME`.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix(HEADER_MARK) {
            Some("") => Err(PlaceError(text.to_owned())),
            Some(name) => Ok(Place::Header(name.to_owned())),
            None if text.starts_with('/') => Ok(Place::Pointer(text.to_owned())),
            None => Err(PlaceError(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Pointer(pointer) => f.write_str(pointer),
            Place::Header(name) => write!(f, "{HEADER_MARK}{name}"),
        }
    }
}

/// A part of an event that a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The identity.
    Id,
    /// When the schedule wanted it sent.
    Due,
    /// When it was handed to the client.
    Sent,
    /// What the event claims.
    EventTime,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Id => "id",
            Part::Due => "due time",
            Part::Sent => "send time",
            Part::EventTime => "event time",
        })
    }
}

/// What is wrong with a message: the first fault found. A wrong time leaves the id valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No payload.
    #[error("the message is empty")]
    Empty,
    /// JSON that ends too early.
    #[error("the message is cut short")]
    CutShort,
    /// Anything else.
    #[error("the message is not JSON")]
    NotJson,
    /// Not at its place.
    #[error("the message has no {0} in its place")]
    Missing(Part),
    /// An id that is not a UUID.
    #[error("the id is not a UUID")]
    NotUuid,
    /// A time that is not a number.
    #[error("the {0} is not a valid time")]
    NotNumber(Part),
}

/// The parts of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extracted {
    /// Whose event it is, or why that is unknown.
    pub id: Result<EventId, Unidentified>,
    /// When the schedule wanted it sent, in microseconds since 1970.
    pub due_us: Option<u64>,
    /// When it was handed to the client, in microseconds since 1970.
    pub sent_us: Option<u64>,
    /// The event time that it claims, in milliseconds since 1970.
    pub event_time_ms: Option<i64>,
    /// What is wrong with the message, if anything.
    pub fault: Option<Fault>,
}

/// Knows where the parts of an event are at one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extractor {
    id: Place,
    due: Place,
    sent: Place,
    event_time: Place,
    /// How the event time is written.
    event_time_form: TimeForm,
    /// Whether all parts are where floodmark's own JSON has them, so that its layout is tried first.
    own_layout: bool,
    /// Whether any part is in the payload.
    reads_payload: bool,
}

impl Extractor {
    /// For a topic that holds what floodmark wrote.
    #[must_use]
    pub fn of_codec(codec: Codec) -> Self {
        let [id, due, sent, event_time] = match codec {
            Codec::Json => ["/id", "/due", "/sent", "/event_time"].map(|pointer| Place::Pointer(pointer.to_owned())),
            Codec::Binary => {
                [HEADER_ID, HEADER_DUE, HEADER_SENT, HEADER_EVENT_TIME].map(|name| Place::Header(name.to_owned()))
            }
        };
        Extractor::at(id, due, sent, event_time)
    }

    /// For a stage; a part for which it names no place is where the codec writes it.
    ///
    /// # Errors
    /// [`PlaceError`] when a place is neither a JSON pointer nor `header:NAME`.
    pub fn of_stage(codec: Codec, stage: &Stage) -> Result<Self, PlaceError> {
        let by_codec = Extractor::of_codec(codec);
        let place = |written: &Option<String>, default: Place| written.as_deref().map_or(Ok(default), Place::parse);
        let at = Extractor::at(
            place(&stage.id, by_codec.id)?,
            place(&stage.due, by_codec.due)?,
            place(&stage.sent, by_codec.sent)?,
            place(&stage.event_time, by_codec.event_time)?,
        );
        let form = stage.event_time_format.as_deref().and_then(|text| text.parse().ok());
        Ok(form.map_or_else(|| at.clone(), |form| at.clone().with_form(form)))
    }

    /// The same, with event times in this form. What floodmark itself writes is read in its own form.
    #[must_use]
    pub fn with_form(self, event_time_form: TimeForm) -> Self {
        Extractor { event_time_form, ..self }
    }

    /// The form of a message's event time, if it is a plausible moment in that form.
    pub fn recognise<'a>(&self, payload: Option<&[u8]>, header: impl Fn(&str) -> Option<&'a [u8]>) -> Option<TimeForm> {
        match &self.event_time {
            Place::Header(name) => TimeForm::recognise_bytes(header(name)?),
            Place::Pointer(pointer) => {
                let json: Value = serde_json::from_slice(json_part(payload?)).ok()?;
                TimeForm::recognise(json.pointer(pointer)?)
            }
        }
    }

    /// For any topic of which only the place of the event time is known.
    #[must_use]
    pub fn of_event_time(place: Place) -> Self {
        let header = |name: &str| Place::Header(name.to_owned());
        Extractor::at(header(HEADER_ID), header(HEADER_DUE), header(HEADER_SENT), place)
    }

    fn at(id: Place, due: Place, sent: Place, event_time: Place) -> Self {
        let places = [&id, &due, &sent, &event_time];
        let own = ["/id", "/due", "/sent", "/event_time"];
        let is_pointer = |place: &Place, pointer| matches!(place, Place::Pointer(at) if at == pointer);
        Extractor {
            own_layout: places.iter().zip(own).all(|(place, pointer)| is_pointer(place, pointer)),
            reads_payload: places.iter().any(|place| matches!(place, Place::Pointer(_))),
            id,
            due,
            sent,
            event_time,
            event_time_form: TimeForm::Recognised,
        }
    }

    /// Reads a message. `header` returns the value of the header of a name.
    ///
    /// In floodmark's own layout everything up to the filler is read, and the last byte; changes within the filler are not noticed.
    pub fn extract<'a>(&self, payload: Option<&[u8]>, header: impl Fn(&str) -> Option<&'a [u8]>) -> Extracted {
        if let Some(found) = payload.filter(|_| self.own_layout).and_then(own_layout) {
            return found;
        }
        let mut fault = None;
        let json = if self.reads_payload { parse(payload, &mut fault) } else { Value::Null };
        let message = Message { json: &json, header: &header, event_time_form: &self.event_time_form };
        let id = message.id(&self.id, &mut fault);
        let due_us = message.time(&self.due, Part::Due, &mut fault).and_then(|time| u64::try_from(time).ok());
        let sent_us = message.time(&self.sent, Part::Sent, &mut fault).and_then(|time| u64::try_from(time).ok());
        let event_time_ms = message.time(&self.event_time, Part::EventTime, &mut fault);
        Extracted { id, due_us, sent_us, event_time_ms, fault }
    }
}

fn identify(uuid: Uuid) -> Result<EventId, Unidentified> {
    EventId::from_uuid(uuid).map_err(|why| Unidentified::of(uuid, why))
}

/// The parts of floodmark's own JSON, if a payload begins and ends like it.
fn own_layout(payload: &[u8]) -> Option<Extracted> {
    let rest = payload.strip_prefix(b"{\"id\":\"")?;
    let (id, rest) = rest.split_at_checked(uuid::fmt::Hyphenated::LENGTH)?;
    let rest = rest.strip_prefix(b"\",\"event_time\":")?;
    let (is_negative, rest) = rest.strip_prefix(b"-").map_or((false, rest), |rest| (true, rest));
    let (event_time_ms, rest) = digits(rest)?;
    let (due_us, rest) = digits(rest.strip_prefix(b",\"due\":")?)?;
    let (sent_us, rest) = digits(rest.strip_prefix(b",\"sent\":")?)?;
    let is_whole = matches!(rest, [b',', .., b'"', b'}'] | [b'}']);
    let event_time_ms = i64::try_from(event_time_ms).ok()?;
    let uuid = Uuid::try_parse_ascii(id).ok().filter(|_| is_whole)?;
    Some(Extracted {
        id: identify(uuid),
        due_us: Some(due_us),
        sent_us: Some(sent_us),
        event_time_ms: Some(if is_negative { -event_time_ms } else { event_time_ms }),
        fault: None,
    })
}

/// A number as JSON writes it, and what follows; nothing if there is no number, a leading zero, or more than 18 digits.
fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    const MOST: usize = 18;
    let mut number = 0;
    let mut length = 0;
    for byte in text.iter().take(MOST + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + u64::from(digit);
        length += 1;
    }
    let is_number = (1..=MOST).contains(&length) && (length == 1 || text.first() != Some(&b'0'));
    is_number.then(|| (number, &text[length..]))
}

fn parse(payload: Option<&[u8]>, fault: &mut Option<Fault>) -> Value {
    let payload = payload.unwrap_or_default();
    if payload.is_empty() {
        *fault = Some(Fault::Empty);
        return Value::Null;
    }
    // Some writers put a byte order mark before every text.
    let text = payload.strip_prefix("\u{feff}".as_bytes()).unwrap_or(payload);
    serde_json::from_slice(json_part(text)).unwrap_or_else(|error| {
        *fault = Some(if error.is_eof() { Fault::CutShort } else { Fault::NotJson });
        Value::Null
    })
}

/// A message of any layout.
struct Message<'m, H> {
    json: &'m Value,
    header: &'m H,
    event_time_form: &'m TimeForm,
}

/// A part, as found.
enum Found<'f> {
    Json(&'f Value),
    Bytes(&'f [u8]),
}

impl<'m, 'a: 'm, H: Fn(&str) -> Option<&'a [u8]>> Message<'m, H> {
    fn find(&self, place: &Place, part: Part, fault: &mut Option<Fault>) -> Option<Found<'m>> {
        let found = match place {
            Place::Pointer(pointer) => self.json.pointer(pointer).filter(|value| !value.is_null()).map(Found::Json),
            Place::Header(name) => (self.header)(name).map(Found::Bytes),
        };
        if found.is_none() {
            fault.get_or_insert(Fault::Missing(part));
        }
        found
    }

    fn id(&self, place: &Place, fault: &mut Option<Fault>) -> Result<EventId, Unidentified> {
        let uuid = match self.find(place, Part::Id, fault).ok_or(Unidentified::Unreadable)? {
            Found::Json(value) => value.as_str().and_then(|text| Uuid::try_parse(bare(text)).ok()),
            Found::Bytes(bytes) => Uuid::from_slice(bytes).ok().or_else(|| {
                let text = std::str::from_utf8(bytes).ok()?;
                Uuid::try_parse(bare(text)).ok()
            }),
        };
        let Some(uuid) = uuid else {
            fault.get_or_insert(Fault::NotUuid);
            return Err(Unidentified::Unreadable);
        };
        identify(uuid)
    }

    fn time(&self, place: &Place, part: Part, fault: &mut Option<Fault>) -> Option<i64> {
        let found = self.find(place, part, fault)?;
        let time = match found {
            Found::Json(value) if part == Part::EventTime => self.event_time_form.of_json(value),
            Found::Bytes(bytes) if part == Part::EventTime => self.event_time_form.of_bytes(bytes),
            Found::Json(Value::String(text)) => text.trim().parse().ok(),
            Found::Json(value) => value.as_i64().or_else(|| whole(value.as_f64()?)),
            Found::Bytes(bytes) => time_of_bytes(bytes),
        };
        let time = time.filter(|time| part == Part::EventTime || *time >= 0);
        if time.is_none() {
            fault.get_or_insert(Fault::NotNumber(part));
        }
        time
    }
}

/// An id without what pipelines leave around it: blanks, and the byte order mark that some put before every text.
fn bare(text: &str) -> &str {
    text.trim_matches(|next: char| next.is_whitespace() || next == '\u{feff}')
}

/// A number that went through floating point, as some pipelines write it.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.abs() <= EXACT).then(|| number.round() as i64)
}

/// A time in a header: digits, or 8 bytes, big-endian. (8 bytes that are all digits would be a date some 100,000 years ahead.)
fn time_of_bytes(bytes: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok());
    text.or_else(|| bytes.try_into().ok().map(i64::from_be_bytes))
}

#[cfg(test)]
mod tests;
