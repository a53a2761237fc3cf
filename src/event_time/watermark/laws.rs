//! What holds for every stream, in any order in which an engine may read it.

use proptest::prelude::*;

use super::*;
use crate::event_time::engines::Lateness;
use crate::mergeable::Merge;
use crate::profile::Engine;

/// Partitions of the streams here.
const PARTITIONS: usize = 3;

/// An event: its partition, its time, its key.
type Event = (usize, i64, u64);

fn window() -> impl Strategy<Value = WindowMs> {
    prop_oneof![
        Just(WindowMs::None),
        (1..60_i64).prop_map(WindowMs::tumbling),
        (1..20_i64, 1..60_i64).prop_map(|(hop_ms, more_ms)| WindowMs::hopping(hop_ms + more_ms, hop_ms)),
        (1..40_i64).prop_map(|size_ms| WindowMs::Sliding { size_ms }),
        (1..40_i64).prop_map(|gap_ms| WindowMs::Session { gap_ms }),
    ]
}

fn engine() -> impl Strategy<Value = Engine> {
    prop::sample::select(Engine::ALL.to_vec())
}

fn spec() -> impl Strategy<Value = ModelSpec> {
    spec_of(engine(), window())
}

/// Engines whose watermark moves at ticks, and windows whose events do not save each other.
fn ticking_spec() -> impl Strategy<Value = ModelSpec> {
    let ticks = Engine::ALL.into_iter().filter(|engine| engine.description().progress.moves_at_ticks());
    let engines = prop::sample::select(ticks.collect::<Vec<_>>());
    spec_of(engines, window().prop_filter("sessions merge", |window| !matches!(window, WindowMs::Session { .. })))
}

fn spec_of(
    engine: impl Strategy<Value = Engine>,
    window: impl Strategy<Value = WindowMs>,
) -> impl Strategy<Value = ModelSpec> {
    (engine, window, 0..60_i64, 0..40_i64).prop_map(|(engine, window, bound_ms, allowed_ms)| {
        let (has_bound, has_grace) = match engine.description().tolerates.lateness {
            Lateness::InPlaceOfBound => (false, true),
            Lateness::OpenWindows(_) => (true, true),
            Lateness::None | Lateness::UntilArrival { .. } => (true, false),
        };
        ModelSpec {
            window,
            bound_ms: if has_bound { bound_ms } else { 0 },
            allowed_ms: if has_grace { allowed_ms } else { 0 },
            ..ModelSpec::plain(engine)
        }
    })
}

/// Events that mostly move forward.
fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![4 => 0..20_i64, 1 => -150..0_i64, 1 => 20..200_i64];
    prop::collection::vec((0..PARTITIONS, step, 0..3_u64), 0..most).prop_map(|steps| {
        let mut now = 500;
        let event = |(partition, step, key)| {
            now += step;
            (partition, now, key)
        };
        steps.into_iter().map(event).collect()
    })
}

/// The same events in another interleaving that keeps each partition's order. `dice` picks the next partition.
fn interleaved(events: &[Event], dice: &[usize]) -> Vec<Event> {
    let mut queues: Vec<_> = (0..PARTITIONS)
        .map(|partition| events.iter().filter(move |event| event.0 == partition).copied().peekable())
        .collect();
    let mut order = Vec::new();
    for turn in 0.. {
        let open: Vec<usize> = (0..PARTITIONS).filter(|partition| queues[*partition].peek().is_some()).collect();
        let Some(chosen) = (!open.is_empty()).then(|| open[dice[turn % dice.len()] % open.len()]) else { break };
        order.extend(queues[chosen].next());
    }
    order
}

fn record(event: &Event, appended_ms: Option<i64>) -> TimedRecord {
    TimedRecord {
        partition: event.0 as u16,
        event_time_ms: event.1,
        appended_ms,
        appended_by_ms: appended_ms,
        key_hash: Some(event.2),
    }
}

/// Something happens in the engine after some events: a tick and the end of a micro-batch.
fn happens(replay: &mut Replay, what: usize) {
    match what {
        0 => replay.tick(None),
        1 => replay.batch(),
        _ => {}
    }
}

fn fates(spec: &ModelSpec, emission: Emission, order: &[Event], dice: &[usize]) -> Vec<Fate> {
    let mut replay = Replay::new(spec, PARTITIONS, emission);
    let fate = |(place, event): (usize, &Event)| {
        let fate = replay.event(event.0, event.1, event.2);
        happens(&mut replay, dice[(place * 7) % dice.len()] % 4);
        fate
    };
    order.iter().enumerate().map(fate).collect()
}

/// A unique number for each event: its partition and its place there.
fn places(order: &[Event]) -> Vec<(usize, usize)> {
    let mut next = [0; PARTITIONS];
    let place = |event: &Event| {
        let place = (event.0, next[event.0]);
        next[event.0] += 1;
        place
    };
    order.iter().map(place).collect()
}

fn dice() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..1000_usize, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The engine reads part after part, waits for a tick after each, and interleaves the partitions of a part in any way.
    #[test]
    fn what_is_sure_holds_in_every_interleaving(
        spec in spec(), parts in prop::collection::vec(events(40), 1..4), reader in dice(), engine in dice(), per_record in any::<bool>(),
    ) {
        let maximum = parts.iter().flatten().map(|event| event.1).max();
        let mut certain = Certain::new(&spec, PARTITIONS).knowing(maximum);
        let mut counting = Watermarks::new(&[spec], PARTITIONS);
        let mut replay = Replay::new(&spec, PARTITIONS, if per_record { Emission::PerRecord } else { Emission::AtTicks });
        for part in &parts {
            let seen = interleaved(part, &reader);
            let mut claims: Vec<((usize, usize), Claim)> = Vec::new();
            for (place, event) in places(&seen).into_iter().zip(&seen) {
                claims.push((place, certain.observe(&record(event, None))));
                counting.observe(&record(event, None));
            }
            let read = interleaved(part, &engine);
            for (turn, (place, event)) in places(&read).into_iter().zip(&read).enumerate() {
                let fate = replay.event(event.0, event.1, event.2);
                let claim = claims.iter().find(|claim| claim.0 == place).unwrap().1;
                let holds = match claim {
                    Claim::SureKeep => matches!(fate, Fate::OnTime | Fate::LateAllowed),
                    Claim::SureDrop => fate == Fate::Dropped,
                    Claim::Refused => fate == Fate::Refused,
                    Claim::Race => fate != Fate::Refused,
                };
                prop_assert!(holds, "{:?} {:?}, it is {:?}", event, claim, fate);
                happens(&mut replay, engine[(turn * 7) % engine.len()] % 4);
            }
            replay.tick(None);
            certain.barrier();
            counting.barrier();
        }
        let (tally, replayed) = (counting.finish().remove(0), replay.tally());
        prop_assert!(tally.dropped().contains(replayed.dropped), "{:?} {:?}", tally.dropped(), replayed);
        prop_assert!(tally.pairs_lost().contains(replayed.pairs_lost), "{:?} {:?}", tally.pairs_lost(), replayed);
        prop_assert!(tally.metric().contains(replayed.metric), "{:?} {:?}", tally.metric(), replayed);
        prop_assert_eq!(tally.sure_keep() + tally.dropped().max + tally.refused(), tally.records());
    }

    /// Records go to tasks by unknown new keys, and the partitions' records meet there in any order.
    #[test]
    fn what_is_sure_behind_a_repartition_holds_for_any_new_keys(
        window in window(), allowed_ms in 0..40_i64, events in events(80), engine in dice(), tasks in prop::collection::vec(0..PARTITIONS, 1..20),
    ) {
        let in_a_task = ModelSpec { window, allowed_ms, ..ModelSpec::plain(Engine::KafkaStreams) };
        let spec = ModelSpec { repartitioned: true, ..in_a_task };
        let maximum = events.iter().map(|event| event.1).max();
        let (mut certain, mut counting) = (Certain::new(&spec, PARTITIONS).knowing(maximum), Watermarks::new(&[spec], PARTITIONS));
        let mut claims = Vec::new();
        for (place, event) in places(&events).into_iter().zip(&events) {
            claims.push((place, certain.observe(&record(event, None))));
            counting.observe(&record(event, None));
        }
        let mut replay = Replay::new(&in_a_task, PARTITIONS, Emission::PerRecord);
        let read = interleaved(&events, &engine);
        for (place, event) in places(&read).into_iter().zip(&read) {
            let task = tasks[event.2 as usize % tasks.len()];
            let fate = replay.event(task, event.1, event.2);
            let claim = claims.iter().find(|claim| claim.0 == place).unwrap().1;
            prop_assert!(claim != Claim::SureDrop && (claim == Claim::Refused) == (fate == Fate::Refused));
            prop_assert!(claim != Claim::SureKeep || fate != Fate::Dropped, "{:?}", event);
        }
        let (tally, replayed) = (counting.finish().remove(0), replay.tally());
        prop_assert!(tally.dropped().contains(replayed.dropped) && tally.metric().contains(replayed.metric), "{:?} {:?}", tally, replayed);
        prop_assert!(tally.expected().is_none());
    }

    #[test]
    fn a_watermark_after_every_record_drops_whatever_any_periodic_one_drops(
        spec in spec(), events in events(80), ticks in dice(),
    ) {
        // A session that is dropped early cannot save a later event, so no such order exists between them.
        prop_assume!(!spec.merges_sessions() && !spec.progress().moves_at_batches());
        let per_record = fates(&spec, Emission::PerRecord, &events, &ticks);
        let periodic = fates(&spec, Emission::AtTicks, &events, &ticks);
        for (one, other) in per_record.iter().zip(&periodic) {
            prop_assert!(*one == Fate::Dropped || *other != Fate::Dropped);
        }
    }

    #[test]
    fn drops_never_grow_with_the_bound(spec in spec(), events in events(80), more_ms in 1..100_i64, ticks in dice(), per_record in any::<bool>()) {
        prop_assume!(!spec.merges_sessions());
        let emission = if per_record { Emission::PerRecord } else { Emission::AtTicks };
        let larger = ModelSpec { bound_ms: spec.bound_ms + more_ms, ..spec };
        let (tight, loose) = (fates(&spec, emission, &events, &ticks), fates(&larger, emission, &events, &ticks));
        for (tight, loose) in tight.iter().zip(&loose) {
            prop_assert!(*tight == Fate::Dropped || *loose != Fate::Dropped);
        }
        let mut both = Watermarks::new(&[spec, larger], PARTITIONS);
        for event in &events {
            both.observe(&record(event, None));
        }
        let [tight, loose] = both.finish().try_into().unwrap();
        prop_assert!(loose.sure_keep() >= tight.sure_keep());
    }

    #[test]
    fn shards_by_partition_merge_to_the_whole(spec in spec(), events in events(120), keeps_up in any::<bool>()) {
        let keeps_up_ms = (keeps_up && spec.progress().moves_at_ticks()).then_some(10);
        let spec = ModelSpec { keeps_up_ms, ..spec };
        let tally = |keep: &dyn Fn(&Event) -> bool| {
            let mut watermarks = Watermarks::new(&[spec], PARTITIONS);
            for (appended_ms, event) in (0..).zip(&events).filter(|(_, event)| keep(event)) {
                watermarks.observe(&record(event, Some(appended_ms * 10)));
                if appended_ms == 60 {
                    watermarks.barrier();
                }
            }
            watermarks.finish().remove(0)
        };
        let whole = tally(&|_| true);
        let mut merged = tally(&|event| event.0 == 2);
        merged.merge(tally(&|event| event.0 < 2));
        prop_assert_eq!(merged.sure_keep(), whole.sure_keep());
        prop_assert_eq!((merged.records(), merged.pairs()), (whole.records(), whole.pairs()));
        for (part, all) in [(merged.dropped(), whole.dropped()), (merged.pairs_lost(), whole.pairs_lost()), (merged.metric(), whole.metric())] {
            prop_assert!(part.min <= all.min && all.max <= part.max, "{:?} {:?}", part, all);
        }
    }

    /// An engine that reads in append order, in one of the phases that are tried: its figures are that phase's.
    #[test]
    fn the_expected_range_holds_an_engine_that_keeps_up(
        spec in spec(), events in events(150), gaps in prop::collection::vec(prop_oneof![9 => 0..30_i64, 1 => 200..2000_i64], 1..50),
        place in 0..8_i64, idles in any::<bool>(),
    ) {
        let interval_ms = 80;
        let has_idleness = spec.progress().has_source_tasks();
        let spec = ModelSpec { interval_ms: Some(interval_ms), idleness_ms: (idles && has_idleness).then_some(300), ..spec };
        prop_assume!(!spec.merges_sessions());
        let (mut watermarks, mut replay) = (Watermarks::new(&[spec], PARTITIONS), Replay::new(&spec, PARTITIONS, Emission::AtTicks));
        let (mut now_ms, mut tick_ms) = (1_000, 1_001 + interval_ms * place / 8);
        for (turn, event) in events.iter().enumerate() {
            now_ms += if turn == 0 { 0 } else { gaps[turn % gaps.len()] };
            while tick_ms <= now_ms {
                if spec.follows_clock() {
                    // It has read everything.
                    (0..PARTITIONS).for_each(|partition| replay.idle(partition));
                }
                replay.tick(Some(tick_ms));
                replay.batch();
                tick_ms += interval_ms;
            }
            replay.event(event.0, event.1, event.2);
            // As if everything arrived at its event time: Azure's arrival policies are not replayed.
            watermarks.observe(&record(event, Some(now_ms)));
        }
        prop_assume!(!spec.judges_events());
        let (tally, replayed) = (watermarks.finish().remove(0), replay.tally());
        let expected = tally.expected().unwrap();
        prop_assert!(expected.records.contains(replayed.dropped), "{:?} {:?}", expected, replayed);
        prop_assert!(expected.pairs.contains(replayed.pairs_lost), "{:?} {:?}", expected, replayed);
        prop_assert!(expected.metric.contains(replayed.metric), "{:?} {:?}", expected, replayed);
        prop_assert!(spec.progress().is_stream_time() || expected.records.max <= tally.dropped().max);
    }

    /// Two source subtasks each tick in their own phase, and a network buffer holds the watermark of each back from the other's records.
    /// One window closes, and every other record is late for it: what is dropped shows when the window closed.
    #[test]
    fn the_expected_range_holds_two_subtasks_and_their_network_buffers(phases_ms in [0..32_i64, 0..32_i64], held_ms in [0..=100_i64, 0..=100_i64]) {
        let spec = ModelSpec { interval_ms: Some(32), window: WindowMs::tumbling(400), ..ModelSpec::plain(Engine::Flink) };
        let rule = Rule::new(&spec);
        let mut watermarks = Watermarks::new(&[spec], 2);
        // Partition 0 at even, partition 1 at odd milliseconds, each with its own time.
        let maximum_at = |subtask: usize, moment_ms: i64| (moment_ms >= subtask as i64).then(|| moment_ms - (moment_ms - subtask as i64) % 2);
        let horizon_at = |subtask: usize, moment_ms: i64| {
            let ticked_ms = moment_ms - (moment_ms - phases_ms[subtask]).rem_euclid(32);
            // A tick at a moment comes before the record of that moment.
            rule.horizon(maximum_at(subtask, ticked_ms - 1))
        };
        let mut dropped = 0;
        for now_ms in 0..1000_i64 {
            let subtask = (now_ms % 2) as usize;
            let other = 1 - subtask;
            let horizon = horizon_at(subtask, now_ms).min(horizon_at(other, now_ms - held_ms[other]));
            dropped += u64::from(rule.lost_windows(0, horizon) > 0);
            for time in [0, now_ms] {
                watermarks.observe(&record(&(subtask, time, 0), Some(now_ms)));
            }
        }
        let expected = watermarks.finish().remove(0).expected().unwrap();
        prop_assert!(dropped > 400 && expected.records.contains(dropped), "{:?} {}", expected, dropped);
    }

    /// The engine reads each partition with its own changing delay, never more than stated, and ticks in its own phase.
    #[test]
    fn what_is_sure_of_an_engine_that_keeps_up_is_dropped(
        spec in ticking_spec(), events in events(150), delays in prop::collection::vec(0..=100_i64, 1..40), gaps in prop::collection::vec(0..30_i64, 1..50),
        phase_ms in 0..50_i64,
    ) {
        let spec = ModelSpec { interval_ms: Some(50), keeps_up_ms: Some(100), ..spec };
        let mut watermarks = Watermarks::new(&[spec], PARTITIONS);
        let (mut appended_ms, mut read_ms, mut reads) = (0, [0; PARTITIONS], Vec::new());
        for (turn, event) in events.iter().enumerate() {
            appended_ms += gaps[turn % gaps.len()];
            watermarks.observe(&record(event, Some(appended_ms)));
            let at = (appended_ms + delays[turn % delays.len()]).max(read_ms[event.0]);
            read_ms[event.0] = at;
            reads.push((at, *event));
        }
        reads.sort_by_key(|(at, _)| *at);
        let mut replay = Replay::new(&spec, PARTITIONS, Emission::AtTicks);
        let mut tick_ms = phase_ms;
        for (at, event) in reads {
            while tick_ms <= at {
                replay.tick(Some(tick_ms));
                tick_ms += 50;
            }
            replay.event(event.0, event.1, event.2);
        }
        let tally = watermarks.finish().remove(0);
        prop_assert!(tally.dropped().contains(replay.tally().dropped), "{:?} {:?}", tally.dropped(), replay.tally());
        prop_assert!(tally.pairs_lost().contains(replay.tally().pairs_lost));
    }

    /// The reader is behind each partition by its own changing delay, and whenever it has read one to its end, it may notice that.
    #[test]
    fn what_is_sure_of_a_watermark_that_follows_the_clock_is_kept(
        spec in spec_of(Just(Engine::Beam), window()), events in events(150), gaps in prop::collection::vec(prop_oneof![9 => 0..30_i64, 1 => 100..900_i64], 1..50),
        delays in prop::collection::vec(0..=100_i64, 1..40), finds in dice(), start_ms in 300..1500_i64, slack_ms in 0..20_i64, keeps_up in any::<bool>(),
    ) {
        let spec = ModelSpec { interval_ms: Some(50), keeps_up_ms: keeps_up.then_some(100), ..spec };
        let (mut certain, mut watermarks) = (Certain::new(&spec, PARTITIONS), Watermarks::new(&[spec], PARTITIONS));
        let (mut appended_ms, mut read_ms, mut reads) = (start_ms, [0; PARTITIONS], Vec::new());
        for (turn, event) in events.iter().enumerate() {
            appended_ms += gaps[turn % gaps.len()];
            let seen = TimedRecord { appended_by_ms: Some(appended_ms + slack_ms), ..record(event, Some(appended_ms)) };
            let claim = certain.observe(&seen);
            watermarks.observe(&seen);
            let at = (appended_ms + delays[turn % delays.len()]).max(read_ms[event.0]);
            read_ms[event.0] = at;
            reads.push((at, appended_ms, *event, claim));
        }
        reads.sort_by_key(|(at, ..)| *at);
        let (mut replay, mut tick_ms) = (Replay::new(&spec, PARTITIONS, Emission::AtTicks), start_ms);
        for (turn, (at, _, event, claim)) in reads.iter().enumerate() {
            while tick_ms <= *at {
                for partition in 0..PARTITIONS {
                    let is_unread = |read: &&(i64, i64, Event, Claim)| read.2.0 == partition && read.1 <= tick_ms;
                    if !reads[turn..].iter().any(|read| is_unread(&read)) && !finds[(tick_ms as usize + partition) % finds.len()].is_multiple_of(3) {
                        replay.idle(partition);
                    }
                }
                replay.tick(Some(tick_ms));
                tick_ms += 50;
            }
            let fate = replay.event(event.0, event.1, event.2);
            prop_assert!(*claim != Claim::SureKeep || fate != Fate::Dropped, "{:?} at {}", event, at);
        }
        let (tally, replayed) = (watermarks.finish().remove(0), replay.tally());
        prop_assert!(tally.dropped().contains(replayed.dropped), "{:?} {:?}", tally.dropped(), replayed);
        prop_assert!(tally.pairs_lost().contains(replayed.pairs_lost) && tally.metric().contains(replayed.metric));
    }

    #[test]
    fn no_event_time_is_too_absurd(spec in spec(), times in prop::collection::vec(any::<i64>(), 0..200)) {
        let mut watermarks = Watermarks::new(&[spec], PARTITIONS);
        let mut replay = Replay::new(&spec, PARTITIONS, Emission::PerRecord);
        for time in times {
            watermarks.observe(&TimedRecord { partition: 1, event_time_ms: time, appended_ms: Some(time), appended_by_ms: Some(time), key_hash: Some(0) });
            replay.event(1, time, 0);
            replay.batch();
        }
        let tally = watermarks.finish().remove(0);
        prop_assert!(tally.dropped().max <= tally.records());
    }
}

#[test]
fn a_stream_with_something_sure_to_drop_drops_it() {
    // Without this, the property above would hold for a model that never claims anything.
    let spec = ModelSpec { bound_ms: 5, ..ModelSpec::plain(Engine::Flink) };
    let mut certain = Certain::new(&spec, 1);
    assert_eq!(certain.observe(&record(&(0, 25_000, 0), None)), Claim::SureKeep);
    assert_eq!(certain.observe(&record(&(0, 1, 0), None)), Claim::Race);
    certain.barrier();
    assert_eq!(certain.observe(&record(&(0, 1, 0), None)), Claim::SureDrop);
    assert_eq!(certain.observe(&record(&(0, 20_001, 0), None)), Claim::SureKeep);
}

#[test]
fn one_event_from_the_future_takes_no_memory() {
    let specs = Engine::ALL.map(ModelSpec::plain);
    let mut watermarks = Watermarks::new(&specs, 1);
    for time in 0..1000_i64 {
        let event_time_ms = if time == 100 { 1_500_000_000_000_000 } else { time };
        watermarks.observe(&TimedRecord {
            partition: 0,
            event_time_ms,
            appended_ms: Some(time),
            appended_by_ms: Some(time),
            key_hash: Some(0),
        });
    }
    for tally in watermarks.finish() {
        assert!(tally.affected().len() <= 2, "{:?}", tally.spec().engine);
        assert_eq!(tally.records(), 1000);
        // Azure drops the one that is so early, and that one moves nothing.
        let least = if tally.spec().judges_events() { 1 } else { 899 };
        assert!(tally.dropped().max >= least, "{:?}: {:?}", tally.spec().engine, tally.dropped());
    }
}
