//! Keys that are records of a schema: read from files, and recorded with all that is needed to write the same keys again.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Codec, Keys, Loaded, Profile,
    fault::{Fault, Faults},
    schemas::read_schema,
    templates::{note_lists, read_lists},
};
use crate::payload::schema::{KeyRecord, SchemaError, SchemaKey, SchemaKind, SchemaText};
use crate::payload::{Field, FieldKind, KeyForm};

/// The record's key is itself a record, by a schema: each key has its own bytes, and the partition follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRecordUse {
    /// Where the key's name (prefix and number) is written: a JSON pointer (`/customer`), or an empty text where the key is nothing else.
    pub key: String,
    /// The file of the schema, relative to the profile's folder. Default: the latest version of the subject, in the payload's registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The schema itself, instead of a file, as a run's manifest keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How keys are written: `avro`, `protobuf` or `json-schema`. Default: by the file's ending (`.avsc`, `.proto`, `.json`), or as the registry says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// protobuf: which message of the schema the key is. Default: the only one that is part of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The subject of the schema in the payload's registry. Default: the topic's name and `-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The schema's id, which is written before each key as a registry's clients expect it. Default: the registry's, or nothing without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_id: Option<u32>,
    /// How the other fields are drawn: a table for each JSON pointer into the schema. The same key always has the same values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Field>,
}

impl Profile {
    /// Reads the schemas of all streams' keys. Paths are relative to `folder`.
    ///
    /// # Errors
    /// Every file that cannot be used, and every place that does not fit, at its key.
    pub fn read_key_records(&mut self, folder: &Path) -> Result<(), Vec<Fault>> {
        let mut list = Vec::new();
        let mut faults = Faults::new(&mut list);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            stream.keys.read_record(folder, &mut faults.at_index("stream", index).at("keys").at("record"));
        }
        if list.is_empty() { Ok(()) } else { Err(list) }
    }
}

impl Keys {
    fn read_record(&mut self, folder: &Path, faults: &mut Faults<'_>) {
        let Some(of) = &mut self.record else { return };
        let before = faults.len();
        read_lists(&mut of.fields, folder, faults);
        of.refuse_other_than_of_key(faults);
        // The registry's is filled once it has been asked.
        // Another kind of place, or a rule at it, is told of when the profile is checked.
        let is_place = of.key.is_empty() || of.key.starts_with('/') && !of.fields.contains_key(&of.key);
        let schema = of.read_schema(folder, faults).filter(|_| faults.len() == before && is_place);
        let (Some(of), Some(schema)) = (self.record.clone(), schema) else { return };
        if let Err(error) = self.write_by(&schema) {
            let shown = of.schema.as_ref().map_or_else(String::new, |name| format!("{name}: "));
            return of.tell(&error, format!("{shown}{error}"), faults);
        }
        if let Some(id) = of.schema_id {
            self.frame(id);
        }
    }

    /// Fills the schema of the record with the key's name and what the rules draw.
    ///
    /// # Errors
    /// [`SchemaError`] when it does not hold what is to stand in it.
    pub(crate) fn write_by(&mut self, schema: &SchemaText) -> Result<(), SchemaError> {
        let Some(of) = &self.record else { return Ok(()) };
        let record = KeyRecord::new(schema, of.message.as_deref(), &of.key, &of.fields)?;
        self.read = Some(KeyForm::Record(Box::new(record)));
        Ok(())
    }

    /// From now on each key names its schema by this id.
    pub(crate) fn frame(&mut self, id: u32) {
        self.read = self.read.take().map(|form| match form {
            KeyForm::Record(record) => KeyForm::Record(Box::new(record.framed(SchemaKey::Id(id)))),
            text @ KeyForm::Text(_) => text,
        });
    }

    /// The record of a schema that its keys are, once the schema is known.
    #[must_use]
    pub(crate) fn key_record(&self) -> Option<&KeyRecord> {
        match self.read.as_ref()? {
            KeyForm::Record(record) => Some(record),
            KeyForm::Text(_) => None,
        }
    }
}

impl KeyRecordUse {
    fn refuse_other_than_of_key(&self, faults: &mut Faults<'_>) {
        let help = "remove the rule, or put the value into the payload or a header";
        for (name, field) in &self.fields {
            if field.kind == FieldKind::Time || field.belongs_to_event() {
                let message = format!("`{name}` is not the same for all events of a key");
                let key = if field.kind == FieldKind::Time { "kind" } else { "by" };
                faults.at_name("fields", name).add_help(key, message, help);
            }
        }
    }

    /// The schema of a file, or the one that stands here.
    fn read_schema(&self, folder: &Path, faults: &mut Faults<'_>) -> Option<SchemaText> {
        let kind = self.kind().or_else(|| {
            let name = self.schema.as_ref()?;
            let help = "add codec = \"avro\", \"protobuf\" or \"json-schema\"";
            faults.add_help("schema", format!("the ending of {name} does not say how keys are written"), help);
            None
        })?;
        if let Some(text) = &self.text {
            return Some(SchemaText::alone(kind, text));
        }
        match read_schema(kind, folder, self.schema.as_ref()?, &BTreeMap::new()) {
            Ok(schema) => Some(schema),
            Err((message, help)) => {
                faults.add_help("schema", message, help);
                None
            }
        }
    }

    fn kind(&self) -> Option<SchemaKind> {
        let by_ending = || match self.schema.as_ref()?.rsplit_once('.')?.1 {
            "avsc" => Some(SchemaKind::Avro),
            "proto" => Some(SchemaKind::Protobuf),
            "json" => Some(SchemaKind::Json),
            _ => None,
        };
        self.codec.and_then(Codec::schema_kind).or_else(by_ending)
    }

    /// Whether a file or the profile itself says the schema.
    #[must_use]
    pub(crate) fn has_schema(&self) -> bool {
        self.schema.is_some() || self.text.is_some()
    }

    /// Tells of an error at the key that is the cause.
    fn tell(&self, error: &SchemaError, message: String, faults: &mut Faults<'_>) {
        match error {
            SchemaError::Misplaced { path, .. }
            | SchemaError::Repeated { path, .. }
            | SchemaError::Misfit { path, .. }
            | SchemaError::Missing { path, .. }
                if self.fields.contains_key(path) =>
            {
                faults.at_name("fields", path).add_at(message);
            }
            SchemaError::Misplaced { .. } | SchemaError::Repeated { .. } | SchemaError::Missing { .. } => {
                faults.add("key", message);
            }
            SchemaError::NoMessage { .. } => faults.add("message", message),
            _ => faults.add(if self.schema.is_some() { "schema" } else { "text" }, message),
        }
    }
}

/// Adds to a profile's table what is needed to write the same keys again from any folder: the schemas themselves.
pub(super) fn note_key_records(profile: &Profile, folder: &Path, table: &mut toml::Table) {
    for (index, stream) in profile.streams.iter().enumerate() {
        let (Some(of), Some(written)) = (&stream.keys.record, written_of(table, index)) else { continue };
        note_lists(&of.fields, folder, written);
        note_schema(&stream.keys, written);
    }
}

fn note_schema(keys: &Keys, written: &mut toml::Table) {
    let Some(record) = keys.key_record() else { return };
    let schema = record.schema();
    // What refers to others does not stand alone: its registry, or its files, are asked again.
    if schema.references.is_empty() {
        written.remove("schema");
        written.insert("text".to_owned(), schema.text.clone().into());
        written.insert("codec".to_owned(), codec_name(schema.kind).into());
    }
}

fn codec_name(kind: SchemaKind) -> &'static str {
    match kind {
        SchemaKind::Avro => "avro",
        SchemaKind::Protobuf => "protobuf",
        SchemaKind::Json => "json-schema",
    }
}

fn written_of(table: &mut toml::Table, stream: usize) -> Option<&mut toml::Table> {
    let streams = table.get_mut("stream").and_then(toml::Value::as_array_mut)?;
    streams.get_mut(stream)?.get_mut("keys")?.get_mut("record")?.as_table_mut()
}

impl Loaded {
    /// Records the schema of a stream's keys and the id that a registry gave to it: the same keys are written when the run is repeated.
    pub(crate) fn note_key_schema(&mut self, stream: usize, id: u32) {
        let (Some(of), Some(written)) = (self.profile.streams.get(stream), written_of(&mut self.table, stream)) else {
            return;
        };
        note_schema(&of.keys, written);
        written.insert("schema_id".to_owned(), i64::from(id).into());
    }
}
