//! The last nights of a suite as they are shown: each night, and each figure night by night, with what was said of it then.

mod changes;
mod figures;
mod runs;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::decision::{Broken, NightDecision, NightFinding};
use super::decisions::decisions;
use crate::compare::{Place, Thresholds, Unit};
use crate::history::{Accepted, NightLine};
use crate::nights::{CouldSee, Judged};
use crate::verdict::Verdict;

/// The version of this layout.
const PAST_SCHEMA: u32 = 1;

/// Which nights are shown, and how they are judged.
#[derive(Debug, Clone)]
pub(crate) struct PastAsked {
    /// The last night; absent for the last of the history.
    pub(crate) until: Option<String>,
    /// How many nights.
    pub(crate) nights: usize,
    /// The smallest changes that matter.
    pub(crate) thresholds: Thresholds,
}

/// The last nights of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Past {
    /// The version of this layout: 1.
    pub(crate) schema: u32,
    /// The suite's name.
    pub(crate) suite: String,
    /// The nights, the oldest first.
    pub(crate) nights: Vec<PastNight>,
    /// The figures, those of one place together. What is worse comes first.
    pub(crate) figures: Vec<PastFigure>,
    /// What persons accepted, the oldest first.
    pub(crate) accepted: Vec<Accepted>,
    /// What else to know of the last night, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// A night.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PastNight {
    /// Its name.
    pub(crate) night: String,
    /// What was found of it.
    pub(crate) finding: NightFinding,
    /// The finding in a sentence.
    pub(crate) text: String,
    /// The limits that broke.
    pub(crate) broken: Vec<Broken>,
    /// Why the machine was not itself; absent when it was.
    pub(crate) suspect: Option<String>,
    /// The machines that measured it, and their classes.
    pub(crate) machines: Vec<String>,
    /// The runs, void ones included.
    pub(crate) runs: Vec<PastRun>,
}

/// A run of a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PastRun {
    /// The profile.
    pub(crate) profile: String,
    /// Which repetition of it.
    pub(crate) number: u32,
    /// Its verdict.
    pub(crate) verdict: Verdict,
    /// Whether its figures count.
    pub(crate) counts: bool,
    /// Its folder, below the folder of results.
    pub(crate) folder: String,
    /// Whether its page is still there.
    pub(crate) has_page: bool,
}

/// A figure, night by night.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PastFigure {
    /// The profile.
    pub(crate) profile: String,
    /// Where it is measured.
    pub(crate) place: Place,
    /// Its name.
    pub(crate) figure: String,
    /// What it is counted in.
    pub(crate) unit: Unit,
    /// Whether less of it is worse.
    pub(crate) less_is_worse: bool,
    /// The smallest change that matters, as a share of the usual.
    pub(crate) least: f64,
    /// What is said of it in the last night.
    pub(crate) judged: Judged,
    /// The last night's number, what follows from the machine taken out.
    pub(crate) value: Option<f64>,
    /// The usual, as far as it was known last.
    pub(crate) usual: Option<f64>,
    /// How far the last night is from the usual, as a share: since the change, or in this night.
    pub(crate) by: Option<f64>,
    /// Which change would have been found in the last night.
    pub(crate) could_see: Option<CouldSee>,
    /// Its nights: one for each of the nights that are shown.
    pub(crate) points: Vec<PastPoint>,
    /// The changes that were found, the oldest first.
    pub(crate) changes: Vec<PastChange>,
    /// The nights with which a new baseline begins, and why.
    pub(crate) begins: Vec<PastMark>,
    /// The nights from which on another usual was accepted, and why.
    pub(crate) accepted: Vec<PastMark>,
}

/// A figure in a night.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PastPoint {
    /// What was said of it.
    pub(crate) judged: Judged,
    /// The night's number, what follows from the machine taken out.
    pub(crate) value: Option<f64>,
    /// The usual of that night.
    pub(crate) usual: Option<f64>,
    /// How far it was from the usual, as a share.
    pub(crate) by: Option<f64>,
    /// The folder of the run that is closest to the number and has a page.
    pub(crate) run: Option<String>,
}

/// A change of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PastChange {
    /// Whether it is one for the worse.
    pub(crate) is_worse: bool,
    /// The night in which it began.
    pub(crate) since: String,
    /// Which of the shown nights that is, from 0; absent for an earlier one.
    pub(crate) from: Option<usize>,
    /// The last of the shown nights in which it was said, from 0.
    pub(crate) to: usize,
    /// How far the figure was from its usual when the change was found, as a share.
    pub(crate) by: Option<f64>,
    /// Whether it was over before the last night.
    pub(crate) is_over: bool,
}

/// A night that is marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PastMark {
    /// Which of the shown nights, from 0.
    pub(crate) at: usize,
    /// Why.
    pub(crate) why: String,
}

/// The last nights of a history. `lines` are all lines of the suite, sorted by night. `has_page` says whether the page of a run is still in its folder.
#[must_use]
pub(crate) fn past(
    lines: &[NightLine],
    accepted: &[Accepted],
    asked: &PastAsked,
    has_page: &dyn Fn(&str) -> bool,
) -> Past {
    let is_shown = |line: &&NightLine| asked.until.as_ref().is_none_or(|until| line.night <= *until);
    let names: BTreeSet<&str> = lines.iter().filter(is_shown).map(|line| line.night.as_str()).collect();
    let first = names.len().saturating_sub(asked.nights);
    let names: Vec<String> = names.into_iter().skip(first).map(str::to_owned).collect();
    let decisions = decisions(lines, accepted, &names, &asked.thresholds);
    let nights: Vec<PastNight> = decisions.iter().map(|decision| night(decision, lines, has_page)).collect();
    Past {
        schema: PAST_SCHEMA,
        suite: lines.first().map(|line| line.suite.clone()).unwrap_or_default(),
        figures: figures::figures(&decisions, &nights, lines, accepted),
        accepted: accepted.to_vec(),
        notes: decisions.last().map(|last| last.notes.clone()).unwrap_or_default(),
        nights,
    }
}

fn night(decision: &NightDecision, lines: &[NightLine], has_page: &dyn Fn(&str) -> bool) -> PastNight {
    let tonight: Vec<&NightLine> = lines.iter().filter(|line| line.night == decision.night).collect();
    let machine = |line: &&NightLine| format!("{} ({})", line.host, line.surroundings.machine);
    let machines: BTreeSet<String> = tonight.iter().map(machine).collect();
    PastNight {
        night: decision.night.clone(),
        finding: decision.finding,
        text: decision.text.clone(),
        broken: decision.broken.clone(),
        suspect: decision.suspect.clone(),
        machines: machines.into_iter().collect(),
        runs: tonight.iter().flat_map(|line| runs::runs(line, has_page)).collect(),
    }
}

impl PastNight {
    /// How many of its runs count.
    #[must_use]
    pub(crate) fn counted(&self) -> usize {
        self.runs.iter().filter(|run| run.counts).count()
    }
}

impl PastFigure {
    /// The change for the worse that goes on, even where the last night could not be judged.
    #[must_use]
    pub(crate) fn alarm(&self) -> Option<&PastChange> {
        self.changes.iter().rfind(|change| change.is_worse && !change.is_over)
    }

    /// The improvement that goes on.
    #[must_use]
    pub(crate) fn improvement(&self) -> Option<&PastChange> {
        self.changes.iter().rfind(|change| !change.is_worse && !change.is_over)
    }
}

#[cfg(test)]
mod tests;
