//! A sweep as a file: what was asked, the trials, and what came of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{Effect, effects};
use super::figure::Figures;
use super::front::standings;
use super::point::{Point, points};
use super::role::Role;
use super::rounds::{Turn, next_turn, trials_in_all, turns};
use crate::capacity::Binding;
use crate::verdict::Verdict;

/// The number of the form of `sweep.json`. Keys may be added under the same number.
pub(crate) const SWEEP_SCHEMA: u32 = 1;

/// A sweep over settings: `sweep.json`, written after each trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SweepRecord {
    /// The number of this form.
    pub(crate) schema: u32,
    /// The profile's name.
    pub(crate) profile: String,
    /// A hash of what the command line asked for: a sweep goes on only where it is the same.
    pub(crate) asked: String,
    /// The cluster's id, once a trial has reached it; absent on the embedded broker, of which each trial has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_id: Option<String>,
    /// What is varied.
    pub(crate) keys: Vec<Key>,
    /// The combinations: a value for each key, in the order of the keys.
    pub(crate) combinations: Vec<Vec<String>>,
    /// How often each combination is tried.
    pub(crate) repeat: usize,
    /// The seed of the order in which the combinations of a round are tried.
    pub(crate) seed: u64,
    /// How long a trial sends, in seconds, its warm-up included.
    pub(crate) trial_s: f64,
    /// The shell command before each trial, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// The trials, in the order in which they were made; the first is a warm-up.
    pub(crate) trials: Vec<SweepTrial>,
    /// Whether a search for the capacity of each combination was asked for, instead of trials.
    #[serde(default)]
    pub(crate) is_capacity: bool,
    /// What these searches found, in the order of the combinations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) capacities: Vec<CapacityOf>,
    /// What the trials say.
    pub(crate) found: SweepFound,
}

/// What is varied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Key {
    /// Its name, as it was written.
    pub(crate) name: String,
    /// Who uses it.
    pub(crate) role: Role,
    /// Its values; the first is what the others are compared with.
    pub(crate) values: Vec<String>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SweepTrial {
    /// In which round, from 1; 0 is the warm-up, which counts for nothing.
    pub(crate) round: usize,
    /// Which combination, from 1.
    pub(crate) combination: usize,
    /// The run's verdict.
    pub(crate) verdict: Verdict,
    /// What was measured; absent where the trial says nothing of its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) figures: Option<Figures>,
    /// Why it says nothing, or which limit it broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<Binding>,
    /// How long it took in all, in seconds.
    pub(crate) took_s: f64,
    /// Its run's folder, below the sweep's own.
    pub(crate) folder: String,
}

/// The capacity of a combination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CapacityOf {
    /// Which combination, from 1.
    pub(crate) combination: usize,
    /// What its search found.
    pub(crate) found: crate::capacity::Found,
    /// How long the search took, in seconds.
    pub(crate) took_s: f64,
    /// The search's folder, below the sweep's own.
    pub(crate) folder: String,
}

/// What the trials say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SweepFound {
    /// Whether all trials were made.
    pub(crate) is_complete: bool,
    /// Each combination, in their order.
    pub(crate) points: Vec<Point>,
    /// What each value changes against the first value of its key.
    pub(crate) effects: Vec<Effect>,
}

impl SweepRecord {
    /// The trials of all rounds, in their order.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        turns(self.combinations.len(), self.repeat, self.seed)
    }

    /// How many trials are to be made in all, as far as is known.
    pub(crate) fn trials_in_all(&self) -> usize {
        trials_in_all(&self.turns(), &self.trials)
    }

    /// Works out what the trials say so far.
    pub(crate) fn conclude(&mut self) {
        if self.is_capacity {
            let is_complete = self.capacities.len() == self.combinations.len();
            self.found = SweepFound { is_complete, ..SweepFound::default() };
            return;
        }
        let mut points = points(self.combinations.len(), &self.trials);
        for (point, standing) in standings(&points).into_iter().enumerate() {
            points[point].standing = standing;
        }
        let is_complete = next_turn(&self.turns(), &self.trials).is_none();
        let effects = effects(&self.keys, &self.combinations, &self.trials);
        self.found = SweepFound { is_complete, points, effects };
    }
}

/// The JSON Schema of `sweep.json`, indented, with a line end.
#[must_use]
pub(crate) fn sweep_schema() -> String {
    let mut schema = schemars::schema_for!(SweepRecord);
    schema.insert("title".to_owned(), "floodmark sweep".into());
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
impl Key {
    pub(super) fn named(name: &str, role: Role) -> Self {
        Key { name: name.to_owned(), role, values: Vec::new() }
    }
}
