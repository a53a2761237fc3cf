//! Finds an event's parts in a message: by the layout that floodmark writes, by JSON pointers, or in record headers. Pure.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::decode::Decoder;
use super::masked::json_part;
use crate::check::Unidentified;
use crate::event::EventId;
use crate::event::place::TimePlace;
pub use crate::event::place::{Layout, Part, Place, PlaceError};
use crate::event::time_form::{TimeForm, Unit};
use crate::payload::schema::FRAME_HEADER;
use crate::profile::Stage;

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
    /// Not of the schema that it names, or that the stage has.
    #[error("the message cannot be decoded")]
    Undecodable,
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
    at: Layout,
    /// Whether all parts are where floodmark's own JSON has them, so that its layout is tried first.
    own_layout: bool,
    /// Whether any part is in the payload's JSON.
    reads_json: bool,
    /// Turns payloads into JSON, where they are written by a schema.
    decoder: Option<Arc<Decoder>>,
    /// Where a tombstone has them: it has no payload.
    of_tombstones: Layout,
}

impl Extractor {
    /// For messages of this layout.
    #[must_use]
    pub fn of_layout(at: Layout) -> Self {
        let own = Layout::of_json();
        let is_at = |one: &Option<TimePlace>, other: &Option<TimePlace>| {
            one.as_ref().map(|time| &time.place) == other.as_ref().map(|time| &time.place)
        };
        let times = [&at.due, &at.sent, &at.event_time];
        let own_times = [&own.due, &own.sent, &own.event_time];
        Extractor {
            own_layout: at.id == own.id && times.iter().zip(own_times).all(|(one, other)| is_at(one, other)),
            reads_json: at.id.is_pointer() || times.into_iter().flatten().any(|time| time.place.is_pointer()),
            at,
            decoder: None,
            of_tombstones: Layout::of_headers(),
        }
    }

    /// The same, for messages that are written by a schema.
    #[must_use]
    pub fn with_decoder(mut self, decoder: Arc<Decoder>) -> Self {
        self.decoder = Some(decoder);
        self.own_layout = false;
        self
    }

    /// The same, with numbers in payloads recognised as times by their size: a schema of somebody else's counts them in its own unit.
    #[must_use]
    pub fn recognising_times(mut self) -> Self {
        let Layout { due, sent, event_time, .. } = &mut self.at;
        for time in [due, sent, event_time].into_iter().flatten() {
            if time.place.is_pointer() && matches!(time.form, TimeForm::Number(_)) {
                time.form = TimeForm::Recognised;
            }
        }
        self
    }

    /// How many microseconds a due time may lose by the form in which it is written.
    pub(super) fn due_rounding_us(&self) -> u64 {
        match self.at.due.as_ref().map(|due| &due.form) {
            Some(TimeForm::Number(Unit::Ms) | TimeForm::Recognised | TimeForm::Rfc3339) => 1_000,
            Some(TimeForm::Number(Unit::S) | TimeForm::Pattern(_)) => 1_000_000,
            Some(TimeForm::Number(Unit::Us | Unit::Ns)) | None => 1,
        }
    }

    /// Turns payloads into JSON, where they are written by a schema.
    pub(super) fn decoder(&self) -> Option<&Decoder> {
        self.decoder.as_deref()
    }

    /// For a stage; a part for which it names no place is where the stream writes it.
    ///
    /// # Errors
    /// [`PlaceError`] when a place is neither a JSON pointer nor `header:NAME`.
    pub fn of_stage(written: Layout, stage: &Stage) -> Result<Self, PlaceError> {
        let id = stage.id.as_deref().map_or(Ok(written.id), Place::parse_of_id)?;
        let in_us = TimeForm::Number(Unit::Us);
        let form = stage.event_time_format.as_deref().and_then(|text| text.parse().ok());
        let mut event_time = timed(stage.event_time.as_deref(), TimeForm::Recognised, written.event_time)?;
        if let (Some(event_time), Some(form)) = (&mut event_time, form) {
            event_time.form = form;
        }
        Ok(Extractor::of_layout(Layout {
            id,
            due: timed(stage.due.as_deref(), in_us.clone(), written.due)?,
            sent: timed(stage.sent.as_deref(), in_us, written.sent)?,
            event_time,
        }))
    }

    /// The same, with event times in this form. What floodmark itself writes is read in its own form.
    #[must_use]
    pub fn with_form(mut self, form: &TimeForm) -> Self {
        self.at.event_time.iter_mut().for_each(|event_time| event_time.form = form.clone());
        self
    }

    /// The form of a message's event time, if it is a plausible moment in that form.
    pub fn recognise<'a>(&self, payload: Option<&[u8]>, header: impl Fn(&str) -> Option<&'a [u8]>) -> Option<TimeForm> {
        match &self.at.event_time.as_ref()?.place {
            Place::Header(name) => TimeForm::recognise_bytes(header(name)?),
            Place::Pointer(pointer) => {
                let json: Value = serde_json::from_slice(json_part(payload?)).ok()?;
                TimeForm::recognise(json.pointer(pointer)?)
            }
            Place::Text => None,
        }
    }

    /// For any topic of which only the place of the event time is known.
    #[must_use]
    pub fn of_event_time(place: Place) -> Self {
        let event_time = Some(TimePlace { place, form: TimeForm::Recognised });
        Extractor::of_layout(Layout { event_time, ..Layout::of_headers() })
    }

    /// Reads a message. `header` returns the value of the header of a name. A message without a payload that has floodmark's own headers
    /// is a tombstone, wherever other messages have their parts.
    ///
    /// In floodmark's own layout everything up to the filler is read, and the last byte; changes within the filler are not noticed.
    pub fn extract<'a>(&self, payload: Option<&[u8]>, header: impl Fn(&str) -> Option<&'a [u8]>) -> Extracted {
        if let Some(found) = payload.filter(|_| self.own_layout).and_then(own_layout) {
            return found;
        }
        if payload.is_none() && header(Part::Id.header()).is_some() {
            let message = Message { json: &Value::Null, header: &header, text: &[] };
            return message.parts(&self.of_tombstones, None);
        }
        let mut fault = None;
        let json = if self.reads_json { self.json(payload, &header, &mut fault) } else { Value::Null };
        let message = Message { json: &json, header: &header, text: payload.unwrap_or_default() };
        message.parts(&self.at, fault)
    }

    fn json<'a>(
        &self,
        payload: Option<&[u8]>,
        header: &impl Fn(&str) -> Option<&'a [u8]>,
        fault: &mut Option<Fault>,
    ) -> Value {
        let (Some(decoder), Some(bytes)) = (&self.decoder, payload.filter(|payload| !payload.is_empty())) else {
            return parse(payload, fault);
        };
        decoder.decode(bytes, header(FRAME_HEADER)).unwrap_or_else(|_| {
            *fault = Some(Fault::Undecodable);
            Value::Null
        })
    }
}

/// Where a stage has a time: as it says, in `form`, or else as the stream writes it.
fn timed(said: Option<&str>, form: TimeForm, written: Option<TimePlace>) -> Result<Option<TimePlace>, PlaceError> {
    let Some(said) = said else { return Ok(written) };
    Ok(Some(TimePlace { place: Place::parse(said)?, form }))
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
    text: &'m [u8],
}

/// A part, as found.
enum Found<'f> {
    Json(&'f Value),
    Bytes(&'f [u8]),
}

impl<'m, 'a: 'm, H: Fn(&str) -> Option<&'a [u8]>> Message<'m, H> {
    /// What stands where `at` says. `fault` is what was wrong with the message before.
    fn parts(&self, at: &Layout, mut fault: Option<Fault>) -> Extracted {
        let id = self.id(&at.id, &mut fault);
        let unsigned = |time: i64| u64::try_from(time).ok();
        let due_us = self.time(at.due.as_ref(), Part::Due, &mut fault).and_then(unsigned);
        let sent_us = self.time(at.sent.as_ref(), Part::Sent, &mut fault).and_then(unsigned);
        let event_time_ms = self.time(at.event_time.as_ref(), Part::EventTime, &mut fault);
        Extracted { id, due_us, sent_us, event_time_ms, fault }
    }

    fn find(&self, place: &Place, part: Part, fault: &mut Option<Fault>) -> Option<Found<'m>> {
        let found = match place {
            Place::Pointer(pointer) => self.json.pointer(pointer).filter(|value| !value.is_null()).map(Found::Json),
            Place::Header(name) => (self.header)(name).map(Found::Bytes),
            Place::Text => id_in_text(self.text).map(Found::Bytes),
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

    /// A time where it is written: event times in milliseconds, others in microseconds since 1970.
    fn time(&self, at: Option<&TimePlace>, part: Part, fault: &mut Option<Fault>) -> Option<i64> {
        let TimePlace { place, form } = at?;
        let found = self.find(place, part, fault)?;
        let time = match (found, form) {
            (Found::Json(value), form) if part == Part::EventTime => form.of_json(value),
            (Found::Bytes(bytes), form) if part == Part::EventTime => form.of_bytes(bytes),
            (Found::Json(Value::String(text)), TimeForm::Number(Unit::Us)) => text.trim().parse().ok(),
            (Found::Json(value), TimeForm::Number(Unit::Us)) => value.as_i64().or_else(|| whole(value.as_f64()?)),
            (Found::Bytes(bytes), TimeForm::Number(Unit::Us)) => time_of_bytes(bytes),
            (Found::Json(value), form) => form.us_of_json(value).and_then(|us| us.try_into().ok()),
            (Found::Bytes(bytes), form) => form.us_of_bytes(bytes).and_then(|us| us.try_into().ok()),
        };
        let time = time.filter(|time| part == Part::EventTime || *time >= 0);
        if time.is_none() {
            fault.get_or_insert(Fault::NotNumber(part));
        }
        time
    }
}

/// The first UUID in a text whose bits are those of an id that floodmark wrote.
fn id_in_text(text: &[u8]) -> Option<&[u8]> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    // The version's digit after the second dash: most places are ruled out by two comparisons.
    let may_begin = |at: &[u8]| at[8] == b'-' && at[14] == b'8';
    let is_own =
        |at: &&[u8]| may_begin(at) && Uuid::try_parse_ascii(at).is_ok_and(|uuid| EventId::from_uuid(uuid).is_ok());
    text.windows(LENGTH).find(is_own)
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
mod page;
#[cfg(test)]
mod tests;
