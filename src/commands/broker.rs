//! `floodmark broker`: the embedded broker on its own.

use std::{io::Write, net::SocketAddr};

use super::{CommandError, Outcome};
use crate::profile::units::ByteSize;

/// Flags of `broker`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  floodmark broker --listen 127.0.0.1:9092 --partitions 8 --memory-cap 1GiB")]
pub struct Args {
    /// The address to serve at; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092")]
    pub listen: SocketAddr,
    /// Partitions of topics that are created by being used
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub partitions: u32,
    /// The most memory that records take
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    pub memory_cap: ByteSize,
}

/// Runs the command.
///
/// # Errors
/// An address that cannot be served at.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Outcome, CommandError> {
    Err(CommandError::Environment("`broker` is not wired yet".to_owned()))
}
