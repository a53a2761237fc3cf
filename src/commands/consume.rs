//! `floodmark consume`: only observes.

use std::io::Write;

use super::{CommandError, Outcome, flags};

/// Flags of `consume`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark consume profiles/average.toml -b localhost:9092 --run-id night --out results/c")]
pub struct Args {
    /// Which traffic to expect.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Which run.
    #[command(flatten)]
    pub run: flags::RunFlag,
    /// Where results go.
    #[command(flatten)]
    pub output: flags::OutputFlags,
}

/// Runs the command.
///
/// # Errors
/// A profile or flag that cannot be used, or an environment that does not work.
pub fn run(args: &Args, _out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let _loaded = args.profile.load()?;
    let _settings = args.target.settings()?;
    Err(CommandError::Environment("`consume` is not wired yet".to_owned()))
}
