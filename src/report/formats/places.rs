//! The places where a run was judged: each stream as a whole, and each of its stages that is judged for itself.

use crate::results::Summary;
use crate::results::summary::{StageSummary, StreamSummary};
use crate::verdict::{Effect, Reason, SloResult};

/// A place where a stream was judged.
pub(super) struct Place<'a> {
    pub(super) stream: &'a StreamSummary,
    /// Absent for the stream as a whole, which is judged at its last stage of events.
    pub(super) stage: Option<&'a StageSummary>,
    pub(super) limits: Vec<Limit<'a>>,
}

/// A limit, and what was measured against it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit<'a> {
    /// The phase that it holds in; absent where it holds for the whole run.
    pub(super) phase: Option<&'a str>,
    pub(super) slo: &'a SloResult,
}

/// What became of a limit, or what a reason makes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It was broken, for certain.
    Failed,
    /// The run cannot tell.
    Erred,
    /// It was not judged, and nothing stands against the run.
    Skipped,
    /// It was kept.
    Passed,
}

impl Outcome {
    /// Of a reason with this effect.
    pub(super) fn of(effect: Effect) -> Self {
        match effect {
            Effect::Fail => Outcome::Failed,
            Effect::Void | Effect::Environment => Outcome::Erred,
            Effect::Part => Outcome::Skipped,
            Effect::Remark => Outcome::Passed,
        }
    }
}

/// Each stream, and after it each of its stages that are judged for themselves.
pub(super) fn places_of(summary: &Summary) -> Vec<Place<'_>> {
    summary.streams.iter().flat_map(|stream| std::iter::once(whole(stream)).chain(other_stages(stream))).collect()
}

fn whole(stream: &StreamSummary) -> Place<'_> {
    // A stream has the limits of its windows, too: they are told where the windows are.
    let of_windows: Vec<&SloResult> =
        stream.stages.iter().filter(|stage| stage.windows.is_some()).flat_map(|stage| &stage.slo).collect();
    let of_run = stream.slo.iter().filter(|limit| !of_windows.contains(limit)).map(Limit::of_run);
    let of_phases =
        stream.phases.iter().flat_map(|phase| phase.slo.iter().map(|slo| Limit { phase: Some(&phase.name), slo }));
    Place { stream, stage: None, limits: of_run.chain(of_phases).collect() }
}

fn other_stages(stream: &StreamSummary) -> impl Iterator<Item = Place<'_>> {
    let own = stream.stages.iter().rposition(|stage| stage.windows.is_none());
    let others = stream.stages.iter().enumerate().filter(move |(place, _)| Some(*place) != own);
    others.map(|(_, stage)| Place { stream, stage: Some(stage), limits: stage.slo.iter().map(Limit::of_run).collect() })
}

impl Place<'_> {
    /// "orders", "orders at input"
    pub(super) fn name(&self) -> String {
        match self.stage {
            Some(stage) => format!("{} at {}", self.stream.name, stage.name),
            None => self.stream.name.clone(),
        }
    }

    /// Whether a reason is of this place.
    pub(super) fn is_of(&self, reason: &Reason) -> bool {
        let names_stage = |stage: &&StageSummary| reason.stage.as_ref() == Some(&stage.name);
        reason.stream.as_ref() == Some(&self.stream.name)
            && match self.stage {
                Some(stage) => names_stage(&stage),
                None => !other_stages(self.stream).filter_map(|place| place.stage).any(|stage| names_stage(&stage)),
            }
    }

    /// Whether a reason of this place is about one of its limits.
    pub(super) fn has_limit_of(&self, reason: &Reason) -> bool {
        self.limits.iter().any(|limit| limit.is_subject_of(reason))
    }

    /// The run's reasons about a limit of this place.
    pub(super) fn reasons_about<'r>(&self, limit: Limit<'_>, summary: &'r Summary) -> Vec<&'r Reason> {
        summary.reasons.iter().filter(|reason| self.is_of(reason) && limit.is_subject_of(reason)).collect()
    }
}

impl<'a> Limit<'a> {
    fn of_run(slo: &'a SloResult) -> Self {
        Limit { phase: None, slo }
    }

    /// "end_to_end_p99", "flood: end_to_end_p99"
    pub(super) fn name(&self) -> String {
        in_phase(self.phase, &self.slo.name)
    }

    fn is_subject_of(&self, reason: &Reason) -> bool {
        reason.slo.as_ref() == Some(&self.slo.name) && reason.phase.as_deref() == self.phase
    }

    /// What became of it, when the run has these reasons about it.
    pub(super) fn outcome(&self, about: &[&Reason]) -> Outcome {
        match about.iter().map(|reason| reason.code.effect()).max() {
            Some(effect) if effect > Effect::Remark => Outcome::of(effect),
            _ if self.slo.ok => Outcome::Passed,
            _ => Outcome::Skipped,
        }
    }
}

/// A name, after the phase that it holds in.
pub(super) fn in_phase(phase: Option<&str>, name: &str) -> String {
    phase.map_or_else(|| name.to_owned(), |phase| format!("{phase}: {name}"))
}
