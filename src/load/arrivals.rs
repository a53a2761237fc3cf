//! When single events fall around the rate, block by block, each block reachable without those before it.

use rand::RngExt;
use rand_distr::{Binomial, Distribution, Exp1, Poisson};

use super::random::{Purpose, Source};

/// Events of a producer in one block (paced: exactly, but for the last; Poisson: half of it to all of it on average).
pub(super) const BLOCK_EVENTS: u64 = 1024;

/// A block of a producer's schedule: its first sequence number, and where its events lie on the cumulative rate of the whole stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) first: u64,
    pub(super) events: u64,
}

/// So many places from `start` on over `width`, rising, each anywhere with the same chance: exponential gaps, scaled
/// (Devroye, Non-Uniform Random Variate Generation, 1986, V.2.1).
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

/// The producer's part of a stream: `producers` share `mass` events evenly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) producer: u16,
    pub(super) producers: u16,
    pub(super) mass: f64,
    pub(super) source: Source,
}

impl Share {
    /// Paced: producer p of P sends the stream's events number p, p + P, p + 2P, … Event n lies at n + 1/2, so that
    /// every bucket of the curve that holds a whole number of events holds exactly these.
    pub(super) fn paced_events(&self) -> u64 {
        self.events_before(self.mass)
    }

    /// How many of them lie before a place on the stream's cumulative rate.
    pub(super) fn events_before(&self, place: f64) -> u64 {
        let stream_events = (place - 0.5).ceil().max(0.0) as u64;
        let (producer, producers) = (u64::from(self.producer), u64::from(self.producers));
        (stream_events + producers - 1 - producer) / producers
    }

    /// Where a paced event lies on the stream's cumulative rate.
    pub(super) fn paced_position(&self, sequence: u64) -> f64 {
        (sequence * u64::from(self.producers) + u64::from(self.producer)) as f64 + 0.5
    }

    /// The paced block that holds the first event at or behind a position.
    pub(super) fn paced_block_at(&self, position: f64) -> u64 {
        ((position / f64::from(self.producers) - 1.0).max(0.0) as u64) / BLOCK_EVENTS
    }
}

/// A Poisson process on the cumulative rate, split in halves again and again: the whole has Poisson(mass) events, each half a
/// Binomial(events, 1/2) part of its parent's (the process's own conditional law), and a leaf's events fall evenly at random.
/// A leaf is found in as many draws as the tree is deep.
#[derive(Debug, Clone)]
pub(super) struct PoissonTree {
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
    pub(super) fn new(share: Share) -> Self {
        let leaves = (share.mass / f64::from(share.producers) / BLOCK_EVENTS as f64).ceil().max(1.0) as u64;
        let root = Node { level: 0, index: 0, first: 0, events: total_events(&share) };
        PoissonTree { share, depth: leaves.next_power_of_two().trailing_zeros(), stack: vec![root] }
    }

    pub(super) fn total(&self) -> u64 {
        total_events(&self.share)
    }

    /// A leaf's width on the stream's cumulative rate.
    fn leaf_width(&self) -> f64 {
        self.share.mass / (1_u64 << self.depth) as f64
    }

    /// The leaf that holds a position on the stream's cumulative rate.
    pub(super) fn leaf_at(&self, position: f64) -> u64 {
        ((position / self.leaf_width()) as u64).min((1 << self.depth) - 1)
    }

    /// Goes on from this leaf.
    pub(super) fn seek(&mut self, leaf: u64) {
        let depth = self.depth;
        self.descend(|node, _| leaf >> (depth - node.level - 1) & 1 == 1);
    }

    /// Goes on from the leaf that holds this event.
    pub(super) fn seek_event(&mut self, sequence: u64) {
        self.descend(|_, right| sequence >= right.first);
    }

    /// Goes down from the root to one leaf: `goes_right` chooses at each node, by the node and its right half.
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
    pub(super) fn next_leaf(&mut self) -> Option<Block> {
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

    /// Where the leaf's events lie on the stream's cumulative rate, rising.
    pub(super) fn positions(&self, leaf: Block, positions: &mut Vec<f64>) {
        let mut random = self.share.source.sequence(Purpose::Arrivals, self.share.producer, leaf.number);
        let start = self.leaf_width() * leaf.number as f64;
        scatter(leaf.events, start, self.leaf_width(), &mut random, positions);
    }
}

fn total_events(share: &Share) -> u64 {
    let mut random = share.source.sequence(Purpose::Total, share.producer, 0);
    let mean = share.mass / f64::from(share.producers);
    // A mean of zero (a silent stream) has no Poisson law and no events.
    Poisson::new(mean).map_or(0, |law| {
        let events: f64 = law.sample(&mut random);
        events as u64
    })
}

/// A random share, 0 to 1, for draws that need no distribution.
pub(super) fn unit(random: &mut impl rand::Rng) -> f64 {
    random.random()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(mass: f64, producer: u16, producers: u16) -> Share {
        Share { producer, producers, mass, source: Source::new(5, 0) }
    }

    #[test]
    fn paced_producers_share_every_event_once() {
        for (mass, producers) in [(10.0, 3), (0.4, 1), (1000.0, 7), (12.5, 4), (12.6, 4)] {
            let shared: u64 = (0..producers).map(|p| share(mass, p, producers).paced_events()).sum();
            assert_eq!(shared, (mass - 0.5_f64).ceil().max(0.0) as u64, "{mass} over {producers}");
        }
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
