//! A search as a file: what was asked, the trials, and what came of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::need::{Headroom, Standing};
use super::recovery::Recovery;
use super::sender::SenderReach;
use super::step::{Again, Conclusion, Rules, Why};
use super::trial::{Binding, Length, Outcome, Trial};
use crate::verdict::Verdict;

/// The number of the form of `capacity.json`. Keys may be added under the same number.
pub(crate) const CAPACITY_SCHEMA: u32 = 1;

/// A search for a capacity: `capacity.json`, written after each trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SearchRecord {
    /// The number of this form.
    pub(crate) schema: u32,
    /// The profile's name.
    pub(crate) profile: String,
    /// A hash of the profile with what the command line changed, and of the length of trials: a search goes on only where they are the same.
    pub(crate) asked: String,
    /// The cluster's id, once a trial has reached it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_id: Option<String>,
    /// What was asked of the search.
    pub(crate) rules: Rules,
    /// The trials, in the order in which they were made.
    pub(crate) trials: Vec<Trial>,
    /// What came of it; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<Found>,
    /// How that stands to what was said to be needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headroom: Option<Headroom>,
    /// What this machine can send by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<SenderReach>,
    /// How the target recovers from a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recovery: Option<Recovery>,
}

/// What a search found. Factors multiply the profile's rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Found {
    /// How it ended.
    pub(crate) ended: Ended,
    /// The highest load that a long trial confirmed, or without one the highest that passed; less where what the target held is not known as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lower: Option<Bound>,
    /// The lowest load that failed; more where what the target held is not known as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upper: Option<Bound>,
    /// By how much what the target holds differs from trial to trial, beyond chance: a standard deviation, relative to the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moves: Option<f64>,
    /// The bounds as they were found, where they were tried again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rechecked: Option<Rechecked>,
    /// What the upper load broke first, in most of its trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binding: Option<Binding>,
}

/// What was found, before it was tried again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rechecked {
    /// The lower bound's multiple of the profile's rates.
    pub(crate) lower: f64,
    /// The upper bound's.
    pub(crate) upper: f64,
    /// Whether the lower one still passed.
    pub(crate) lower_holds: bool,
    /// Whether the upper one still failed.
    pub(crate) upper_holds: bool,
    /// How long after the last trial that led to them the first of the later ones began, in seconds; absent where a trial does not say when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after_s: Option<f64>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// With bounds as close as was asked for.
    Found,
    /// The highest load that may be tried passes: the capacity is at least that.
    AtLeast,
    /// The highest load that this machine can send passes: the capacity is at least that.
    SenderLimit,
    /// The lowest load that may be tried fails.
    Below,
    /// Loads fail on a latency that does not fall with them: an idle target breaks the limit, too.
    NotTheLoad,
    /// As many trials were made as may be, and the bounds are not as close as was asked for.
    TooManyTrials,
    /// Trials at one load said nothing, again and again.
    NoValidTrial,
}

/// A load, and what its trials said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Bound {
    /// The multiple of the profile's rates.
    pub(crate) factor: f64,
    /// Events offered in a second of the profile's busiest stretch.
    pub(crate) offered_per_s: f64,
    /// The load of its trials, where it is another: the bound was moved outwards as far as what the target held is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tried: Option<f64>,
    /// How many of its trials passed.
    pub(crate) passes: usize,
    /// How many of its trials failed.
    pub(crate) fails: usize,
}

/// The JSON Schema of `capacity.json`, indented, with a line end.
#[must_use]
pub(crate) fn capacity_schema() -> String {
    let mut schema = schemars::schema_for!(SearchRecord);
    schema.insert("title".to_owned(), "floodmark capacity".into());
    format!("{:#}\n", schema.to_value())
}

impl SearchRecord {
    /// Pass where a capacity was found, fail where it is below what is needed, and void where there is no interval.
    #[must_use]
    pub(crate) fn verdict(&self) -> Verdict {
        let is_red = self.headroom.as_ref().is_some_and(|headroom| headroom.standing == Standing::Red);
        match self.found.as_ref().map(|found| found.ended) {
            _ if is_red => Verdict::Fail,
            Some(Ended::Found | Ended::AtLeast | Ended::SenderLimit) => Verdict::Pass,
            Some(Ended::Below | Ended::NotTheLoad | Ended::TooManyTrials | Ended::NoValidTrial) | None => Verdict::Void,
        }
    }
}

impl Found {
    /// What a conclusion means, by the trials that led to it.
    #[must_use]
    pub(crate) fn of(conclusion: Conclusion, trials: &[Trial]) -> Self {
        let at = |factor: f64| Bound::of(factor, factor, trials);
        let (ended, lower, upper) = match conclusion {
            Conclusion::Between { lower, upper, tried: [passed, failed], .. } => {
                (Ended::Found, Some(Bound::of(lower, passed, trials)), Some(Bound::of(upper, failed, trials)))
            }
            Conclusion::AtLeast(lower) => (Ended::AtLeast, Some(at(lower)), None),
            Conclusion::SenderLimit(lower) => (Ended::SenderLimit, Some(at(lower)), None),
            Conclusion::Below(upper) => (Ended::Below, None, Some(at(upper))),
            Conclusion::NotTheLoad(upper) => (Ended::NotTheLoad, None, Some(at(upper))),
            Conclusion::Open { lower, upper, why: Why::TooManyTrials } => {
                (Ended::TooManyTrials, lower.map(at), upper.map(at))
            }
            Conclusion::Open { lower, upper, why: Why::Invalid } => (Ended::NoValidTrial, lower.map(at), upper.map(at)),
        };
        let (moves, again) = match conclusion {
            Conclusion::Between { moves, again, .. } => (Some(moves).filter(|moves| *moves > 0.0), again),
            _ => (None, None),
        };
        Found {
            ended,
            lower,
            upper,
            moves,
            rechecked: again.map(|again| Rechecked::of(again, trials)),
            binding: upper.and_then(|upper| most_often(upper.load(), trials)),
        }
    }
}

impl Bound {
    /// The load at which its trials were made.
    #[must_use]
    pub(crate) fn load(&self) -> f64 {
        self.tried.unwrap_or(self.factor)
    }

    fn of(factor: f64, tried: f64, trials: &[Trial]) -> Self {
        let at = || counted(trials).filter(|trial| trial.factor.total_cmp(&tried).is_eq());
        let count = |outcome| at().filter(|trial| trial.outcome == outcome).count();
        Bound {
            factor,
            offered_per_s: at().map(|trial| trial.offered_per_s * factor / tried).last().unwrap_or_default(),
            tried: factor.total_cmp(&tried).is_ne().then_some(tried),
            passes: count(Outcome::Pass),
            fails: count(Outcome::Fail),
        }
    }
}

impl Rechecked {
    fn of(again: Again, trials: &[Trial]) -> Self {
        let ([lower, upper], [lower_holds, upper_holds]) = (again.bounds, again.hold);
        Rechecked { lower, upper, lower_holds, upper_holds, after_s: after_s(trials) }
    }
}

/// How long the later trials came after the others, in seconds, from beginning to beginning.
fn after_s(trials: &[Trial]) -> Option<f64> {
    let started = |trial: &Trial| trial.started.as_deref()?.parse::<jiff::Timestamp>().ok();
    let later = trials.iter().position(|trial| trial.later)?;
    let before = trials.get(later.checked_sub(1)?)?;
    Some(started(&trials[later])?.duration_since(started(before)?).as_secs_f64())
}

fn counted(trials: &[Trial]) -> impl Iterator<Item = &Trial> {
    trials.iter().filter(|trial| trial.length != Length::WarmUp)
}

/// What the trials at a load broke most often; of equals, what the first of them broke.
fn most_often(factor: f64, trials: &[Trial]) -> Option<Binding> {
    let failed = |trial: &&Trial| trial.factor.total_cmp(&factor).is_eq() && trial.outcome == Outcome::Fail;
    let broken: Vec<&Binding> = counted(trials).filter(failed).filter_map(|trial| trial.because.as_ref()).collect();
    let is_same = |one: &Binding, other: &Binding| {
        (&one.what, &one.stream, &one.stage) == (&other.what, &other.stream, &other.stage)
    };
    let times = |of: &Binding| broken.iter().filter(|other| is_same(of, other)).count();
    broken.iter().rev().max_by_key(|binding| times(binding)).map(|binding| (*binding).clone())
}
