//! The worker's end: writes events straight into the batches of their partitions.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::options::Limits;
use super::records::{Record, Records};
use super::shelf::{Bench, Shelf};
use crate::kafka::{ErrorCode, Outgoing, Rejection, Written};

/// Takes events.
pub(crate) struct Sink {
    shelf: Arc<Shelf>,
    limits: Limits,
    /// The open batches, while events are added to them, and since when.
    bench: Option<(Bench, u64)>,
    /// The event that is being added.
    scratch: Vec<u8>,
    rejected: Vec<(usize, Rejection)>,
    staged: usize,
    staged_bytes: usize,
    free: usize,
    returned: Receiver<usize>,
}

impl Sink {
    pub(super) fn new(shelf: Arc<Shelf>, limits: Limits, returned: Receiver<usize>) -> Self {
        Sink {
            shelf,
            free: limits.events,
            limits,
            bench: None,
            scratch: Vec::new(),
            rejected: Vec::new(),
            staged: 0,
            staged_bytes: 0,
            returned,
        }
    }

    /// How many events can be taken now, as of the last [`Sink::take_back`] or [`Sink::wait_for_room`]: none while too many bytes wait.
    #[must_use]
    pub(crate) fn room(&self) -> usize {
        if self.shelf.bytes() >= self.limits.bytes { 0 } else { self.free }
    }

    /// Learns which events have been settled.
    pub(crate) fn take_back(&mut self) {
        while let Ok(settled) = self.returned.try_recv() {
            self.free += settled;
        }
    }

    /// How many events are in flight.
    #[must_use]
    pub(crate) fn in_flight(&self) -> usize {
        self.limits.events - self.free
    }

    /// Waits up to `timeout` for events in flight to be settled. Returns whether some were.
    pub(crate) fn wait_for_room(&mut self, timeout: Duration) -> bool {
        let came = self.returned.recv_timeout(timeout).map(|settled| self.free += settled).is_ok();
        self.take_back();
        came
    }

    /// Adds an event to its partition's batch. `write` appends its key and payload.
    /// Only call it while there is room; without room it does nothing and returns false.
    pub(crate) fn add(&mut self, event: Outgoing, write: impl FnOnce(&mut Vec<u8>) -> Written) -> bool {
        if self.free == 0 {
            return false;
        }
        self.scratch.clear();
        let Written { key, payload, beside } = write(&mut self.scratch);
        let part = |range: Option<std::ops::Range<usize>>| range.and_then(|range| self.scratch.get(range));
        let sent_ms = (event.sent_ns / 1_000_000).cast_signed();
        let record = Record {
            key: part(key),
            value: part(payload),
            headers: &beside.headers,
            timestamp_ms: beside.timestamp_ms.unwrap_or(sent_ms),
        };
        let (bench, since_ns) = self.bench.get_or_insert_with(|| (self.shelf.take(), self.shelf.now_ns()));
        let added = if self.shelf.is_shut() {
            Err(ErrorCode::Fatal)
        } else if Records::counted_size(&record) > self.limits.largest_record {
            Err(ErrorCode::MessageSizeTooLarge)
        } else {
            bench.push(&record, event, *since_ns, &self.limits.fullness).ok_or(ErrorCode::UnknownPartition)
        };
        match added {
            Ok(bytes) => {
                self.staged_bytes += bytes;
                self.free -= 1;
            }
            Err(code) => self.rejected.push((self.staged, Rejection::Never(code))),
        }
        self.staged += 1;
        true
    }

    /// How many events were added since the last time that they were handed over.
    #[must_use]
    pub(crate) fn staged(&self) -> usize {
        self.staged
    }

    /// How many bytes were.
    #[must_use]
    pub(crate) fn staged_bytes(&self) -> usize {
        self.staged_bytes
    }

    /// Hands the batches to the sending thread. `rejected` gets each event that was not taken, in order: its place, and why.
    pub(crate) fn hand_over(&mut self, mut rejected: impl FnMut(usize, Rejection)) {
        if let Some((bench, _)) = self.bench.take() {
            self.shelf.put_back(bench, self.staged_bytes);
        }
        for (place, why) in self.rejected.drain(..) {
            rejected(place, why);
        }
        (self.staged, self.staged_bytes) = (0, 0);
    }
}
