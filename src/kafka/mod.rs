//! The Kafka client: the only room that uses librdkafka.

mod admin;
mod batch;
mod client;
mod connecting;
mod creating;
mod describe;
mod error;
mod groups;
mod handshake;
mod hearing;
mod leaders;
mod message_size;
mod offsets;
mod outcome;
mod ranges;
mod received;
mod record;
mod rights;
mod settings;
mod sink;
mod slots;
mod source;
mod target;
mod throttle;
mod together;
mod tokens;
mod topic_config;

pub use creating::TopicPlan;
pub(crate) use describe::TopicState;
pub(crate) use error::{KafkaError, code_of, outcome_text};
pub(crate) use handshake::trust as trust_authorities;
pub(crate) use message_size::MessageSize;
pub(crate) use offsets::{OffsetFinder, OffsetsError};
pub(crate) use outcome::{Delivery, Outcome, Outgoing, Rejection, TransactionOutcome};
pub(crate) use ranges::PartitionRange;
pub(crate) use rdkafka::types::RDKafkaErrorCode as ErrorCode;
pub(crate) use received::{Parts, Record, Timestamp};
pub(crate) use record::{Beside, Headers, Written};
pub use rights::{Denied, Operation, Resource};
pub use settings::ClientSettings;
pub(crate) use settings::{SettingsError, isolation_of};
pub(crate) use sink::{Deliveries, Sink, SinkOptions};
pub(crate) use source::{Backlog, Source, SourceEvent};
pub use target::Target;
pub(crate) use target::{BrokerAddress, MARK, TargetError};
pub(crate) use together::refuse_contradictions;
pub(crate) use topic_config::{BatchLimit, TopicConfig};

/// The version of the native client library.
#[must_use]
pub fn client_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}
