//! Beam: KafkaIO's own timestamp policy, whose watermarks the DirectRunner follows.

use floodmark::profile::{Engine, WatermarkModel, Window};

use super::compare::Wanted;
use super::draw::{Dice, Times, events};
use super::prove::prove;
use super::stream::{Row, Stream, in_ms, ms};

const ENGINE: &str = "beam";
/// The most partitions.
const PARTITIONS: i64 = 2;

/// Events, and between them times of the reader's clock at which it asks for the
/// watermark; some partitions have been read to their ends by then.
fn stream(dice: &mut Dice, window: Window) -> Stream {
    let (delay_ms, allowed_ms) = (dice.one_of(&[0, 0, 1, 5, 10, 25]), dice.one_of(&[0, 0, 1, 5, 10]));
    let (size_ms, grid_ms) = match window {
        Window::None => (0, 0),
        Window::Tumbling { size } | Window::Sliding { size } => (in_ms(size), in_ms(size)),
        Window::Hopping { size, hop } => (in_ms(size), in_ms(hop)),
        Window::Session { gap } => (in_ms(gap), in_ms(gap)),
    };
    let model = WatermarkModel {
        window,
        bound: Some(ms(delay_ms)),
        allowed_lateness: Some(ms(allowed_ms)),
        ..WatermarkModel::of(Engine::Beam)
    };
    let edges_ms = [delay_ms, size_ms + delay_ms, delay_ms + allowed_ms];
    let times = Times { start_ms: dice.one_of(&[0, 5, 100, 1_000]), grid_ms, edges_ms, negative: true };
    let events = events(dice, times, PARTITIONS, 0);
    Stream::new(model, ticked(dice, events, delay_ms))
}

/// The clock is near the events: after them, at them, or before them.
fn ticked(dice: &mut Dice, events: Vec<Row>, delay_ms: i64) -> Vec<Row> {
    let (mut now_ms, mut newest) = (0, 0);
    let often = dice.one_of(&[10, 30, 60]);
    let mut rows = Vec::new();
    for event in events {
        if let Row::Event { time_ms, .. } = event {
            newest = newest.max(time_ms);
        }
        rows.push(event);
        while dice.chance(often) {
            let near_ms = newest + dice.one_of(&[-25, -1, 0, 1, delay_ms, delay_ms + 1, delay_ms + 20]) - now_ms;
            now_ms += dice.one_of(&[0, 1, near_ms.max(1)]);
            rows.extend((0..PARTITIONS as u32).filter(|_| dice.chance(40)).map(Row::Idle));
            rows.push(Row::Tick(now_ms));
        }
    }
    rows.push(Row::Tick(now_ms + 1));
    rows
}

fn aligned(dice: &mut Dice) -> Stream {
    let hop_ms = dice.from(1, 12);
    let window = match dice.from(1, 4) {
        1 => Window::Tumbling { size: ms(hop_ms) },
        times => Window::Hopping { size: ms(hop_ms * times), hop: ms(hop_ms) },
    };
    stream(dice, window)
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    prove(ENGINE, "tumbling and hopping", Wanted::ALL, aligned);
}

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn sessions() {
    prove(ENGINE, "sessions", Wanted::ALL, |dice| {
        let gap = ms(dice.from(1, 12));
        stream(dice, Window::Session { gap })
    });
}
