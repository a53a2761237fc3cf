//! Where a stage's events come from: the consuming client, reading assigned partitions from given offsets.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::batch::{EventQueue, MessageBuffer, NativeRecord};
use super::error::KafkaError;
use super::settings::native;
use crate::clock::Clock;

/// Most messages taken in one go, between two looks at the clock.
const MOST_AT_ONCE: usize = 2000;

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, _facility: &str, _message: &str) {}
    fn error(&self, _error: ClientError, _reason: &str) {}
}

impl ConsumerContext for Quiet {}

/// A consuming client on one topic.
pub struct Source {
    // Dropped in this order: the queue before the client.
    queue: EventQueue,
    _consumer: BaseConsumer<Quiet>,
    buffer: MessageBuffer,
}

/// What a poll brings.
pub enum SourceEvent<'a> {
    /// A record, and when it was taken from the client, in nanoseconds since 1970.
    Record {
        /// The record.
        record: Record<'a>,
        /// When it was there to be read.
        consumed_ns: u64,
    },
    /// The end of a partition was reached; `offset` is where the next record will stand.
    End {
        /// The partition.
        partition: i32,
        /// The position behind everything, transaction markers included.
        offset: i64,
    },
    /// The client reports an error; it goes on by itself unless `fatal`.
    Error {
        /// What it says.
        reason: String,
        /// Whether reading cannot go on: the topic is gone, or the offset is.
        fatal: bool,
    },
}

/// A record, borrowed from the client.
pub struct Record<'a> {
    native: NativeRecord<'a>,
}

/// A record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// In milliseconds since 1970.
    pub ms: i64,
    /// Whether the broker set it when it appended the record (`LogAppendTime`), rather than the producer.
    pub by_broker: bool,
}

impl<'a> Record<'a> {
    /// Its partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.native.partition()
    }

    /// Its offset.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.native.offset()
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.native.key()
    }

    /// Its payload; none for a tombstone.
    #[must_use]
    pub fn payload(&self) -> Option<&'a [u8]> {
        self.native.payload()
    }

    /// Its timestamp, if it has one.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        let (ms, by_broker) = self.native.timestamp()?;
        Some(Timestamp { ms, by_broker })
    }

    /// The value of its last header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.native.header(&CString::new(name).ok()?)
    }
}

impl Source {
    /// Opens a consuming client that reads each partition of `topic` from the offset that stands beside it.
    ///
    /// # Errors
    /// When the settings are refused or the partitions cannot be assigned.
    pub fn open(settings: &BTreeMap<String, String>, topic: &str, from: &[(i32, i64)]) -> Result<Self, KafkaError> {
        let consumer = BaseConsumer::from_config_and_context(&native(settings), Quiet)
            .map_err(|error| KafkaError::settings(&error))?;
        let mut partitions = TopicPartitionList::new();
        for (partition, offset) in from {
            partitions
                .add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .map_err(|error| KafkaError::request(format!("reading {topic} from offset {offset}"), error))?;
        }
        consumer
            .assign(&partitions)
            .map_err(|error| KafkaError::request(format!("assigning the partitions of {topic}"), error))?;
        let queue =
            EventQueue::of_consumer(&consumer).ok_or_else(|| KafkaError::Settings("group.id is missing".to_owned()))?;
        Ok(Source { queue, _consumer: consumer, buffer: MessageBuffer::with_room_for(MOST_AT_ONCE) })
    }

    /// Waits up to `timeout` for the first record, takes what else is there, and hands everything to `seen`. Returns how much there was.
    pub fn poll(&mut self, timeout: Duration, clock: &Clock, mut seen: impl FnMut(SourceEvent<'_>)) -> usize {
        // The client's batch call waits until as many records are there as are asked for: ask for one and wait, then for many and do not.
        let first = self.poll_once(1, timeout, clock, &mut seen);
        if first == 0 { 0 } else { first + self.poll_once(MOST_AT_ONCE, Duration::ZERO, clock, &mut seen) }
    }

    fn poll_once(
        &mut self,
        most: usize,
        timeout: Duration,
        clock: &Clock,
        seen: &mut impl FnMut(SourceEvent<'_>),
    ) -> usize {
        let consumed_ns = std::cell::Cell::new(0);
        self.queue.poll_consumer(
            most,
            timeout,
            &mut self.buffer,
            || consumed_ns.set(clock.now_ns()),
            |native| seen(event_of(native, consumed_ns.get())),
        )
    }
}

fn event_of(native: NativeRecord<'_>, consumed_ns: u64) -> SourceEvent<'_> {
    match native.error() {
        RDKafkaErrorCode::NoError => SourceEvent::Record { record: Record { native }, consumed_ns },
        RDKafkaErrorCode::PartitionEOF => SourceEvent::End { partition: native.partition(), offset: native.offset() },
        code => SourceEvent::Error {
            reason: format!("{code}: {}", native.error_text()),
            fatal: matches!(
                code,
                RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::OffsetOutOfRange
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::Fatal
            ),
        },
    }
}
