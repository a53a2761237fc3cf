//! Where the worker puts batches and the thread that sends takes them. A lock is taken twice for each group of events, not for each event:
//! the worker takes all open batches from the shelf, adds to them, and puts them back.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::batch::{Memory, Open};
use super::cluster::Sleeper;
use super::records::{HEADER_BYTES, Record, Records};
use super::wake::Wake;
use crate::kafka::Outgoing;

/// Memory of more batches than that is given back.
pub(super) const KEPT: usize = 64;
/// Never, as a moment.
pub(super) const NEVER_NS: u64 = u64::MAX;

/// When a batch is complete.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fullness {
    /// It has this many bytes, header included.
    pub(super) bytes: usize,
    /// It has this many events.
    pub(super) events: usize,
    /// It was begun this long ago.
    pub(super) linger_ns: u64,
}

impl Fullness {
    /// When a batch that is begun now has lingered for long enough: a little later, so that one moment does for the batches of many partitions.
    fn linger_ends_ns(&self, opened_ns: u64) -> u64 {
        let grain_ns = (self.linger_ns / 8).max(1);
        opened_ns.saturating_add(self.linger_ns).checked_next_multiple_of(grain_ns).unwrap_or(NEVER_NS)
    }
}

/// The open batches, by partition, and those that were completed since they were taken from the shelf.
#[derive(Debug)]
pub(super) struct Bench {
    open: Vec<Option<Open>>,
    full: Vec<(usize, Open)>,
    memory: Vec<Memory>,
    /// The earliest moment to come at which one of them has lingered for long enough.
    linger_ends_ns: u64,
    /// Some of them have lingered for long enough, and could not be sent.
    is_overdue: bool,
}

impl Bench {
    fn of(partitions: usize) -> Self {
        let open = (0..partitions).map(|_| None).collect();
        Bench { open, full: Vec::new(), memory: Vec::new(), linger_ends_ns: NEVER_NS, is_overdue: false }
    }

    /// When there is something to be taken.
    fn earliest_ns(&self) -> u64 {
        if self.full.is_empty() { self.linger_ends_ns } else { 0 }
    }

    /// Adds an event. Returns how many bytes that took; none if there is no such partition.
    pub(super) fn push(
        &mut self,
        record: &Record<'_>,
        event: Outgoing,
        now_ns: u64,
        limits: &Fullness,
    ) -> Option<usize> {
        let partition = usize::from(event.partition);
        let place = self.open.get_mut(partition)?;
        let size = Records::size_alone(record) - HEADER_BYTES;
        let is_over = |open: &Open| open.size() + size > limits.bytes || open.events().len() >= limits.events;
        if place.as_ref().is_some_and(is_over)
            && let Some(full) = place.take()
        {
            self.full.push((partition, full));
        }
        let open = match place {
            Some(open) => open,
            None => {
                self.linger_ends_ns = self.linger_ends_ns.min(limits.linger_ends_ns(now_ns));
                place.insert(Open::new(self.memory.pop().unwrap_or_default(), now_ns))
            }
        };
        let before = open.size();
        open.push(record, event);
        Some(open.size() - before)
    }
}

#[derive(Debug)]
struct State {
    /// None while the worker has it.
    bench: Option<Bench>,
    /// How long the thread that sends sleeps, unless it is woken.
    sleeps_until_ns: Option<u64>,
    /// That thread came for batches while the worker had them.
    is_missed: bool,
}

/// The place itself.
#[derive(Debug)]
pub(super) struct Shelf {
    state: Mutex<State>,
    start: Instant,
    partitions: usize,
    limits: Fullness,
    wake: Wake,
    /// Bytes that have been added and not settled.
    bytes: AtomicUsize,
    /// The client has failed for good.
    is_shut: AtomicBool,
}

impl Sleeper for Shelf {
    fn wake(&self) {
        self.wake.wake();
    }
}

impl Shelf {
    /// For a topic of this many partitions.
    ///
    /// # Errors
    /// When the system has no more sockets.
    pub(super) fn new(partitions: usize, limits: Fullness) -> std::io::Result<Self> {
        let wake = Wake::new()?;
        let state = State { bench: Some(Bench::of(partitions)), sleeps_until_ns: None, is_missed: false };
        let (bytes, is_shut) = (AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Shelf { state: Mutex::new(state), start: Instant::now(), partitions, limits, wake, bytes, is_shut })
    }

    /// The client's own clock.
    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(NEVER_NS)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left whole batches: nothing is changed in place under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker takes all open batches.
    pub(super) fn take(&self) -> Bench {
        self.lock().bench.take().unwrap_or_else(|| Bench::of(self.partitions))
    }

    /// The worker puts them back; `bytes` were added to them. The other thread is woken if it sleeps for too long, or came in vain for a batch
    /// that it may be able to send by now.
    pub(super) fn put_back(&self, bench: Bench, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let (earliest_ns, is_overdue) = (bench.earliest_ns(), bench.is_overdue);
        let mut state = self.lock();
        state.bench = Some(bench);
        let is_asleep = state.sleeps_until_ns.take_if(|until_ns| earliest_ns < *until_ns).is_some();
        let is_missed = std::mem::take(&mut state.is_missed) && is_overdue;
        drop(state);
        if is_asleep || is_missed {
            self.wake();
        }
    }

    /// Wakes the thread that sends.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }

    /// Takes batches that are complete, and those that have lingered for long enough as far as `is_wanted` says. Gives back memory.
    pub(super) fn collect(
        &self,
        now_ns: u64,
        memory: &mut Vec<Memory>,
        is_wanted: impl Fn(usize, u64) -> bool,
        mut take: impl FnMut(usize, Open),
    ) {
        let mut state = self.lock();
        state.sleeps_until_ns = None;
        state.is_missed = state.bench.is_none();
        let Some(bench) = &mut state.bench else { return };
        let room = KEPT.saturating_sub(bench.memory.len());
        bench.memory.extend(memory.drain(..).take(room));
        for (partition, open) in bench.full.drain(..) {
            take(partition, open);
        }
        if bench.linger_ends_ns > now_ns && !bench.is_overdue {
            return;
        }
        (bench.linger_ends_ns, bench.is_overdue) = (NEVER_NS, false);
        for (partition, place) in bench.open.iter_mut().enumerate() {
            let Some(open) = place else { continue };
            let ends_ns = self.limits.linger_ends_ns(open.opened_ns);
            if ends_ns > now_ns {
                bench.linger_ends_ns = bench.linger_ends_ns.min(ends_ns);
            } else if is_wanted(partition, open.opened_ns) {
                place.take().into_iter().for_each(|open| take(partition, open));
            } else {
                bench.is_overdue = true;
            }
        }
    }

    /// The thread that sends is about to sleep until this moment. Returns until when it may.
    pub(super) fn sleeps_until(&self, until_ns: u64) -> u64 {
        let mut state = self.lock();
        let of_bench = state.bench.as_ref().map_or(NEVER_NS, Bench::earliest_ns);
        let until_ns = until_ns.min(of_bench);
        state.sleeps_until_ns = Some(until_ns);
        until_ns
    }

    /// It has woken.
    pub(super) fn is_awake(&self) {
        self.lock().sleeps_until_ns = None;
        self.wake.is_heard();
    }

    /// Becomes readable when the thread that sends is to wake.
    pub(super) fn woken(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Bytes of settled batches.
    pub(super) fn settled(&self, bytes: usize) {
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |of| Some(of.saturating_sub(bytes)));
    }

    /// How many bytes have been added and not settled.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Nothing is taken any more.
    pub(super) fn shut(&self) {
        self.is_shut.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::Relaxed)
    }

    /// The events in batches that have not been taken to be sent; none while the worker has them.
    pub(super) fn events(&self) -> Option<Vec<Outgoing>> {
        let state = self.lock();
        let bench = state.bench.as_ref()?;
        let full = bench.full.iter().map(|(_, open)| open);
        Some(full.chain(bench.open.iter().flatten()).flat_map(Open::events).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Partition;

    const LINGER_NS: u64 = 8000;
    const LIMITS: Fullness = Fullness { bytes: 1000, events: 3, linger_ns: LINGER_NS };

    fn shelf() -> Shelf {
        Shelf::new(4, LIMITS).unwrap()
    }

    /// Adds events with payloads of these sizes to a partition, at a moment.
    fn add(shelf: &Shelf, partition: u16, sizes: &[usize], now_ns: u64) {
        let mut bench = shelf.take();
        let mut bytes = 0;
        for size in sizes {
            let (value, headers) = (vec![0; *size], Vec::new());
            let record = Record { key: None, value: Some(&value), headers: &headers, timestamp_ms: 0 };
            let partition = Partition::new(partition);
            let event =
                Outgoing { producer: 0, sequence: 0, attempt: 0, partition, warmup: false, phase: None, sent_ns: 0 };
            bytes += bench.push(&record, event, now_ns, &LIMITS).unwrap();
        }
        shelf.put_back(bench, bytes);
    }

    /// The batches that are taken at a moment: partition and events.
    fn collected(shelf: &Shelf, now_ns: u64, is_wanted: bool) -> Vec<(usize, usize)> {
        let mut taken = Vec::new();
        shelf.collect(now_ns, &mut Vec::new(), |_, _| is_wanted, |at, open| taken.push((at, open.events().len())));
        taken
    }

    #[test]
    fn a_batch_is_complete_by_its_events_or_its_bytes() {
        let shelf = shelf();
        add(&shelf, 0, &[1, 1, 1, 1], 0);
        add(&shelf, 1, &[400, 400, 400], 0);
        add(&shelf, 2, &[5000, 1], 0);
        assert_eq!(collected(&shelf, 1, false), [(0, 3), (1, 2), (2, 1)]);
        assert_eq!(shelf.events().map(|events| events.len()), Some(3), "one is left open in each");
        let bench = shelf.take();
        assert_eq!(shelf.events(), None, "the worker has them");
        shelf.put_back(bench, 0);
        assert_eq!(shelf.events().map(|events| events.len()), Some(3));
    }

    #[test]
    fn what_lingered_goes_when_it_is_wanted_and_else_stays() {
        let shelf = shelf();
        add(&shelf, 1, &[1], 0);
        add(&shelf, 2, &[1], LINGER_NS / 2);
        assert_eq!(collected(&shelf, LINGER_NS - 1, true), []);
        assert_eq!(collected(&shelf, LINGER_NS, false), []);
        assert_eq!(shelf.sleeps_until(NEVER_NS), LINGER_NS * 3 / 2, "the next one is waited for");
        assert_eq!(collected(&shelf, LINGER_NS + 1, true), [(1, 1)], "what was not wanted may be wanted later");
        assert_eq!(collected(&shelf, 2 * LINGER_NS, true), [(2, 1)]);
        assert_eq!(shelf.sleeps_until(NEVER_NS), NEVER_NS);
    }

    #[test]
    fn a_sleeper_is_woken_by_what_cannot_wait_and_by_nothing_else() {
        let shelf = shelf();
        let is_woken = || shelf.wake.is_heard();
        shelf.sleeps_until(LINGER_NS);
        add(&shelf, 0, &[1], 1);
        assert!(!is_woken(), "it wakes before that has lingered for long enough");
        shelf.sleeps_until(NEVER_NS);
        add(&shelf, 1, &[1], 1);
        assert!(!is_woken(), "it wakes for the first one already");
        add(&shelf, 2, &[1, 1, 1, 1], 1);
        assert!(is_woken(), "a batch is complete");
        add(&shelf, 3, &[1, 1, 1, 1], 1);
        assert!(!is_woken(), "nobody sleeps");
        assert_eq!(shelf.sleeps_until(NEVER_NS), 0, "a batch is complete");
    }

    #[test]
    fn who_came_in_vain_for_what_could_not_be_sent_is_woken() {
        let shelf = shelf();
        let is_woken = || shelf.wake.is_heard();
        add(&shelf, 0, &[1], 0);
        assert_eq!(collected(&shelf, LINGER_NS, false), []);
        let bench = shelf.take();
        assert_eq!(collected(&shelf, LINGER_NS + 1, true), [], "the worker has it");
        shelf.sleeps_until(NEVER_NS);
        shelf.put_back(bench, 0);
        assert!(is_woken());
        assert_eq!(collected(&shelf, LINGER_NS + 2, false), []);
        shelf.sleeps_until(NEVER_NS);
        let bench = shelf.take();
        shelf.put_back(bench, 0);
        assert!(!is_woken(), "nothing has changed since it was looked at");
    }

    #[test]
    fn what_is_added_is_what_is_settled() {
        let shelf = shelf();
        add(&shelf, 0, &[10, 20], 0);
        let mut sizes = 0;
        shelf.collect(
            NEVER_NS - 1,
            &mut Vec::new(),
            |_, _| true,
            |_, open| sizes += open.close(1).size() - HEADER_BYTES,
        );
        assert_eq!(shelf.bytes(), sizes);
        shelf.settled(sizes);
        assert_eq!(shelf.bytes(), 0);
        shelf.settled(1);
        assert_eq!(shelf.bytes(), 0, "it does not wrap");
    }
}
