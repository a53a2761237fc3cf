//! What the client reports, as sentences.

use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::rights::{Denied, Operation, Resource};
use crate::redact::redact;

/// An error of the client or the broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// The client could not be made with these settings.
    #[error("the Kafka client refused its settings: {0}; check -X and --client-config")]
    Settings(String),
    /// The broker could not be reached or did not answer.
    #[error("{brokers} did not answer within {waited_s} s: {reason}")]
    Unreachable {
        /// The addresses that were tried.
        brokers: String,
        /// How long the client tried, in seconds.
        waited_s: u64,
        /// What the client said.
        reason: String,
    },
    /// The brokers refuse this client, and would again.
    #[error("{0}")]
    Refused(String),
    /// There is no token to log in with.
    #[error("{0}")]
    Token(String),
    /// The cluster's access control denies a request.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A request failed.
    #[error("{what} failed: {reason}")]
    Request {
        /// What was asked for.
        what: String,
        /// What the client or broker said.
        reason: String,
    },
}

impl KafkaError {
    /// Settings that the client refused. A value is shown only if it is not a secret.
    pub(super) fn settings(error: &ClientError) -> Self {
        KafkaError::Settings(match error {
            ClientError::ClientConfig(_, reason, key, value) => {
                let shown = redact(key, value);
                let reason =
                    if *value == shown || value.is_empty() { reason.clone() } else { reason.replace(value, &shown) };
                format!("{reason} ({key} = {shown})")
            }
            other => other.to_string(),
        })
    }

    /// A request about a topic that failed; `operation` is the right that it takes.
    pub(super) fn about_topic(what: impl Into<String>, error: &ClientError, operation: Operation, topic: &str) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Denied::on_topic(operation, topic).into(),
            _ => KafkaError::request(what, error),
        }
    }

    /// A producer's first request, for its id, that failed.
    pub(super) fn producer_id(error: &ClientError, transactional_id: &str) -> Self {
        let denied = |operation, resource| Denied { operation, resource }.into();
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TransactionalIdAuthorizationFailed) => {
                denied(Operation::Write, Resource::TransactionalId(transactional_id.to_owned()))
            }
            Some(RDKafkaErrorCode::ClusterAuthorizationFailed) => denied(Operation::IdempotentWrite, Resource::Cluster),
            _ => KafkaError::request("setting up transactions", error),
        }
    }

    /// A request for `what` that failed.
    pub(super) fn request(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        KafkaError::Request { what: what.into(), reason: reason.to_string() }
    }
}

/// The client's name for an error code of Kafka's protocol.
#[must_use]
pub(crate) fn code_of(code: i16) -> RDKafkaErrorCode {
    RDKafkaRespErr::try_from(i32::from(code)).map_or(RDKafkaErrorCode::Unknown, RDKafkaErrorCode::from)
}

/// What the client says of an event that was not written, and what it means where the code alone says little.
#[must_use]
pub(crate) fn outcome_text(code: RDKafkaErrorCode) -> String {
    let meaning = match code {
        RDKafkaErrorCode::InvalidTimestamp => {
            ": a record's timestamp is further from the broker's clock than the topic's message.timestamp.after.max.ms (1 h by default since Kafka 4.0) or message.timestamp.before.max.ms; its whole batch was refused"
        }
        RDKafkaErrorCode::InvalidRecord => {
            ": the broker found a record that the topic does not take, such as one without a key in a compacted topic; its whole batch was refused"
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => ": this user lacks the right Write on the topic",
        RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
            ": this user lacks the right Write on the transactional id"
        }
        RDKafkaErrorCode::ClusterAuthorizationFailed => {
            ": this user lacks the right IdempotentWrite on the cluster, or Write on the topic"
        }
        _ => "",
    };
    format!("{code}{meaning}")
}
