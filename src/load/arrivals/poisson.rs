//! Poisson arrivals: events are independent of each other.

use rand_distr::{Binomial, Distribution, Exp1};

use super::{BLOCK_EVENTS, Block, Blocks, Process, Share};
use crate::load::random::Purpose;
use crate::load::rate::RateCurve;

/// Independent of each other.
#[derive(Debug)]
pub(super) struct Poisson;

impl Process for Poisson {
    fn total(&self, share: &Share) -> u64 {
        total_events(share)
    }

    fn blocks(&self, share: Share) -> Box<dyn Blocks> {
        Box::new(PoissonBlocks::new(share))
    }
}

/// The leaves of a producer's [`PoissonTree`].
#[derive(Debug)]
pub(super) struct PoissonBlocks {
    tree: PoissonTree,
    positions: Vec<f64>,
    segment_hint: usize,
}

impl PoissonBlocks {
    pub(super) fn new(share: Share) -> Self {
        PoissonBlocks { tree: PoissonTree::new(share), positions: Vec::new(), segment_hint: 0 }
    }
}

impl Blocks for PoissonBlocks {
    fn seek_time(&mut self, curve: &RateCurve, at_ns: u64) {
        self.tree.seek(self.tree.leaf_at(super::place_before(curve, at_ns)));
    }

    fn seek_event(&mut self, _: &RateCurve, sequence: u64) {
        self.tree.seek_event(sequence);
    }

    fn next_block(&mut self, _: &RateCurve) -> Option<Block> {
        self.tree.next_leaf()
    }

    fn add_due_ns(&mut self, curve: &RateCurve, block: Block, due_ns: &mut Vec<u64>) {
        self.tree.positions(block, &mut self.positions);
        due_ns.extend(self.positions.iter().map(|position| curve.when(*position, &mut self.segment_hint)));
    }
}

/// A Poisson process on the cumulative rate, split in halves repeatedly: the whole has Poisson(mass) events, each half a Binomial(events,
/// 1/2) part of its parent's (the process's own conditional law), and a leaf's events are uniformly random. A leaf is found in as many
/// draws as the tree is deep.
#[derive(Debug, Clone)]
struct PoissonTree {
    share: Share,
    depth: u32,
    /// Nodes still to visit, the next one on top.
    stack: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    level: u32,
    index: u64,
    first: u64,
    events: u64,
}

impl PoissonTree {
    fn new(share: Share) -> Self {
        let leaves = (share.mass / f64::from(share.producers) / BLOCK_EVENTS as f64).ceil().max(1.0) as u64;
        let root = Node { level: 0, index: 0, first: 0, events: total_events(&share) };
        PoissonTree { share, depth: leaves.next_power_of_two().trailing_zeros(), stack: vec![root] }
    }

    fn total(&self) -> u64 {
        total_events(&self.share)
    }

    /// A leaf's width on the stream's cumulative rate.
    fn leaf_width(&self) -> f64 {
        self.share.mass / (1_u64 << self.depth) as f64
    }

    /// The leaf that holds a position on the stream's cumulative rate.
    fn leaf_at(&self, position: f64) -> u64 {
        ((position / self.leaf_width()) as u64).min((1 << self.depth) - 1)
    }

    /// Continues from this leaf.
    fn seek(&mut self, leaf: u64) {
        let depth = self.depth;
        self.descend(|node, _| leaf >> (depth - node.level - 1) & 1 == 1);
    }

    /// Continues from the leaf that holds this event.
    fn seek_event(&mut self, sequence: u64) {
        self.descend(|_, right| sequence >= right.first);
    }

    /// Descends from the root to one leaf: `goes_right` chooses at each node, by the node and its right half.
    fn descend(&mut self, goes_right: impl Fn(&Node, &Node) -> bool) {
        let mut node = Node { level: 0, index: 0, first: 0, events: self.total() };
        self.stack.clear();
        while node.level < self.depth {
            let (left, right) = self.split(node);
            if goes_right(&node, &right) {
                node = right;
            } else {
                self.stack.push(right);
                node = left;
            }
        }
        self.stack.push(node);
    }

    /// The next leaf in order.
    fn next_leaf(&mut self) -> Option<Block> {
        loop {
            let node = self.stack.pop()?;
            if node.level == self.depth {
                return Some(Block { number: node.index, first: node.first, events: node.events });
            }
            let (left, right) = self.split(node);
            self.stack.push(right);
            self.stack.push(left);
        }
    }

    fn split(&self, node: Node) -> (Node, Node) {
        let heap_number = 1_u64 << node.level | node.index;
        let mut random = self.share.source.sequence(Purpose::Split, self.share.producer, heap_number);
        let in_left = Binomial::new(node.events, 0.5).map_or(0, |half| half.sample(&mut random));
        let level = node.level + 1;
        let left = Node { level, index: node.index * 2, first: node.first, events: in_left };
        let right =
            Node { level, index: node.index * 2 + 1, first: node.first + in_left, events: node.events - in_left };
        (left, right)
    }

    /// The places of the leaf's events on the stream's cumulative rate, rising.
    fn positions(&self, leaf: Block, positions: &mut Vec<f64>) {
        let mut random = self.share.source.sequence(Purpose::Arrivals, self.share.producer, leaf.number);
        let start = self.leaf_width() * leaf.number as f64;
        scatter(leaf.events, start, self.leaf_width(), &mut random, positions);
    }
}

fn total_events(share: &Share) -> u64 {
    let mut random = share.source.sequence(Purpose::Total, share.producer, 0);
    let mean = share.mass / f64::from(share.producers);
    // With a mean of zero (a silent stream) there is no Poisson law, and no events.
    rand_distr::Poisson::new(mean).map_or(0, |law| {
        let events: f64 = law.sample(&mut random);
        events as u64
    })
}

/// This many places from `start` on over `width`, rising, uniformly random: exponential gaps, scaled (Devroye, Non-Uniform Random Variate
/// Generation, 1986, V.2.1).
pub(super) fn scatter(events: u64, start: f64, width: f64, random: &mut impl rand::Rng, positions: &mut Vec<f64>) {
    positions.clear();
    let mut sum = 0.0;
    for _ in 0..events {
        let gap: f64 = Exp1.sample(random);
        sum += gap;
        positions.push(sum);
    }
    let last: f64 = Exp1.sample(random);
    let scale = width / (sum + last);
    for position in positions {
        *position = start + *position * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::random::Source;

    fn share(mass: f64, producer: u16, producers: u16) -> Share {
        Share { producer, producers, mass, source: Source::new(5, 0) }
    }

    #[test]
    fn a_sought_leaf_equals_the_walked_one() {
        let mut walked = PoissonTree::new(share(100_000.0, 1, 2));
        let leaves: Vec<Block> = std::iter::from_fn(|| walked.next_leaf()).collect();
        assert_eq!(leaves.iter().map(|leaf| leaf.events).sum::<u64>(), walked.total());
        for (number, leaf) in leaves.iter().enumerate() {
            let mut sought = PoissonTree::new(share(100_000.0, 1, 2));
            sought.seek(number as u64);
            assert_eq!(sought.next_leaf(), Some(*leaf));
            assert_eq!(sought.next_leaf(), leaves.get(number + 1).copied());
        }
    }

    #[test]
    fn poisson_counts_have_the_variance_of_their_mean() {
        let mut tree = PoissonTree::new(share(4_000_000.0, 0, 1));
        let leaves: Vec<f64> = std::iter::from_fn(|| tree.next_leaf()).map(|leaf| leaf.events as f64).collect();
        let mean = leaves.iter().sum::<f64>() / leaves.len() as f64;
        let variance = leaves.iter().map(|events| (events - mean).powi(2)).sum::<f64>() / (leaves.len() - 1) as f64;
        // 4096 leaves: the dispersion of a Poisson process is 1 with a standard error of sqrt(2/4095) = 0.022.
        assert!((variance / mean - 1.0).abs() < 0.11, "dispersion {}", variance / mean);
    }

    #[test]
    fn poisson_gaps_are_exponential() {
        let mut tree = PoissonTree::new(share(200_000.0, 0, 1));
        let (mut all, mut positions) = (Vec::new(), Vec::new());
        while let Some(leaf) = tree.next_leaf() {
            tree.positions(leaf, &mut positions);
            all.extend_from_slice(&positions);
        }
        let gaps: Vec<f64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= 0.0));
        // An exponential law with mean 1 exceeds 1, 2 and 3 with these shares; 200,000 gaps give three digits.
        for (limit, expected) in [(1.0, 0.3679), (2.0, 0.1353), (3.0, 0.0498)] {
            let seen = gaps.iter().filter(|gap| **gap > limit).count() as f64 / gaps.len() as f64;
            assert!((seen - expected).abs() < 0.006, "{seen} beyond {limit}");
        }
    }
}
