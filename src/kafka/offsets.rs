//! A topic's offsets at a moment: ListOffsets by timestamp, all partitions at once. Writes nothing and reads no message.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::admin::waiting;
use super::client::{Client, Quiet, admin, consumer};
use super::error::KafkaError;
use super::leaders::learn_after;
use super::rights::{Denied, Operation};
use super::settings::ClientSettings;
use crate::profile::Isolation;

/// How long one request may take before it is retried.
const ONE_REQUEST: Duration = Duration::from_secs(5);
/// How long a request is retried.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why offsets cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum OffsetsError {
    /// The client or the broker failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// No such topic.
    #[error("topic {topic} does not exist on this cluster; correct --topic, or -b")]
    NoTopic {
        /// The topic.
        topic: String,
    },
}

/// Asks for the offsets of one topic, over one connection to each broker. A broker answers the requests of one connection one after
/// another: to get answers in parallel, use several finders ([`OffsetFinder::another`]).
pub(crate) struct OffsetFinder {
    client: Client<BaseConsumer<Quiet>>,
    reader: BTreeMap<String, String>,
    admin: BTreeMap<String, String>,
    topic: String,
    partitions: i32,
    leaders: usize,
}

impl OffsetFinder {
    /// Opens a client, and asks for the topic's partitions.
    ///
    /// # Errors
    /// [`OffsetsError`] when there is no such topic, it may not be described, or nobody answers.
    pub(crate) fn open(settings: &ClientSettings, topic: &str) -> Result<Self, OffsetsError> {
        // Uncommitted: the ends are those of the log, whatever transaction is still open.
        let reader = settings.consumer("floodmark-capture", Isolation::ReadUncommitted);
        let client = consumer(&reader, Quiet)?;
        let (partitions, leaders) = partitions_and_leaders(&client, topic)?;
        Ok(OffsetFinder { client, reader, admin: settings.admin(), topic: topic.to_owned(), partitions, leaders })
    }

    /// Asks for the topic's partitions again: more may have been added.
    ///
    /// # Errors
    /// As [`OffsetFinder::open`].
    pub(crate) fn look_for_more_partitions(&mut self) -> Result<(), OffsetsError> {
        let (partitions, leaders) = partitions_and_leaders(&self.client, &self.topic)?;
        if partitions > self.partitions {
            (self.partitions, self.leaders) = (partitions, leaders);
        }
        Ok(())
    }

    /// The same, over connections of its own.
    ///
    /// # Errors
    /// [`OffsetsError`] when the client cannot be made.
    pub(crate) fn another(&self) -> Result<Self, OffsetsError> {
        Ok(OffsetFinder {
            client: consumer(&self.reader, Quiet)?,
            reader: self.reader.clone(),
            admin: self.admin.clone(),
            topic: self.topic.clone(),
            ..*self
        })
    }

    /// How many partitions the topic has.
    #[must_use]
    pub(crate) fn partitions(&self) -> usize {
        self.partitions as usize
    }

    /// How many requests it takes to ask for all partitions at one moment: one for each broker that leads any.
    #[must_use]
    pub(crate) fn requests_per_question(&self) -> usize {
        self.leaders
    }

    /// For each partition the first offset whose record has this timestamp (milliseconds since 1970) or a later one; nothing where there is
    /// none.
    ///
    /// # Errors
    /// [`OffsetsError`] when it is not permitted, or the brokers do not answer.
    pub(crate) fn at(&self, unix_ms: i64) -> Result<Vec<Option<i64>>, OffsetsError> {
        self.ask(Offset::Offset(unix_ms.max(0)))
    }

    /// The first offset that each partition still holds.
    ///
    /// # Errors
    /// As [`OffsetFinder::at`].
    pub(crate) fn oldest(&self) -> Result<Vec<i64>, OffsetsError> {
        Ok(self.ask(Offset::Beginning)?.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// The offset that each partition's next record will get.
    ///
    /// # Errors
    /// As [`OffsetFinder::at`].
    pub(crate) fn ends(&self) -> Result<Vec<i64>, OffsetsError> {
        Ok(self.ask(Offset::End)?.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// In the protocol, the latest and the earliest offset are timestamps -1 and -2: the client's `End` and `Beginning`.
    fn ask(&self, timestamp: Offset) -> Result<Vec<Option<i64>>, OffsetsError> {
        let what = format!("asking for the offsets of topic {}", self.topic);
        patiently(&self.topic, &what, || {
            let found = self.ask_once(timestamp);
            found.inspect_err(|error| learn_after(error, &self.client, [self.topic.as_str()]))
        })
    }

    fn ask_once(&self, timestamp: Offset) -> Result<Vec<Option<i64>>, ClientError> {
        let mut asked = TopicPartitionList::with_capacity(self.partitions as usize);
        for partition in 0..self.partitions {
            asked.add_partition_offset(&self.topic, partition, timestamp)?;
        }
        let answer = self.client.offsets_for_times(asked, ONE_REQUEST)?;
        let mut offsets = vec![None; self.partitions as usize];
        for found in answer.elements() {
            found.error()?;
            if let (Some(offset), Offset::Offset(at)) = (offsets.get_mut(found.partition() as usize), found.offset()) {
                *offset = Some(at);
            }
        }
        Ok(offsets)
    }

    /// The topic's settings, by name.
    ///
    /// # Errors
    /// [`OffsetsError`] when it is not permitted, or the cluster does not answer.
    pub(crate) fn topic_settings(&self) -> Result<BTreeMap<String, String>, OffsetsError> {
        let what = format!("asking for the settings of topic {}", self.topic);
        let failed = |error: &dyn std::fmt::Display| OffsetsError::Kafka(KafkaError::request(&what, error));
        let admin = admin(&self.admin)?;
        let options = AdminOptions::new().request_timeout(Some(ONE_REQUEST));
        let described = waiting(&what)?
            .block_on(admin.describe_configs(&[ResourceSpecifier::Topic(&self.topic)], &options))
            .map_err(|error| failed(&error))?;
        match described.into_iter().next() {
            Some(Ok(resource)) => {
                let entries = resource.entries.into_iter();
                Ok(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect())
            }
            Some(Err(RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                Err(denied(Operation::DescribeConfigs, &self.topic))
            }
            Some(Err(code)) => Err(failed(&code)),
            None => Err(failed(&"there was no answer")),
        }
    }
}

/// How many partitions a topic has, and how many brokers lead any of them.
fn partitions_and_leaders(client: &BaseConsumer<Quiet>, topic: &str) -> Result<(i32, usize), OffsetsError> {
    let what = format!("asking for topic {topic}");
    let metadata = patiently(topic, &what, || client.fetch_metadata(Some(topic), ONE_REQUEST))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let no_topic = || OffsetsError::NoTopic { topic: topic.to_owned() };
    let found = found.ok_or_else(no_topic)?;
    if let Some(code) = found.error().map(RDKafkaErrorCode::from) {
        return Err(refusal(topic, code).unwrap_or_else(|| KafkaError::request(what, code).into()));
    }
    let partitions = i32::try_from(found.partitions().len()).unwrap_or(i32::MAX);
    if partitions == 0 {
        return Err(no_topic());
    }
    let mut leaders: Vec<i32> = found.partitions().iter().map(|partition| partition.leader()).collect();
    leaders.sort_unstable();
    leaders.dedup();
    Ok((partitions, leaders.len()))
}

fn denied(operation: Operation, topic: &str) -> OffsetsError {
    KafkaError::from(Denied::on_topic(operation, topic)).into()
}

/// Errors that a retry would not change.
fn refusal(topic: &str, code: RDKafkaErrorCode) -> Option<OffsetsError> {
    match code {
        RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::InvalidTopic => {
            Some(OffsetsError::NoTopic { topic: topic.to_owned() })
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => Some(denied(Operation::Describe, topic)),
        _ => None,
    }
}

/// Retries until it works, cannot work, or `PATIENCE` is over.
fn patiently<T>(
    topic: &str,
    what: &str,
    mut request: impl FnMut() -> Result<T, ClientError>,
) -> Result<T, OffsetsError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let error = match request() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if let Some(refused) = error.rdkafka_error_code().and_then(|code| refusal(topic, code)) {
            return Err(refused);
        }
        if Instant::now() >= deadline {
            return Err(KafkaError::request(what, error).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_with_the_topic_and_not_tried_again() {
        let mut tries = 0;
        let mut refused = |code| {
            patiently("orders", "asking", || -> Result<(), ClientError> {
                tries += 1;
                Err(ClientError::OffsetFetch(code))
            })
            .map_or_else(|error| error.to_string(), |()| String::new())
        };
        let forbidden = refused(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(forbidden.contains("topic orders") && forbidden.contains("Describe"), "{forbidden}");
        let missing = refused(RDKafkaErrorCode::UnknownTopicOrPartition);
        assert!(missing.contains("topic orders does not exist"), "{missing}");
        assert_eq!(tries, 2);
    }
}
