//! What a payload is made of, as far as its bytes tell. Pure.

use serde_json::Value;

use crate::consume::masked::json_part;

/// A schema registry's serialiser writes a zero, the schema's number in four bytes, and the message.
const FRAME_BYTES: usize = 5;
/// A number above this is no schema's: the bytes only happen to begin with a zero.
const LARGEST_SCHEMA_ID: u32 = 100_000_000;
/// Bytes with which known formats begin.
const SIGNS: [(&[u8], &str); 6] = [
    (&[0x1f, 0x8b], "gzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0xc3, 0x01], "Avro in its single-object encoding"),
    (b"Obj\x01", "an Avro file"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF document"),
];

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// None at all: a tombstone.
    Tombstone,
    /// No byte.
    Empty,
    /// JSON.
    Json,
    /// A schema registry's frame, and what is in it.
    Framed {
        /// The schema's number in the registry.
        schema_id: u32,
        /// What follows.
        body: Body,
    },
    /// XML.
    Xml,
    /// Any other text.
    Text,
    /// Bytes that begin as a known format does.
    Known(&'static str),
    /// Bytes that can be read as Protobuf's fields, from the first to the last.
    ProtobufLike,
    /// Other bytes.
    Binary,
}

/// What a schema registry's frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Body {
    /// JSON: the schema is a JSON Schema.
    Json,
    /// Message indexes and fields as Protobuf has them; Avro is hardly ever so by accident.
    ProtobufLike,
    /// Avro, or Protobuf that does not show.
    Other,
}

impl Format {
    /// The format of a payload.
    #[must_use]
    pub(crate) fn of(payload: Option<&[u8]>) -> Self {
        let Some(payload) = payload else { return Format::Tombstone };
        if payload.is_empty() {
            return Format::Empty;
        }
        framed(payload).unwrap_or_else(|| unframed(payload))
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> String {
        match self {
            Format::Tombstone => "tombstone (no payload)".to_owned(),
            Format::Empty => "empty".to_owned(),
            Format::Json => "JSON".to_owned(),
            Format::Framed { schema_id, body } => {
                let body = match body {
                    Body::Json => "JSON with a JSON Schema",
                    Body::ProtobufLike => "Protobuf, by its form",
                    Body::Other => "Avro or Protobuf",
                };
                format!("{body}, schema {schema_id} of a registry")
            }
            Format::Xml => "XML".to_owned(),
            Format::Text => "text".to_owned(),
            Format::Known(name) => name.to_owned(),
            Format::ProtobufLike => "bytes that could be Protobuf without a registry".to_owned(),
            Format::Binary => "bytes of an unknown form".to_owned(),
        }
    }
}

/// A payload in a schema registry's frame.
fn framed(payload: &[u8]) -> Option<Format> {
    let (frame, rest) = payload.split_at_checked(FRAME_BYTES)?;
    let schema_id = u32::from_be_bytes(frame.strip_prefix(&[0])?.try_into().ok()?);
    if schema_id == 0 || schema_id > LARGEST_SCHEMA_ID || rest.is_empty() {
        return None;
    }
    let body = if is_json(rest) {
        Body::Json
    } else if without_indexes(rest).is_some_and(is_protobuf) {
        Body::ProtobufLike
    } else {
        Body::Other
    };
    Some(Format::Framed { schema_id, body })
}

fn unframed(payload: &[u8]) -> Format {
    if let Some((_, name)) = SIGNS.iter().find(|(sign, _)| payload.starts_with(sign)) {
        return Format::Known(name);
    }
    match std::str::from_utf8(payload) {
        Ok(text) if is_json(payload) || is_json(text.trim_start_matches('\u{feff}').as_bytes()) => Format::Json,
        Ok(text) if is_xml(text) => Format::Xml,
        Ok(text) if is_readable(text) => Format::Text,
        _ if is_protobuf(payload) => Format::ProtobufLike,
        _ => Format::Binary,
    }
}

/// A JSON object or list. A lone number or text says nothing about a format.
fn is_json(bytes: &[u8]) -> bool {
    matches!(serde_json::from_slice(bytes), Ok(Value::Object(_) | Value::Array(_)))
}

fn is_xml(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    text.starts_with('<') && text.ends_with('>') && text.len() > 2
}

fn is_readable(text: &str) -> bool {
    text.chars().all(|next| !next.is_control() || matches!(next, '\n' | '\r' | '\t'))
}

/// A message's JSON, whether it stands in a frame or not.
#[must_use]
pub(super) fn json_of(payload: &[u8]) -> Option<Value> {
    let bare = payload.strip_prefix("\u{feff}".as_bytes()).unwrap_or(payload);
    serde_json::from_slice(json_part(bare)).ok()
}

/// What follows the message indexes of Confluent's Protobuf: a zero for the first message, or their number and each of them.
fn without_indexes(bytes: &[u8]) -> Option<&[u8]> {
    let (count, mut rest) = zigzag(bytes)?;
    for _ in 0..count {
        (_, rest) = zigzag(rest)?;
    }
    Some(rest)
}

fn zigzag(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = varint(bytes)?;
    // An odd number is below 0, which neither a length nor an index is.
    (number % 2 == 0 && number < 64).then_some((number / 2, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(length);
    let number = digits.iter().rev().fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, rest))
}

/// Whether bytes are fields of Protobuf's wire format (tag, then a value as the tag says) up to the last one.
fn is_protobuf(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match after_field(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    !bytes.is_empty()
}

fn after_field(bytes: &[u8]) -> Option<&[u8]> {
    /// The highest number of a field.
    const HIGHEST: u64 = (1 << 29) - 1;
    let (tag, rest) = varint(bytes)?;
    if !(1..=HIGHEST).contains(&(tag >> 3)) {
        return None;
    }
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
}
