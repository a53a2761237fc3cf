//! A line of a history: what one night measured of one profile, or that a change was accepted. One JSON object each; other programs read them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Place, Unit};
use crate::verdict::Verdict;

/// The version of this layout.
pub const HISTORY_SCHEMA: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "lines are written and read one by one, and kept by their kind")]
pub enum Line {
    /// What a night measured of one profile.
    Night(NightLine),
    /// A change was accepted as the new usual.
    Accepted(Accepted),
}

/// What a night measured of one profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NightLine {
    /// The version of this layout: 1.
    pub schema: u32,
    /// The suite's name.
    pub suite: String,
    /// The night, by the day on which it began (UTC): `2026-11-25`.
    pub night: String,
    /// The profile's name in the suite.
    pub profile: String,
    /// Nights with another one cannot be compared: over the load, the target, the versions and the class of the machine.
    pub fingerprint: String,
    /// What the fingerprint stands for.
    pub surroundings: Surroundings,
    /// The machine's name. Several machines of a class share a history.
    pub host: String,
    /// When the first run of the night began, RFC 3339.
    pub started: String,
    /// When the last run of the night was over, RFC 3339.
    pub ended: String,
    /// What the machine itself did, before, between and after the runs.
    pub probes: Vec<ProbeReading>,
    /// Why the machine was too noisy for a judgement; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    /// The runs, those that say nothing included.
    pub repetitions: Vec<Repetition>,
    /// The figures of the runs that count.
    pub figures: Vec<FigureLine>,
}

/// What must be the same for two nights to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Surroundings {
    /// A hash over all that the profile offers and how it is observed.
    pub load: String,
    /// The cluster's id, or `embedded`.
    pub target: String,
    /// The version of floodmark.
    pub floodmark: String,
    /// The version of librdkafka.
    pub librdkafka: String,
    /// The class of the machine: cores, CPU and memory.
    pub machine: String,
}

/// A reading of the machine itself: a fixed load on the embedded broker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeReading {
    /// How many runs of the night were over before it.
    pub after_runs: u32,
    /// CPU time for each event, in microseconds: how fast the machine is.
    pub cpu_us_per_event: f64,
    /// The median of the acknowledgements' latency, in milliseconds.
    pub ack_p50_ms: f64,
    /// Its 99th percentile, in milliseconds: how much the machine holds a process up.
    pub ack_p99_ms: f64,
}

/// A run of a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repetition {
    /// Which repetition of the profile, from 1; those that were added on suspicion come last.
    pub number: u32,
    /// The run's verdict.
    pub verdict: Verdict,
    /// Whether its figures count.
    pub counts: bool,
    /// Why they do not, or which limits broke: the run's own sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The run's id.
    pub run: String,
    /// Its folder, below the folder of results; it may have been cleaned away since.
    pub folder: String,
}

/// A figure of a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureLine {
    /// Where it was measured.
    #[serde(default)]
    pub place: Place,
    /// Its name, as `compare --threshold` takes it.
    pub figure: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether less of it is worse.
    pub less_is_worse: bool,
    /// One number for each run that counts and measured it, in the order of the runs.
    pub values: Vec<f64>,
}

/// A change that a person accepted: what comes from that night on is the new usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The version of this layout: 1.
    pub schema: u32,
    /// The suite's name.
    pub suite: String,
    /// The first night of the new usual.
    pub since: String,
    /// The profile; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The figure; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Why.
    pub why: String,
    /// When it was accepted, RFC 3339.
    pub accepted: String,
    /// The machine on which it was accepted.
    pub host: String,
}

impl Line {
    /// The version of the layout that it was written in.
    #[must_use]
    pub fn schema(&self) -> u32 {
        match self {
            Line::Night(line) => line.schema,
            Line::Accepted(line) => line.schema,
        }
    }

    /// The suite that it belongs to.
    #[must_use]
    pub fn suite(&self) -> &str {
        match self {
            Line::Night(line) => &line.suite,
            Line::Accepted(line) => &line.suite,
        }
    }
}
