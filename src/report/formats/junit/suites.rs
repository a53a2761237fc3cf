//! A run's result as suites of cases: a suite for the run and for each place where a stream was judged, a case for each limit.
//!
//! The cases agree with the verdict: only a run that failed has failures, only one that failed or is void has errors, and each of these
//! has at least one.

use crate::report::limit::limit_figure;
use crate::report::terminal::closing::verdict_words;
use crate::results::Summary;
use crate::results::summary::{StageSummary, StreamSummary};
use crate::verdict::{Effect, Reason, SloResult, Verdict};

/// The cases of the run, or of one place where a stream was judged.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    /// What groups the cases in a CI system: `floodmark.PROFILE.STREAM.STAGE`.
    pub(super) class: String,
    /// The topic that was read; none for the run.
    pub(super) topic: Option<String>,
    pub(super) cases: Vec<Case>,
}

/// One limit, or one reason that belongs to no limit.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// All that there is to say, a line for each sentence.
    pub(super) text: String,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// A limit was broken, for certain.
    Failed,
    /// The run cannot tell.
    Erred,
    /// It was not judged, and nothing stands against the run.
    Skipped,
}

/// The suites, that of the run first.
pub(super) fn suites_of(summary: &Summary) -> Vec<Suite> {
    let places = places_of(summary);
    let class = format!("floodmark.{}", plain(&summary.run.profile));
    let mut suites = vec![Suite { name: "run".to_owned(), class, topic: None, cases: vec![verdict_case(summary)] }];
    suites.extend(places.iter().map(|place| place.suite(summary)));
    for reason in &summary.reasons {
        let place = places.iter().position(|place| place.is_of(reason));
        if !place.is_some_and(|place| places[place].has_limit_of(reason)) {
            suites[place.map_or(0, |place| place + 1)].add(reason);
        }
    }
    suites
}

/// A place where a stream was judged.
struct Place<'a> {
    stream: &'a StreamSummary,
    /// Absent for the stream as a whole, which is judged at its last stage of events.
    stage: Option<&'a StageSummary>,
    limits: Vec<&'a SloResult>,
}

/// Each stream, and behind it each of its stages that are judged for themselves.
fn places_of(summary: &Summary) -> Vec<Place<'_>> {
    summary.streams.iter().flat_map(|stream| std::iter::once(whole(stream)).chain(other_stages(stream))).collect()
}

fn whole(stream: &StreamSummary) -> Place<'_> {
    // A stream has the limits of its windows, too: they are told where the windows are.
    let of_windows: Vec<&SloResult> =
        stream.stages.iter().filter(|stage| stage.windows.is_some()).flat_map(|stage| &stage.slo).collect();
    let limits = stream.slo.iter().filter(|limit| !of_windows.contains(limit)).collect();
    Place { stream, stage: None, limits }
}

fn other_stages(stream: &StreamSummary) -> impl Iterator<Item = Place<'_>> {
    let own = stream.stages.iter().rposition(|stage| stage.windows.is_none());
    let others = stream.stages.iter().enumerate().filter(move |(place, _)| Some(*place) != own);
    others.map(|(_, stage)| Place { stream, stage: Some(stage), limits: stage.slo.iter().collect() })
}

impl Place<'_> {
    fn suite(&self, summary: &Summary) -> Suite {
        let Place { stream, stage, limits } = self;
        let class = format!("floodmark.{}.{}", plain(&summary.run.profile), plain(&stream.name));
        let cases = limits.iter().map(|limit| self.case(limit, summary)).collect();
        match stage {
            Some(stage) => Suite {
                name: format!("{} at {}", stream.name, stage.name),
                class: format!("{class}.{}", plain(&stage.name)),
                topic: Some(stage.topic.clone()),
                cases,
            },
            None => Suite { name: stream.name.clone(), class, topic: Some(stream.topic.clone()), cases },
        }
    }

    fn case(&self, limit: &SloResult, summary: &Summary) -> Case {
        let about: Vec<&Reason> =
            summary.reasons.iter().filter(|reason| self.is_of(reason) && is_about(reason, limit)).collect();
        let outcome = match about.iter().map(|reason| reason.code.effect()).max() {
            Some(effect) if effect > Effect::Remark => outcome_of(effect),
            _ if limit.ok => Outcome::Passed,
            _ => Outcome::Skipped,
        };
        let sentences = std::iter::once(limit_words(limit)).chain(about.iter().map(|reason| reason.text.clone()));
        Case { name: limit.name.clone(), outcome, text: sentences.collect::<Vec<_>>().join("\n") }
    }

    fn is_of(&self, reason: &Reason) -> bool {
        let names_stage = |stage: &&StageSummary| reason.stage.as_ref() == Some(&stage.name);
        reason.stream.as_ref() == Some(&self.stream.name)
            && match self.stage {
                Some(stage) => names_stage(&stage),
                None => !other_stages(self.stream).filter_map(|place| place.stage).any(|stage| names_stage(&stage)),
            }
    }

    fn has_limit_of(&self, reason: &Reason) -> bool {
        self.limits.iter().any(|limit| is_about(reason, limit))
    }
}

fn is_about(reason: &Reason, limit: &SloResult) -> bool {
    reason.slo.as_ref() == Some(&limit.name)
}

impl Suite {
    /// Adds a reason that belongs to no limit; those of one code share a case.
    fn add(&mut self, reason: &Reason) {
        let name = match &reason.phase {
            Some(phase) => format!("{phase}: {}", reason.code.name()),
            None => reason.code.name(),
        };
        if let Some(case) = self.cases.iter_mut().find(|case| case.name == name) {
            case.text.push('\n');
            case.text.push_str(&reason.text);
        } else {
            self.cases.push(Case { name, outcome: outcome_of(reason.code.effect()), text: reason.text.clone() });
        }
    }

    pub(super) fn count(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}

fn verdict_case(summary: &Summary) -> Case {
    let (word, meaning) = verdict_words(summary);
    let outcome = match summary.verdict {
        Verdict::Pass => Outcome::Passed,
        Verdict::Fail => Outcome::Failed,
        Verdict::Void => Outcome::Erred,
        Verdict::Part => Outcome::Skipped,
    };
    Case { name: "verdict".to_owned(), outcome, text: format!("{word}: {meaning}") }
}

fn outcome_of(effect: Effect) -> Outcome {
    match effect {
        Effect::Fail => Outcome::Failed,
        Effect::Void | Effect::Environment => Outcome::Erred,
        Effect::Part => Outcome::Skipped,
        Effect::Remark => Outcome::Passed,
    }
}

/// "end_to_end_p99: observed 312 ms, at most 250 ms"
fn limit_words(limit: &SloResult) -> String {
    let SloResult { name, limit, observed, .. } = limit;
    let observed =
        observed.map_or_else(|| "not measured".to_owned(), |value| format!("observed {}", limit_figure(name, value)));
    format!("{name}: {observed}, at most {}", limit_figure(name, *limit))
}

/// A name as one part of a class: dots separate the parts.
fn plain(name: &str) -> String {
    name.replace('.', "_")
}
