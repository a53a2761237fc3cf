//! What a topic's messages look like: their format, fields, headers and keys, which of them could be an event's parts, and what to write in a
//! profile. The rules are pure; `live` reads the messages.

mod candidates;
mod field;
mod format;
mod key;
pub(crate) mod live;
mod look;
mod mask;
mod proposal;
pub(crate) mod schema_fields;
#[cfg(test)]
mod tests;

pub(crate) use field::Field;
pub(crate) use format::Format;
pub(crate) use key::KeyForm;
pub(crate) use look::{Inspection, Message, Own, RegistryLook, inspect};
pub(crate) use mask::Shown;
pub(crate) use proposal::{by_registry, rate_text, stage_text, stream_text};
