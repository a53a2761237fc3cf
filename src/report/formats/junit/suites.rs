//! A run's result as suites of cases: a suite for the run and for each place where a stream was judged, a case for each limit.
//!
//! The cases agree with the verdict: only a run that failed has failures, only one that failed or is void has errors, and each of these
//! has at least one.

use crate::report::formats::places::{Limit, Outcome, Place, in_phase, places_of};
use crate::report::limit::limit_figure;
use crate::report::terminal::closing::verdict_words;
use crate::results::Summary;
use crate::verdict::{Reason, SloResult, Verdict};

/// All that is written.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: String,
    /// How long it took, where that is known.
    pub(super) time_s: Option<f64>,
    /// When it began, where that is known.
    pub(super) started: Option<String>,
    pub(super) suites: Vec<Suite>,
}

/// The cases of the run, or of one place where a stream was judged.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    /// What groups the cases in a CI system: `floodmark.PROFILE.STREAM.STAGE`.
    pub(super) class: String,
    /// Which run this was, and what else a case's reader may ask.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) cases: Vec<Case>,
}

/// One limit, or one reason that belongs to no limit.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// What kind of error it is, of one that left no result.
    pub(super) kind: Option<&'static str>,
    /// All that there is to say, a line for each sentence.
    pub(super) text: String,
}

/// A run as a document.
pub(super) fn document_of(summary: &Summary) -> Document {
    Document {
        name: format!("floodmark {}", summary.run.profile),
        time_s: Some(summary.run.duration_s),
        started: Some(summary.run.started.clone()),
        suites: suites_of(summary),
    }
}

/// The suites, that of the run first.
pub(super) fn suites_of(summary: &Summary) -> Vec<Suite> {
    let places = places_of(summary);
    let class = format!("floodmark.{}", plain(&summary.run.profile));
    let mut suites =
        vec![Suite { name: "run".to_owned(), class, facts: facts(summary, None), cases: vec![verdict_case(summary)] }];
    suites.extend(places.iter().map(|place| place.suite(summary)));
    for reason in &summary.reasons {
        let place = places.iter().position(|place| place.is_of(reason));
        if !place.is_some_and(|place| places[place].has_limit_of(reason)) {
            suites[place.map_or(0, |place| place + 1)].add(reason);
        }
    }
    suites
}

/// Which run this was, and at which topic.
fn facts(summary: &Summary, topic: Option<&String>) -> Vec<(&'static str, String)> {
    let run = &summary.run;
    let facts = [("run", run.id.clone()), ("seed", run.seed.to_string()), ("cluster", run.cluster_id.clone())];
    facts.into_iter().chain(topic.map(|topic| ("topic", topic.clone()))).collect()
}

impl Place<'_> {
    fn suite(&self, summary: &Summary) -> Suite {
        let class = format!("floodmark.{}.{}", plain(&summary.run.profile), plain(&self.stream.name));
        let (class, topic) = match self.stage {
            Some(stage) => (format!("{class}.{}", plain(&stage.name)), &stage.topic),
            None => (class, &self.stream.topic),
        };
        let cases = self.limits.iter().map(|limit| self.case(*limit, summary)).collect();
        Suite { name: self.name(), class, facts: facts(summary, Some(topic)), cases }
    }

    fn case(&self, limit: Limit<'_>, summary: &Summary) -> Case {
        let about = self.reasons_about(limit, summary);
        let sentences = std::iter::once(limit_words(limit.slo)).chain(about.iter().map(|reason| reason.text.clone()));
        let text = sentences.collect::<Vec<_>>().join("\n");
        Case { name: limit.name(), outcome: limit.outcome(&about), kind: None, text }
    }
}

impl Suite {
    /// Adds a reason that belongs to no limit; those of one code share a case.
    fn add(&mut self, reason: &Reason) {
        let name = in_phase(reason.phase.as_deref(), &reason.code.name());
        if let Some(case) = self.cases.iter_mut().find(|case| case.name == name) {
            case.text.push('\n');
            case.text.push_str(&reason.text);
        } else {
            let outcome = Outcome::of(reason.code.effect());
            self.cases.push(Case { name, outcome, kind: None, text: reason.text.clone() });
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
    Case { name: "verdict".to_owned(), outcome, kind: None, text: format!("{word}: {meaning}") }
}

/// "end_to_end_p99: observed 312 ms, at most 250 ms"
fn limit_words(limit: &SloResult) -> String {
    let SloResult { name, limit, observed, .. } = limit;
    let observed =
        observed.map_or_else(|| "not measured".to_owned(), |value| format!("observed {}", limit_figure(name, value)));
    let bound = if name == "throughput" { "at least" } else { "at most" };
    format!("{name}: {observed}, {bound} {}", limit_figure(name, *limit))
}

/// A name as one part of a class: dots separate the parts.
pub(super) fn plain(name: &str) -> String {
    name.replace('.', "_")
}
