//! Which client sends a stream's events, or reads a stage's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which client sends or reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// The C library that most applications use, beside Java's.
    #[default]
    Librdkafka,
    /// floodmark's own.
    Direct,
}
