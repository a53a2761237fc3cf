//! `floodmark plan`: what a profile would send.

use std::io::Write;

use super::{CommandError, Outcome, flags};
use crate::registry::{Purpose, settle_schemas};
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::plan::{plan_report, sample_report, samples_json};
use crate::run::{Plan, RunError, samples};

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark plan bot-flood
  floodmark plan peak3x --rate-scale 2 --json
  floodmark plan average --sample 3
  floodmark plan average --sample 3 --json")]
pub struct Args {
    /// Which traffic.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which part of it.
    #[command(flatten)]
    pub shard: flags::ShardFlag,
    /// Print the plan as JSON, with a fingerprint of its events; with --sample, the messages
    #[arg(long)]
    pub json: bool,
    /// Print the first messages of each stream as they would be sent by a run that starts on 2030-01-01, instead of the plan
    #[arg(long, value_name = "N", conflicts_with = "shard")]
    pub sample: Option<usize>,
}

/// Shows the plan.
///
/// # Errors
/// A profile or flag that cannot be used, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let mut loaded = args.profile.load()?;
    let settled = settle_schemas(&mut loaded, Purpose::Look).map_err(RunError::from)?;
    if let Some(count) = args.sample {
        // Nobody to hear it is no reason to stop.
        let _unheard = to_stderr(&settled.iter().map(|note| format!("note: {note}\n")).collect::<String>());
        let samples = samples(&loaded.profile, count);
        if args.json {
            writeln!(out, "{:#}", samples_json(&samples))?;
        } else {
            out.write_all(&sample_report(&samples))?;
        }
        return Ok(Outcome::Done);
    }
    loaded.notices.extend(settled);
    let plan = Plan::of(&loaded, args.shard.shard);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &plan).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(plan_report(loaded.profile.description.as_deref(), &plan, Look::of_stdout()).as_bytes())?;
    }
    Ok(Outcome::Done)
}
