//! Classifies what a stage shows, message by message.

use crate::event::{EventId, Partition, RunTag};

use super::{
    Counts, Expectation,
    delivered::Delivered,
    due::DueWord,
    observation::{Observation, Suspicion, Unidentified},
    order::{KeyOrder, Lane, LaneOrder, PartitionSteps},
    sequences::{SequenceSet, Sighting},
    stalls::StallWatch,
    strangers::Sample,
};
use crate::latency::{LatencyHistogram, Traits};
use crate::mergeable::Merge;

/// What a message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An event's first delivery.
    First,
    /// A further copy that the profile asked for.
    DuplicateInjected,
    /// A further copy that it did not ask for.
    DuplicateAccidental,
    /// Another run's or stream's message, or no event at all.
    Foreign,
    /// An id of this run that the schedule cannot contain.
    Phantom,
}

/// What an observer has to know of the run.
#[derive(Debug, Clone, Copy)]
pub struct Observed {
    /// The run's tag.
    pub run: RunTag,
    /// The stream's position in the profile.
    pub stream: u8,
    /// How many streams the profile has: others of them may share the topic.
    pub streams: u8,
    /// How many partitions the stream was sent to, if known.
    pub partitions: Option<u16>,
    /// Whether this is the topic that the stream is sent to, where an event is in the partition that its id names.
    pub is_input: bool,
}

/// What a stage showed since the last call.
#[derive(Debug, Clone, Default)]
pub struct Interval {
    /// `delivered`, duplicates, order, `late_injected`, `foreign`, `unreadable` and `phantom`; the rest is 0.
    pub counts: Counts,
    /// Of first deliveries after the warm-up.
    pub due_to_consumed: LatencyHistogram,
    /// Of the same, where they say when they were sent.
    pub sent_to_consumed: LatencyHistogram,
}

/// Observes one stage, or some partitions of it. Owned by one thread.
#[derive(Debug)]
pub struct Observer<E> {
    expectation: E,
    injects: bool,
    observed: Observed,
    producers: Vec<ProducerSeen>,
    keys: KeyOrder,
    interval: Interval,
    steps: PartitionSteps,
    stalls: StallWatch,
    /// The longest that a message of the current second may have waited for the observer itself, in nanoseconds.
    behind_ns: u64,
    ledger: Delivered,
}

#[derive(Debug, Default)]
struct ProducerSeen {
    planned: u64,
    events: SequenceSet,
    lanes: LaneOrder,
}

impl<E: Expectation> Observer<E> {
    /// An observer that has seen nothing.
    #[must_use]
    pub fn new(expectation: E, observed: Observed) -> Self {
        let producers = (0..expectation.producers())
            .map(|producer| ProducerSeen { planned: expectation.planned(producer), ..ProducerSeen::default() })
            .collect();
        Observer {
            injects: expectation.injects(),
            expectation,
            observed,
            producers,
            keys: KeyOrder::default(),
            interval: Interval::default(),
            steps: PartitionSteps::default(),
            stalls: StallWatch::default(),
            behind_ns: 0,
            ledger: Delivered::default(),
        }
    }

    /// Takes in one message.
    pub fn observe(&mut self, seen: &Observation) -> Class {
        self.behind_ns = self.behind_ns.max(seen.behind_ns);
        let class = match self.own(seen) {
            Ok(id) => self.observe_own(id, seen),
            Err(class) => class,
        };
        let counts = &mut self.interval.counts;
        match class {
            Class::First => counts.delivered += 1,
            Class::DuplicateInjected => counts.duplicates_injected += 1,
            Class::DuplicateAccidental => counts.duplicates_accidental += 1,
            Class::Foreign => counts.foreign += 1,
            Class::Phantom => counts.phantom += 1,
        }
        class
    }

    /// What was seen since the last call.
    pub fn take_interval(&mut self) -> Interval {
        let taken = std::mem::take(&mut self.interval);
        let (counts, ledger) = (&taken.counts, &mut self.ledger);
        ledger.foreign += counts.foreign;
        ledger.unreadable += counts.unreadable;
        ledger.phantom += counts.phantom;
        ledger.reordered_injected += counts.reordered_injected;
        ledger.reordered_accidental += counts.reordered_accidental;
        ledger.reordered_by_key += counts.reordered_by_key;
        ledger.late_injected += counts.late_injected;
        ledger.due_wrong += counts.due_wrong;
        ledger.due_to_consumed.merge(taken.due_to_consumed.clone());
        ledger.sent_to_consumed.merge(taken.sent_to_consumed.clone());
        taken
    }

    /// Looks for partitions that stalled, at the end of a second of the run. `is_whole` says whether all of that second was observed.
    pub fn end_second(&mut self, second: u64, is_whole: bool) {
        let kept_up = std::mem::take(&mut self.behind_ns) < MOST_BEHIND_NS;
        let lanes: Vec<&[Lane]> = self.producers.iter().map(|producer| producer.lanes.lanes()).collect();
        self.stalls.look(second, is_whole && kept_up, &lanes, &self.steps);
    }

    /// The topic's partitions are others from now on: what was usual of them says nothing any more.
    pub fn change_partitions(&mut self) {
        self.producers.iter_mut().for_each(|producer| producer.lanes.count_anew());
        self.steps.count_anew();
        self.stalls.begin_anew();
    }

    /// Records how far a partition was read: the offset that would be read next.
    pub fn position(&mut self, partition: Partition, offset: u64) {
        let position = self.ledger.positions.entry(partition.number()).or_default();
        *position = offset.max(*position);
    }

    /// The ledger. `quiet` says whether the configured quiet time had passed when the reading ended.
    #[must_use]
    pub fn finish(mut self, quiet: bool) -> Delivered {
        self.take_interval();
        let events = (0..).zip(self.producers).map(|(producer, seen)| (producer, seen.events.finish()));
        self.ledger.producers = events.filter(|(_, events)| events.observations() > 0).collect();
        self.ledger.stalls = std::mem::take(&mut self.stalls).found();
        self.ledger.ended_quiet = u64::from(quiet);
        self.ledger.ended_early = u64::from(!quiet);
        self.ledger
    }

    /// The event that a message is, if it can be one of this stream's.
    fn own(&mut self, seen: &Observation) -> Result<EventId, Class> {
        let observed = &self.observed;
        let id = match seen.id {
            Ok(id) => id,
            Err(Unidentified::Corrupt(run)) if run == observed.run => return Err(Class::Phantom),
            Err(Unidentified::Foreign) => return Err(Class::Foreign),
            Err(Unidentified::Unreadable | Unidentified::Corrupt(_)) => {
                self.interval.counts.unreadable += 1;
                let is_misplaced = seen.suspicion == Suspicion::Misplaced;
                self.ledger.strangers.unreadable(seen.suspicion != Suspicion::None, is_misplaced);
                return Err(Class::Foreign);
            }
        };
        if id.run != observed.run {
            self.ledger.strangers.event_of(id.run);
            return Err(Class::Foreign);
        }
        if id.stream != observed.stream {
            return Err(if id.stream < observed.streams { Class::Foreign } else { Class::Phantom });
        }
        let planned = self.producers.get(usize::from(id.producer)).map_or(0, |producer| producer.planned);
        let misplaced = observed.partitions.is_some_and(|partitions| id.partition.number() >= partitions)
            || observed.is_input && id.partition != seen.partition;
        if id.sequence >= planned || misplaced { Err(Class::Phantom) } else { Ok(id) }
    }

    fn observe_own(&mut self, id: EventId, seen: &Observation) -> Class {
        let producers = self.producers.len() as u64;
        let producer = &mut self.producers[usize::from(id.producer)];
        let sighting = producer.events.observe(id.sequence);
        let behind_lane = producer.lanes.is_behind(id.partition, seen.partition, id.sequence);
        self.steps.see(seen.partition, id.sequence.saturating_mul(producers).saturating_add(id.producer.into()));
        if let Sighting::Again(before) = sighting {
            let copies = if self.injects { self.expectation.injected(id.producer, id.sequence).copies } else { 0 };
            return if before <= u16::from(copies) { Class::DuplicateInjected } else { Class::DuplicateAccidental };
        }
        let behind_key = seen.key_hash.is_some_and(|key_hash| self.keys.is_behind(id.producer, key_hash, id.sequence));
        self.count_order(id, behind_lane, behind_key);
        if seen.due_word != DueWord::Unsettled {
            self.time(seen);
        }
        Class::First
    }

    fn count_order(&mut self, id: EventId, behind_lane: bool, behind_key: bool) {
        let counts = &mut self.interval.counts;
        let injected = if self.injects {
            self.expectation.injected(id.producer, id.sequence)
        } else if behind_lane || behind_key {
            crate::load::Injected::default()
        } else {
            return;
        };
        counts.late_injected += u64::from(injected.late);
        counts.reordered_injected += u64::from(behind_lane && injected.moved);
        counts.reordered_accidental += u64::from(behind_lane && !injected.moved);
        counts.reordered_by_key += u64::from(behind_key && !injected.moved);
    }

    /// Records the latency of a first delivery. Called only for those observed before their due time was settled.
    pub fn time(&mut self, seen: &Observation) {
        let is_wrong = seen.due_word == DueWord::Disagrees;
        self.interval.counts.due_wrong += u64::from(is_wrong);
        if seen.warmup {
            self.ledger.warmup += 1;
            return;
        }
        self.ledger.observer_behind.record(seen.behind_ns.cast_signed());
        match seen.due_ns {
            Some(due_ns) => {
                let took_ns = difference_ns(seen.consumed_ns, due_ns);
                self.interval.due_to_consumed.record(took_ns);
                self.ledger.phases.due_to_consumed.record(seen.phase, took_ns, 1);
                if let Ok(id) = seen.id {
                    self.ledger.groups.count(&traits(id, seen, self.observed.is_input), took_ns);
                }
            }
            None => self.ledger.untimed += 1,
        }
        let Some(sent_ns) = seen.sent_ns else { return };
        // Nothing is sent before it is due; a time in a payload is truncated to its microsecond.
        if seen.due_ns.is_some_and(|due_ns| sent_ns.saturating_add(STAMP_NS) <= due_ns) {
            self.ledger.sent_wrong += 1;
        } else {
            let took_ns = difference_ns(seen.consumed_ns, sent_ns);
            self.interval.sent_to_consumed.record(took_ns);
            self.ledger.phases.sent_to_consumed.record(seen.phase, took_ns, 1);
        }
    }

    /// Whether a message without a readable id is worth showing.
    #[must_use]
    pub fn wants_sample(&self, suspicion: Suspicion) -> bool {
        self.ledger.strangers.wants_sample(suspicion == Suspicion::Misplaced)
    }

    /// Keeps a message as the sample of those without a readable id.
    pub fn sample(&mut self, sample: Sample) {
        self.ledger.strangers.sample = Some(sample);
    }
}

/// When messages may have waited this long for the observer itself, it does not know which partitions were silent, in nanoseconds.
const MOST_BEHIND_NS: u64 = 1_000_000_000;
/// How far a time in a payload may be below the true one, in nanoseconds.
const STAMP_NS: u64 = 1000;

/// `later - earlier`, whatever a message claims; cut off beyond 292 years.
fn difference_ns(later: u64, earlier: u64) -> i64 {
    let difference = i128::from(later) - i128::from(earlier);
    difference.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// What the event has in common with others. At the input it is read from the partition that it was sent to.
fn traits(id: EventId, seen: &Observation, is_input: bool) -> Traits {
    Traits {
        partition: seen.partition,
        sent_partition: (!is_input).then_some(id.partition),
        producer: id.producer,
        payload_bytes: seen.payload_bytes,
        due_offset_ns: seen.due_offset_ns,
    }
}
