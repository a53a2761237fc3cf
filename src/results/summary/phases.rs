//! A phase's part of a stream's summary.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HopLatencies;
use crate::check::Counts;
use crate::verdict::SloResult;

/// What happened to the events of one phase, at the stream's last stage that shows events.
///
/// Counts are of the events that the schedule placed in the phase, and latencies of those that were due in it, whenever they were sent or
/// seen. Rates, and what waited, are what happened while the phase lasted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PhaseSummary {
    /// The phase's name in the profile, or `phase N`.
    pub name: String,
    /// When it first began, in seconds from the start of the run.
    pub from_s: f64,
    /// When it last ended, in seconds from the start of the run.
    pub to_s: f64,
    /// How often it ran; the figures are of all of them together.
    pub times: u64,
    /// How long it lasted, in seconds, all times together.
    pub lasts_s: f64,
    /// The mean rate of the schedule, in events per second; absent where that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_per_s: Option<f64>,
    /// The mean rate that was sent, in events per second; absent where the seconds are unknown, as after a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achieved_per_s: Option<f64>,
    /// The mean rate that was delivered, in events per second; absent like `achieved_per_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_per_s: Option<f64>,
    /// The most events that waited at the end of a second: due and not delivered; absent like `achieved_per_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_waiting: Option<u64>,
    /// What happened to the events; order and strangers are not told by the phase. Absent in a killed run and in a part of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// How long each hop took; absent in a killed run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<HopLatencies>,
    /// The phase's own limits, and what was measured against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slo: Vec<SloResult>,
}
