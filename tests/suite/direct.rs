//! The client that writes record batches itself: the same events and counts as librdkafka, and true books whatever happens.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::time::Duration;

use floodmark::broker::{Broker, BrokerConfig, Misdeeds};
use floodmark::incidents::IncidentKind;
use floodmark::results::Summary;
use rdkafka::message::{Message, OwnedMessage};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::interruption::own_broker_with;
use crate::program::{Workshop, assert_conserved};
use crate::records::{headers_of, read_all};

/// A stream that the direct client sends.
fn direct(topic: &str, duration: &str, more: &str) -> String {
    format!(
        "duration = \"{duration}\"\ndrain = \"20s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nclient = \"direct\"\nrate = \"1k/s\"\n{more}\n"
    )
}

/// Everything that was sent is there, once.
fn assert_each_is_there_once(summary: &Summary) {
    let counts = summary.totals;
    assert_conserved(summary);
    assert_eq!((counts.acked, counts.delivered), (counts.planned, counts.planned), "{counts:?}");
    assert_eq!((counts.duplicates_accidental, counts.lost), (0, 0), "{counts:?}");
}

/// A record without what tells one run from another: the run in its id, the times, and the filler, which is drawn from the id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    partition: i32,
    key: Option<Vec<u8>>,
    payload: Option<String>,
    headers: BTreeMap<String, String>,
}

fn seen(message: &OwnedMessage) -> Seen {
    let payload = message.payload().map(|payload| {
        let mut value: Value = serde_json::from_slice(payload).unwrap();
        for of_run in ["id", "due", "sent", "event_time"] {
            value.as_object_mut().unwrap().remove(of_run);
        }
        let filler = value["filler"].as_str().map_or(0, str::len);
        value["filler"] = filler.into();
        value.to_string()
    });
    let mut headers = headers_of(message);
    headers.retain(|name, _| !name.starts_with("floodmark-"));
    Seen { partition: message.partition(), key: message.key().map(<[u8]>::to_vec), payload, headers }
}

#[test]
fn both_clients_send_the_same_events_and_count_alike() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let stream = "retries = { share = 0.05 }\nkeys = { count = 50, null_share = 0.1 }\n[stream.payload]\ntombstone_share = 0.2\n\
                  [stream.headers]\nsource = \"crm\"\nabout = \"{{key}}\"\n";
    let sent_by = |client: &str| {
        let topic = cluster.topic(&format!("direct-{client}"));
        let text = direct(&topic, "3s", stream).replace("\"direct\"", &format!("\"{client}\""));
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &["--seed", "5"]);
        let summary = ended.sound();
        let records = read_all(&cluster, &topic, summary.totals.sent + summary.totals.copies_acked);
        let mut seen: Vec<Seen> = records.iter().map(seen).collect();
        seen.sort();
        let manifest = fs::read_to_string(ended.out.as_ref().unwrap().join("manifest.toml")).unwrap();
        (summary.totals, seen, manifest)
    };
    let (theirs, by_theirs, _) = sent_by("librdkafka");
    let (ours, by_ours, manifest) = sent_by("direct");
    assert_eq!(ours, theirs);
    assert_eq!(by_ours, by_theirs);
    assert!(manifest.contains("client = \"direct\""), "{manifest}");
}

#[test]
fn compressed_batches_hold_every_event() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for codec in ["lz4", "zstd"] {
        let topic = cluster.topic(&format!("direct-{codec}"));
        let text = direct(&topic, "2s", &format!("compression = \"{codec}\"\n"));
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
        assert_each_is_there_once(&ended.sound());
    }
}

#[test]
fn a_connection_that_is_cut_before_the_answer_loses_and_repeats_nothing() {
    let misdeeds = Misdeeds { cuts_every: NonZeroU64::new(7), ..Misdeeds::default() };
    let broker = Broker::start(BrokerConfig { misdeeds, ..BrokerConfig::default() }).unwrap();
    let workshop = Workshop::new();
    let text = direct("floodmark-direct-cut", "5s", "");
    let ended = workshop.run(&workshop.profile(&text), &broker.address().to_string(), &[]);
    assert!(broker.done().unanswered > 0);
    assert_each_is_there_once(&ended.summary());
}

#[test]
fn many_answers_under_way_come_back_in_order() {
    let misdeeds = Misdeeds { answers_after: Duration::from_millis(40), ..Misdeeds::default() };
    let broker = Broker::start(BrokerConfig { misdeeds, ..BrokerConfig::default() }).unwrap();
    let workshop = Workshop::new();
    let text = direct("floodmark-direct-slow", "3s", "partitions = 40\n");
    let ended = workshop.run(&workshop.profile(&text), &broker.address().to_string(), &[]);
    assert_each_is_there_once(&ended.summary());
}

#[test]
fn batches_that_the_topic_does_not_take_are_halved() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("direct-small");
    cluster.create_with(&topic, 1, "max.message.bytes", "2000");
    // A batch size that the user has set is kept, even if the topic accepts less.
    let large = ["-X", "batch.size=100000", "-X", "linger.ms=50"];
    let text = direct(&topic, "3s", "payload = { size = \"500B\" }\n");
    let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &large);
    assert_each_is_there_once(&ended.summary());
}

#[test]
fn what_is_too_late_is_not_known_or_was_never_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fault = "[[fault]]\nname = \"gone\"\nat = \"2s\"\nfor = \"6s\"\nnetwork = { black_hole = true }\n";
    let text = direct(&cluster.topic("direct-late"), "10s", "") + fault;
    let hasty = ["-X", "delivery.timeout.ms=1500", "-X", "socket.timeout.ms=1000"];
    let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &hasty).summary();
    assert_conserved(&summary);
    let counts = summary.totals;
    assert!(counts.failed + counts.unresolved > 1000, "{counts:?}");
    assert_eq!((counts.lost, counts.duplicates_accidental), (0, 0), "{counts:?}");
    assert!(counts.acked > 2000, "it goes on after that: {counts:?}");
}

#[test]
fn a_broken_network_loses_and_repeats_nothing() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for network in ["reset = true", "black_hole = true"] {
        let fault = format!("[[fault]]\nname = \"broken\"\nat = \"2s\"\nfor = \"3s\"\nnetwork = {{ {network} }}\n");
        let text = direct(&cluster.topic("direct-broken"), "8s", "") + &fault;
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
        assert_each_is_there_once(&ended.sound());
    }
}

#[test]
fn a_quota_is_kept_and_named() {
    let workshop = Workshop::new();
    let (broker, brokers) = own_broker_with(&workshop, &["--quota", "100KB"]);
    let text = direct("floodmark-direct-quota", "6s", "payload = { size = \"1KB\" }\n").replace("1k/s", "300/s");
    let summary = workshop.run(&workshop.profile(&text), &brokers, &[]).summary();
    let throttled = summary.events.iter().find(|event| event.kind == IncidentKind::Throttled);
    assert!(throttled.is_some_and(|event| event.figure > 100.0), "{:?}", summary.events);
    assert_each_is_there_once(&summary);
    drop(broker);
}

#[test]
fn the_queue_has_its_limits() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for small in ["queue.buffering.max.messages=100", "queue.buffering.max.kbytes=20"] {
        let text = direct(&cluster.topic("direct-full"), "1s", "").replace("1k/s", "50k/s");
        let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &["-X", small]).summary();
        assert_each_is_there_once(&summary);
        assert_eq!(summary.totals.planned, 50_000);
    }
}

#[test]
fn what_it_would_ignore_is_refused_before_anything_is_sent() {
    let workshop = Workshop::new();
    let profile = workshop.profile(&direct("floodmark-direct", "1s", ""));
    for property in ["retries=3", "acks=1", "compression.type=gzip"] {
        let ended = workshop.call(&["run", profile.to_str().unwrap(), "-X", property]);
        let (code, told) = ended.one_sentence();
        assert_eq!(code, Some(2), "{told}");
        assert!(told.starts_with("stream s: ") && told.contains("use client = \"librdkafka\""), "{told}");
    }
}
