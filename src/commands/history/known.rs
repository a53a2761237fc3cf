//! A suite that has a history, by its file or its name.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::commands::CommandError;
use crate::compare::Thresholds;
use crate::history::{Accepted, History, NightLine, read, suites};
use crate::nightly::{NightDecision, Past, PastAsked, Suite, decide};
use crate::report::output::to_stderr;

/// A suite, and its history.
pub(in crate::commands) struct Known<'a> {
    /// Its name.
    pub(in crate::commands) name: String,
    /// All its nights.
    pub(in crate::commands) history: History,
    thresholds: Thresholds,
    results: &'a Path,
}

impl<'a> Known<'a> {
    /// Reads the history of a suite: of the only one there is where none is named. `night` may be later than today.
    ///
    /// # Errors
    /// A suite that cannot be read, or has no history.
    pub(in crate::commands) fn of(
        suite: Option<&Path>,
        results: &'a Path,
        night: Option<Date>,
    ) -> Result<Self, CommandError> {
        let (name, thresholds) = match suite {
            Some(suite) => named(suite)?,
            None => (the_only_one(results)?, Thresholds::of(&[])),
        };
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let today = night.map_or(today, |night| today.max(night)).to_string();
        let history = read(results, &name, &today)?;
        for remark in &history.remarks {
            let _unread = to_stderr(&format!("note: {}\n", remark.text));
        }
        if history.nights.is_empty() {
            return Err(CommandError::Usage(without_history(&name, results)));
        }
        Ok(Known { name, history, thresholds, results })
    }

    /// Its last nights, or the last ones up to a night.
    pub(in crate::commands) fn past(&self, until: Option<String>, nights: usize) -> Past {
        let asked = PastAsked { until, nights, thresholds: self.thresholds.clone() };
        super::past_of(&self.history, &asked, self.results)
    }

    /// What is said of its last night with these accepted changes.
    pub(in crate::commands) fn decided(&self, accepted: &[Accepted]) -> NightDecision {
        let last = self.history.nights.iter().map(|line| line.night.as_str()).max().unwrap_or_default();
        decide(&self.history.nights, accepted, last, &self.thresholds).0
    }

    /// Refuses a night that is not in the history, or not in that of a profile.
    pub(in crate::commands) fn refuse_other_night(
        &self,
        night: Option<&str>,
        profile: Option<&str>,
    ) -> Result<(), CommandError> {
        let Some(night) = night else { return Ok(()) };
        let of_profile = |line: &&NightLine| profile.is_none_or(|profile| line.profile == profile);
        let nights: BTreeSet<&str> =
            self.history.nights.iter().filter(of_profile).map(|line| line.night.as_str()).collect();
        if nights.contains(night) {
            return Ok(());
        }
        let whose = profile.map_or_else(|| self.name.clone(), |profile| format!("{profile} in {}", self.name));
        let around = nights.range(..night).next_back().into_iter().chain(nights.range(night..).next());
        let around: Vec<&str> = around.copied().collect();
        Err(CommandError::Usage(format!(
            "night {night} is not in the history of {whose}: the nearest of its nights {} {}",
            if around.len() == 1 { "is" } else { "are" },
            around.join(" and ")
        )))
    }

    /// Refuses a profile or a figure that no night has.
    pub(in crate::commands) fn refuse_other_names(
        &self,
        profile: Option<&str>,
        figure: Option<&str>,
    ) -> Result<(), CommandError> {
        let of_profile = |line: &&NightLine| profile.is_none_or(|profile| line.profile == profile);
        let profiles = self.history.nights.iter().map(|line| line.profile.as_str());
        no_such("profile", profile, profiles, &self.name)?;
        let figures = self.history.nights.iter().filter(of_profile).flat_map(|line| &line.figures);
        no_such("figure", figure, figures.map(|figure| figure.figure.as_str()), &self.name)
    }
}

/// Refuses a name that is not among those that are there.
fn no_such<'a>(
    what: &str,
    asked: Option<&str>,
    there: impl Iterator<Item = &'a str>,
    suite: &str,
) -> Result<(), CommandError> {
    let Some(asked) = asked else { return Ok(()) };
    let there: BTreeSet<&str> = there.collect();
    if there.contains(asked) {
        return Ok(());
    }
    let there = there.into_iter().collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "none".to_owned() } else { there };
    Err(CommandError::Usage(format!("there is no {what} `{asked}` in the history of {suite}; there is {there}")))
}

/// A suite by its file, with its own thresholds, or by its name.
fn named(suite: &Path) -> Result<(String, Thresholds), CommandError> {
    let is_file = suite.is_file() || suite.extension().is_some_and(|extension| extension == "toml");
    if !is_file {
        return Ok((suite.to_string_lossy().into_owned(), Thresholds::of(&[])));
    }
    let suite = Suite::from_file(suite).map_err(|error| CommandError::Usage(error.to_string()))?;
    let thresholds = suite.thresholds().map_err(CommandError::Usage)?;
    Ok((suite.name, thresholds))
}

fn the_only_one(results: &Path) -> Result<String, CommandError> {
    let known = suites(results);
    match known.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(CommandError::Usage(no_history(results))),
        several => Err(CommandError::Usage(format!(
            "{} has the histories of {} suites: name one of them: {}",
            results.display(),
            several.len(),
            several.join(", ")
        ))),
    }
}

fn no_history(results: &Path) -> String {
    format!(
        "there is no history in {}: run `floodmark nightly SUITE.toml`, or name another folder with --results",
        results.display()
    )
}

fn without_history(name: &str, results: &Path) -> String {
    let known = suites(results);
    if known.is_empty() {
        return no_history(results);
    }
    format!("{} has no night of the suite {name}; it has the histories of {}", results.display(), known.join(", "))
}
