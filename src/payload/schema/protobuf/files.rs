//! From the texts of `.proto` files to descriptors. The only file that uses protox.
//!
//! Confluent's Python client registers a file as its descriptor (`FileDescriptorProto`) in base64, imports included: that is read, too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miette::Diagnostic;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, FileDescriptor, Kind, MessageDescriptor};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::super::holds::listed;
use super::super::{SchemaError, SchemaKind, SchemaText};

/// What the schema's own text is called among those that it imports.
const OWN_NAME: &str = "floodmark.schema.proto";

/// The files that there are.
struct Texts(Vec<(String, String)>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.iter().find(|(of, _)| of == name) {
            Some((name, text)) => match descriptor(text) {
                Some(file) => {
                    Ok(File::from_file_descriptor_proto(FileDescriptorProto { name: Some(name.clone()), ..file }))
                }
                None => File::from_source(name, text),
            },
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// A file that is given as its descriptor: no text of a `.proto` file is base64, as each has a `;` or `{`.
fn descriptor(text: &str) -> Option<FileDescriptorProto> {
    let bytes = STANDARD.decode(text.trim()).ok().filter(|bytes| !bytes.is_empty())?;
    FileDescriptorProto::decode(bytes.as_slice()).ok()
}

/// The schema's own file, with all that it imports.
pub(super) fn parse(schema: &SchemaText) -> Result<FileDescriptor, SchemaError> {
    let invalid = |why: String| SchemaError::Invalid { kind: SchemaKind::Protobuf, why };
    let mut texts: Vec<_> = schema.references.iter().map(|of| (of.name.clone(), of.text.clone())).collect();
    texts.push((OWN_NAME.to_owned(), schema.text.clone()));
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(texts));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler.open_file(OWN_NAME).map_err(|error| invalid(in_a_line(&error, schema)))?;
    let pool = DescriptorPool::from_file_descriptor_set(compiler.file_descriptor_set());
    let pool = pool.map_err(|error| invalid(error.to_string()))?;
    pool.get_file_by_name(OWN_NAME).ok_or_else(|| invalid("it is empty".to_owned()))
}

/// With the line where it is known: that of a schema that imports nothing.
fn in_a_line(error: &protox::Error, schema: &SchemaText) -> String {
    let offset = error.labels().and_then(|mut labels| Some(labels.next()?.offset()));
    let before = offset.and_then(|offset| schema.text.get(..offset)).filter(|_| schema.references.is_empty());
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    match before {
        Some(before) => format!("line {}: {text}", before.matches('\n').count() + 1),
        None => text,
    }
}

/// The message of a name, or the only one that is part of no other.
pub(super) fn message(file: &FileDescriptor, name: Option<&str>) -> Result<MessageDescriptor, SchemaError> {
    let found = match name {
        None => only_whole(file),
        Some(name) => {
            all_messages(file).into_iter().find(|message| message.full_name() == name || message.name() == name)
        }
    };
    found.ok_or_else(|| {
        let there = message_names(file);
        match name {
            Some(name) => SchemaError::NoMessage { message: name.to_owned(), there: listed(&there) },
            None if there.is_empty() => files_without_message(),
            None => SchemaError::WhichMessage { there: listed(&there) },
        }
    })
}

/// The only message that is part of no other.
fn only_whole(file: &FileDescriptor) -> Option<MessageDescriptor> {
    let all = all_messages(file);
    let is_part = |of: &MessageDescriptor| all.iter().any(|whole| whole != of && parts(whole).any(|part| part == *of));
    let mut whole = file.messages().filter(|message| !is_part(message));
    whole.next().filter(|_| whole.next().is_none())
}

/// The messages in a message's fields.
fn parts(message: &MessageDescriptor) -> impl Iterator<Item = MessageDescriptor> + '_ {
    message.fields().filter_map(|field| match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind().as_message().cloned(),
        Kind::Message(part) => Some(part),
        _ => None,
    })
}

fn files_without_message() -> SchemaError {
    SchemaError::Invalid { kind: SchemaKind::Protobuf, why: "it has no message".to_owned() }
}

/// The full name of the message of a name, or of the only one that is part of no other.
pub(in super::super) fn message_name(schema: &SchemaText, name: Option<&str>) -> Result<String, SchemaError> {
    Ok(message(&parse(schema)?, name)?.full_name().to_owned())
}

/// The message to which message indexes lead.
pub(super) fn message_at(file: &FileDescriptor, indexes: &[i32]) -> Option<MessageDescriptor> {
    let mut indexes = indexes.iter().map(|index| usize::try_from(*index).unwrap_or(usize::MAX));
    let mut message = file.messages().nth(indexes.next()?)?;
    for index in indexes {
        let inner = nested(&message).nth(index)?;
        message = inner;
    }
    Some(message)
}

/// The messages that stand in another's text: the entries of maps do not, though descriptors have them.
fn nested(message: &MessageDescriptor) -> impl Iterator<Item = MessageDescriptor> + '_ {
    message.child_messages().filter(|child| !child.is_map_entry())
}

/// The message indexes that lead to a message.
pub(super) fn indexes_of(message: &MessageDescriptor) -> Vec<i32> {
    let is_it = |other: &MessageDescriptor| other.full_name() == message.full_name();
    let position =
        |mut siblings: Box<dyn Iterator<Item = MessageDescriptor> + '_>| siblings.position(|one| is_it(&one));
    let (position, mut indexes) = match message.parent_message() {
        Some(parent) => (position(Box::new(nested(&parent))), indexes_of(&parent)),
        None => (position(Box::new(message.parent_file().messages())), Vec::new()),
    };
    indexes.push(i32::try_from(position.unwrap_or(0)).unwrap_or(0));
    indexes
}

/// The full names of a file's messages.
fn message_names(file: &FileDescriptor) -> Vec<String> {
    all_messages(file).iter().map(|message| message.full_name().to_owned()).collect()
}

fn all_messages(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    let mut all: Vec<MessageDescriptor> = file.messages().collect();
    let mut at = 0;
    while let Some(message) = all.get(at).cloned() {
        all.extend(nested(&message));
        at += 1;
    }
    all
}
