//! The schemas that a profile leaves to its registries: asked for, or registered where that is wanted, before a run.

use std::time::Duration;

use super::answer::Reference;
use super::call::{Access, Login};
use super::client::Registry;
use super::error::RegistryError;
use super::keys::settle_keys;
use crate::payload::schema::{SchemaError, SchemaText, SubjectRule};
use crate::profile::{IdIn, Loaded, Payload, RegistryUse};

/// The variables of the environment that hold the login.
const USER: &str = "FLOODMARK_REGISTRY_USER";
const PASSWORD: &str = "FLOODMARK_REGISTRY_PASSWORD";

/// What the schemas are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To show what would be sent: nothing is registered, and no registry is asked for what a file says.
    Look,
    /// To read what others send.
    Observe,
    /// To send.
    Send,
}

/// Why a stream has no schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemasError {
    /// The registry did not give or take it.
    #[error("stream `{stream}`: {error}")]
    Registry {
        /// The stream.
        stream: String,
        /// Why.
        error: RegistryError,
    },
    /// The profile asks for what cannot be.
    #[error("stream `{stream}`: {why}")]
    Profile {
        /// The stream.
        stream: String,
        /// What is wrong, and the way out.
        why: String,
    },
}

impl SchemasError {
    fn of(stream: &str, wrong: Wrong) -> Self {
        let stream = stream.to_owned();
        match wrong {
            Wrong::Registry(error) => SchemasError::Registry { stream, error },
            Wrong::Profile(why) => SchemasError::Profile { stream, why },
        }
    }

    /// Whether the user can put it right in the profile, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            SchemasError::Profile { .. } => true,
            // What a registry calls invalid is the file that it was shown.
            SchemasError::Registry { error, .. } => matches!(error, RegistryError::Invalid { .. }),
        }
    }
}

/// What went wrong with one stream.
pub(super) enum Wrong {
    Registry(RegistryError),
    Profile(String),
}

impl From<RegistryError> for Wrong {
    fn from(error: RegistryError) -> Self {
        Wrong::Registry(error)
    }
}

/// Gives each stream its schema and the schema's id. Returns a sentence for each stream that says which it is.
///
/// # Errors
/// [`SchemasError`], one clear sentence.
pub(crate) fn settle_schemas(loaded: &mut Loaded, purpose: Purpose) -> Result<Vec<String>, SchemasError> {
    let mut notes = Vec::new();
    for index in 0..loaded.profile.streams.len() {
        let Some(stream) = loaded.profile.streams.get_mut(index) else { break };
        let (name, topic) = (stream.name.clone(), stream.topic_name());
        let told = |wrong| SchemasError::of(&name, wrong);
        let of_payload = settle(&mut stream.payload, &topic, purpose).map_err(told)?;
        let of_keys = settle_keys(stream, purpose).map_err(told)?;
        if let Some(settled) = of_payload {
            loaded.note_registered(index, settled.version);
            notes.push(format!("stream `{name}`: {}", settled.words));
        }
        if let Some(settled) = of_keys {
            settled.id.into_iter().for_each(|id| loaded.note_key_schema(index, id));
            notes.push(format!("stream `{name}`: {}", settled.words));
        }
    }
    Ok(notes)
}

/// A schema that a registry knows.
struct Settled {
    /// Where the registry chose it.
    version: Option<u32>,
    words: String,
}

fn settle(payload: &mut Payload, topic: &str, purpose: Purpose) -> Result<Option<Settled>, Wrong> {
    let Some(of) = payload.registry.clone() else { return Ok(None) };
    let registry = registry_of(&of).map_err(Wrong::Profile)?;
    if payload.codec.schema_kind().is_none() {
        return Ok(None);
    }
    match payload.encoding().map(|encoding| encoding.schema().clone()) {
        Some(_) if purpose != Purpose::Send => Ok(None),
        Some(schema) => of_file(payload, &schema, &of, &registry, topic).map(Some),
        None => of_registry(payload, &of, &registry, topic).map(Some),
    }
}

/// A file's schema: registered where the profile says so, otherwise looked up.
fn of_file(
    payload: &mut Payload,
    schema: &SchemaText,
    of: &RegistryUse,
    registry: &Registry,
    topic: &str,
) -> Result<Settled, Wrong> {
    let record = schema.record_name(payload.message.as_deref()).map_err(|error| Wrong::Profile(error.to_string()))?;
    let subject = subject_of(of, topic, record.as_deref())?;
    let references = references_of(schema, of.register, registry)?;
    let id = match of.register {
        true => registry.register(&subject, schema, &references)?,
        false => registry.id_of(&subject, schema, &references)?,
    };
    match of.id_in {
        IdIn::Payload => payload.frame(id),
        IdIn::Header => payload.name_in_header(registry.guid_of(&subject, schema, &references)?),
    }
    let words = format!("schema {id} of subject `{subject}` at {}{}", registry.url(), by_guid(payload));
    Ok(Settled { version: None, words })
}

/// What a file refers to, each under a subject of its own name.
pub(super) fn references_of(
    schema: &SchemaText,
    registers: bool,
    registry: &Registry,
) -> Result<Vec<Reference>, RegistryError> {
    let reference = |of: &crate::payload::schema::ReferredSchema| {
        let text = SchemaText::alone(schema.kind, &of.text);
        if registers {
            registry.register(&of.name, &text, &[])?;
        }
        let version = registry.version_of(&of.name, &text)?;
        Ok(Reference { name: of.name.clone(), subject: of.name.clone(), version })
    };
    schema.references.iter().map(reference).collect()
}

/// The version of the subject that the profile asks for, or its latest.
fn of_registry(payload: &mut Payload, of: &RegistryUse, registry: &Registry, topic: &str) -> Result<Settled, Wrong> {
    let subject = subject_of(of, topic, payload.message.as_deref())?;
    let found = registry.version(&subject, of.version)?;
    let version = found.version.or(of.version);
    let which = version.map_or_else(String::new, |version| format!("version {version} of "));
    let which = format!("{which}subject `{subject}`");
    let fits = |kind| Some(kind) == payload.codec.schema_kind();
    if !fits(found.kind) {
        let why = format!("{which} is {}, and the stream's `codec` is another: change `codec`", found.kind);
        return Err(Wrong::Profile(why));
    }
    let schema = registry.with_references(&found)?;
    let of_schema = |error: SchemaError| Wrong::Profile(format!("{which}: {error}"));
    payload.encode(&schema).map_err(of_schema)?;
    if let Some(other) = payload.other_fingerprint(&which) {
        return Err(Wrong::Profile(format!("{other}: ask for another `registry.version`, or remove `fingerprint`")));
    }
    let id = match found.id {
        Some(id) => id,
        None => registry.id_of(&subject, &schema, &found.references)?,
    };
    match (of.id_in, found.guid) {
        (IdIn::Payload, _) => payload.frame(id),
        (IdIn::Header, Some(guid)) => payload.name_in_header(guid),
        (IdIn::Header, None) => payload.name_in_header(registry.guid_of(&subject, &schema, &found.references)?),
    }
    let words = format!("schema {id}, {which} at {}, for the whole run{}", registry.url(), by_guid(payload));
    Ok(Settled { version, words })
}

/// That messages name their schema in a header, where they do.
fn by_guid(payload: &Payload) -> String {
    let encoding = payload.encoding().filter(|encoding| encoding.header().is_some());
    let guid = encoding.and_then(|encoding| encoding.key());
    guid.map_or_else(String::new, |guid| format!("; messages name it in a header, as {guid}"))
}

fn subject_of(of: &RegistryUse, topic: &str, record: Option<&str>) -> Result<String, Wrong> {
    let Some(rule) = rule_of(of.subject.as_deref()) else { return Ok(of.subject.clone().unwrap_or_default()) };
    rule.subject(topic, record).ok_or_else(|| {
        Wrong::Profile(
            "`registry.subject` needs the record's name, which no file tells: write the subject itself".to_owned(),
        )
    })
}

/// The rule that a profile names; none where it names the subject itself.
pub(super) fn rule_of(subject: Option<&str>) -> Option<SubjectRule> {
    match subject {
        None | Some("topic-name") => Some(SubjectRule::TopicName),
        Some("record-name") => Some(SubjectRule::RecordName),
        Some("topic-record-name") => Some(SubjectRule::TopicRecordName),
        Some(_) => None,
    }
}

/// The registry of a stream.
///
/// # Errors
/// What is wrong with its address or file of authorities, in words.
pub(crate) fn registry_of(of: &RegistryUse) -> Result<Registry, String> {
    let url = of.url.parse().map_err(|error: super::RegistryUrlError| error.to_string())?;
    let login = std::env::var(USER).ok().map(|user| {
        let password = std::env::var(PASSWORD).unwrap_or_default();
        Login { user, password }
    });
    let mut access = Access::new(login, Duration::from_nanos(of.timeout.as_nanos()));
    if let Some(authorities) = &of.authorities {
        access = access.with_authorities(authorities).map_err(|error| error.to_string())?;
    }
    Ok(Registry::new(url, access))
}
