//! Payloads by a schema of the user's: Avro, Protobuf or JSON Schema. Pure: the caller fetches the schemas.
//!
//! A [`SchemaWriter`] fills every field of the schema: with a part of the event, by a rule, or by the field's type. A [`SchemaReader`] turns
//! a payload into JSON, in which the parts of an event are found by their pointers, whatever the format. `framing` is what stands before
//! the payload where a registry knows the schema.

mod avro;
mod encoding;
mod error;
mod filling;
mod framing;
pub(crate) mod hex;
mod holds;
mod json;
mod key_record;
mod protobuf;
mod source;
mod subject;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;

pub use encoding::Encoding;
pub(super) use encoding::SchemaEncoder;
pub(crate) use encoding::layout_of;
pub use error::{SchemaError, UndecodableError};
pub use filling::{Fact, FactPlace, Filling};
pub use framing::{FRAME_HEADER, Frame, Framed, SchemaKey, message_indexes, unframe};
pub use key_record::KeyRecord;
pub use source::SchemaEvent;
pub use subject::SubjectRule;
pub use text::{ReferredSchema, SchemaKind, SchemaText};

use crate::event::time_form::TimeForm;

/// Writes payloads of one schema. Each thread has its own: it remembers texts that consecutive events share.
#[derive(Debug, Clone)]
pub struct SchemaWriter(Writer);

#[derive(Debug, Clone)]
enum Writer {
    Avro(avro::AvroWriter),
    Protobuf(protobuf::ProtobufWriter),
    Json(json::JsonSchemaWriter),
}

impl SchemaWriter {
    /// For payloads of `schema`, filled as `filling` says, and elsewhere by type. `message` names one of several messages of Protobuf.
    ///
    /// # Errors
    /// [`SchemaError`] when the schema cannot be read or ended, or does not hold what is to stand in it.
    pub fn compile(schema: &SchemaText, message: Option<&str>, filling: &Filling) -> Result<Self, SchemaError> {
        Ok(SchemaWriter(match schema.kind {
            SchemaKind::Avro => Writer::Avro(avro::AvroWriter::compile(schema, filling)?),
            SchemaKind::Protobuf => Writer::Protobuf(protobuf::ProtobufWriter::compile(schema, message, filling)?),
            SchemaKind::Json => Writer::Json(json::JsonSchemaWriter::compile(schema, filling)?),
        }))
    }

    /// Appends the payload of an event, without a frame.
    pub fn write(&mut self, out: &mut Vec<u8>, event: &SchemaEvent<'_>) {
        match &mut self.0 {
            Writer::Avro(writer) => writer.write(out, event),
            Writer::Protobuf(writer) => writer.write(out, event),
            Writer::Json(writer) => writer.write(out, event),
        }
    }

    /// How the payload writes a time that it carries.
    #[must_use]
    pub fn form_of(&self, fact: Fact) -> Option<&TimeForm> {
        match &self.0 {
            Writer::Avro(writer) => writer.form_of(fact),
            Writer::Protobuf(writer) => writer.form_of(fact),
            Writer::Json(writer) => writer.form_of(fact),
        }
    }

    /// What stands before each payload once the schema has a key.
    #[must_use]
    pub fn frame(&self, key: SchemaKey) -> Frame {
        match &self.0 {
            Writer::Avro(_) => Frame::new(key, SchemaKind::Avro, &[]),
            Writer::Protobuf(writer) => Frame::new(key, SchemaKind::Protobuf, writer.indexes()),
            Writer::Json(_) => Frame::new(key, SchemaKind::Json, &[]),
        }
    }
}

/// Reads payloads of one schema.
#[derive(Debug, Clone)]
pub struct SchemaReader(Reader);

#[derive(Debug, Clone)]
enum Reader {
    Avro(avro::AvroReader),
    Protobuf(protobuf::ProtobufReader),
    Json,
}

impl SchemaReader {
    /// For payloads of `schema`.
    ///
    /// # Errors
    /// [`SchemaError`] when the schema cannot be read.
    pub fn compile(schema: &SchemaText) -> Result<Self, SchemaError> {
        Ok(SchemaReader(match schema.kind {
            SchemaKind::Avro => Reader::Avro(avro::AvroReader::compile(schema)?),
            SchemaKind::Protobuf => Reader::Protobuf(protobuf::ProtobufReader::compile(schema)?),
            SchemaKind::Json => Reader::Json,
        }))
    }

    /// The same, refused where it has no message of that name, or several and no name.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn for_message(schema: &SchemaText, message: Option<&str>) -> Result<Self, SchemaError> {
        schema.record_name(message)?;
        SchemaReader::compile(schema)
    }

    /// A payload without a frame, as JSON: bytes become hexadecimal digits, times are numbers as the schema counts them, and a union is
    /// the value of its branch. `message` names one of several messages of Protobuf.
    ///
    /// # Errors
    /// [`UndecodableError`] when it is not one of the schema.
    pub fn read(&self, payload: &[u8], message: Option<&str>) -> Result<Value, UndecodableError> {
        match &self.0 {
            Reader::Avro(reader) => reader.read(payload),
            Reader::Protobuf(reader) => reader.read(payload, message),
            Reader::Json => {
                serde_json::from_slice(payload).map_err(|error| UndecodableError::Parser(error.to_string()))
            }
        }
    }

    /// A payload behind its frame, as JSON.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_framed(&self, framed: &Framed<'_>) -> Result<Value, UndecodableError> {
        match &self.0 {
            Reader::Protobuf(reader) => reader.read_framed(framed.payload, framed.indexes),
            _ => self.read(framed.payload, None),
        }
    }
}
