//! What a registry is asked. Pure.

use std::fmt::Write;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Reference;
use crate::payload::schema::SchemaKind;

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    /// The schema of an id.
    ById(u32),
    /// The schema of a GUID.
    ByGuid(Uuid),
    /// A version of a subject, or its latest.
    Version { subject: String, version: Option<u32> },
    /// To register a schema under a subject, or whether it is registered there.
    Schema { subject: String, schema: Offered, registers: bool },
}

/// A schema that a registry is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) kind: SchemaKind,
    pub(super) text: String,
    pub(super) references: Vec<Reference>,
}

impl Ask {
    /// The path below the registry's address.
    pub(super) fn path(&self) -> String {
        match self {
            Ask::ById(id) => format!("/schemas/ids/{id}"),
            Ask::ByGuid(guid) => format!("/schemas/guids/{guid}"),
            Ask::Version { subject, version } => {
                let version = version.map_or_else(|| "latest".to_owned(), |version| version.to_string());
                format!("/subjects/{}/versions/{version}", escaped(subject))
            }
            Ask::Schema { subject, registers: true, .. } => format!("/subjects/{}/versions", escaped(subject)),
            Ask::Schema { subject, registers: false, .. } => format!("/subjects/{}", escaped(subject)),
        }
    }

    /// What is posted, where something is.
    pub(super) fn body(&self) -> Option<Value> {
        let Ask::Schema { schema: Offered { kind, text, references }, .. } = self else { return None };
        let mut body = json!({ "schema": text });
        // Avro is not named: the oldest registries know nothing else.
        if *kind != SchemaKind::Avro {
            body["schemaType"] = Value::from(name_of(*kind));
        }
        if !references.is_empty() {
            let reference = |of: &Reference| json!({ "name": of.name, "subject": of.subject, "version": of.version });
            body["references"] = references.iter().map(reference).collect();
        }
        Some(body)
    }

    /// What is asked for, in words.
    pub(super) fn in_words(&self) -> String {
        match self {
            Ask::ById(id) => format!("schema {id}"),
            Ask::ByGuid(guid) => format!("schema {guid}"),
            Ask::Version { subject, version: Some(version) } => format!("version {version} of subject `{subject}`"),
            Ask::Version { subject, version: None } | Ask::Schema { subject, .. } => format!("subject `{subject}`"),
        }
    }
}

/// A kind of schema, as the API calls it.
pub(super) fn name_of(kind: SchemaKind) -> &'static str {
    match kind {
        SchemaKind::Avro => "AVRO",
        SchemaKind::Protobuf => "PROTOBUF",
        SchemaKind::Json => "JSON",
    }
}

/// One part of a path: everything but letters, digits and `-._~` as `%41`.
fn escaped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_paths_of_the_api() {
        let version = |subject: &str, version| Ask::Version { subject: subject.to_owned(), version }.path();
        assert_eq!(Ask::ById(7).path(), "/schemas/ids/7");
        assert_eq!(Ask::ByGuid(Uuid::nil()).path(), "/schemas/guids/00000000-0000-0000-0000-000000000000");
        assert_eq!(version("orders-value", None), "/subjects/orders-value/versions/latest");
        assert_eq!(version("a/b ü?", Some(3)), "/subjects/a%2Fb%20%C3%BC%3F/versions/3");
    }

    #[test]
    fn a_schema_is_registered_with_its_kind_and_references() {
        let ask = |kind, references| {
            let schema = Offered { kind, text: "t".to_owned(), references };
            Ask::Schema { subject: "s".to_owned(), schema, registers: true }
        };
        assert_eq!(ask(SchemaKind::Avro, Vec::new()).body(), Some(json!({ "schema": "t" })));
        let reference = Reference { name: "a.proto".to_owned(), subject: "a".to_owned(), version: 2 };
        let expected = json!({
            "schema": "t", "schemaType": "PROTOBUF", "references": [{ "name": "a.proto", "subject": "a", "version": 2 }],
        });
        assert_eq!(ask(SchemaKind::Protobuf, vec![reference]).body(), Some(expected));
        assert_eq!(Ask::ById(1).body(), None);
        assert_eq!(ask(SchemaKind::Json, Vec::new()).path(), "/subjects/s/versions");
    }
}
