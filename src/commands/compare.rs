//! `floodmark compare`: whether one set of runs is worse than another.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{CommandError, Outcome};
use crate::compare::{Comparison, Finding, Rules, Run, Threshold, Thresholds, compare};
use crate::conclude::read_run;
use crate::report::compared::compared_page;
use crate::report::terminal::{Look, compare::comparison};
use crate::results::{ResultsError, RunFolder, pending::write_whole, runs_at};
use crate::verdict::Verdict;

/// Flags of `compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A folder that holds folders of runs counts as all of them. Latencies, rates and counts are judged from 5 runs of each on;
with one run of each, only lost events and the verdict are.

Examples:
  floodmark compare results/monday results/tuesday
  floodmark compare --base base/* --new new/* --threshold 5% --threshold end_to_end_p999=20%

Exit codes: 0 no regression; 1 regression; 2 wrong usage, or runs that cannot be compared; 3 nothing can be said")]
pub struct Args {
    /// The run, or folder of runs, to compare with
    #[arg(value_name = "BASE", required_unless_present = "base", requires = "new_run", conflicts_with_all = ["base", "new"])]
    pub base_run: Option<PathBuf>,
    /// The run, or folder of runs, that may be worse
    #[arg(value_name = "NEW")]
    pub new_run: Option<PathBuf>,
    /// The runs to compare with
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "new")]
    pub base: Vec<PathBuf>,
    /// The runs that may be worse
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "base")]
    pub new: Vec<PathBuf>,
    /// The smallest difference that matters: 5% (the default), or of one figure: end_to_end_p99=10% (repeatable)
    #[arg(long, value_name = "[FIGURE=]SHARE", allow_negative_numbers = true)]
    pub threshold: Vec<Threshold>,
    /// Compare even runs of different profiles, and void runs
    #[arg(long)]
    pub anyway: bool,
    /// Write the comparison as a page for a browser, too
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the comparison as JSON
    #[arg(long)]
    pub json: bool,
}

/// Compares.
///
/// # Errors
/// Folders that cannot be read or compared, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let named = |run: &Option<PathBuf>, set: &[PathBuf]| run.iter().chain(set).cloned().collect::<Vec<_>>();
    let base = read_runs(&named(&args.base_run, &args.base))?;
    let new = read_runs(&named(&args.new_run, &args.new))?;
    let rules = Rules { thresholds: Thresholds::of(&args.threshold), anyway: args.anyway };
    let found = compare(&base, &new, &rules).map_err(|error| CommandError::Usage(error.to_string()))?;
    if let Some(file) = &args.html {
        let page = compared_page(&found).map_err(CommandError::Environment)?;
        write_whole(file, &page)?;
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &found).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(comparison(&found, Look::of_stdout()).as_bytes())?;
    }
    Ok(outcome(&found))
}

fn outcome(found: &Comparison) -> Outcome {
    Outcome::Judged(match found.finding {
        Finding::Regression => Verdict::Fail,
        Finding::NoRegression => Verdict::Pass,
        Finding::Unclear => Verdict::Void,
    })
}

fn read_runs(paths: &[PathBuf]) -> Result<Vec<Run>, CommandError> {
    let mut runs = Vec::new();
    for path in paths {
        for folder in runs_at(path)? {
            runs.push(read_one(&folder)?);
        }
    }
    Ok(runs)
}

fn read_one(path: &Path) -> Result<Run, ResultsError> {
    let manifest = RunFolder::open(path)?.manifest().clone();
    Ok(Run { folder: path.display().to_string(), manifest, summary: read_run(path)?.summary })
}
