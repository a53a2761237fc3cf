//! The blocks of a producer's schedule, one after the other or sought by a number, and when their events are due.

use super::arrivals::{BLOCK_EVENTS, Block, PoissonTree, Share};
use super::buckets::{BucketLeaves, Leaf};
use super::inside::Placing;
use super::rate::RateCurve;
use super::schedule::{Process, StreamSchedule};

/// The blocks of a producer, in order.
#[derive(Debug)]
pub(super) enum Blocks {
    Paced { next: u64, events: u64 },
    Poisson(PoissonTree),
    Buckets { leaves: BucketLeaves, current: Option<Leaf> },
}

impl Blocks {
    /// From the first that can hold a send due at `from_ns`: an event's last retry comes a bounded time after its place.
    pub(super) fn from(schedule: &StreamSchedule, producer: u16, from_ns: u64) -> Self {
        let reach_ns = from_ns.saturating_sub(schedule.injections.longest_ns());
        let even_ns = schedule.bursts.as_ref().map_or(reach_ns, |bursts| bursts.cycle_start_ns(reach_ns));
        // A little earlier: the cumulative rate and its inverse agree to far less than that, and not to the last bit.
        let position = schedule.curve.cumulative(even_ns.saturating_sub(1_000));
        let share = schedule.share(producer);
        match schedule.process {
            Process::Paced => Blocks::Paced { next: share.paced_block_at(position), events: share.paced_events() },
            Process::ExactBuckets => {
                let curve = &schedule.curve;
                let mut leaves = BucketLeaves::from_bucket(share, curve, curve.segment_from(even_ns));
                if even_ns > 0 {
                    leaves.skip_to(curve, |bucket, start| {
                        Placing::default().due_ns(&schedule.inside, curve, bucket, start) < even_ns
                    });
                }
                Blocks::Buckets { leaves, current: None }
            }
            Process::Poisson => {
                let mut tree = PoissonTree::new(share);
                if even_ns > 0 {
                    tree.seek(tree.leaf_at(position));
                }
                Blocks::Poisson(tree)
            }
        }
    }

    /// From the one that holds an event.
    pub(super) fn holding(schedule: &StreamSchedule, producer: u16, sequence: u64) -> Self {
        let share = schedule.share(producer);
        match schedule.process {
            Process::Paced => Blocks::Paced { next: sequence / BLOCK_EVENTS, events: share.paced_events() },
            Process::ExactBuckets => {
                Blocks::Buckets { leaves: BucketLeaves::holding(share, &schedule.curve, sequence), current: None }
            }
            Process::Poisson => {
                let mut tree = PoissonTree::new(share);
                tree.seek_event(sequence);
                Blocks::Poisson(tree)
            }
        }
    }

    pub(super) fn next(&mut self, curve: &RateCurve) -> Option<Block> {
        match self {
            Blocks::Paced { next, events } => {
                let first = *next * BLOCK_EVENTS;
                if first >= *events {
                    return None;
                }
                let block = Block { number: *next, first, events: BLOCK_EVENTS.min(*events - first) };
                *next += 1;
                Some(block)
            }
            Blocks::Poisson(tree) => tree.next_leaf(),
            Blocks::Buckets { leaves, current } => {
                *current = leaves.next(curve);
                current.map(|leaf| leaf.block())
            }
        }
    }
}

/// When the events of one block are due. It keeps what the next block can use; the answers do not depend on it.
#[derive(Debug, Default)]
pub(super) struct BlockDues {
    positions: Vec<f64>,
    segment_hint: usize,
    placing: Placing,
}

impl BlockDues {
    /// Turns to the block that `blocks` has just given.
    pub(super) fn turn_to(&mut self, blocks: &Blocks, block: Block) {
        match blocks {
            Blocks::Poisson(tree) => tree.positions(block, &mut self.positions),
            Blocks::Buckets { leaves, current: Some(leaf) } => leaves.positions(leaf, &mut self.positions),
            Blocks::Paced { .. } | Blocks::Buckets { current: None, .. } => {}
        }
    }

    /// When the event at a place of that block is due: its first send, where nothing is moved.
    pub(super) fn due_ns(
        &mut self,
        schedule: &StreamSchedule,
        share: &Share,
        blocks: &Blocks,
        block: Block,
        place: u64,
    ) -> u64 {
        match blocks {
            Blocks::Paced { .. } => self.due_at(schedule, share.paced_position(block.first + place)),
            Blocks::Poisson(_) => self.due_at(schedule, self.positions[place as usize]),
            Blocks::Buckets { current, .. } => {
                let bucket = current.map_or(0, |leaf| leaf.bucket);
                self.placing.due_ns(&schedule.inside, &schedule.curve, bucket, self.positions[place as usize])
            }
        }
    }

    /// When the event at a place on the stream's cumulative rate is due.
    fn due_at(&mut self, schedule: &StreamSchedule, position: f64) -> u64 {
        let even_ns = schedule.curve.when(position, &mut self.segment_hint);
        schedule.due_ns(even_ns)
    }
}
