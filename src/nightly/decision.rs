//! What a history says of a night, for programs and for the forms that people read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Place, Unit};
use crate::nights::{CouldSee, Judged};

/// The version of this layout.
pub(crate) const DECISION_SCHEMA: u32 = 1;

/// What was found of a night. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NightFinding {
    /// No limit broke and no figure is worse: exit code 0.
    Quiet,
    /// A figure is worse than the nights before: exit code 1.
    Regression,
    /// A limit of a profile broke, or events were lost: exit code 1.
    Limit,
    /// A profile has no run that counts: exit code 3.
    Void,
    /// The machine was not itself: exit code 3.
    Suspect,
}

/// A night, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct NightDecision {
    /// The version of this layout: 1.
    pub(crate) schema: u32,
    /// The suite's name.
    pub(crate) suite: String,
    /// The night.
    pub(crate) night: String,
    /// What was found.
    pub(crate) finding: NightFinding,
    /// The finding in a sentence.
    pub(crate) text: String,
    /// The limits that broke.
    pub(crate) broken: Vec<Broken>,
    /// Why the machine was not itself; absent when it was.
    pub(crate) suspect: Option<String>,
    /// The profiles.
    pub(crate) profiles: Vec<ProfileNight>,
    /// How often a night without a change raises an alarm, at most, over all figures together.
    pub(crate) family_level: f64,
    /// How many figures were judged together.
    pub(crate) judged: usize,
    /// The figures, as the lines have them.
    pub(crate) figures: Vec<FigureDecision>,
    /// What else to know, a sentence each: baselines that begin, nights that were left out.
    pub(crate) notes: Vec<String>,
}

/// A run in which limits broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Broken {
    /// The profile.
    pub(crate) profile: String,
    /// In how many of its runs.
    pub(crate) runs: usize,
    /// Of how many.
    pub(crate) of: usize,
    /// The run's own sentence.
    pub(crate) text: String,
    /// The folder of the first of them.
    pub(crate) folder: String,
}

/// A profile in a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ProfileNight {
    /// Its name in the suite.
    pub(crate) name: String,
    /// How many of its runs count.
    pub(crate) counted: usize,
    /// How many runs were made.
    pub(crate) runs: usize,
    /// Why the others do not count, each reason once.
    pub(crate) void: Vec<String>,
    /// The folders of its runs.
    pub(crate) folders: Vec<String>,
}

/// A figure in a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FigureDecision {
    /// The profile.
    pub(crate) profile: String,
    /// Where it is measured.
    #[serde(default)]
    pub(crate) place: Place,
    /// The figure.
    pub(crate) figure: String,
    /// What it is counted in.
    pub(crate) unit: Unit,
    /// Whether less of it is worse.
    pub(crate) less_is_worse: bool,
    /// What is said of it.
    pub(crate) judged: Judged,
    /// The night's number, what follows from the machine taken out.
    pub(crate) value: Option<f64>,
    /// The usual; absent while there are too few nights.
    pub(crate) usual: Option<f64>,
    /// How far it is from the usual, as a share: since the change, or in this night.
    pub(crate) by: Option<f64>,
    /// The first night of the change.
    pub(crate) since: Option<String>,
    /// How often equal nights are as far off, by this figure alone.
    pub(crate) chance: Option<f64>,
    /// The smallest change that would be found in 9 of 10, within three nights.
    pub(crate) could_see: Option<CouldSee>,
    /// The smallest change that matters, as a share of the usual.
    pub(crate) least: f64,
    /// How many nights of its series there are, this one included.
    pub(crate) nights: usize,
}

impl NightFinding {
    /// What the process says to its caller.
    #[must_use]
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            NightFinding::Quiet => 0,
            NightFinding::Regression | NightFinding::Limit => 1,
            NightFinding::Void | NightFinding::Suspect => 3,
        }
    }
}

impl FigureDecision {
    /// Whether it raises an alarm, or an earlier one still stands.
    #[must_use]
    pub(crate) fn is_worse(&self) -> bool {
        matches!(self.judged, Judged::Worse | Judged::StillWorse)
    }
}
