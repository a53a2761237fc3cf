//! What holds for Flink with idleness, whatever its clock, and however many tasks its source has.

use proptest::prelude::*;

use super::replay::ReplayTally;
use super::*;
use crate::event_time::CountRange;
use crate::event_time::engines::Lateness;
use crate::profile::Engine;

const PARTITIONS: usize = 3;

/// An event: its partition and its time.
type Event = (usize, i64);

fn spec() -> impl Strategy<Value = ModelSpec> {
    let engines = prop::sample::select(vec![Engine::Flink, Engine::FlinkSql]);
    let window = prop_oneof![
        (1..60_i64).prop_map(WindowMs::tumbling),
        (1..20_i64, 1..60_i64).prop_map(|(hop_ms, more_ms)| WindowMs::hopping(hop_ms + more_ms, hop_ms)),
        Just(WindowMs::None),
    ];
    (engines, window, 0..40_i64, 0..30_i64, 1..150_i64, 1..5_u32).prop_map(
        |(engine, window, bound_ms, allowed_ms, idleness_ms, tasks)| ModelSpec {
            window,
            bound_ms,
            allowed_ms: if engine.description().tolerates.lateness == Lateness::None { 0 } else { allowed_ms },
            idleness_ms: Some(idleness_ms),
            source_tasks: Some(tasks),
            interval_ms: Some(50),
            ..ModelSpec::plain(engine)
        },
    )
}

/// Events that mostly move forward, each partition with silences.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![4 => 0..20_i64, 1 => -150..0_i64, 1 => 20..200_i64];
    prop::collection::vec((prop_oneof![6 => Just(0), 3 => Just(1), 1 => Just(2_usize)], step), 0..150).prop_map(
        |steps| {
            let mut now = 500;
            let event = |(partition, step)| {
                now += step;
                (partition, now)
            };
            steps.into_iter().map(event).collect()
        },
    )
}

fn gaps() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop_oneof![9 => 0..30_i64, 1 => 100..600_i64], 1..50)
}

fn record((partition, event_time_ms): Event, appended_ms: Option<i64>) -> TimedRecord {
    TimedRecord { partition: partition as u16, event_time_ms, appended_ms, appended_by_ms: appended_ms, key_hash: None }
}

/// Fates of events that the engine reads at these moments, in order; it ticks every 50 ms, for the first time at `tick_ms`.
fn fates(spec: &ModelSpec, reads: &[(i64, Event)], mut tick_ms: i64) -> (Vec<Fate>, ReplayTally) {
    let mut replay = Replay::new(spec, PARTITIONS, Emission::AtTicks);
    let fate = |(at, event): &(i64, Event)| {
        while tick_ms <= *at {
            replay.tick(Some(tick_ms));
            tick_ms += 50;
        }
        replay.event(event.0, event.1, 0)
    };
    let fates = reads.iter().map(fate).collect();
    (fates, replay.tally())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The claims do not depend on when anything was read, nor on how many tasks there are.
    #[test]
    fn what_is_sure_with_idleness_holds_for_every_clock_and_number_of_tasks(spec in spec(), events in events(), gaps in gaps(), starts_ms in -500..0_i64) {
        let unknown = ModelSpec { source_tasks: None, ..spec };
        let mut certain = Certain::new(&unknown, PARTITIONS).knowing(events.iter().map(|event| event.1).max());
        let mut counting = Watermarks::new(&[unknown], PARTITIONS);
        let (mut at, mut reads, mut claims) = (0, Vec::new(), Vec::new());
        for (turn, event) in events.iter().enumerate() {
            at += gaps[turn % gaps.len()];
            reads.push((at, *event));
            claims.push(certain.observe(&record(*event, None)));
            counting.observe(&record(*event, None));
        }
        let (fates, replayed) = fates(&spec, &reads, starts_ms);
        for (claim, fate) in claims.iter().zip(&fates) {
            prop_assert!(*claim != Claim::SureKeep || *fate != Fate::Dropped);
            prop_assert!(*claim != Claim::SureDrop);
        }
        let tally = counting.finish().remove(0);
        prop_assert!(tally.dropped().contains(replayed.dropped), "{:?} {:?}", tally.dropped(), replayed);
        prop_assert!(tally.pairs_lost().contains(replayed.pairs_lost), "{:?} {:?}", tally.pairs_lost(), replayed);
        prop_assert_eq!(tally.sure_keep() + tally.dropped().max, tally.records());
    }

    /// It is known what was read before a tick, but not when that was by the engine's clock,
    /// nor how many tasks there are, as long as each has a partition.
    #[test]
    fn what_is_sure_after_a_tick_holds_for_every_clock_and_number_of_tasks(
        spec in spec(), events in events(), gaps in gaps(), starts_ms in -500..0_i64, tasks in 1..=PARTITIONS as u32,
    ) {
        let unknown = ModelSpec { source_tasks: None, ..spec };
        let mut certain = Certain::new(&unknown, PARTITIONS).knowing(events.iter().map(|event| event.1).max());
        let mut counting = Watermarks::new(&[unknown], PARTITIONS);
        let mut replay = Replay::new(&ModelSpec { source_tasks: Some(tasks), ..spec }, PARTITIONS, Emission::AtTicks);
        let (mut at, mut tick_ms) = (0, starts_ms);
        for (turn, event) in events.iter().enumerate() {
            at += gaps[turn % gaps.len()];
            while tick_ms <= at {
                replay.tick(Some(tick_ms));
                certain.barrier();
                counting.barrier();
                tick_ms += 50;
            }
            counting.observe(&record(*event, None));
            let (claim, fate) = (certain.observe(&record(*event, None)), replay.event(event.0, event.1, 0));
            prop_assert!(claim != Claim::SureKeep || fate != Fate::Dropped, "{:?} at {}", event, at);
            prop_assert!(claim != Claim::SureDrop || fate == Fate::Dropped, "{:?} at {}", event, at);
        }
        let (tally, replayed) = (counting.finish().remove(0), replay.tally());
        prop_assert!(tally.dropped().contains(replayed.dropped), "{:?} {:?}", tally.dropped(), replayed);
        prop_assert!(tally.pairs_lost().contains(replayed.pairs_lost), "{:?} {:?}", tally.pairs_lost(), replayed);
    }

    /// The engine reads each partition with its own changing delay, never more than stated.
    #[test]
    fn what_is_sure_of_an_engine_that_keeps_up_holds_with_idleness(
        spec in spec(), events in events(), delays in prop::collection::vec(0..=100_i64, 1..40), gaps in gaps(), starts_ms in -500..50_i64,
    ) {
        let mut watermarks = Watermarks::new(&[ModelSpec { keeps_up_ms: Some(100), source_tasks: None, ..spec }], PARTITIONS);
        let (mut appended_ms, mut read_ms, mut reads) = (0, [0; PARTITIONS], Vec::new());
        for (turn, event) in events.iter().enumerate() {
            appended_ms += gaps[turn % gaps.len()];
            watermarks.observe(&record(*event, Some(appended_ms)));
            let at = (appended_ms + delays[turn % delays.len()]).max(read_ms[event.0]);
            read_ms[event.0] = at;
            reads.push((at, *event));
        }
        reads.sort_by_key(|(at, _)| *at);
        let (tally, (_, replayed)) = (watermarks.finish().remove(0), fates(&spec, &reads, starts_ms));
        prop_assert!(tally.dropped().contains(replayed.dropped), "{:?} {:?}", tally.dropped(), replayed);
        prop_assert!(tally.pairs_lost().contains(replayed.pairs_lost), "{:?} {:?}", tally.pairs_lost(), replayed);
    }

    /// Without idleness a task waits for its slowest split, and the windows wait for
    /// the slowest task: it does not matter which task reads what.
    #[test]
    fn the_number_of_tasks_does_not_matter_without_idleness(spec in spec(), events in events(), gaps in gaps()) {
        let spec = ModelSpec { idleness_ms: None, ..spec };
        let mut at = 0;
        let reads: Vec<_> = (0..).zip(&events).map(|(turn, event)| { at += gaps[turn % gaps.len()]; (at, *event) }).collect();
        let of = |tasks| fates(&ModelSpec { source_tasks: Some(tasks), ..spec }, &reads, 0);
        let one = of(1);
        for tasks in 2..=PARTITIONS as u32 {
            prop_assert_eq!(&of(tasks), &one);
        }
        // A task without a partition never emits anything.
        prop_assert_eq!(of(PARTITIONS as u32 + 1).1.dropped, 0);
    }
}

#[test]
fn the_first_event_of_a_partition_may_be_dropped_with_idleness() {
    let spec = ModelSpec { idleness_ms: Some(100), ..ModelSpec::plain(Engine::Flink) };
    let reads = [(0, (0, 50_000)), (400, (1, 1_000))];
    assert_eq!(fates(&spec, &reads, 0).0, [Fate::OnTime, Fate::Dropped]);
    let mut certain = Certain::new(&spec, 2);
    assert_eq!(certain.observe(&record((0, 50_000), Some(0))), Claim::Race);
    assert_eq!(certain.observe(&record((1, 1_000), Some(1))), Claim::Race, "nobody knows when the job began");
    // Nothing can be ahead of the only partition.
    let mut alone = Certain::new(&spec, 1);
    assert_eq!(alone.observe(&record((0, 50_000), Some(0))), Claim::SureKeep);
    assert_eq!(alone.observe(&record((0, 50_001), Some(60_000))), Claim::SureKeep);
}

#[test]
fn a_task_that_comes_back_from_idle_is_left_out_until_it_has_caught_up() {
    // Partition 1 comes back after partition 0, which goes on: in the same task it holds the watermark, in a task of its own it does not.
    let spec =
        |tasks| ModelSpec { idleness_ms: Some(100), source_tasks: Some(tasks), ..ModelSpec::plain(Engine::Flink) };
    let reads = [
        (10, (0, 20_000)),
        (10, (1, 9_000)),
        (210, (0, 20_500)),
        (270, (1, 21_000)),
        (330, (0, 45_000)),
        (390, (1, 25_000)),
    ];
    let last = |tasks| fates(&spec(tasks), &reads, 0).0.pop();
    assert_eq!(last(1), Some(Fate::OnTime));
    assert_eq!(last(2), Some(Fate::OnTime), "21,000 is past 20,500: it has caught up");
    let behind = [
        (10, (0, 20_000)),
        (10, (1, 9_000)),
        (210, (0, 20_500)),
        (270, (1, 11_000)),
        (330, (0, 45_000)),
        (390, (1, 25_000)),
    ];
    let last = |tasks| fates(&spec(tasks), &behind, 0).0.pop();
    assert_eq!(last(1), Some(Fate::OnTime));
    assert_eq!(last(2), Some(Fate::Dropped));
}

#[test]
fn a_source_task_without_a_partition_makes_no_drop_sure() {
    let dropped = |tasks| {
        let spec = ModelSpec { source_tasks: Some(tasks), keeps_up_ms: Some(100), ..ModelSpec::plain(Engine::Flink) };
        let mut watermarks = Watermarks::new(&[spec], 2);
        for n in 0..1_000_i64 {
            let event_time_ms = if n == 999 { 0 } else { n * 100 };
            watermarks.observe(&record(((n % 2) as usize, event_time_ms), Some(n * 100)));
        }
        watermarks.finish().remove(0).dropped()
    };
    assert_eq!(dropped(2), CountRange { min: 1, max: 1 });
    assert_eq!(dropped(3), CountRange { min: 0, max: 1 });
}

#[test]
fn something_is_sure_with_idleness_of_an_engine_that_keeps_up() {
    // Without this, the laws above would hold for a model that never claims anything.
    let spec = ModelSpec {
        idleness_ms: Some(100),
        bound_ms: 5_000,
        keeps_up_ms: Some(200),
        ..ModelSpec::plain(Engine::Flink)
    };
    let tally = |spec| {
        let mut watermarks = Watermarks::new(&[spec], 2);
        for n in 0..1_000_i64 {
            watermarks.observe(&record(((n % 2) as usize, n * 100), Some(n * 100)));
        }
        watermarks.finish().remove(0)
    };
    assert_eq!(tally(spec).dropped(), CountRange { min: 0, max: 0 });
    let unknown = tally(ModelSpec { keeps_up_ms: None, ..spec });
    assert!(unknown.dropped().max > 800, "{:?}", unknown.dropped());
}
