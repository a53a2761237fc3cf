use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::load::StreamSchedule;
use crate::profile::Profile;

const START_US: i64 = 1_760_000_000_000_000;

fn of(events: &[(u16, u64, i64)]) -> Offsets {
    let mut offsets = Offsets::default();
    for &(producer, sequence, offset_ms) in events {
        let at_us = START_US + sequence as i64 * 700;
        offsets.observe(producer, sequence, at_us / 1000 + offset_ms, at_us as u64);
    }
    offsets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// However the events are dealt out, the parts together know what one reader would, even beyond the size of the sample.
    #[test]
    fn parts_merge_to_the_whole(seed in any::<u64>(), count in 1..3000_u64, parts in 1..5_usize) {
        let event = |n: u64| ((mixed(n ^ seed) % 2) as u16, n, (mixed(n ^ !seed) % 1000) as i64 - 500);
        let events: Vec<_> = (0..count).map(event).collect();
        let mut dealt = vec![Vec::new(); parts];
        events.iter().for_each(|event| dealt[mixed(event.1 + seed) as usize % parts].push(*event));
        let mut merged = Offsets::default();
        dealt.iter().for_each(|part| merged.merge(of(part)));
        prop_assert!(merged.producers.values().all(|producer| producer.sample.len() <= SAMPLE));
        prop_assert_eq!(merged, of(&events));
    }
}

#[test]
fn a_median_is_that_of_all_events_not_of_the_late_ones() {
    // One event in ten comes from a tunnel, one in a thousand from next year.
    let events: Vec<_> = (0..20_000)
        .map(|n| {
            (
                0,
                n,
                if n % 10 == 0 {
                    -60_000
                } else if n % 1000 == 7 {
                    31_536_000_000
                } else {
                    -4000
                },
            )
        })
        .collect();
    let [skew] = of(&events).estimate(|_, _| Some(-4_000_000)).try_into().unwrap();
    assert!((skew.median_ms + 4000.0).abs() <= 1.0, "{skew:?}");
    assert!((skew.min_ms + 60_000.0).abs() <= 1.0 && skew.max_ms > 3e10, "{skew:?}");
    assert!(skew.unexplained_ms.unwrap().abs() <= 1.0, "{skew:?}");
}

const SKEWED: &str = r#"
seed = 3
duration = "60s"
[[stream]]
name = "devices"
rate = "2k/s"
arrivals = "poisson"
producers = 5
[stream.skew]
offsets = ["0s", "-300ms", "-40s", "30s", "7s"]
drift_ppm = 200
step = { at = "30s", by = "-10s", share = 0.5 }
absurd = { share = 0.001, offset = "365d" }
[stream.lateness]
share = 0.05
median = "2s"
"#;

fn skewed() -> Arc<StreamSchedule> {
    let profile: Profile = toml::from_str(SKEWED).unwrap();
    let duration = profile.duration.unwrap();
    Arc::new(StreamSchedule::new(&profile.streams[0], 0, profile.seed, duration, 4))
}

#[test]
fn what_the_profile_injects_is_what_the_stream_shows() {
    let schedule = skewed();
    let mut offsets = Offsets::default();
    for producer in 0..schedule.producers() {
        for send in schedule.sends(producer, 0) {
            let event_time_ms = START_US / 1000 + send.event_time_ns.div_euclid(1_000_000);
            offsets.observe(producer, send.sequence, event_time_ms, START_US as u64 + send.due_ns / 1000);
        }
    }
    let truth_us = |producer, at_us: i64| {
        schedule.clock_error_ns(producer, (at_us - START_US).max(0) as u64 * 1000).map(|error_ns| error_ns / 1000)
    };
    let skews = offsets.estimate(truth_us);
    assert_eq!(skews.len(), 5);
    let mut steps = 0;
    for skew in &skews {
        assert!(skew.unexplained_ms.unwrap().abs() < 1.5, "{skew:?}");
        assert!((skew.median_ms - skew.injected_ms.unwrap()).abs() < 2500.0, "{skew:?}");
        let (early, late) = (truth_us(skew.producer, START_US), truth_us(skew.producer, START_US + 29_000_000));
        let drift = (late.unwrap() - early.unwrap()) as f64 / 29.0;
        assert!((skew.drift_ppm.unwrap() - drift).abs() < 25.0, "{drift} ppm, {skew:?}");
        steps += u32::from(skew.highest_slice_ms - skew.lowest_slice_ms > 9_900.0);
    }
    assert!(steps > 0 && steps < 5, "{steps} of the clocks stepped");
    let widest = max_skew_ms(&skews).unwrap();
    assert!((69_900..=80_100).contains(&widest), "{widest} ms");
}

#[test]
fn a_single_event_has_an_offset_and_no_drift() {
    let [skew] = of(&[(4, 0, 12)]).estimate(|_, _| None).try_into().unwrap();
    assert_eq!((skew.median_ms, skew.drift_ppm, skew.injected_ms, skew.unexplained_ms), (12.0, None, None, None));
    assert_eq!(max_skew_ms(&[]), None);
}
