//! The running broker: its listener, its thread, and its shutdown.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

use super::cluster::Cluster;
use super::connection::serve;
use super::topics::random_id;
use super::{BrokerConfig, BrokerError, Done};

/// One thread serves all clients: it mostly moves bytes, and the generator and consumer need the other cores.
const WORKERS: usize = 1;
/// How often transactions and group members are checked against their timeouts.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait before accepting again when the system is out of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A running broker. It stops when dropped.
#[derive(Debug)]
pub struct Broker {
    cluster: Arc<Cluster>,
    runtime: Option<Runtime>,
}

impl Broker {
    /// Starts a broker on its own threads and returns once clients can connect.
    ///
    /// # Errors
    /// The address is not on loopback or cannot be bound, or a number in the configuration is out of range.
    pub fn start(config: BrokerConfig) -> Result<Self, BrokerError> {
        let address = config.listen;
        if !address.ip().is_loopback() {
            return Err(BrokerError::NotLoopback(address));
        }
        if config.default_partitions < 1 {
            return Err(BrokerError::Partitions(config.default_partitions));
        }
        let listen_error = |source| BrokerError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen_error)?;
        listener.set_nonblocking(true).map_err(listen_error)?;
        let bound = listener.local_addr().map_err(listen_error)?;
        let cluster = Arc::new(Cluster::new(cluster_id(), bound, config));
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("broker")
            .enable_all()
            .build()
            .map_err(BrokerError::Threads)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(listen_error)?
        };
        runtime.spawn(accept(Arc::clone(&cluster), listener));
        runtime.spawn(expire(Arc::clone(&cluster)));
        Ok(Self { cluster, runtime: Some(runtime) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.cluster.address
    }

    /// The cluster's id: new and random at every start.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.cluster.id
    }

    /// How many bytes are stored, as the memory cap counts them: batches, plus 128 bytes each.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.cluster.memory.used_bytes()
    }

    /// From now on drops at once what all consumers of a topic have read, as long as there are this many, and not only at the memory cap.
    /// They have begun to read by now. Whoever has read from it and left counts on, at the place where it left: it may come back. Partitions
    /// that the topic gains later, and another topic of this name, keep everything.
    pub fn drop_when_read_by(&self, readers: usize, topic: &str) {
        if let Some(topic) = self.cluster.topics.named(topic) {
            topic.drop_when_read_by(readers);
        }
    }

    /// Whether a producer waits at the memory cap, until there is room.
    #[must_use]
    pub fn holds_producers(&self) -> bool {
        self.cluster.memory.is_waited_for()
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.cluster.connections.load(Ordering::Acquire)
    }

    /// How many bytes large requests take that are incomplete or not answered yet.
    #[must_use]
    pub fn unfinished_bytes(&self) -> u64 {
        self.cluster.frames.used_bytes()
    }

    /// How many connections were closed because of requests that are not Kafka's protocol, or not supported here.
    #[must_use]
    pub fn malformed_connections(&self) -> u64 {
        self.cluster.malformed.load(Ordering::Acquire)
    }

    /// What it did wrong on purpose.
    #[must_use]
    pub fn done(&self) -> Done {
        self.cluster.books.done()
    }

    /// Stops answering. Connections stay open, and requests wait; nothing is lost.
    pub fn pause(&self) {
        self.cluster.paused.send_replace(true);
    }

    /// Answers again.
    pub fn resume(&self) {
        self.cluster.paused.send_replace(false);
    }

    /// Closes all connections and forgets all data.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // Waiting for the threads is not allowed inside another runtime.
        if Handle::try_current().is_ok() {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(STOP_PATIENCE);
        }
    }
}

/// 16 random bytes in the URL-safe base 64 of Kafka's own ids: 22 characters.
fn cluster_id() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = random_id().as_u128();
    // 22 digits of 6 bits hold 132 bits: the last digit has 4 padding bits on its right.
    let digit = |index: u32| if index < 21 { bits >> (122 - 6 * index) } else { bits << 4 };
    (0..22).map(|index| char::from(DIGITS[(digit(index) & 63) as usize])).collect()
}

async fn accept(cluster: Arc<Cluster>, listener: tokio::net::TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(Arc::clone(&cluster), stream))),
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// Ends transactions and memberships of clients that are silent.
async fn expire(cluster: Arc<Cluster>) {
    let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        cluster.transactions.expire(now).into_iter().for_each(|ending| cluster.finish(ending));
        cluster.groups.expire(now);
        // Consumers that are silent stop counting, which may make room.
        cluster.memory.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_accepted() {
        let config = BrokerConfig { listen: "0.0.0.0:0".parse().unwrap(), ..BrokerConfig::default() };
        assert!(matches!(Broker::start(config), Err(BrokerError::NotLoopback(_))));
    }

    #[test]
    fn a_taken_port_is_named() {
        let first = Broker::start(BrokerConfig::default()).unwrap();
        let config = BrokerConfig { listen: first.address(), ..BrokerConfig::default() };
        let error = Broker::start(config).unwrap_err().to_string();
        assert!(error.contains(&first.address().to_string()), "{error}");
    }

    #[test]
    fn cluster_ids_look_like_kafkas_and_differ() {
        let (first, second) = (cluster_id(), cluster_id());
        assert_eq!(first.len(), 22);
        assert_ne!(first, second);
    }
}
