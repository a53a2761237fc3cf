//! What an event carries: its key and its payload.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::ByteSize;
use crate::event::place::{Layout, Part};
use crate::payload::template::Draw;
use crate::payload::{Field, KeyText, Template};

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
    /// A file of your own, relative to the profile's folder, that is the record's key: a text with places for `{{key}}` (prefix and number) and for fields with by = "key". Default: prefix and number themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The share of events, 0 to 1, whose record has no key: they rotate over the partitions, and their payloads still name the key. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_share: Option<f64>,
    /// The text of `template`, once it is read.
    #[serde(skip)]
    pub(crate) read: Option<Arc<KeyText>>,
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
    /// A file of your own, relative to the profile's folder, with places like `{{id}}`, `{{event_time:rfc3339}}` and `{{country}}`: what it says is sent, instead of floodmark's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How the template's own fields are drawn: a table for each name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Field>,
    /// Messages to send, relative to the profile's folder, instead of a template: JSON lines (`.jsonl`), CSV with a line of names (`.csv`), or a folder of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<String>,
    /// samples: which one is sent next. Default random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// samples: where the id is written, instead of what stands there: a JSON pointer (`/meta/id`), or the name of a CSV column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// samples: where the event time is written, in the form of what stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<String>,
    /// samples: where the due time is written, in the form of what stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// samples: where the send time is written, in the form of what stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// Parts of the event that travel in record headers (`floodmark-id`, …), for a template or samples without places for them (slower: one client call for each event).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub headers: Vec<Part>,
    /// The share of events, 0 to 1, that are tombstones: a key, no payload, id and times in record headers (slower: one client call for each event). Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone_share: Option<f64>,
    /// The fingerprint of the template or samples, as recorded in a run's manifest: a file with other contents is refused. Default: any contents are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
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
    /// The template or the samples, once they are read.
    #[serde(skip)]
    pub(crate) read: Option<Arc<Template>>,
    /// How many samples were read, where the file holds more than are kept in memory.
    #[serde(skip)]
    pub(crate) cut_samples: Option<usize>,
}

impl Payload {
    /// The template or the samples, once they are read.
    #[must_use]
    pub fn template(&self) -> Option<&Arc<Template>> {
        self.read.as_ref()
    }

    /// Where the messages of the stream have the parts of an event.
    #[must_use]
    pub fn layout(&self) -> Layout {
        match (&self.read, self.codec) {
            (Some(template), _) => template.layout().clone(),
            (None, Codec::Json) => Layout::of_json(),
            (None, Codec::Binary) => Layout::of_headers(),
        }
    }

    /// The parts of an event that travel in record headers.
    #[must_use]
    pub fn header_parts(&self) -> Vec<Part> {
        match self.codec {
            Codec::Binary => Part::ALL.to_vec(),
            Codec::Json => self.headers.clone(),
        }
    }

    /// Whether sizes are drawn and matter: a template may have no place for filler.
    #[must_use]
    pub fn has_sizes(&self) -> bool {
        self.read.as_ref().is_none_or(|template| template.has_filler())
    }
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
            template: None,
            null_share: None,
            read: None,
        }
    }
}

fn key_count() -> u64 {
    1000
}

fn key_prefix() -> String {
    "k".to_owned()
}
