//! The schemas of keys that are records: looked up or registered as `<topic>-key`, before a run.
//!
//! The id is part of each key and so of its partition. Every process that plans the same events needs it, an observer as well.

use super::client::Registry;
use super::error::RegistryError;
use super::schemas::{Purpose, Wrong, references_of, registry_of, rule_of};
use crate::payload::schema::{SchemaError, SchemaText};
use crate::profile::{KeyRecordUse, RegistryUse, Stream};

/// The id that a plan supposes where no registry is asked.
const SUPPOSED_ID: u32 = 0;

/// The schema that a stream's keys have got.
pub(super) struct SettledKey {
    /// Its id, where the registry said it.
    pub(super) id: Option<u32>,
    pub(super) words: String,
}

/// Gives a stream's keys their schema and its id, where they are records and have none yet.
pub(super) fn settle_keys(stream: &mut Stream, purpose: Purpose) -> Result<Option<SettledKey>, Wrong> {
    let (Some(of), Some(used)) = (stream.keys.record.clone(), stream.payload.registry.clone()) else { return Ok(None) };
    if of.schema_id.is_some() {
        return Ok(None);
    }
    let schema = stream.keys.key_record().map(|record| record.schema().clone());
    if schema.is_some() && purpose == Purpose::Look {
        stream.keys.frame(SUPPOSED_ID);
        let words = "the registry is not asked for the id of the keys' schema, so partitions are planned for id 0 and may be others in a run";
        return Ok(Some(SettledKey { id: None, words: words.to_owned() }));
    }
    let registry = registry_of(&used).map_err(Wrong::Profile)?;
    let settled = match schema {
        Some(schema) => of_file(&of, &used, &schema, &registry, &stream.topic_name())?,
        None => of_registry(stream, &of, &registry)?,
    };
    settled.id.into_iter().for_each(|id| stream.keys.frame(id));
    Ok(Some(settled))
}

fn subject_of(of: &KeyRecordUse, topic: &str, record: Option<&str>) -> Result<String, Wrong> {
    let Some(rule) = rule_of(of.subject.as_deref()) else { return Ok(of.subject.clone().unwrap_or_default()) };
    rule.subject_of_key(topic, record).ok_or_else(|| {
        let why = "`keys.record.subject` needs the record's name, which no file tells: write the subject itself";
        Wrong::Profile(why.to_owned())
    })
}

/// A file's schema. Whoever only observes looks first: the one that sends has probably registered it.
fn of_file(
    of: &KeyRecordUse,
    used: &RegistryUse,
    schema: &SchemaText,
    registry: &Registry,
    topic: &str,
) -> Result<SettledKey, Wrong> {
    let record = schema.record_name(of.message.as_deref()).map_err(|error| Wrong::Profile(error.to_string()))?;
    let subject = subject_of(of, topic, record.as_deref())?;
    let references = references_of(schema, used.register, registry)?;
    let id = match registry.id_of(&subject, schema, &references) {
        Err(RegistryError::NotRegistered { .. }) if used.register => {
            registry.register(&subject, schema, &references)?
        }
        answered => answered?,
    };
    let words = format!("keys by schema {id} of subject `{subject}` at {}", registry.url());
    Ok(SettledKey { id: Some(id), words })
}

/// The latest version of the subject.
fn of_registry(stream: &mut Stream, of: &KeyRecordUse, registry: &Registry) -> Result<SettledKey, Wrong> {
    let subject = subject_of(of, &stream.topic_name(), of.message.as_deref())?;
    let found = registry.version(&subject, None)?;
    if of.codec.and_then(crate::profile::Codec::schema_kind).is_some_and(|kind| kind != found.kind) {
        let why = format!("subject `{subject}` is {}, and `keys.record.codec` is another: change it", found.kind);
        return Err(Wrong::Profile(why));
    }
    let schema = registry.with_references(&found)?;
    let of_schema = |error: SchemaError| Wrong::Profile(format!("the keys' subject `{subject}`: {error}"));
    stream.keys.write_by(&schema).map_err(of_schema)?;
    let id = match found.id {
        Some(id) => id,
        None => registry.id_of(&subject, &schema, &found.references)?,
    };
    let words = format!("keys by schema {id}, the latest version of subject `{subject}` at {}", registry.url());
    Ok(SettledKey { id: Some(id), words })
}
