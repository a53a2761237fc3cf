//! A figure of both sides, and what can be said of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimate::{Apart, Side};
use super::figure::{Place, Unit};
use super::judge::Judgement;

/// A figure at a place, base against new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Where.
    #[serde(default)]
    pub place: Place,
    /// The figure's name, as `--threshold` takes it.
    pub figure: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether less of it is worse.
    pub less_is_worse: bool,
    /// The runs of base; absent when none measured it.
    pub base: Option<Side>,
    /// The runs of new; absent when none measured it.
    pub new: Option<Side>,
    /// How far apart they are; absent when a side is.
    pub apart: Option<Apart>,
    /// The smallest difference that matters, as a share of base.
    pub threshold: f64,
    /// How often equal sets show, in any figure, a change for the worse as clear as this; absent when it is not judged.
    pub chance: Option<f64>,
    /// What can be said of it.
    pub judgement: Judgement,
}
