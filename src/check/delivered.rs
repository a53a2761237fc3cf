//! What was seen at a stage: the ledger of deliveries, which merges.

use std::collections::BTreeMap;

use super::{LatencyHistogram, Merge, multiset::Multiset};

/// The ledger of one stage.
///
/// Parts merge. Those of different consumers own different partitions, and an event with its copies stays in one partition as long as its key does;
/// then the merge equals the whole in everything. If a pipeline spreads copies of one event over partitions of different consumers, the
/// copies are still counted exactly, but order, lateness and latency are those of each consumer's own first sight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivered {
    /// By logical producer: which events were seen, and how often.
    pub producers: BTreeMap<u16, Multiset>,
    /// How many messages were not this run's, or not this stream's, or no event at all?
    pub foreign: u64,
    /// How many of them held no readable id?
    pub unreadable: u64,
    /// How many carried an id of this run that its schedule cannot hold?
    pub phantom: u64,
    /// How many first deliveries were behind their lane because the profile moved them?
    pub reordered_injected: u64,
    /// How many first deliveries were behind their lane although nobody asked for it?
    pub reordered_accidental: u64,
    /// How many first deliveries were behind their key, unasked? A lower bound.
    pub reordered_by_key: u64,
    /// How many delivered events carried an event time that the profile made late?
    pub late_injected: u64,
    /// From sent to consumed, of first deliveries after the warm-up.
    pub sent_to_consumed: LatencyHistogram,
    /// From due to consumed, of first deliveries after the warm-up.
    pub due_to_consumed: LatencyHistogram,
    /// How many first deliveries carried no due time, and so have no end-to-end latency? (Without one nobody can tell whether it was in the warm-up.)
    pub untimed: u64,
    /// For how long first deliveries after the warm-up may have waited for the observer itself, at most.
    pub observer_behind: LatencyHistogram,
    /// By partition: the offset that would be read next.
    pub positions: BTreeMap<u16, u64>,
    /// How many consumers read until their stated quiet time was over?
    pub ended_quiet: u64,
    /// How many consumers were cut short?
    pub ended_early: u64,
}

impl Delivered {
    /// How many messages were seen, of whatever kind?
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.producers.values().map(Multiset::observations).sum::<u64>() + self.foreign + self.phantom
    }
}

impl Merge for Delivered {
    fn merge(&mut self, other: Self) {
        let Delivered {
            producers,
            foreign,
            unreadable,
            phantom,
            reordered_injected,
            reordered_accidental,
            reordered_by_key,
            late_injected,
            sent_to_consumed,
            due_to_consumed,
            untimed,
            observer_behind,
            positions,
            ended_quiet,
            ended_early,
        } = other;
        for (producer, events) in producers {
            self.producers.entry(producer).or_default().merge(events);
        }
        self.foreign += foreign;
        self.unreadable += unreadable;
        self.phantom += phantom;
        self.reordered_injected += reordered_injected;
        self.reordered_accidental += reordered_accidental;
        self.reordered_by_key += reordered_by_key;
        self.late_injected += late_injected;
        self.sent_to_consumed.merge(sent_to_consumed);
        self.due_to_consumed.merge(due_to_consumed);
        self.untimed += untimed;
        self.observer_behind.merge(observer_behind);
        for (partition, offset) in positions {
            let position = self.positions.entry(partition).or_default();
            *position = offset.max(*position);
        }
        self.ended_quiet += ended_quiet;
        self.ended_early += ended_early;
    }
}
