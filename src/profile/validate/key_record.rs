//! Keys that are records of a schema: what they need, and what does not go with them.

use crate::payload::schema::SchemaKind;
use crate::profile::{KeyDistribution, KeyRecordUse, Stream, fault::Faults};

/// The key of a stream's records.
pub(super) fn key_record(stream: &Stream, faults: &mut Faults<'_>) {
    let Some(of) = &stream.keys.record else { return };
    let mut faults = faults.at("keys");
    if stream.keys.template.is_some() {
        let help = "remove one of them";
        faults.add_help("record", "`template` and `record` both say what a key is", help);
    }
    let is_keyless = stream.keys.distribution == KeyDistribution::None;
    faults.only_with("record", is_keyless, "a distribution of keys other than \"none\"");
    let mut faults = faults.at("record");
    place(of, &mut faults);
    schema(of, stream.payload.registry.is_some(), &mut faults);
}

fn place(of: &KeyRecordUse, faults: &mut Faults<'_>) {
    if !of.key.is_empty() && !of.key.starts_with('/') {
        let help = format!("write \"/{}\"", of.key);
        faults.add_help("key", format!("`key` is `{}`, which is not a JSON pointer", of.key), help);
    }
    if of.fields.contains_key(&of.key) {
        let help = "remove the field: the key's name stands there";
        faults.at_name("fields", &of.key).add_here(format!("`{}` is the place of `key`", of.key), help);
    }
}

fn schema(of: &KeyRecordUse, has_registry: bool, faults: &mut Faults<'_>) {
    if of.schema.is_some() && of.text.is_some() {
        faults.add_help("text", "`schema` and `text` both say the schema", "remove one of them");
    }
    if !of.has_schema() && !has_registry {
        let help = "add schema = \"customer-key.avsc\", or a registry to the payload";
        faults.add_help("key", "keys that are records need a schema, and these have none", help);
    }
    let codec = of.codec.map(|codec| (codec, codec.schema_kind()));
    if let Some((_, None)) = codec {
        faults.add_help("codec", "a key is written by a schema", "write \"avro\", \"protobuf\" or \"json-schema\"");
    }
    if of.text.is_some() && codec.is_none() {
        faults.add_help("text", "nothing says how keys are written", "add codec = \"avro\"");
    }
    let is_protobuf = codec.is_none_or(|(_, kind)| kind == Some(SchemaKind::Protobuf));
    faults.only_with("message", of.message.is_some() && !is_protobuf, "codec = \"protobuf\"");
    faults.only_with("subject", of.subject.is_some() && !has_registry, "a registry in the stream's payload");
}
