//! Flink SQL: its window functions on a small cluster. Ticks come from Flink's source as in the other harness; a watermark after each record from the table's own
//! `WATERMARK FOR`. It counts late rows after it has summed some of them up (`table.optimizer.agg-phase-strategy`), or one by one.

use floodmark::profile::{Engine, WatermarkModel, Window};

use super::compare::Wanted;
use super::draw::{Dice, Times, events};
use super::prove::prove;
use super::stream::{Row, Stream, ms};

const ENGINE: &str = "flink-sql";

fn stream(dice: &mut Dice, window: Window, grid_ms: i64, partitions: i64) -> Stream {
    let bound_ms = dice.one_of(&[0, 0, 1, 5, 10, 25]);
    let model = WatermarkModel { window, bound: Some(ms(bound_ms)), ..WatermarkModel::of(Engine::FlinkSql) };
    let edges_ms = [bound_ms, grid_ms + bound_ms, grid_ms * 2 + bound_ms];
    // The table's times are after 1970.
    let times = Times { start_ms: dice.one_of(&[1_000, 5_000]), grid_ms, edges_ms, negative: false };
    let rows = events(dice, times, partitions, 0);
    let mut stream = Stream::new(model, rows);
    stream.setup.insert("sql".to_owned(), true.into());
    stream.setup.insert("phases".to_owned(), dice.one_of(&["AUTO", "ONE_PHASE"]).into());
    stream
}

fn with_ticks(dice: &mut Dice, mut stream: Stream) -> Stream {
    let often = dice.one_of(&[10, 30, 60]);
    let mut now_ms = 0;
    let mut rows = Vec::new();
    for event in std::mem::take(&mut stream.rows) {
        if dice.chance(often) {
            now_ms += 200;
            rows.push(Row::Tick(now_ms));
        }
        rows.push(event);
    }
    rows.push(Row::Tick(now_ms + 200));
    stream.rows = rows;
    stream
}

fn aligned(dice: &mut Dice) -> (Window, i64) {
    let hop_ms = dice.from(1, 12);
    match dice.from(1, 4) {
        1 => (Window::Tumbling { size: ms(hop_ms) }, hop_ms),
        times => (Window::Hopping { size: ms(hop_ms * times), hop: ms(hop_ms) }, hop_ms),
    }
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    prove(ENGINE, "tumbling and hopping", Wanted::ALL, |dice| {
        let (window, grid_ms) = aligned(dice);
        let stream = stream(dice, window, grid_ms, 3);
        with_ticks(dice, stream)
    });
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions() {
    prove(ENGINE, "sessions", Wanted::ALL, |dice| {
        let gap_ms = dice.from(1, 20);
        let stream = stream(dice, Window::Session { gap: ms(gap_ms) }, gap_ms, 3);
        with_ticks(dice, stream)
    });
}

/// The watermark that the table declares, emitted after each record.
#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn per_record() {
    prove(ENGINE, "per record", Wanted::ALL, |dice| {
        let (window, grid_ms) = aligned(dice);
        let mut stream = stream(dice, window, grid_ms, 1);
        stream.per_record = true;
        stream.setup.insert("per_record".to_owned(), true.into());
        stream
    });
}
