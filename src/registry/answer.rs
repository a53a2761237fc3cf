//! What a registry answered. Pure.

use serde::Deserialize;
use uuid::Uuid;

use super::address::RegistryUrl;
use super::ask::Ask;
use super::error::RegistryError;
use crate::payload::schema::SchemaKind;

/// The longest explanation of a registry that is shown, in letters.
const LONGEST_REASON: usize = 300;
/// The API's own number for a version that is missing of a subject that is there.
const NO_VERSION: u32 = 40_402;

/// What another schema refers to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// The name by which it is referred to.
    pub name: String,
    /// The subject that it is registered under.
    pub subject: String,
    /// The version of that subject.
    pub version: u32,
}

/// An answer as it comes: fields that are not known are no fault of a registry's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    id: Option<u32>,
    guid: Option<Uuid>,
    version: Option<u32>,
    schema: Option<String>,
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    references: Option<Vec<Reference>>,
}

/// A refusal as it comes. Most registries explain it so.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error_code: Option<u32>,
    message: Option<String>,
}

/// A schema in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: Option<u32>,
    /// Its GUID, which newer registries tell.
    pub guid: Option<Uuid>,
    /// Its version under the subject that was asked for.
    pub version: Option<u32>,
    /// Its language.
    pub kind: SchemaKind,
    /// Its text.
    pub text: String,
    /// What it refers to.
    pub references: Vec<Reference>,
}

/// A schema from an answer to a question for one.
pub(super) fn schema(url: &RegistryUrl, ask: &Ask, status: u16, body: &str) -> Result<Registered, RegistryError> {
    let answer = success(url, ask, status, body)?;
    let kind = match answer.schema_type.as_deref() {
        None | Some("AVRO") => SchemaKind::Avro,
        Some("PROTOBUF") => SchemaKind::Protobuf,
        Some("JSON") => SchemaKind::Json,
        Some(other) => {
            let kind = other.chars().take(40).collect();
            return Err(RegistryError::UnknownKind { whom: url.to_string(), what: ask.in_words(), kind });
        }
    };
    let text = answer.schema.ok_or_else(|| strange(url, "it has no field `schema`"))?;
    let references = answer.references.unwrap_or_default();
    let id = if let Ask::ById(id) = ask { Some(*id) } else { answer.id };
    let guid = if let Ask::ByGuid(guid) = ask { Some(*guid) } else { answer.guid };
    Ok(Registered { id, guid, version: answer.version, kind, text, references })
}

/// The id of a schema that is registered.
pub(super) fn id(url: &RegistryUrl, ask: &Ask, status: u16, body: &str) -> Result<u32, RegistryError> {
    success(url, ask, status, body)?.id.ok_or_else(|| strange(url, "it has no field `id`"))
}

/// The GUID of a schema that is registered.
pub(super) fn guid(url: &RegistryUrl, ask: &Ask, status: u16, body: &str) -> Result<Uuid, RegistryError> {
    let guid = success(url, ask, status, body)?.guid;
    guid.ok_or_else(|| RegistryError::NoGuid { whom: url.to_string(), what: ask.in_words() })
}

/// The version of a schema that is registered.
pub(super) fn version(url: &RegistryUrl, ask: &Ask, status: u16, body: &str) -> Result<u32, RegistryError> {
    success(url, ask, status, body)?.version.ok_or_else(|| strange(url, "it has no field `version`"))
}

fn success(url: &RegistryUrl, ask: &Ask, status: u16, body: &str) -> Result<Answer, RegistryError> {
    if (200..300).contains(&status) {
        return serde_json::from_str(body).map_err(|_| strange(url, "it is not the JSON of one"));
    }
    Err(refused(url, ask, status, serde_json::from_str(body).ok()))
}

fn strange(url: &RegistryUrl, why: &'static str) -> RegistryError {
    RegistryError::NotARegistry { whom: url.to_string(), why }
}

fn refused(url: &RegistryUrl, ask: &Ask, status: u16, refusal: Option<Refusal>) -> RegistryError {
    let (whom, what) = (url.to_string(), ask.in_words());
    let code = refusal.as_ref().and_then(|refusal| refusal.error_code);
    let why = refusal.and_then(|refusal| refusal.message).map(|words| shown(&words)).unwrap_or_default();
    let registers = matches!(ask, Ask::Schema { registers: true, .. });
    match status {
        300..=399 => strange(url, "it is a redirect, which is not followed: give the address that it leads to"),
        401 => RegistryError::Unauthorized { whom },
        403 => {
            RegistryError::Forbidden { whom, what, verb: if registers { "register a schema under" } else { "read" } }
        }
        // Many registries do not know schemas by GUID at all.
        404 if code.is_none() && !matches!(ask, Ask::ByGuid(_)) => strange(url, "404 Not Found"),
        404 if matches!(ask, Ask::Schema { registers: false, .. }) => RegistryError::NotRegistered { whom, what },
        404 if !matches!(ask, Ask::Version { .. }) => RegistryError::NotThere { whom, what },
        404 if code == Some(NO_VERSION) => RegistryError::NoVersion { whom, what },
        404 => RegistryError::NoSubject { whom, what },
        409 => RegistryError::Incompatible { whom, what, why },
        422 if matches!(ask, Ask::Schema { .. }) => RegistryError::Invalid { whom, what, why },
        _ => RegistryError::Failed { whom, status, why },
    }
}

/// A server's words in one line, as far as they fit. What is not fit to be shown is left out.
fn shown(words: &str) -> String {
    let is_fit = |letter: &char| !letter.is_control();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(is_fit).take(LONGEST_REASON).collect();
    if line.is_empty() { line } else { format!(" ({line})") }
}
