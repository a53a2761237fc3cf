//! A trial: a run at a multiple of the profile's rates, and what it said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One trial.
#[cfg_attr(test, derive(Default))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Trial {
    /// The multiple of the profile's rates.
    pub(crate) factor: f64,
    /// How long it was.
    pub(crate) length: Length,
    /// What it said.
    pub(crate) outcome: Outcome,
    /// The limit that it broke first, or why it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<Binding>,
    /// Whether it says nothing because this machine did not send in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sender_late: bool,
    /// The factor at which the target would have kept up, by what it delivered while more was offered. A hint where to look, no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<f64>,
    /// The standard error of that, by how much its seconds differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_error: Option<f64>,
    /// Whether it was made some time after the interval was found, to see that it still holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) later: bool,
    /// When its first event was due, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<String>,
    /// Events offered in a second of the profile's busiest stretch.
    pub(crate) offered_per_s: f64,
    /// How long events waited in its calm beginning, before the load, in milliseconds; absent where it has none, as with a curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_start_ms: Option<f64>,
    /// How it went at the stream whose end-to-end p99 was the worst; absent when no latency was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worst: Option<Worst>,
    /// Its run's folder, below the capacity's own.
    pub(crate) folder: String,
}

/// How a trial went at one stream, end to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Worst {
    /// The stream.
    pub(crate) stream: String,
    /// Half of its events took no longer, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 % of its events took no longer, in milliseconds.
    pub(crate) p99_ms: f64,
    /// The profile's limit on these 99 %, in milliseconds; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p99_limit_ms: Option<f64>,
    /// The most events that waited at once; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) most_waiting: Option<u64>,
}

/// How long a trial is.
#[cfg_attr(test, derive(Default))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Length {
    /// Before the first: caches, connections and a JVM's compiler are cold. It counts for nothing.
    WarmUp,
    /// One that looks for the limit.
    #[cfg_attr(test, default)]
    Short,
    /// One that confirms a lower bound.
    Long,
}

/// What a trial said.
#[cfg_attr(test, derive(Default))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All limits were kept, and nothing piled up.
    Pass,
    /// A limit was broken, or events piled up.
    Fail,
    /// It cannot tell: it is repeated, and never counted.
    #[cfg_attr(test, default)]
    Invalid,
}

/// What broke first, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Binding {
    /// The limit's key in the profile, `lag` where events piled up, or the reason's code.
    pub(crate) what: String,
    /// The stream; absent when it concerns the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<String>,
    /// The stage; absent when it concerns the whole stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<String>,
    /// In words.
    pub(crate) text: String,
}
