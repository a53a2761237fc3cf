//! `floodmark capacity plan`: what to order for a load.

use std::io::Write;
use std::path::PathBuf;

use super::asked::asked;
use crate::commands::{CommandError, Outcome};
use crate::provision::{Answer, Refusal, plan};
use crate::report::terminal::Look;
use crate::report::terminal::provision::provision;
use crate::units::{ByteSize, Rate, Span};
use crate::verdict::Verdict;

/// Headings of the help.
const LOAD: &str = "Load";
const RATES: &str = "What one partition, consumer or broker holds";
const SIZES: &str = "Bytes and time";
const HABITS: &str = "Margins and copies";

/// Flags of `capacity plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is invented: a line that needs a figure nobody gave is left out, and the plan says which flag would give it.
What is assumed is printed, and a flag changes it.

Examples:
  floodmark capacity plan --peak 40k/s --event-bytes 512B --per-partition 5k/s --per-consumer 2k/s --network-in 125MB/s --network-out 125MB/s
  floodmark capacity plan --curve friday.csv --times 3 --per-consumer-from results/capacity-orders --broker-disk 2TB
  floodmark capacity plan orders.toml --times 3 --brokers 3 --per-broker 50k/s --json

Exit codes: 0 planned; 1 the --brokers are not enough; 2 wrong usage; 3 the --brokers are enough by what is known, and something is not")]
pub struct Args {
    /// A profile: its peak, and the size of its events, where no flag says otherwise
    pub profile: Option<PathBuf>,
    /// Override any key of the profile (repeatable)
    #[arg(long, value_name = "PATH=VALUE", requires = "profile")]
    pub set: Vec<String>,
    /// The wanted peak
    #[arg(long, value_name = "RATE", help_heading = LOAD)]
    pub peak: Option<Rate>,
    /// A curve file: the peak is its busiest bucket
    #[arg(long, value_name = "FILE", conflicts_with = "peak", help_heading = LOAD)]
    pub curve: Option<PathBuf>,
    /// Multiply the peak, and what is kept: 3
    #[arg(long, value_name = "FACTOR", help_heading = LOAD)]
    pub times: Option<f64>,
    /// The mean rate over the retention, --times not applied (default: the curve's fullest stretch of that length, or the peak all the time)
    #[arg(long, value_name = "RATE", help_heading = LOAD)]
    pub mean: Option<Rate>,
    /// Bytes of an event, payload and key, on average (default: as in the search's trial, or in the profile)
    #[arg(long, value_name = "SIZE", help_heading = LOAD)]
    pub event_bytes: Option<ByteSize>,
    /// What the flags of the rates say.
    #[command(flatten)]
    pub rates: RateFlags,
    /// What the flags of bytes and time say.
    #[command(flatten)]
    pub sizes: SizeFlags,
    /// What the flags of habits say.
    #[command(flatten)]
    pub habits: HabitFlags,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// What one partition, consumer and broker hold.
#[derive(Debug, clap::Args)]
pub struct RateFlags {
    /// What producers get into one partition
    #[arg(long, value_name = "RATE", help_heading = RATES)]
    pub per_partition: Option<Rate>,
    /// The same, as a search in this folder confirmed it: its rate over its topics' partitions
    #[arg(long, value_name = "DIR", conflicts_with = "per_partition", help_heading = RATES)]
    pub per_partition_from: Option<PathBuf>,
    /// What one consumer gets through
    #[arg(long, value_name = "RATE", help_heading = RATES)]
    pub per_consumer: Option<Rate>,
    /// The same, as a search in this folder confirmed it, at the output of a pipeline
    #[arg(long, value_name = "DIR", conflicts_with = "per_consumer", help_heading = RATES)]
    pub per_consumer_from: Option<PathBuf>,
    /// How many consumers that pipeline had (default: 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "per_consumer_from", help_heading = RATES)]
    pub measured_consumers: Option<u32>,
    /// What one broker takes from producers, without replication
    #[arg(long, value_name = "RATE", help_heading = RATES)]
    pub per_broker: Option<Rate>,
    /// The same, as a search in this folder confirmed it
    #[arg(long, value_name = "DIR", conflicts_with = "per_broker", help_heading = RATES)]
    pub per_broker_from: Option<PathBuf>,
    /// How many brokers that cluster had (default: 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "per_broker_from", help_heading = RATES)]
    pub measured_brokers: Option<u32>,
    /// How many copies of each partition that cluster kept (default: 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "per_broker_from", help_heading = RATES)]
    pub measured_replication: Option<u32>,
    /// Bytes in a second that one broker may receive
    #[arg(long, value_name = "SIZE/s", value_parser = bytes_per_s, help_heading = RATES)]
    pub network_in: Option<f64>,
    /// Bytes in a second that one broker may send
    #[arg(long, value_name = "SIZE/s", value_parser = bytes_per_s, help_heading = RATES)]
    pub network_out: Option<f64>,
    /// The disk of one broker
    #[arg(long, value_name = "SIZE", help_heading = RATES)]
    pub broker_disk: Option<ByteSize>,
}

/// What is written, and how long it is kept.
#[derive(Debug, clap::Args)]
pub struct SizeFlags {
    /// Bytes written with each event beside its payload and key: of the batch, the record, headers (default: 97B)
    #[arg(long, value_name = "SIZE", help_heading = SIZES)]
    pub overhead_bytes: Option<ByteSize>,
    /// What compression leaves of an event's bytes: 0.4 (default: 1)
    #[arg(long, value_name = "SHARE", help_heading = SIZES)]
    pub compressed_to: Option<f64>,
    /// How long events are kept (default: 7d)
    #[arg(long, value_name = "SPAN", help_heading = SIZES)]
    pub retention: Option<Span>,
    /// How large a segment grows (default: 1GiB)
    #[arg(long, value_name = "SIZE", help_heading = SIZES)]
    pub segment: Option<ByteSize>,
    /// How long a segment is written to (default: 7d)
    #[arg(long, value_name = "SPAN", help_heading = SIZES)]
    pub segment_roll: Option<Span>,
    /// How full a disk may be (default: 0.85)
    #[arg(long, value_name = "SHARE", help_heading = SIZES)]
    pub disk_full: Option<f64>,
    /// How long nothing is read, at the peak (default: 1h)
    #[arg(long, value_name = "SPAN", help_heading = SIZES)]
    pub outage: Option<Span>,
    /// How long consumers may take to catch up after it: as many are planned
    #[arg(long, value_name = "SPAN", help_heading = SIZES)]
    pub catch_up_within: Option<Span>,
}

/// What is usual, until somebody says otherwise.
#[derive(Debug, clap::Args)]
pub struct HabitFlags {
    /// How much more than the peak is planned for, as a share of it (default: 0.2)
    #[arg(long, value_name = "SHARE", help_heading = HABITS)]
    pub spare: Option<f64>,
    /// The fullest partition over the mean one (default: 1)
    #[arg(long, value_name = "FACTOR", help_heading = HABITS)]
    pub skew: Option<f64>,
    /// Consumer groups that read everything (default: 1)
    #[arg(long, value_name = "N", help_heading = HABITS)]
    pub groups: Option<u32>,
    /// Copies of each partition (default: 3)
    #[arg(long, value_name = "N", help_heading = HABITS)]
    pub replication: Option<u16>,
    /// Brokers that may be down while the others hold the load (default: 1)
    #[arg(long, value_name = "N", help_heading = HABITS)]
    pub brokers_down: Option<u16>,
    /// What a follower's copy costs a broker, relative to an event from a producer (default: 1)
    #[arg(long, value_name = "FACTOR", help_heading = HABITS)]
    pub copy_cost: Option<f64>,
    /// How many brokers there are: are they enough?
    #[arg(long, value_name = "N", help_heading = HABITS)]
    pub brokers: Option<u32>,
}

/// `125MB/s`: a size with or without the second.
fn bytes_per_s(text: &str) -> Result<f64, String> {
    let size = text.trim().strip_suffix("/s").unwrap_or(text);
    let size: ByteSize = size.parse().map_err(|error| format!("{error}; write it as in 125MB/s"))?;
    Ok(size.as_bytes() as f64)
}

/// Plans.
///
/// # Errors
/// A flag, profile, curve or search that cannot be used, or a plan that comes to nothing that can be ordered.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let (asked, notes) = asked(args)?;
    let mut planned = plan(&asked)?;
    planned.notes.splice(0..0, notes);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &planned).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(provision(&planned, Look::of_stdout()).as_bytes())?;
    }
    Ok(match planned.brokers {
        Some(Answer::NotEnough) => Outcome::Judged(Verdict::Fail),
        Some(Answer::Unknown) => Outcome::Judged(Verdict::Void),
        Some(Answer::Enough) | None => Outcome::Done,
    })
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        CommandError::Usage(refusal.to_string())
    }
}
