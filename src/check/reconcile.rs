//! Reconciles sent and seen: what happened to every event, at one stage.
//!
//! The laws, for every stage:
//! `planned = acked + failed + dropped + unresolved`,
//! `acked + unresolved_delivered = delivered + lost + in_flight`, where `delivered` counts the unresolved that came after all,
//! and messages seen = `delivered + duplicates_injected + duplicates_accidental + foreign + phantom`.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringTreemap;

use super::{
    Counts, Delivered, Expectation, Multiset, Produced,
    produced::{ProducerSends, RUN_BITS},
};
use crate::mergeable::Merge;

/// The most lost events that are named.
const NAMED: usize = 10;

/// When an acked event that was not seen is lost rather than in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LostRule {
    /// In the topic that the events were sent to: when the reading went past where it was written. A partition's end is not enough: it may
    /// be below what was acknowledged, before replicas have it or while a transaction is open.
    ReadPast,
    /// Further down: when every consumer went on reading until its configured quiet time had passed.
    Quiet,
}

/// A lost event, named so that it can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LostEvent {
    /// The logical producer.
    pub producer: u16,
    /// Its number among the producer's events.
    pub sequence: u64,
    /// The partition that it was sent to, if known.
    pub partition: Option<u16>,
}

/// The result of comparing sent with seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reconciled {
    /// What happened to the events.
    pub counts: Counts,
    /// The first lost events, by producer and sequence number.
    pub lost: Vec<LostEvent>,
    /// How many events that the client reported as failed were seen nevertheless? They count as unresolved.
    pub failed_but_delivered: u64,
}

/// Reconciles what was sent with what one stage showed. Both may come from other processes, and may be merged from parts.
#[must_use]
pub(crate) fn reconcile(
    produced: &Produced,
    delivered: &Delivered,
    expectation: &impl Expectation,
    rule: LostRule,
) -> Reconciled {
    let mut whole = Reconciled {
        counts: Counts {
            foreign: delivered.foreign,
            unreadable: delivered.unreadable,
            phantom: delivered.phantom,
            reordered_injected: delivered.reordered_injected,
            reordered_accidental: delivered.reordered_accidental,
            reordered_by_key: delivered.reordered_by_key,
            late_injected: delivered.late_injected,
            due_wrong: delivered.due_wrong,
            ..Counts::default()
        },
        ..Reconciled::default()
    };
    let reading = Reading { delivered, rule };
    let (no_sends, no_events) = (ProducerSends::default(), Multiset::default());
    let producers: BTreeSet<u16> = produced.producers.keys().chain(delivered.producers.keys()).copied().collect();
    for producer in producers {
        let sends = produced.producers.get(&producer).unwrap_or(&no_sends);
        let events = delivered.producers.get(&producer).unwrap_or(&no_events);
        let one = Producer { producer, sends, events, expectation };
        one.reconcile(&reading, &mut whole);
    }
    whole.spare(reading.doubtful());
    whole
}

impl Reconciled {
    /// Up to this many missing events may still be somewhere, and it is unknown which: that many are in flight, not certainly lost.
    fn spare(&mut self, doubtful: u64) {
        let spared = doubtful.min(self.counts.lost);
        if spared > 0 {
            self.counts.lost -= spared;
            self.counts.in_flight += spared;
            self.lost.clear();
        }
    }
}

/// One producer's two ledgers.
struct Producer<'a, E> {
    producer: u16,
    sends: &'a ProducerSends,
    events: &'a Multiset,
    expectation: &'a E,
}

impl<E: Expectation> Producer<'_, E> {
    fn reconcile(&self, reading: &Reading<'_>, whole: &mut Reconciled) {
        let nothing = RoaringTreemap::new();
        let seen = self.events.levels().first().unwrap_or(&nothing);
        let sends = self.sends;
        let failed_seen = &sends.failed & seen;
        let unresolved = &(&sends.unresolved | sends.silent()) | &failed_seen;
        let impossible = seen - &sends.acked - &unresolved;
        let unresolved_delivered = unresolved.intersection_len(seen);
        let dropped = sends.dropped.len();
        whole.failed_but_delivered += failed_seen.len();

        let mut counts = Counts {
            planned: sends.planned,
            sent: sends.planned - dropped,
            acked: sends.acked.len(),
            failed: sends.failed.len() - failed_seen.len(),
            dropped,
            unresolved: unresolved.len(),
            delivered: seen.len() - impossible.len(),
            unresolved_delivered,
            copies_planned: sends.copies.planned.max(sends.copies.acked + sends.copies.not_acked),
            copies_acked: sends.copies.acked,
            ..Counts::default()
        };
        counts.copies_not_acked = counts.copies_planned - counts.copies_acked;
        self.count_repeats(&impossible, &mut counts);
        self.count_missing(&(&sends.acked - seen), reading, &mut counts, &mut whole.lost);
        whole.counts.merge(counts);
    }

    /// Counts duplicates, and every delivery of events that were never handed to the client.
    fn count_repeats(&self, impossible: &RoaringTreemap, counts: &mut Counts) {
        let mut beyond_first = self.events.observations() - self.events.distinct();
        counts.phantom = impossible.len();
        for (sequence, count) in self.events.repeated() {
            if impossible.contains(sequence) {
                counts.phantom += count - 1;
                beyond_first -= count - 1;
            } else if self.expectation.injects() {
                let copies = u64::from(self.expectation.injected(self.producer, sequence).copies);
                counts.duplicates_injected += copies.min(count - 1);
            }
        }
        counts.duplicates_accidental = beyond_first - counts.duplicates_injected;
    }

    /// Counts lost and in flight, run by run of the sequence numbers; one by one only
    /// where the run's partitions were not all read equally far.
    fn count_missing(
        &self,
        missing: &RoaringTreemap,
        reading: &Reading<'_>,
        counts: &mut Counts,
        named: &mut Vec<LostEvent>,
    ) {
        let mut rest = missing.iter();
        while let Some(first) = rest.next() {
            let run = first >> RUN_BITS;
            let (begin, end) = (run << RUN_BITS, (run + 1) << RUN_BITS);
            rest.advance_to(end);
            let bounds = reading.bounds(self.sends, run);
            let of_run = missing.range_cardinality(begin..end);
            let past = bounds.values().filter(|past| **past).count();
            if past == 0 {
                counts.in_flight += of_run;
                continue;
            }
            let all_past = past == bounds.len();
            if all_past && named.len() >= NAMED {
                counts.lost += of_run;
                continue;
            }
            let mut one_by_one = missing.iter();
            one_by_one.advance_to(begin);
            for sequence in one_by_one.take(of_run as usize) {
                let partition = self.expectation.partition(self.producer, sequence);
                if all_past || partition.is_some_and(|partition| bounds.get(&partition) == Some(&true)) {
                    counts.lost += 1;
                    if named.len() < NAMED {
                        named.push(LostEvent { producer: self.producer, sequence, partition });
                    }
                } else {
                    counts.in_flight += 1;
                }
            }
        }
    }
}

/// How far the stage was read.
struct Reading<'a> {
    delivered: &'a Delivered,
    rule: LostRule,
}

impl Reading<'_> {
    /// By partition that events of a run were written to: whether the reading went past all of them.
    fn bounds(&self, sends: &ProducerSends, run: u64) -> BTreeMap<u16, bool> {
        let of_run = sends.bounds.range((run, 0)..=(run, u16::MAX));
        of_run.map(|(&(_, partition), &highest)| (partition, self.went_past(partition, highest))).collect()
    }

    fn went_past(&self, partition: u16, highest: u64) -> bool {
        if self.delivered.topic_changes > 0 {
            return false;
        }
        match self.rule {
            LostRule::Quiet => self.delivered.ended_quiet > 0 && self.delivered.ended_early == 0,
            LostRule::ReadPast => self.delivered.positions.get(&partition).is_some_and(|&position| position > highest),
        }
    }

    /// How many of the events that were not seen may still be somewhere: beyond what readers are shown, among messages or in batches that
    /// cannot be read. In the topic that they were sent to, it is known where they were written.
    fn doubtful(&self) -> u64 {
        let Delivered { unreadable, strangers, unread, ends_unknown, .. } = self.delivered;
        let seen_none = self.delivered.producers.is_empty();
        match self.rule {
            _ if seen_none && *unreadable > 0 => u64::MAX,
            LostRule::ReadPast => *unread,
            LostRule::Quiet if *ends_unknown > 0 => u64::MAX,
            LostRule::Quiet => self.delivered.hidden().saturating_add(strangers.suspects).saturating_add(*unread),
        }
    }
}

#[cfg(test)]
mod tests;
