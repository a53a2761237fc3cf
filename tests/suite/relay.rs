//! Tests the detector: a relay that loses, duplicates, delays and reorders, compared with floodmark's figures for the topic after it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use floodmark::incidents::{Incident, IncidentKind};
use floodmark::latency::Hop;
use floodmark::results::{LogKey, RunFolder};
use serde_json::Value;

use crate::cluster::{Cluster, fresh_topic};
use crate::relaying::{DELAYS_MS, QUANTILES, Settings, Stall, create_topics, relay};

const EVENTS: u64 = 20_000;
/// Three digits are kept: a figure is within 0.1 % of the measurement.
const RESOLUTION: f64 = 0.001;

/// A row of the relay's log.
#[derive(serde::Deserialize)]
struct Taken {
    action: String,
    due_us: i64,
    received_us: i64,
    forwarded_us: Option<i64>,
}

/// A topic that was just created and a client that just connected may hold up the first events, in seconds.
const SETTLED_S: f64 = 2.0;

/// One relay at a time: each sends every event by itself, and two of them beside a real Kafka keep a small machine from everything else.
static ALONE: Mutex<()> = Mutex::new(());

/// A run through a relay, and the figures of both.
struct Through {
    relay: Value,
    summary: Value,
    run: PathBuf,
    folder: tempfile::TempDir,
}

impl Through {
    fn run(change: impl FnOnce(&mut Settings)) -> Self {
        Through::run_of("4s", "rate = \"5k/s\"", change)
    }

    /// A run of such a length and such traffic.
    fn run_of(duration: &str, traffic: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = Cluster::for_a_test();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            brokers: cluster.brokers.clone(),
            from: fresh_topic("relay-in"),
            to: fresh_topic("relay-out"),
            partitions: 4,
            seed: 7,
            lose: 0.0,
            duplicate: 0.0,
            delay: 0.0,
            reorder: 0.0,
            copy_after_ms: 50,
            slow: None,
            capacity_per_s: None,
            out: None,
            stalls: Vec::new(),
            // The end of the run ends the relay; this is for a run that never ends.
            quiet: Duration::from_secs(60),
            log: folder.path().join("relay.csv"),
        };
        change(&mut settings);
        create_topics(&settings).unwrap();
        let (profile, run) = (folder.path().join("relay.toml"), folder.path().join("run"));
        std::fs::write(&profile, profile_through(&settings, duration, traffic)).unwrap();
        let stop = AtomicBool::new(false);
        let relay = std::thread::scope(|scope| {
            let relaying = scope.spawn(|| relay(&settings, &stop).map_err(|error| error.to_string()));
            floodmark(&settings.brokers, &profile, &run);
            stop.store(true, Ordering::Relaxed);
            relaying.join().unwrap().unwrap()
        });
        let summary = serde_json::from_slice(&std::fs::read(run.join("summary.json")).unwrap()).unwrap();
        Through { relay, summary, run, folder }
    }

    fn relayed(&self, key: &str) -> u64 {
        self.relay[key].as_u64().unwrap()
    }

    fn counted(&self, stage: usize, key: &str) -> u64 {
        self.summary["streams"][0]["stages"][stage]["counts"][key].as_u64().unwrap()
    }

    /// What happened, by the summary.
    fn incidents(&self) -> Vec<Incident> {
        serde_json::from_value(self.summary["events"].clone()).unwrap()
    }

    /// When the relay took events that had waited for more than 100 ms, by its own log: from the first to the last, in seconds of the run.
    /// Not before [`SETTLED_S`].
    fn relay_was_behind_s(&self) -> (f64, f64) {
        let waited = self.log().into_iter().filter(|row| row.received_us - row.due_us > 100_000);
        let taken_s = waited.map(|row| self.run_s(row.received_us)).filter(|at_s| *at_s >= SETTLED_S);
        taken_s.fold((f64::INFINITY, 0.0), |(first, last), at_s| (at_s.min(first), at_s.max(last)))
    }

    /// When the relay kept the first event of a stall, and when it forwarded the first, in seconds of the run.
    fn relay_stalled_s(&self) -> (f64, f64) {
        let kept = || self.log().into_iter().filter(|row| row.action == "stall");
        let first = |us: Option<i64>| self.run_s(us.unwrap());
        (first(kept().map(|row| row.received_us).min()), first(kept().filter_map(|row| row.forwarded_us).min()))
    }

    fn log(&self) -> Vec<Taken> {
        let mut log = csv::Reader::from_path(self.folder.path().join("relay.csv")).unwrap();
        log.deserialize().map(|row| row.unwrap()).collect()
    }

    /// A moment by the wall clock, in seconds from the start of the run.
    fn run_s(&self, us: i64) -> f64 {
        let started: jiff::Timestamp = self.summary["run"]["started"].as_str().unwrap().parse().unwrap();
        (us - started.as_microsecond()) as f64 / 1e6
    }

    /// From due to seen at a stage, in milliseconds.
    fn seen_ms(&self, stage: &str, quantile: f64) -> f64 {
        let key = LogKey { stream: "s".to_owned(), stage: Some(stage.to_owned()), hop: Hop::DueToConsumed };
        RunFolder::open(&self.run).unwrap().latencies(&key).unwrap().quantile_ms(quantile)
    }

    fn relayed_ms(&self, what: &str, quantile: f64) -> f64 {
        self.relay["ms"][what][quantile.to_string()].as_f64().unwrap()
    }
}

fn floodmark(brokers: &str, profile: &Path, run: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_floodmark"))
        .args(["run", "--brokers", brokers, "--out"])
        .args([run, profile])
        .output()
        .unwrap();
    assert!(run.join("summary.json").exists(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn profile_through(settings: &Settings, duration: &str, traffic: &str) -> String {
    let Settings { from, to, .. } = settings;
    format!(
        "duration = \"{duration}\"\n[[stream]]\nname = \"s\"\ntopic = \"{from}\"\n{traffic}\nkeys = {{ count = 1000 }}\npayload = {{ filler = \"100B\" }}\n\
         [[stream.stage]]\nname = \"input\"\ntopic = \"{from}\"\n[[stream.stage]]\nname = \"output\"\ntopic = \"{to}\"\nquiet = \"3s\"\n"
    )
}

fn assert_counts_are_the_relays(through: &Through) {
    let Through { relay, summary, .. } = through;
    let compared = [
        ("delivered", "delivered"),
        ("lost", "lost"),
        ("duplicates_accidental", "duplicates"),
        ("reordered_accidental", "reordered"),
    ];
    for (ours, theirs) in compared {
        assert_eq!(through.counted(1, ours), through.relayed(theirs), "{ours}\n{relay}\n{summary}");
    }
    assert_eq!((through.relayed("taken"), through.relayed("write_errors")), (EVENTS, 0), "{relay}");
}

#[test]
fn what_a_relay_does_wrong_is_found_to_the_last_event() {
    let through = Through::run(|relay| {
        (relay.lose, relay.duplicate, relay.delay, relay.reorder) = (0.01, 0.02, 0.04, 0.02);
    });
    assert_counts_are_the_relays(&through);
    for wrong in ["lost", "duplicates", "reordered"] {
        assert!(through.relayed(wrong) > 0, "the relay did nothing wrong: {}", through.relay);
    }
    // The input topic has figures of its own, which the relay's faults do not touch.
    let input = ["delivered", "lost", "in_flight", "duplicates_accidental"].map(|key| through.counted(0, key));
    assert_eq!(input, [EVENTS, 0, 0, 0], "{}", through.summary);
    assert_eq!(through.summary["verdict"], "fail");
    assert_latencies_are_the_relays(&through);
}

/// No event is seen before it was forwarded, and the second topic is no slower than the slowest of the first.
fn assert_latencies_are_the_relays(through: &Through) {
    let slack_ms = through.seen_ms("input", 1.0);
    for quantile in QUANTILES {
        let seen_ms = through.seen_ms("output", quantile);
        let forwarded_ms = through.relayed_ms("due_to_forwarded", quantile);
        let shown = format!("at {quantile}: seen {seen_ms}, forwarded {forwarded_ms}, slack {slack_ms}");
        assert!(seen_ms >= forwarded_ms * (1.0 - RESOLUTION), "{shown}");
        assert!(seen_ms <= forwarded_ms * (1.0 + RESOLUTION) + slack_ms, "{shown}");
    }
    // 4 % are delayed, a third of them by each delay; these quantiles are in the middle of each third.
    for (delay_ms, quantile) in DELAYS_MS.into_iter().zip([0.967, 0.98, 0.993]) {
        let added_ms = through.seen_ms("output", quantile) - through.seen_ms("input", 0.5);
        assert!(added_ms >= delay_ms as f64 * 0.99, "{delay_ms} ms at {quantile}: {added_ms}");
    }
}

#[test]
fn copies_that_come_after_every_event_was_seen_are_counted() {
    let through = Through::run(|relay| (relay.duplicate, relay.copy_after_ms) = (1.0, 1000));
    assert_counts_are_the_relays(&through);
    assert_eq!(through.counted(1, "duplicates_accidental"), EVENTS);
}

#[test]
fn a_relay_that_does_nothing_wrong_passes() {
    let through = Through::run(|_| {});
    assert_counts_are_the_relays(&through);
    assert_eq!(through.counted(1, "delivered"), EVENTS);
    assert_eq!(through.counted(1, "reordered_accidental"), 0);
}

#[test]
fn a_slow_partition_of_a_relay_is_the_second_hump() {
    let through = Through::run(|relay| relay.slow = Some((Some(2), 1500)));
    let run = through.run.to_str().unwrap();
    let shown = Command::new(env!("CARGO_BIN_EXE_floodmark")).args(["show", run, "--all"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let page = std::fs::read_to_string(through.run.join("report.html")).unwrap();
    let said = "Partition 2 is the second hump (100 % of its events, ";
    // The table breaks lines.
    let one_line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains(said) && one_line.contains("; so is input partition 2 ("), "{shown}");
    assert!(page.contains(said), "{shown}");
    let slowest = shown.lines().skip_while(|line| !line.contains("slowest partition")).nth(1);
    let grouped = |stage: usize| through.summary["streams"][0]["stages"][stage]["end_to_end_by"].clone();
    let partitions = grouped(1)["dimensions"][0]["groups"].as_array().unwrap().clone();
    let events: u64 = partitions.iter().map(|group| group["count"].as_u64().unwrap()).sum();
    assert_eq!((partitions.len(), events), (4, EVENTS), "{shown}");
    assert!(partitions[2]["p50_ms"].as_f64().unwrap() > 1400.0 && slowest.is_some(), "{shown}");
    let valley_ms = grouped(0)["valley_ms"].as_f64();
    assert!(valley_ms.is_none_or(|valley_ms| valley_ms < 1000.0), "the input is not slow: {}", grouped(0));
}

fn of_kind(incidents: &[Incident], kind: IncidentKind) -> Vec<&Incident> {
    incidents.iter().filter(|incident| incident.kind == kind).collect()
}

/// Within a second on a quiet machine; a busy one may hold up the relay, the observer or both for another.
fn assert_near(found_s: Option<u64>, truth_s: f64, shown: &str) {
    assert!(found_s.is_some_and(|found_s| (found_s as f64 - truth_s).abs() <= 2.0), "{found_s:?} {truth_s}: {shown}");
}

#[test]
fn a_relay_that_is_too_weak_for_a_burst_is_saturated_and_recovers() {
    let burst = "rate = \"400/s\"\nphases = [{ for = \"4s\" }, { for = \"4s\", rate = \"3x\" }, { for = \"10s\" }]\nslo = { end_to_end_p99 = \"200ms\" }";
    let through = Through::run_of("18s", burst, |relay| relay.capacity_per_s = Some(700.0));
    let mut incidents = through.incidents();
    incidents.retain(|incident| incident.from_s as f64 >= SETTLED_S);
    let shown = format!("{incidents:?}");
    assert!(incidents.iter().all(|incident| incident.stage.as_deref() == Some("output")), "{shown}");
    let (behind_s, caught_up_s) = through.relay_was_behind_s();

    let saturation = of_kind(&incidents, IncidentKind::Saturation);
    assert_eq!(saturation.len(), 1, "{shown}");
    assert_near(Some(saturation[0].from_s), behind_s, &shown);
    assert_near(saturation[0].to_s, 8.0, &shown);
    assert!((saturation[0].figure / 700.0 - 1.0).abs() < 0.05, "{shown}");
    let backlog = of_kind(&incidents, IncidentKind::Backlog);
    // 4 s of 1,200/s into 700/s.
    assert!(backlog.len() == 1 && (backlog[0].figure / 2000.0 - 1.0).abs() < 0.1, "{shown}");
    let recovered = of_kind(&incidents, IncidentKind::Recovered);
    assert_eq!(recovered.len(), 1, "{shown}");
    assert_near(recovered[0].to_s, caught_up_s, &shown);
    let broken = of_kind(&incidents, IncidentKind::LimitBroken);
    assert_eq!(broken.len(), 1, "{shown}");
    assert_near(Some(broken[0].from_s), behind_s, &shown);
    assert_near(broken[0].to_s, caught_up_s, &shown);
}

#[test]
fn a_relay_that_stands_still_is_an_outage_of_its_stage_only() {
    let out = Duration::from_secs(3)..Duration::from_millis(6500);
    let through = Through::run_of("14s", "rate = \"500/s\"", |relay| relay.out = Some(out));
    let incidents = through.incidents();
    let shown = format!("{incidents:?}");
    assert!(incidents.iter().all(|incident| incident.stage.as_deref() == Some("output")), "{shown}");
    let outage = of_kind(&incidents, IncidentKind::NoDeliveries);
    assert_eq!(outage.len(), 1, "{shown}");
    assert_near(Some(outage[0].from_s), 3.0, &shown);
    assert_near(outage[0].to_s, 6.5, &shown);
    assert_eq!(of_kind(&incidents, IncidentKind::Saturation).len(), 0, "{shown}");
    assert_eq!(of_kind(&incidents, IncidentKind::Recovered).len(), 1, "{shown}");
}

/// A run of 18 s through a relay in which these partitions stand still for so long.
fn run_with_stalls(seed: u64, partitions: &[i32], lasts_s: std::ops::Range<u64>) -> Through {
    let lasts = Duration::from_secs(lasts_s.start)..Duration::from_secs(lasts_s.end);
    Through::run_of("18s", "rate = \"100/s\"", |relay| {
        let stall = |partition: &i32| Stall { partition: *partition, lasts: lasts.clone() };
        (relay.seed, relay.stalls) = (seed, partitions.iter().map(stall).collect());
    })
}

/// It names these partitions once, at the output and nowhere else.
fn assert_stall_is(through: &Through, partitions: &[u16]) {
    let incidents = through.incidents();
    let shown = format!("{incidents:?}");
    let stalled = of_kind(&incidents, IncidentKind::PartitionStalled);
    assert_eq!(stalled.len(), 1, "{shown}");
    assert_eq!(
        (stalled[0].partitions.as_slice(), stalled[0].stage.as_deref()),
        (partitions, Some("output")),
        "{shown}"
    );
    let (from_s, to_s) = through.relay_stalled_s();
    assert_near(Some(stalled[0].from_s), from_s, &shown);
    match stalled[0].to_s {
        Some(_) => assert_near(stalled[0].to_s, to_s, &shown),
        None => assert!(to_s > 18.0, "{to_s}: {shown}"),
    }
}

#[test]
fn partitions_that_a_relay_holds_up_are_named_and_no_others() {
    assert_stall_is(&run_with_stalls(1, &[2], 11..16), &[2]);
    assert_stall_is(&run_with_stalls(2, &[0, 3], 11..16), &[0, 3]);
    let for_ever = run_with_stalls(3, &[1], 12..600);
    assert_stall_is(&for_ever, &[1]);
    assert_eq!(of_kind(&for_ever.incidents(), IncidentKind::PartitionStalled)[0].to_s, None);
    let shown = format!("{:?}", run_with_stalls(4, &[], 0..0).incidents());
    assert!(!shown.contains("PartitionStalled"), "{shown}");
}
