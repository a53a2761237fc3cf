//! How fast events are planned and encoded, on one core, into a sink that does nothing.

use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
use floodmark::curve::Curve;
use floodmark::event::payload::{JsonWriter, Size, Stamps};
use floodmark::event::{EventId, RunTag};
use floodmark::load::StreamSchedule;
use floodmark::profile::{Profile, Span};

fn main() {
    divan::main();
}

const EVENTS: usize = 200_000;

const STREAMS: [(&str, &str); 3] = [
    ("paced", "arrivals = \"paced\""),
    ("poisson", "arrivals = \"poisson\"\nkeys = { distribution = \"zipf\", count = 100_000, exponent = 1.1 }"),
    (
        "everything",
        "arrivals = \"poisson\"\nkeys = { distribution = \"zipf\", count = 100_000, exponent = 1.1 }\n\
         lateness = { share = 0.1, distribution = \"pareto\", median = \"1s\" }\nretries = { share = 0.02 }\n\
         skew = { spread = \"30s\", drift_ppm = 50 }",
    ),
];

/// A replayed day: the length of its buckets in milliseconds, their mean rate and what happens inside them.
const REPLAYS: [(&str, u64, f64, &str); 9] = [
    ("paced, 60 s", 60_000, 1e5, "{ kind = \"paced\" }"),
    ("poisson, 60 s", 60_000, 1e5, "{ kind = \"poisson\" }"),
    ("poisson-exact, 60 s", 60_000, 1e5, "{ kind = \"poisson-exact\" }"),
    ("poisson-exact, 1 s", 1_000, 1e5, "{ kind = \"poisson-exact\" }"),
    ("poisson-exact, 1 s, 5/s", 1_000, 5.0, "{ kind = \"poisson-exact\" }"),
    ("overdispersed, 60 s", 60_000, 1e5, "{ kind = \"overdispersed\", dispersion = 500.0 }"),
    ("on-off, 60 s", 60_000, 1e5, "{ kind = \"on-off\", on = \"200ms\", off = \"800ms\" }"),
    ("b-model, 60 s", 60_000, 1e5, "{ kind = \"b-model\", bias = 0.7 }"),
    ("b-model, 60 s, 100/s", 60_000, 1e2, "{ kind = \"b-model\", bias = 0.7 }"),
];

/// A stream of one producer, at 100,000 events a second.
#[expect(clippy::panic, reason = "a profile that cannot be read leaves nothing to measure")]
fn profile(keys: &str) -> Profile {
    let text = format!("[[stream]]\nname = \"s\"\nproducers = 1\npayload = {{ filler = \"100B\" }}\n{keys}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn schedule_of(profile: &Profile) -> Arc<StreamSchedule> {
    Arc::new(StreamSchedule::new(&profile.streams[0], 0, 1, Span::from_secs(86_400), 4))
}

fn schedule(keys: &str) -> Arc<StreamSchedule> {
    schedule_of(&profile(&format!("rate = \"100k/s\"\n{keys}")))
}

/// Buckets that rise more and more steeply, repeatedly, so that most parabolas are bent.
#[expect(clippy::panic, reason = "a curve that cannot be made leaves nothing to measure")]
fn replay(step_ms: u64, per_s: f64, detail: &str) -> Arc<StreamSchedule> {
    let mut profile = profile(&format!("curve = {{ file = \"day.csv\", detail = {detail} }}"));
    let mean = per_s * step_ms as f64 / 1000.0;
    let rise = |bucket: u64| 0.7 + ((bucket % 16) as f64 / 16.0).powi(2);
    let counts = (0..86_400_000 / step_ms).map(|bucket| (mean * rise(bucket)).round()).collect();
    let curve = Curve::new(None, step_ms, counts).unwrap_or_else(|error| panic!("{error}"));
    if let Some(replay) = &mut profile.streams[0].curve {
        replay.set_captured(curve);
    }
    schedule_of(&profile)
}

#[divan::bench(args = REPLAYS.map(|(name, ..)| name))]
fn plan_replay(bencher: Bencher<'_, '_>, name: &str) {
    let (_, step_ms, per_s, detail) = REPLAYS.into_iter().find(|replay| replay.0 == name).unwrap_or(REPLAYS[0]);
    let schedule = replay(step_ms, per_s, detail);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for send in schedule.sends(0, 3_600_000_000_000).take(EVENTS) {
            black_box(send);
        }
    });
}

#[divan::bench(args = STREAMS.map(|(name, _)| name))]
fn plan(bencher: Bencher<'_, '_>, name: &str) {
    let schedule = schedule(STREAMS.iter().find(|stream| stream.0 == name).map_or("", |stream| stream.1));
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for send in schedule.sends(0, 3_600_000_000_000).take(EVENTS) {
            black_box(send);
        }
    });
}

#[divan::bench(args = STREAMS.map(|(name, _)| name))]
fn plan_and_encode(bencher: Bencher<'_, '_>, name: &str) {
    let schedule = schedule(STREAMS.iter().find(|stream| stream.0 == name).map_or("", |stream| stream.1));
    let (mut out, mut writer, mut form) = (Vec::with_capacity(1 << 20), JsonWriter::default(), schedule.key_form());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for send in schedule.sends(0, 3_600_000_000_000).take(EVENTS) {
            if out.len() > 1 << 19 {
                black_box(&out);
                out.clear();
            }
            let start = out.len();
            if let Some(key) = send.key {
                schedule.write_key(key, &mut form, &mut out);
            }
            let key = start..out.len();
            let id =
                EventId { run: RunTag(1), stream: 0, producer: 0, partition: send.partition, sequence: send.sequence };
            let due_us = 1_760_000_000_000_000 + send.due_ns / 1000;
            let stamps = Stamps { event_time_ms: send.event_time_ns / 1_000_000, due_us, sent_us: due_us + 300 };
            writer.write(&mut out, id, &stamps, Some(key), Size::Filler(send.size_bytes));
        }
    });
}
