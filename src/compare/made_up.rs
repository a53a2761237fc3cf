//! Runs that nobody ran, for tests.

use super::Run;
use crate::check::Counts;
use crate::latency::Latencies;
use crate::results::summary::{HopLatencies, RunFacts, StreamSummary, Summary};

const MANIFEST: &str = r#"
schema = 1
run_id = "made-up"
state = "finished"
command = "run"
seed = 7
fingerprint = "f"
started = "2026-11-26T10:00:00Z"
profile_name = "average"
floodmark = "0.1.0"
librdkafka = "2.12.1"
[host]
hostname = "h"
kernel = "6.1"
cores = 2
[clock]
[target]
brokers = "b:9092"
cluster_id = "c"
embedded = false
[profile]
seed = 7
duration = "10s"
[[profile.stream]]
name = "orders"
rate = "1k/s"
"#;

/// A run that passed, with one stream; `number` makes it another run than the rest.
pub(super) fn run(number: usize) -> Run {
    let mut manifest: crate::results::Manifest = toml::from_str(MANIFEST).unwrap();
    manifest.run_id = format!("run-{number}");
    let facts = RunFacts { id: manifest.run_id.clone(), duration_s: 10.0, ..RunFacts::default() };
    let summary = Summary { streams: vec![stream("orders")], ..passed(&facts) };
    Run { folder: format!("results/{number}"), manifest, summary }
}

pub(super) fn stream(name: &str) -> StreamSummary {
    let hop = Latencies {
        count: 100_000,
        min: 1.0,
        mean: 5.0,
        p50: 5.0,
        p90: 6.0,
        p95: 6.5,
        p99: 7.0,
        p999: 9.0,
        max: 20.0,
        negative: 0,
    };
    let latency_ms = HopLatencies { due_to_sent: hop, sent_to_acked: hop, sent_to_consumed: hop, due_to_consumed: hop };
    let counts = Counts { planned: 10_000, sent: 10_000, acked: 10_000, delivered: 10_000, ..Counts::default() };
    StreamSummary { name: name.to_owned(), counts, latency_ms, achieved_per_s: 1000.0, ..StreamSummary::default() }
}

fn passed(run: &RunFacts) -> Summary {
    let text = r#"{"schema": 2, "verdict": "pass", "reasons": [], "streams": [], "generator": {"cpu_s": 2.0, "lateness_ms":
        {"count": 0, "min": 0, "mean": 0, "p50": 0, "p90": 0, "p99": 0, "p999": 0, "max": 0, "negative": 0}}"#;
    let counts = serde_json::to_string(&Counts::default()).unwrap();
    let facts = serde_json::to_string(run).unwrap();
    serde_json::from_str(&format!("{text}, \"totals\": {counts}, \"run\": {facts}}}")).unwrap()
}

/// This many runs, each changed by `change`, which is told its number.
pub(super) fn runs(numbers: std::ops::Range<usize>, change: impl Fn(usize, &mut Run)) -> Vec<Run> {
    let changed = |number| {
        let mut run = run(number);
        change(number, &mut run);
        run
    };
    numbers.map(changed).collect()
}

/// Multiplies all of a run's latencies.
pub(super) fn scale_latencies(run: &mut Run, factor: f64) {
    for stream in &mut run.summary.streams {
        let hops = &mut stream.latency_ms;
        for hop in
            [&mut hops.due_to_sent, &mut hops.sent_to_acked, &mut hops.sent_to_consumed, &mut hops.due_to_consumed]
        {
            for value in [&mut hop.p50, &mut hop.p90, &mut hop.p99, &mut hop.p999, &mut hop.max] {
                *value *= factor;
            }
        }
    }
}
