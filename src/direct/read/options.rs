//! How a reader reads: from the settings of a consumer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::options::Contact;
use super::super::wire::{ConnectOptions, Host, Security, SecurityError};

const NS_PER_MS: u64 = 1_000_000;
/// Connecting is tried again after that.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Beside the records of an answer: what it says of partitions.
const BESIDE_RECORDS_BYTES: u64 = 16 << 20;
/// A batch may be larger than what was asked for; no topic takes larger ones than that.
const LARGEST_BATCH_BYTES: u64 = 1 << 30;

/// How a reader reads.
#[derive(Debug, Clone)]
pub(super) struct ReadOptions {
    pub(super) contact: Contact,
    /// Whether records of open and aborted transactions are left out.
    pub(super) committed_only: bool,
    /// How long a broker waits for records.
    pub(super) wait_ms: i32,
    pub(super) least_bytes: i32,
    /// The most that an answer holds, unless one batch alone is larger.
    pub(super) most_bytes: i32,
    /// The same for each partition.
    pub(super) partition_bytes: i32,
    /// How long a broker may take for an answer.
    pub(super) answer_within_ns: u64,
    /// How long a partition rests that could not be read.
    pub(super) rest_ns: u64,
}

impl ReadOptions {
    /// From a consumer's settings, resolved.
    ///
    /// # Errors
    /// When it cannot encrypt or log in as they say.
    pub(super) fn of(topic: &str, settings: &BTreeMap<String, String>) -> Result<Self, SecurityError> {
        let text = |key: &str| settings.get(key).map_or("", |value| value.trim());
        let number = |key: &str, otherwise: u64| text(key).parse::<u64>().unwrap_or(otherwise);
        let small = |key: &str, otherwise: u64| i32::try_from(number(key, otherwise)).unwrap_or(i32::MAX);
        let most_bytes = small("fetch.max.bytes", 50 << 20);
        let most_answer = u64::from(most_bytes.unsigned_abs()).max(LARGEST_BATCH_BYTES) + BESIDE_RECORDS_BYTES;
        let connect = ConnectOptions {
            client_id: text("client.id").to_owned(),
            patience: CONNECT_PATIENCE,
            security: Security::of(settings)?,
            most_answer_bytes: usize::try_from(most_answer).unwrap_or(usize::MAX),
        };
        let wait_ms = small("fetch.wait.max.ms", 100);
        Ok(ReadOptions {
            contact: Contact {
                topic: topic.to_owned(),
                bootstrap: Host::list(text("bootstrap.servers")),
                connect,
                reconnect_after_ns: number("reconnect.backoff.ms", 20).saturating_mul(NS_PER_MS),
                reconnect_at_most_ns: number("reconnect.backoff.max.ms", 1000).saturating_mul(NS_PER_MS),
            },
            committed_only: text("isolation.level") != "read_uncommitted",
            wait_ms,
            least_bytes: small("fetch.min.bytes", 1),
            most_bytes,
            partition_bytes: small("fetch.message.max.bytes", 1 << 20),
            answer_within_ns: number("socket.timeout.ms", 60_000).saturating_mul(NS_PER_MS),
            rest_ns: number("fetch.error.backoff.ms", 100).saturating_mul(NS_PER_MS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ClientSettings;

    /// Properties have other names by the time that a reader is opened.
    #[test]
    fn how_much_is_fetched_of_a_partition_is_followed_under_both_names() {
        for name in ["max.partition.fetch.bytes", "fetch.message.max.bytes"] {
            let mut settings = ClientSettings::default();
            settings.set(name, "65536");
            let given: BTreeMap<String, String> =
                settings.given().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            assert_eq!(ReadOptions::of("t", &given).unwrap().partition_bytes, 65_536, "{name}");
        }
    }
}
