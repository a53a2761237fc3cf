//! What was seen at a stage: the ledger of deliveries, which merges.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

use super::{Stall, Strangers, due::DueContradiction, multiset::Multiset};
use crate::latency::{ByDimension, ByPhase, LatencyHistogram};
use crate::mergeable::Merge;

/// How long events took to be seen, for each phase in which they were due; after the warm-up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SeenByPhase {
    /// From sent to consumed.
    pub(crate) sent_to_consumed: ByPhase,
    /// From due to consumed.
    pub(crate) due_to_consumed: ByPhase,
}

impl Merge for SeenByPhase {
    fn merge(&mut self, other: Self) {
        let SeenByPhase { sent_to_consumed, due_to_consumed } = other;
        self.sent_to_consumed.merge(sent_to_consumed);
        self.due_to_consumed.merge(due_to_consumed);
    }
}

/// The ledger of one stage.
///
/// Parts merge. Different consumers own different partitions, and an event and its copies stay in one partition as long as their key does;
/// then the merge equals the whole in everything. If a pipeline spreads copies of one event over partitions of different consumers, the
/// copies are still counted exactly, but order, lateness and latency are those of each consumer's first sighting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivered {
    /// By logical producer: which events were seen, and how often.
    pub producers: BTreeMap<u16, Multiset>,
    /// How many messages were not this run's, or not this stream's, or no event at all?
    pub foreign: u64,
    /// How many of them held no readable id?
    pub unreadable: u64,
    /// How many carried an id of this run that its schedule cannot contain?
    pub phantom: u64,
    /// How many first deliveries were behind their lane because the profile moved them?
    pub reordered_injected: u64,
    /// How many first deliveries were behind their lane although the profile did not ask for it?
    pub reordered_accidental: u64,
    /// How many first deliveries were behind their key although the profile did not ask for it? A lower bound.
    pub reordered_by_key: u64,
    /// How many delivered events carried an event time that the profile made late?
    pub late_injected: u64,
    /// From sent to consumed, of first deliveries after the warm-up.
    pub sent_to_consumed: LatencyHistogram,
    /// From due to consumed, of first deliveries after the warm-up.
    pub due_to_consumed: LatencyHistogram,
    /// The same latencies for each phase in which events were due.
    pub(crate) phases: SeenByPhase,
    /// The end-to-end latencies by partition, producer, size and time.
    pub(crate) groups: ByDimension,
    /// How many first deliveries were due in the warm-up, and so have no latency here?
    pub warmup: u64,
    /// For how many first deliveries is the due time unknown, so that they have no end-to-end latency? (The start of the run is unknown,
    /// and the messages do not agree on one.)
    pub untimed: u64,
    /// How many first deliveries claim a due time other than the schedule's? Their latency runs from the schedule's.
    pub due_wrong: u64,
    /// How many first deliveries claim to have been sent before they were due, so that they have no latency from sent?
    pub sent_wrong: u64,
    /// The first claim of a due time that the schedule contradicts.
    pub contradiction: Option<DueContradiction>,
    /// Another run of this schedule with the same id: how much later it began than this one (earlier, if negative), in nanoseconds, and how
    /// many messages it has at least.
    pub twin: Option<(i64, u64)>,
    /// How long first deliveries after the warm-up may have waited for the observer itself, at most.
    pub observer_behind: LatencyHistogram,
    /// Messages that are not this run's.
    pub strangers: Strangers,
    /// By partition: the offset that would be read next.
    pub positions: BTreeMap<u16, u64>,
    /// By partition: where it ended when the reading did, including records not yet shown to readers; nothing where it is unknown.
    pub ends: BTreeMap<u16, u64>,
    /// By partition: where it ended for readers of committed records only.
    pub stable_ends: BTreeMap<u16, u64>,
    /// How often was the topic seen to be deleted or recreated? Offsets before and after cannot be compared.
    pub topic_changes: u64,
    /// How many events may be in batches that could not be read, at most? [`u64::MAX`] where a batch does not say.
    pub unread: u64,
    /// How many consumers could not learn where the topic ended?
    pub ends_unknown: u64,
    /// Partitions that delivered nothing for a while, while others of the same consumer went on.
    pub(crate) stalls: Vec<Stall>,
    /// How many consumers read until their configured quiet time had passed?
    pub ended_quiet: u64,
    /// How many consumers were cut short?
    pub ended_early: u64,
}

impl Delivered {
    /// What was seen of these events alone, given by producer; how the stage was read stays.
    #[must_use]
    pub(crate) fn of_events(&self, events: &BTreeMap<u16, RoaringTreemap>) -> Delivered {
        let of_producer =
            |(producer, seen): (&u16, &Multiset)| Some((*producer, seen.of_events(events.get(producer)?)));
        Delivered {
            producers: self.producers.iter().filter_map(of_producer).collect(),
            strangers: self.strangers.clone(),
            positions: self.positions.clone(),
            ends: self.ends.clone(),
            stable_ends: self.stable_ends.clone(),
            topic_changes: self.topic_changes,
            unread: self.unread,
            ends_unknown: self.ends_unknown,
            ended_quiet: self.ended_quiet,
            ended_early: self.ended_early,
            ..Delivered::default()
        }
    }

    /// How many messages were seen, of any kind?
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.producers.values().map(Multiset::observations).sum::<u64>() + self.foreign + self.phantom
    }

    /// How many records are in the topic beyond what could be read, at most?
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
            phases,
            groups,
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
            unread,
            ends_unknown,
            stalls,
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
        self.phases.merge(phases);
        self.groups.merge(groups);
        self.warmup += warmup;
        self.untimed += untimed;
        self.due_wrong += due_wrong;
        self.sent_wrong += sent_wrong;
        // Of the two, choose one regardless of the order of the parts.
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
        self.unread = self.unread.saturating_add(unread);
        self.ends_unknown += ends_unknown;
        self.stalls.extend(stalls);
        self.stalls.sort_unstable_by(Stall::in_order);
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
