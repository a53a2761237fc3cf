//! Schemas as texts, with all that they refer to.

use std::fmt;

use serde_json::Value;

use super::{SchemaError, avro, protobuf};

/// A language of schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaKind {
    /// Apache Avro.
    Avro,
    /// Protocol Buffers, as the text of a `.proto` file.
    Protobuf,
    /// JSON Schema.
    Json,
}

impl fmt::Display for SchemaKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            SchemaKind::Avro => "Avro",
            SchemaKind::Protobuf => "Protobuf",
            SchemaKind::Json => "JSON Schema",
        })
    }
}

/// A schema and all that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaText {
    /// Its language.
    pub kind: SchemaKind,
    /// The schema itself.
    pub text: String,
    /// What it refers to, directly or not.
    pub references: Vec<ReferredSchema>,
}

/// A schema that another refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredSchema {
    /// The name by which it is referred to: a full name of Avro, the path of an import, the address of a JSON Schema.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SchemaText {
    /// One that refers to nothing.
    #[must_use]
    pub fn alone(kind: SchemaKind, text: &str) -> Self {
        SchemaText { kind, text: text.to_owned(), references: Vec::new() }
    }

    /// The full name of its record: of Avro's record, of Protobuf's message (the only one, or `message`), or a JSON Schema's title.
    ///
    /// # Errors
    /// [`SchemaError`] when the schema cannot be read.
    pub fn record_name(&self, message: Option<&str>) -> Result<Option<String>, SchemaError> {
        match self.kind {
            SchemaKind::Avro => avro::record_name(self),
            SchemaKind::Protobuf => protobuf::message_name(self, message).map(Some),
            SchemaKind::Json => {
                let title = serde_json::from_str::<Value>(&self.text)
                    .ok()
                    .and_then(|schema| Some(schema.get("title")?.as_str()?.to_owned()));
                Ok(title)
            }
        }
    }
}
