//! `floodmark merge`: joins results into one verdict.

use std::{io::Write, path::PathBuf};

use super::{CommandError, Outcome, flags};

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

/// Runs the command.
///
/// # Errors
/// Results that cannot be read or do not belong together.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Outcome, CommandError> {
    Err(CommandError::Environment("`merge` is not wired yet".to_owned()))
}
