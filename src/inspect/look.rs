//! From messages to what is known of them. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::candidates::Candidates;
use super::field::{Field, Fields};
use super::format::{Format, json_of};
use super::key::KeyLook;
use super::mask::Shown;
use crate::event::payload::HEADER_ID;

/// The header in which Confluent's serialisers may put a schema's GUID, instead of a frame.
const SCHEMA_HEADER: &str = "__value_schema_id";
/// What separates the columns of a CSV line.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// A message that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message {
    /// Its partition.
    pub(crate) partition: i32,
    /// The record's timestamp, in milliseconds since 1970.
    pub(crate) stamp_ms: Option<i64>,
    /// Whether the broker set it.
    pub(crate) is_appended: bool,
    /// Its key.
    pub(crate) key: Option<Vec<u8>>,
    /// Its payload; none for a tombstone.
    pub(crate) payload: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Makes JSON of a message that names a registry's schema. Without a registry there is none.
pub(crate) type Decode<'d> = &'d dyn Fn(&Message) -> Option<Value>;

/// What is known of a topic's messages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inspection {
    /// The topic.
    pub(crate) topic: String,
    /// How many partitions it has.
    pub(crate) partitions: usize,
    /// How many messages were read.
    pub(crate) messages: usize,
    /// The first and the last of their timestamps, in milliseconds since 1970.
    pub(crate) stamps_ms: Option<(i64, i64)>,
    /// Whether the broker sets the timestamps.
    pub(crate) are_appended: bool,
    /// About how many come in a second, from the timestamps of those that were read.
    pub(crate) per_s: Option<f64>,
    /// The smallest, the median and the largest payload, in bytes.
    pub(crate) sizes: Option<[u64; 3]>,
    /// The formats, the most frequent first, and how many messages have each.
    pub(crate) formats: Vec<(Format, usize)>,
    /// What the text of all messages is, where it is of columns: the separator, and how many there are.
    pub(crate) columns: Option<(char, usize)>,
    /// Whether floodmark wrote them, and how.
    pub(crate) own: Option<Own>,
    /// Whether a header names the schema.
    pub(crate) has_schema_header: bool,
    /// The keys.
    pub(crate) key: KeyLook,
    /// The headers.
    pub(crate) headers: Vec<Field>,
    /// The fields.
    pub(crate) fields: Vec<Field>,
    /// Values of further fields, which are too many to be kept apart.
    pub(crate) more_fields: usize,
    /// Which of them could be an event's parts.
    pub(crate) candidates: Candidates,
    /// The registry by which messages were decoded.
    pub(crate) registry: Option<RegistryLook>,
}

/// How a registry knows a topic's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegistryLook {
    /// Its address.
    pub(crate) url: String,
    /// The codec, as a profile names it.
    pub(crate) codec: &'static str,
}

/// How floodmark wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// As its own JSON.
    Json,
    /// With id and times in its own headers.
    Headers,
}

/// Looks at messages of a topic.
#[must_use]
pub(crate) fn inspect(
    topic: &str,
    partitions: usize,
    messages: &[Message],
    shown: Shown,
    decode: Option<Decode<'_>>,
) -> Inspection {
    let formats: Vec<Format> = messages.iter().map(|message| Format::of(message.payload.as_deref())).collect();
    let jsons: Vec<Option<Value>> =
        messages.iter().zip(&formats).map(|(message, format)| value_of(message, *format, decode)).collect();
    let (mut fields, mut headers) = (Fields::default(), Fields::default());
    for (number, (message, json)) in messages.iter().zip(&jsons).enumerate() {
        json.iter().for_each(|json| fields.see(number, json));
        message.headers.iter().for_each(|(name, value)| headers.see_header(number, name, value.as_deref()));
    }
    let more_fields = fields.more;
    let (fields, headers) = (fields.found(shown), headers.found(shown));
    let all: Vec<Field> = fields.iter().chain(&headers).cloned().collect();
    let candidates = Candidates::of(messages, &jsons, &all);
    let stamps = || messages.iter().filter_map(|message| message.stamp_ms);
    Inspection {
        topic: topic.to_owned(),
        partitions,
        messages: messages.len(),
        stamps_ms: stamps().min().zip(stamps().max()),
        are_appended: messages.iter().any(|message| message.is_appended),
        per_s: per_s(messages),
        sizes: sizes(messages),
        columns: columns(messages, &formats),
        own: own(&candidates),
        has_schema_header: headers.iter().any(|header| header.path == format!("header:{SCHEMA_HEADER}")),
        key: KeyLook::of(messages.iter().map(|message| message.key.as_deref()), shown),
        formats: counted(formats),
        headers,
        fields,
        more_fields,
        candidates,
        registry: None,
    }
}

/// A message as JSON, if it is any or can be decoded.
fn value_of(message: &Message, format: Format, decode: Option<Decode<'_>>) -> Option<Value> {
    let payload = message.payload.as_deref()?;
    let names_schema = || message.headers.iter().any(|(name, _)| name == SCHEMA_HEADER);
    let is_named = matches!(format, Format::Framed { .. }) || names_schema();
    let decoded = || decode.filter(|_| is_named).and_then(|decode| decode(message));
    json_of(payload).filter(|json| json.is_object() || json.is_array()).or_else(decoded)
}

fn counted(formats: Vec<Format>) -> Vec<(Format, usize)> {
    let mut counts: BTreeMap<Format, usize> = BTreeMap::new();
    for format in formats {
        *counts.entry(format).or_default() += 1;
    }
    let mut counts: Vec<(Format, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(format, count)| (std::cmp::Reverse(*count), *format));
    counts
}

fn sizes(messages: &[Message]) -> Option<[u64; 3]> {
    let mut sizes: Vec<u64> =
        messages.iter().filter_map(|message| Some(message.payload.as_ref()?.len() as u64)).collect();
    sizes.sort_unstable();
    Some([*sizes.first()?, *sizes.get(sizes.len() / 2)?, *sizes.last()?])
}

/// The sum over the partitions: the messages of each are its newest.
fn per_s(messages: &[Message]) -> Option<f64> {
    let mut stamps: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for message in messages {
        stamps.entry(message.partition).or_default().extend(message.stamp_ms);
    }
    let of_partition = |stamps: Vec<i64>| {
        let (first, last) = stamps.iter().min().zip(stamps.iter().max())?;
        (last > first).then(|| (stamps.len() - 1) as f64 * 1e3 / (last - first) as f64)
    };
    let per_s: f64 = stamps.into_values().filter_map(of_partition).sum();
    (per_s > 0.0).then_some(per_s)
}

/// Text of columns: each line has as many separators as the others.
fn columns(messages: &[Message], formats: &[Format]) -> Option<(char, usize)> {
    let texts = messages.iter().zip(formats).filter(|(_, format)| **format == Format::Text);
    let texts: Vec<&str> =
        texts.filter_map(|(message, _)| std::str::from_utf8(message.payload.as_deref()?).ok()).collect();
    if texts.len() < 2 || texts.len() * 2 < messages.len() {
        return None;
    }
    let count = |text: &str, separator: char| text.trim_end().matches(separator).count();
    let same = |separator: char| {
        let first = count(texts[0], separator);
        (first > 0 && texts.iter().all(|text| count(text, separator) == first)).then_some((separator, first + 1))
    };
    SEPARATORS.into_iter().filter_map(same).max_by_key(|(_, columns)| *columns)
}

fn own(candidates: &Candidates) -> Option<Own> {
    let is_at = |path: &str| candidates.own_ids.iter().any(|own| own == path);
    let is_us = |path: &str| candidates.times.iter().any(|time| time.path == path && time.format == "us");
    if is_at("/id") && is_us("/due") && is_us("/sent") {
        Some(Own::Json)
    } else {
        is_at(&format!("header:{HEADER_ID}")).then_some(Own::Headers)
    }
}

impl Inspection {
    /// The format that most messages have.
    #[must_use]
    pub(crate) fn format(&self) -> Format {
        self.formats.first().map_or(Format::Tombstone, |(format, _)| *format)
    }

    /// The numbers of the schemas in a registry's frames.
    #[must_use]
    pub(crate) fn schema_ids(&self) -> Vec<u32> {
        let id = |(format, _): &(Format, usize)| match format {
            Format::Framed { schema_id, .. } => Some(*schema_id),
            _ => None,
        };
        let mut ids: Vec<u32> = self.formats.iter().filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
