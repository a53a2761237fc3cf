//! Records that are sent again at the distances at which they were recorded: from a file of the user's, or as `capture` took them from a topic.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use crate::capture::{an_hour_ago_ms, moment};
use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};
use crate::records::{headers_of, read_all as read_messages};
use crate::templates::read_all;

/// Three seconds of records, not in order, a tenth of them without a key.
fn records(events: u64) -> String {
    let row = |n: u64| {
        let at_ms = 1_760_000_000_000 + (n * 7919) % 3000;
        let key = if n.is_multiple_of(10) { String::new() } else { format!("customer {}", n % 13) };
        format!("{at_ms},{key},\"{{\"\"id\"\":\"\"old\"\",\"\"n\"\":{n},\"\"at\"\":{at_ms}}}\"\n")
    };
    let rows: String = (0..events).map(row).collect();
    format!("timestamp,key,payload\n{rows}")
}

#[test]
fn records_are_sent_with_their_keys_payloads_and_distances() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("records");
    fs::write(workshop.path("records.csv"), records(600)).unwrap();
    let profile = workshop.profile(&format!(
        "[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nproducers = 3\nrecords = {{ file = \"records.csv\", speed = 2 }}\n\
         [stream.payload]\nid = \"/id\"\ndue = \"/at\"\n"
    ));
    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.delivered, counts.lost), (600, 600, 0), "{counts:?}");
    let sent: BTreeMap<u64, (String, i64)> = read_all(&cluster, &topic, 4, 600)
        .into_iter()
        .map(|(key, payload, _)| {
            let value: Value = serde_json::from_slice(&payload).unwrap();
            (value["n"].as_u64().unwrap(), (key, value["at"].as_i64().unwrap()))
        })
        .collect();
    let first = sent.values().map(|(_, at_ms)| *at_ms).min().unwrap();
    assert_eq!(sent.len(), 600);
    for (n, (key, at_ms)) in sent {
        let expected = if n.is_multiple_of(10) { String::new() } else { format!("customer {}", n % 13) };
        assert_eq!(key, expected, "record {n}");
        let after_ms = i64::try_from((n * 7919) % 3000).unwrap();
        assert!((at_ms - first - after_ms / 2).abs() <= 1, "record {n}: {} ms after the first", at_ms - first);
    }
}

#[test]
fn what_is_wrong_with_records_is_said_with_the_line() {
    let workshop = Workshop::new();
    fs::write(workshop.path("records.csv"), "timestamp,key,payload\n1760000000000,a,{}\nnoon,b,{}\n").unwrap();
    let refused = |more: &str, expected: &str| {
        let profile =
            workshop.profile(&format!("[[stream]]\nname = \"s\"\nrecords = {{ file = \"records.csv\" }}\n{more}"));
        let refused = workshop.call(&["plan", profile.to_str().unwrap()]);
        assert!(refused.code() == Some(2) && refused.stderr.contains(expected), "{}", refused.stderr);
    };
    refused("", "line 3: `noon` is not a time");
    fs::write(workshop.path("records.csv"), "timestamp,key,payload\n1760000000000,a,{}\n").unwrap();
    refused("payload = { id = \"/id\" }", "record 1, in the order of their times: no value stands at /id");
    refused("", "the id has no place");
}

/// A record of somebody's: milliseconds after the first, key, payload.
type Held = (i64, Option<Vec<u8>>, Option<Vec<u8>>);

/// 300 records in three partitions, in no order of time: some are tombstones, some have no key, and some are not text.
fn somebodys_records() -> Vec<Held> {
    let record = |n: i64| {
        let key = (n % 10 != 3).then(|| format!("customer, \"{}\"", n % 7).into_bytes());
        let payload = match n % 10 {
            1 => None,
            2 => Some(vec![0, 0xff, b'\n', b'"', (n / 10) as u8]),
            _ => Some(format!("{{\"n\": {n},\r\n \"name\": \"Miller\"}}").into_bytes()),
        };
        ((n * 7919) % 2000, key, payload)
    };
    (0..300).map(record).collect()
}

fn write(cluster: &Cluster, topic: &str, begin_ms: i64, records: &[Held]) {
    let producer: BaseProducer = cluster.client().create().unwrap();
    for (number, (after_ms, key, payload)) in records.iter().enumerate() {
        let mut record =
            BaseRecord::<[u8], [u8]>::to(topic).partition((number % 3) as i32).timestamp(begin_ms + after_ms);
        record.key = key.as_deref();
        record.payload = payload.as_deref();
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn record(cluster: &Cluster, workshop: &Workshop, topic: &str, begin_ms: i64, more: &[&str]) -> Ended {
    let (from, to) = (moment(begin_ms), moment(begin_ms + 60_000));
    let arguments = ["capture", "-b", &cluster.brokers, "-t", topic, "--from", &from, "--to", &to];
    workshop.call(&[&arguments, more].concat())
}

#[test]
fn what_a_topic_held_is_recorded_and_sent_again_as_it_was() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 3);
    let (begin_ms, held) = (an_hour_ago_ms(), somebodys_records());
    write(&cluster, &topic, begin_ms, &held);
    // Of another time: it is not taken, although it lies among the others.
    cluster.write_at(&topic, 0, &[begin_ms - 86_400_000, begin_ms + 300_000]);
    write(&cluster, &topic, begin_ms, &held[..3]);
    let recorded = record(&cluster, &workshop, &topic, begin_ms, &["--records", "orders.csv"]);
    assert_eq!(recorded.code(), Some(0), "{}", recorded.stderr);
    for said in ["303 records", "31 are tombstones", "30 have no key", "31 are not text", "left out: 2 with timestamps"]
    {
        assert!(recorded.stdout.contains(said), "{said}: {}", recorded.stdout);
    }
    let out = cluster.topic("replayed");
    let target = format!("stream.0.topic={out}");
    let summary = workshop
        .run(&workshop.path("orders.toml"), &cluster.brokers, &["--set", &target, "--set", "stream.0.partitions=4"])
        .sound();
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.delivered, counts.lost, counts.unreadable), (303, 303, 0, 0), "{counts:?}");
    let messages = read_messages(&cluster, &out, 303);
    let due_ms =
        |message: &rdkafka::message::OwnedMessage| headers_of(message)["floodmark-due"].parse::<i64>().unwrap() / 1000;
    let first_ms = messages.iter().map(due_ms).min().unwrap();
    let mut sent: Vec<Held> = messages
        .iter()
        .map(|message| {
            (due_ms(message) - first_ms, message.key().map(<[u8]>::to_vec), message.payload().map(<[u8]>::to_vec))
        })
        .collect();
    let mut expected: Vec<Held> = held.iter().chain(&held[..3]).cloned().collect();
    sent.sort();
    expected.sort();
    for (sent, expected) in sent.iter().zip(&expected) {
        assert!(
            sent.0.abs_diff(expected.0) <= 1 && (&sent.1, &sent.2) == (&expected.1, &expected.2),
            "{sent:?} {expected:?}"
        );
    }
}

#[test]
fn what_must_not_leave_a_cluster_is_not_recorded() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 3);
    let begin_ms = an_hour_ago_ms();
    write(&cluster, &topic, begin_ms, &somebodys_records());
    let masked = ["--records", "masked.csv", "--mask", "/name", "--json"];
    let recorded = record(&cluster, &workshop, &topic, begin_ms, &masked);
    let report: Value = serde_json::from_str(&recorded.stdout).unwrap();
    assert_eq!((&report["rows"]["records"], &report["rows"]["not_maskable"]), (&270.into(), &30.into()), "{report}");
    let text = fs::read_to_string(workshop.path("masked.csv")).unwrap();
    assert!(!text.contains("Miller") && text.contains("\"\"name\"\": \"\"xxxxxx\"\""), "{text}");

    let ordered = cluster.unmarked_topic("ordered");
    cluster.create(&ordered, 3);
    let mut held = somebodys_records();
    held.sort_by_key(|(after_ms, ..)| *after_ms);
    write(&cluster, &ordered, begin_ms, &held);
    let limited =
        record(&cluster, &workshop, &ordered, begin_ms, &["--records", "few.csv", "--records-limit", "100", "--json"]);
    let report: Value = serde_json::from_str(&limited.stdout).unwrap();
    assert_eq!((&report["rows"]["records"], &report["is_limited"]), (&100.into(), &true.into()), "{report}");
    assert_eq!(report["to"], moment(begin_ms + held[100].0), "the first 100 by time, over all partitions");
    let unordered =
        record(&cluster, &workshop, &topic, begin_ms, &["--records", "u.csv", "--records-limit", "9", "--json"]);
    let report: Value = serde_json::from_str(&unordered.stdout).unwrap();
    assert_eq!(report["rows"]["records"], 9, "not more, in whatever order they lie: {report}");

    let twice = record(&cluster, &workshop, &topic, begin_ms, &["--records", "few.csv", "--profile", "other.toml"]);
    let (code, told) = twice.one_sentence();
    assert!(code == Some(2) && told.contains("few.csv already exists"), "{told}");
    let none = record(&cluster, &workshop, &topic, begin_ms - 600_000, &["--records", "none.csv"]);
    let (code, told) = none.one_sentence();
    assert!(code == Some(3) && told.contains("there are none") && !workshop.path("none.csv").exists(), "{told}");
}

#[test]
fn a_tombstone_that_was_recorded_is_one_again_wherever_others_have_their_id() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("tombstones");
    fs::write(
        workshop.path("records.csv"),
        "timestamp,key,payload\n1760000000000,a,\"{\"\"id\"\":1}\"\n1760000000100,a,\n1760000000200,,\"{\"\"id\"\":2}\"\n",
    )
    .unwrap();
    let stream = |more: &str| {
        workshop.profile(&format!(
            "[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrecords = {{ file = \"records.csv\" }}\npayload = {{ id = \"/id\" }}\n{more}"
        ))
    };
    let summary = workshop.run(&stream(""), &cluster.brokers, &[]).sound();
    assert_eq!((summary.totals.planned, summary.totals.delivered, summary.totals.lost), (3, 3, 0));
    let parts: BTreeMap<bool, usize> =
        read_messages(&cluster, &topic, 3).iter().fold(BTreeMap::new(), |mut of, message| {
            *of.entry(message.payload().is_none()).or_default() +=
                usize::from(headers_of(message).contains_key("floodmark-id"));
            of
        });
    assert_eq!(parts, BTreeMap::from([(false, 0), (true, 1)]), "only the tombstone has its id in a header");
    let refused =
        workshop.call(&["plan", stream("watermark = [{ engine = \"flink\", bound = \"1s\" }]\n").to_str().unwrap()]);
    assert!(
        refused.code() == Some(2) && refused.stderr.contains("engines read none in a tombstone"),
        "{}",
        refused.stderr
    );
}
