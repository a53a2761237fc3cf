//! `floodmark run`: sends a profile's traffic and checks what arrives.

use std::io::Write;

use super::carry_out::{Wanted, carry_out};
use super::{CommandError, Outcome, flags};
use crate::conclude::Role;

/// Flags of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without -b the run uses an embedded broker.

Examples:
  floodmark run average
  floodmark run bot-flood -b localhost:9092 --duration 20s
  floodmark run peak3x --set stream.orders.delivery=exactly-once --rate-scale 0.5")]
pub struct Args {
    /// Which traffic.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which part of it.
    #[command(flatten)]
    pub shard: flags::ShardFlag,
    /// Sending threads for each stream (default: one for every four cores)
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Which run.
    #[command(flatten)]
    pub run: flags::RunFlag,
    /// How it is watched.
    #[command(flatten)]
    pub watch: flags::WatchFlags,
    /// Where results go.
    #[command(flatten)]
    pub output: flags::OutputFlags,
    /// How it is shown.
    #[command(flatten)]
    pub view: flags::ViewFlag,
}

/// Runs the command.
///
/// # Errors
/// A profile or flag that cannot be used, or an environment that does not work.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    carry_out(
        &Wanted {
            role: Role::Run,
            profile: &args.profile,
            target: &args.target,
            run: &args.run,
            watch: &args.watch,
            output: &args.output,
            view: args.view,
            shard: args.shard.shard,
            start_at: None,
            workers: args.workers,
            from_beginning: false,
        },
        out,
    )
}
