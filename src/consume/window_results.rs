//! Finds window results in a pipeline's output: start, end, key and count, by JSON pointers or in headers. Pure.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract::{Place, PlaceError};
use crate::event::time_form::{TimeForm, Unit};
use crate::event_time::windows::{Counted, WindowSpan};

/// The prefix of a place in the record's key: `key` for all of it, `key:/window/start` for a place in it.
const KEY_MARK: &str = "key";

/// Where a part of a window result is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultPlace {
    /// In the payload or in a header.
    Message(Place),
    /// The record's key, as text.
    Key,
    /// In the record's key, at a JSON pointer.
    KeyPointer(String),
}

impl ResultPlace {
    /// Reads a place as a profile writes it: `/count`, `header:NAME`, `key`, or `key:/window/start`.
    ///
    /// # Errors
    /// [`PlaceError`] when it is none of these.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix(KEY_MARK) {
            Some("") => Ok(ResultPlace::Key),
            Some(rest) if rest.starts_with(":/") => Ok(ResultPlace::KeyPointer(rest[1..].to_owned())),
            _ => Place::parse(text).map(ResultPlace::Message),
        }
    }
}

/// Where the parts of a window result are at one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultPlaces {
    /// The window's start: milliseconds since 1970 (or µs or ns, told by their size), RFC 3339, or `yyyy-mm-dd hh:mm:ss` (in UTC).
    pub start: ResultPlace,
    /// The window's end, exclusive; by default the start plus `size_ms`. (In a session
    /// it may be the last event's time, as in Kafka Streams.)
    pub end: Option<ResultPlace>,
    /// How long windows are, in milliseconds; nothing for sessions, which are as long as their events make them.
    pub size_ms: Option<i64>,
    /// The key; none for windows without a key.
    pub key: Option<ResultPlace>,
    /// How many events the window holds; null or absent when the result is withdrawn.
    pub count: ResultPlace,
    /// Whether the result is withdrawn: `true`, or an operation `d`, `-D`, `-U`, `delete`.
    pub deleted: Option<ResultPlace>,
}

/// A part of a window result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultPart {
    /// The window's start.
    Start,
    /// Its end.
    End,
    /// The key.
    Key,
    /// How many events.
    Count,
}

impl std::fmt::Display for ResultPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ResultPart::Start => "window start",
            ResultPart::End => "window end",
            ResultPart::Key => "key",
            ResultPart::Count => "count",
        })
    }
}

/// What is wrong with a window result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ResultFault {
    /// A payload that is not JSON although places point into it.
    #[error("the message is not JSON")]
    NotJson,
    /// Not at its place.
    #[error("the window result has no {0} in its place")]
    Missing(ResultPart),
    /// A start or end that cannot be read.
    #[error("the {0} is neither milliseconds since 1970 nor a date and time like 2026-01-31T10:00:00Z")]
    NotTime(ResultPart),
    /// Seconds where milliseconds should be.
    #[error("the {0} {1} looks like seconds; window times must be in milliseconds since 1970")]
    Seconds(ResultPart, i64),
    /// A count that is not a number of events.
    #[error("the count is not a whole number of events")]
    NotCount,
    /// A window that ends before it starts.
    #[error("the window ends at or before its start")]
    Backwards,
}

/// A window result, as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowResult {
    /// The window.
    pub window: WindowSpan,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The count; `None` when the result is withdrawn.
    pub count: Option<u64>,
}

impl WindowResult {
    /// The entry for the book, with the message's offset in its partition.
    #[must_use]
    pub fn counted(&self, offset: u64) -> Counted<'_> {
        Counted { window: self.window, key: self.key.as_deref(), count: self.count, offset }
    }
}

/// A message of a pipeline's output.
#[derive(Debug, Clone, Copy)]
pub struct ResultMessage<'m, H> {
    /// The payload; none withdraws what the key names.
    pub payload: Option<&'m [u8]>,
    /// The record's key.
    pub key: Option<&'m [u8]>,
    /// Returns the value of the header of a name.
    pub header: H,
}

impl ResultPlaces {
    /// Reads a window result.
    ///
    /// # Errors
    /// [`ResultFault`], the first one found. The message is then not a result; the caller counts it.
    pub fn extract<'m, H>(&self, message: &ResultMessage<'m, H>) -> Result<WindowResult, ResultFault>
    where
        H: Fn(&str) -> Option<&'m [u8]>,
    {
        let payload = message.payload.filter(|payload| !payload.is_empty());
        let parsed = Parsed {
            payload: payload.map(serde_json::from_slice).transpose().map_err(|_| ResultFault::NotJson)?,
            key: message.key.and_then(|key| serde_json::from_slice(key).ok()),
            message,
        };
        let start_ms = parsed.time(&self.start, ResultPart::Start)?;
        let end_ms = match &self.end {
            Some(end) => parsed.time(end, ResultPart::End)?,
            None => start_ms.saturating_add(self.size_ms.unwrap_or(0)),
        };
        if end_ms < start_ms || end_ms == start_ms && self.size_ms.is_some() {
            return Err(ResultFault::Backwards);
        }
        let key = self.key.as_ref().map(|place| parsed.key(place)).transpose()?;
        let is_withdrawn = payload.is_none() || self.deleted.as_ref().is_some_and(|place| parsed.is_deleted(place));
        let count = if is_withdrawn { None } else { parsed.count(&self.count)? };
        Ok(WindowResult { window: WindowSpan { start_ms, end_ms }, key, count })
    }
}

/// A message whose JSON was read.
struct Parsed<'p, 'm, H> {
    payload: Option<Value>,
    key: Option<Value>,
    message: &'p ResultMessage<'m, H>,
}

/// A part, as found.
enum Found<'f> {
    Json(&'f Value),
    Bytes(&'f [u8]),
}

impl<'m, H: Fn(&str) -> Option<&'m [u8]>> Parsed<'_, 'm, H> {
    fn find(&self, place: &ResultPlace) -> Option<Found<'_>> {
        match place {
            ResultPlace::Message(Place::Pointer(pointer)) => json_at(self.payload.as_ref(), pointer),
            ResultPlace::KeyPointer(pointer) => json_at(self.key.as_ref(), pointer),
            ResultPlace::Message(Place::Header(name)) => (self.message.header)(name).map(Found::Bytes),
            ResultPlace::Message(Place::Text) => None,
            ResultPlace::Key => self.message.key.map(Found::Bytes),
        }
    }

    fn time(&self, place: &ResultPlace, part: ResultPart) -> Result<i64, ResultFault> {
        let found = self.find(place).ok_or(ResultFault::Missing(part))?;
        let time_ms = match found {
            Found::Json(Value::String(text)) => time_of_text(text),
            Found::Json(number) => finer(number).or_else(|| number.as_i64()).or_else(|| whole(number.as_f64()?)),
            Found::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(time_of_text),
        };
        let time_ms = time_ms.ok_or(ResultFault::NotTime(part))?;
        if looks_like_seconds(time_ms) { Err(ResultFault::Seconds(part, time_ms)) } else { Ok(time_ms) }
    }

    fn key(&self, place: &ResultPlace) -> Result<Vec<u8>, ResultFault> {
        match self.find(place).ok_or(ResultFault::Missing(ResultPart::Key))? {
            Found::Json(Value::String(text)) => Ok(text.clone().into_bytes()),
            Found::Json(other) => Ok(other.to_string().into_bytes()),
            Found::Bytes(bytes) => Ok(bytes.to_vec()),
        }
    }

    /// Null withdraws a result; an absent value is missing.
    fn count(&self, place: &ResultPlace) -> Result<Option<u64>, ResultFault> {
        let count = match self.find(place).ok_or(ResultFault::Missing(ResultPart::Count))? {
            Found::Json(Value::Null) => return Ok(None),
            Found::Json(Value::String(text)) => text.trim().parse().ok(),
            Found::Json(number) => number.as_u64().or_else(|| u64::try_from(whole(number.as_f64()?)?).ok()),
            Found::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()),
        };
        count.map(Some).ok_or(ResultFault::NotCount)
    }

    /// As Flink's changelog (`-D`, `-U`), Debezium (`d`) and plain flags write it.
    fn is_deleted(&self, place: &ResultPlace) -> bool {
        let is_mark =
            |text: &str| ["true", "d", "-d", "-u", "delete"].iter().any(|mark| text.trim().eq_ignore_ascii_case(mark));
        match self.find(place) {
            Some(Found::Json(Value::Bool(deleted))) => *deleted,
            Some(Found::Json(Value::String(text))) => is_mark(text),
            Some(Found::Bytes(bytes)) => std::str::from_utf8(bytes).is_ok_and(is_mark),
            Some(Found::Json(_)) | None => false,
        }
    }
}

fn json_at<'v>(json: Option<&'v Value>, pointer: &str) -> Option<Found<'v>> {
    json.and_then(|json| json.pointer(pointer)).map(Found::Json)
}

/// Digits as milliseconds; RFC 3339; or a date and time without a zone, which is taken to be in UTC.
fn time_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time_ms) = text.parse() {
        return Some(time_ms);
    }
    let timestamp: Option<Timestamp> = text.parse().ok();
    let in_utc = || text.parse::<DateTime>().ok().and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
    // Whole milliseconds, and what is before 1970 rounded down.
    timestamp.or_else(in_utc).map(|time| time.as_nanosecond().div_euclid(1_000_000) as i64)
}

/// Schemas often count microseconds, as Spark does, or nanoseconds: the size tells.
fn finer(number: &Value) -> Option<i64> {
    let form = TimeForm::recognise(number)?;
    matches!(form, TimeForm::Number(Unit::Us | Unit::Ns)).then(|| form.of_json(number))?
}

/// A number that went through floating point, as some pipelines write it.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.abs() <= EXACT && number.fract().abs() < f64::EPSILON).then_some(number as i64)
}

/// From September 2001 to the year 2286 in seconds; in milliseconds that is January to April 1970.
fn looks_like_seconds(time: i64) -> bool {
    (1_000_000_000..10_000_000_000).contains(&time)
}

#[cfg(test)]
mod tests;
