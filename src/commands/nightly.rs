//! `floodmark nightly`: is tonight worse than the nights before?

mod asked;
mod ended;

use std::io::Write;
use std::path::PathBuf;

use super::{CommandError, Outcome, flags};
use crate::history::{History, Line, NightLine, append, read};
use crate::nightly::{NightRecord, Suite, decide, lines};
use crate::notify::NotifyUrl;
use crate::profile::Span;
use crate::report::output::to_stderr;
use crate::report::terminal::nightly::told_line;
use crate::results::manifest::HostFacts;
use crate::stop::{StopFlag, signals};
use crate::trials;

use asked::Asked;

/// Flags of `nightly`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A suite is a TOML file beside its profiles:
  cluster = \"MkU3OEVBNTcwNTJENDM2Qk\"     # the only cluster it may load; without it, the embedded broker
  budget = \"45m\"
  repetitions = 5
  [[profile]]
  file = \"average.toml\"

A night that was stopped or killed goes on with the same command; one that is in the history is shown again, and not measured again.

Examples:
  floodmark nightly staging.toml -b localhost:9092
  floodmark nightly staging.toml -b localhost:9092 --format junit --notify-url https://chat.example.org/hook

Exit codes: 0 nothing is worse; 1 a figure is worse, or a limit broke; 2 wrong usage, suite or profile; 3 nothing can be said;
4 the environment failed")]
pub struct Args {
    /// The suite: a TOML file that names profiles
    pub suite: PathBuf,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// The folder of results: runs in nightly/, the history in history/
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub results: PathBuf,
    /// The night's name (default: today, UTC)
    #[arg(long, value_name = "DATE")]
    pub night: Option<jiff::civil::Date>,
    /// How long the night may take, when not as the suite says
    #[arg(long, value_name = "SPAN")]
    pub budget: Option<Span>,
    /// Tell this address how the night went, as a small JSON: a webhook. A list of processes shows it; FLOODMARK_NOTIFY_URL in the environment does the same unseen
    #[arg(long, value_name = "URL")]
    pub notify_url: Option<String>,
    /// Write the figures for Prometheus to this file: for a collector of text files, or to push
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// How the result is printed.
    #[command(flatten)]
    pub form: flags::FormatFlags,
}

/// The environment's webhook: a list of processes does not show it.
const NOTIFY_URL_VARIABLE: &str = "FLOODMARK_NOTIFY_URL";

/// Whom to tell: as the flag says, or else the environment.
fn notify_url(flag: Option<&str>) -> Result<Option<NotifyUrl>, CommandError> {
    let variable = std::env::var(NOTIFY_URL_VARIABLE).ok().filter(|url| !url.is_empty());
    let (name, url) = match (flag, &variable) {
        (Some(flag), _) => ("--notify-url", flag),
        (None, Some(variable)) => (NOTIFY_URL_VARIABLE, variable.as_str()),
        (None, None) => return Ok(None),
    };
    url.parse().map(Some).map_err(|error| CommandError::Usage(format!("{name}: {error}")))
}

/// Measures a night and judges it.
///
/// # Errors
/// A suite, profile or flag that cannot be used, a target that is not the suite's, or a history that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    // Not by the command line's own parser: that would show the whole of a wrong one, and an address is a secret.
    let whom = notify_url(args.notify_url.as_deref())?;
    let asked = Asked::of(args)?;
    let history = asked.history()?;
    let stop = StopFlag::default();
    signals::listen(&stop, None);
    for remark in &history.remarks {
        say(&format!("note: {}", remark.text));
    }
    if asked.is_measured(&history) {
        say(&format!(
            "night {} is in the history already: nothing is measured; --night names another one",
            asked.night
        ));
        return ended::ended(args, &asked, &history, whom.as_ref(), &stop, out);
    }
    asked.refuse_wrong_clock(&history)?;
    let _lock = asked.lock()?;
    if !measure(&asked, &asked.history()?, &stop)? {
        let night = &asked.night;
        return Err(CommandError::Nothing(format!(
            "night {night} was stopped before its end; the same command goes on with it"
        )));
    }
    ended::ended(args, &asked, &asked.history()?, whom.as_ref(), &stop, out)
}

/// Measures, and appends what was measured to the history. Whether the night was not stopped before its end.
fn measure(asked: &Asked, history: &History, stop: &StopFlag) -> Result<bool, CommandError> {
    asked.refuse_other_cluster()?;
    asked.refuse_long_night()?;
    trials::begin(&asked.way, asked.record())?;
    if !asked.calibrate(stop)? {
        return Ok(false);
    }
    let host = HostFacts::of_this_machine().hostname;
    let mut suspects = |record: &NightRecord| suspected(&asked.suite, history, &lines(record, &host));
    let mut record =
        trials::night(&asked.way, asked.record(), stop, &mut suspects, &mut |told| say(&told_line(&told)))?;
    if stop.is_set() {
        return Ok(false);
    }
    for line in lines(&record, &host) {
        // A night that was killed while its lines were written has some of them.
        if history
            .nights
            .iter()
            .any(|known| known.night == line.night && known.profile == line.profile && known.host == line.host)
        {
            continue;
        }
        if let Some(repaired) = append(&asked.way.results, &Line::Night(line))? {
            say(&format!("note: {repaired}"));
        }
    }
    trials::complete(&asked.way, &mut record)?;
    asked.clean();
    Ok(true)
}

/// The profiles that should run more often before the night is judged.
fn suspected(suite: &Suite, history: &History, tonight: &[NightLine]) -> Vec<usize> {
    let Some(night) = tonight.first().map(|line| line.night.clone()) else { return Vec::new() };
    let Ok(thresholds) = suite.thresholds() else { return Vec::new() };
    let mut all = history.nights.clone();
    all.extend(tonight.iter().cloned());
    let (_, suspected) = decide(&all, &history.accepted, &night, &thresholds);
    let is_suspected = |at: &usize| suspected.contains(&suite.profiles[*at].name);
    (0..suite.profiles.len()).filter(is_suspected).collect()
}

/// What goes on, on standard error. Nobody to read it is no reason to stop.
pub(super) fn say(text: &str) {
    if !text.is_empty() {
        let _unread = to_stderr(&format!("{text}\n"));
    }
}

impl Asked {
    fn history(&self) -> Result<History, CommandError> {
        Ok(read(&self.way.results, &self.suite.name, &self.today)?)
    }
}
