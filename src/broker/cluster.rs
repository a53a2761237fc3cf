//! The state that all connections share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::ceiling::{Batch, Queue};
use super::groups::Groups;
use super::memory::Memory;
use super::misdeeds::Books;
use super::partition::Partition;
use super::quota::Quotas;
use super::readers::ReaderId;
use super::topics::Topics;
use super::transactions::{Ending, Transactions};
use super::{BrokerConfig, WhenFull};

/// The one broker's id.
pub(super) const NODE_ID: BrokerId = BrokerId(1);
/// Room for large frames under a small memory cap: two of the largest frames.
const LEAST_FRAMES_BYTES: u64 = 2 * 100 * 1024 * 1024;

/// A cluster of one broker.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) address: SocketAddr,
    pub(super) config: BrokerConfig,
    pub(super) topics: Topics,
    pub(super) memory: Memory,
    /// Memory of large frames that are incomplete or not answered yet, beside the cap on what is stored.
    pub(super) frames: Memory,
    pub(super) transactions: Transactions,
    pub(super) groups: Groups,
    pub(super) paused: watch::Sender<bool>,
    /// How many connections were closed because of malformed requests?
    pub(super) malformed: AtomicU64,
    /// How many connections are open?
    pub(super) connections: AtomicU64,
    begun: Instant,
    /// What waits to be stored under a ceiling.
    queue: Queue,
    quotas: Quotas,
    /// What it did wrong on purpose.
    pub(super) books: Books,
    arrivals: AtomicU64,
    readers: AtomicU64,
}

impl Cluster {
    pub(super) fn new(id: String, address: SocketAddr, config: BrokerConfig) -> Self {
        Self {
            id,
            address,
            topics: Topics::default(),
            memory: Memory::new(config.memory_cap_bytes),
            frames: Memory::new((config.memory_cap_bytes / 4).max(LEAST_FRAMES_BYTES)),
            transactions: Transactions::default(),
            groups: Groups::default(),
            paused: watch::Sender::new(false),
            malformed: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            begun: Instant::now(),
            queue: Queue::default(),
            quotas: Quotas::default(),
            books: Books::default(),
            arrivals: AtomicU64::new(0),
            readers: AtomicU64::new(0),
            config,
        }
    }

    pub(super) fn host(&self) -> StrBytes {
        StrBytes::from_string(self.address.ip().to_string())
    }

    pub(super) fn port(&self) -> i32 {
        i32::from(self.address.port())
    }

    /// The arrival number of the next batch.
    pub(super) fn next_arrival(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::AcqRel)
    }

    pub(super) fn next_reader(&self) -> ReaderId {
        ReaderId(self.readers.fetch_add(1, Ordering::AcqRel))
    }

    /// Waits until a batch may be stored under the ceiling.
    pub(super) async fn serve(&self, partition: &Partition, batch: Batch) {
        let stored_at = self.config.ceiling.stored_at(&self.queue, &partition.queue, self.begun.elapsed(), batch);
        if let Some(stored_at) = stored_at {
            sleep_until((self.begun + stored_at).into()).await;
        }
    }

    /// How long the quota makes a client wait after it sent a request of `bytes`.
    pub(super) fn throttle(&self, client: &str, bytes: u64) -> Duration {
        let quota = self.config.ceiling.quota_bytes_per_s;
        quota.map_or(Duration::ZERO, |quota| self.quotas.count(client, bytes, quota, self.begun.elapsed()))
    }

    /// Waits for room for `bytes` under the memory cap and reserves it.
    ///
    /// # Errors
    /// No room within `patience`; nothing was reserved.
    pub(super) async fn take_room(&self, bytes: u64, patience: Duration) -> Result<(), ResponseError> {
        if self.try_take_room(bytes) {
            return Ok(());
        }
        let waiting = self.memory.wait_until(|| self.try_take_room(bytes));
        timeout(patience, waiting).await.map_err(|_| ResponseError::RequestTimedOut)
    }

    fn try_take_room(&self, bytes: u64) -> bool {
        if self.memory.try_take(bytes) {
            return true;
        }
        if self.config.when_full == WhenFull::HoldProducers {
            return false;
        }
        let freed = self.topics.drop_read(self.memory.shortfall(bytes));
        self.memory.give_back_quietly(freed);
        freed > 0 && self.memory.try_take(bytes)
    }

    /// Writes the markers of a transaction that has ended, and the offsets that it committed.
    pub(super) fn finish(&self, ending: Ending) {
        let now_ms = now_ms();
        let identity = ending.identity;
        for partition in &ending.partitions {
            let arrival = self.next_arrival();
            let bytes =
                partition.end_transaction(identity.producer_id, identity.epoch, ending.committed, now_ms, arrival);
            self.memory.take(bytes);
        }
        if ending.committed {
            for ((group, topic, partition), offset) in ending.offsets {
                self.groups.commit(&group, &topic, partition, offset);
            }
        }
        self.memory.wake();
    }
}

/// Milliseconds since 1970 by the wall clock.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn cluster_with_cap(memory_cap_bytes: u64) -> Cluster {
        let config = BrokerConfig { memory_cap_bytes, ..BrokerConfig::default() };
        Cluster::new("test".to_owned(), config.listen, config)
    }
}
