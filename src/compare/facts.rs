//! What is certain without statistics: events lost where none were, and a verdict that got worse.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Run;
use super::words::one_line;
use crate::figures::count;
use crate::verdict::Verdict;

/// A regression that needs no interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What it is.
    pub code: FactCode,
    /// In which stream; absent for the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The fact in words.
    pub text: String,
}

/// What can be certain. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactCode {
    /// Events were lost in new, and none in base.
    Lost,
    /// Every run of new failed, and none of base.
    Verdict,
}

/// All facts, from every run, those that are left out of the statistics included: what is certain in a void run is certain.
pub(super) fn facts(base: &[Run], new: &[Run]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = streams_of(new).into_iter().filter_map(|stream| newly_lost(stream, base, new)).collect();
    facts.extend(newly_failing(base, new));
    facts
}

fn streams_of(runs: &[Run]) -> BTreeSet<&str> {
    runs.iter().flat_map(|run| &run.summary.streams).map(|stream| stream.name.as_str()).collect()
}

fn newly_lost(stream: &str, base: &[Run], new: &[Run]) -> Option<Fact> {
    let (before, now) = (most_lost(stream, base)?, most_lost(stream, new)?);
    (before == 0 && now > 0).then(|| Fact {
        code: FactCode::Lost,
        stream: Some(stream.to_owned()),
        text: format!(
            "{}: {} events were lost in a run of new, and none in any run of base.",
            one_line(stream),
            count(now)
        ),
    })
}

/// The most that a run lost, at any stage; `None` where no run has the stream.
fn most_lost(stream: &str, runs: &[Run]) -> Option<u64> {
    let summaries = runs.iter().flat_map(|run| &run.summary.streams).filter(|summary| summary.name == stream);
    let lost = |summary: &crate::results::summary::StreamSummary| {
        summary.stages.iter().map(|stage| stage.counts.lost).chain([summary.counts.lost]).max().unwrap_or(0)
    };
    summaries.map(lost).max()
}

fn newly_failing(base: &[Run], new: &[Run]) -> Option<Fact> {
    let fails = |run: &Run| run.summary.verdict == Verdict::Fail;
    let passes = |run: &Run| run.summary.verdict == Verdict::Pass;
    let (base_passes, new_fails) =
        (!base.is_empty() && base.iter().all(passes), !new.is_empty() && new.iter().all(fails));
    let why = new
        .first()
        .and_then(|run| run.summary.reasons.first())
        .map_or(String::new(), |reason| format!(" The first reason: {}", reason.text));
    let text = match (base.len(), new.len()) {
        (1, 1) => format!("The verdict went from pass to fail.{why}"),
        (_, runs) => format!("Every run of base passed, and every run of new ({runs}) failed.{why}"),
    };
    (base_passes && new_fails).then_some(Fact { code: FactCode::Verdict, stream: None, text })
}
