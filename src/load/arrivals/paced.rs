//! Paced arrivals: events are evenly spaced on the cumulative rate.

use super::{BLOCK_EVENTS, Block, Blocks, Process, Share};
use crate::load::rate::RateCurve;

/// Evenly spaced on the cumulative rate.
#[derive(Debug)]
pub(super) struct Paced;

impl Process for Paced {
    fn total(&self, share: &Share) -> u64 {
        share.paced_events()
    }

    fn blocks(&self, share: Share) -> Box<dyn Blocks> {
        Box::new(PacedBlocks { share, next: 0, events: share.paced_events(), segment_hint: 0 })
    }
}

#[derive(Debug)]
struct PacedBlocks {
    share: Share,
    /// The next block's number.
    next: u64,
    events: u64,
    segment_hint: usize,
}

impl Blocks for PacedBlocks {
    fn seek_time(&mut self, curve: &RateCurve, at_ns: u64) {
        self.next = self.share.paced_block_at(super::place_before(curve, at_ns));
    }

    fn seek_event(&mut self, _: &RateCurve, sequence: u64) {
        self.next = sequence / BLOCK_EVENTS;
    }

    fn next_block(&mut self, _: &RateCurve) -> Option<Block> {
        let block = Share::paced_block(self.next, self.events)?;
        self.next += 1;
        Some(block)
    }

    fn add_due_ns(&mut self, curve: &RateCurve, block: Block, due_ns: &mut Vec<u64>) {
        let sequences = block.first..block.first + block.events;
        due_ns
            .extend(sequences.map(|sequence| curve.when(self.share.paced_position(sequence), &mut self.segment_hint)));
    }
}
