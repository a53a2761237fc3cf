//! A record, whichever client read it.

use std::ffi::CString;

use super::batch::NativeRecord;

/// A record, borrowed from the client that read it.
pub(crate) struct Record<'a> {
    held: Held<'a>,
}

/// By whom.
enum Held<'a> {
    Librdkafka(NativeRecord<'a>),
    Parts(Parts<'a>),
}

/// A record in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its payload; none for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Its timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
    /// Its headers, in their order.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

impl<'a> From<NativeRecord<'a>> for Record<'a> {
    fn from(native: NativeRecord<'a>) -> Self {
        Record { held: Held::Librdkafka(native) }
    }
}

impl<'a> From<Parts<'a>> for Record<'a> {
    fn from(parts: Parts<'a>) -> Self {
        Record { held: Held::Parts(parts) }
    }
}

/// A record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp {
    /// In milliseconds since 1970.
    pub ms: i64,
    /// Whether the broker set it when it appended the record (`LogAppendTime`), rather than the producer.
    pub by_broker: bool,
}

impl<'a> Record<'a> {
    /// Its partition.
    #[must_use]
    pub(crate) fn partition(&self) -> i32 {
        match &self.held {
            Held::Librdkafka(native) => native.partition(),
            Held::Parts(parts) => parts.partition,
        }
    }

    /// Its offset.
    #[must_use]
    pub(crate) fn offset(&self) -> i64 {
        match &self.held {
            Held::Librdkafka(native) => native.offset(),
            Held::Parts(parts) => parts.offset,
        }
    }

    /// Its key.
    #[must_use]
    pub(crate) fn key(&self) -> Option<&'a [u8]> {
        match &self.held {
            Held::Librdkafka(native) => native.key(),
            Held::Parts(parts) => parts.key,
        }
    }

    /// Its payload; none for a tombstone.
    #[must_use]
    pub(crate) fn payload(&self) -> Option<&'a [u8]> {
        match &self.held {
            Held::Librdkafka(native) => native.payload(),
            Held::Parts(parts) => parts.payload,
        }
    }

    /// Its timestamp, if it has one.
    #[must_use]
    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        match &self.held {
            Held::Librdkafka(native) => native.timestamp().map(|(ms, by_broker)| Timestamp { ms, by_broker }),
            Held::Parts(parts) => parts.timestamp,
        }
    }

    /// The value of its last header of this name.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> Option<&'a [u8]> {
        match &self.held {
            Held::Librdkafka(native) => native.header(&CString::new(name).ok()?),
            Held::Parts(parts) => parts.headers.iter().rev().find(|(of, _)| *of == name)?.1,
        }
    }

    /// All headers, in their order.
    #[must_use]
    pub(crate) fn headers(&self) -> Vec<(String, Option<&'a [u8]>)> {
        match &self.held {
            Held::Librdkafka(native) => native.headers(),
            Held::Parts(parts) => parts.headers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        }
    }
}
