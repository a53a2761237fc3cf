//! `floodmark produce`: only sends.

use std::io::Write;

use super::carry_out::{Wanted, carry_out};
use super::{CommandError, Outcome, flags};
use crate::conclude::Role;

/// Flags of `produce`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, three processes that make one run:
  floodmark produce average -b localhost:9092 --run-id night --shard 0/2 --out results/a
  floodmark produce average -b localhost:9092 --run-id night --shard 1/2 --out results/b
  floodmark consume average -b localhost:9092 --run-id night --out results/c
  floodmark merge results/a results/b results/c --out results/night")]
pub struct Args {
    /// Which traffic.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which part of it.
    #[command(flatten)]
    pub shard: flags::ShardFlag,
    /// Start at this time, so that processes start together: 2030-01-31T22:00:00Z
    #[arg(long, value_name = "TIME")]
    pub start_at: Option<jiff::Timestamp>,
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
            role: Role::Produce,
            profile: &args.profile,
            target: &args.target,
            run: &args.run,
            watch: &args.watch,
            output: &args.output,
            view: args.view,
            shard: args.shard.shard,
            start_at: args.start_at,
            workers: args.workers,
            from_beginning: false,
        },
        out,
    )
}
