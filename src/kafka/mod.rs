//! The only room that knows the Kafka client.

mod batch;
mod describe;
mod error;
mod hearing;
mod offsets;
mod settings;
mod sink;
mod source;
mod target;

pub use describe::TopicState;
pub use error::KafkaError;
pub use offsets::{OffsetFinder, OffsetsError};
pub use settings::{ClientSettings, SettingsError, isolation_of};
pub use sink::{Deliveries, Delivery, Headers, Outcome, Outgoing, Rejection, Sink, SinkOptions, TransactionOutcome};
pub use source::{Record, Source, SourceEvent, Timestamp};
pub use target::{MARK, PartitionRange, Target, TargetError, TopicPlan};

/// The version of the native client library.
#[must_use]
pub fn client_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}
