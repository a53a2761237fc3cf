//! What an event carries: its key and its payload.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kept_samples::CutSamples;
use super::key_record::KeyRecordUse;
use super::schemas::RegistryUse;
use super::units::ByteSize;
use crate::event::place::{Layout, Part};
use crate::payload::schema::{Encoding, SchemaKind};
use crate::payload::template::Draw;
use crate::payload::{Field, KeyForm, Template};

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
    /// The record's key is itself a record, by a schema. Default: prefix and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<KeyRecordUse>,
    /// The share of events, 0 to 1, whose record has no key: they rotate over the partitions, and their payloads still name the key. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_share: Option<f64>,
    /// The text of `template`, or the schema of `record`, once it is read.
    #[serde(skip)]
    pub(crate) read: Option<KeyForm>,
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
    /// How fields are drawn: a table for each name of a template, or for each JSON pointer into a schema (`/items/*/sku`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Field>,
    /// Messages to send, relative to the profile's folder, instead of a template: JSON lines (`.jsonl`), CSV with a line of names (`.csv`), or a folder of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<String>,
    /// samples: which one is sent next. Default random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// avro, protobuf, json-schema: the file of the schema, relative to the profile's folder. Default: the registry's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Files of what the schema refers to, each under the name by which it is referred to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, String>,
    /// protobuf: which message of the schema is sent. Default: the only one that is part of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// avro, protobuf, json-schema without `registry`: the schema's id, which is written before each message as a registry's clients expect it. Default: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_id: Option<u32>,
    /// The registry that knows the schemas of the stream's messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryUse>,
    /// schema, samples: where the id is written: a JSON pointer (`/meta/id`), or the name of a CSV column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// schema, samples: where the event time is written, in the form of the field or of what stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<String>,
    /// schema, samples: where the due time is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// schema, samples: where the send time is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// schema: where the record's key is written, too: a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// schema: where the event's number among its producer's is written: a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// Parts of the event that travel in record headers (`floodmark-id`, …), for a template, schema or samples without places for them (slower: one client call for each event).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub headers: Vec<Part>,
    /// The share of events, 0 to 1, that are tombstones: a key, no payload, id and times in record headers (slower: one client call for each event). Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone_share: Option<f64>,
    /// The fingerprint of the template, schema or samples, as recorded in a run's manifest: a file with other contents is refused. Default: any contents are accepted.
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
    pub(crate) cut_samples: Option<CutSamples>,
    /// The schema, once it is read and filled.
    #[serde(skip)]
    pub(crate) encoding: Option<Arc<Encoding>>,
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
            (None, Codec::Avro | Codec::Protobuf | Codec::JsonSchema) => self.schema_layout(),
        }
    }

    /// The schema, once it is read and filled.
    #[must_use]
    pub fn encoding(&self) -> Option<&Arc<Encoding>> {
        self.encoding.as_ref()
    }

    /// The parts of an event that travel in record headers.
    #[must_use]
    pub fn header_parts(&self) -> Vec<Part> {
        match self.codec {
            Codec::Binary => Part::ALL.to_vec(),
            _ => self.headers.clone(),
        }
    }

    /// The mean size of payloads whose size follows from what they hold, in bytes.
    #[must_use]
    pub fn typical_bytes(&self) -> Option<f64> {
        let of_schema = self.encoding.as_ref().map(|encoding| encoding.mean_bytes());
        of_schema.or_else(|| self.read.as_ref().filter(|of| !of.has_filler()).map(|of| of.mean_bytes()))
    }

    /// Whether sizes are drawn and matter: a template may have no place for filler.
    #[must_use]
    pub fn has_sizes(&self) -> bool {
        self.codec.schema_kind().is_none() && self.read.as_ref().is_none_or(|template| template.has_filler())
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
    /// Avro, by a schema.
    Avro,
    /// Protobuf, by a schema.
    Protobuf,
    /// JSON, by a JSON Schema.
    JsonSchema,
}

impl Codec {
    /// The language of the schema that it is written by, if it is.
    #[must_use]
    pub fn schema_kind(self) -> Option<SchemaKind> {
        match self {
            Codec::Json | Codec::Binary => None,
            Codec::Avro => Some(SchemaKind::Avro),
            Codec::Protobuf => Some(SchemaKind::Protobuf),
            Codec::JsonSchema => Some(SchemaKind::Json),
        }
    }
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
            record: None,
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
