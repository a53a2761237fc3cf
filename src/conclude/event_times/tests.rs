use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event_time::lateness::{Disturbed, InjectionKind, LatenessMeter, Offsets, Timed, WatermarkLog};
use crate::event_time::watermark::{Claim, ModelSpec, TimedRecord, Watermarks};
use crate::mergeable::Merge;
use crate::profile::{Engine, Profile};

const PARTITIONS: u16 = 4;
const START_MS: i64 = 1_760_000_000_000;

const PROFILE: &str = r#"
seed = 5
duration = "20s"
[[stream]]
name = "orders"
rate = "1k/s"
producers = 3
[stream.skew]
offsets = ["0s", "-2s", "900ms"]
[[stream.watermark]]
engine = "flink"
bound = "200ms"
window = "tumbling:1s"
"#;

/// An event: partition, producer, and how far its time lies behind the moment at which it is sent, 20 ms after the one before.
pub(in crate::conclude) type Sent = (u16, u16, i64);

pub(in crate::conclude) fn profile() -> Profile {
    Profile::from_text(PROFILE, "orders.toml").unwrap().profile
}

pub(in crate::conclude) fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let behind_ms = prop_oneof![4 => -50..300_i64, 1 => 0..5_000_i64, 1 => Just(-7_200_000)];
    prop::collection::vec((0..PARTITIONS, 0..3_u16, behind_ms), 0..150)
}

/// What an observer of these partitions measures, as the thread of a stage does.
pub(in crate::conclude) fn figures(spec: &ModelSpec, events: &[Sent], read: &[u16]) -> EventTimeFigures {
    let (rule, own) = (LogRule::of_model(spec), read.iter().copied().collect::<BTreeSet<u16>>());
    let mut watermarks = Watermarks::new(&[*spec], usize::from(PARTITIONS));
    let (mut meter, mut log) =
        (LatenessMeter::new(rule.late, Some(3_600_000)), WatermarkLog::of_some(rule, PARTITIONS, &own));
    let (mut offsets, mut injections) = (Offsets::default(), InjectionLedger::default());
    for (number, &(partition, producer, behind_ms)) in (0..).zip(events).filter(|(_, event)| own.contains(&event.0)) {
        let clock_ms = START_MS + number * 20;
        let event_time_ms = clock_ms - behind_ms;
        meter.observe(partition, Some(event_time_ms), clock_ms);
        let claim = watermarks.observe(&TimedRecord {
            partition,
            event_time_ms,
            appended_ms: Some(clock_ms),
            appended_by_ms: Some(clock_ms),
            key_hash: Some(u64::from(producer)),
        });
        log.observe(&Timed { partition, producer: Some(producer), event_time_ms, clock_ms });
        offsets.observe(producer, number as u64, event_time_ms, clock_ms as u64 * 1000);
        let late = Disturbed { late: behind_ms > 0, ..Disturbed::default() };
        injections.see(late, claim.unwrap_or(Claim::Race));
    }
    EventTimeFigures {
        models: watermarks.finish(),
        lateness: meter.finish(),
        log: log.finish(),
        offsets,
        beyond: 0,
        injections,
        start_ns: Some(START_MS as u64 * 1_000_000),
        partitions: PartitionsRead::new(u32::from(PARTITIONS), read.iter().map(|partition| i32::from(*partition))),
    }
}

pub(in crate::conclude) fn flink() -> ModelSpec {
    ModelSpec::of(&profile().streams[0].watermarks[0]).unwrap()
}

fn merged(parts: impl IntoIterator<Item = EventTimeFigures>) -> EventTimeFigures {
    parts
        .into_iter()
        .reduce(|mut one, other| {
            one.merge(other);
            one
        })
        .unwrap()
}

/// The partitions of each of three observers.
fn division() -> impl Strategy<Value = [Vec<u16>; 3]> {
    prop::collection::vec(0..3_usize, usize::from(PARTITIONS)).prop_map(|owners| {
        [0, 1, 2].map(|observer| (0..PARTITIONS).filter(|of| owners[usize::from(*of)] == observer).collect())
    })
}

/// The summary of them, but for what is said of the number of observers.
fn summary(figures: &EventTimeFigures) -> EventTimeSummary {
    let profile = profile();
    let schedule = StreamSchedule::new(&profile.streams[0], 0, 5, profile.duration(), PARTITIONS);
    let mut summary = event_times_of(figures, &Arc::new(schedule));
    summary.lateness.iter_mut().for_each(|lateness| lateness.notes.retain(|note| !note.contains("observers shared")));
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Flink judges by partition: however the partitions are divided, nothing is lost of what one observer of all would tell.
    #[test]
    fn any_division_of_the_partitions_merges_to_the_whole(events in sent(), division in division()) {
        let (spec, all) = (flink(), (0..PARTITIONS).collect::<Vec<_>>());
        let whole = figures(&spec, &events, &all);
        let parts = division.each_ref().map(|read| figures(&spec, &events, read));
        let of_all = merged(parts.clone());
        prop_assert_eq!(summary(&of_all), summary(&whole));
        prop_assert_eq!((&of_all.offsets, &of_all.injections, &of_all.log), (&whole.offsets, &whole.injections, &whole.log));
        prop_assert_eq!(&of_all.lateness.partitions, &whole.lateness.partitions);
        let tally = |of: &EventTimeFigures| {
            let model = &of.models[0];
            (model.records(), model.sure_keep(), model.pairs(), model.dropped().max, model.affected().clone(), model.empty_partitions())
        };
        prop_assert_eq!(tally(&of_all), tally(&whole));
        let [a, b, c] = parts;
        prop_assert_eq!(merged([c, a, b]), of_all, "in any order");
    }

    /// Spark's maximum is over all partitions: what depends on it is left open, and the rest is exact.
    #[test]
    fn what_no_observer_saw_is_left_out_and_said(events in sent(), division in division()) {
        let (spec, all) = (ModelSpec { bound_ms: 200, ..ModelSpec::plain(Engine::Spark) }, (0..PARTITIONS).collect::<Vec<_>>());
        let whole = figures(&spec, &events, &all);
        let of_all = merged(division.each_ref().map(|read| figures(&spec, &events, read)));
        let [one, many] = [&whole, &of_all].map(|of| summary(of).lateness.unwrap());
        prop_assert_eq!((many.records, many.late, many.refused, &many.partitions), (one.records, one.late, one.refused, &one.partitions));
        prop_assert_eq!((many.advised_ms, many.candidates.len(), many.windows.len()), (None, 0, 0));
        prop_assert!(many.notes.iter().any(|note| note.contains("no observer saw together")), "{:?}", many.notes);
        prop_assert_eq!(of_all.models[0].sure_keep(), whole.models[0].sure_keep());
        prop_assert!(of_all.models[0].dropped().max >= whole.models[0].dropped().max);
    }
}

#[test]
fn an_observer_of_some_partitions_says_which_figures_are_its_own() {
    let events = [(0, 0, 0), (1, 1, 0), (1, 1, 1_900), (0, 0, 5)];
    let lateness = summary(&figures(&flink(), &events, &[1])).lateness.unwrap();
    assert_eq!((lateness.records, lateness.late), (2, 1));
    assert!(lateness.notes.iter().any(|note| note.starts_with("1 of 4 partitions")), "{:?}", lateness.notes);
    let log = figures(&flink(), &events, &[1]).log;
    assert_eq!(log.partitions.into_keys().collect::<Vec<_>>(), [1], "nothing is said of the others");
}

#[test]
fn what_was_injected_is_the_senders_to_say() {
    let counts = InjectionCounts { injected: 9, seen: 4, race: 1, kept: 3, ..InjectionCounts::default() };
    let whole = InjectionLedger { kinds: [(InjectionKind::Lateness, counts)].into() };
    let sent = injected_of(&whole).kinds[&InjectionKind::Lateness];
    assert_eq!(sent, InjectionCounts { injected: 9, ..InjectionCounts::default() });
}
