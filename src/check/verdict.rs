//! Pass, fail or void: what the figures mean.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every limit was kept, and enough was measured to say so.
    Pass,
    /// A limit was broken.
    Fail,
    /// Nothing was broken for certain, and the measurement does not carry a pass.
    Void,
}

/// One limit, and what was measured against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloResult {
    /// The limit's key in the profile.
    pub name: String,
    /// The limit: milliseconds for latencies, events for counts.
    pub limit: f64,
    /// What was measured, in the same unit; absent when too little was.
    pub observed: Option<f64>,
    /// Whether the limit was kept.
    pub ok: bool,
}
