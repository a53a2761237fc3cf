//! Where a stage's events come from: the consuming client, reading assigned partitions from given offsets.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::batch::{EventQueue, MessageBuffer, NativeRecord};
use super::client::{Client, Quiet, consumer};
use super::error::KafkaError;
use super::received::Record;
use crate::clock::Clock;

/// How long a request may take.
const ONE_REQUEST: Duration = Duration::from_secs(5);
/// The most messages taken at once, between two readings of the clock.
const MOST_AT_ONCE: usize = 2000;

/// A consuming client on one topic.
pub(crate) struct Source {
    // Dropped in this order: the queue before the client.
    queue: EventQueue,
    consumer: Client<BaseConsumer<Quiet>>,
    buffer: MessageBuffer,
    backlog: Backlog,
}

/// How long the messages in the client's queue may have waited for their reader: at most since the queue was last seen empty.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// When that was, in nanoseconds since 1970; 0 before the first look.
    empty_ns: u64,
}

impl Backlog {
    /// The longest that a message taken at `now_ns` may have waited. `queue_was_empty` if the reader was waiting before the message came.
    pub(crate) fn behind_ns(&mut self, now_ns: u64, queue_was_empty: bool) -> u64 {
        if queue_was_empty || self.empty_ns == 0 {
            self.empty_ns = now_ns;
        }
        now_ns.saturating_sub(self.empty_ns)
    }

    /// Everything in the queue was taken by `now_ns`.
    pub(crate) fn is_empty_at(&mut self, now_ns: u64) {
        self.empty_ns = now_ns;
    }
}

/// What a poll brings.
pub(crate) enum SourceEvent<'a> {
    /// A record, and when it was taken from the client, in nanoseconds since 1970.
    Record {
        /// The record.
        record: Record<'a>,
        /// When it was taken from the client.
        consumed_ns: u64,
        /// The longest that it may have waited in the client's queue: the time since that was last seen empty.
        behind_ns: u64,
    },
    /// The end of a partition was reached.
    End {
        /// The partition.
        partition: i32,
        /// The offset of the next record, after everything, transaction markers included.
        offset: i64,
    },
    /// Records that could not be read: a batch was changed on its way or on disk. What follows them is read.
    Unread {
        /// Which, and why.
        reason: String,
        /// How many there may be, at most; [`u64::MAX`] where the batch does not say.
        events: u64,
    },
    /// The client reports an error; it recovers by itself unless `fatal`.
    Error {
        /// What it says.
        reason: String,
        /// Whether reading cannot go on: the topic is gone, or the offset is.
        fatal: bool,
    },
}

impl Source {
    /// Opens a consuming client that reads each partition of `topic` from the given offset.
    ///
    /// # Errors
    /// When the settings are refused or the partitions cannot be assigned.
    pub(crate) fn open(
        settings: &BTreeMap<String, String>,
        topic: &str,
        from: &[(i32, i64)],
    ) -> Result<Self, KafkaError> {
        let consumer = consumer(settings, Quiet)?;
        assign(&consumer, topic, from)?;
        let queue =
            EventQueue::of_consumer(&consumer).ok_or_else(|| KafkaError::Settings("group.id is missing".to_owned()))?;
        Ok(Source { queue, consumer, buffer: MessageBuffer::with_room_for(MOST_AT_ONCE), backlog: Backlog::default() })
    }

    /// From now on reads each partition of `topic` from the given offset, and no other. What was fetched before is dropped.
    ///
    /// # Errors
    /// When the partitions cannot be assigned.
    pub(crate) fn jump(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<(), KafkaError> {
        assign(&self.consumer, topic, from)
    }

    /// Reads these partitions as well: the topic has gained them since.
    ///
    /// # Errors
    /// When they cannot be assigned.
    pub(crate) fn add(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<(), KafkaError> {
        self.learn(topic)?;
        self.consumer
            .incremental_assign(&list(topic, from)?)
            .map_err(|error| KafkaError::request(format!("assigning the new partitions of {topic}"), error))
    }

    /// Reads a topic that was recreated.
    ///
    /// # Errors
    /// When its partitions cannot be assigned.
    pub(crate) fn begin_anew(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<(), KafkaError> {
        self.consumer
            .assign(&TopicPartitionList::new())
            .map_err(|error| KafkaError::request(format!("leaving the partitions of {topic}"), error))?;
        self.learn(topic)?;
        assign(&self.consumer, topic, from)
    }

    /// Refreshes the topic's metadata, which the client does by itself only now and then.
    fn learn(&self, topic: &str) -> Result<(), KafkaError> {
        self.consumer
            .fetch_metadata(Some(topic), ONE_REQUEST)
            .map(drop)
            .map_err(|error| KafkaError::request(format!("asking for the partitions of {topic}"), error))
    }

    /// Waits up to `timeout` for the first record, takes what else is there, and hands everything to `seen`. Returns how many there were.
    pub(crate) fn poll(&mut self, timeout: Duration, clock: &Clock, mut seen: impl FnMut(SourceEvent<'_>)) -> usize {
        // The client's batch call waits until as many records are there as it is asked
        // for: ask for one and wait, then for many without waiting.
        let queue_was_empty = self.queue.length() == 0;
        let first = self.poll_once(1, timeout, clock, queue_was_empty, &mut seen);
        if first == 0 { 0 } else { first + self.poll_once(MOST_AT_ONCE, Duration::ZERO, clock, false, &mut seen) }
    }

    fn poll_once(
        &mut self,
        most: usize,
        timeout: Duration,
        clock: &Clock,
        queue_was_empty: bool,
        seen: &mut impl FnMut(SourceEvent<'_>),
    ) -> usize {
        let Source { queue, buffer, backlog, .. } = self;
        let (consumed_ns, behind_ns) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let arrived = || {
            let now_ns = clock.now_ns();
            consumed_ns.set(now_ns);
            behind_ns.set(backlog.behind_ns(now_ns, queue_was_empty));
        };
        let count = queue.poll_consumer(most, timeout, buffer, arrived, |native| {
            seen(event_of(native, consumed_ns.get(), behind_ns.get()));
        });
        if count < most {
            backlog.is_empty_at(consumed_ns.get());
        }
        count
    }
}

fn assign(consumer: &BaseConsumer<Quiet>, topic: &str, from: &[(i32, i64)]) -> Result<(), KafkaError> {
    consumer
        .assign(&list(topic, from)?)
        .map_err(|error| KafkaError::request(format!("assigning the partitions of {topic}"), error))
}

fn list(topic: &str, from: &[(i32, i64)]) -> Result<TopicPartitionList, KafkaError> {
    let mut partitions = TopicPartitionList::new();
    for (partition, offset) in from {
        partitions
            .add_partition_offset(topic, *partition, Offset::Offset(*offset))
            .map_err(|error| KafkaError::request(format!("reading {topic} from offset {offset}"), error))?;
    }
    Ok(partitions)
}

fn event_of(native: NativeRecord<'_>, consumed_ns: u64, behind_ns: u64) -> SourceEvent<'_> {
    match native.error() {
        RDKafkaErrorCode::NoError => SourceEvent::Record { record: native.into(), consumed_ns, behind_ns },
        RDKafkaErrorCode::PartitionEOF => SourceEvent::End { partition: native.partition(), offset: native.offset() },
        code => SourceEvent::Error {
            reason: match code {
                RDKafkaErrorCode::TopicAuthorizationFailed => {
                    format!("{code}: this user lacks the right Read on the topic")
                }
                _ => format!("{code}: {}", native.error_text()),
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_waits_for_a_message_is_not_behind() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.behind_ns(1_000, true), 0);
        assert_eq!(backlog.behind_ns(900_000, true), 0);
    }

    #[test]
    fn what_lies_in_the_queue_may_have_waited_since_it_was_last_empty() {
        let mut backlog = Backlog::default();
        backlog.is_empty_at(1_000);
        assert_eq!(backlog.behind_ns(5_000, false), 4_000, "came while the reader was busy");
        assert_eq!(backlog.behind_ns(9_000, false), 8_000, "and the queue was not emptied");
        backlog.is_empty_at(9_000);
        assert_eq!(backlog.behind_ns(9_500, false), 500);
    }

    #[test]
    fn the_first_look_claims_nothing() {
        assert_eq!(Backlog::default().behind_ns(5_000, false), 0);
    }
}
