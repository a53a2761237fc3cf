//! `floodmark capture` on a cluster: what it counts, what it samples, and what it reports about both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use floodmark::curve::Curve;
use floodmark::profile::Profile;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Ended, Running, Workshop};

/// An hour ago, on a whole minute: no broker refuses or deletes records of then.
pub(crate) fn an_hour_ago_ms() -> i64 {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    (now_ms / 60_000 - 60) * 60_000
}

pub(crate) fn moment(ms: i64) -> String {
    floodmark::curve::moment_text(ms)
}

/// Waits for the next second: what was written so far is in buckets that are over.
fn until_the_next_second() {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let before = second();
    while second() == before {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// A complete capture, in JSON, with the file of its curve.
fn captured(cluster: &Cluster, workshop: &Workshop, topic: &str, more: &[&str]) -> (Value, Curve, PathBuf) {
    let (file, ended) = capture(cluster, workshop, topic, more);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let curve = Curve::read(&fs::read(&file).unwrap()).unwrap();
    (serde_json::from_str(&ended.stdout).unwrap(), curve, file)
}

fn capture(cluster: &Cluster, workshop: &Workshop, topic: &str, more: &[&str]) -> (PathBuf, Ended) {
    let file = workshop.fresh("curve").with_extension("csv");
    let arguments = ["capture", "-b", &cluster.brokers, "--topic", topic, "--json", "--out", file.to_str().unwrap()];
    let ended = workshop.call(&[&arguments, more].concat());
    (file, ended)
}

fn findings(report: &Value) -> String {
    let findings = report["error_bar"]["findings"].as_array().unwrap();
    findings.iter().map(|finding| format!("{}\n", finding.as_str().unwrap())).collect()
}

#[test]
fn each_bucket_counts_the_records_of_its_time_in_every_partition() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("capture");
    cluster.create(&topic, 3);
    let begin_ms = an_hour_ago_ms();
    // Second n has n % 7 records in partition 0, 3 in partition 1 while n is even, and partition 2 is empty.
    let second = |n: i64, many: i64| (0..many).map(move |i| begin_ms + n * 1000 + i * 100);
    cluster.write_at(&topic, 0, &(0..60).flat_map(|n| second(n, n % 7)).collect::<Vec<_>>());
    cluster.write_at(&topic, 1, &(0..60).step_by(2).flat_map(|n| second(n, 3)).collect::<Vec<_>>());
    let (from, to) = (moment(begin_ms), moment(begin_ms + 50_000));
    let (report, curve, file) = captured(
        &cluster,
        &workshop,
        &topic,
        &["--from", &from, "--to", &to, "--step", "1s", "--max-requests-per-s", "2000"],
    );
    let expected: Vec<f64> = (0..50).map(|n| f64::from(n % 7 + if n % 2 == 0 { 3 } else { 0 })).collect();
    assert_eq!((curve.start_unix_ms(), curve.step_ms(), curve.counts()), (Some(begin_ms), 1000, expected.as_slice()));
    let in_0: i64 = (0..50).map(|n| n % 7).sum();
    assert_eq!(report["records_per_partition"], serde_json::json!([in_0, 75, 0]));
    assert_eq!(report["requests"], 51);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("# source: topic {topic} (3 partitions)")), "{text}");
    assert!(text.contains("# error bar: ") && text.contains("# CreateTime"), "{text}");
}

#[test]
fn the_profile_beside_it_replays_the_curve_with_what_was_sampled() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("sampled");
    let profile = workshop.profile(&format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\npartitions = 3\nrate = \"5k/s\"\n\
         keys = {{ distribution = \"zipf\", count = 500, exponent = 0.9 }}\n\
         payload = {{ sizes = \"log-normal\", size = \"400B\", sigma = 0.4, min = \"192B\", max = \"4KiB\" }}\n\
         lateness = {{ share = 0.2, distribution = \"log-normal\", median = \"60s\", sigma = 0.5 }}\n"
    ));
    workshop.run(&profile, &cluster.brokers, &[]).sound();
    until_the_next_second();
    let more = [
        "--from",
        "5m ago",
        "--step",
        "100ms",
        "--sample",
        "6000",
        "--event-time",
        "/event_time",
        "--max-requests-per-s",
        "5000",
    ];
    let (report, curve, file) = captured(&cluster, &workshop, &topic, &more);
    assert!((curve.total() - 10_000.0).abs() < 0.5, "{}", curve.total());
    let sample = &report["sample"];
    assert_eq!(
        (&sample["json"], &sample["tombstones"], &sample["gaps"]["missing"]),
        (&true.into(), &0.into(), &0.into())
    );
    let close = |found: &Value, truth: f64, share: f64| {
        let found = found.as_f64().unwrap_or(f64::NAN);
        assert!((found / truth - 1.0).abs() < share, "{found} against {truth}: {sample:#}");
    };
    close(&sample["records"], 6000.0, 0.05);
    close(&sample["keys"]["law"]["exponent"], 0.9, 0.08);
    close(&sample["keys"]["law"]["count"], 500.0, 0.1);
    close(&sample["sizes"]["law"]["median_bytes"], 400.0, 0.05);
    close(&sample["sizes"]["law"]["sigma"], 0.4, 0.1);
    close(&sample["lateness"]["late_share"], 0.2, 0.15);
    close(&sample["lateness"]["late"]["median_ms"], 60_000.0, 0.1);
    let text = fs::read_to_string(file.with_extension("toml")).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(text.contains(&format!("curve = {{ file = \"{name}\"")), "{text}");
    // The same profile, with a rate instead of the curve.
    let lines = text.lines().map(|line| if line.starts_with("curve") { "rate = \"1/s\"" } else { line });
    let with_rate = format!("duration = \"1s\"\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    let stream = Profile::from_text(&with_rate, "captured.toml").unwrap().profile.streams.remove(0);
    assert_eq!(stream.partitions, Some(3));
    assert!(stream.lateness.is_some() && stream.keys.exponent.is_some() && stream.topic_name() != topic, "{text}");
}

#[test]
fn transaction_markers_are_found_and_make_the_error_bar() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("markers");
    let profile = workshop.profile(&format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\npartitions = 2\nrate = \"1k/s\"\nproducers = 2\n\
         delivery = \"exactly-once\"\ntransaction = \"50ms\"\n"
    ));
    workshop.run(&profile, &cluster.brokers, &[]).sound();
    until_the_next_second();
    let (report, curve, _) =
        captured(&cluster, &workshop, &topic, &["--from", "5m ago", "--step", "1s", "--sample", "1500"]);
    let events = 2000.0;
    let truth = 1.0 - events / curve.total();
    let gaps = &report["sample"]["gaps"];
    let seen = gaps["missing"].as_f64().unwrap() / gaps["offsets"].as_f64().unwrap();
    assert!(truth > 0.01, "there are markers: {}", curve.total());
    let bar = report["error_bar"]["too_high_share"].as_f64().unwrap();
    assert!(bar >= truth * 0.9 && (seen - truth).abs() < 0.03, "{seen} {truth} {bar}");
    assert!(findings(&report).contains("transaction markers"), "{}", findings(&report));
}

#[test]
fn records_that_came_late_are_found_by_their_stamps() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("late");
    cluster.create(&topic, 1);
    let begin_ms = an_hour_ago_ms();
    // Every tenth record came 20 s after its timestamp.
    let stamps: Vec<i64> = (0..600).map(|n| begin_ms + n * 100 - if n % 10 == 5 { 20_000 } else { 0 }).collect();
    cluster.write_at(&topic, 0, &stamps);
    let (from, to) = (moment(begin_ms), moment(begin_ms + 60_000));
    let range = ["--from", &from, "--to", &to, "--step", "10s"];
    let (report, curve, _) = captured(&cluster, &workshop, &topic, &[&range[..], &["--sample", "600"]].concat());
    assert_eq!(curve.counts(), [100.0; 6]);
    let displaced = &report["sample"]["displaced"];
    assert_eq!((&displaced["later"], &displaced["earlier"]), (&60.into(), &0.into()), "{displaced}");
    assert!(report["error_bar"]["moved_share"].as_f64().unwrap() > 0.1);
    assert!(report["error_bar"]["moved_by_ms"].as_i64().unwrap() >= 10_000);
    let (report, _, _) = captured(&cluster, &workshop, &topic, &range);
    assert!(report["error_bar"]["moved_share"].is_null() && findings(&report).contains("only --sample can tell"));
}

#[test]
fn what_the_topic_no_longer_holds_is_left_out_and_said() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("retention");
    cluster.create(&topic, 2);
    let begin_ms = an_hour_ago_ms();
    let stamps: Vec<i64> = (0..100).map(|n| begin_ms + n * 100).collect();
    cluster.write_at(&topic, 0, &stamps);
    cluster.write_at(&topic, 1, &stamps);
    cluster.delete_before(&topic, 0, 34);
    let (from, to) = (moment(begin_ms), moment(begin_ms + 10_000));
    let range = ["--from", &from, "--to", &to, "--step", "1s"];
    let (report, curve, _) = captured(&cluster, &workshop, &topic, &range);
    assert_eq!((&report["left_out"], curve.counts()), (&4.into(), &[20.0; 6][..]));
    assert!(findings(&report).contains("4 buckets are left out"), "{}", findings(&report));
    cluster.delete_before(&topic, 0, 95);
    let (_, ended) = capture(&cluster, &workshop, &topic, &range);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains(&topic) && told.contains("still has all of its records"), "{told}");
}

/// The report's figures for the sum: offsets before the range, counted and after it, and the error bar's minimum and maximum.
fn sums(report: &Value) -> ([u64; 3], [Option<f64>; 2]) {
    let offsets = ["before", "counted", "after"].map(|name| report["offsets"][name].as_u64().unwrap());
    (offsets, ["records_min", "records_max"].map(|name| report["error_bar"][name].as_f64()))
}

#[test]
fn a_record_with_a_stamp_ahead_hides_nothing() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("ahead");
    cluster.create(&topic, 2);
    let begin_ms = an_hour_ago_ms();
    let mut stamps: Vec<i64> = (0..600).map(|n| begin_ms + n * 1000).collect();
    cluster.write_at(&topic, 1, &stamps);
    // The 60th record of partition 0 has a timestamp an hour and a half ahead of the others.
    stamps[60] += 5_400_000;
    cluster.write_at(&topic, 0, &stamps);
    for (to_ms, step) in [(begin_ms + 600_000, "1m"), (begin_ms + 300_000, "10s"), (begin_ms + 90_000, "1s")] {
        let range = ["--from", &moment(begin_ms), "--to", &moment(to_ms), "--step", step];
        let (report, curve, _) = captured(&cluster, &workshop, &topic, &range);
        let seconds = ((to_ms - begin_ms) / 1000) as u64;
        let in_a_bucket = 2.0 * seconds as f64 / curve.counts().len() as f64;
        let (ahead, others): (Vec<f64>, Vec<f64>) = curve.counts().iter().partition(|count| **count < in_a_bucket);
        assert_eq!(ahead, [in_a_bucket - 1.0], "the bucket without the record ahead: {:?}", curve.counts());
        assert!(others.iter().all(|count| (*count - in_a_bucket).abs() < 1e-9), "{:?}", curve.counts());
        let (offsets, [_, most]) = sums(&report);
        assert_eq!((offsets, most), ([0, 2 * seconds - 1, 1201 - 2 * seconds], Some((2 * seconds) as f64)));
        assert!(findings(&report).contains("records in 1 partition are hidden"), "{}", findings(&report));
    }
}

#[test]
fn the_markers_of_a_backfill_hide_nothing() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("backfill");
    cluster.create(&topic, 1);
    let begin_ms = an_hour_ago_ms();
    let stamps: Vec<i64> = (0..6000).map(|n| begin_ms + n * 100).collect();
    // A marker has the time of its commit: an hour after the records.
    cluster.write_in_transactions(&topic, &stamps, 100, |_| false);
    let (from, to) = (moment(begin_ms), moment(begin_ms + 600_000));
    let range = ["--from", &from, "--to", &to, "--step", "10s", "--sample", "500"];
    let (report, curve, _) = captured(&cluster, &workshop, &topic, &range);
    assert_eq!(curve.counts(), [100.0; 60]);
    let (_, [least, most]) = sums(&report);
    assert!(least.is_some_and(|least| least <= 6000.0) && most.is_some_and(|most| most >= 6000.0), "{report:#}");
    assert!(report["sample"]["displaced"]["records"] == 0, "what counts by its own timestamp is in no other's bucket");
}

#[test]
fn records_of_aborted_transactions_are_told_from_the_others() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("aborted");
    cluster.create(&topic, 1);
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    // 20 transactions of 100 records, every fourth aborted.
    cluster.write_in_transactions(&topic, &vec![now_ms; 2000], 100, |number| number % 4 == 3);
    until_the_next_second();
    let range = ["--from", "5m ago", "--step", "1s", "--sample", "100000"];
    let (report, curve, _) = captured(&cluster, &workshop, &topic, &range);
    // 2000 records and 20 markers; the last marker may be read around, with the records after it.
    let gaps = &report["sample"]["gaps"];
    assert_eq!((&gaps["aborted"], &gaps["undecided"]), (&500.into(), &0.into()), "{gaps}");
    assert!(gaps["missing"].as_u64().is_some_and(|missing| missing == 20), "all markers, the last one, too: {gaps}");
    let (_, [least, most]) = sums(&report);
    assert!(least.is_some_and(|least| least <= 1500.0), "{report:#}");
    assert!(curve.total() >= 2000.0 && most.is_some_and(|most| most >= 1500.0));
    assert!(findings(&report).contains("500 (24.8 %) are records of aborted transactions"), "{}", findings(&report));
}

#[test]
fn a_compacted_topic_is_said_to_be_one() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("compacted");
    cluster.create_with(&topic, 1, "cleanup.policy", "compact");
    let begin_ms = an_hour_ago_ms();
    cluster.write_at(&topic, 0, &(0..600).map(|n| begin_ms + n * 100).collect::<Vec<_>>());
    let (from, to) = (moment(begin_ms + 30_000), moment(begin_ms + 60_000));
    let range = ["--from", &from, "--to", &to, "--step", "10s"];
    for sample in [&[][..], &["--sample", "300"]] {
        let (report, curve, _) = captured(&cluster, &workshop, &topic, &[&range[..], sample].concat());
        assert!((curve.total() - 300.0).abs() < 1e-9, "{}", curve.total());
        // It is unknown what was compacted away before the first remaining record.
        assert_eq!(sums(&report).1[1], Some(600.0));
        let first = report["error_bar"]["findings"][0].as_str().unwrap();
        assert!(first.contains("the topic is compacted") && first.contains("up to 600"), "{first}");
    }
    let nothing = ["--from", &moment(begin_ms - 60_000), "--to", &moment(begin_ms - 30_000), "--step", "10s"];
    let (_, ended) = capture(&cluster, &workshop, &topic, &nothing);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains("it is compacted, and no record"), "{told}");
}

#[test]
fn records_without_a_timestamp_are_said() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, mixed) = (cluster.topic("unstamped"), cluster.topic("partly"));
    cluster.create(&topic, 1);
    cluster.create(&mixed, 1);
    cluster.write_at(&topic, 0, &[-1; 50]);
    let (_, ended) = capture(&cluster, &workshop, &topic, &["--from", "1h ago"]);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains("have no timestamps") && told.contains("--for"), "{told}");
    let begin_ms = an_hour_ago_ms();
    let stamps: Vec<i64> = (0..100).map(|n| if n % 4 == 1 { -1 } else { begin_ms + n * 100 }).collect();
    cluster.write_at(&mixed, 0, &stamps);
    let (from, to) = (moment(begin_ms), moment(begin_ms + 10_000));
    let range = ["--from", &from, "--to", &to, "--step", "1s", "--sample", "200"];
    let (report, curve, _) = captured(&cluster, &workshop, &mixed, &range);
    assert_eq!((curve.total(), &report["sample"]["unstamped"]), (100.0, &25.into()));
    assert!(findings(&report).contains("25 of 100 sampled records have no timestamp"), "{}", findings(&report));
}

#[test]
fn a_live_capture_reads_partitions_that_are_added() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, file) = (cluster.topic("grows"), workshop.path("grows.csv"));
    cluster.create(&topic, 1);
    let running = watching(&cluster, &workshop, &topic, &file, &["--for", "10s", "--step", "500ms", "--sample", "50"]);
    cluster.write_at(&topic, 0, &[an_hour_ago_ms(); 30]);
    cluster.grow(&topic, 3);
    cluster.write_at(&topic, 2, &[an_hour_ago_ms(); 40]);
    let ended = running.wait();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["records_per_partition"], serde_json::json!([30, 0, 40]));
    assert!(findings(&report).contains("2 partitions added to the topic meanwhile"), "{}", findings(&report));
    assert!(fs::read_to_string(&file).unwrap().contains("(3 partitions)"));
}

/// A live capture that has seen its first bucket pass.
fn watching(cluster: &Cluster, workshop: &Workshop, topic: &str, file: &Path, more: &[&str]) -> Running {
    let arguments = ["capture", "-b", &cluster.brokers, "-t", topic, "--json", "--out", file.to_str().unwrap()];
    let mut running = workshop.start(&[&arguments, more].concat());
    running.until("the first bucket", |running| running.stderr().contains("watching"));
    running
}

#[test]
fn a_live_capture_counts_what_is_written_meanwhile() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, file) = (cluster.topic("live"), workshop.path("live.csv"));
    cluster.create(&topic, 2);
    cluster.write_at(&topic, 0, &[an_hour_ago_ms(); 50]);
    let running = watching(&cluster, &workshop, &topic, &file, &["--for", "10s", "--step", "500ms", "--sample", "20"]);
    cluster.write_at(&topic, 1, &[an_hour_ago_ms(); 30]);
    let ended = running.wait();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let curve = Curve::read(&fs::read(&file).unwrap()).unwrap();
    assert_eq!((curve.total() as u64, curve.counts().len(), curve.step_ms()), (30, 20, 500));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["records_per_partition"], serde_json::json!([0, 30]), "what was there before does not count");
    assert!(findings(&report).contains("polled live") && report["sample"]["displaced"].is_null());
}

#[test]
fn a_live_capture_that_is_ended_early_keeps_what_it_has() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, file) = (cluster.topic("ended"), workshop.path("ended.csv"));
    cluster.create(&topic, 1);
    let running = watching(&cluster, &workshop, &topic, &file, &["--for", "10m", "--step", "20ms"]);
    cluster.write_at(&topic, 0, &[an_hour_ago_ms(); 30]);
    running.signal("INT");
    let ended = running.wait();
    // Whether a record fell into a bucket that was over is a matter of milliseconds.
    if ended.code() == Some(0) {
        let curve = Curve::read(&fs::read(&file).unwrap()).unwrap();
        assert!(curve.counts().len() < 30_000 && curve.total() as u64 == 30);
    } else {
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains("none of its records is from"), "{told}");
    }
}

#[test]
fn what_cannot_be_captured_is_one_sentence_with_the_topic() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, empty, missing) = (cluster.topic("asked"), cluster.topic("empty"), cluster.topic("missing"));
    cluster.create(&topic, 1);
    cluster.create(&empty, 1);
    cluster.write_at(&topic, 0, &[an_hour_ago_ms()]);
    let cases: [(&str, &[&str], i32, &str); 10] = [
        (&topic, &["--from", "1h ago", "--event-time", "/at"], 2, "add --sample N"),
        (&topic, &["--from", "10m ago"], 2, "none of its records is from"),
        (&empty, &["--from", "10m ago"], 3, "has no records"),
        (&missing, &["--from", "10m ago"], 2, "does not exist"),
        (&topic, &["--from", "2100-01-01T00:00:00Z"], 2, "is in the future"),
        (&topic, &["--from", "1h ago", "--to", "2100-01-01T00:00:00Z"], 2, "is in the future"),
        (&topic, &["--from", "1h ago", "--to", "2h ago"], 2, "is not before"),
        (&topic, &["--from", "1h ago", "--step", "0s"], 2, "whole number of milliseconds"),
        (&topic, &["--from", "1h ago", "--event-time", "here", "--sample", "5"], 2, "is not a place in a message"),
        (&topic, &["--from", "1h ago", "--allow-cluster", "another"], 2, "--allow-cluster another was given"),
    ];
    for (topic, more, expected, said) in cases {
        let (file, ended) = capture(&cluster, &workshop, topic, more);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(expected) && told.contains(said), "{more:?}: {code:?} {told}");
        assert!(!file.exists());
        // With --json an error is JSON, too.
        let error: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert!(error["error"]["text"].as_str().is_some_and(|text| text.contains(said)), "{error}");
        assert!(said.contains("not a place") || said.contains("--sample") || told.contains(topic), "{told}");
    }
    let ended = workshop.call(&["capture", "-b", "127.0.0.1:1", "-t", "orders", "--from", "1h ago", "--out", "c.csv"]);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(4) && told.contains("127.0.0.1:1") && told.contains("orders"), "{told}");
}

#[test]
fn files_that_are_there_are_not_written_over() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("files");
    cluster.create(&topic, 1);
    cluster.write_at(&topic, 0, &[an_hour_ago_ms()]);
    let (notes, mine) = (workshop.path("notes.csv"), workshop.path("mine.toml"));
    fs::write(&notes, "my,notes\n").unwrap();
    fs::write(&mine, "seed = 1\n").unwrap();
    let path = |file: &PathBuf| file.to_str().unwrap().to_owned();
    let absent = path(&workshop.path("absent").join("c.csv"));
    for (out, profile, said) in [
        (path(&notes), path(&workshop.path("p.toml")), "is not a curve file"),
        (path(&workshop.path("c.csv")), path(&mine), "already exists"),
        (path(&workshop.path("same")), path(&workshop.path("same")), "both the curve and the profile"),
        (absent, path(&workshop.path("p.toml")), "there is no folder"),
    ] {
        let from = ["--from", "2h ago", "--out", &out, "--profile", &profile];
        let ended = workshop.call(&[&["capture", "-b", &cluster.brokers, "-t", &topic], &from[..]].concat());
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said), "{told}");
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "my,notes\n");
    assert_eq!(fs::read_to_string(&mine).unwrap(), "seed = 1\n");
}
