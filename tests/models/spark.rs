//! Spark Structured Streaming itself, batch by batch: windows, sessions, a raw column, and both ways to remove duplicates.

use floodmark::profile::{Engine, Operator, WatermarkModel, Window};

use super::compare::Wanted;
use super::draw::{Dice, Times, events};
use super::prove::prove;
use super::stream::{Row, Stream, ms};

const ENGINE: &str = "spark";
/// The most partitions.
const PARTITIONS: i64 = 2;

/// What makes a query: the engine starts one slowly, so there are few.
#[derive(Clone, Copy)]
struct Query {
    window: Window,
    size_ms: i64,
    delay_ms: i64,
    operator: Operator,
    /// The engine's own name for it.
    called: &'static str,
    output_mode: &'static str,
}

/// Events in batches. `is_quiet`: a batch without data follows each that moved the watermark.
fn stream(dice: &mut Dice, query: Query, is_quiet: bool, allow_multiple: bool) -> Stream {
    let model = WatermarkModel {
        window: query.window,
        bound: Some(ms(query.delay_ms)),
        operator: Some(query.operator),
        allow_multiple: Some(allow_multiple),
        ..WatermarkModel::of(Engine::Spark)
    };
    let edges_ms = [query.delay_ms, query.size_ms + query.delay_ms, query.size_ms];
    // A stream with a time of 0 or before needs its own query.
    let (start_ms, negative) = if dice.chance(5) { (0, true) } else { (1_000, false) };
    let times = Times { start_ms, grid_ms: query.size_ms.max(10), edges_ms, negative };
    let mut rows = Vec::new();
    for event in events(dice, times, PARTITIONS, 0) {
        rows.push(event);
        if dice.chance(30) {
            rows.push(Row::Batch);
        }
    }
    rows.push(Row::Batch);
    let mut stream = Stream { quiet_stream: is_quiet, ..Stream::new(model, rows) };
    for (name, value) in [("operator", query.called), ("output_mode", query.output_mode)] {
        stream.setup.insert(name.to_owned(), value.into());
    }
    stream.setup.insert("quiet_stream".to_owned(), is_quiet.into());
    stream.setup.insert("allow_multiple".to_owned(), allow_multiple.into());
    stream
}

const AGGREGATION: Query = Query {
    window: Window::None,
    size_ms: 0,
    delay_ms: 0,
    operator: Operator::Aggregation,
    called: "aggregation",
    output_mode: "update",
};

fn prove_queries(kind: &str, queries: &[Query; 2]) {
    prove(ENGINE, kind, Wanted::ALL, |dice| {
        let (query, is_quiet) = (dice.one_of(queries), dice.chance(50));
        stream(dice, query, is_quiet, true)
    });
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    let tumbling = Query { window: Window::Tumbling { size: ms(10) }, size_ms: 10, delay_ms: 5, ..AGGREGATION };
    let hopping = Query {
        window: Window::Hopping { size: ms(12), hop: ms(4) },
        size_ms: 12,
        output_mode: "append",
        ..AGGREGATION
    };
    prove_queries("tumbling and hopping", &[tumbling, hopping]);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions() {
    let session = |delay_ms| Query {
        window: Window::Session { gap: ms(10) },
        size_ms: 10,
        delay_ms,
        output_mode: "append",
        ..AGGREGATION
    };
    prove_queries("sessions", &[session(0), session(7)]);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn raw_column() {
    prove_queries("raw column", &[AGGREGATION, Query { delay_ms: 10, ..AGGREGATION }]);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn duplicates() {
    let removed = Query { operator: Operator::Deduplication, output_mode: "append", ..AGGREGATION };
    let within = Query { called: "drop_duplicates_within_watermark", delay_ms: 10, ..removed };
    prove_queries("duplicates", &[Query { called: "drop_duplicates", ..removed }, within]);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn single_operator() {
    let tumbling = Query { window: Window::Tumbling { size: ms(10) }, size_ms: 10, delay_ms: 5, ..AGGREGATION };
    prove(ENGINE, "single operator", Wanted::ALL, |dice| {
        let is_quiet = dice.chance(50);
        stream(dice, tumbling, is_quiet, false)
    });
}
