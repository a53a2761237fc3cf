//! The figures of the event times at a stage: how late events were, why, which bound would be enough, and what happened to injected events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event_time::lateness::{Candidate, Finding, InjectionLedger, ProducerSkew, Scope};
use crate::event_time::watermark::Tolerance;

/// The most findings, producers' clocks, partitions and windows that a summary lists: the worst ones.
pub(crate) const MOST_LISTED: usize = 32;

/// How late events were by the first model's rule, and which bound would be enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatenessSummary {
    /// The model whose rule it is, as in `flink, tumbling 10s`: the first one that reads at this stage.
    pub model: String,
    /// The maximum that an event is compared with.
    pub scope: Scope,
    /// The model's bound (Kafka Streams: its grace), in milliseconds. The same as the first `tolerance`.
    pub bound_ms: u64,
    /// What the model allows, each under the engine's own name, as in `bound`, `delay` or `grace`.
    #[serde(default)]
    pub tolerance: Vec<Tolerance>,
    /// Events with an event time.
    pub records: u64,
    /// Events that needed a larger bound than the model's, each against the maximum of its own partition.
    pub late: u64,
    /// Events more than an hour ahead of the clock. The advice is for a pipeline that rejects them before they move a watermark.
    pub refused: u64,
    /// The bound to choose, in milliseconds: the smallest of `2 x p99 jitter` and the skew + 10 % or + 20 % that covers the largest
    /// lateness of the run, wherever windows begin; if none does, the largest lateness + 10 %. Absent when nothing was measured, and when
    /// parts were merged.
    pub advised_ms: Option<u64>,
    /// Bounds that could be chosen, each with what it would have dropped. Empty when parts were merged.
    pub candidates: Vec<Candidate>,
    /// The partitions with the most late events.
    pub partitions: Vec<LatePartition>,
    /// The model's windows that miss the most events. Empty when parts were merged.
    pub windows: Vec<WindowMissing>,
    /// What to know about these figures, a sentence each.
    pub notes: Vec<String>,
}

/// How late the events of a partition were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatePartition {
    /// The partition.
    pub partition: u16,
    /// Its events.
    pub records: u64,
    /// Those that needed a larger bound than the model's.
    pub late: u64,
    /// 99 % of its events are at most this far behind the maximum before them, in milliseconds.
    pub lateness_p99_ms: u64,
    /// The largest, in milliseconds.
    pub lateness_max_ms: u64,
}

/// A window that misses events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowMissing {
    /// Its start, RFC 3339.
    pub start: String,
    /// Its start, in milliseconds of event time since 1970.
    pub start_ms: i64,
    /// Its end (exclusive), in milliseconds of event time since 1970.
    pub end_ms: i64,
    /// Events that it misses in any order of reading.
    pub missing_sure: u64,
    /// Events that it misses in some order, the certain ones included.
    pub missing_possible: u64,
}

/// Something that disturbs a watermark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingSummary {
    /// For people.
    pub sentence: String,
    /// For programs.
    pub finding: Finding,
}

/// All of these, for one stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct EventTimeSummary {
    /// Absent where no model reads.
    pub lateness: Option<LatenessSummary>,
    /// The most harmful first.
    pub findings: Vec<FindingSummary>,
    /// The producers whose clocks are furthest off.
    pub clocks: Vec<ProducerSkew>,
    /// What happened to injected events.
    pub injections: InjectionLedger,
}
