//! Where the parts of an event stand in a message. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payload::{HEADER_DUE, HEADER_EVENT_TIME, HEADER_ID, HEADER_SENT};
use super::time_form::{TimeForm, Unit};

/// The prefix of a place that is a record header.
const HEADER_MARK: &str = "header:";
/// The place of an id that stands anywhere in a text.
const TEXT: &str = "text";

/// Where a part of an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the payload, at a JSON pointer (RFC 6901): `/meta/id`.
    Pointer(String),
    /// In the record header of this name.
    Header(String),
    /// Anywhere in a payload that is text: its first id that floodmark wrote. Only ids are found so.
    Text,
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

    /// Reads the place of an id: as [`Place::parse`], or `text` for anywhere in a text.
    ///
    /// # Errors
    /// [`PlaceError`] when it is none of these.
    pub fn parse_of_id(text: &str) -> Result<Self, PlaceError> {
        if text == TEXT { Ok(Place::Text) } else { Place::parse(text) }
    }

    /// Whether the payload must be read as JSON for it.
    #[must_use]
    pub fn is_pointer(&self) -> bool {
        matches!(self, Place::Pointer(_))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Pointer(pointer) => f.write_str(pointer),
            Place::Header(name) => write!(f, "{HEADER_MARK}{name}"),
            Place::Text => f.write_str(TEXT),
        }
    }
}

/// A part of an event that a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

impl Part {
    /// All of them, in the order of floodmark's own headers.
    pub const ALL: [Part; 4] = [Part::Id, Part::EventTime, Part::Due, Part::Sent];

    /// The header that carries it.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Part::Id => HEADER_ID,
            Part::Due => HEADER_DUE,
            Part::Sent => HEADER_SENT,
            Part::EventTime => HEADER_EVENT_TIME,
        }
    }

    /// The unit in which floodmark writes the time when nothing else is asked for.
    #[must_use]
    pub fn own_unit(self) -> Unit {
        if self == Part::EventTime { Unit::Ms } else { Unit::Us }
    }
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

/// Where a time is, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimePlace {
    /// Where.
    pub place: Place,
    /// How.
    pub form: TimeForm,
}

/// Where a message carries the parts of an event; a time that it does not carry has no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The identity.
    pub id: Place,
    /// When the schedule wanted it sent.
    pub due: Option<TimePlace>,
    /// When it was handed to the client.
    pub sent: Option<TimePlace>,
    /// What the event claims.
    pub event_time: Option<TimePlace>,
}

impl Layout {
    /// Floodmark's own JSON. Event times are recognised by their size: a pipeline may pass them on in another unit.
    #[must_use]
    pub fn of_json() -> Self {
        let at = |pointer: &str| Place::Pointer(pointer.to_owned());
        Layout::own(at("/id"), at("/due"), at("/sent"), at("/event_time"))
    }

    /// Floodmark's own headers, around any payload.
    #[must_use]
    pub fn of_headers() -> Self {
        let at = |part: Part| Place::Header(part.header().to_owned());
        Layout::own(at(Part::Id), at(Part::Due), at(Part::Sent), at(Part::EventTime))
    }

    fn own(id: Place, due: Place, sent: Place, event_time: Place) -> Self {
        let in_us = |place| Some(TimePlace { place, form: TimeForm::Number(Unit::Us) });
        let event_time = Some(TimePlace { place: event_time, form: TimeForm::Recognised });
        Layout { id, due: in_us(due), sent: in_us(sent), event_time }
    }
}
