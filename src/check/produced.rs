//! The outcome of every send of a stream.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

use super::sequences::SequenceSet;
use crate::event::Partition;
use crate::latency::ByPhase;
use crate::mergeable::Merge;

/// Sequence numbers per entry of the bounds that say where events were written.
pub(crate) const RUN_BITS: u32 = 16;

/// Takes in the client's reports. Owned by one worker; [`ProducedRecorder::finish`] turns it into the ledger.
#[derive(Debug, Default)]
pub struct ProducedRecorder {
    producers: Vec<Option<Box<Sends>>>,
}

/// One producer's sends.
#[derive(Debug, Default)]
struct Sends {
    planned: u64,
    acked: SequenceSet,
    failed: RoaringTreemap,
    dropped: RoaringTreemap,
    unresolved: RoaringTreemap,
    copies: Copies,
    /// By partition: (run of sequence numbers, highest offset), rising in the run.
    bounds: Vec<Vec<(u64, u64)>>,
}

/// The outcome of the further copies of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Copies {
    /// How many did the schedule want sent?
    pub planned: u64,
    /// How many were acknowledged?
    pub acked: u64,
    /// How many were reported as failed, dropped or unresolved?
    pub not_acked: u64,
}

impl Merge for Copies {
    fn merge(&mut self, other: Self) {
        let Copies { planned, acked, not_acked } = other;
        self.planned += planned;
        self.acked += acked;
        self.not_acked += not_acked;
    }
}

impl ProducedRecorder {
    /// This many events of a producer were taken from its schedule: `0..events`. In an interrupted run, fewer than the profile plans.
    pub fn planned(&mut self, producer: u16, events: u64) {
        let sends = self.sends(producer);
        sends.planned = sends.planned.max(events);
    }

    /// This many more further copies were taken from a producer's schedule.
    pub fn planned_copies(&mut self, producer: u16, copies: u64) {
        self.sends(producer).copies.planned += copies;
    }

    /// The broker has the event: attempt 0 is its first send, later ones its copies.
    pub fn acked(&mut self, producer: u16, sequence: u64, attempt: u8, partition: Partition, offset: u64) {
        let sends = self.sends(producer);
        if attempt > 0 {
            sends.copies.acked += 1;
        }
        sends.acked.observe(sequence);
        sends.raise_bound(partition, sequence >> RUN_BITS, offset);
    }

    /// The client gave up on this send, certain that it was not written.
    pub fn failed(&mut self, producer: u16, sequence: u64, attempt: u8) {
        let sends = self.sends(producer);
        sends.failed.insert(sequence);
        sends.copies.not_acked += u64::from(attempt > 0);
    }

    /// The generator did not make this send, because the queue was full.
    pub fn dropped(&mut self, producer: u16, sequence: u64, attempt: u8) {
        let sends = self.sends(producer);
        sends.dropped.insert(sequence);
        sends.copies.not_acked += u64::from(attempt > 0);
    }

    /// The client does not know whether this send was written.
    pub fn unresolved(&mut self, producer: u16, sequence: u64, attempt: u8) {
        let sends = self.sends(producer);
        sends.unresolved.insert(sequence);
        sends.copies.not_acked += u64::from(attempt > 0);
    }

    /// The ledger.
    #[must_use]
    pub fn finish(self) -> Produced {
        let producers = (0..).zip(self.producers).filter_map(|(producer, sends)| Some((producer, sends?.finish())));
        Produced { producers: producers.collect(), phases: SentByPhase::default() }
    }

    fn sends(&mut self, producer: u16) -> &mut Sends {
        let place = usize::from(producer);
        if self.producers.len() <= place {
            self.producers.resize_with(place + 1, || None);
        }
        self.producers[place].get_or_insert_default()
    }
}

impl Sends {
    fn raise_bound(&mut self, partition: Partition, run: u64, offset: u64) {
        let place = usize::from(partition);
        if self.bounds.len() <= place {
            self.bounds.resize_with(place + 1, Vec::new);
        }
        let runs = &mut self.bounds[place];
        match runs.last_mut() {
            Some((last, highest)) if *last == run => *highest = offset.max(*highest),
            Some((last, _)) if *last > run => match runs.binary_search_by_key(&run, |(run, _)| *run) {
                Ok(at) => runs[at].1 = offset.max(runs[at].1),
                Err(at) => runs.insert(at, (run, offset)),
            },
            _ => runs.push((run, offset)),
        }
    }

    fn finish(self) -> ProducerSends {
        let acked = self.acked.finish().into_seen();
        let bounds = (0..)
            .zip(self.bounds)
            .flat_map(|(partition, runs)| runs.into_iter().map(move |(run, highest)| ((run, partition), highest)));
        let mut sends = ProducerSends {
            planned: self.planned,
            acked,
            failed: self.failed,
            dropped: self.dropped,
            unresolved: self.unresolved,
            copies: self.copies,
            bounds: bounds.collect(),
        };
        sends.settle();
        sends
    }
}

/// The ledger of what was sent in one stream. Parts merge; those of different shards own different producers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Produced {
    /// By logical producer.
    pub producers: BTreeMap<u16, ProducerSends>,
    /// How long sends took, for each phase in which they were due.
    pub(crate) phases: SentByPhase,
}

/// How long sends took, for each phase in which they were due; after the warm-up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SentByPhase {
    /// From due to handed over.
    pub(crate) due_to_sent: ByPhase,
    /// From handed over to acknowledged.
    pub(crate) sent_to_acked: ByPhase,
}

impl Merge for SentByPhase {
    fn merge(&mut self, other: Self) {
        let SentByPhase { due_to_sent, sent_to_acked } = other;
        self.due_to_sent.merge(due_to_sent);
        self.sent_to_acked.merge(sent_to_acked);
    }
}

impl Produced {
    /// What became of these events alone, given by producer; nothing is known of their further copies.
    #[must_use]
    pub(crate) fn of_events(&self, events: &BTreeMap<u16, RoaringTreemap>) -> Produced {
        let of_producer =
            |(producer, sends): (&u16, &ProducerSends)| Some((*producer, sends.of_events(events.get(producer)?)));
        Produced { producers: self.producers.iter().filter_map(of_producer).collect(), phases: SentByPhase::default() }
    }

    /// By partition: the highest offset that was acknowledged.
    #[must_use]
    pub fn highest_acked(&self) -> BTreeMap<u16, u64> {
        let mut highest = BTreeMap::<u16, u64>::new();
        let bounds = self.producers.values().flat_map(|sends| &sends.bounds);
        for (&(_, partition), &offset) in bounds {
            let own = highest.entry(partition).or_default();
            *own = offset.max(*own);
        }
        highest
    }
}

/// The outcome of one producer's events. An event is acked if any of its sends was, else unresolved if any is, else failed if any did, else
/// dropped. The four sets exclude one another; with [`ProducerSends::silent`] they are `0..planned`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProducerSends {
    /// How many events were taken from the schedule?
    pub planned: u64,
    /// Which events does the broker have?
    pub acked: RoaringTreemap,
    /// Which events did the client give up on?
    pub failed: RoaringTreemap,
    /// Which events were not handed to the client?
    pub dropped: RoaringTreemap,
    /// Which events are unknown to the client?
    pub unresolved: RoaringTreemap,
    /// What happened to further copies?
    pub copies: Copies,
    /// By (run of 65,536 sequence numbers, partition): the highest offset acknowledged.
    pub bounds: BTreeMap<(u64, u16), u64>,
}

impl ProducerSends {
    fn of_events(&self, events: &RoaringTreemap) -> ProducerSends {
        ProducerSends {
            planned: events.range_cardinality(0..self.planned),
            acked: &self.acked & events,
            failed: &self.failed & events,
            dropped: &self.dropped & events,
            unresolved: (&self.unresolved | self.silent()) & events,
            copies: Copies::default(),
            bounds: self.bounds.clone(),
        }
    }

    /// The planned events that no report mentions: their outcome is unknown.
    #[must_use]
    pub fn silent(&self) -> RoaringTreemap {
        let known = self.acked.len() + self.failed.len() + self.dropped.len() + self.unresolved.len();
        let mut silent = RoaringTreemap::new();
        if known < self.planned {
            silent.insert_range(0..self.planned);
            silent = silent - &self.acked - &self.failed - &self.dropped - &self.unresolved;
        }
        silent
    }

    /// Makes the sets exclude one another, and `planned` cover them.
    fn settle(&mut self) {
        let sets = [&self.acked, &self.failed, &self.dropped, &self.unresolved];
        let reported = sets.iter().filter_map(|set| set.max()).max().map_or(0, |highest| highest + 1);
        self.planned = self.planned.max(reported);
        self.dropped = &self.dropped - &self.acked - &self.failed - &self.unresolved;
        self.failed = &self.failed - &self.acked - &self.unresolved;
        self.unresolved -= &self.acked;
        for set in [&mut self.acked, &mut self.failed, &mut self.dropped, &mut self.unresolved] {
            set.optimize();
        }
    }
}

impl Merge for ProducerSends {
    fn merge(&mut self, other: Self) {
        let ProducerSends { planned, acked, failed, dropped, unresolved, copies, bounds } = other;
        self.planned = self.planned.max(planned);
        self.acked |= acked;
        self.failed |= failed;
        self.dropped |= dropped;
        self.unresolved |= unresolved;
        self.copies.merge(copies);
        for (place, offset) in bounds {
            let highest = self.bounds.entry(place).or_default();
            *highest = offset.max(*highest);
        }
        self.settle();
    }
}

impl Merge for Produced {
    fn merge(&mut self, other: Self) {
        let Produced { producers, phases } = other;
        self.phases.merge(phases);
        for (producer, sends) in producers {
            match self.producers.entry(producer) {
                std::collections::btree_map::Entry::Vacant(vacant) => {
                    vacant.insert(sends);
                }
                std::collections::btree_map::Entry::Occupied(mut ours) => ours.get_mut().merge(sends),
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A client's report on one send.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum Report {
        Acked { partition: u16, offset: u64 },
        Failed,
        Dropped,
        Unresolved,
    }

    pub(crate) fn report(recorder: &mut ProducedRecorder, producer: u16, sequence: u64, attempt: u8, report: Report) {
        match report {
            Report::Acked { partition, offset } => {
                recorder.acked(producer, sequence, attempt, Partition::new(partition), offset);
            }
            Report::Failed => recorder.failed(producer, sequence, attempt),
            Report::Dropped => recorder.dropped(producer, sequence, attempt),
            Report::Unresolved => recorder.unresolved(producer, sequence, attempt),
        }
    }

    pub(crate) fn any_report() -> impl Strategy<Value = Report> {
        prop_oneof![
            4 => (0..3_u16, 0..1000_u64).prop_map(|(partition, offset)| Report::Acked { partition, offset }),
            1 => Just(Report::Failed),
            1 => Just(Report::Dropped),
            1 => Just(Report::Unresolved),
        ]
    }

    fn reports() -> impl Strategy<Value = Vec<(u16, u64, u8, Report)>> {
        prop::collection::vec((0..3_u16, 0..60_u64, 0..3_u8, any_report()), 0..200)
    }

    fn recorded(reports: &[(u16, u64, u8, Report)]) -> Produced {
        let mut recorder = ProducedRecorder::default();
        for &(producer, sequence, attempt, what) in reports {
            report(&mut recorder, producer, sequence, attempt, what);
        }
        recorder.finish()
    }

    proptest! {
        #[test]
        fn every_planned_event_comes_to_one_end(reports in reports(), planned in 0..100_u64) {
            let mut recorder = ProducedRecorder::default();
            recorder.planned(1, planned);
            for &(producer, sequence, attempt, what) in &reports {
                report(&mut recorder, producer, sequence, attempt, what);
            }
            for (producer, sends) in recorder.finish().producers {
                let sets = [&sends.acked, &sends.unresolved, &sends.failed, &sends.dropped, &sends.silent()];
                prop_assert_eq!(sets.iter().map(|set| set.len()).sum::<u64>(), sends.planned);
                for sequence in 0..sends.planned {
                    let of_event: Vec<_> =
                        reports.iter().filter(|(p, s, ..)| (*p, *s) == (producer, sequence)).map(|r| r.3).collect();
                    let rank = |what: &Report| match what {
                        Report::Acked { .. } => 0,
                        Report::Unresolved => 1,
                        Report::Failed => 2,
                        Report::Dropped => 3,
                    };
                    let expected = of_event.iter().map(rank).min().unwrap_or(4);
                    prop_assert!(sets[expected].contains(sequence));
                }
            }
        }

        /// However the reports are split over parts, the merge equals the whole, in either order.
        #[test]
        fn merged_shards_equal_the_whole(reports in reports(), split in any::<u64>()) {
            let (even, odd): (Vec<_>, Vec<_>) =
                reports.iter().partition(|(producer, sequence, ..)| split >> ((sequence + u64::from(*producer)) % 64) & 1 == 0);
            let whole = recorded(&reports);
            let (mut even, mut odd) = (recorded(&even), recorded(&odd));
            let again = even.clone();
            even.merge(odd.clone());
            odd.merge(again);
            prop_assert_eq!(&even, &whole);
            prop_assert_eq!(odd, whole);
        }
    }

    #[test]
    fn the_bound_is_the_highest_offset_of_its_run_whatever_the_order_of_acks() {
        let mut recorder = ProducedRecorder::default();
        for (sequence, offset) in [(200_000, 9), (5, 3), (70_000, 4), (6, 2), (200_001, 8)] {
            recorder.acked(0, sequence, 0, Partition::new(1), offset);
        }
        let bounds: Vec<_> = recorder.finish().producers[&0].bounds.clone().into_iter().collect();
        assert_eq!(bounds, [((0, 1), 3), ((1, 1), 4), ((3, 1), 9)]);
    }
}
