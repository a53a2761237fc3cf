//! Recorded arrivals: each event is due as long after the first one as it was recorded.

use std::sync::Arc;

use super::{BLOCK_EVENTS, Block, Blocks, Process, Share};
use crate::load::rate::RateCurve;

/// When each of the stream's events is due, in nanoseconds from the start, rising. Producer p of P sends the events number p, p + P, p + 2P, …
#[derive(Debug)]
pub(super) struct Recorded {
    due_ns: Arc<[u64]>,
}

impl Recorded {
    /// Those that are due before the end.
    pub(super) fn new(due_ns: impl Iterator<Item = u64>, end_ns: u64) -> Self {
        Recorded { due_ns: due_ns.take_while(|due_ns| *due_ns < end_ns).collect() }
    }
}

impl Process for Recorded {
    fn total(&self, share: &Share) -> u64 {
        share.of(self.due_ns.len() as u64)
    }

    fn blocks(&self, share: Share) -> Box<dyn Blocks> {
        Box::new(RecordedBlocks { due_ns: Arc::clone(&self.due_ns), share, next: 0 })
    }
}

#[derive(Debug)]
struct RecordedBlocks {
    due_ns: Arc<[u64]>,
    share: Share,
    /// The next block's number.
    next: u64,
}

impl Blocks for RecordedBlocks {
    fn seek_time(&mut self, _: &RateCurve, at_ns: u64) {
        let before = self.due_ns.partition_point(|due_ns| *due_ns < at_ns) as u64;
        self.next = self.share.of(before) / BLOCK_EVENTS;
    }

    fn seek_event(&mut self, _: &RateCurve, sequence: u64) {
        self.next = sequence / BLOCK_EVENTS;
    }

    fn next_block(&mut self, _: &RateCurve) -> Option<Block> {
        let block = Share::paced_block(self.next, self.share.of(self.due_ns.len() as u64))?;
        self.next += 1;
        Some(block)
    }

    fn add_due_ns(&mut self, _: &RateCurve, block: Block, due_ns: &mut Vec<u64>) {
        let places = (block.first..block.first + block.events).map(|sequence| self.share.place(sequence));
        due_ns.extend(places.filter_map(|place| self.due_ns.get(usize::try_from(place).ok()?).copied()));
    }
}
