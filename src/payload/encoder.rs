//! Writes the payloads of one stream. Each thread has its own: it remembers texts that consecutive events share.

use std::ops::Range;
use std::sync::Arc;

use super::generator::FieldSeeds;
use super::schema::{Encoding, SchemaEncoder};
use super::template::{Template, TemplateWriter};
use crate::event::EventId;
use crate::event::payload::{self, JsonWriter, Size, Stamps};

/// All of an event that its payload is written from.
#[derive(Debug, Clone)]
pub struct EventParts<'e> {
    /// Its identity.
    pub id: EventId,
    /// Its times.
    pub stamps: &'e Stamps,
    /// Where its key stands in what the payload is appended to, if it has one.
    pub key: Option<Range<usize>>,
    /// The size that the schedule drew: of the payload, or of its filler.
    pub size_bytes: u32,
    /// What its fields are drawn from.
    pub seeds: FieldSeeds,
}

/// Writes payloads.
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Sizes are of the filler alone.
    sizes_are_filler: bool,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Json(JsonWriter),
    Binary,
    Template(Box<TemplateWriter>),
    Schema(Box<SchemaEncoder>),
}

impl Encoder {
    /// Floodmark's own JSON.
    #[must_use]
    pub fn json(sizes_are_filler: bool) -> Self {
        Encoder { sizes_are_filler, form: Form::Json(JsonWriter::default()) }
    }

    /// Opaque bytes.
    #[must_use]
    pub fn binary() -> Self {
        Encoder { sizes_are_filler: false, form: Form::Binary }
    }

    /// A text of the user's.
    #[must_use]
    pub fn template(template: Arc<Template>, sizes_are_filler: bool) -> Self {
        Encoder { sizes_are_filler, form: Form::Template(Box::new(TemplateWriter::new(template))) }
    }

    /// By a schema of the user's.
    #[must_use]
    pub fn schema(encoding: &Encoding) -> Self {
        Encoder { sizes_are_filler: false, form: Form::Schema(Box::new(SchemaEncoder::new(encoding))) }
    }

    /// Appends the payload of an event to `out`. A key must need no escaping in JSON, which profiles ensure.
    pub fn write(&mut self, out: &mut Vec<u8>, event: &EventParts<'_>) {
        let size = if self.sizes_are_filler { Size::Filler(event.size_bytes) } else { Size::Whole(event.size_bytes) };
        match &mut self.form {
            Form::Json(writer) => writer.write(out, event.id, event.stamps, event.key.clone(), size),
            Form::Binary => payload::write_filler(out, event.id, event.size_bytes as usize),
            Form::Template(writer) => writer.write(out, event, size),
            Form::Schema(writer) => writer.write(out, event),
        }
    }
}
