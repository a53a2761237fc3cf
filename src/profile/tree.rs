//! A profile's text as a tree in which every key and value knows its position.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::fault::{Path, Step};

/// A value and the bytes of the sources where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// A whole number that does not fit into 64 bits, as it was written.
    Unbounded(String),
    Float(f64),
    Boolean(bool),
    Datetime(toml::value::Datetime),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    /// Reads a document whose first byte is byte `offset` of the sources.
    ///
    /// # Errors
    /// The parser's, with spans that count from the start of `text`.
    pub(super) fn parse(text: &str, offset: usize) -> Result<Node, toml::de::Error> {
        DeTable::parse(text).map(|table| {
            let span = shifted(&table.span(), offset);
            Node { span, value: Value::Table(entries(table.get_ref(), offset)) }
        })
    }

    fn of(value: &Spanned<DeValue<'_>>, offset: usize) -> Node {
        Node { span: shifted(&value.span(), offset), value: Value::of(value.get_ref(), offset) }
    }

    /// The value of a table's key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// A table's key and value.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The text of the key `name`: the name of a stream or stage.
    pub(super) fn name(&self) -> Option<&str> {
        match self.get("name").map(|node| &node.value) {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        }
    }

    /// The position of `path`: the key and its value, or the innermost table around it if it is absent.
    pub(super) fn locate(&self, path: &Path) -> Range<usize> {
        // What is missing from the top is reported in the first line, not in the whole text.
        let (mut node, mut span) = (self, self.span.start..self.span.start);
        for step in path.steps() {
            let next = match (step, &node.value) {
                (Step::Index(index), Value::Array(items)) => items.get(*index).map(|item| (item, item.span.clone())),
                (Step::Key(key), Value::Table(_)) => {
                    node.entry(key).map(|entry| (&entry.node, around(&entry.key_span, &entry.node)))
                }
                _ => None,
            };
            let Some((inner, written)) = next else { return span };
            (node, span) = (inner, written);
        }
        span
    }

    /// The tree without positions.
    pub(super) fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::Text(text) | Value::Unbounded(text) => toml::Value::String(text.clone()),
            Value::Integer(integer) => toml::Value::Integer(*integer),
            Value::Float(float) => toml::Value::Float(*float),
            Value::Boolean(boolean) => toml::Value::Boolean(*boolean),
            Value::Datetime(datetime) => toml::Value::Datetime(*datetime),
            Value::Array(items) => toml::Value::Array(items.iter().map(Node::to_toml).collect()),
            Value::Table(entries) => toml::Value::Table(table(entries)),
        }
    }
}

/// A table without positions.
pub(super) fn table(entries: &[Entry]) -> toml::Table {
    entries.iter().map(|entry| (entry.key.clone(), entry.node.to_toml())).collect()
}

impl Value {
    fn of(value: &DeValue<'_>, offset: usize) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => Value::Unbounded(integer.as_str().to_owned()),
            },
            DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(datetime) => Value::Datetime(*datetime),
            DeValue::Array(items) => Value::Array(items.iter().map(|item| Node::of(item, offset)).collect()),
            DeValue::Table(table) => Value::Table(entries(table, offset)),
        }
    }

    /// What was written, in words.
    pub(super) fn describe(&self) -> String {
        match self {
            Value::Text(text) => format!("the text \"{}\"", shortened(text)),
            Value::Integer(integer) => format!("the number {integer}"),
            Value::Unbounded(digits) => format!("the number {}", shortened(digits)),
            Value::Float(float) => format!("the number {float}"),
            Value::Boolean(boolean) => format!("`{boolean}`"),
            Value::Datetime(datetime) => format!("the date {datetime}"),
            Value::Array(items) => format!("a list of {}", items.len()),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// The start of a long text.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// In the order of the file; the parser's own order is alphabetical.
fn entries(table: &DeTable<'_>, offset: usize) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| Entry {
        key: key.get_ref().to_string(),
        key_span: shifted(&key.span(), offset),
        node: Node::of(value, offset),
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

fn shifted(span: &Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}

/// From the key to the end of its value; the key alone when the value is a table of its own, written elsewhere.
fn around(key: &Range<usize>, node: &Node) -> Range<usize> {
    let nested = matches!(node.value, Value::Table(_) | Value::Array(_));
    if nested || node.span.start < key.end { key.clone() } else { key.start..node.span.end }
}
