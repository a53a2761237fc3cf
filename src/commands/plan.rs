//! `floodmark plan`: what a profile would send.

use std::io::Write;

use super::{CommandError, Outcome, flags};

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark plan profiles/bot-flood.toml
  floodmark plan profiles/peak3x.toml --rate-scale 2 --json")]
pub struct Args {
    /// Which traffic.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which part of it.
    #[command(flatten)]
    pub shard: flags::ShardFlag,
    /// Print the plan as JSON, with a fingerprint of its events
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// A profile that cannot be used.
pub fn run(args: &Args, _out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let _loaded = args.profile.load()?;
    Err(CommandError::Environment("`plan` is not wired yet".to_owned()))
}
