//! How a stream's records are written beside what they hold: compressed, stamped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// Small, and costs much CPU.
    Gzip,
    /// Quick, and not as small.
    Snappy,
    /// Quick, and not as small.
    Lz4,
    /// Small, and quicker than gzip.
    Zstd,
}

impl Compression {
    /// As Kafka calls it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The levels that it has; none where there is nothing to choose.
    #[must_use]
    pub(super) fn levels(self) -> Option<std::ops::RangeInclusive<u8>> {
        match self {
            Compression::None | Compression::Snappy => None,
            Compression::Gzip => Some(1..=9),
            Compression::Lz4 | Compression::Zstd => Some(1..=12),
        }
    }
}

/// Which moment stands in a record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordTimestamp {
    /// When the client takes it.
    #[default]
    Sent,
    /// When the schedule wants it sent (slower: one client call for each event).
    Due,
    /// The event time that the event claims, with lateness and skew (slower, too).
    EventTime,
    /// None: the record says -1, as very old clients do (slower, too).
    None,
}
