//! What an engine that keeps up certainly keeps, where partitions may be idle.
//!
//! An idle partition does not hold the watermark, even before its first event, and with several source tasks one that comes back does not
//! hold it either until it has caught up. So a partition's own order tells nothing. But an event that was appended at `a` is read before
//! anything that was appended after `a + keeps_up`, and no watermark is ever ahead of the largest event time that was read, less the bound:
//! an event that this does not close is kept.

use std::collections::{BTreeMap, VecDeque};

use super::certain::step_ms;
use super::rule::Rule;
use super::spec::ModelSpec;

/// Into how many slices the time that the engine may be behind is divided: the events of a slice wait together.
const SLICES: i64 = 64;

/// Follows the events in the order of appending.
#[derive(Debug)]
pub(super) struct KeptUp {
    keeps_up_ms: i64,
    maximum: Option<i64>,
    waiting: VecDeque<Slice>,
    kept: u64,
}

/// Events that were appended within some time.
#[derive(Debug)]
struct Slice {
    from_ms: i64,
    /// When the last of them was appended.
    until_ms: i64,
    /// By the horizon that closes their last window, rounded down: how many.
    by_closing_ms: BTreeMap<i64, u64>,
}

impl KeptUp {
    /// Nothing has been seen; none where it adds nothing to the partitions' own order.
    pub(super) fn new(spec: &ModelSpec) -> Option<Self> {
        let keeps_up_ms = spec.idleness_ms.and(spec.keeps_up_ms)?;
        Some(KeptUp { keeps_up_ms, maximum: None, waiting: VecDeque::new(), kept: 0 })
    }

    /// The next record in append order.
    pub(super) fn observe(&mut self, rule: &Rule, event_time_ms: i64, appended_ms: i64) {
        while let Some(slice) = self.waiting.front()
            && slice.until_ms.saturating_add(self.keeps_up_ms) < appended_ms
        {
            self.kept += slice.kept(rule.horizon(self.maximum));
            self.waiting.pop_front();
        }
        self.maximum = self.maximum.max(Some(event_time_ms));
        let closes_ms = rule.last_end_ms(event_time_ms).saturating_add(rule.spec().allowed_ms);
        let step_ms = step_ms(rule.spec());
        let step = closes_ms.div_euclid(step_ms).saturating_mul(step_ms);
        let length_ms = self.keeps_up_ms / SLICES;
        match self.waiting.back_mut() {
            Some(slice) if appended_ms.saturating_sub(slice.from_ms) <= length_ms => {
                slice.until_ms = slice.until_ms.max(appended_ms);
                *slice.by_closing_ms.entry(step).or_default() += 1;
            }
            _ => self.waiting.push_back(Slice {
                from_ms: appended_ms,
                until_ms: appended_ms,
                by_closing_ms: BTreeMap::from([(step, 1)]),
            }),
        }
    }

    /// How many are certainly kept, if this is the end of the stream.
    pub(super) fn kept(&self, rule: &Rule) -> u64 {
        let horizon = rule.horizon(self.maximum);
        self.kept + self.waiting.iter().map(|slice| slice.kept(horizon)).sum::<u64>()
    }
}

impl Slice {
    fn kept(&self, horizon: i64) -> u64 {
        self.by_closing_ms.range(horizon.saturating_add(1)..).map(|(_, events)| events).sum()
    }
}
