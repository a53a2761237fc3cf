//! A record as a worker hands it over: where its parts stand, and what travels beside them.

use std::ops::Range;
use std::sync::Arc;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

/// Names and values of record headers; empty where the payload says everything.
pub(crate) type Headers = Vec<(Arc<str>, Vec<u8>)>;

/// A record whose key and payload have been written into an arena.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Written {
    /// Where its key stands, if it has one.
    pub key: Option<Range<usize>>,
    /// Where its payload stands; none for a tombstone.
    pub payload: Option<Range<usize>>,
    /// What is sent only event by event.
    pub beside: Beside,
}

/// What a record carries beside key and payload. The batch call takes none of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Beside {
    /// Its headers.
    pub headers: Headers,
    /// Its timestamp in milliseconds since 1970; none where the client stamps it when it is handed over.
    pub timestamp_ms: Option<i64>,
}

impl Written {
    /// How many bytes key and payload have.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        [&self.key, &self.payload].into_iter().flatten().map(ExactSizeIterator::len).sum()
    }
}

impl Beside {
    /// The record with all of this.
    pub(super) fn onto<'r>(&self, mut record: BaseRecord<'r, [u8], [u8], usize>) -> BaseRecord<'r, [u8], [u8], usize> {
        record.timestamp = self.timestamp_ms;
        if self.headers.is_empty() {
            return record;
        }
        let mut headers = OwnedHeaders::new_with_capacity(self.headers.len());
        for (key, value) in &self.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        record.headers(headers)
    }
}
