//! Kafka Streams: its own TopologyTestDriver, with the record cache, without, and with a store in memory.

use floodmark::profile::{Engine, WatermarkModel, Window};

use super::compare::Wanted;
use super::draw::{Dice, Times, events};
use super::prove::prove;
use super::stream::{Stream, in_ms, ms};

const ENGINE: &str = "kafka-streams";

fn stream(dice: &mut Dice, window: Window) -> Stream {
    let grace_ms = dice.one_of(&[0, 0, 1, 5, 10, 25]);
    let (size_ms, grid_ms) = match window {
        Window::None => (0, 0),
        Window::Tumbling { size } | Window::Sliding { size } => (in_ms(size), in_ms(size)),
        Window::Hopping { size, hop } => (in_ms(size), in_ms(hop)),
        Window::Session { gap } => (in_ms(gap), in_ms(gap)),
    };
    let model =
        WatermarkModel { window, allowed_lateness: Some(ms(grace_ms)), ..WatermarkModel::of(Engine::KafkaStreams) };
    let edges_ms = [size_ms, grace_ms, size_ms + grace_ms];
    let start_ms = dice.one_of(&[0, 5, 100, 1_000]);
    let rows = events(dice, Times { start_ms, grid_ms, edges_ms, negative: true }, 2, 4);
    Stream::new(model, rows)
}

fn aligned(dice: &mut Dice) -> Stream {
    let hop_ms = dice.from(1, 12);
    let times = dice.from(1, 4);
    let window = match times {
        1 => Window::Tumbling { size: ms(hop_ms) },
        _ => Window::Hopping { size: ms(hop_ms * times - dice.from(0, hop_ms - 1)), hop: ms(hop_ms) },
    };
    let mut stream = stream(dice, window);
    stream.setup.insert("record_cache".to_owned(), dice.chance(50).into());
    stream.setup.insert("in_memory".to_owned(), dice.chance(50).into());
    stream
}

/// The application's store, and what floodmark is told about it.
#[derive(Debug, Clone, Copy)]
enum Store {
    Cached,
    Uncached,
    InMemory,
    CachedInMemory,
    /// Any of these, but floodmark does not know about the cache.
    Unknown,
}

fn with_store(dice: &mut Dice, window: Window, store: Store) -> Stream {
    let mut stream = stream(dice, window);
    let (record_cache, in_memory) = match store {
        Store::Cached => (true, false),
        Store::Uncached => (false, false),
        Store::InMemory => (false, true),
        Store::CachedInMemory => (true, true),
        Store::Unknown => (dice.chance(50), dice.chance(50)),
    };
    stream.setup.insert("record_cache".to_owned(), record_cache.into());
    stream.setup.insert("in_memory".to_owned(), in_memory.into());
    stream.model.record_cache = (!matches!(store, Store::Unknown)).then_some(record_cache);
    stream.model.in_memory = in_memory;
    stream
}

fn sessions(kind: &str, store: Store) {
    let wanted = Wanted { exact: !matches!(store, Store::Unknown), ..Wanted::ALL };
    prove(ENGINE, kind, wanted, |dice| {
        let gap = ms(dice.from(1, 20));
        with_store(dice, Window::Session { gap }, store)
    });
}

fn sliding(kind: &str, store: Store) {
    let wanted = Wanted { exact: !matches!(store, Store::Unknown), ..Wanted::ALL };
    prove(ENGINE, kind, wanted, |dice| {
        let size = ms(dice.from(1, 20));
        with_store(dice, Window::Sliding { size }, store)
    });
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    prove(ENGINE, "tumbling and hopping", Wanted::ALL, aligned);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions_cached() {
    sessions("sessions, record cache", Store::Cached);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions_uncached() {
    sessions("sessions, no record cache", Store::Uncached);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions_in_memory() {
    sessions("sessions, in memory", Store::InMemory);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions_cached_in_memory() {
    sessions("sessions, record cache, in memory", Store::CachedInMemory);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions_unknown() {
    sessions("sessions, store not stated", Store::Unknown);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sliding_cached() {
    sliding("sliding, record cache", Store::Cached);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sliding_uncached() {
    sliding("sliding, no record cache", Store::Uncached);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sliding_in_memory() {
    sliding("sliding, in memory", Store::InMemory);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sliding_cached_in_memory() {
    sliding("sliding, record cache, in memory", Store::CachedInMemory);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sliding_unknown() {
    sliding("sliding, store not stated", Store::Unknown);
}
