//! Random arrivals that keep a captured curve's counts: each bucket holds exactly the events that a paced schedule would put into it,
//! at random places.
//!
//! A producer gets as many of a bucket's events as it would pace there, so that all producers together keep the bucket's count. Each event
//! is anywhere in the bucket, uniformly on the bucket's mass: a Poisson process, given its counts. A bucket with many events is split in
//! halves as `poisson` splits events, into leaves that can be reached without those before.

use std::sync::Arc;

use rand_distr::{Binomial, Distribution};

use super::inside::{Inside, Placing};
use super::poisson::scatter;
use super::{BLOCK_EVENTS, Block, Blocks, Process, Share};
use crate::load::random::{Purpose, number_in};
use crate::load::rate::RateCurve;

/// Random inside the buckets of a captured curve, whose counts are kept.
#[derive(Debug)]
pub(super) struct Buckets {
    inside: Arc<Inside>,
}

impl Buckets {
    pub(super) fn new(inside: Inside) -> Self {
        Buckets { inside: Arc::new(inside) }
    }
}

impl Process for Buckets {
    fn peak_factor(&self) -> f64 {
        self.inside.peak_factor()
    }

    /// The same number per bucket as a paced schedule.
    fn total(&self, share: &Share) -> u64 {
        share.paced_events()
    }

    fn blocks(&self, share: Share) -> Box<dyn Blocks> {
        Box::new(BucketBlocks {
            inside: Arc::clone(&self.inside),
            leaves: BucketLeaves::new(share),
            current: None,
            positions: Vec::new(),
            placing: Placing::default(),
        })
    }
}

/// A producer's leaves, as its blocks.
#[derive(Debug)]
struct BucketBlocks {
    inside: Arc<Inside>,
    leaves: BucketLeaves,
    current: Option<Leaf>,
    positions: Vec<f64>,
    placing: Placing,
}

impl Blocks for BucketBlocks {
    fn seek_time(&mut self, curve: &RateCurve, at_ns: u64) {
        self.leaves = BucketLeaves::from_bucket(self.leaves.share, curve, curve.segment_from(at_ns));
        self.leaves
            .skip_to(curve, |bucket, start| Placing::default().due_ns(&self.inside, curve, bucket, start) < at_ns);
    }

    fn seek_event(&mut self, curve: &RateCurve, sequence: u64) {
        self.leaves = BucketLeaves::holding(self.leaves.share, curve, sequence);
    }

    fn next_block(&mut self, curve: &RateCurve) -> Option<Block> {
        self.current = self.leaves.next(curve);
        self.current.map(|leaf| leaf.block())
    }

    fn add_due_ns(&mut self, curve: &RateCurve, _: Block, due_ns: &mut Vec<u64>) {
        let Some(leaf) = self.current else { return };
        self.leaves.positions(&leaf, &mut self.positions);
        due_ns.extend(self.positions.iter().map(|place| self.placing.due_ns(&self.inside, curve, leaf.bucket, *place)));
    }
}

/// A part of a bucket, 2^-level wide.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Leaf {
    bucket: usize,
    level: u32,
    index: u64,
    first: u64,
    events: u64,
}

impl Leaf {
    /// The leaf as a block. Its first sequence number distinguishes it from all others that hold events.
    fn block(&self) -> Block {
        Block { number: self.first, first: self.first, events: self.events }
    }

    /// Where it begins, as a share of the bucket's mass.
    fn start(&self) -> f64 {
        self.index as f64 * self.width()
    }

    fn width(&self) -> f64 {
        1.0 / (1_u64 << self.level) as f64
    }
}

/// A producer's leaves, in order.
#[derive(Debug, Clone)]
struct BucketLeaves {
    share: Share,
    bucket: usize,
    next_sequence: u64,
    /// Parts of the current bucket that are still to visit, the next one on top.
    stack: Vec<Leaf>,
    depth: u32,
}

impl BucketLeaves {
    /// From the first event of the run.
    fn new(share: Share) -> Self {
        BucketLeaves { share, bucket: 0, next_sequence: 0, stack: Vec::new(), depth: 0 }
    }

    /// From the first event of this bucket or a later one.
    fn from_bucket(share: Share, curve: &RateCurve, bucket: usize) -> Self {
        let before = curve.segments().get(bucket).map_or(share.mass, |segment| segment.places().0);
        let next_sequence = share.events_before(before);
        BucketLeaves { share, bucket, next_sequence, stack: Vec::new(), depth: 0 }
    }

    /// From the leaf that holds this event.
    fn holding(share: Share, curve: &RateCurve, sequence: u64) -> Self {
        let mut leaves = BucketLeaves::from_bucket(share, curve, curve.segment_of(share.paced_position(sequence), 0));
        if leaves.enter_next_bucket(curve).is_none() {
            return leaves;
        }
        while let Some(part) = leaves.stack.pop() {
            if part.level == leaves.depth {
                leaves.stack.push(part);
                break;
            }
            let (left, right) = leaves.split(part);
            leaves.stack.push(right);
            if sequence < right.first {
                leaves.stack.push(left);
            }
        }
        leaves
    }

    /// The next leaf that holds events.
    fn next(&mut self, curve: &RateCurve) -> Option<Leaf> {
        loop {
            while let Some(leaf) = self.stack.pop() {
                if leaf.events == 0 {
                    continue;
                }
                if leaf.level == self.depth {
                    return Some(leaf);
                }
                let (left, right) = self.split(leaf);
                self.stack.extend([right, left]);
            }
            self.enter_next_bucket(curve)?;
        }
    }

    /// Skips leaves, so that the next is the last one that starts before a place. `is_before`
    /// tells that of a leaf's start, as a share of its bucket's mass.
    fn skip_to(&mut self, curve: &RateCurve, is_before: impl Fn(usize, f64) -> bool) {
        if self.stack.is_empty() && self.enter_next_bucket(curve).is_none() {
            return;
        }
        while let Some(part) = self.stack.pop() {
            if part.level == self.depth {
                self.stack.push(part);
                return;
            }
            let (left, right) = self.split(part);
            if is_before(right.bucket, right.start()) {
                self.stack.push(right);
            } else {
                self.stack.extend([right, left]);
            }
        }
    }

    /// Stacks the whole of the bucket that holds the next event.
    fn enter_next_bucket(&mut self, curve: &RateCurve) -> Option<()> {
        self.bucket = curve.segment_of(self.share.paced_position(self.next_sequence), self.bucket);
        let end = curve.segments().get(self.bucket)?.places().1;
        let first = self.next_sequence;
        self.next_sequence = self.share.events_before(end);
        let events = self.next_sequence - first;
        self.depth = events.div_ceil(BLOCK_EVENTS).next_power_of_two().trailing_zeros();
        self.stack.push(Leaf { bucket: self.bucket, level: 0, index: 0, first, events });
        Some(())
    }

    fn split(&self, part: Leaf) -> (Leaf, Leaf) {
        let number = number_in(part.bucket, 1_u64 << part.level | part.index);
        let mut random = self.share.source.sequence(Purpose::BucketSplit, self.share.producer, number);
        let in_left = Binomial::new(part.events, 0.5).map_or(0, |half| half.sample(&mut random));
        let half = Leaf { level: part.level + 1, index: part.index * 2, ..part };
        (
            Leaf { events: in_left, ..half },
            Leaf { index: half.index + 1, first: part.first + in_left, events: part.events - in_left, ..half },
        )
    }

    /// The places of a leaf's events, as shares of their bucket's mass, rising: uniformly random, drawn like a Poisson leaf's.
    fn positions(&self, leaf: &Leaf, positions: &mut Vec<f64>) {
        let mut random = self.share.source.sequence(Purpose::BucketArrivals, self.share.producer, leaf.first);
        scatter(leaf.events, leaf.start(), leaf.width(), &mut random, positions);
    }
}
