//! How fast the ledger records what was sent and seen, and how fast a message is read, on one core.

use divan::{Bencher, black_box, counter::ItemsCount};
use floodmark::check::sequences::SequenceSet;
use floodmark::check::{DueWord, Expectation, Observation, Observed, Observer, ProducedRecorder, Suspicion};
use floodmark::consume::extract::{Extractor, Layout};
use floodmark::event::payload::{JsonWriter, Size, Stamps};
use floodmark::event::{EventId, Partition, RunTag};
use floodmark::load::Injected;

fn main() {
    divan::main();
}

const EVENTS: u64 = 4_000_000;
/// How many events are read from a partition before the next one's turn: a fetch of 1 MiB of 200-byte messages.
const RUN: u64 = 5_000;
const PRODUCERS: u16 = 4;

/// The sequence numbers of one producer, spread over partitions, in their order of arrival: in runs of one partition.
fn ragged(partitions: u64) -> impl Iterator<Item = (u64, u64)> {
    let span = RUN * partitions;
    (0..EVENTS / span).flat_map(move |round| {
        (0..partitions).flat_map(move |partition| {
            (0..RUN).map(move |place| (partition, round * span + place * partitions + partition))
        })
    })
}

#[divan::bench(args = [1, 4, 12])]
fn sequences(bencher: Bencher<'_, '_>, partitions: u64) {
    let numbers: Vec<u64> = ragged(partitions).map(|(_, sequence)| sequence).collect();
    bencher.counter(ItemsCount::new(numbers.len())).bench_local(|| {
        let mut set = SequenceSet::default();
        for &sequence in &numbers {
            black_box(set.observe(sequence));
        }
        set.finish().distinct()
    });
}

#[divan::bench]
fn acked(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut recorder = ProducedRecorder::default();
        for (partition, sequence) in ragged(4) {
            recorder.acked(0, sequence, 0, Partition::of_number(partition, u16::MAX), sequence / 4);
        }
        recorder.finish()
    });
}

/// Nothing is injected, as in most streams; the schedule has its own bench.
struct Plain;

impl Expectation for Plain {
    fn producers(&self) -> u16 {
        PRODUCERS
    }
    fn planned(&self, _producer: u16) -> u64 {
        EVENTS
    }
    fn injected(&self, _producer: u16, _sequence: u64) -> Injected {
        Injected::default()
    }
    fn injects(&self) -> bool {
        false
    }
}

fn observations(partitions: u64) -> Vec<Observation> {
    let seen = ragged(partitions).map(|(partition, sequence)| {
        // Producers take turns, each with its own consecutive numbers.
        let turn = sequence / partitions;
        let producer = (turn % u64::from(PRODUCERS)) as u16;
        let of_producer = turn / u64::from(PRODUCERS) * partitions + partition;
        let id = EventId {
            run: RunTag(1),
            stream: 0,
            producer,
            partition: Partition::of_number(partition, u16::MAX),
            sequence: of_producer,
        };
        let due_ns = 1_760_000_000_000_000_000 + sequence * 2_000;
        Observation {
            id: Ok(id),
            partition: Partition::of_number(partition, u16::MAX),
            // 100,000 keys, spread like hashes.
            key_hash: Some((sequence * 7919 % 100_000).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            due_ns: Some(due_ns),
            due_offset_ns: sequence * 2_000,
            sent_ns: Some(due_ns + 20_000),
            behind_ns: 0,
            payload_bytes: 100,
            consumed_ns: due_ns + 1_000_000 + sequence * 7919 % 3_000_000,
            due_word: DueWord::Agrees,
            warmup: false,
            phase: None,
            suspicion: Suspicion::None,
        }
    });
    seen.collect()
}

#[divan::bench(args = [1, 4, 12])]
fn observe(bencher: Bencher<'_, '_>, partitions: u64) {
    let seen = observations(partitions);
    let observed = Observed { run: RunTag(1), stream: 0, streams: 1, partitions: Some(12), is_input: true };
    bencher.counter(ItemsCount::new(seen.len())).bench_local(|| {
        let mut observer = Observer::new(Plain, observed);
        for one in &seen {
            black_box(observer.observe(one));
        }
        observer.finish(true)
    });
}

fn message() -> Vec<u8> {
    let id = EventId { run: RunTag(1), stream: 0, producer: 3, partition: Partition::new(2), sequence: 41 };
    let stamps =
        Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_000_123_456, sent_us: 1_760_000_000_123_999 };
    let mut payload = b"k12".to_vec();
    JsonWriter::default().write(&mut payload, id, &stamps, Some(0..3), Size::Filler(100));
    payload.split_off(3)
}

#[divan::bench]
fn extract_own_layout(bencher: Bencher<'_, '_>) {
    let (payload, extractor) = (message(), Extractor::of_layout(Layout::of_json()));
    bencher.bench_local(|| extractor.extract(Some(black_box(&payload)), |_| None));
}

#[divan::bench]
fn extract_by_pointers(bencher: Bencher<'_, '_>) {
    let mut payload = message();
    // One space makes it another layout.
    payload.insert(1, b' ');
    let extractor = Extractor::of_layout(Layout::of_json());
    bencher.bench_local(|| extractor.extract(Some(black_box(&payload)), |_| None));
}
