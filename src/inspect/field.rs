//! The fields of messages: where each is, of which kind, in how many messages, and how many values it has. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::mask::Shown;

/// The depth to which objects are followed.
const DEEPEST: usize = 12;
/// The most fields that are kept apart: an object with ids for names has any number of them.
const MOST_FIELDS: usize = 400;
/// The part of a path that stands for each item of a list.
pub(super) const EACH: &str = "*";

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A number without a fraction.
    Integer,
    /// Another number.
    Decimal,
    /// True or false.
    Boolean,
    /// Nothing.
    Null,
    /// A list without an item, or an object without a field.
    Empty,
    /// Bytes that are not text: of a header.
    Bytes,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Integer => "integer",
            Kind::Decimal => "decimal",
            Kind::Boolean => "boolean",
            Kind::Null => "null",
            Kind::Empty => "empty",
            Kind::Bytes => "bytes",
        }
    }
}

/// A field of a topic's messages, or a header.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Where it is: a JSON pointer with `*` for each item of a list, or `header:NAME`.
    pub(crate) path: String,
    /// What its values are.
    pub(crate) kinds: BTreeSet<Kind>,
    /// In how many messages it is.
    pub(crate) messages: usize,
    /// How many values were seen.
    pub(crate) values: usize,
    /// How many different ones.
    pub(crate) distinct: usize,
    /// The shortest text, in characters.
    pub(crate) shortest: usize,
    /// One of its values, as it may be shown.
    pub(crate) example: String,
}

impl Field {
    /// Whether a stage or samples can name it: it is in no list.
    #[must_use]
    pub(crate) fn is_place(&self) -> bool {
        !self.path.split('/').any(|part| part == EACH)
    }

    /// Whether it is only text.
    #[must_use]
    pub(super) fn is_text(&self) -> bool {
        self.kinds.iter().eq([&Kind::Text])
    }

    /// Its kinds in words.
    #[must_use]
    pub(crate) fn kind_names(&self) -> String {
        self.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" or ")
    }
}

/// A field while messages are read.
#[derive(Debug, Default)]
struct Gathered {
    kinds: BTreeSet<Kind>,
    messages: usize,
    values: usize,
    distinct: HashSet<String>,
    shortest: Option<usize>,
    example: Option<String>,
    /// The last message that it was seen in.
    last: Option<usize>,
}

/// Gathers the fields of messages, in the order in which they are seen first.
#[derive(Debug, Default)]
pub(super) struct Fields {
    order: Vec<String>,
    gathered: BTreeMap<String, Gathered>,
    /// Fields that were not kept apart any more.
    pub(super) more: usize,
}

impl Fields {
    /// Takes in the fields of a message.
    pub(super) fn see(&mut self, message: usize, json: &Value) {
        self.walk(message, json, String::new(), 0);
    }

    fn walk(&mut self, message: usize, value: &Value, path: String, depth: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() && depth < DEEPEST => {
                for (name, value) in fields {
                    // RFC 6901 escapes these two.
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.walk(message, value, format!("{path}/{name}"), depth + 1);
                }
            }
            Value::Array(items) if !items.is_empty() && depth < DEEPEST => {
                items.iter().for_each(|item| self.walk(message, item, format!("{path}/{EACH}"), depth + 1));
            }
            value => self.put(message, path, kind_of(value), &text_of(value)),
        }
    }

    /// Takes in a header.
    pub(super) fn see_header(&mut self, message: usize, name: &str, value: Option<&[u8]>) {
        let path = format!("header:{name}");
        match value.map(std::str::from_utf8) {
            None => self.put(message, path, Kind::Null, ""),
            Some(Ok(text)) if text.chars().all(|next| !next.is_control()) => self.put(message, path, Kind::Text, text),
            Some(_) => {
                let bytes = value.unwrap_or_default();
                let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                self.put(message, path, Kind::Bytes, &hex.join(" "));
            }
        }
    }

    fn put(&mut self, message: usize, path: String, kind: Kind, text: &str) {
        if !self.gathered.contains_key(&path) {
            if self.order.len() >= MOST_FIELDS {
                self.more += 1;
                return;
            }
            self.order.push(path.clone());
        }
        let field = self.gathered.entry(path).or_default();
        field.kinds.insert(kind);
        field.messages += usize::from(field.last != Some(message));
        field.last = Some(message);
        field.values += 1;
        field.distinct.insert(text.to_owned());
        let length = text.chars().count();
        field.shortest = Some(field.shortest.map_or(length, |shortest| shortest.min(length)));
        if field.example.as_ref().is_none_or(String::is_empty) {
            field.example = Some(text.to_owned());
        }
    }

    /// The fields, each with an example as it may be shown.
    pub(super) fn found(self, shown: Shown) -> Vec<Field> {
        let Fields { order, mut gathered, .. } = self;
        let field = |path: String| {
            let Gathered { kinds, messages, values, distinct, shortest, example, .. } = gathered.remove(&path)?;
            let example = shown.text(&example.unwrap_or_default());
            let shortest = shortest.unwrap_or(0);
            Some(Field { path, kinds, messages, values, distinct: distinct.len(), shortest, example })
        };
        order.into_iter().filter_map(field).collect()
    }
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_f64() => Kind::Decimal,
        Value::Number(_) => Kind::Integer,
        Value::String(_) => Kind::Text,
        Value::Array(_) | Value::Object(_) => Kind::Empty,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
