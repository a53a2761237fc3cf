//! A relay between two topics that loses, duplicates, delays and reorders at seeded rates, or has a stated capacity, an outage
//! or a partition that stalls, and keeps its own log, for comparison with floodmark's figures:
//! `cargo run --release -p floodmark-instruments --bin relay -- BROKERS FROM TO LOG.csv [SEED] [capacity=EVENTS/S] [out=FROM..TO]
//! [stall=PARTITION:FROM..TO] [delay=MS] [quiet=SECONDS]`. Prints its totals as one line of JSON after 3 s (or `quiet=`) without events, or on SIGTERM.
//!
//! Of all events 1 % are lost, 2 % duplicated, 4 % delayed by 100, 250 or 500 ms, and 2 % held back until after the next one of their
//! partition; none with `capacity=` (the most events that it takes in a second), `out=` (when it takes none, in seconds since its first event), `delay=` (how long it keeps each) or
//! `stall=` (when it forwards none of a partition and keeps them for later; for several partitions, several times).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]
#![expect(clippy::unwrap_used, reason = "a lock that a panic poisoned cannot be believed any more")]

mod relaying;

use std::error::Error;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relaying::{Settings, Stall, create_topics, relay};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, from, to, log, further @ ..] = arguments.as_slice() else {
        return Err(
            "usage: relay BROKERS FROM TO LOG.csv [SEED] [capacity=EVENTS/S] [out=FROM..TO] [stall=PARTITION:FROM..TO] [delay=MS] [quiet=SECONDS]"
                .into(),
        );
    };
    let mut settings = Settings {
        brokers: brokers.clone(),
        from: from.clone(),
        to: to.clone(),
        partitions: 4,
        seed: 7,
        lose: 0.01,
        duplicate: 0.02,
        delay: 0.04,
        reorder: 0.02,
        copy_after_ms: 50,
        slow: None,
        capacity_per_s: None,
        out: None,
        stalls: Vec::new(),
        quiet: Duration::from_secs(3),
        log: log.into(),
    };
    for argument in further {
        change(&mut settings, argument)?;
    }
    create_topics(&settings)?;
    eprintln!("relay: ready");
    let stop = Arc::new(AtomicBool::new(false));
    listen(&stop);
    println!("{}", relay(&settings, &stop)?);
    Ok(())
}

/// A capacity, an outage, a delay and stalls are all that such a relay does wrong.
fn change(settings: &mut Settings, argument: &str) -> Result<(), Box<dyn Error>> {
    match argument.split_once('=') {
        None => settings.seed = argument.parse()?,
        Some(("capacity", per_s)) => settings.capacity_per_s = Some(per_s.parse()?),
        Some(("quiet", seconds)) => settings.quiet = Duration::from_secs_f64(seconds.parse()?),
        Some(("out", lasts)) => settings.out = Some(range(lasts)?),
        Some(("delay", ms)) => settings.slow = Some((None, ms.parse()?)),
        Some(("stall", stall)) => {
            let (partition, lasts) = stall.split_once(':').ok_or("stall= is PARTITION:FROM..TO")?;
            settings.stalls.push(Stall { partition: partition.parse()?, lasts: range(lasts)? });
        }
        Some((key, _)) => return Err(format!("relay: it does not know {key}=").into()),
    }
    let is_set = settings.capacity_per_s.is_some() || settings.out.is_some() || settings.slow.is_some();
    if is_set || !settings.stalls.is_empty() {
        (settings.lose, settings.duplicate, settings.delay, settings.reorder) = (0.0, 0.0, 0.0, 0.0);
    }
    Ok(())
}

/// `3..6.5`: from and to, in seconds.
fn range(text: &str) -> Result<Range<Duration>, Box<dyn Error>> {
    let (from_s, to_s) = text.split_once("..").ok_or("a range is FROM..TO, in seconds")?;
    Ok(Duration::from_secs_f64(from_s.parse()?)..Duration::from_secs_f64(to_s.parse()?))
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
