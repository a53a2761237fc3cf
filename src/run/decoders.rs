//! How a stage's messages are read: where the parts are, and by which schemas.

use std::sync::Arc;

use crate::consume::extract::{Extractor, PlaceError};
use crate::consume::{Decoder, SchemaSource};
use crate::payload::schema::{SchemaKind, SchemaReader, SchemaText};
use crate::profile::{Stage, Stream};
use crate::registry::registry_of;

/// What finds the parts of events in a stage's messages.
pub(super) fn extractor_of(stream: &Stream, stage: &Stage, is_input: bool) -> Result<Extractor, PlaceError> {
    let extractor = Extractor::of_stage(stream.payload.layout(), stage)?;
    let codec = stage.codec.unwrap_or(stream.payload.codec);
    let Some(kind) = codec.schema_kind() else { return Ok(extractor) };
    let extractor = extractor.with_decoder(Arc::new(decoder_of(stream, stage, kind)));
    let in_own_unit = is_input || stage.event_time_format.is_some();
    Ok(if in_own_unit { extractor } else { extractor.recognising_times() })
}

fn decoder_of(stream: &Stream, stage: &Stage, kind: SchemaKind) -> Decoder {
    let decoder = Decoder::new(own_of(stream, stage, kind), source_of(stream));
    match stream.payload.encoding().and_then(|encoding| Some((encoding.key()?, encoding.reader().clone()))) {
        Some((key, reader)) => decoder.knowing(key, reader),
        None => decoder,
    }
}

/// For messages that name no schema: the stage's, or the stream's.
fn own_of(stream: &Stream, stage: &Stage, kind: SchemaKind) -> Option<(SchemaReader, Option<String>)> {
    if let Some(schema) = &stage.schema_text {
        return Some((SchemaReader::compile(schema).ok()?, stage.message.clone()));
    }
    let of_stream = stream.payload.encoding().filter(|encoding| encoding.schema().kind == kind);
    let of_stream = of_stream.map(|encoding| (encoding.reader().clone(), encoding.message().map(str::to_owned)));
    // What JSON holds is known without its schema.
    let of_any = || SchemaReader::compile(&SchemaText::alone(kind, "true")).ok().filter(|_| kind == SchemaKind::Json);
    of_stream.or_else(|| Some((of_any()?, None)))
}

fn source_of(stream: &Stream) -> Option<Box<SchemaSource>> {
    let registry = registry_of(stream.payload.registry.as_ref()?).ok()?;
    Some(Box::new(move |key| {
        let found = registry.by_key(key).and_then(|found| registry.with_references(&found));
        found.map_err(|error| error.to_string())
    }))
}
