//! `floodmark show`: what a folder of results says, also that of a run or a search that was killed.

use std::io::Write;
use std::path::PathBuf;

use super::capacity::print_search;
use super::carry_out::print_end;
use super::flags::FormatFlags;
use super::sweep::{print_sweep, sweep_in};
use super::{CommandError, Outcome};
use crate::capacity::SearchRecord;
use crate::conclude::read_run;
use crate::trials::record_in;

/// Flags of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark show results/average-20300131-110000-1a2b
  floodmark show results/capacity-average-20300131-110000 --format junit")]
pub struct Args {
    /// The folder of results
    #[arg(value_name = "DIR")]
    pub results: PathBuf,
    /// Print everything: every count, hop, limit, watermark and event, and not only what fits on a screen
    #[arg(long)]
    pub all: bool,
    /// How the result is printed.
    #[command(flatten)]
    pub form: FormatFlags,
}

/// Shows.
///
/// # Errors
/// A folder that cannot be read or holds no run, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    if let Some(record) = sweep_in(&args.results)? {
        return print_sweep(&record, args.form.chosen(), out);
    }
    if let Some(record) = record_in::<SearchRecord>(&args.results)? {
        return print_search(&record, &args.results, &args.form, out);
    }
    let ended = read_run(&args.results)?;
    print_end(&ended, &args.form, args.all, out)
}
