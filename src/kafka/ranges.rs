//! Where topics begin and end: asked for all partitions of many topics at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::error::KafkaError;
use super::hearing::Listening;
use super::leaders::learn_after;
use super::rights::Operation;
use super::target::{ONE_REQUEST, Target};
use crate::profile::Isolation;
use crate::side_by_side::all_side_by_side;

/// How long to wait before a question is repeated.
const RETRY: Duration = Duration::from_millis(20);

/// Where the records of a partition begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartitionRange {
    /// The partition.
    pub partition: i32,
    /// The first offset that can be read.
    pub start: i64,
    /// The offset that the next record will get.
    pub end: i64,
}

/// Topics, each with its number of partitions.
type Topics<'a> = BTreeMap<&'a str, u32>;

impl Target {
    /// The current start and end of a topic's partitions, for a reader of this isolation: the end is the high watermark, or, where only
    /// committed records are read, the first open transaction.
    ///
    /// # Errors
    /// When the broker does not answer within `timeout`.
    pub fn ranges(
        &self,
        topic: &str,
        partitions: u32,
        isolation: Isolation,
        timeout: Duration,
    ) -> Result<Vec<PartitionRange>, KafkaError> {
        let ranges = patiently(timeout, || ranges_now(self.reader(isolation)?, &[(topic, partitions)].into()));
        let ranges = ranges.map_err(|fault| fault.about(topic))?;
        Ok(ranges.into_values().flatten().collect())
    }

    /// The same of many topics: two questions to each broker, however many topics there are.
    ///
    /// # Errors
    /// When the brokers do not answer within `timeout`; the error is that of the first topic that fails by itself.
    pub(crate) fn ranges_of_all(
        &self,
        topics: &BTreeMap<&str, u32>,
        isolation: Isolation,
        timeout: Duration,
    ) -> Result<BTreeMap<String, Vec<PartitionRange>>, KafkaError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let together = patiently(timeout, || ranges_now(self.reader(isolation)?, topics));
        together.or_else(|_| {
            // The client does not say which topic it was: each by itself.
            let topics: Vec<(&str, u32)> = topics.iter().map(|(topic, partitions)| (*topic, *partitions)).collect();
            let alone = |(topic, partitions): &(&str, u32)| {
                self.ranges(topic, *partitions, isolation, timeout.min(ONE_REQUEST))
                    .map(|ranges| ((*topic).to_owned(), ranges))
            };
            Ok(all_side_by_side(&topics, alone)?.into_iter().collect())
        })
    }
}

/// Why there is no answer.
enum Fault {
    /// There is no client to ask with.
    NoClient(KafkaError),
    /// The client or a broker refused.
    Refused(ClientError),
}

impl From<KafkaError> for Fault {
    fn from(error: KafkaError) -> Self {
        Fault::NoClient(error)
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        Fault::Refused(error)
    }
}

impl Fault {
    /// Whether asking again would not change it.
    fn is_final(&self) -> bool {
        match self {
            Fault::NoClient(_) => true,
            Fault::Refused(error) => error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed),
        }
    }

    fn about(self, topic: &str) -> KafkaError {
        match self {
            Fault::NoClient(error) => error,
            Fault::Refused(error) => KafkaError::about_topic(
                format!("asking for the offsets of {topic}"),
                &error,
                Operation::Describe,
                topic,
            ),
        }
    }
}

/// Retries until it works, is not allowed, or `timeout` is over.
fn patiently<T>(timeout: Duration, mut ask: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
    let deadline = Instant::now() + timeout;
    loop {
        match ask() {
            Err(fault) if !fault.is_final() && Instant::now() < deadline => std::thread::sleep(RETRY),
            answer => return answer,
        }
    }
}

fn ranges_now(
    client: &BaseConsumer<Listening>,
    topics: &Topics<'_>,
) -> Result<BTreeMap<String, Vec<PartitionRange>>, Fault> {
    let at = |place| {
        let found = offsets(client, topics, place);
        found.inspect_err(|error| learn_after(error, client, topics.keys().copied()))
    };
    let (starts, ends) = (at(Offset::Beginning)?, at(Offset::End)?);
    let range = |partition: i32, start: &i64, end: &i64| PartitionRange { partition, start: *start, end: *end };
    let ranges = starts.iter().zip(&ends).map(|((topic, starts), (_, ends))| {
        let partitions = (0..).zip(starts).zip(ends).map(|((partition, start), end)| range(partition, start, end));
        (topic.clone(), partitions.collect())
    });
    Ok(ranges.collect())
}

/// Each topic's offsets at its beginning or end, by partition. In the protocol these are the timestamps -2 and -1: the client's numbers.
fn offsets(
    client: &BaseConsumer<Listening>,
    topics: &Topics<'_>,
    at: Offset,
) -> Result<BTreeMap<String, Vec<i64>>, ClientError> {
    let mut asked = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in 0..*partitions as i32 {
            asked.add_partition_offset(topic, partition, at)?;
        }
    }
    let mut offsets: BTreeMap<String, Vec<i64>> =
        topics.keys().map(|topic| ((*topic).to_owned(), Vec::new())).collect();
    if asked.count() == 0 {
        return Ok(offsets);
    }
    // The answer stands in the order of the question.
    for found in client.offsets_for_times(asked, ONE_REQUEST)?.elements() {
        found.error()?;
        let Offset::Offset(offset) = found.offset() else {
            return Err(ClientError::OffsetFetch(RDKafkaErrorCode::UnknownPartition));
        };
        offsets.entry(found.topic().to_owned()).or_default().push(offset);
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Broker, BrokerConfig};
    use crate::kafka::{ClientSettings, TopicPlan};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn target(broker: &Broker) -> Target {
        let mut settings = ClientSettings::default();
        settings.set("bootstrap.servers", &broker.address().to_string());
        Target::connect(&settings, PATIENCE).unwrap()
    }

    #[test]
    fn many_topics_are_told_at_once_what_each_is_told_alone() {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let target = target(&broker);
        let sizes: Vec<(String, u32)> = (1..=40).map(|size| (format!("floodmark-{size}"), size)).collect();
        let plans: Vec<TopicPlan<'_>> = sizes
            .iter()
            .map(|(topic, partitions)| TopicPlan { topic, partitions: Some(*partitions), allowed: false })
            .collect();
        let created = target.prepare_topics(&plans, Operation::Write).unwrap();
        assert_eq!(created, (1..=40).collect::<Vec<u32>>());
        let topics = sizes.iter().map(|(topic, partitions)| (topic.as_str(), *partitions)).collect();
        let told = target.ranges_of_all(&topics, Isolation::ReadCommitted, PATIENCE).unwrap();
        assert_eq!(told.len(), 40);
        for (topic, partitions) in &sizes {
            let alone = target.ranges(topic, *partitions, Isolation::ReadCommitted, PATIENCE).unwrap();
            assert_eq!((told[topic].len(), &told[topic]), (*partitions as usize, &alone));
        }
    }

    #[test]
    fn the_topic_at_fault_is_named_among_many() {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let target = target(&broker);
        let plan = TopicPlan { topic: "floodmark-here", partitions: Some(2), allowed: false };
        target.prepare_topics(&[plan], Operation::Write).unwrap();
        let topics = [("floodmark-here", 2), ("floodmark-gone", 1), ("floodmark-too", 1)].into();
        let soon = Duration::from_millis(50);
        let refused = target.ranges_of_all(&topics, Isolation::ReadUncommitted, soon).unwrap_err().to_string();
        assert!(refused.starts_with("asking for the offsets of floodmark-gone failed: "), "{refused}");
    }
}
