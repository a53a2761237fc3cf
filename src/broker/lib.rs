//! The embedded broker: real Kafka protocol over TCP on loopback, in process.
//!
//! A cluster of one broker that keeps everything in memory and loses nothing that it acknowledged. Ordinary clients can use it. It serves
//! load tests on one machine: no replication, no disk, no security, and no compaction or time-based retention.
//!
//! At its memory cap it drops the oldest batches that its consumers have read, or holds producers back: it answers their Produce request
//! when there is room, or, once the request's own timeout has passed, with `REQUEST_TIMED_OUT`, having stored nothing. A fetch at an offset
//! means that everything below it was read; with several consumers of a partition the slowest counts, as long as it is connected and has
//! fetched within the last minute. Unread batches are never dropped.
//!
//! Whoever runs it knows its consumers, and may let it drop what they have read at once ([`Broker::drop_when_read_by`]).
//!
//! With a [`Ceiling`] it takes in no more than that, so that a search for its capacity can be checked; with [`Misdeeds`] it does wrong, so that
//! what checks its clients can be.
//!
//! `ListOffsets` by timestamp is exact for uncompressed batches and returns the batch's first offset for compressed ones.

mod admin;
mod batch;
mod ceiling;
mod cluster;
mod configs;
mod connection;
mod describing;
mod fetch;
mod groups;
mod link;
mod locks;
mod log;
mod membership;
mod memory;
mod metadata;
mod misdeeds;
mod offset_commits;
mod offsets;
mod partition;
mod produce;
mod producers;
mod quota;
mod readers;
mod reply;
mod requests;
mod server;
pub mod shape;
mod shapes;
mod topics;
mod transacting;
mod transactions;
mod versions;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use thiserror::Error;

pub use ceiling::{Ceiling, Pause, ServiceTimes};
pub use misdeeds::{Done, Misdeeds};
pub use server::Broker;

/// What the broker does with a batch that does not fit under its memory cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Hold the producer back until topics or records are deleted.
    HoldProducers,
    /// Drop the oldest batches that the partition's consumers have read; hold the producer back while there are none.
    #[default]
    DropRead,
}

/// How to run a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerConfig {
    /// Where to listen; port 0 chooses a free one. Only loopback addresses are accepted.
    pub listen: SocketAddr,
    /// The default number of partitions of a new topic.
    pub default_partitions: i32,
    /// How many bytes of batches are kept. A single batch larger than this is still accepted when nothing else is stored, and transaction
    /// markers (206 bytes each with their bookkeeping) are written even at the cap.
    pub memory_cap_bytes: u64,
    /// What happens at the cap.
    pub when_full: WhenFull,
    /// Create a topic when a client asks for its metadata and allows its creation.
    pub auto_create_topics: bool,
    /// What it takes in at most.
    pub ceiling: Ceiling,
    /// What it does wrong on purpose.
    pub misdeeds: Misdeeds,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            default_partitions: 1,
            memory_cap_bytes: 1 << 30,
            when_full: WhenFull::default(),
            auto_create_topics: false,
            ceiling: Ceiling::default(),
            misdeeds: Misdeeds::default(),
        }
    }
}

/// Why a broker did not start.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// The address can be reached from other machines.
    #[error("the embedded broker has no security, so it listens only on loopback, not on {0}: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}; another port, or port 0 for any free one, may work")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// A default number of partitions below 1.
    #[error("default_partitions = {0}; it must be at least 1")]
    Partitions(i32),
    /// The threads that serve clients could not be started.
    #[error("cannot start the broker's threads: {0}")]
    Threads(io::Error),
}
