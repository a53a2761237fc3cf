//! The ledger compared with a plain model: random sends and deliveries, counted event by event.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::{
    check::{
        Class, DueWord, Observation, Observed, Observer, ProducedRecorder, Suspicion, Unidentified,
        produced::tests::{Report, report},
    },
    event::{EventId, Partition, RunTag},
    load::Injected,
};

const PRODUCERS: u16 = 3;
const PARTITIONS: u16 = 3;
const PLANNED: u64 = 40;
const RUN: RunTag = RunTag(0xF100D);

fn partition_of(producer: u16, sequence: u64) -> u16 {
    ((u64::from(producer) + sequence * sequence) % u64::from(PARTITIONS)) as u16
}

/// Injections as a plain function of the event.
struct Plan;

impl Expectation for Plan {
    fn producers(&self) -> u16 {
        PRODUCERS
    }
    fn planned(&self, _producer: u16) -> u64 {
        PLANNED
    }
    fn injected(&self, producer: u16, sequence: u64) -> Injected {
        let mixed = (u64::from(producer) * 31 + sequence * 7) % 12;
        Injected { copies: (mixed % 3) as u8, moved: mixed % 4 == 1, late: mixed % 5 == 2 }
    }
    fn partition(&self, producer: u16, sequence: u64) -> Option<u16> {
        Some(partition_of(producer, sequence))
    }
}

/// What a random run did.
#[derive(Debug, Clone)]
struct Run {
    sends: Vec<(u16, u64, u8, Report)>,
    /// Events seen, in order; the last two kinds are another run's and a producer's that the profile does not have.
    seen: Vec<Seen>,
    positions: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Seen {
    Event(u16, u64),
    OtherRun,
    Unknown,
    Unreadable,
}

fn any_run() -> impl Strategy<Value = Run> {
    let send = (0..PRODUCERS, 0..PLANNED, 0..3_u8, 0..20_u8, 0..50_u64).prop_map(
        |(producer, sequence, attempt, what, offset)| {
            let what = match what {
                0 => Report::Failed,
                1 => Report::Dropped,
                2 | 3 => Report::Unresolved,
                _ => Report::Acked { partition: partition_of(producer, sequence), offset },
            };
            (producer, sequence, attempt, what)
        },
    );
    let seen = prop_oneof![
        20 => (0..PRODUCERS, 0..PLANNED).prop_map(|(producer, sequence)| Seen::Event(producer, sequence)),
        1 => Just(Seen::OtherRun),
        1 => Just(Seen::Unknown),
        1 => Just(Seen::Unreadable),
    ];
    (prop::collection::vec(send, 0..250), prop::collection::vec(seen, 0..250), prop::collection::vec(0..60_u64, 3))
        .prop_map(|(sends, seen, positions)| Run { sends, seen, positions })
}

fn produced(run: &Run) -> Produced {
    let mut recorder = ProducedRecorder::default();
    for &(producer, sequence, attempt, what) in &run.sends {
        report(&mut recorder, producer, sequence, attempt, what);
    }
    recorder.finish()
}

fn id(producer: u16, sequence: u64) -> EventId {
    EventId { run: RUN, stream: 0, producer, partition: Partition::new(partition_of(producer, sequence)), sequence }
}

fn observation(seen: Seen, index: usize) -> Observation {
    let (id, partition) = match seen {
        Seen::Event(producer, sequence) => (Ok(id(producer, sequence)), partition_of(producer, sequence)),
        Seen::OtherRun => (Ok(EventId { run: RunTag(1), ..id(0, 0) }), 0),
        Seen::Unknown => (Ok(id(PRODUCERS, 1)), 1),
        Seen::Unreadable => (Err(Unidentified::Unreadable), 2),
    };
    let consumed_ns = 1_000_000_000 + index as u64 * 1_000_000;
    let key_hash = id.ok().map(|id| u64::from(id.partition));
    Observation {
        id,
        partition: Partition::new(partition),
        key_hash,
        due_ns: Some(1_000_000_000),
        due_offset_ns: index as u64 * 1_000_000_000,
        sent_ns: Some(1_001_000_000),
        behind_ns: 0,
        payload_bytes: 1 << (index % 5),
        consumed_ns,
        due_word: DueWord::Agrees,
        warmup: index < 10,
        phase: None,
        suspicion: Suspicion::None,
    }
}

fn observer() -> Observer<Plan> {
    let observed = Observed { run: RUN, stream: 0, streams: 1, partitions: Some(PARTITIONS), is_input: true };
    Observer::new(Plan, observed)
}

/// What the consumer of these partitions saw.
fn delivered(run: &Run, of_partitions: &[u16]) -> Delivered {
    let mut observer = observer();
    for (index, &seen) in run.seen.iter().enumerate() {
        let seen = observation(seen, index);
        if of_partitions.contains(&seen.partition.number()) {
            observer.observe(&seen);
        }
    }
    for &partition in of_partitions {
        observer.position(Partition::new(partition), run.positions[usize::from(partition)]);
    }
    observer.finish(true)
}

fn reconciled(run: &Run) -> Reconciled {
    reconcile(&produced(run), &delivered(run, &[0, 1, 2]), &Plan, LostRule::ReadPast)
}

/// Every event on its own: the best outcome of its sends, and how often it was seen.
fn model(run: &Run) -> Counts {
    let mut counts = Counts::default();
    for producer in 0..PRODUCERS {
        let highest = run.sends.iter().filter(|send| send.0 == producer).map(|send| send.1 + 1).max().unwrap_or(0);
        for sequence in 0..PLANNED {
            let sends: Vec<Report> =
                run.sends.iter().filter(|send| (send.0, send.1) == (producer, sequence)).map(|send| send.3).collect();
            let seen =
                run.seen.iter().filter(|seen| matches!(seen, Seen::Event(p, s) if (*p, *s) == (producer, sequence)));
            model_event(run, producer, sequence, &sends, seen.count() as u64, sequence < highest, &mut counts);
        }
    }
    counts
}

fn model_event(
    run: &Run,
    producer: u16,
    sequence: u64,
    sends: &[Report],
    seen: u64,
    planned: bool,
    counts: &mut Counts,
) {
    let any = |wanted: fn(&Report) -> bool| sends.iter().any(wanted);
    counts.planned += u64::from(planned);
    let repeats = seen.saturating_sub(1);
    let injected = repeats.min(u64::from(Plan.injected(producer, sequence).copies));
    let failed = any(|send| matches!(send, Report::Failed));
    if any(|send| matches!(send, Report::Acked { .. })) {
        counts.acked += 1;
        if seen == 0 {
            let lost = !nothing_readable(run) && read_past(run, producer, partition_of(producer, sequence));
            if lost { counts.lost += 1 } else { counts.in_flight += 1 }
        }
    } else if any(|send| matches!(send, Report::Unresolved)) || planned && sends.is_empty() || failed && seen > 0 {
        counts.unresolved += 1;
        counts.unresolved_delivered += u64::from(seen > 0);
    } else {
        counts.failed += u64::from(failed);
        counts.dropped += u64::from(!failed && planned);
        counts.phantom += seen;
        return;
    }
    counts.delivered += u64::from(seen > 0);
    counts.duplicates_injected += injected;
    counts.duplicates_accidental += repeats - injected;
}

/// If messages came and none could be read as an event of this run, it is unknown what is lost.
fn nothing_readable(run: &Run) -> bool {
    let is_event = |seen: &Seen| matches!(seen, Seen::Event(..));
    run.seen.iter().any(|seen| matches!(seen, Seen::Unreadable)) && !run.seen.iter().any(is_event)
}

fn read_past(run: &Run, producer: u16, partition: u16) -> bool {
    let highest = run.sends.iter().filter_map(|send| match send.3 {
        Report::Acked { partition: at, offset } if send.0 == producer && at == partition => Some(offset),
        _ => None,
    });
    let position = run.positions[usize::from(partition)];
    position > highest.max().unwrap_or(0)
}

proptest! {
    #[test]
    fn conservation_holds(run in any_run()) {
        let counts = reconciled(&run).counts;
        prop_assert_eq!(counts.planned, counts.acked + counts.failed + counts.dropped + counts.unresolved);
        prop_assert_eq!(counts.acked + counts.unresolved_delivered, counts.delivered + counts.lost + counts.in_flight);
        let classes = counts.delivered + counts.duplicates_injected + counts.duplicates_accidental + counts.foreign + counts.phantom;
        prop_assert_eq!(run.seen.len() as u64, classes);
        prop_assert_eq!(counts.copies_planned, counts.copies_acked + counts.copies_not_acked);
    }

    #[test]
    fn every_event_ends_as_in_the_model(run in any_run()) {
        let counts = reconciled(&run).counts;
        let mut expected = model(&run);
        expected.phantom += run.seen.iter().filter(|seen| matches!(seen, Seen::Unknown)).count() as u64;
        expected.unreadable = run.seen.iter().filter(|seen| matches!(seen, Seen::Unreadable)).count() as u64;
        expected.foreign = expected.unreadable + run.seen.iter().filter(|seen| matches!(seen, Seen::OtherRun)).count() as u64;
        // What the model does not cover has its own laws.
        let comparable = Counts {
            sent: 0, copies_planned: 0, copies_acked: 0, copies_not_acked: 0,
            reordered_injected: 0, reordered_accidental: 0, reordered_by_key: 0, late_injected: 0,
            ..counts
        };
        prop_assert_eq!(comparable, expected);
    }

    #[test]
    fn a_merged_ledger_equals_the_whole(run in any_run()) {
        let whole = delivered(&run, &[0, 1, 2]);
        let (a, b, c) = (delivered(&run, &[0]), delivered(&run, &[1]), delivered(&run, &[2]));
        let mut left = a.clone();
        left.merge(b.clone());
        left.merge(c.clone());
        let mut right = c;
        right.merge(a);
        right.merge(b);
        prop_assert_eq!(&left, &right);
        // Three consumers ended, not one.
        left.ended_quiet = whole.ended_quiet;
        prop_assert_eq!(left, whole);
    }

    /// The live figures, message by message, add up to the ledger at the end.
    #[test]
    fn intervals_add_up_to_the_ledger(run in any_run(), every in 1..40_usize) {
        let mut observer = observer();
        let mut live = Counts::default();
        let mut latency = crate::latency::LatencyHistogram::default();
        let mut behind = Vec::<u64>::new();
        for (index, &seen) in run.seen.iter().enumerate() {
            let class = observer.observe(&observation(seen, index));
            behind.push(u64::from(class == Class::First));
            if index % every == 0 {
                let interval = observer.take_interval();
                live.merge(interval.counts);
                latency.merge(interval.due_to_consumed);
            }
        }
        let interval = observer.take_interval();
        live.merge(interval.counts);
        latency.merge(interval.due_to_consumed);
        let ledger = observer.finish(true);
        prop_assert_eq!(live.delivered, behind.iter().sum::<u64>());
        prop_assert_eq!(&latency, &ledger.due_to_consumed);
        let all_acked = produced_all();
        let counts = reconcile(&all_acked, &ledger, &Plan, LostRule::Quiet).counts;
        let same = Counts { delivered: live.delivered, duplicates_injected: live.duplicates_injected, duplicates_accidental: live.duplicates_accidental,
            foreign: live.foreign, unreadable: live.unreadable, phantom: live.phantom, late_injected: live.late_injected,
            reordered_injected: live.reordered_injected, reordered_accidental: live.reordered_accidental, reordered_by_key: live.reordered_by_key,
            ..counts };
        prop_assert_eq!(counts, same);
    }

    /// A first delivery is behind if a higher number of its lane came before.
    #[test]
    fn order_is_judged_lane_by_lane(run in any_run()) {
        let (mut injected, mut accidental, mut late) = (0, 0, 0);
        let mut highest = HashMap::<(u16, u16), u64>::new();
        let mut before = HashSet::new();
        for seen in &run.seen {
            let &Seen::Event(producer, sequence) = seen else { continue };
            let lane = highest.entry((producer, partition_of(producer, sequence))).or_default();
            if before.insert((producer, sequence)) {
                let Injected { moved, late: is_late, .. } = Plan.injected(producer, sequence);
                late += u64::from(is_late);
                match sequence < *lane {
                    true if moved => injected += 1,
                    true => accidental += 1,
                    false => {}
                }
            }
            *lane = sequence.max(*lane);
        }
        let ledger = delivered(&run, &[0, 1, 2]);
        prop_assert_eq!((ledger.reordered_injected, ledger.reordered_accidental, ledger.late_injected), (injected, accidental, late));
    }
}

fn produced_all() -> Produced {
    let mut recorder = ProducedRecorder::default();
    for producer in 0..PRODUCERS {
        for sequence in 0..PLANNED {
            recorder.acked(producer, sequence, 0, Partition::new(partition_of(producer, sequence)), sequence);
        }
    }
    recorder.finish()
}

#[test]
fn at_an_output_nothing_is_lost_before_the_quiet_time_is_over() {
    for (quiet, expected) in [(true, (120, 0)), (false, (0, 120))] {
        let counts = reconcile(&produced_all(), &observer().finish(quiet), &Plan, LostRule::Quiet).counts;
        assert_eq!((counts.lost, counts.in_flight), expected);
    }
}

#[test]
fn the_first_lost_events_are_named() {
    let mut observer = observer();
    for partition in 0..PARTITIONS {
        observer.position(Partition::new(partition), 1000);
    }
    for sequence in (0..PLANNED).filter(|sequence| ![7, 30].contains(sequence)) {
        observer.observe(&observation(Seen::Event(0, sequence), 0));
    }
    let found = reconcile(&produced_all(), &observer.finish(true), &Plan, LostRule::ReadPast);
    assert_eq!(found.lost.len(), NAMED);
    assert_eq!(found.lost[0], LostEvent { producer: 0, sequence: 7, partition: Some(partition_of(0, 7)) });
    assert_eq!((found.lost[1].sequence, found.lost[2].producer), (30, 1));
    assert_eq!(found.counts.lost, 2 + 2 * PLANNED);
}

#[test]
fn a_changed_id_with_this_runs_tag_is_phantom_and_anyone_elses_is_foreign() {
    let mut observer = observer();
    for (id, class) in [
        (Err(Unidentified::Corrupt(RUN)), Class::Phantom),
        (Err(Unidentified::Corrupt(RunTag(3))), Class::Foreign),
        (Ok(EventId { stream: 1, ..id(0, 0) }), Class::Phantom),
        (Ok(EventId { sequence: 1 << 41, ..id(0, 0) }), Class::Phantom),
        (Ok(EventId { partition: Partition::new(2), ..id(0, 0) }), Class::Phantom),
    ] {
        let seen = Observation { id, ..observation(Seen::Unknown, 0) };
        assert_eq!(observer.observe(&seen), class, "{id:?}");
    }
}

#[test]
fn a_delivery_without_its_due_time_is_counted_and_not_timed() {
    let mut observer = observer();
    let seen = observation(Seen::Event(0, 0), 20);
    observer.observe(&Observation { due_ns: None, behind_ns: 700, ..seen });
    observer.observe(&observation(Seen::Event(0, 1), 21));
    // A further copy is not a first delivery.
    observer.observe(&Observation { due_ns: None, ..observation(Seen::Event(0, 1), 22) });
    let delivered = observer.finish(true);
    assert_eq!((delivered.untimed, delivered.due_to_consumed.count()), (1, 1));
    assert_eq!((delivered.observer_behind.count(), delivered.observer_behind.nanos().max()), (2, 700));
}

#[test]
fn an_end_below_what_was_acknowledged_loses_nothing() {
    let mut observer = observer();
    (0..PARTITIONS).for_each(|partition| observer.position(Partition::new(partition), 20));
    let mut delivered = observer.finish(true);
    delivered.ends = (0..PARTITIONS).map(|partition| (partition, 20)).collect();
    let counts = reconcile(&produced_all(), &delivered, &Plan, LostRule::ReadPast).counts;
    assert_eq!((counts.lost, counts.in_flight), (0, 120), "the reading went to the end, and not past what was acked");
    delivered.positions = (0..PARTITIONS).map(|partition| (partition, 40)).collect();
    let counts = reconcile(&produced_all(), &delivered, &Plan, LostRule::ReadPast).counts;
    assert_eq!((counts.lost, counts.in_flight), (120, 0));
    delivered.topic_changes = 1;
    let counts = reconcile(&produced_all(), &delivered, &Plan, LostRule::ReadPast).counts;
    assert_eq!((counts.lost, counts.in_flight), (0, 120), "offsets of another topic say nothing");
}

#[test]
fn an_unreadable_message_is_suspect_unless_it_was_looked_into() {
    let suspects = |suspicion| {
        let mut observer = observer();
        observer.observe(&Observation { suspicion, ..observation(Seen::Unreadable, 0) });
        let strangers = observer.finish(true).strangers;
        (strangers.suspects, strangers.misplaced)
    };
    assert_eq!(suspects(Suspicion::None), (0, 0));
    assert_eq!(suspects(Suspicion::Opaque), (1, 0));
    assert_eq!(suspects(Suspicion::Misplaced), (1, 1));
}

#[test]
fn what_may_be_hidden_or_unreadable_at_an_output_is_not_lost_for_certain() {
    let lost = |change| lost_after(change, LostRule::Quiet);
    assert_eq!(lost(|_| {}), 119);
    assert_eq!(lost(|of| (of.positions, of.ends) = ([(0, 10)].into(), [(0, 40)].into())), 89, "30 lie beyond");
    assert_eq!(lost(|of| (of.unreadable, of.strangers.suspects) = (50, 19)), 100);
    assert_eq!(lost(|of| of.unreadable = 50), 119, "messages that hold no id of this run");
    assert_eq!(lost(|of| of.ends_unknown = 1), 0, "all of them may still be in the topic");
}

#[test]
fn what_may_be_in_batches_that_could_not_be_read_is_not_lost_for_certain() {
    for rule in [LostRule::Quiet, LostRule::ReadPast] {
        let lost = |change| lost_after(change, rule);
        let all_past = |of: &mut Delivered| of.positions = (0..PARTITIONS).map(|partition| (partition, 1000)).collect();
        assert_eq!(lost(all_past), 119, "{rule:?}");
        let some =
            |of: &mut Delivered| (of.positions, of.unread) = ((0..PARTITIONS).map(|at| (at, 1000)).collect(), 19);
        assert_eq!(lost(some), 100, "{rule:?}");
        let any =
            |of: &mut Delivered| (of.positions, of.unread) = ((0..PARTITIONS).map(|at| (at, 1000)).collect(), u64::MAX);
        assert_eq!(lost(any), 0, "{rule:?}");
    }
}

/// How many are lost of all that was acknowledged when one event was seen, after a change to what was seen.
fn lost_after(change: fn(&mut Delivered), rule: LostRule) -> u64 {
    let mut observer = observer();
    observer.observe(&observation(Seen::Event(0, 0), 0));
    let mut delivered = observer.finish(true);
    change(&mut delivered);
    reconcile(&produced_all(), &delivered, &Plan, rule).counts.lost
}
