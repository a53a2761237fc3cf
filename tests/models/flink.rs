//! Flink: its source's watermarks, the valve before the windows, and its window operator, in the harness in which Flink tests them.

use floodmark::profile::{Engine, WatermarkModel, Window};

use super::compare::Wanted;
use super::draw::{Dice, Times, events};
use super::prove::prove;
use super::stream::{Row, Stream, in_ms, ms};

const ENGINE: &str = "flink";
/// The most partitions, and so the most source tasks that have one.
const PARTITIONS: i64 = 3;

/// Events, ticks between them, and 1 to 3 source tasks, whose number floodmark is told.
fn stream(dice: &mut Dice, window: Window, idleness_ms: Option<i64>) -> Stream {
    let (bound_ms, allowed_ms) = (dice.one_of(&[0, 0, 1, 5, 10, 25]), dice.one_of(&[0, 0, 1, 5, 10, 25]));
    let (size_ms, grid_ms) = match window {
        Window::None => (0, 0),
        Window::Tumbling { size } | Window::Sliding { size } => (in_ms(size), in_ms(size)),
        Window::Hopping { size, hop } => (in_ms(size), in_ms(hop)),
        Window::Session { gap } => (in_ms(gap), in_ms(gap)),
    };
    let tasks = dice.from(1, PARTITIONS);
    let model = WatermarkModel {
        window,
        bound: Some(ms(bound_ms)),
        allowed_lateness: Some(ms(allowed_ms)),
        idleness: idleness_ms.map(ms),
        source_tasks: Some(tasks as u32),
        ..WatermarkModel::of(Engine::Flink)
    };
    let edges_ms = [bound_ms, size_ms + bound_ms, bound_ms + allowed_ms];
    let times = Times { start_ms: dice.one_of(&[0, 5, 100, 1_000]), grid_ms, edges_ms, negative: true };
    let events = events(dice, times, PARTITIONS, 0);
    let mut stream = Stream::new(model, ticked(dice, events, idleness_ms.unwrap_or(200)));
    stream.setup.insert("source_tasks".to_owned(), tasks.into());
    stream
}

/// Ticks between the events, some of them exactly as far apart as the idleness.
fn ticked(dice: &mut Dice, events: Vec<Row>, idleness_ms: i64) -> Vec<Row> {
    let mut now_ms = dice.from(0, 1_000);
    let often = dice.one_of(&[10, 30, 60]);
    let mut rows = Vec::new();
    for event in events {
        while dice.chance(often) {
            now_ms += dice.one_of(&[1, idleness_ms / 2, idleness_ms - 1, idleness_ms, idleness_ms + 1]).max(1);
            rows.push(Row::Tick(now_ms));
        }
        rows.push(event);
    }
    rows.push(Row::Tick(now_ms + 1));
    rows
}

fn aligned(dice: &mut Dice) -> Window {
    let hop_ms = dice.from(1, 12);
    match dice.from(1, 4) {
        1 => Window::Tumbling { size: ms(hop_ms) },
        times => Window::Hopping { size: ms(hop_ms * times - dice.from(0, hop_ms - 1)), hop: ms(hop_ms) },
    }
}

fn session(dice: &mut Dice) -> Window {
    Window::Session { gap: ms(dice.from(1, 20)) }
}

fn any(dice: &mut Dice) -> Window {
    if dice.chance(70) { aligned(dice) } else { session(dice) }
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    prove(ENGINE, "tumbling and hopping", Wanted::ALL, |dice| {
        let window = aligned(dice);
        stream(dice, window, None)
    });
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions() {
    prove(ENGINE, "sessions", Wanted::ALL, |dice| {
        let window = session(dice);
        stream(dice, window, None)
    });
}

/// A watermark after each record.
#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn per_record() {
    prove(ENGINE, "per record", Wanted::ALL, |dice| {
        let window = any(dice);
        let idleness_ms = dice.chance(50).then(|| dice.from(1, 100));
        let mut stream = stream(dice, window, idleness_ms);
        stream.per_record = true;
        stream.setup.insert("per_record".to_owned(), true.into());
        stream
    });
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn idleness() {
    prove(ENGINE, "idleness", Wanted::ALL, |dice| {
        let (window, idleness_ms) = (any(dice), dice.from(1, 100));
        stream(dice, window, Some(idleness_ms))
    });
}

/// Floodmark is not told how many source tasks there are: its claims must hold for the actual number.
#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn idleness_of_unknown_tasks() {
    let wanted = Wanted { exact: false, ..Wanted::ALL };
    prove(ENGINE, "idleness of unknown tasks", wanted, |dice| {
        let (window, idleness_ms) = (any(dice), dice.from(1, 100));
        let mut stream = stream(dice, window, Some(idleness_ms));
        stream.model.source_tasks = None;
        // No more tasks than partitions.
        stream.setup.insert("source_tasks".to_owned(), dice.from(1, stream.partitions() as i64).into());
        stream
    });
}
