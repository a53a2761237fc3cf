//! `floodmark broker`: the embedded broker on its own.

use std::{io::Write, net::SocketAddr};

use super::{CommandError, Outcome};
use crate::broker::{Broker, BrokerConfig, WhenFull};
use crate::limits::refuse_few_files;
use crate::profile::units::ByteSize;
use crate::stop::signals::Asked;

/// Flags of `broker`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark broker --listen 127.0.0.1:9092 --partitions 8 --memory-cap 1GiB")]
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
    runtime.block_on(until_next())?;
    broker.stop();
    Ok(Outcome::Done)
}

async fn until_next() -> std::io::Result<()> {
    let _asked = Asked::listen()?.next().await;
    Ok(())
}
