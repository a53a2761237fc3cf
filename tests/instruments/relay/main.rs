//! A relay between two topics that loses, duplicates, delays and reorders at seeded rates
//! and keeps its own log, for comparison with floodmark's counts:
//! `cargo run --release -p floodmark-instruments --bin relay -- BROKERS FROM TO LOG.csv [SEED]`. Prints its totals as one line of JSON
//! after 3 s without events, or on SIGTERM.
//!
//! Of all events 1 % are lost, 2 % duplicated, 4 % delayed by 100, 250 or 500 ms, and
//! 2 % held back until after the next one of their partition.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]
#![expect(clippy::unwrap_used, reason = "a lock that a panic poisoned cannot be believed any more")]

mod relaying;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relaying::{Settings, create_topics, relay};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, from, to, log, seed @ ..] = arguments.as_slice() else {
        return Err("usage: relay BROKERS FROM TO LOG.csv [SEED]".into());
    };
    let settings = Settings {
        brokers: brokers.clone(),
        from: from.clone(),
        to: to.clone(),
        partitions: 4,
        seed: seed.first().map_or(Ok(7), |seed| seed.parse())?,
        lose: 0.01,
        duplicate: 0.02,
        delay: 0.04,
        reorder: 0.02,
        copy_after_ms: 50,
        quiet: Duration::from_secs(3),
        log: log.into(),
    };
    create_topics(&settings)?;
    eprintln!("relay: ready");
    let stop = Arc::new(AtomicBool::new(false));
    listen(&stop);
    println!("{}", relay(&settings, &stop)?);
    Ok(())
}

/// SIGTERM ends the relay normally.
fn listen(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?.recv().await;
            stop.store(true, Ordering::Relaxed);
            Ok(())
        })
    });
}
