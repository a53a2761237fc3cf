//! What the client reports, as sentences.

use rdkafka::error::KafkaError as ClientError;

use crate::redact::redact;

/// An error of the client or the broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// The client could not be made with these settings.
    #[error("the Kafka client refused its settings: {0}; check -X and --client-config")]
    Settings(String),
    /// The broker could not be reached or did not answer.
    #[error("{brokers} did not answer within {waited_s} s: {reason}; check -b, and that the broker is running")]
    Unreachable {
        /// The addresses that were tried.
        brokers: String,
        /// How long the client tried, in seconds.
        waited_s: u64,
        /// What the client said.
        reason: String,
    },
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

    /// A request for `what` that failed.
    pub(super) fn request(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        KafkaError::Request { what: what.into(), reason: reason.to_string() }
    }
}
