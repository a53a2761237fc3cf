//! What `floodmark watermark --json` prints, for programs. The names are a contract, like those of `summary.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::summary::{CountRange, LatenessSummary, Watermark};
use crate::event_time::watermark::Tolerance;

/// The verdicts on a recorded stream.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct WatermarkVerdicts {
    /// The engine whose rule this is.
    pub engine: String,
    /// What the engine's maximum event time covers: partition, task or query.
    pub scope: String,
    /// How much disorder the engine allows, in milliseconds: its bound, or Kafka Streams' grace. The same as the first `tolerance`.
    pub bound_ms: i64,
    /// What the engine allows, each under the engine's own name, as in `bound`, `delay` or `grace`.
    pub tolerance: Vec<Tolerance>,
    /// How long a window stays open after the watermark has passed its end, in milliseconds.
    pub allowed_lateness_ms: i64,
    /// The windows, as in `tumbling 10s`; absent without.
    pub window: Option<String>,
    /// Whether the verdicts are exact, because the file says how the engine read: its ticks, batches or watermarks.
    pub exact: bool,
    /// One verdict for each event, in the file's order.
    pub events: Vec<EventVerdict>,
    /// The windows that events belong to, in order.
    pub windows: Vec<WindowCount>,
    /// What the engine's own metric shows.
    pub metric: MetricVerdict,
    /// What happens to the events.
    pub counts: VerdictCounts,
    /// What to know, a sentence each.
    pub notes: Vec<String>,
}

/// The verdict on one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventVerdict {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its partition.
    pub partition: u32,
    /// Its event time, in milliseconds; absent when it cannot be read.
    pub time_ms: Option<i64>,
    /// What happens to it.
    pub verdict: EventFate,
}

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EventFate {
    /// None of its windows had fired.
    #[serde(rename = "kept")]
    Kept,
    /// A window had fired, and at least one took it in.
    #[serde(rename = "late but allowed")]
    LateAllowed,
    /// Lost from all its windows.
    #[serde(rename = "dropped")]
    Dropped,
    /// At least one of its windows takes it in, in any order of reading.
    #[serde(rename = "SURE_KEEP")]
    SureKeep,
    /// Lost from all its windows, in any order of reading.
    #[serde(rename = "SURE_DROP")]
    SureDrop,
    /// It depends on how the engine reads.
    #[serde(rename = "RACE")]
    Race,
    /// The engine rejects events of such a time (Kafka Streams, before 1970).
    #[serde(rename = "refused")]
    Refused,
    /// Its event time cannot be read.
    #[serde(rename = "no event time")]
    NoEventTime,
}

/// How many events a window takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowCount {
    /// Its first millisecond.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
    /// How many events it takes in; if that is not exact, the minimum.
    pub count: u64,
    /// If it is not exact, the maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_max: Option<u64>,
}

/// An engine's metric: its value if that is exact, else its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MetricVerdict {
    /// Its name in the engine.
    pub name: String,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
    /// The minimum that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// The maximum that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// What happens to the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct VerdictCounts {
    /// Events with an event time.
    pub events: u64,
    /// Events without a readable one.
    pub without_event_time: u64,
    /// Events that the engine rejects.
    pub refused: u64,
    /// Events kept although one of their windows had fired; 0 if verdicts are not exact.
    pub late_allowed: u64,
    /// Events lost from all their windows, at least and at most.
    pub dropped: CountRange,
    /// (Event, window) pairs.
    pub pairs: u64,
    /// (Event, window) pairs lost, at least and at most.
    pub pairs_lost: CountRange,
}

/// What engines would drop from a topic that was read once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TopicWatermarks {
    /// The topic.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many messages were read.
    pub messages: u64,
    /// The time range that was requested; absent for the whole topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// How many offsets the messages are a sample of; absent when all were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_of: Option<u64>,
    /// How event times are written, in a sample.
    #[serde(default)]
    pub event_time_forms: Vec<EventTimeForm>,
    /// What `expected` is based on.
    #[serde(default)]
    pub append_times: AppendSaid,
    /// How late events are, and the bounds that could be chosen; absent where the order over all partitions matters and is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<LatenessSummary>,
    /// The shape of a message without a readable event time: names of fields and forms of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_example: Option<String>,
    /// One entry for each bound, in the order of the command line.
    pub watermarks: Vec<Watermark>,
}

/// A form of event times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct EventTimeForm {
    /// The form, in words.
    pub form: String,
    /// How many sampled messages have it.
    pub messages: u64,
}

/// How well a topic shows when its records were appended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AppendSaid {
    /// All append times are the broker's.
    pub exact: bool,
    /// They are known, exactly or as an estimate: otherwise there is no `expected`.
    pub known: bool,
    /// Records that the broker stamped when it appended them.
    pub by_broker: u64,
    /// Records that their producer stamped.
    pub by_producer: u64,
    /// Records without a timestamp.
    pub unstamped: u64,
    /// Producers' timestamps that go back within their partition, and so are wrong.
    pub backward: u64,
    /// By how much at most, in milliseconds.
    pub most_back_ms: i64,
    /// The same in words.
    pub text: String,
}

/// The JSON Schema of the verdicts, indented, with a line end.
#[must_use]
pub fn verdicts_schema() -> String {
    let mut schema = schemars::schema_for!(WatermarkVerdicts);
    schema.insert("title".to_owned(), "floodmark watermark verdicts".into());
    format!("{:#}\n", schema.to_value())
}
