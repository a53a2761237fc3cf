//! What an event carries: its key and its payload.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::ByteSize;

/// Which key an event carries. The key's hash (Java's murmur2) chooses the partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// How keys are drawn. Default uniform.
    #[serde(default)]
    pub distribution: KeyDistribution,
    /// How many different keys there are. Default 1000.
    #[serde(default = "key_count")]
    pub count: u64,
    /// zipf: rank r is drawn in proportion to 1 / r^exponent. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponent: Option<f64>,
    /// hot-set: how many of the keys are hot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot: Option<u64>,
    /// hot-set: the share of events, 0 to 1, that goes to the hot keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_share: Option<f64>,
    /// What a key starts with; its number follows. Default `k`.
    #[serde(default = "key_prefix")]
    pub prefix: String,
}

/// How keys are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyDistribution {
    /// Every key as often as any other.
    #[default]
    Uniform,
    /// A few keys carry most events.
    Zipf,
    /// One after another.
    RoundRobin,
    /// A small set of hot keys takes a stated share; the others are uniform.
    HotSet,
    /// No key: events rotate over the partitions.
    None,
}

/// What an event's payload looks like, and how large it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// How it is written. Default json.
    #[serde(default)]
    pub codec: Codec,
    /// The payload's whole size (the median one for log-normal, unused for uniform). Default 512B.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
    /// The filler's size alone, instead of `size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filler: Option<ByteSize>,
    /// How sizes vary. Default fixed.
    #[serde(default)]
    pub sizes: SizeDistribution,
    /// The smallest payload of uniform and log-normal sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<ByteSize>,
    /// The largest payload of uniform and log-normal sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<ByteSize>,
    /// log-normal: the standard deviation of the size's natural logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
}

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// A JSON object with `id`, `event_time` (ms), `due` and `sent` (µs), `key` and `filler`.
    #[default]
    Json,
    /// Opaque bytes; id and times travel in record headers (slower: one client call for each event).
    Binary,
}

/// How payload sizes vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SizeDistribution {
    /// All the same.
    #[default]
    Fixed,
    /// Anything from `min` to `max`.
    Uniform,
    /// Median `size`, spread `sigma`, cut at `min` and `max`.
    LogNormal,
}

impl Default for Keys {
    fn default() -> Self {
        Keys {
            distribution: KeyDistribution::default(),
            count: key_count(),
            exponent: None,
            hot: None,
            hot_share: None,
            prefix: key_prefix(),
        }
    }
}

fn key_count() -> u64 {
    1000
}

fn key_prefix() -> String {
    "k".to_owned()
}
