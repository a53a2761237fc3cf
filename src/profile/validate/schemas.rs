//! Payloads by a schema: what they need, and what does not go with them.

use crate::event::place::Part;
use crate::payload::schema::{FRAME_HEADER, SchemaKind};
use crate::profile::{
    Codec, IdIn, KeyDistribution, KeyRecordUse, Payload, RegistryUse, SizeDistribution, Span, Stage, Stream,
    fault::Faults,
};

const BY_SCHEMA: &str = "codec = \"avro\", \"protobuf\" or \"json-schema\"";

/// The payload of a stream.
pub(super) fn payload(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    match payload.codec.schema_kind() {
        Some(kind) => {
            needs(payload, kind, faults);
            excludes(payload, faults);
            places(stream, faults);
        }
        None => only_by_schema(stream, faults),
    }
    if let Some(registry) = &payload.registry {
        registry_use(stream, registry, &mut faults.at("registry"));
    }
}

fn needs(payload: &Payload, kind: SchemaKind, faults: &mut Faults<'_>) {
    if payload.schema.is_none() && payload.registry.is_none() {
        let help = "add schema = \"order.avsc\", or a registry: registry = { url = \"http://127.0.0.1:8081\" }";
        faults.add_help("codec", format!("{kind} needs a schema, and the stream has none"), help);
    }
    if payload.id.is_none() && !payload.headers.contains(&Part::Id) {
        let help = "add id = \"/meta/id\", or headers = [\"id\"]";
        faults.add_help("codec", "the id has no place in the schema, so nothing could be checked", help);
    }
    faults.only_with("message", payload.message.is_some() && kind != SchemaKind::Protobuf, "codec = \"protobuf\"");
    faults.only_with("references", !payload.references.is_empty() && payload.schema.is_none(), "schema = \"FILE\"");
    faults.only_with("schema_id", payload.schema_id.is_some() && payload.schema.is_none(), "schema = \"FILE\"");
    if payload.schema_id.is_some() && payload.registry.is_some() {
        let help = "remove `schema_id`: the registry knows the schema's id";
        faults.add_help("schema_id", "`schema_id` and `registry` cannot be set together", help);
    }
}

/// What says something about texts and sizes.
fn excludes(payload: &Payload, faults: &mut Faults<'_>) {
    let help = "remove it: every field is filled by its rule or type";
    for (key, present) in [
        ("template", payload.template.is_some()),
        ("samples", payload.samples.is_some()),
        ("size", payload.size.is_some()),
        ("filler", payload.filler.is_some()),
        ("min", payload.min.is_some()),
        ("max", payload.max.is_some()),
        ("sizes", payload.sizes != SizeDistribution::Fixed),
    ] {
        if present {
            faults.add_help(key, format!("`{key}` does not go with a schema"), help);
        }
    }
}

fn places(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    let places = payload.schema_places();
    for (at, (_, place, key)) in places.iter().enumerate() {
        let Some(place) = place else { continue };
        if !place.starts_with('/') {
            let help = format!("write \"/{place}\"");
            faults.add_help(key, format!("`{key}` is `{place}`, which is not a JSON pointer"), help);
        } else if let Some((_, _, other)) = places[..at].iter().find(|(_, other, _)| other.as_ref() == Some(place)) {
            faults.add(key, format!("`{key}` and `{other}` are both at {place}: give each a place of its own"));
        } else if payload.fields.contains_key(place) {
            let help = format!("remove the field: `{key}` stands there");
            faults.at_name("fields", place).add_here(format!("`{place}` is the place of `{key}`"), help);
        }
    }
    let has_texts = !stream.headers.is_empty() || stream.keys.template.is_some();
    for name in payload.fields.keys().filter(|name| !name.starts_with('/') && !has_texts) {
        let help = "a schema's fields are named by JSON pointers: \"/items/*/sku\"";
        faults.at_name("fields", name).add_here(format!("`{name}` is not a JSON pointer"), help);
    }
    if stream.keys.distribution == KeyDistribution::None {
        let help = "give the stream keys, or remove it";
        if payload.key.is_some() {
            faults.add_help("key", "the payload has a place for the key, and the events have none", help);
        }
        for (name, _) in payload.fields.iter().filter(|(_, field)| field.belongs_to_key()) {
            let message = format!("`{name}` belongs to the key, and the events have none");
            faults.at_name("fields", name).add_help("by", message, help);
        }
    }
}

fn only_by_schema(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    for (key, present) in [
        ("schema", payload.schema.is_some()),
        ("references", !payload.references.is_empty()),
        ("message", payload.message.is_some()),
        ("schema_id", payload.schema_id.is_some()),
        ("key", payload.key.is_some()),
        ("sequence", payload.sequence.is_some()),
    ] {
        faults.only_with(key, present, BY_SCHEMA);
    }
    let is_read_by_schema =
        stream.stages.iter().any(|stage| stage.codec.is_some_and(|codec| codec.schema_kind().is_some()));
    let is_used = is_read_by_schema || stream.keys.record.is_some();
    faults.only_with("registry", payload.registry.is_some() && !is_used, BY_SCHEMA);
}

fn registry_use(stream: &Stream, registry: &RegistryUse, faults: &mut Faults<'_>) {
    let has_file = stream.payload.schema.is_some();
    let has_key_file = stream.keys.record.as_ref().is_some_and(KeyRecordUse::has_schema);
    faults.only_with("register", registry.register && !has_file && !has_key_file, "schema = \"FILE\"");
    if registry.version.is_some() && has_file {
        let help = "remove `version`, or remove `schema` to send by the version";
        faults.add_help("version", "`version` and a schema's file cannot be set together", help);
    }
    let is_in_header = registry.id_in == IdIn::Header;
    faults.only_with("id_in", is_in_header && stream.payload.codec.schema_kind().is_none(), BY_SCHEMA);
    if is_in_header && stream.headers.contains_key(FRAME_HEADER) {
        let help = format!("remove the header `{FRAME_HEADER}` of your own");
        faults.add_help("id_in", format!("`id_in` and `headers` both write the header `{FRAME_HEADER}`"), help);
    }
    if registry.version == Some(0) {
        faults.add("version", "versions are counted from 1");
    }
    if registry.timeout == Span::default() {
        faults.add_help("timeout", "`timeout` is 0s, so nothing could be answered", "10s is usual");
    }
}

/// How a stage's messages are written.
pub(super) fn stage(stream: &Stream, stage: &Stage, faults: &mut Faults<'_>) {
    let codec = stage.codec.unwrap_or(stream.payload.codec);
    if stage.codec == Some(Codec::Binary) {
        let help = "remove it, and name a header: id = \"header:NAME\"";
        faults.add_help("codec", "a stage of binary messages is read by its headers", help);
    }
    let Some(kind) = codec.schema_kind() else {
        let present = stage.schema.is_some() || !stage.references.is_empty();
        faults.only_with("schema", present, BY_SCHEMA);
        return faults.only_with("message", stage.message.is_some(), "codec = \"protobuf\"");
    };
    faults.only_with("message", stage.message.is_some() && kind != SchemaKind::Protobuf, "codec = \"protobuf\"");
    faults.only_with("references", !stage.references.is_empty() && stage.schema.is_none(), "schema = \"FILE\"");
    let has_schema = stage.schema.is_some() || stream.payload.registry.is_some() || codec == stream.payload.codec;
    if !has_schema && kind != SchemaKind::Json {
        let help = "add schema = \"FILE\" to the stage, or a registry to the stream's payload";
        faults.add_help("codec", format!("{kind} needs a schema, and the stage has none"), help);
    }
}
