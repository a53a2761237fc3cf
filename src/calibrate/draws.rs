//! What a seed decides before the first record: which event, which partition, which windows.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::fault::What;

/// The load of each stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Load {
    /// Events of a stream.
    pub(crate) events: u64,
    /// How long it sends.
    pub(crate) lasts: Duration,
    /// Partitions of its topics.
    pub(crate) partitions: u16,
}

/// What was drawn.
#[derive(Debug)]
pub(super) struct Draws {
    random: Xoshiro256PlusPlus,
    /// The event that is lost alone.
    pub(super) chosen: u64,
    /// The partition that is held up.
    pub(super) partition: i32,
    /// Which of the windows is lost.
    pub(super) window: u64,
}

impl Draws {
    pub(super) fn of(what: &What, load: &Load, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let windows = if let What::Windows { one_in, .. } = what { (*one_in).max(1) } else { 1 };
        Draws {
            chosen: random.random_range(0..load.events.max(1)),
            partition: i32::from(random.random_range(0..load.partitions.max(1))),
            window: random.random_range(0..windows),
            random,
        }
    }

    /// Whether an event is one of a share of them.
    pub(super) fn is_hit(&mut self, share: f64) -> bool {
        self.random.random_bool(share.clamp(0.0, 1.0))
    }
}
