//! The transaction coordinator: which producer owns a transactional id, and which partitions its transaction has touched (KIP-98, KIP-360).
//!
//! Nothing here writes: an [`Ending`] lists the partitions that need a marker.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;

use super::groups::CommittedOffset;
use super::locks::lock;
use super::partition::Partition;

/// Kafka's `transaction.max.timeout.ms`.
const MAX_TIMEOUT_MS: i32 = 15 * 60 * 1000;

/// A producer's id and its epoch; a newer epoch fences the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
}

/// Offsets that a transaction commits for consumer groups: by group, topic and partition.
pub(super) type PendingOffsets = BTreeMap<(String, String, i32), CommittedOffset>;

/// A transaction that has ended, and what is left to do: a marker for each partition, and the offsets if it committed.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) identity: Identity,
    pub(super) committed: bool,
    pub(super) partitions: Vec<Arc<Partition>>,
    pub(super) offsets: PendingOffsets,
}

#[derive(Debug)]
enum Phase {
    /// Nothing yet since the producer was initialised.
    New,
    Running {
        since: Instant,
    },
    Ended {
        committed: bool,
    },
}

#[derive(Debug)]
struct Transaction {
    identity: Identity,
    timeout: Duration,
    phase: Phase,
    partitions: BTreeMap<(String, i32), Arc<Partition>>,
    offsets: PendingOffsets,
}

impl Transaction {
    /// # Errors
    /// The producer is not the one that owns the transactional id.
    fn owned_by(&self, claimed: Identity) -> Result<(), ResponseError> {
        if claimed.producer_id != self.identity.producer_id {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        if claimed.epoch != self.identity.epoch {
            return Err(ResponseError::ProducerFenced);
        }
        Ok(())
    }

    fn run(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Running { .. }) {
            self.phase = Phase::Running { since: now };
        }
    }

    /// Ends the open transaction, if there is one. When aborting on the producer's
    /// behalf, bump the epoch first, so that the producer is fenced.
    fn end(&mut self, committed: bool) -> Option<Ending> {
        let Phase::Running { .. } = self.phase else { return None };
        self.phase = Phase::Ended { committed };
        let partitions = std::mem::take(&mut self.partitions).into_values().collect();
        let offsets = std::mem::take(&mut self.offsets);
        Some(Ending { identity: self.identity, committed, partitions, offsets })
    }
}

/// All transactional ids, and the source of producer ids.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    by_id: Mutex<HashMap<String, Transaction>>,
    next_producer_id: AtomicI64,
}

impl Transactions {
    /// An unused producer id, for an idempotent producer without transactions.
    pub(super) fn fresh_identity(&self) -> Identity {
        Identity { producer_id: self.next_producer_id.fetch_add(1, Ordering::AcqRel), epoch: 0 }
    }

    /// Gives the transactional id to the requesting producer, and fences the previous one, aborting its open transaction.
    ///
    /// # Errors
    /// The timeout is out of range, or the producer claims to be one that has been fenced.
    pub(super) fn initialise(
        &self,
        transactional_id: &str,
        timeout_ms: i32,
        claimed: Option<Identity>,
    ) -> Result<(Identity, Option<Ending>), ResponseError> {
        if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let timeout = Duration::from_millis(u64::from(timeout_ms.unsigned_abs()));
        let mut by_id = lock(&self.by_id);
        let Some(known) = by_id.get_mut(transactional_id) else {
            let identity = self.fresh_identity();
            let (partitions, offsets) = (BTreeMap::new(), PendingOffsets::new());
            let new = Transaction { identity, timeout, phase: Phase::New, partitions, offsets };
            by_id.insert(transactional_id.to_owned(), new);
            return Ok((identity, None));
        };
        if claimed.is_some_and(|claimed| known.owned_by(claimed).is_err()) {
            return Err(ResponseError::ProducerFenced);
        }
        known.identity.epoch = known.identity.epoch.saturating_add(1);
        let ending = known.end(false);
        if known.identity.epoch == i16::MAX {
            known.identity = self.fresh_identity();
        }
        known.timeout = timeout;
        known.phase = Phase::New;
        Ok((known.identity, ending))
    }

    /// Adds partitions to the producer's transaction, beginning it if necessary.
    ///
    /// # Errors
    /// The producer does not own the transactional id, or a partition is gone.
    pub(super) fn add_partitions(
        &self,
        transactional_id: &str,
        claimed: Identity,
        partitions: Vec<((String, i32), Arc<Partition>)>,
    ) -> Result<(), ResponseError> {
        self.with_owned(transactional_id, claimed, |transaction| {
            for (place, partition) in partitions {
                partition.begin_transaction(claimed.producer_id)?;
                transaction.run(Instant::now());
                transaction.partitions.insert(place, partition);
            }
            Ok(())
        })
    }

    /// Adds a group's offsets to the producer's transaction, beginning it if necessary.
    ///
    /// # Errors
    /// The producer does not own the transactional id.
    pub(super) fn add_offsets(
        &self,
        transactional_id: &str,
        claimed: Identity,
        offsets: PendingOffsets,
    ) -> Result<(), ResponseError> {
        self.with_owned(transactional_id, claimed, |transaction| {
            transaction.run(Instant::now());
            transaction.offsets.extend(offsets);
            Ok(())
        })
    }

    /// Ends the producer's transaction. None if it has already ended in the same way: a retry.
    ///
    /// # Errors
    /// The producer does not own the transactional id, or no transaction is open.
    pub(super) fn end(
        &self,
        transactional_id: &str,
        claimed: Identity,
        committed: bool,
    ) -> Result<Option<Ending>, ResponseError> {
        self.with_owned(transactional_id, claimed, |transaction| match transaction.phase {
            Phase::Running { .. } => Ok(transaction.end(committed)),
            Phase::Ended { committed: before } if before == committed => Ok(None),
            Phase::Ended { .. } | Phase::New => Err(ResponseError::InvalidTxnState),
        })
    }

    /// Aborts the transactions that have been open for longer than their timeout at `now`, and fences their producers.
    pub(super) fn expire(&self, now: Instant) -> Vec<Ending> {
        let overdue = |transaction: &&mut Transaction| match transaction.phase {
            Phase::Running { since } => now.saturating_duration_since(since) > transaction.timeout,
            Phase::New | Phase::Ended { .. } => false,
        };
        let abort = |transaction: &mut Transaction| {
            transaction.identity.epoch = transaction.identity.epoch.saturating_add(1);
            transaction.end(false)
        };
        lock(&self.by_id).values_mut().filter(overdue).filter_map(abort).collect()
    }

    fn with_owned<T>(
        &self,
        transactional_id: &str,
        claimed: Identity,
        act: impl FnOnce(&mut Transaction) -> Result<T, ResponseError>,
    ) -> Result<T, ResponseError> {
        let mut by_id = lock(&self.by_id);
        let transaction = by_id.get_mut(transactional_id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.owned_by(claimed)?;
        act(transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(transactions: &Transactions) -> Identity {
        let (identity, ending) = transactions.initialise("t", 60_000, None).unwrap();
        assert!(ending.is_none());
        transactions.add_partitions("t", identity, vec![(("a".to_owned(), 0), Arc::default())]).unwrap();
        identity
    }

    #[test]
    fn a_transaction_ends_once_and_a_retry_is_harmless() {
        let transactions = Transactions::default();
        let identity = begun(&transactions);
        let ending = transactions.end("t", identity, true).unwrap().unwrap();
        assert!(ending.committed && ending.partitions.len() == 1);
        assert!(transactions.end("t", identity, true).unwrap().is_none());
        assert_eq!(transactions.end("t", identity, false).unwrap_err(), ResponseError::InvalidTxnState);
    }

    #[test]
    fn a_second_instance_fences_the_first_and_aborts_what_it_left() {
        let transactions = Transactions::default();
        let first = begun(&transactions);
        let (second, ending) = transactions.initialise("t", 60_000, None).unwrap();
        let ending = ending.unwrap();
        assert!(!ending.committed && ending.partitions.len() == 1);
        assert_eq!(second, Identity { producer_id: first.producer_id, epoch: first.epoch + 1 });
        assert_eq!(ending.identity, second, "the marker carries the newer epoch");
        assert_eq!(transactions.end("t", first, true).unwrap_err(), ResponseError::ProducerFenced);
        assert_eq!(transactions.initialise("t", 60_000, Some(first)).unwrap_err(), ResponseError::ProducerFenced);
    }

    #[test]
    fn an_overdue_transaction_is_aborted_and_its_producer_fenced() {
        let transactions = Transactions::default();
        let identity = begun(&transactions);
        assert!(transactions.expire(Instant::now()).is_empty());
        let later = Instant::now() + Duration::from_secs(61);
        assert_eq!(transactions.expire(later).len(), 1);
        assert!(transactions.expire(later).is_empty());
        assert_eq!(transactions.end("t", identity, true).unwrap_err(), ResponseError::ProducerFenced);
    }

    #[test]
    fn used_up_epochs_lead_to_a_new_producer_id() {
        let transactions = Transactions::default();
        let (first, _) = transactions.initialise("t", 1, None).unwrap();
        let last = (0..i32::from(i16::MAX)).map(|_| transactions.initialise("t", 1, None).unwrap().0).last().unwrap();
        assert_eq!(last, Identity { producer_id: first.producer_id + 1, epoch: 0 });
    }
}
