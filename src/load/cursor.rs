//! A producer's sends, one by one, in the order in which they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::arrivals::{BLOCK_EVENTS, Block, Blocks};
use super::schedule::StreamSchedule;
use super::send::PlannedSend;

/// Iterates over a producer's schedule. It generates a block of events at a time; retries wait in a heap until they are due.
#[derive(Debug)]
pub struct ProducerCursor {
    schedule: Arc<StreamSchedule>,
    producer: u16,
    blocks: Box<dyn Blocks>,
    /// The events of the current block, in order of due time, and the next one's place in it.
    block: Vec<PlannedSend>,
    next_in_block: usize,
    /// Retries that are not due yet.
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// The due times of the current block's events; kept to reuse the memory.
    due_ns: Vec<u64>,
}

/// A retry, ordered by due time, then sequence, then attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting(PlannedSend);

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let order = |waiting: &Waiting| (waiting.0.due_ns, waiting.0.sequence, waiting.0.attempt);
        order(self).cmp(&order(other))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl StreamSchedule {
    /// A producer's sends in the order in which they are due, from the first that is due at or after `from_ns`.
    #[must_use]
    pub fn sends(self: &Arc<Self>, producer: u16, from_ns: u64) -> ProducerCursor {
        ProducerCursor::new(Arc::clone(self), producer, from_ns)
    }
}

impl ProducerCursor {
    fn new(schedule: Arc<StreamSchedule>, producer: u16, from_ns: u64) -> Self {
        let mut blocks = schedule.blocks(producer);
        // An event's last retry comes within a bounded time after its place.
        let reach_ns = from_ns.saturating_sub(schedule.injections.longest_ns());
        if reach_ns > 0 {
            blocks.seek_time(&schedule.curve, reach_ns);
        }
        let mut cursor = ProducerCursor {
            schedule,
            producer,
            blocks,
            block: Vec::with_capacity(BLOCK_EVENTS as usize),
            next_in_block: 0,
            waiting: BinaryHeap::new(),
            due_ns: Vec::with_capacity(BLOCK_EVENTS as usize),
        };
        if from_ns > 0 {
            while cursor.due_ns().is_some_and(|due_ns| due_ns < from_ns) {
                let _before = cursor.next();
            }
        }
        cursor
    }

    /// The logical producer whose sends these are.
    #[must_use]
    pub fn producer(&self) -> u16 {
        self.producer
    }

    /// When the next send is due, in nanoseconds from the start of the run.
    pub fn due_ns(&mut self) -> Option<u64> {
        self.fill();
        let in_block = self.block.get(self.next_in_block).map(|send| send.due_ns);
        let waiting = self.waiting.peek().map(|Reverse(waiting)| waiting.0.due_ns);
        match (in_block, waiting) {
            (Some(block_ns), Some(waiting_ns)) => Some(block_ns.min(waiting_ns)),
            (one, other) => one.or(other),
        }
    }

    /// Ends the iteration in the middle: returns the later sends of events whose place in the schedule has been passed. (Events of the
    /// current block after this place are not among them.)
    pub fn give_up_waiting(&mut self) -> Vec<PlannedSend> {
        let passed = self.block.get(self.next_in_block).map_or(u64::MAX, |next| next.sequence);
        let waiting = std::mem::take(&mut self.waiting).into_sorted_vec();
        waiting.into_iter().rev().map(|Reverse(waiting)| waiting.0).filter(|send| send.sequence < passed).collect()
    }

    /// Generates the next block when the current one is used up. A block may be empty.
    fn fill(&mut self) {
        while self.next_in_block == self.block.len() {
            let Some(block) = self.blocks.next_block(&self.schedule.curve) else { return };
            self.make(block);
        }
    }

    fn make(&mut self, block: Block) {
        self.block.clear();
        self.next_in_block = 0;
        self.due_ns.clear();
        self.blocks.add_due_ns(&self.schedule.curve, block, &mut self.due_ns);
        let has_retries = self.schedule.injections.has_retries();
        let mut random = self.schedule.attributes_of_block(self.producer, block.number);
        for place in 0..self.due_ns.len() {
            let (sequence, due_ns) = (block.first + place as u64, self.due_ns[place]);
            let send = self.schedule.event(self.producer, sequence, due_ns, &mut random);
            if has_retries {
                self.place_tries(send);
            } else {
                self.block.push(send);
            }
        }
    }

    /// Puts an event's first send in its place and its retries into the heap.
    fn place_tries(&mut self, event: PlannedSend) {
        let Some(tries) = self.schedule.injections.tries(self.producer, event.sequence) else {
            self.block.push(event);
            return;
        };
        for (attempt, after_ns) in (0_u8..).zip(tries.after_ns()) {
            let send = PlannedSend { due_ns: event.due_ns.saturating_add(*after_ns), attempt, ..event };
            if *after_ns == 0 && attempt == 0 {
                self.block.push(send);
            } else {
                self.waiting.push(Reverse(Waiting(send)));
            }
        }
    }
}

impl Iterator for ProducerCursor {
    type Item = PlannedSend;

    fn next(&mut self) -> Option<PlannedSend> {
        self.fill();
        let in_block = self.block.get(self.next_in_block).copied();
        let waits_first = self
            .waiting
            .peek()
            .is_some_and(|Reverse(waiting)| in_block.is_none_or(|send| waiting.0.due_ns < send.due_ns));
        if waits_first {
            return self.waiting.pop().map(|Reverse(waiting)| waiting.0);
        }
        self.next_in_block += usize::from(in_block.is_some());
        in_block
    }
}
