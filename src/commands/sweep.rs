//! `floodmark sweep`: which setting buys how much.

use std::io::Write;
use std::path::PathBuf;

use super::{CommandError, Outcome, flags};
use crate::profile::Span;
use crate::report::output::to_stderr;
use crate::report::terminal::sweep::capacities::{searched_line, searches_line};
use crate::report::terminal::sweep::{begins_line, over_line};
use crate::stop::{StopFlag, signals};
use crate::sweep::SweepRecord;
use crate::trials::{self, SweepTold};
use crate::verdict::Verdict;

mod asked;
mod checked;
mod written;

pub(super) use written::{print_sweep, sweep_in, write_sweep_report};

/// Flags of `sweep`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A KEY is a path in the profile, as --set takes it; a client property, as -X takes it; or a word that --before has in braces.
Stopped with Ctrl-C, the same command with the same --out goes on from the trials that it has.

Examples:
  floodmark sweep orders.toml -b localhost:9092 --vary linger.ms=0,5,20 --vary compression.type=none,lz4,zstd
  floodmark sweep orders.toml -b localhost:9092 --vary stream.orders.payload.size=512B,4kB --vary batch.size=16384,1000000
  floodmark sweep orders.toml -b localhost:9092 --vary consumers=1,2,4 --before 'restart-pipeline --consumers {consumers}'

Exit codes: 0 every combination was measured; 2 wrong usage or profile; 3 one was not, or the sweep was stopped; 4 the environment failed")]
pub struct Args {
    /// The profile: a TOML file, or one inside floodmark: average (`floodmark new --list` shows them)
    pub profile: PathBuf,
    /// A setting and its values, the one to compare with first: linger.ms=0,5,20 (repeatable: every combination is tried)
    #[arg(long, value_name = "KEY=V1,V2")]
    pub vary: Vec<String>,
    /// The combinations to try instead, from a CSV file: a column for each key, a row for each combination
    #[arg(long, value_name = "FILE", conflicts_with = "vary")]
    pub list: Option<PathBuf>,
    /// How often each combination is tried
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub repeat: usize,
    /// How long a trial sends, its warm-up of 2s not included
    #[arg(long, value_name = "SPAN", default_value = "6s")]
    pub duration: Span,
    /// A shell command before each trial; {KEY} in it becomes the value, which FLOODMARK_KEY in its environment has, too
    #[arg(long, value_name = "COMMAND")]
    pub before: Option<String>,
    /// Override any key of the profile for all trials: stream.orders.rate=5k/s (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Random seed: the same number gives the same events, and the same order of trials
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Search for the capacity of each combination instead, as `floodmark capacity` does; --repeat and --duration are not used then
    #[arg(long, conflicts_with_all = ["repeat", "duration"])]
    pub capacity: bool,
    /// How many trials may be made
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub most_trials: usize,
    /// The folder of the sweep (default: results/sweep- and the profile's name and the time)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}

/// Sweeps.
///
/// # Errors
/// A profile, flag or combination that cannot be used, or a target that cannot be reached.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let (series, record) = asked::asked(args)?;
    let stop = StopFlag::default();
    signals::listen(&stop, None);
    let (combinations, folder) = (record.combinations.len(), series.out.display());
    say(&format!("sweeping {combinations} combinations of {}; trials are in {folder}", record.profile));
    let record = trials::sweep(&series, record, &stop, &mut |told| say(&told_line(&told)))?;
    written::write_page(&series.out, &record);
    let form = flags::FormatFlags { json: args.json, format: None };
    print_sweep(&record, form.chosen(), out)
}

fn outcome(record: &SweepRecord) -> Outcome {
    let is_measured = record.found.is_complete
        && record.found.points.iter().all(|point| point.counted > 0)
        && record.capacities.iter().all(|of| of.found.lower.is_some());
    Outcome::Judged(if is_measured { Verdict::Pass } else { Verdict::Void })
}

/// What goes on, on standard error. Nobody to read it is no reason to stop.
fn say(text: &str) {
    let _unread = to_stderr(&format!("{text}\n"));
}

fn told_line(told: &SweepTold<'_>) -> String {
    match told {
        SweepTold::Begins { record, turn, of, left_s } => begins_line(record, *turn, *of, *left_s),
        SweepTold::Over { record } => over_line(record),
        SweepTold::Searches { record } => searches_line(record),
        SweepTold::Searched { record } => searched_line(record),
    }
}
