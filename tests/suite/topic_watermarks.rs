//! `floodmark watermark -t` on topics that others fill.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};
use crate::schemas::{AVRO, by_registry, schema_answer, serve};

/// An hour ago, on a whole minute: no broker refuses or deletes records of then.
fn an_hour_ago_ms() -> i64 {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    (now_ms / 60_000 - 60) * 60_000
}

fn moment(ms: i64) -> String {
    floodmark::curve::moment_text(ms)
}

const FLINK: [&str; 6] = ["--engine", "flink", "--bound", "5s", "--window", "tumbling:10s"];

fn judge(cluster: &Cluster, workshop: &Workshop, topic: &str, more: &[&str]) -> Ended {
    workshop.call(&[&["watermark", "-b", &cluster.brokers, "-t", topic][..], &FLINK, more].concat())
}

fn judged(cluster: &Cluster, workshop: &Workshop, topic: &str, more: &[&str]) -> Value {
    let ended = judge(cluster, workshop, topic, &[more, &["--json"]].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// A second of 20 events each, of which one is a minute late in every 75: it was sent at its record's timestamp.
fn orders(begin_ms: i64, written: impl Fn(i64) -> String) -> Vec<(i64, String)> {
    let record = |n: i64| {
        let sent_ms = begin_ms + n * 50;
        let event_ms = if n % 75 == 74 { sent_ms - 60_000 } else { sent_ms };
        (sent_ms, format!("{{\"order\": \"geheim-{n}\", \"meta\": {{\"at\": {}}}}}", written(event_ms)))
    };
    (0..6000).map(record).collect()
}

#[test]
fn what_is_expected_rests_on_the_records_stamps() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, begin_ms) = (cluster.topic("orders"), an_hour_ago_ms());
    cluster.create(&topic, 2);
    let all = orders(begin_ms, |ms| ms.to_string());
    for partition in 0..2 {
        cluster.write_stamped(&topic, partition, &all);
    }
    let found = judged(&cluster, &workshop, &topic, &["--event-time", "/meta/at"]);
    // An engine that reads along has read a minute more than each late event, except for the first minute's.
    let expected = &found["watermarks"][0]["expected"]["records"];
    assert_eq!((expected["min"].as_u64(), expected["max"].as_u64()), (Some(160), Some(160)), "{found:#}");
    assert_eq!((&found["append_times"]["known"], &found["append_times"]["exact"]), (&true.into(), &false.into()));
    let text = found["append_times"]["text"].as_str().unwrap();
    assert!(text.contains("is an estimate") && text.contains("none of them goes back"), "{text}");
    assert_eq!(found["event_time_forms"][0]["form"], "epoch milliseconds");
    let candidates = found["lateness"]["candidates"].as_array().unwrap();
    assert!(candidates.iter().any(|one| one["reason"] == "drops_none" && one["bound_ms"].as_u64() > Some(40_000)));
    let table = judge(&cluster, &workshop, &topic, &["--event-time", "/meta/at"]);
    assert!(table.stdout.contains("drops none") && table.stdout.contains("advised: "), "{}", table.stdout);
}

#[test]
fn where_nothing_tells_when_records_came_nothing_is_expected() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, begin_ms) = (cluster.topic("stamped"), an_hour_ago_ms());
    cluster.create(&topic, 1);
    // The records' timestamps are the event times.
    let records: Vec<_> = (0..2000_i64)
        .map(|n| begin_ms + n * 100 - if n % 50 == 49 { 60_000 } else { 0 })
        .map(|ms| (ms, format!("{{\"at\": {ms}}}")))
        .collect();
    cluster.write_stamped(&topic, 0, &records);
    for place in ["/at", "record"] {
        let found = judged(&cluster, &workshop, &topic, &["--event-time", place]);
        assert!(found["watermarks"][0]["expected"].is_null(), "{found:#}");
        assert!(found["append_times"]["text"].as_str().unwrap().contains("the expected range is unknown"), "{found:#}");
        let table = judge(&cluster, &workshop, &topic, &["--event-time", place]);
        assert!(table.stdout.lines().any(|line| line.contains("flink") && line.contains("–")), "{}", table.stdout);
    }
    let unstamped = cluster.topic("unstamped");
    cluster.create(&unstamped, 1);
    let records: Vec<_> = records.into_iter().map(|(_, payload)| (-1, payload)).collect();
    cluster.write_stamped(&unstamped, 0, &records);
    let found = judged(&cluster, &workshop, &unstamped, &["--event-time", "/at"]);
    assert!(found["watermarks"][0]["expected"].is_null() && found["append_times"]["unstamped"] == 2000, "{found:#}");
}

#[test]
fn event_times_are_read_as_people_write_them() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let begin_ms = an_hour_ago_ms();
    let rfc3339 = |ms: i64| jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
    let forms: [(&str, &dyn Fn(i64) -> String); 6] = [
        ("epoch seconds", &|ms| format!("{}.{:03}", ms / 1000, ms % 1000)),
        ("epoch milliseconds", &|ms| format!("\"{ms}\"")),
        ("epoch microseconds", &|ms| format!("{ms}000")),
        ("epoch nanoseconds", &|ms| format!("{ms}000000")),
        ("RFC 3339", &|ms| format!("\"{}\"", rfc3339(ms))),
        ("RFC 3339", &|ms| format!("\"{}\"", rfc3339(ms).replace('T', " ").replace('.', ",").replace('Z', " +0000"))),
    ];
    for (form, written) in forms {
        let topic = cluster.topic("forms");
        cluster.create(&topic, 1);
        cluster.write_stamped(&topic, 0, &orders(begin_ms, written));
        let found = judged(&cluster, &workshop, &topic, &["--event-time", "/meta/at"]);
        assert_eq!(found["event_time_forms"], serde_json::json!([{ "form": form, "messages": 200 }]), "{found:#}");
        let expected = &found["watermarks"][0]["expected"]["records"];
        assert_eq!((expected["min"].as_u64(), expected["max"].as_u64()), (Some(80), Some(80)), "{form}: {found:#}");
    }
    let topic = cluster.topic("given");
    cluster.create(&topic, 1);
    let pattern = "%d/%m/%Y %H:%M:%S%.3f";
    let written = |ms: i64| format!("\"{}\"", jiff::Timestamp::from_millisecond(ms).unwrap().strftime(pattern));
    cluster.write_stamped(&topic, 0, &orders(begin_ms, written));
    let given = ["--event-time", "/meta/at", "--event-time-format", pattern];
    let found = judged(&cluster, &workshop, &topic, &given);
    assert_eq!(found["watermarks"][0]["expected"]["records"]["max"], 80, "{found:#}");
}

#[test]
fn what_cannot_be_read_is_said_with_one_message_without_its_values() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, empty, begin_ms) = (cluster.topic("unread"), cluster.topic("empty"), an_hour_ago_ms());
    cluster.create(&topic, 1);
    cluster.create(&empty, 1);
    cluster.write_stamped(&topic, 0, &orders(begin_ms, |ms| ms.to_string()));
    let cases: [(&str, &[&str], i32, &[&str]); 6] = [
        (&topic, &["--event-time", "/at"], 2, &["at /at", "\"order\": <text>", "/meta/at (epoch milliseconds)"]),
        (&topic, &[], 2, &["where floodmark puts it", "--event-time"]),
        (&topic, &["--event-time", "header:at"], 2, &["at header:at"]),
        (&topic, &["--event-time", "/meta/at", "--event-time-format", "rfc3339"], 2, &["written as RFC 3339"]),
        (&topic, &["--event-time", "/meta/at", "--to", &moment(begin_ms - 60_000)], 3, &["has no messages"]),
        (&empty, &["--event-time", "/at"], 3, &["has no messages, so nothing was judged"]),
    ];
    for (topic, more, code, said) in cases {
        let ended = judge(&cluster, &workshop, topic, more);
        let (found, told) = ended.one_sentence();
        assert_eq!(found, Some(code), "{more:?}: {told}");
        assert!(said.iter().all(|said| told.contains(said)) && told.contains(topic), "{more:?}: {told}");
        assert!(!told.contains("geheim") && ended.stdout.is_empty(), "{told}");
    }
    // Some of them: judged, and said; most of them: void.
    for (bad, code) in [(10, 0), (4000, 3)] {
        let partly = cluster.topic("partly");
        cluster.create(&partly, 1);
        let mut records = orders(begin_ms, |ms| ms.to_string());
        records.iter_mut().rev().take(bad).for_each(|(_, payload)| *payload = payload.replace("\"at\"", "\"on\""));
        cluster.write_stamped(&partly, 0, &records);
        let ended = judge(&cluster, &workshop, &partly, &["--event-time", "/meta/at"]);
        assert_eq!(ended.code(), Some(code), "{bad}: {} {}", ended.stdout, ended.stderr);
        let said: String = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("have no readable event time; one looks like {\"meta\""), "{said}");
    }
}

#[test]
fn a_range_and_a_sample_are_read_alone() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, begin_ms) = (cluster.topic("range"), an_hour_ago_ms());
    cluster.create(&topic, 1);
    let mut all = orders(begin_ms, |ms| ms.to_string());
    // A timestamp ahead in the middle of the range does not end it.
    all[2500].0 += 5_400_000;
    cluster.write_stamped(&topic, 0, &all);
    let place = ["--event-time", "/meta/at"];
    let (from, to) = (moment(begin_ms + 100_000), moment(begin_ms + 200_000));
    let found = judged(&cluster, &workshop, &topic, &[&place[..], &["--from", &from, "--to", &to]].concat());
    assert_eq!(found["messages"], 1999, "{found:#}");
    assert_eq!(found["range"], format!("from {from} to {to}"));
    let found = judged(&cluster, &workshop, &topic, &[&place[..], &["--sample", "600"]].concat());
    let watermark = &found["watermarks"][0];
    assert_eq!((&found["messages"], &found["sampled_of"]), (&600.into(), &6000.into()));
    assert!(watermark["expected"].is_null() && watermark["dropped_possible"] == 600, "{found:#}");
    let told = judge(&cluster, &workshop, &topic, &["--from", "1h ago", "--to", "2h ago"]);
    assert!(told.code() == Some(2) && told.stderr.contains("is not before"), "{}", told.stderr);
}

#[test]
fn event_times_of_avro_are_read_by_the_registry() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("avro-times");
    cluster.create(&topic, 4);
    let served = serve(|path| match path {
        "/schemas/ids/1" => schema_answer(1, AVRO),
        _ if path.ends_with("/versions/latest") => schema_answer(1, AVRO),
        _ => ("404 Not Found", "{\"error_code\":40403,\"message\":\"no schema\"}".to_owned()),
    });
    let text = by_registry(&served, &topic, "").replace("due = \"/at\"", "event_time = \"/at\"");
    let planned = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]).sound().totals.planned;
    let url = format!("http://{}", served.address);
    let found = judged(&cluster, &workshop, &topic, &["--registry", &url, "--event-time", "/at"]);
    assert_eq!(
        (&found["messages"], &found["watermarks"][0]["without_event_time"]),
        (&planned.into(), &0.into()),
        "{found:#}"
    );
    assert_eq!(found["event_time_forms"][0]["form"], "epoch milliseconds");

    let elsewhere = judge(&cluster, &workshop, &topic, &["--registry", &url, "--event-time", "/when"]);
    let (code, sentence) = elsewhere.one_sentence();
    assert!(code == Some(2) && sentence.contains("times may be at /at (epoch milliseconds)"), "{sentence}");
    let unread = judge(&cluster, &workshop, &topic, &["--event-time", "/at"]);
    assert!(unread.code() == Some(2) && unread.stderr.contains("has an event time at /at"), "{}", unread.stderr);

    let strange = serve(|_| ("404 Not Found", "{\"error_code\":40403,\"message\":\"no schema\"}".to_owned()));
    let url = format!("http://{}", strange.address);
    let ended = judge(&cluster, &workshop, &topic, &["--registry", &url, "--event-time", "/at"]);
    let (code, sentence) = ended.one_sentence();
    assert!(code == Some(4) && sentence.contains("has no schema 1 (404)"), "{sentence}");
    let refused = judge(&cluster, &workshop, &topic, &["--registry", "ftp://x"]);
    assert!(
        refused.code() == Some(2) && refused.stderr.contains("--registry: the registry's address"),
        "{}",
        refused.stderr
    );
}
