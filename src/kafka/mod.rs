//! The only room that knows the Kafka client.

mod admin;
mod batch;
mod batch_limit;
mod describe;
mod error;
mod hearing;
mod message_size;
mod offsets;
mod settings;
mod sink;
mod source;
mod target;

pub use batch_limit::BatchLimit;
pub use describe::TopicState;
pub use error::KafkaError;
pub use message_size::MessageSize;
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
