//! One partition: its log, what it knows of producers and transactions, and who waits for it to grow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::sync::Notify;

use super::batch::{self, BatchHeader};
use super::ceiling::Queue;
use super::locks::lock;
use super::log::{PartitionLog, StoredBatch, TimedOffset, cost_bytes};
use super::producers::{Producers, Sequencing};
use super::readers::{ReaderId, Readers};

/// The result of an append.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appended {
    pub(super) base_offset: i64,
    pub(super) log_start_offset: i64,
    /// The batch was already stored, and was not stored again.
    pub(super) duplicate: bool,
}

/// The offsets that bound what can be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) log_start: i64,
    /// Below it, all transactions have ended.
    pub(super) last_stable: i64,
    pub(super) high_watermark: i64,
}

/// An aborted transaction, as read-committed consumers need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aborted {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
    /// Offset of its marker.
    pub(super) last_offset: i64,
}

/// The result of a fetch.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) bounds: Bounds,
    pub(super) batches: Vec<StoredBatch>,
    /// None for consumers that read uncommitted data.
    pub(super) aborted: Option<Vec<Aborted>>,
    /// The consumer requests another offset than before: what it has read may be dropped now.
    pub(super) moved: bool,
    /// How much of the memory cap is free now, because the last of the consumers has read it.
    pub(super) freed: u64,
}

/// The part of a partition that a fetch requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) from: i64,
    pub(super) reader: ReaderId,
    pub(super) now: Instant,
    pub(super) committed_only: bool,
    pub(super) max_bytes: usize,
    /// Return one batch whatever its size.
    pub(super) at_least_one: bool,
}

#[derive(Debug, Default)]
struct State {
    log: PartitionLog,
    readers: Readers,
    producers: Producers,
    /// By producer id: the first offset of its open transaction, once it has written.
    running: HashMap<i64, Option<i64>>,
    aborted: Vec<Aborted>,
    waiting: Vec<Arc<Notify>>,
    /// From here on, what is stored is not shown to readers yet.
    hidden_from: Option<i64>,
    /// Drop records as soon as this many consumers have read them; none: only at the memory cap.
    drops_when_read_by: Option<usize>,
    deleted: bool,
}

impl State {
    fn bounds(&self) -> Bounds {
        let high_watermark = self.hidden_from.unwrap_or(self.log.next_offset());
        let log_start = self.log.start_offset();
        let first_running = self.running.values().flatten().copied().min();
        // Records of an open transaction may have been deleted, or not be shown yet.
        let last_stable = first_running.unwrap_or(high_watermark).min(high_watermark).max(log_start);
        Bounds { log_start, last_stable, high_watermark }
    }

    /// Where a batch lies already; none where it is the next of its producer.
    ///
    /// # Errors
    /// Kafka's error for a batch out of order, or from a fenced producer.
    fn stored_before(&self, header: &BatchHeader) -> Result<Option<Appended>, ResponseError> {
        let log_start_offset = self.log.start_offset();
        match self.producers.judge(header) {
            Sequencing::Fresh => Ok(None),
            Sequencing::Duplicate(base_offset) => Ok(Some(Appended { base_offset, log_start_offset, duplicate: true })),
            Sequencing::OutOfOrder => Err(ResponseError::OutOfOrderSequenceNumber),
            Sequencing::StaleEpoch => Err(ResponseError::InvalidProducerEpoch),
        }
    }

    fn live(&self) -> Result<(), ResponseError> {
        if self.deleted { Err(ResponseError::UnknownTopicOrPartition) } else { Ok(()) }
    }

    fn oldest_droppable(&mut self, now: Instant) -> Option<u64> {
        let readers = self.drops_when_read_by.unwrap_or(0);
        let limit = self.readers.read_below(readers, now).min(self.bounds().last_stable);
        self.log.oldest_below(limit)
    }

    /// Drops what all consumers have read, if that is wanted. Returns how much of the memory cap that frees.
    fn drop_read(&mut self) -> u64 {
        let read_below = self.drops_when_read_by.and_then(|readers| self.readers.read_by_all(readers));
        let Some(limit) = read_below.map(|below| below.min(self.bounds().last_stable)) else { return 0 };
        let mut freed = 0;
        while self.log.oldest_below(limit).is_some() {
            freed += self.log.drop_oldest();
        }
        self.trim_aborted();
        freed
    }

    /// Forgets aborted transactions of which no record is left.
    fn trim_aborted(&mut self) {
        let start = self.log.start_offset();
        if self.aborted.first().is_some_and(|oldest| oldest.last_offset < start) {
            self.aborted.retain(|aborted| aborted.last_offset >= start);
        }
    }
}

/// A partition; everything in it changes under its one lock.
#[derive(Debug, Default)]
pub(super) struct Partition {
    state: Mutex<State>,
    /// What waits to be stored under a ceiling of its own.
    pub(super) queue: Queue,
}

impl Partition {
    /// Stores a checked batch, unless it is already stored. With `shows_after`, readers see it only when [`Partition::show`] says so.
    ///
    /// # Errors
    /// Kafka's error for a batch out of order, from a fenced producer, or outside its transaction.
    pub(super) fn append(
        &self,
        header: &BatchHeader,
        bytes: Bytes,
        arrival: u64,
        shows_after: Duration,
    ) -> Result<Appended, ResponseError> {
        let (appended, waiting) = {
            let mut state = lock(&self.state);
            state.live()?;
            if let Some(stored) = state.stored_before(header)? {
                return Ok(stored);
            }
            let log_start_offset = state.log.start_offset();
            let next_offset = state.log.next_offset();
            if header.is_transactional() {
                let first = state.running.get_mut(&header.producer_id).ok_or(ResponseError::InvalidTxnState)?;
                first.get_or_insert(next_offset);
            }
            let base_offset = state.log.append(header, bytes, arrival);
            state.producers.note(header, base_offset);
            if !shows_after.is_zero() {
                state.hidden_from.get_or_insert(base_offset);
            }
            (Appended { base_offset, log_start_offset, duplicate: false }, std::mem::take(&mut state.waiting))
        };
        wake(waiting);
        Ok(appended)
    }

    /// Shows readers what is stored below this offset.
    pub(super) fn show(&self, end: i64) {
        let waiting = {
            let mut state = lock(&self.state);
            let next_offset = state.log.next_offset();
            state.hidden_from = state.hidden_from.map(|from| from.max(end)).filter(|from| *from < next_offset);
            std::mem::take(&mut state.waiting)
        };
        wake(waiting);
    }

    /// Claims to have stored a batch, and has not. The next one gets its offsets.
    ///
    /// # Errors
    /// As when it is stored.
    pub(super) fn forget(&self, header: &BatchHeader) -> Result<Appended, ResponseError> {
        let mut state = lock(&self.state);
        state.live()?;
        let (base_offset, log_start_offset) = (state.log.next_offset(), state.log.start_offset());
        if let Some(stored) = state.stored_before(header)? {
            return Ok(stored);
        }
        state.producers.note(header, base_offset);
        Ok(Appended { base_offset, log_start_offset, duplicate: false })
    }

    /// Reads for a consumer.
    ///
    /// # Errors
    /// The offset is outside of the log, or the partition is gone.
    pub(super) fn fetch(&self, asked: Asked) -> Result<Found, ResponseError> {
        let mut state = lock(&self.state);
        state.live()?;
        let bounds = state.bounds();
        if asked.from < bounds.log_start || asked.from > bounds.high_watermark {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let moved = state.readers.note(asked.reader, asked.from, asked.now);
        let below = if asked.committed_only { bounds.last_stable } else { bounds.high_watermark };
        let batches = state.log.read(asked.from, below, asked.max_bytes, asked.at_least_one);
        let aborted = asked.committed_only.then(|| {
            let end = batches.last().map_or(asked.from, |batch| batch.last_offset);
            // They are in the order of their markers.
            let first = state.aborted.partition_point(|aborted| aborted.last_offset < asked.from);
            let candidates = state.aborted[first..].iter();
            candidates.filter(|aborted| aborted.first_offset <= end).copied().collect()
        });
        let freed = if moved { state.drop_read() } else { 0 };
        Ok(Found { bounds, batches, aborted, moved, freed })
    }

    /// From now on drops at once what this many consumers have read.
    pub(super) fn drop_when_read_by(&self, readers: usize) {
        lock(&self.state).drops_when_read_by = Some(readers);
    }

    /// Notifies `waiter` when the partition next changes.
    pub(super) fn wake_on_change(&self, waiter: &Arc<Notify>) {
        let mut state = lock(&self.state);
        if !state.waiting.iter().any(|known| Arc::ptr_eq(known, waiter)) {
            state.waiting.push(Arc::clone(waiter));
        }
    }

    /// # Errors
    /// The partition is gone.
    pub(super) fn bounds(&self) -> Result<Bounds, ResponseError> {
        let state = lock(&self.state);
        state.live()?;
        Ok(state.bounds())
    }

    pub(super) fn offset_at(&self, timestamp_ms: i64) -> Option<TimedOffset> {
        lock(&self.state).log.offset_at(timestamp_ms)
    }

    pub(super) fn offset_of_max_timestamp(&self) -> Option<TimedOffset> {
        lock(&self.state).log.offset_of_max_timestamp()
    }

    /// A transaction of this producer may write here from now on.
    ///
    /// # Errors
    /// The partition is gone.
    pub(super) fn begin_transaction(&self, producer_id: i64) -> Result<(), ResponseError> {
        let mut state = lock(&self.state);
        state.live()?;
        state.running.entry(producer_id).or_default();
        Ok(())
    }

    /// Ends the producer's transaction with a marker. Returns how much of the memory cap that takes.
    pub(super) fn end_transaction(
        &self,
        producer_id: i64,
        epoch: i16,
        committed: bool,
        now_ms: i64,
        arrival: u64,
    ) -> u64 {
        let waiting = {
            let mut state = lock(&self.state);
            let Some(first_offset) = state.running.remove(&producer_id) else { return 0 };
            state.producers.note_epoch(producer_id, epoch);
            if state.deleted {
                return 0;
            }
            let bytes = batch::marker(producer_id, epoch, committed, now_ms);
            let Ok(header) = BatchHeader::read(&bytes) else { return 0 };
            let last_offset = state.log.append(&header, bytes, arrival);
            if let (false, Some(first_offset)) = (committed, first_offset) {
                state.aborted.push(Aborted { producer_id, first_offset, last_offset });
            }
            std::mem::take(&mut state.waiting)
        };
        wake(waiting);
        cost_bytes(batch::MARKER_BYTES)
    }

    /// The arrival number of the oldest batch, if it may be dropped to make room: read
    /// by all consumers, and with all its transactions ended.
    pub(super) fn oldest_droppable(&self, now: Instant) -> Option<u64> {
        lock(&self.state).oldest_droppable(now)
    }

    /// Drops the oldest batch if it may be dropped; returns how much of the memory cap that frees.
    pub(super) fn drop_oldest(&self, now: Instant) -> u64 {
        let mut state = lock(&self.state);
        if state.oldest_droppable(now).is_none() {
            return 0;
        }
        let freed = state.log.drop_oldest();
        state.trim_aborted();
        freed
    }

    /// The reader's connection has closed.
    pub(super) fn forget_reader(&self, reader: ReaderId) {
        lock(&self.state).readers.leave(reader);
    }

    /// Deletes records below `offset` (-1: all of them). Returns the new start and how much of the memory cap that frees.
    ///
    /// # Errors
    /// The offset is above the end of the log, or the partition is gone.
    pub(super) fn delete_below(&self, offset: i64) -> Result<(i64, u64), ResponseError> {
        let mut state = lock(&self.state);
        state.live()?;
        let end = state.log.next_offset();
        let offset = if offset == -1 { end } else { offset };
        if !(0..=end).contains(&offset) {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let freed = state.log.delete_below(offset);
        state.trim_aborted();
        Ok((state.log.start_offset(), freed))
    }

    /// Empties the partition for good. Returns how much of the memory cap that frees.
    pub(super) fn delete(&self) -> u64 {
        let (freed, waiting) = {
            let mut state = lock(&self.state);
            state.deleted = true;
            (state.log.clear(), std::mem::take(&mut state.waiting))
        };
        wake(waiting);
        freed
    }
}

fn wake(waiting: Vec<Arc<Notify>>) {
    for waiter in waiting {
        waiter.notify_one();
    }
}

#[cfg(test)]
mod tests;
