//! What was seen at a stage: the ledger of deliveries, which merges.

use std::collections::BTreeMap;

use super::{LatencyHistogram, Merge, Strangers, due::DueContradiction, multiset::Multiset};

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
    /// How many first deliveries were due in the warm-up, and so have no latency here?
    pub warmup: u64,
    /// Of how many first deliveries nobody knows when they were due, so that they have no end-to-end latency? (The start of the run is not
    /// known, and the messages agree on none.)
    pub untimed: u64,
    /// How many first deliveries claim another due time than the schedule gives them? Their latency runs from the schedule's.
    pub due_wrong: u64,
    /// How many first deliveries claim to have been sent before they were due, so that they have no latency from sent?
    pub sent_wrong: u64,
    /// The first claim of a due time that the schedule contradicts.
    pub contradiction: Option<DueContradiction>,
    /// Of another run of this schedule with the same id: by how much it began after this one (before, if negative), in nanoseconds, and how
    /// many messages are its own, at least.
    pub twin: Option<(i64, u64)>,
    /// For how long first deliveries after the warm-up may have waited for the observer itself, at most.
    pub observer_behind: LatencyHistogram,
    /// Messages that are not this run's.
    pub strangers: Strangers,
    /// By partition: the offset that would be read next.
    pub positions: BTreeMap<u16, u64>,
    /// By partition: where it ended when the reading did, records included that are not shown to readers yet; nothing where nobody could say.
    pub ends: BTreeMap<u16, u64>,
    /// By partition: where it ended for readers that read committed records only.
    pub stable_ends: BTreeMap<u16, u64>,
    /// How often the topic was seen to be deleted, or made anew: what offsets say of before and after cannot be compared.
    pub topic_changes: u64,
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

    /// How many records lie in the topic beyond what could be read, at most?
    #[must_use]
    pub fn hidden(&self) -> u64 {
        let beyond =
            |(partition, end): (&u16, &u64)| end.saturating_sub(self.positions.get(partition).copied().unwrap_or(0));
        self.ends.iter().map(beyond).sum()
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
            warmup,
            untimed,
            due_wrong,
            sent_wrong,
            contradiction,
            twin,
            observer_behind,
            strangers,
            positions,
            ends,
            stable_ends,
            topic_changes,
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
        self.warmup += warmup;
        self.untimed += untimed;
        self.due_wrong += due_wrong;
        self.sent_wrong += sent_wrong;
        // Of two, the one that is the same whichever part comes first.
        self.contradiction = [self.contradiction, contradiction].into_iter().flatten().min();
        self.twin = match (self.twin, twin) {
            (Some((own_ns, own)), Some((other_ns, other))) => Some((own_ns.min(other_ns), own + other)),
            (own, other) => own.or(other),
        };
        self.observer_behind.merge(observer_behind);
        self.strangers.merge(strangers);
        merge_highest(&mut self.positions, positions);
        merge_highest(&mut self.ends, ends);
        merge_highest(&mut self.stable_ends, stable_ends);
        self.topic_changes += topic_changes;
        self.ended_quiet += ended_quiet;
        self.ended_early += ended_early;
    }
}

fn merge_highest(own: &mut BTreeMap<u16, u64>, other: BTreeMap<u16, u64>) {
    for (partition, offset) in other {
        let highest = own.entry(partition).or_default();
        *highest = offset.max(*highest);
    }
}
