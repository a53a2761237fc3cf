//! What a night has done so far: enough to go on with it, and to write its lines.

use serde::{Deserialize, Serialize};

use crate::compare::{Place, Unit};
use crate::history::{ProbeReading, Repetition, Surroundings};

/// The version of this layout.
pub(crate) const NIGHT_SCHEMA: u32 = 1;

/// A night.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct NightRecord {
    /// The version of this layout: 1.
    pub(crate) schema: u32,
    /// The suite's name.
    pub(crate) suite: String,
    /// The night, as `2026-11-25`.
    pub(crate) night: String,
    /// A hash over all that was asked: another suite cannot go on with this night.
    pub(crate) asked: String,
    /// The profiles, and how often each is to run.
    pub(crate) profiles: Vec<Asked>,
    /// The target's cluster id; absent for the embedded broker.
    pub(crate) cluster_id: Option<String>,
    /// When it began, RFC 3339.
    pub(crate) started: String,
    /// When its last run was over, RFC 3339.
    pub(crate) ended: String,
    /// The runs, in their order.
    pub(crate) runs: Vec<NightRun>,
    /// What the machine itself did.
    pub(crate) probes: Vec<ProbeReading>,
    /// The profiles that ran more often on suspicion; absent until that was asked.
    pub(crate) suspected: Option<Vec<usize>>,
    /// Why not all runs were made.
    pub(crate) cut_short: Option<String>,
    /// Whether all is done, and in the history.
    pub(crate) is_complete: bool,
}

/// A profile of a night.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Its name in the suite.
    pub(crate) name: String,
    /// How often it is to run.
    pub(crate) repetitions: usize,
}

/// A run of a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NightRun {
    /// Which profile, from 0.
    pub(crate) profile: usize,
    /// As the history has it.
    pub(crate) repetition: Repetition,
    /// Its figures.
    pub(crate) figures: Vec<RunFigure>,
    /// Where it ran.
    pub(crate) surroundings: Surroundings,
    /// How long it took, in seconds.
    pub(crate) took_s: f64,
}

/// A figure of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunFigure {
    /// Where it was measured.
    #[serde(default)]
    pub(crate) place: Place,
    /// Its name.
    pub(crate) figure: String,
    /// What it is counted in.
    pub(crate) unit: Unit,
    /// Whether less of it is worse.
    pub(crate) less_is_worse: bool,
    /// The number.
    pub(crate) value: f64,
}
