//! `floodmark merge`: joins results into one verdict.

use std::{io::Write, path::PathBuf};

use super::carry_out::print_end;
use super::report::add_report;
use super::{CommandError, Outcome, flags};
use crate::merge::{MergeError, merge_parts};

/// Flags of `merge`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark merge results/a results/b results/c --out results/night")]
pub struct Args {
    /// The folders of the results to join
    #[arg(required = true, value_name = "DIR")]
    pub results: Vec<PathBuf>,
    /// Where the joined results go.
    #[command(flatten)]
    pub output: flags::OutputFlags,
}

/// Merges.
///
/// # Errors
/// Parts that cannot be read or do not belong together, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let ended = merge_parts(&args.results, args.output.out.as_deref()).map_err(|error| match error {
        MergeError::Results(error) if !error.is_usage() => CommandError::Environment(error.to_string()),
        wrong => CommandError::Usage(wrong.to_string()),
    })?;
    add_report(&ended);
    print_end(&ended, &args.output.form, false, out)
}
