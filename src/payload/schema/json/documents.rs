//! The texts of a JSON Schema and all that it refers to, and what a `$ref` means among them.

use serde_json::{Map, Value};

use super::super::{SchemaError, SchemaKind, SchemaText};

/// The schema itself stands first.
pub(super) struct Documents {
    all: Vec<(String, Value)>,
}

/// A schema and the document that it stands in, against which its references are read.
#[derive(Clone, Copy)]
pub(super) struct At<'d> {
    pub(super) schema: &'d Value,
    pub(super) document: usize,
}

impl Documents {
    pub(super) fn parse(schema: &SchemaText) -> Result<Self, SchemaError> {
        let referred = schema.references.iter().map(|referred| (referred.name.as_str(), referred.text.as_str()));
        let texts = std::iter::once(("", schema.text.as_str())).chain(referred);
        let parse = |(name, text): (&str, &str)| Ok::<_, SchemaError>((name.to_owned(), parsed(text)?));
        Ok(Documents { all: texts.map(parse).collect::<Result<_, SchemaError>>()? })
    }

    pub(super) fn root(&self) -> Option<At<'_>> {
        self.all.first().map(|(_, schema)| At { schema, document: 0 })
    }

    /// What `$ref` refers to.
    pub(super) fn resolve(&self, reference: &str, from: usize) -> Result<At<'_>, SchemaError> {
        let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let found = if name.is_empty() { Some(from) } else { self.position(name) };
        let found = found.and_then(|document| {
            let schema = self.all.get(document).and_then(|(_, whole)| inside(whole, pointer))?;
            Some(At { schema, document })
        });
        found.ok_or_else(|| invalid(format!("it refers to `{reference}`, which is not there")))
    }

    /// By the name of the reference, its own `$id`, or the end of either.
    fn position(&self, name: &str) -> Option<usize> {
        let is_called = |(of, whole): &(String, Value)| {
            let id =
                whole.get("$id").or_else(|| whole.get("id")).and_then(Value::as_str).map(|id| id.trim_end_matches('#'));
            of == name || id == Some(name) || id.is_some_and(|id| id.ends_with(&format!("/{name}")))
        };
        self.all.iter().position(is_called)
    }
}

fn parsed(text: &str) -> Result<Value, SchemaError> {
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(format!("it is not JSON: {error}")))?;
    if value.is_object() || value.is_boolean() {
        Ok(value)
    } else {
        Err(invalid("it is neither an object nor true".to_owned()))
    }
}

pub(super) fn invalid(why: String) -> SchemaError {
    SchemaError::Invalid { kind: SchemaKind::Json, why }
}

/// By a pointer, or by an anchor.
fn inside<'d>(whole: &'d Value, pointer: &str) -> Option<&'d Value> {
    if pointer.is_empty() || pointer.starts_with('/') { whole.pointer(pointer) } else { anchored(whole, pointer) }
}

fn anchored<'d>(value: &'d Value, anchor: &str) -> Option<&'d Value> {
    match value {
        Value::Object(map) if map.get("$anchor").and_then(Value::as_str) == Some(anchor) => Some(value),
        Value::Object(map) => map.values().find_map(|value| anchored(value, anchor)),
        Value::Array(items) => items.iter().find_map(|value| anchored(value, anchor)),
        _ => None,
    }
}

/// Two schemas that both hold, as one: properties and requirements add up, and of all else the second's word counts.
pub(super) fn both(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = one.clone();
    for (key, value) in other {
        match (merged.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if key == "properties" => {
                old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(Value::Array(old)), Value::Array(new)) if key == "required" => old.extend(new.iter().cloned()),
            _ => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    merged
}
