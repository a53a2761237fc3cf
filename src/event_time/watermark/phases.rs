//! The engine's unknown phase: several candidates side by side, each with its own horizon.

use std::collections::VecDeque;

use super::clock::END_CHECK_MS;
use super::rule::{NO_HORIZON, Rule};
use super::spec::DEFAULT_INTERVAL_MS;
use crate::event_time::engines::Progress;

/// How many phases of a ticking watermark are tried: one every 6 ms of Flink's interval.
const TICK_PHASES: usize = 32;
/// How long Flink's network buffers may hold a watermark back while records of another source subtask are judged, in milliseconds:
/// `execution.buffer-timeout.interval`. That takes a second subtask, and so a second partition.
const FLINK_BUFFER_TIMEOUT_MS: i64 = 100;
/// Lengths of Spark's micro-batches to try when none is set, in milliseconds.
const BATCH_LENGTHS_MS: [i64; 8] = [500, 500, 1_000, 1_000, 2_000, 2_000, 4_000, 4_000];
/// This many batches in a silence move everything that a silence can move.
const BATCHES_OF_A_SILENCE: i64 = 3;

/// What the phases need when the watermark moves.
pub(super) struct Maxima<'a> {
    pub(super) partitions: &'a [PartitionLive],
    pub(super) global: Option<i64>,
    pub(super) first_appended_ms: i64,
}

/// A partition, in append order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartitionLive {
    pub(super) maximum: Option<i64>,
    pub(super) last_appended_ms: Option<i64>,
}

/// One phase: when it moves next, and its horizon.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    length_ms: i64,
    /// From a tick to when its horizon reaches the windows.
    delay_ms: i64,
    next_ms: i64,
    pub(super) horizon: i64,
    /// Spark: W of the batch that is being filled; `horizon` is the one before.
    filling: i64,
    /// Horizons on their way, each with its time of arrival.
    under_way: VecDeque<(i64, i64)>,
}

/// All phases of one model. At most 64.
#[derive(Debug)]
pub(super) struct Phases {
    pub(super) each: Vec<Phase>,
    /// The highest horizon among them: what is open there is open in all.
    pub(super) furthest: i64,
    /// The lowest: what is closed there is closed in all.
    pub(super) nearest: i64,
    next_ms: Option<i64>,
}

impl Phases {
    pub(super) fn new(rule: &Rule, partitions: usize) -> Self {
        let spec = rule.spec();
        let horizon = rule.horizon(None);
        let phase = |length_ms, delay_ms| Phase {
            length_ms,
            delay_ms,
            next_ms: 0,
            horizon,
            filling: horizon,
            under_way: VecDeque::new(),
        };
        let delays: &[i64] = match spec.progress() {
            Progress::SourceTasks if partitions > 1 => &[0, FLINK_BUFFER_TIMEOUT_MS],
            // For a reader that follows the clock, not its watermark is old, but its knowledge of the partitions' ends.
            Progress::ReaderClock => &[0, END_CHECK_MS],
            Progress::SourceTasks | Progress::MicroBatches | Progress::StreamTime | Progress::Arrival => &[0],
        };
        let each = if spec.progress().moves_at_batches() {
            BATCH_LENGTHS_MS.map(|length_ms| phase(spec.interval_ms.unwrap_or(length_ms).max(1), 0)).to_vec()
        } else {
            let length_ms = spec.interval_ms.unwrap_or(DEFAULT_INTERVAL_MS).max(1);
            delays.iter().flat_map(|delay_ms| vec![phase(length_ms, *delay_ms); TICK_PHASES]).collect()
        };
        Phases { each, furthest: horizon, nearest: horizon, next_ms: None }
    }

    /// The engine's clock has reached `now_ms`: what is due happens. Returns a bit for each phase in which anything did.
    pub(super) fn advance(&mut self, rule: &Rule, now_ms: i64, maxima: &Maxima<'_>) -> u64 {
        match self.next_ms {
            None => self.begin(rule, now_ms),
            Some(next_ms) if now_ms < next_ms => return 0,
            Some(_) => {}
        }
        let mut moved = 0;
        for (place, phase) in self.each.iter_mut().enumerate() {
            moved |= u64::from(phase.advance(rule, now_ms, maxima)) << place;
        }
        let horizons = || self.each.iter().map(|phase| phase.horizon);
        self.furthest = horizons().max().unwrap_or(NO_HORIZON);
        self.nearest = horizons().min().unwrap_or(NO_HORIZON);
        self.next_ms = self.each.iter().map(Phase::due_ms).min();
        moved
    }

    /// The phases are spread evenly over the time to the first tick.
    fn begin(&mut self, rule: &Rule, now_ms: i64) {
        let spread = if rule.spec().progress().moves_at_batches() { self.each.len() } else { TICK_PHASES };
        for (place, phase) in self.each.iter_mut().enumerate() {
            let part = phase.length_ms.saturating_mul((place % spread) as i64) / spread as i64;
            phase.next_ms = now_ms.saturating_add(1).saturating_add(part);
        }
    }
}

impl Phase {
    /// When something happens next.
    fn due_ms(&self) -> i64 {
        self.under_way.front().map_or(self.next_ms, |(arrives_ms, _)| self.next_ms.min(*arrives_ms))
    }

    /// Whether anything was due.
    fn advance(&mut self, rule: &Rule, now_ms: i64, maxima: &Maxima<'_>) -> bool {
        if now_ms < self.due_ms() {
            return false;
        }
        if now_ms >= self.next_ms {
            let over = now_ms.saturating_sub(self.next_ms) / self.length_ms;
            let at_ms = self.next_ms.saturating_add(over.saturating_mul(self.length_ms));
            self.next_ms = at_ms.saturating_add(self.length_ms);
            if rule.spec().progress().moves_at_batches() {
                self.end_batches(rule, over + 1, maxima.global);
                return true;
            }
            if rule.spec().follows_clock() {
                self.horizon = self.horizon.max(clock_tick(rule, at_ms, self.delay_ms, maxima));
                return true;
            }
            let horizon = tick(rule, at_ms, self.length_ms, maxima);
            self.under_way.push_back((at_ms.saturating_add(self.delay_ms), horizon));
        }
        while let Some((_, horizon)) = self.under_way.front().copied().filter(|(arrives_ms, _)| *arrives_ms <= now_ms) {
            self.under_way.pop_front();
            self.horizon = self.horizon.max(horizon);
        }
        true
    }

    /// Micro-batches end: the first with the events since the last, the others without any.
    fn end_batches(&mut self, rule: &Rule, batches: i64, maximum: Option<i64>) {
        for _ in 0..batches.min(BATCHES_OF_A_SILENCE) {
            let before = self.filling;
            self.filling = self.filling.max(rule.horizon(maximum));
            self.horizon = if rule.spec().allow_multiple { before } else { self.filling };
        }
    }
}

/// The horizon that a tick emits, if the watermark follows the clock and the engine has read everything: the minimum over the partitions.
fn clock_tick(rule: &Rule, at_ms: i64, check_age_ms: i64, maxima: &Maxima<'_>) -> i64 {
    let checked_ms = Some(at_ms.saturating_sub(check_age_ms));
    let horizon = |partition: &PartitionLive| rule.horizon_at(partition.maximum, at_ms, checked_ms);
    maxima.partitions.iter().map(horizon).min().unwrap_or(NO_HORIZON)
}

/// The horizon that a tick emits: the minimum over partitions that are not idle, the maximum over all when all are.
fn tick(rule: &Rule, at_ms: i64, length_ms: i64, maxima: &Maxima<'_>) -> i64 {
    let horizon = |partition: &PartitionLive| rule.horizon(partition.maximum);
    let Some(idleness_ms) = rule.spec().idleness_ms else {
        return maxima.partitions.iter().map(horizon).min().unwrap_or(NO_HORIZON);
    };
    // Silence is timed from the first tick without events (Flink's `WatermarksWithIdleness`),
    // which is one interval after the tick that saw the last ones.
    let is_active = |partition: &&PartitionLive| {
        let last_ms = partition.last_appended_ms.unwrap_or(maxima.first_appended_ms);
        let ticks_since = at_ms.saturating_sub(last_ms).saturating_sub(1) / length_ms;
        let timed_ms = ticks_since.saturating_sub(i64::from(partition.maximum.is_some())).saturating_mul(length_ms);
        timed_ms <= idleness_ms
    };
    let active = maxima.partitions.iter().filter(is_active).map(horizon).min();
    active.or_else(|| maxima.partitions.iter().map(horizon).max()).unwrap_or(NO_HORIZON)
}
