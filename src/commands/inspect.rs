//! `floodmark inspect`: what a topic's messages look like, and what to write about them in a profile.

use std::io::Write;
use std::path::PathBuf;

use super::by_registry::ByRegistry;
use super::{CommandError, Outcome, flags};
use crate::inspect::live::{InspectError, Order, newest};
use crate::inspect::{Inspection, RegistryLook, Shown, inspect, stage_text, stream_text};
use crate::limits::refuse_few_files;
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::inspect::{for_people, for_programs};
use crate::results::pending::write_whole;

/// Flags of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is written to the cluster, and no offset is committed. Values are shown by their form (letters as x, digits as 9) unless
--show-values is given.

Examples:
  floodmark inspect -b localhost:9092 -t orders
  floodmark inspect -b localhost:9092 -t orders --registry http://localhost:8081
  floodmark inspect -b localhost:9092 -t orders-enriched --write stage >> orders.toml
  floodmark inspect -b localhost:9092 -t orders --write stream --out orders-stream.toml")]
pub struct Args {
    /// The topic; any topic is allowed, as it is only read
    #[arg(short, long, value_name = "TOPIC")]
    pub topic: String,
    /// How many of its newest messages to read, spread over the partitions
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub messages: u64,
    /// The schema registry that knows the messages' schemas, such as http://127.0.0.1:8081 [login: FLOODMARK_REGISTRY_USER, FLOODMARK_REGISTRY_PASSWORD]
    #[arg(long, value_name = "URL")]
    pub registry: Option<String>,
    /// Show values as they are
    #[arg(long)]
    pub show_values: bool,
    /// Print a table for a profile instead: `stage`, which observes the topic, or `stream`, which resembles it
    #[arg(long, value_name = "TABLE", hide_possible_values = true)]
    pub write: Option<Table>,
    /// Write the table to this file, which must not exist
    #[arg(short, long, value_name = "FILE", requires = "write")]
    pub out: Option<PathBuf>,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Print only JSON
    #[arg(long, conflicts_with = "write")]
    pub json: bool,
}

/// What is written for a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// `[[stream.stage]]`, with the places of id and times
    Stage,
    /// `[[stream]]`, with rate, keys and sizes
    Stream,
}

/// Inspects.
///
/// # Errors
/// A topic that cannot be read, or a file that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    if let Some(file) = args.out.as_ref().filter(|file| file.exists()) {
        return Err(CommandError::Usage(format!(
            "{} already exists: remove it, or name another --out",
            file.display()
        )));
    }
    let shown = if args.show_values { Shown::Values } else { Shown::Masked };
    let asked = Asked { topic: &args.topic, messages: args.messages, shown, registry: args.registry.as_deref() };
    let seen = seen(&args.target, &asked)?;
    match args.write {
        None if args.json => writeln!(out, "{:#}", for_programs(&seen))?,
        None => out.write_all(for_people(&seen, Look::of_stdout()).as_bytes())?,
        Some(table) => {
            let text = match table {
                Table::Stage => stage_text(&seen),
                Table::Stream => stream_text(&seen),
            };
            match &args.out {
                None => out.write_all(text.as_bytes())?,
                Some(file) => {
                    write_whole(file, text.as_bytes()).map_err(|error| CommandError::Environment(error.to_string()))?
                }
            }
        }
    }
    Ok(Outcome::Done)
}

/// What is looked at, and how.
pub(super) struct Asked<'a> {
    pub(super) topic: &'a str,
    pub(super) messages: u64,
    pub(super) shown: Shown,
    pub(super) registry: Option<&'a str>,
}

/// Reads and looks. What a registry could not decode is said on standard error.
pub(super) fn seen(target: &flags::TargetFlags, asked: &Asked<'_>) -> Result<Inspection, CommandError> {
    refuse_few_files().map_err(CommandError::Environment)?;
    let (settings, topic) = (target.settings()?, asked.topic);
    if settings.brokers().is_none() {
        return Err(CommandError::Usage(format!("name the cluster that has topic {topic} with -b HOST:PORT")));
    }
    let registry = asked.registry.map(ByRegistry::at).transpose()?;
    let allow_cluster = target.allow_cluster.as_deref();
    let (partitions, messages) =
        newest(&Order { settings: &settings, allow_cluster, topic, messages: asked.messages })?;
    let Some(registry) = registry else { return Ok(inspect(topic, partitions, &messages, asked.shown, None)) };
    let mut seen = inspect(topic, partitions, &messages, asked.shown, Some(&|message| registry.decode(message)));
    let url = asked.registry.unwrap_or_default().to_owned();
    seen.registry = registry.codec().map(|codec| RegistryLook { url, codec });
    if let Some(why) = registry.refusal() {
        // Nobody to hear it is no reason to stop.
        let _unheard = to_stderr(&format!("note: some messages cannot be decoded: {why}\n"));
    }
    Ok(seen)
}

impl From<InspectError> for CommandError {
    fn from(error: InspectError) -> Self {
        let text = error.to_string();
        match error {
            InspectError::Empty { .. } => CommandError::Nothing(text),
            error if error.is_usage() => CommandError::Usage(text),
            _ => CommandError::Environment(text),
        }
    }
}
