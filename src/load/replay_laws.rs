//! The laws of replayed curves, as properties over curves.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::curve::Curve;
use crate::profile::{Profile, Span, Stream};

/// Every law of arrivals inside a bucket.
const DETAILS: [&str; 6] = [
    "{ kind = \"paced\" }",
    "{ kind = \"poisson\" }",
    "{ kind = \"poisson-exact\" }",
    "{ kind = \"overdispersed\", dispersion = 4.0 }",
    "{ kind = \"on-off\", on = \"100ms\", off = \"300ms\" }",
    "{ kind = \"b-model\", bias = 0.7 }",
];

/// All but Poisson, which keeps its counts on average.
const EXACT: [usize; 5] = [0, 2, 3, 4, 5];

fn stream_of(keys: &str, more: &str, step_ms: u64, counts: &[f64]) -> Stream {
    let text = format!("[[stream]]\nname = \"s\"\ncurve = {{ file = \"c.csv\", {keys} }}\n{more}");
    let mut profile: Profile = toml::from_str(&text).unwrap();
    let mut stream = profile.streams.remove(0);
    stream.curve.as_mut().unwrap().set_captured(Curve::new(Some(0), step_ms, counts.to_vec()).unwrap());
    stream
}

fn schedule_of(stream: &Stream, seed: u64, duration: Span) -> Arc<StreamSchedule> {
    Arc::new(StreamSchedule::new(stream, 0, seed, duration, 4))
}

/// The whole curve once, in one-second buckets.
fn schedule(keys: &str, more: &str, counts: &[f64], seed: u64) -> Arc<StreamSchedule> {
    let stream = stream_of(keys, more, 1000, counts);
    let length = u64::try_from(stream.curve_length()).unwrap();
    schedule_of(&stream, seed, Span::from_nanos(length))
}

fn due(schedule: &Arc<StreamSchedule>) -> Vec<u64> {
    let mut due: Vec<u64> =
        (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)).map(|send| send.due_ns).collect();
    due.sort_unstable();
    due
}

fn per_bucket(due_ns: &[u64], step_ns: u64, buckets: usize) -> Vec<f64> {
    let mut counts = vec![0.0; buckets];
    for at_ns in due_ns {
        counts[(at_ns / step_ns) as usize] += 1.0;
    }
    counts
}

fn dispersion(counts: &[f64]) -> f64 {
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (counts.len() - 1) as f64 / mean
}

fn counts() -> impl Strategy<Value = Vec<f64>> {
    let count =
        prop_oneof![1 => Just(0.0), 4 => (0..60_u32).prop_map(f64::from), 1 => (0..4000_u32).prop_map(f64::from)];
    prop::collection::vec(count, 1..12)
}

fn smooth() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("smooth = \"parabola\""), Just("smooth = \"step\"")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_bucket_holds_exactly_its_count(
        counts in counts(), producers in 1..9_u16, kind in prop::sample::select(EXACT.to_vec()), smooth in smooth(), seed: u64,
    ) {
        let (keys, more) = (format!("{smooth}, detail = {}", DETAILS[kind]), format!("producers = {producers}"));
        let due = due(&schedule(&keys, &more, &counts, seed));
        prop_assert_eq!(per_bucket(&due, 1_000_000_000, counts.len()), counts);
    }

    #[test]
    fn the_due_times_of_an_event_are_those_of_its_sends(
        counts in counts(), producers in 1..9_u16, kind in 0..DETAILS.len(), smooth in smooth(), seed: u64, order: u64,
    ) {
        let (keys, more) = (format!("{smooth}, detail = {}", DETAILS[kind]), format!("producers = {producers}"));
        let schedule = schedule(&keys, &more, &counts, seed);
        let mut due = DueTimes::of(Arc::clone(&schedule));
        for producer in 0..schedule.producers() {
            laws::assert_due_times(&schedule, &mut due, producer, order)?;
        }
    }

    #[test]
    fn a_fraction_of_an_event_waits_for_its_whole(
        counts in counts(), scale in 0.001..3.0_f64, kind in prop::sample::select(EXACT.to_vec()), seed: u64,
    ) {
        let keys = format!("scale = {scale}, detail = {}", DETAILS[kind]);
        let due = due(&schedule(&keys, "", &counts, seed));
        let (mut wanted, mut sent) = (0.0, 0.0);
        for (count, held) in counts.iter().zip(per_bucket(&due, 1_000_000_000, counts.len())) {
            wanted += count * scale;
            sent += held;
            prop_assert!((wanted - sent).abs() <= 0.5 + 1e-6, "{sent} sent of {wanted}");
        }
    }

    #[test]
    fn a_cursor_that_starts_later_gives_the_rest_of_the_walk(
        counts in counts(), kind in 0..DETAILS.len(), smooth in smooth(), seed: u64, share in 0.0..1.0_f64, retries: bool,
    ) {
        let mut more = "keys = { distribution = \"uniform\", count = 50 }\n".to_owned();
        if retries {
            more += "retries = { share = 0.1, again = 0.5, base = \"50ms\", cap = \"400ms\", lost_first = 0.3 }\n";
        }
        let schedule = schedule(&format!("{smooth}, detail = {}", DETAILS[kind]), &more, &counts, seed);
        let from_ns = (share * 1e9 * counts.len() as f64) as u64;
        for producer in 0..schedule.producers() {
            let walked: Vec<PlannedSend> = schedule.sends(producer, 0).filter(|send| send.due_ns >= from_ns).collect();
            let sought: Vec<PlannedSend> = schedule.sends(producer, from_ns).collect();
            prop_assert_eq!(walked, sought);
        }
    }

    #[test]
    fn sends_come_in_order_and_each_event_once(
        counts in counts(), kind in 0..DETAILS.len(), smooth in smooth(), producers in 1..6_u16, seed: u64,
    ) {
        let (keys, more) = (format!("{smooth}, detail = {}", DETAILS[kind]), format!("producers = {producers}"));
        let schedule = schedule(&keys, &more, &counts, seed);
        for producer in 0..producers {
            let sends: Vec<PlannedSend> = schedule.sends(producer, 0).collect();
            prop_assert!(sends.is_sorted_by_key(|send| send.due_ns));
            prop_assert!(sends.iter().map(|send| send.sequence).eq(0..schedule.planned_by(producer)));
        }
    }

    #[test]
    fn speed_divides_every_due_time(
        counts in counts(), kind in 0..DETAILS.len(), smooth in smooth(), speed in 0.1..100.0_f64, seed: u64,
    ) {
        let at = |speed: f64| {
            due(&schedule(&format!("{smooth}, speed = {speed}, detail = {}", DETAILS[kind]), "producers = 3", &counts, seed))
        };
        let (slow, fast) = (at(1.0), at(speed));
        prop_assert_eq!(slow.len(), fast.len());
        for (slow_ns, fast_ns) in slow.iter().zip(&fast) {
            // Both edges of a bucket are rounded to a nanosecond, and so are the times in it.
            prop_assert!((*slow_ns as f64 / speed - *fast_ns as f64).abs() <= 3.0 + 3.0 / speed, "{slow_ns} {fast_ns}");
        }
    }

    #[test]
    fn a_loop_holds_every_bucket_again_until_the_end(
        counts in counts(), kind in prop::sample::select(EXACT.to_vec()), times in 1..4_usize, seed: u64,
    ) {
        let stream = stream_of(&format!("loop = true, detail = {}", DETAILS[kind]), "", 1000, &counts);
        let buckets = counts.len() * times;
        let due = due(&schedule_of(&stream, seed, Span::from_secs(buckets as u64)));
        let expected: Vec<f64> = counts.iter().copied().cycle().take(buckets).collect();
        prop_assert_eq!(per_bucket(&due, 1_000_000_000, buckets), expected);
    }

    #[test]
    fn a_cut_curve_keeps_the_buckets_before_the_cut(counts in counts(), kind in prop::sample::select(EXACT.to_vec()), share in 0.1..1.0_f64) {
        let stream = stream_of(&format!("detail = {}", DETAILS[kind]), "", 1000, &counts);
        let end_ns = (share * 1e9 * counts.len() as f64) as u64;
        let due = due(&schedule_of(&stream, 1, Span::from_nanos(end_ns)));
        let whole = (end_ns / 1_000_000_000) as usize;
        prop_assert!(due.iter().all(|at_ns| *at_ns < end_ns));
        prop_assert_eq!(&per_bucket(&due, 1_000_000_000, counts.len())[..whole], &counts[..whole]);
    }

    #[test]
    fn the_cumulative_rate_and_its_inverse_agree(counts in counts(), smooth in smooth(), share in 0.0..1.0_f64, more in 0.0..1e-3_f64) {
        let schedule = schedule(smooth, "", &counts, 1);
        let curve = schedule.curve();
        prop_assume!(curve.total() > 1.0);
        let (events, next) = (curve.total() * share, curve.total() * (share + more).min(1.0));
        let at_ns = curve.when(events, &mut 0);
        prop_assert!((curve.cumulative(at_ns) - events).abs() <= 2e-9 * curve.peak_per_s() + 1e-9 * curve.total());
        prop_assert!(curve.when(next, &mut 0) >= at_ns, "monotone");
        prop_assert_eq!(curve.when(events, &mut 7), at_ns, "whatever the hint");
    }

    #[test]
    fn the_last_of_a_bucket_is_due_before_its_end(counts in counts(), smooth in smooth(), speed in 0.1..100.0_f64) {
        // At most speeds buckets end between nanoseconds: a bucket's last events must not slip into the next.
        let schedule = schedule(&format!("{smooth}, speed = {speed}"), "", &counts, 1);
        for segment in schedule.curve().segments().iter().filter(|segment| segment.mass() > 0.0) {
            let (_, end) = segment.places();
            let due_ns = schedule.curve().when(end.next_down(), &mut 0);
            prop_assert!((segment.start_ns..segment.start_ns + segment.length_ns).contains(&due_ns));
        }
    }

    #[test]
    fn the_rate_is_nowhere_higher_than_the_fullest_bucket(counts in counts(), clip in 1.0..100.0_f64) {
        let schedule = schedule(&format!("clip = \"{clip}/s\""), "", &counts, 1);
        let fullest = counts.iter().copied().fold(0.0, f64::max).min(clip);
        prop_assert!((schedule.curve().peak_per_s() - fullest).abs() <= 1e-9 * fullest);
        prop_assert!(schedule.curve().outline().iter().all(|(_, per_s)| (-1e-9..=fullest + 1e-6).contains(per_s)));
    }
}

#[test]
fn poisson_keeps_a_buckets_count_on_average() {
    let counts = [50.0, 400.0, 0.0, 100.0];
    let mut sums = [0.0; 4];
    for seed in 0..200 {
        let due = due(&schedule("detail = { kind = \"poisson\" }", "", &counts, seed));
        for (sum, held) in sums.iter_mut().zip(per_bucket(&due, 1_000_000_000, 4)) {
            *sum += held;
        }
    }
    for (sum, count) in sums.iter().zip(counts) {
        // 200 runs: the mean's standard error is sqrt(count / 200).
        assert!((sum / 200.0 - count).abs() <= 5.0 * (count / 200.0).sqrt(), "{} of {count}", sum / 200.0);
    }
}

/// Counts per second inside buckets of a minute.
fn seconds_of_minutes(detail: &str, keys: &str, count: f64, minutes: usize) -> Vec<f64> {
    let stream = stream_of(&format!("detail = {detail}{keys}"), "producers = 3", 60_000, &vec![count; minutes]);
    let length = u64::try_from(stream.curve_length()).unwrap();
    let schedule = schedule_of(&stream, 11, Span::from_nanos(length));
    let step_ns = length / (60 * minutes as u64);
    per_bucket(&due(&schedule), step_ns, 60 * minutes)
}

#[test]
fn each_law_is_as_bursty_inside_a_bucket_as_it_says() {
    let of = |detail: &str| dispersion(&seconds_of_minutes(detail, "", 6000.0, 100));
    assert!(of(DETAILS[0]) < 0.02, "paced seconds are equal");
    // 6,000 seconds; a second is one sixtieth of a bucket whose count is fixed, which takes that share of the variance.
    assert!((of(DETAILS[2]) - 59.0 / 60.0).abs() < 0.1, "{}", of(DETAILS[2]));
    let gamma = of("{ kind = \"overdispersed\", dispersion = 8.0 }");
    assert!((gamma / 8.0 - 0.96).abs() < 0.1, "{gamma}");
    // The b-model's cascade: a share of 2^-n has a second moment of (b^2 + (1-b)^2)^n, here at about 2^-5.9 of a bucket.
    let halved = of("{ kind = \"b-model\", bias = 0.6 }");
    let expected = 1.0 + 100.0 * ((2.0 * (0.36_f64 + 0.16)).powf(5.9) - 1.0);
    assert!((halved / expected - 1.0).abs() < 0.35, "{halved} against {expected}");
    let even = of("{ kind = \"b-model\", bias = 0.5 }");
    assert!((even - 59.0 / 60.0).abs() < 0.1, "a bias of one half is no bias: {even}");
}

#[test]
fn scale_and_speed_leave_the_shape_of_the_bursts() {
    // Scaled by 10, the excess over Poisson is ten times as high, and the relative height of a burst the same.
    let detail = "{ kind = \"overdispersed\", dispersion = 8.0 }";
    let plain = dispersion(&seconds_of_minutes(detail, "", 600.0, 100)) - 1.0;
    let scaled = dispersion(&seconds_of_minutes(detail, ", scale = 10.0, speed = 20.0", 600.0, 100)) - 1.0;
    assert!((scaled / plain / 10.0 - 1.0).abs() < 0.25, "{scaled} against {plain}");
}

#[test]
fn a_burst_of_on_off_is_as_long_as_it_says() {
    let due = due(&schedule("detail = { kind = \"on-off\", on = \"100ms\", off = \"400ms\" }", "", &[100.0; 20], 3));
    for cycle in due.chunk_by(|one, other| one / 500_000_000 == other / 500_000_000) {
        assert!(cycle[cycle.len() - 1] - cycle[0] <= 100_000_000);
        assert!(cycle.len() > 20, "{}", cycle.len());
    }
}

#[test]
fn producers_of_one_stream_burst_together() {
    let schedule = schedule("detail = { kind = \"b-model\", bias = 0.8 }", "producers = 2", &[20_000.0; 5], 3);
    let held = |producer| {
        let due: Vec<u64> = schedule.sends(producer, 0).map(|send| send.due_ns).collect();
        per_bucket(&due, 10_000_000, 500)
    };
    for (one, other) in held(0).iter().zip(held(1)) {
        assert!((one - other).abs() <= 6.0 * (one + other).sqrt() + 3.0, "{one} and {other} in the same 10 ms");
    }
}

#[test]
fn several_curves_share_one_time_line() {
    let text = "[[stream]]\nname = \"a\"\ncurve = { file = \"a\" }\n[[stream]]\nname = \"b\"\ncurve = { file = \"b\", speed = 2.0 }\n";
    let mut profile: Profile = toml::from_str(text).unwrap();
    for (stream, counts) in profile.streams.iter_mut().zip([vec![10.0; 4], vec![30.0; 4]]) {
        stream.curve.as_mut().unwrap().set_captured(Curve::new(None, 1000, counts).unwrap());
    }
    assert_eq!(profile.duration(), Span::from_secs(4), "the longest curve's");
    let streams = streams_of(&profile, profile.duration(), &[4, 4]);
    assert_eq!(per_bucket(&due(&streams[0]), 1_000_000_000, 4), [10.0; 4]);
    assert_eq!(per_bucket(&due(&streams[1]), 1_000_000_000, 4), [60.0, 60.0, 0.0, 0.0]);
}

/// Golden values: a change of any draw, on any machine, is detected here.
#[test]
fn fingerprints_of_replays_stay_what_they_are() {
    let counts = [5.0, 700.0, 0.0, 3000.0, 20.0, 20.0, 1.0];
    let print = |detail: &&str| {
        let keys = format!("speed = 2.5, scale = 3.0, detail = {detail}");
        fingerprint::fingerprint(&[schedule(&keys, "", &counts, 7)], Shard::WHOLE)
    };
    insta::assert_debug_snapshot!(DETAILS.iter().map(print).collect::<Vec<String>>());
}

#[test]
fn hour_twenty_of_a_day_of_seconds_costs_nothing_for_what_lies_before() {
    for detail in DETAILS {
        let day = schedule(&format!("detail = {detail}"), "", &vec![100_000.0; 86_400], 1);
        let hour_20_ns = 20 * 3_600_000_000_000;
        let first = day.sends(3, hour_20_ns).next().unwrap();
        assert!(first.due_ns >= hour_20_ns && first.due_ns < hour_20_ns + 500_000_000, "{detail}");
        assert!((first.sequence as f64 / (25_000.0 * 72_000.0) - 1.0).abs() < 1e-3, "{}", first.sequence);
    }
}
