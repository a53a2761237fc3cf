//! What a record's key is, where it is more than the key's name.

use std::sync::Arc;

use super::KeyText;
use super::schema::KeyRecord;

/// How the keys of a stream are written. Each thread has its own.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyForm {
    /// A text of the user's.
    Text(Arc<KeyText>),
    /// A record of a schema.
    Record(Box<KeyRecord>),
}

impl KeyForm {
    /// Appends the key of this name; `of_key` is what its fields are drawn from.
    pub fn write(&mut self, out: &mut Vec<u8>, name: &[u8], of_key: u64) {
        match self {
            KeyForm::Text(text) => text.write(out, name, of_key),
            KeyForm::Record(record) => record.write(out, name, of_key),
        }
    }

    /// The most bytes of a key whose name has at most `name_bytes`; of a record, from a sample.
    #[must_use]
    pub fn longest_bytes(&self, name_bytes: usize) -> usize {
        match self {
            KeyForm::Text(text) => text.longest_bytes(name_bytes),
            KeyForm::Record(record) => record.longest_bytes(name_bytes),
        }
    }

    /// Identifies what it writes.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        match self {
            KeyForm::Text(text) => text.fingerprint(),
            KeyForm::Record(record) => record.fingerprint(),
        }
    }

    /// Whether it has a place for the field of this number of the payload's.
    #[must_use]
    pub(crate) fn uses(&self, field: usize) -> bool {
        matches!(self, KeyForm::Text(text) if text.uses(field))
    }
}
