//! Where formulas and usual values come from.

use schemars::JsonSchema;
use serde::Serialize;

/// A document that a formula is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Source {
    /// What it says, in a few words.
    pub(crate) says: &'static str,
    /// Where it says it; absent for plain arithmetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<&'static str>,
}

/// The formula is Jun Rao's; the document quotes it.
pub(crate) const PARTITIONS: Source = Source {
    says: "partitions = max(t/p, t/c), Jun Rao's formula: wanted over produced and consumed throughput",
    url: Some("https://docs.cloudera.com/ccp/2.0.1/tuning-topologies/topics/ccp-enrichment_kafka_tuning.html"),
};
/// In and out of brokers, replication included.
pub(crate) const BANDWIDTH: Source = Source {
    says: "writes = produced x replicas, reads = consumed + produced x (replicas - 1)",
    url: Some("https://cloud.google.com/managed-service-for-apache-kafka/docs/plan-cluster-size"),
};
/// What is on disk beside the payload.
pub(crate) const RECORD: Source = Source {
    says: "the fields of a record batch and of a record",
    url: Some("https://kafka.apache.org/36/implementation/message-format"),
};
/// How full disks may be, and how many copies.
pub(crate) const DISK: Source = Source {
    says: "act when a data disk is 85 % full; three copies for three zones",
    url: Some("https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html"),
};
/// Segments are deleted whole.
pub(crate) const SEGMENTS: Source = Source {
    says: "retention deletes whole segments, never the one being written",
    url: Some("https://www.netdata.cloud/guides/kafka/kafka-retention-not-deleting-segments/"),
};
/// A queue with constant rates.
pub(crate) const QUEUE: Source = Source {
    says: "a queue with constant rates: what waited at the end of the outage shrinks by what is taken beyond what arrives",
    url: None,
};
