//! `floodmark broker`: the embedded broker on its own.

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use super::{CommandError, Outcome};
use crate::broker::{Broker, BrokerConfig, Ceiling, Misdeeds, Pause, ServiceTimes, WhenFull};
use crate::limits::refuse_few_files;
use crate::profile::Span;
use crate::profile::units::{ByteSize, Rate};
use crate::report::output::to_stderr;
use crate::stop::signals::Asked;

/// How often it is looked whether producers are held back.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Flags of `broker`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark broker --listen 127.0.0.1:9092 --partitions 8 --memory-cap 1GiB
  floodmark broker --ceiling 2k/s        a target whose capacity is known, for `floodmark capacity`")]
pub struct Args {
    /// The address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092")]
    pub listen: SocketAddr,
    /// Partitions of topics that are created automatically
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub partitions: u32,
    /// The most memory that records may take
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    pub memory_cap: ByteSize,
    /// At the memory cap, hold producers back instead of dropping records that have been read
    #[arg(long)]
    pub hold_producers: bool,
    /// Create a topic when a client asks for it
    #[arg(long)]
    pub auto_create_topics: bool,
    /// What it takes in at most, so that its capacity is known.
    #[command(flatten, next_help_heading = "Ceiling")]
    pub ceiling: CeilingFlags,
}

/// What the broker takes in at most.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CeilingFlags {
    /// The most events that it takes: 2k/s
    #[arg(long = "ceiling", value_name = "RATE")]
    pub events: Option<Rate>,
    /// The most bytes of batches that it takes in a second: 5MB
    #[arg(long = "ceiling-bytes", value_name = "SIZE")]
    pub bytes: Option<ByteSize>,
    /// The most events that each partition takes
    #[arg(long, value_name = "RATE")]
    pub partition_ceiling: Option<Rate>,
    /// The most bytes of batches that each partition takes in a second
    #[arg(long, value_name = "SIZE")]
    pub partition_ceiling_bytes: Option<ByteSize>,
    /// Let the time that each event takes vary exponentially; not at all without it
    #[arg(long)]
    pub exponential: bool,
    /// Take nothing at the end of each period: 200ms/5s
    #[arg(long, value_name = "SPAN/PERIOD")]
    pub pause: Option<Pauses>,
    /// The most bytes a second of each client id, as Kafka's producer_byte_rate: 1MB
    #[arg(long, value_name = "SIZE")]
    pub quota: Option<ByteSize>,
}

impl CeilingFlags {
    fn ceiling(&self) -> Result<Ceiling, CommandError> {
        Ok(Ceiling {
            events_per_s: whole("ceiling", self.events)?,
            bytes_per_s: self.bytes.and_then(|bytes| NonZeroU64::new(bytes.as_bytes())),
            partition_events_per_s: whole("partition-ceiling", self.partition_ceiling)?,
            partition_bytes_per_s: self.partition_ceiling_bytes.and_then(|bytes| NonZeroU64::new(bytes.as_bytes())),
            service: if self.exponential { ServiceTimes::Exponential } else { ServiceTimes::Constant },
            pause: self.pause.map(|Pauses(pause)| pause),
            quota_bytes_per_s: self.quota.and_then(|bytes| NonZeroU64::new(bytes.as_bytes())),
        })
    }
}

/// A rate in whole events a second.
fn whole(flag: &str, rate: Option<Rate>) -> Result<Option<NonZeroU64>, CommandError> {
    let Some(rate) = rate else { return Ok(None) };
    match NonZeroU64::new(rate.as_per_s().round() as u64) {
        Some(per_s) => Ok(Some(per_s)),
        None => Err(CommandError::Usage(format!("--{flag} {rate}: the least ceiling is 1/s"))),
    }
}

/// A pause and its period, as in `200ms/5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses(Pause);

impl FromStr for Pauses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (lasts, every) = text.split_once('/').ok_or("write it as 200ms/5s: the pause, and how often")?;
        let span = |text: &str| text.trim().parse::<Span>().map_err(|error| error.to_string());
        let [lasts, every] = [span(lasts)?, span(every)?];
        if lasts >= every {
            return Err(format!("a pause of {lasts} leaves nothing of {every}"));
        }
        let duration = |span: Span| Duration::from_nanos(span.as_nanos());
        Ok(Pauses(Pause { every: duration(every), lasts: duration(lasts) }))
    }
}

/// Serves until Ctrl-C, SIGTERM or SIGHUP.
///
/// # Errors
/// An address that cannot be served at.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let config = BrokerConfig {
        listen: args.listen,
        default_partitions: args.partitions as i32,
        memory_cap_bytes: args.memory_cap.as_bytes(),
        when_full: if args.hold_producers { WhenFull::HoldProducers } else { WhenFull::DropRead },
        auto_create_topics: args.auto_create_topics,
        ceiling: args.ceiling.ceiling()?,
        misdeeds: Misdeeds::default(),
    };
    refuse_few_files().map_err(CommandError::Environment)?;
    let broker = Broker::start(config).map_err(|error| CommandError::Environment(error.to_string()))?;
    writeln!(
        out,
        "listening on {} (cluster {}); Ctrl-C ends the broker and deletes its data",
        broker.address(),
        broker.cluster_id()
    )?;
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut full = Full { is_held: false, is_said: false, note: full_note(args) };
    runtime.block_on(until_next(|| full.look(broker.holds_producers())))?;
    broker.stop();
    Ok(Outcome::Done)
}

/// Waits for a signal, and looks around now and then.
async fn until_next(mut look: impl FnMut()) -> std::io::Result<()> {
    let mut asked = Asked::listen()?;
    while tokio::time::timeout(LOOK_EVERY, asked.next()).await.is_err() {
        look();
    }
    Ok(())
}

/// Whether producers are held back at the memory cap: it looks as if the broker hung, so it is said once.
struct Full {
    /// They were when it was last looked.
    is_held: bool,
    is_said: bool,
    note: String,
}

impl Full {
    /// Says so when they are still held at the second look.
    fn look(&mut self, is_held: bool) {
        if is_held && self.is_held && !self.is_said {
            // Nobody to hear it is no reason to stop.
            let _unheard = to_stderr(&self.note);
            self.is_said = true;
        }
        self.is_held = is_held;
    }
}

fn full_note(args: &Args) -> String {
    let (until, way_out) = if args.hold_producers {
        ("topics or records are deleted", "")
    } else {
        ("consumers have read what is stored", "run a consumer, or ")
    };
    format!(
        "note: records have reached the memory cap of {}, so producers wait until {until}: {way_out}start the broker with a larger --memory-cap\n",
        args.memory_cap
    )
}
