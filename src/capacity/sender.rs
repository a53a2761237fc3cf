//! What the machine that sends can do by itself: a limit that it does not reach with ease may be its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much more than the upper bound it must be able to send.
pub(crate) const WANTED: f64 = 1.5;

/// What this machine sent by itself, to an embedded broker that takes all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SenderReach {
    /// How many times the highest load that counts that was: 1.5.
    pub(crate) times: f64,
    /// What it was asked to send, in events per second.
    pub(crate) asked_per_s: f64,
    /// What it sent, in events per second.
    pub(crate) sent_per_s: f64,
    /// What one core of it makes, in events per second, where nobody takes them; absent where that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) made_per_s: Option<f64>,
    /// Whether it sent all of it in time.
    pub(crate) kept_up: bool,
    /// Why not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    /// The run's folder, below the capacity's own.
    pub(crate) folder: String,
}
