//! The engine's unknown phase: several of it side by side, each with its own horizon.

use super::rule::{NO_HORIZON, Rule};
use super::spec::DEFAULT_INTERVAL_MS;
use crate::profile::Engine;

/// How many phases are tried.
pub(super) const PHASES: usize = 8;
/// Lengths of Spark's micro-batches that are tried when none is set, in milliseconds.
const BATCH_LENGTHS_MS: [i64; PHASES] = [500, 500, 1_000, 1_000, 2_000, 2_000, 4_000, 4_000];
/// So many batches in a silence move all that a silence can move.
const BATCHES_OF_A_SILENCE: i64 = 3;

/// What the phases look at when the watermark moves.
pub(super) struct Maxima<'a> {
    pub(super) partitions: &'a [PartitionLive],
    pub(super) global: Option<i64>,
    pub(super) first_appended_ms: i64,
}

/// A partition, in the order of appending.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartitionLive {
    pub(super) maximum: Option<i64>,
    pub(super) last_appended_ms: Option<i64>,
}

/// One phase: when it moves next, and what is behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    length_ms: i64,
    next_ms: i64,
    pub(super) horizon: i64,
    /// Spark: W of the batch that is being filled; `horizon` is the one before.
    filling: i64,
}

/// All phases of one model.
#[derive(Debug)]
pub(super) struct Phases {
    pub(super) each: [Phase; PHASES],
    /// The largest horizon among them: what is open there is open in all.
    pub(super) furthest: i64,
    next_ms: Option<i64>,
}

impl Phases {
    pub(super) fn new(rule: &Rule) -> Self {
        let spec = rule.spec();
        let length_ms = |place: usize| match (spec.engine, spec.interval_ms) {
            (_, Some(interval_ms)) => interval_ms.max(1),
            (Engine::Spark, None) => BATCH_LENGTHS_MS[place],
            (_, None) => DEFAULT_INTERVAL_MS,
        };
        let phase = |place| Phase {
            length_ms: length_ms(place),
            next_ms: 0,
            horizon: rule.horizon(None),
            filling: rule.horizon(None),
        };
        Phases { each: std::array::from_fn(phase), furthest: rule.horizon(None), next_ms: None }
    }

    /// The engine's clock has come to `now_ms`: what is due happens. Returns a bit for each phase in which anything did.
    pub(super) fn advance(&mut self, rule: &Rule, now_ms: i64, maxima: &Maxima<'_>) -> u32 {
        match self.next_ms {
            None => self.begin(now_ms),
            Some(next_ms) if now_ms < next_ms => return 0,
            Some(_) => {}
        }
        let mut moved = 0;
        for (place, phase) in self.each.iter_mut().enumerate() {
            if now_ms < phase.next_ms {
                continue;
            }
            moved |= 1 << place;
            let over = now_ms.saturating_sub(phase.next_ms) / phase.length_ms;
            let at_ms = phase.next_ms.saturating_add(over.saturating_mul(phase.length_ms));
            phase.next_ms = at_ms.saturating_add(phase.length_ms);
            if rule.spec().engine == Engine::Spark {
                phase.end_batches(rule, over + 1, maxima.global);
            } else {
                phase.horizon = phase.horizon.max(tick(rule, at_ms, phase.length_ms, maxima));
            }
        }
        self.furthest = self.each.iter().map(|phase| phase.horizon).max().unwrap_or(NO_HORIZON);
        self.next_ms = self.each.iter().map(|phase| phase.next_ms).min();
        moved
    }

    /// The phases are spread evenly over the time to the first tick.
    fn begin(&mut self, now_ms: i64) {
        for (place, phase) in (0..).zip(&mut self.each) {
            phase.next_ms = now_ms.saturating_add(1 + phase.length_ms * place / PHASES as i64);
        }
    }
}

impl Phase {
    /// Micro-batches end: the first with the events since the last, the others without any.
    fn end_batches(&mut self, rule: &Rule, batches: i64, maximum: Option<i64>) {
        for _ in 0..batches.min(BATCHES_OF_A_SILENCE) {
            self.horizon = self.filling;
            self.filling = self.filling.max(rule.horizon(maximum));
        }
    }
}

/// The horizon that a tick sends on: the minimum over partitions that are not idle, the maximum over all when all are.
fn tick(rule: &Rule, at_ms: i64, length_ms: i64, maxima: &Maxima<'_>) -> i64 {
    let horizon = |partition: &PartitionLive| rule.horizon(partition.maximum);
    let Some(idleness_ms) = rule.spec().idleness_ms else {
        return maxima.partitions.iter().map(horizon).min().unwrap_or(NO_HORIZON);
    };
    // Silence is timed from the first tick without events (Flink's `WatermarksWithIdleness`), which is one interval
    // after the tick that saw the last ones.
    let is_active = |partition: &&PartitionLive| {
        let last_ms = partition.last_appended_ms.unwrap_or(maxima.first_appended_ms);
        let ticks_since = at_ms.saturating_sub(last_ms).saturating_sub(1) / length_ms;
        let timed_ms = ticks_since.saturating_sub(i64::from(partition.maximum.is_some())).saturating_mul(length_ms);
        timed_ms <= idleness_ms
    };
    let active = maxima.partitions.iter().filter(is_active).map(horizon).min();
    active.or_else(|| maxima.partitions.iter().map(horizon).max()).unwrap_or(NO_HORIZON)
}
