//! Opens a client: the topic's leaders are known and connected, and the producer has its id, before the first event is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, InitProducerIdRequest};

use super::cluster::{Cluster, Linked};
use super::deliveries::Deliveries;
use super::options::Options;
use super::shelf::Shelf;
use super::sink::Sink;
use super::wire::{ConnectOptions, Connection, Layout, SecurityError, WireError};

/// How long to wait before a cluster that is not ready is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A client that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// No broker could be used.
    #[error("the direct client: {0}")]
    Wire(#[from] WireError),
    /// It cannot encrypt or log in as it is told.
    #[error("the direct client: {0}")]
    Security(#[from] SecurityError),
    /// The topic is not there, or nobody leads it.
    #[error("the direct client: partition {partition} of topic {topic} has no leader")]
    NoLeader {
        /// The topic.
        topic: String,
        /// Its first partition without one.
        partition: usize,
    },
    /// The cluster's access control.
    #[error(
        "the direct client: this user lacks the right IdempotentWrite on the cluster, or Write on topic {0}; grant it, or use client = \"librdkafka\""
    )]
    Denied(String),
    /// A stream that is sent in transactions.
    #[error("the direct client has no transactions; use client = \"librdkafka\"")]
    NoTransactions,
    /// The system has no more sockets.
    #[error("the direct client: {0}")]
    System(#[from] std::io::Error),
}

impl DirectError {
    /// Whether another attempt may go better.
    fn may_pass(&self) -> bool {
        match self {
            DirectError::Wire(error) => !error.is_final(),
            DirectError::NoLeader { .. } => true,
            _ => false,
        }
    }
}

/// Opens a client from a producer's settings, as its two ends. It holds at most `capacity` events.
///
/// # Errors
/// [`DirectError`], within about `timeout`.
pub(crate) fn open(
    topic: &str,
    settings: &BTreeMap<String, String>,
    capacity: usize,
    timeout: Duration,
) -> Result<(Sink, Deliveries), DirectError> {
    let options = Arc::new(Options::of(topic, settings, capacity)?);
    let deadline = Instant::now() + timeout;
    let (layout, identity) = until(deadline, || prepare(&options))?;
    let links = connected(&options.connect, &layout)?;
    let partitions = layout.leaders.len();
    let shelf = Arc::new(Shelf::new(partitions, options.limits.fullness)?);
    let (returning, returned) = channel();
    let cluster = Cluster::of(options.contact(), Arc::<Shelf>::clone(&shelf), layout, links);
    let sink = Sink::new(Arc::clone(&shelf), options.limits, returned);
    Ok((sink, Deliveries::new(options, shelf, cluster, identity, partitions, returning)))
}

/// Tries until it works or the deadline is over; what will not change is not tried again.
pub(super) fn until<T>(
    deadline: Instant,
    mut attempt: impl FnMut() -> Result<T, DirectError>,
) -> Result<T, DirectError> {
    loop {
        match attempt() {
            Err(error) if error.may_pass() && Instant::now() < deadline => sleep(ASK_AGAIN),
            done => return done,
        }
    }
}

/// Who leads the topic, and the producer's id and epoch.
fn prepare(options: &Options) -> Result<(Layout, (i64, i16)), DirectError> {
    let mut connection = first_of(options)?;
    let layout = Layout::ask(&mut connection, &options.topic)?;
    let without = layout.leaders.iter().position(Option::is_none);
    match without {
        Some(partition) => Err(DirectError::NoLeader { topic: options.topic.clone(), partition }),
        None => Ok((layout, identity(&mut connection, &options.topic)?)),
    }
}

fn first_of(options: &Options) -> Result<Connection, WireError> {
    let mut last = WireError::no_broker();
    for host in &options.bootstrap {
        match Connection::open(host, &options.connect) {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn identity(connection: &mut Connection, topic: &str) -> Result<(i64, i16), DirectError> {
    let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
    let answer = connection.call(ApiKey::InitProducerId, &request)?;
    match ResponseError::try_from_code(answer.error_code) {
        None => Ok((answer.producer_id.0, answer.producer_epoch)),
        Some(ResponseError::ClusterAuthorizationFailed) => Err(DirectError::Denied(topic.to_owned())),
        Some(code) => Err(connection.refused("a producer id", &code).into()),
    }
}

/// Connects to every leader; one that cannot be reached now is tried again later.
pub(super) fn connected<L: Linked>(options: &ConnectOptions, layout: &Layout) -> Result<BTreeMap<i32, L>, DirectError> {
    let leaders: BTreeSet<i32> = layout.leaders.iter().flatten().copied().collect();
    let hosts = layout.brokers.iter().filter(|(id, _)| leaders.contains(id));
    let linked = hosts.map(|(id, host)| (*id, Connection::open(host, options).and_then(L::over)));
    let mut links = BTreeMap::new();
    for (id, link) in linked {
        match link {
            Ok(link) => drop(links.insert(id, link)),
            Err(error) if error.is_final() => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(links)
}
