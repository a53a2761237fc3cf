//! The end of a night: judged and printed.

use std::io::Write;
use std::path::Path;

use super::asked::Asked;
use super::{Args, say};
use crate::commands::history::add_page;
use crate::commands::{CommandError, Outcome};
use crate::history::History;
use crate::nightly::{NightDecision, NightFinding, decide};
use crate::notify::{NotifyUrl, notify};
use crate::redact::sentence;
use crate::report::formats::Night;
use crate::report::nightly::message::message;
use crate::report::nightly::metrics::{NightTimes, metrics};
use crate::report::screen::shortened;
use crate::report::terminal::Look;
use crate::results::pending::write_whole;
use crate::stop::StopFlag;
use crate::verdict::Verdict;

/// Judges the night by the history, prints what was found, writes the page of the nights, and tells others. What cannot be told is one sentence,
/// and changes nothing.
///
/// # Errors
/// Output that cannot be written.
pub(super) fn ended(
    args: &Args,
    asked: &Asked,
    history: &History,
    whom: Option<&NotifyUrl>,
    stop: &StopFlag,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let thresholds = asked.suite.thresholds().map_err(CommandError::Usage)?;
    let (decision, _) = decide(&history.nights, &history.accepted, &asked.night, &thresholds);
    let night = Night { decision: &decision, look: Look::of_stdout() };
    let print = args.form.chosen().print_night;
    out.write_all(&print(&night).map_err(CommandError::Environment)?)?;
    out.flush()?;
    add_page(history, &thresholds, &asked.way.results);
    if let Some(file) = &args.metrics_file {
        note(write_metrics(file, &decision, history));
    }
    if let Some(url) = whom {
        note(tell(url, &decision, stop));
    }
    Ok(outcome(&decision))
}

fn write_metrics(file: &Path, decision: &NightDecision, history: &History) -> Result<(), String> {
    let times = NightTimes::of(history.nights.iter().filter(|line| line.night == decision.night));
    let text = metrics(decision, times).map_err(|error| error.to_string())?;
    write_whole(file, text.as_bytes()).map_err(|error| error.to_string())
}

fn tell(url: &NotifyUrl, decision: &NightDecision, stop: &StopFlag) -> Result<(), String> {
    let message = message(decision).map_err(|error| error.to_string())?;
    notify(url, &message, stop).map(drop).map_err(|error| error.to_string())
}

fn note(done: Result<(), String>) {
    if let Err(why) = done {
        say(&format!("note: {}", shortened(&sentence(&why))));
    }
}

/// The exit code follows from the finding alone.
fn outcome(decision: &NightDecision) -> Outcome {
    Outcome::Judged(match decision.finding {
        NightFinding::Quiet => Verdict::Pass,
        NightFinding::Regression | NightFinding::Limit => Verdict::Fail,
        NightFinding::Void | NightFinding::Suspect => Verdict::Void,
    })
}
