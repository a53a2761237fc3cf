//! How much memory the ledger takes for a billion events, of which 0.1 % are missing at random and 1 % come twice:
//! `cargo run --release -p floodmark-instruments --bin ledger_memory [EVENTS]`. Prints one line; reads the peak from /proc (Linux).
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::Instant;

use floodmark::check::sequences::SequenceSet;
use rand::{RngExt, SeedableRng};

/// Partitions that are read in turn, this many events at once.
const PARTITIONS: u64 = 4;
const RUN: u64 = 5_000;

fn main() {
    let events: u64 = std::env::args().nth(1).and_then(|events| events.parse().ok()).unwrap_or(1_000_000_000);
    let before_kib = peak_kib();
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(7);
    let mut set = SequenceSet::default();
    let start = Instant::now();
    let span = RUN * PARTITIONS;
    for round in 0..events / span {
        for place in 0..span {
            let sequence = round * span + place % RUN * PARTITIONS + place / RUN;
            let fate: u32 = random.random_range(0..1000);
            if fate == 0 {
                continue;
            }
            set.observe(sequence);
            if fate <= 10 {
                set.observe(sequence);
            }
        }
    }
    let observations = set.observations();
    let seconds = start.elapsed().as_secs_f64();
    let finished = set.finish();
    println!(
        "{observations} observations of {} events, {} of {events} missing: {:.1} M/s, {:.1} MiB at peak",
        finished.distinct(),
        events / span * span - finished.distinct(),
        observations as f64 / seconds / 1e6,
        (peak_kib() - before_kib) as f64 / 1024.0
    );
}

/// The peak resident memory of this process, in KiB; 0 if the system does not report it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
