//! Protobuf: fields after their numbers, from the text of a `.proto` file.

mod files;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use files::message_name;
pub(super) use read::ProtobufReader;
pub(super) use write::ProtobufWriter;
