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

#[test]
#[ignore = "needs the engine: scripts/prove-models"]
fn tumbling_and_hopping() {
    prove(ENGINE, "tumbling and hopping", Wanted::ALL, aligned);
}
