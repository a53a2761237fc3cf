//! Who leads partitions, asked again.

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;

use super::target::ONE_REQUEST;

/// Lets a client ask who leads these topics if it has just failed for want of a leader. It answers from what it remembers, where a partition
/// without a leader stays without one for minutes (librdkafka 2.12, `rd_kafka_topic_partition_list_get_leaders`).
pub(super) fn learn_after<'t, C: ConsumerContext>(
    error: &ClientError,
    client: &BaseConsumer<C>,
    topics: impl IntoIterator<Item = &'t str>,
) {
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::LeaderNotAvailable) {
        // Whoever asked will ask again, and be told then what is wrong.
        topics.into_iter().for_each(|topic| drop(client.fetch_metadata(Some(topic), ONE_REQUEST)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::mocking::MockCluster;

    use super::super::{ClientSettings, Target};
    use crate::profile::Isolation;

    const TOPIC: &str = "orders";

    #[test]
    fn a_leader_that_is_back_is_found() {
        let cluster = MockCluster::new(2).unwrap();
        cluster.create_topic(TOPIC, 2, 1).unwrap();
        let mut settings = ClientSettings::default();
        settings.set("bootstrap.servers", &cluster.bootstrap_servers());
        let target = Target::connect(&settings, Duration::from_secs(10)).unwrap();
        let ranges = |patience| target.ranges(TOPIC, 2, Isolation::ReadUncommitted, patience);
        cluster.partition_leader(TOPIC, 1, None).unwrap();
        ranges(Duration::from_millis(200)).unwrap_err();
        cluster.partition_leader(TOPIC, 1, Some(1)).unwrap();
        assert_eq!(ranges(Duration::from_secs(10)).unwrap().len(), 2);
    }
}
