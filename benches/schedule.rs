//! How fast events are planned and encoded, on one core, into a sink that does nothing.

use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
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

fn schedule(keys: &str) -> Arc<StreamSchedule> {
    let text = format!(
        "[[stream]]\nname = \"s\"\nrate = \"100k/s\"\nproducers = 1\npayload = {{ filler = \"100B\" }}\n{keys}"
    );
    let profile: Profile = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    Arc::new(StreamSchedule::new(&profile.streams[0], 0, 1, Span::from_secs(86_400), 4))
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
    let (mut out, mut writer) = (Vec::with_capacity(1 << 20), JsonWriter::default());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for send in schedule.sends(0, 3_600_000_000_000).take(EVENTS) {
            if out.len() > 1 << 19 {
                black_box(&out);
                out.clear();
            }
            let start = out.len();
            if let Some(key) = send.key {
                schedule.write_key(key, &mut out);
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
