//! The schedule's laws, as properties over profiles.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::profile::{Profile, Span, Stream};

fn stream_from(text: &str) -> Stream {
    let profile: Profile = toml::from_str(&format!("[[stream]]\nname = \"s\"\n{text}")).unwrap();
    profile.streams.into_iter().next().unwrap()
}

fn schedule(text: &str, seed: u64, duration: Span) -> Arc<StreamSchedule> {
    Arc::new(StreamSchedule::new(&stream_from(text), 0, seed, duration, 4))
}

/// A stream with every kind of rate, arrival, key, size and injection that the numbers choose.
fn any_stream() -> impl Strategy<Value = String> {
    (0..3_usize, 1..9_u16, 10.0..5_000.0_f64, 0..4_usize, any::<bool>(), any::<bool>()).prop_map(
        |(arrivals, producers, rate, keys, retries, skew)| {
            let arrivals = ["\"paced\"", "\"poisson\"", "\"on-off\"\non_off = { on = \"300ms\", off = \"700ms\" }"][arrivals];
            let keys = ["uniform", "zipf", "round-robin", "none"][keys];
            let mut text = format!(
                "rate = \"{rate}/s\"\nproducers = {producers}\narrivals = {arrivals}\nkeys = {{ distribution = \"{keys}\", count = 50 }}\n\
                 phases = [{{ for = \"2s\" }}, {{ for = \"2s\", rate = \"3x\", ramp = \"1s\" }}, {{ for = \"1s\", rate = \"0/s\" }}]\n"
            );
            if retries {
                text += "retries = { share = 0.1, again = 0.5, base = \"50ms\", cap = \"400ms\", lost_first = 0.3 }\n\
                         lateness = { share = 0.2, distribution = \"pareto\", median = \"1s\" }\n";
            }
            if skew {
                text += "skew = { spread = \"20s\", drift_ppm = 100, absurd = { share = 0.01, offset = \"1d\" } }\n";
            }
            text
        },
    )
}

/// Checks the due times of a producer's events, requested in any order.
pub(super) fn assert_due_times(
    schedule: &Arc<StreamSchedule>,
    due: &mut DueTimes,
    producer: u16,
    order: u64,
) -> Result<(), TestCaseError> {
    let mut walked = vec![Vec::new(); schedule.planned_by(producer) as usize];
    for send in schedule.sends(producer, 0) {
        walked[send.sequence as usize].push(send.due_ns);
    }
    let mut sequences: Vec<u64> = (0..walked.len() as u64).collect();
    if !order.is_multiple_of(3) {
        sequences.sort_by_key(|sequence| (sequence % 7).wrapping_mul(order | 1));
    }
    for sequence in sequences {
        let asked = due.when(producer, sequence).map(|dues| dues.all().collect::<Vec<_>>());
        prop_assert_eq!(asked.as_ref(), Some(&walked[sequence as usize]));
    }
    Ok(())
}

const FIVE_SECONDS: Span = Span::from_secs(5);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_profile_and_seed_give_the_same_sends(text in any_stream(), seed: u64) {
        let (one, other) = (schedule(&text, seed, FIVE_SECONDS), schedule(&text, seed, FIVE_SECONDS));
        for producer in 0..one.producers() {
            prop_assert!(one.sends(producer, 0).eq(other.sends(producer, 0)));
        }
    }

    #[test]
    fn sends_come_in_the_order_in_which_they_are_due(text in any_stream(), seed: u64) {
        let schedule = schedule(&text, seed, FIVE_SECONDS);
        for producer in 0..schedule.producers() {
            let due: Vec<u64> = schedule.sends(producer, 0).map(|send| send.due_ns).collect();
            prop_assert!(due.is_sorted());
        }
    }

    #[test]
    fn every_event_is_sent_first_once_and_copied_as_often_as_the_injections_say(text in any_stream(), seed: u64) {
        let schedule = schedule(&text, seed, FIVE_SECONDS);
        for producer in 0..schedule.producers() {
            let planned = schedule.planned_by(producer);
            let mut sends = vec![0_u8; planned as usize];
            for send in schedule.sends(producer, 0) {
                prop_assert_eq!(send.attempt, sends[send.sequence as usize], "attempts of one event come in order");
                sends[send.sequence as usize] += 1;
            }
            for (sequence, sends) in sends.into_iter().enumerate() {
                let injected = schedule.injections().of(producer, sequence as u64);
                prop_assert_eq!(sends, injected.copies + 1);
            }
        }
    }

    #[test]
    fn a_cursor_that_starts_later_gives_the_rest_of_the_walk(text in any_stream(), seed: u64, from_ms in 0_u64..6_000) {
        let schedule = schedule(&text, seed, FIVE_SECONDS);
        let from_ns = from_ms * 1_000_000;
        for producer in 0..schedule.producers() {
            let walked: Vec<PlannedSend> = schedule.sends(producer, 0).filter(|send| send.due_ns >= from_ns).collect();
            let sought: Vec<PlannedSend> = schedule.sends(producer, from_ns).collect();
            prop_assert_eq!(walked, sought);
        }
    }

    /// Whichever event is asked for first, and however far apart they are: the answer agrees with iterating over the schedule.
    #[test]
    fn the_due_times_of_an_event_are_those_of_its_sends(text in any_stream(), seed: u64, order: u64) {
        let schedule = schedule(&text, seed, FIVE_SECONDS);
        let mut due = DueTimes::of(Arc::clone(&schedule));
        for producer in 0..schedule.producers() {
            assert_due_times(&schedule, &mut due, producer, order)?;
        }
        prop_assert_eq!(due.when(0, schedule.planned_by(0)), None);
        prop_assert_eq!(due.when(schedule.producers(), 0), None);
    }

    #[test]
    fn shards_share_the_producers(producers in 1..200_u16, count in 1..20_u16) {
        let mut shared: Vec<u16> = (0..count)
            .flat_map(|index| format!("{index}/{count}").parse::<Shard>().unwrap().producers_of(producers))
            .collect();
        shared.sort_unstable();
        prop_assert_eq!(shared, (0..producers).collect::<Vec<_>>());
    }

    #[test]
    fn paced_buckets_hold_exactly_their_mass(rates in prop::collection::vec(0..2_000_u32, 1..12), producers in 1..6_u16) {
        let phases: Vec<String> = rates.iter().map(|rate| format!("{{ for = \"1s\", rate = \"{rate}/s\" }}")).collect();
        let text = format!("rate = \"1/s\"\nproducers = {producers}\nphases = [{}]", phases.join(", "));
        let schedule = schedule(&text, 1, Span::from_secs(rates.len() as u64));
        let mut buckets = vec![0_u32; rates.len()];
        for producer in 0..producers {
            for send in schedule.sends(producer, 0) {
                buckets[(send.due_ns / 1_000_000_000) as usize] += 1;
            }
        }
        prop_assert_eq!(buckets, rates);
    }

    #[test]
    fn on_off_keeps_the_mass_of_every_cycle_and_is_silent_between_bursts(seed: u64) {
        let text = "rate = \"1k/s\"\narrivals = \"on-off\"\non_off = { on = \"200ms\", off = \"800ms\", keeps = \"mean\" }";
        let schedule = schedule(text, seed, FIVE_SECONDS);
        let mut due: Vec<u64> = (0..4).flat_map(|producer| schedule.sends(producer, 0)).map(|send| send.due_ns).collect();
        due.sort_unstable();
        prop_assert!((due.len() as f64 - 5_000.0).abs() < 400.0, "{} events", due.len());
        for cycle in due.chunk_by(|one, other| one / 1_000_000_000 == other / 1_000_000_000) {
            prop_assert!(cycle[cycle.len() - 1] - cycle[0] <= 200_000_000);
            prop_assert!((cycle.len() as f64 - 1_000.0).abs() < 200.0);
        }
    }
}

/// Golden values: a change of any draw, on any machine, is detected here.
#[test]
fn fingerprints_stay_what_they_are() {
    let paced = "rate = \"1k/s\"\nkeys = { distribution = \"zipf\", count = 1000, exponent = 1.1 }";
    let poisson = format!(
        "{paced}\narrivals = \"poisson\"\nlateness = {{ share = 0.1, distribution = \"log-normal\", median = \"1s\" }}"
    );
    let retried = format!(
        "{poisson}\nretries = {{ share = 0.1, again = 0.5, lost_first = 0.2 }}\nskew = {{ spread = \"30s\", drift_ppm = 50 }}"
    );
    let prints: Vec<String> = [paced, &poisson, &retried]
        .iter()
        .map(|text| fingerprint::fingerprint(&[schedule(text, 7, FIVE_SECONDS)], Shard::WHOLE))
        .collect();
    insta::assert_debug_snapshot!(prints);
}

#[test]
fn a_fingerprint_tells_seeds_and_shards_apart() {
    let of = |seed, shard: &str| {
        let schedule = schedule("rate = \"1k/s\"\narrivals = \"poisson\"", seed, FIVE_SECONDS);
        fingerprint::fingerprint(&[schedule], shard.parse().unwrap())
    };
    assert_eq!(of(1, "0/1"), of(1, "0/1"));
    assert_ne!(of(1, "0/1"), of(2, "0/1"));
    assert_ne!(of(1, "0/2"), of(1, "1/2"));
}

#[test]
fn hour_twenty_of_a_day_costs_nothing_for_what_lies_before() {
    for arrivals in ["paced", "poisson"] {
        let text = format!("rate = \"100k/s\"\narrivals = \"{arrivals}\"");
        let schedule = schedule(&text, 1, Span::from_secs(86_400));
        let hour_20_ns = 20 * 3_600_000_000_000;
        let first = schedule.sends(3, hour_20_ns).next().unwrap();
        assert!(first.due_ns >= hour_20_ns && first.due_ns < hour_20_ns + 10_000_000);
        assert!((first.sequence as f64 / (25_000.0 * 72_000.0) - 1.0).abs() < 1e-3, "{}", first.sequence);
    }
}

#[test]
fn phases_plan_as_many_events_as_the_schedule_sends() {
    let text = "rate = \"10/s\"\nphases = [{ for = \"9s\", rate = \"30/s\", ramp = \"4s\" }, \
                { repeat = 4, phases = [{ for = \"2s\", rate = \"3x\", ramp = \"1s\" }, { for = \"3s\", ramp = \"3s\" }] }]";
    let stream = stream_from(text);
    let duration = Span::from_nanos(u64::try_from(stream.phases_length()).unwrap());
    let curve = rate::RateCurve::of_stream(&stream, duration, 1.0);
    let planned = stream.planned_events(duration);
    assert!((planned - curve.total()).abs() < 1e-6, "{planned} against {}", curve.total());
}
