//! What watermark models cost for each event, on one core.

use divan::{Bencher, counter::ItemsCount};
use floodmark::event_time::watermark::{ModelSpec, TimedRecord, Watermarks};
use floodmark::profile::{Engine, Span, WatermarkModel, Window};

fn main() {
    divan::main();
}

const EVENTS: u64 = 1_000_000;
const PARTITIONS: u64 = 4;
/// How many events are read from a partition before the next one's turn.
const RUN: u64 = 1_000;

/// 200,000 events/s, of which one in a hundred is up to 20 s late.
fn records() -> Vec<TimedRecord> {
    let record = |place: u64| {
        let (round, within) = (place / (RUN * PARTITIONS), place % (RUN * PARTITIONS));
        let (partition, number) = (within / RUN, within % RUN);
        let at_ms = ((round * RUN * PARTITIONS + number * PARTITIONS + partition) / 200) as i64;
        let late_ms = if place % 100 == 7 { (place * 7919 % 20_000) as i64 } else { (place % 50) as i64 };
        TimedRecord {
            partition: partition as u16,
            event_time_ms: 1_760_000_000_000 + at_ms - late_ms,
            appended_by_ms: None,
            appended_ms: Some(1_760_000_000_000 + at_ms),
            key_hash: Some(place % 1000),
        }
    };
    (0..EVENTS).map(record).collect()
}

/// A model of 10 s windows with a bound of 5 s.
fn model(engine: Engine) -> Option<ModelSpec> {
    let bound = (engine != Engine::KafkaStreams).then(|| Span::from_secs(5));
    let window = Window::Tumbling { size: Span::from_secs(10) };
    ModelSpec::of(&WatermarkModel { bound, window, ..WatermarkModel::of(engine) }).ok()
}

#[divan::bench(args = [Engine::Flink, Engine::FlinkSql, Engine::Spark, Engine::KafkaStreams, Engine::Beam])]
fn one_model(bencher: Bencher<'_, '_>, engine: Engine) {
    let (records, specs) = (records(), Vec::from_iter(model(engine)));
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| observe(&records, &specs));
}

#[divan::bench]
fn five_models(bencher: Bencher<'_, '_>) {
    let engines = [Engine::Flink, Engine::FlinkSql, Engine::Spark, Engine::KafkaStreams, Engine::Beam];
    let (records, specs) = (records(), Vec::from_iter(engines.into_iter().filter_map(model)));
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| observe(&records, &specs));
}

fn observe(records: &[TimedRecord], specs: &[ModelSpec]) -> u64 {
    let mut watermarks = Watermarks::new(specs, PARTITIONS as usize);
    for record in records {
        watermarks.observe(record);
    }
    watermarks.finish().iter().map(|tally| tally.dropped().max).sum()
}
