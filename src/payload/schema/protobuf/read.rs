//! Reads Protobuf into JSON, with the names of the fields as the file spells them.

use prost_reflect::{DynamicMessage, FileDescriptor, MapKey, MessageDescriptor, ReflectMessage, Value as Field};
use serde_json::{Map, Value};

use super::super::hex::hex;
use super::super::{SchemaError, SchemaText, UndecodableError, message_indexes};
use super::files;

const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// Reads payloads of the messages of one file.
#[derive(Debug, Clone)]
pub(in super::super) struct ProtobufReader {
    file: FileDescriptor,
}

impl ProtobufReader {
    pub(in super::super) fn compile(schema: &SchemaText) -> Result<Self, SchemaError> {
        Ok(ProtobufReader { file: files::parse(schema)? })
    }

    /// A payload that message indexes stand before, or in `indexes`.
    pub(in super::super) fn read_framed(
        &self,
        payload: &[u8],
        indexes: Option<&[u8]>,
    ) -> Result<Value, UndecodableError> {
        let wrong = UndecodableError::Wrong("its message indexes are cut off");
        let (indexes, payload) = match indexes {
            Some(indexes) => (message_indexes(indexes).ok_or(wrong)?.0, payload),
            None => message_indexes(payload).ok_or(wrong)?,
        };
        let message = files::message_at(&self.file, &indexes);
        read(message.ok_or(UndecodableError::Wrong("its message indexes lead to no message of the schema"))?, payload)
    }

    /// A payload by itself, of the message of a name or the only one.
    pub(in super::super) fn read(&self, payload: &[u8], message: Option<&str>) -> Result<Value, UndecodableError> {
        let message =
            files::message(&self.file, message).map_err(|error| UndecodableError::Parser(error.to_string()))?;
        read(message, payload)
    }
}

fn read(message: MessageDescriptor, payload: &[u8]) -> Result<Value, UndecodableError> {
    let message =
        DynamicMessage::decode(message, payload).map_err(|error| UndecodableError::Parser(error.to_string()))?;
    Ok(of_message(&message))
}

fn of_message(message: &DynamicMessage) -> Value {
    let of = message.descriptor();
    if of.full_name() == TIMESTAMP {
        return of_moment(message);
    }
    // Fields that may be told to be absent are left out when they are.
    let is_there = |field: &prost_reflect::FieldDescriptor| message.has_field(field) || !field.supports_presence();
    let fields = of.fields().filter(is_there);
    Value::Object(
        fields.map(|field| (field.name().to_owned(), of_field(&message.get_field(&field), &field.kind()))).collect(),
    )
}

fn of_moment(message: &DynamicMessage) -> Value {
    let number = |name: &str| {
        message.get_field_by_name(name).and_then(|field| field.as_i64().or_else(|| field.as_i32().map(i64::from)))
    };
    let (seconds, nanos) = (number("seconds").unwrap_or(0), number("nanos").unwrap_or(0));
    let moment = jiff::Timestamp::new(seconds, i32::try_from(nanos).unwrap_or(0));
    moment.map_or(Value::Null, |moment| Value::from(moment.to_string()))
}

fn of_field(field: &Field, kind: &prost_reflect::Kind) -> Value {
    match field {
        Field::Bool(value) => Value::from(*value),
        Field::I32(number) => Value::from(*number),
        Field::I64(number) => Value::from(*number),
        Field::U32(number) => Value::from(*number),
        Field::U64(number) => Value::from(*number),
        Field::F32(number) => Value::from(*number),
        Field::F64(number) => Value::from(*number),
        Field::String(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => Value::from(hex(bytes)),
        Field::EnumNumber(number) => match kind.as_enum().and_then(|of| of.get_value(*number)) {
            Some(symbol) => Value::from(symbol.name()),
            None => Value::from(*number),
        },
        Field::Message(message) => of_message(message),
        Field::List(items) => items.iter().map(|item| of_field(item, kind)).collect(),
        Field::Map(entries) => {
            let of = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            let entry = |(key, value): (&MapKey, &Field)| (key_text(key), of_field(value, of.as_ref().unwrap_or(kind)));
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
