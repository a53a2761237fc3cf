//! `floodmark consume`: only observes.

use std::io::Write;

use super::carry_out::{Wanted, carry_out};
use super::{CommandError, Outcome, flags};
use crate::conclude::Role;

/// Flags of `consume`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark consume average -b localhost:9092 --run-id night --out results/c

Two observers, each of which reads every second partition of every topic:
  floodmark consume average -b localhost:9092 --run-id night --shard 0/2 --out results/c
  floodmark consume average -b localhost:9092 --run-id night --shard 1/2 --out results/d")]
pub struct Args {
    /// Which traffic to expect.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which partitions.
    #[command(flatten)]
    pub shard: flags::ObserverFlag,
    /// When `produce` starts, if it has --start-at: 2030-01-31T22:00:00Z
    #[arg(long, value_name = "TIME")]
    pub start_at: Option<jiff::Timestamp>,
    /// Read from the first record in the topic, for when sending has already begun
    #[arg(long)]
    pub from_beginning: bool,
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
            role: Role::Consume,
            profile: &args.profile,
            target: &args.target,
            run: &args.run,
            watch: &args.watch,
            output: &args.output,
            view: args.view,
            shard: args.shard.shard,
            start_at: args.start_at,
            workers: None,
            from_beginning: args.from_beginning,
        },
        out,
    )
}
