//! Compares many streams of a kind with an engine, and reports the result.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::compare::{Wanted, disagreements};
use super::draw::Dice;
use super::engine::Engine;
use super::minimise::minimise;
use super::stream::Stream;

/// Engines start slowly: all kinds share one.
static ENGINES: LazyLock<Mutex<HashMap<String, Engine>>> = LazyLock::new(Mutex::default);

/// The most disagreements that are reduced and printed for a kind.
const MOST_SHOWN: usize = 3;

/// Draws `FLOODMARK_MODELS_STREAMS` streams of `FLOODMARK_MODELS_SEED` and compares each.
///
/// # Panics
/// When floodmark and the engine disagree: the smallest streams that show it are printed.
pub(crate) fn prove(engine: &str, kind: &str, wanted: Wanted, draw: impl Fn(&mut Dice) -> Stream) {
    let (streams, seed) = (setting("STREAMS", 100), setting("SEED", 1));
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = engines.entry(engine.to_owned()).or_insert_with(|| Engine::start(engine));
    let (mut events, mut wrong) = (0, Vec::new());
    for number in 0..streams {
        let stream = draw(&mut Dice::of(seed, &format!("{engine} {kind}"), number));
        events += stream.rows.len();
        if !disagreements(&stream, &asked.ask(&stream.line()), wanted).is_empty() {
            wrong.push(stream);
        }
    }
    eprintln!("{engine:<14} {kind:<32} {streams:>6} streams {events:>8} rows, seed {seed}: {} disagree", wrong.len());
    let count = wrong.len();
    let shows =
        |asked: &mut Engine, stream: &Stream| !disagreements(stream, &asked.ask(&stream.line()), wanted).is_empty();
    for stream in wrong.into_iter().take(MOST_SHOWN) {
        let least = minimise(stream, |stream| shows(asked, stream), plainer);
        eprintln!("{}", picture(&least, asked, wanted));
    }
    assert!(count == 0, "{count} of {streams} streams of {engine}, {kind} disagree (seed {seed})");
}

fn setting(name: &str, otherwise: u64) -> u64 {
    let name = format!("FLOODMARK_MODELS_{name}");
    std::env::var(&name).map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`, which is not a whole number"))
    })
}

/// Settings that are removed or made smaller, one by one, and times that begin earlier.
fn plainer(stream: &Stream) -> Vec<Stream> {
    let with = |change: &dyn Fn(&mut Stream)| {
        let mut plainer = stream.clone();
        change(&mut plainer);
        plainer
    };
    vec![
        with(&|plainer| plainer.model.allowed_lateness = None),
        with(&|plainer| plainer.model.idleness = None),
        with(&|plainer| plainer.model.bound = plainer.model.bound.map(|_| super::stream::ms(0))),
    ]
}

/// A disagreement, in a form to read and to run.
fn picture(stream: &Stream, asked: &mut Engine, wanted: Wanted) -> String {
    let answer = asked.ask(&stream.line());
    let sentences = disagreements(stream, &answer, wanted);
    let mut text = format!("\n--- {}\n{}", stream.command(), stream.csv());
    text.push_str(&sentences.iter().map(|sentence| format!("  {sentence}\n")).collect::<String>());
    text.push_str(&format!("  the engine was told {}\n  and answered {answer:?}\n", stream.line()));
    text
}
