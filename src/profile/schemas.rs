//! The schemas of a profile's streams and stages: read from files, filled by the stream's places and rules, and recorded so that they can be
//! found again. Those that only a registry has are filled here, too, once somebody has asked it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Loaded, Payload, Profile, Stage,
    fault::{Fault, Faults},
    templates::{Refused, full, read_text},
    units::Span,
};
use crate::event::place::Layout;
use crate::event::time_form::{TimeForm, Unit};
use crate::payload::Generator;
use crate::payload::schema::{
    Encoding, Fact, FactPlace, Filling, ReferredSchema, SchemaError, SchemaKey, SchemaKind, SchemaReader, SchemaText,
    layout_of,
};

/// The largest schema or file of authorities.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// A schema registry, and what is asked of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryUse {
    /// Where its API is: `http://127.0.0.1:8081`. A login comes from FLOODMARK_REGISTRY_USER and FLOODMARK_REGISTRY_PASSWORD.
    pub url: String,
    /// The subject of the schema: `topic-name`, `record-name` or `topic-record-name` as Confluent's clients name it, or the subject itself. Default topic-name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Which version of the subject, where no file is given. Default: the latest when the run begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Register the schema of the file under the subject before the run. Default: it must be there.
    #[serde(default)]
    pub register: bool,
    /// Where a message names its schema: `payload`, by its id before the payload, or `header`, by its GUID in the record header `__value_schema_id` (slower: one client call for each event). Default payload.
    #[serde(default, skip_serializing_if = "IdIn::is_payload")]
    pub id_in: IdIn,
    /// A file of certificates (PEM), relative to the profile's folder, whom to trust. Default: the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// How long an answer may take. Default 10s.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// What the file of certificates holds, once it is read.
    #[serde(skip)]
    pub(crate) authorities: Option<Vec<u8>>,
}

/// Where a message names its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdIn {
    /// By its id, before the payload.
    #[default]
    Payload,
    /// By its GUID, in a record header.
    Header,
}

impl IdIn {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_payload(&self) -> bool {
        *self == IdIn::Payload
    }
}

fn timeout() -> Span {
    Span::from_secs(10)
}

impl Profile {
    /// Reads the schema files of all streams and stages. Paths are relative to `folder`.
    ///
    /// # Errors
    /// Every file that cannot be used, and every place that does not fit, at its key.
    pub fn read_schemas(&mut self, folder: &Path) -> Result<(), Vec<Fault>> {
        let mut list = Vec::new();
        let mut faults = Faults::new(&mut list);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let kind = stream.payload.codec.schema_kind();
            let mut faults = faults.at_index("stream", index);
            if let Some(registry) = &mut stream.payload.registry {
                registry.read_authorities(folder, &mut faults.at("payload").at("registry"));
            }
            if let Some(kind) = kind {
                stream.payload.read_schema(kind, folder, &mut faults.at("payload"));
            }
            for (index, stage) in stream.stages.iter_mut().enumerate() {
                let kind = stage.codec.map_or(kind, |codec| codec.schema_kind());
                if let Some(kind) = kind {
                    stage.read_schema(kind, folder, &mut faults.at_index("stage", index));
                }
            }
        }
        if list.is_empty() { Ok(()) } else { Err(list) }
    }
}

impl RegistryUse {
    /// The registry at an address, to be asked for schemas by their ids.
    #[must_use]
    pub(crate) fn at(url: &str) -> Self {
        let (url, timeout) = (url.to_owned(), timeout());
        RegistryUse {
            url,
            subject: None,
            version: None,
            register: false,
            id_in: IdIn::default(),
            ca: None,
            timeout,
            authorities: None,
        }
    }

    fn read_authorities(&mut self, folder: &Path, faults: &mut Faults<'_>) {
        let Some(name) = &self.ca else { return };
        match read_text(&folder.join(name), MAX_FILE_BYTES, "file of authorities") {
            Ok(text) => self.authorities = Some(text.into_bytes()),
            Err((message, help)) => faults.add_help("ca", message, help),
        }
    }
}

impl Payload {
    fn read_schema(&mut self, kind: SchemaKind, folder: &Path, faults: &mut Faults<'_>) {
        // Another kind of place is told of when the profile is checked.
        if !self.facts().iter().all(|place| place.path.starts_with('/')) {
            return;
        }
        let Some(name) = self.schema.clone() else { return };
        let schema = match read_schema(kind, folder, &name, &self.references) {
            Ok(schema) => schema,
            Err((message, help)) => return faults.add_help("schema", message, help),
        };
        if let Err(error) = self.encode(&schema) {
            let message = format!("{name}: {error}");
            return match self.key_of(&error) {
                Some(Key::Own(key)) => faults.add(key, message),
                Some(Key::Field(name)) => faults.at_name("fields", &name).add_at(message),
                None => faults.add("schema", message),
            };
        }
        if let Some(message) = self.other_fingerprint(&name) {
            faults.add_help("fingerprint", message, "name the right file, or remove `fingerprint`");
        }
        if let Some(id) = self.schema_id {
            self.frame(id);
        }
    }

    /// From now on each message names its schema by this id.
    pub(crate) fn frame(&mut self, id: u32) {
        let framed = |encoding: Arc<Encoding>| Arc::new(Arc::unwrap_or_clone(encoding).framed(SchemaKey::Id(id)));
        self.encoding = self.encoding.take().map(framed);
    }

    /// From now on each message names its schema by this GUID, in a header.
    pub(crate) fn name_in_header(&mut self, guid: Uuid) {
        let named = |encoding: Arc<Encoding>| Arc::new(Arc::unwrap_or_clone(encoding).named_in_header(guid));
        self.encoding = self.encoding.take().map(named);
    }

    /// Fills a schema with the parts of events and what the rules draw.
    ///
    /// # Errors
    /// [`SchemaError`] when it does not hold what is to stand in it.
    pub(crate) fn encode(&mut self, schema: &SchemaText) -> Result<(), SchemaError> {
        let encoding = Encoding::new(schema, self.message.as_deref(), &self.filling(), &self.headers)?;
        self.encoding = Some(Arc::new(encoding));
        Ok(())
    }

    /// What is wrong if the profile names another fingerprint than that of the schema.
    pub(crate) fn other_fingerprint(&self, name: &str) -> Option<String> {
        let (pinned, found) = (self.fingerprint.as_ref()?, self.schema_fingerprint()?);
        (*pinned != found).then(|| format!("the fingerprint of {name} is {found}, not the one in the profile"))
    }

    /// Over the schema and the lists that its fields are drawn from.
    fn schema_fingerprint(&self) -> Option<String> {
        let listed = self.fields.values().flat_map(|field| field.listed()).map(String::as_str);
        self.encoding.as_ref().map(|encoding| encoding.fingerprint(listed))
    }

    fn filling(&self) -> Filling {
        // Fields that are no pointers stand in headers and keys.
        let fields = self.fields.iter().filter(|(path, _)| path.starts_with('/'));
        let rules = fields.map(|(path, field)| (path.clone(), Generator::new(path, field))).collect();
        Filling { facts: self.facts(), rules }
    }

    fn facts(&self) -> Vec<FactPlace> {
        let place = |(fact, path, _): (Fact, &Option<String>, _)| Some(FactPlace::new(fact, path.as_deref()?));
        self.schema_places().into_iter().filter_map(place).collect()
    }

    /// Where each part stands, and the key that says so.
    pub(crate) fn schema_places(&self) -> [(Fact, &Option<String>, &'static str); 6] {
        [
            (Fact::Id, &self.id, "id"),
            (Fact::EventTime, &self.event_time, "event_time"),
            (Fact::Due, &self.due, "due"),
            (Fact::Sent, &self.sent, "sent"),
            (Fact::Key, &self.key, "key"),
            (Fact::Sequence, &self.sequence, "sequence"),
        ]
    }

    /// Where decoded messages have the parts; before the schema is known, without the forms that it gives to times.
    pub(super) fn schema_layout(&self) -> Layout {
        let usual =
            |fact| Some(if fact == Fact::EventTime { TimeForm::Recognised } else { TimeForm::Number(Unit::Us) });
        let unread = || layout_of(&self.filling(), &self.headers, usual);
        self.encoding.as_ref().map_or_else(unread, |encoding| encoding.layout().clone())
    }

    /// The key of the profile at which an error is told.
    fn key_of(&self, error: &SchemaError) -> Option<Key> {
        let of_path = |path: &str| {
            let own = self.schema_places().into_iter().find(|(_, place, _)| place.as_deref() == Some(path));
            let field = || self.fields.contains_key(path).then(|| Key::Field(path.to_owned()));
            own.map(|(_, _, key)| Key::Own(key)).or_else(field)
        };
        match error {
            SchemaError::Misplaced { path, .. }
            | SchemaError::Repeated { path, .. }
            | SchemaError::Misfit { path, .. }
            | SchemaError::Missing { path, .. } => of_path(path),
            SchemaError::NoMessage { .. } => Some(Key::Own("message")),
            _ => None,
        }
    }
}

/// A key of a stream's payload.
enum Key {
    Own(&'static str),
    Field(String),
}

impl Stage {
    fn read_schema(&mut self, kind: SchemaKind, folder: &Path, faults: &mut Faults<'_>) {
        let Some(name) = &self.schema else { return };
        match read_schema(kind, folder, name, &self.references) {
            Ok(schema) => match SchemaReader::for_message(&schema, self.message.as_deref()) {
                Ok(_) => self.schema_text = Some(schema),
                Err(error) => faults.add("schema", format!("{name}: {error}")),
            },
            Err((message, help)) => faults.add_help("schema", message, help),
        }
    }
}

pub(super) fn read_schema(
    kind: SchemaKind,
    folder: &Path,
    name: &str,
    references: &BTreeMap<String, String>,
) -> Result<SchemaText, Refused> {
    let text = read_text(&folder.join(name), MAX_FILE_BYTES, "schema")?;
    let mut schema = SchemaText { kind, text, references: Vec::new() };
    for (name, file) in references {
        let text = read_text(&folder.join(file), MAX_FILE_BYTES, "schema")?;
        schema.references.push(ReferredSchema { name: name.clone(), text });
    }
    Ok(schema)
}

/// Adds to a profile's table what is needed to send the same again from any folder: the files' full paths, and the schema's fingerprint.
pub(super) fn note_schemas(profile: &Profile, folder: &Path, table: &mut toml::Table) {
    let streams = table.get_mut("stream").and_then(toml::Value::as_array_mut);
    for (stream, written) in profile.streams.iter().zip(streams.into_iter().flatten()) {
        let Some(written) = written.as_table_mut() else { continue };
        if let Some(payload) = written.get_mut("payload").and_then(toml::Value::as_table_mut) {
            note_files(folder, payload);
            if let Some(registry) = payload.get_mut("registry").and_then(toml::Value::as_table_mut) {
                note_file(folder, registry, "ca");
            }
            if let Some(fingerprint) = stream.payload.schema_fingerprint() {
                payload.insert("fingerprint".to_owned(), fingerprint.into());
            }
        }
        let stages = written.get_mut("stage").and_then(toml::Value::as_array_mut);
        stages.into_iter().flatten().filter_map(toml::Value::as_table_mut).for_each(|stage| note_files(folder, stage));
    }
}

fn note_files(folder: &Path, table: &mut toml::Table) {
    note_file(folder, table, "schema");
    let Some(references) = table.get_mut("references").and_then(toml::Value::as_table_mut) else { return };
    let names: Vec<String> = references.keys().cloned().collect();
    names.iter().for_each(|name| note_file(folder, references, name));
}

fn note_file(folder: &Path, table: &mut toml::Table, key: &str) {
    if let Some(name) = table.get(key).and_then(toml::Value::as_str).map(|name| full(folder, name)) {
        table.insert(key.to_owned(), name.into());
    }
}

impl Loaded {
    /// Records the schema that a registry gave to a stream: the same version is sent when the run is repeated, or is refused.
    pub(crate) fn note_registered(&mut self, stream: usize, version: Option<u32>) {
        let of = self.profile.streams.get(stream);
        let Some(fingerprint) = of.and_then(|stream| stream.payload.schema_fingerprint()) else { return };
        let streams = self.table.get_mut("stream").and_then(toml::Value::as_array_mut);
        let written = streams.and_then(|streams| streams.get_mut(stream)?.get_mut("payload")?.as_table_mut());
        let Some(payload) = written else { return };
        payload.insert("fingerprint".to_owned(), fingerprint.into());
        let registry = payload.get_mut("registry").and_then(toml::Value::as_table_mut);
        if let (Some(registry), Some(version)) = (registry, version) {
            registry.insert("version".to_owned(), i64::from(version).into());
        }
    }
}
