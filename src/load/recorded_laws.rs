//! The laws of records that are sent again, as properties over files of records.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::profile::{Profile, Span};

/// Schedules of records whose times in milliseconds and keys are given, and the name of each record's key.
fn schedule(records: &[(u64, u8)], producers: u16, speed: f64, cut: Option<u64>) -> Arc<StreamSchedule> {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = records.iter().map(|(at_ms, key)| format!("{},c{key}\n", 1_760_000_000_000 + at_ms)).collect();
    std::fs::write(folder.path().join("records.csv"), format!("timestamp,key\n{rows}")).unwrap();
    let text = format!(
        "[[stream]]\nname = \"s\"\nproducers = {producers}\nrecords = {{ file = \"records.csv\", speed = {speed:?} }}\n"
    );
    let origin = folder.path().join("records.toml");
    let profile = Profile::from_text(&text, origin.to_str().unwrap()).unwrap().profile;
    let duration = cut.map_or_else(|| profile.duration(), Span::from_nanos);
    Arc::new(StreamSchedule::new(&profile.streams[0], 0, 1, duration, 4))
}

/// When each event is due, and its key's text.
fn sends(schedule: &Arc<StreamSchedule>) -> Vec<(u64, String)> {
    let text = |send: PlannedSend| {
        let mut key = Vec::new();
        schedule.write_key(send.key.unwrap(), &mut None, &mut key);
        (send.due_ns, String::from_utf8(key).unwrap())
    };
    let mut all: Vec<_> =
        (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)).map(text).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_is_sent_once_at_its_distance_by_any_number_of_producers(
        records in proptest::collection::vec((0..60_000_u64, 0..20_u8), 1..3000),
        producers in 1..7_u16,
        speed in prop_oneof![Just(1.0), Just(4.0), Just(0.5)],
        cut_share in 0.0..1.2_f64,
    ) {
        let first = records.iter().map(|(at_ms, _)| *at_ms).min().unwrap();
        let due = |at_ms: u64| ((at_ms - first) as f64 * 1e6 / speed) as u64;
        let mut expected: Vec<_> = records.iter().map(|(at_ms, key)| (due(*at_ms), format!("c{key}"))).collect();
        expected.sort();
        let whole = schedule(&records, producers, speed, None);
        prop_assert_eq!(whole.planned(), records.len() as u64);
        prop_assert!((whole.curve().total() - records.len() as f64).abs() < 1e-6);
        prop_assert_eq!(sends(&whole), expected.clone());
        let end_ns = ((expected.last().unwrap().0 as f64 * cut_share) as u64).max(1);
        expected.retain(|(due_ns, _)| *due_ns < end_ns);
        let cut = schedule(&records, producers, speed, Some(end_ns));
        prop_assert_eq!(cut.planned(), expected.len() as u64);
        prop_assert_eq!(sends(&cut), expected);
    }

    #[test]
    fn a_producer_goes_on_from_any_moment(
        records in proptest::collection::vec((0..5_000_u64, 0..3_u8), 1..5000), producers in 1..4_u16, from_ms in 0..6_000_u64,
    ) {
        let schedule = schedule(&records, producers, 1.0, None);
        for producer in 0..producers {
            let from_ns = from_ms * 1_000_000;
            let all: Vec<_> = schedule.sends(producer, 0).collect();
            let later: Vec<_> = all.iter().copied().filter(|send| send.due_ns >= from_ns).collect();
            prop_assert_eq!(schedule.events_before(producer, from_ns), (all.len() - later.len()) as u64);
            prop_assert_eq!(schedule.sends(producer, from_ns).collect::<Vec<_>>(), later);
        }
    }
}

#[test]
fn another_speed_is_another_plan() {
    let of = |speed| fingerprint::fingerprint(&[schedule(&[(0, 1), (900, 2)], 2, speed, None)], Shard::WHOLE);
    assert_eq!(of(1.0), of(1.0));
    assert_ne!(of(1.0), of(2.0));
}
