//! What records carry beside a payload, or lack: sent by a profile, read by an independent client, and checked as any others.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use floodmark::event::EventId;
use floodmark::verdict::ReasonCode;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message, OwnedMessage, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

const HEADERS: &str = r#"
[stream.headers]
source = "crm"
trace-id = "{{trace}}"
about = "{{key}} of {{tenant}}, due {{due:rfc3339}}"
[stream.payload.fields]
trace = { kind = "uuid" }
tenant = { kind = "choice", values = ["acme", "globex"], by = "key" }
"#;

fn profile(workshop: &Workshop, topic: &str, stream: &str) -> std::path::PathBuf {
    workshop.profile(&format!(
        "duration = \"3s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\nretries = {{ share = 0.05 }}\n{stream}\n"
    ))
}

/// Every message of a topic, by a client of its own.
pub(crate) fn read_all(cluster: &Cluster, topic: &str, messages: u64) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = cluster.client().set("group.id", topic).create().unwrap();
    let mut from = TopicPartitionList::new();
    (0..4).for_each(|partition| from.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&from).unwrap();
    let (mut read, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while (read.len() as u64) < messages {
        assert!(Instant::now() < deadline, "{} of {messages} messages", read.len());
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        read.push(message.unwrap().detach());
    }
    read
}

pub(crate) fn headers_of(message: &OwnedMessage) -> BTreeMap<String, String> {
    let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    message
        .headers()
        .into_iter()
        .flat_map(Headers::iter)
        .map(|header| (header.key.to_owned(), text(header.value)))
        .collect()
}

/// The id of a message: of a tombstone in its header.
fn id_of(message: &OwnedMessage) -> EventId {
    let text = match message.payload() {
        Some(payload) => serde_json::from_slice::<Value>(payload).unwrap()["id"].as_str().unwrap().to_owned(),
        None => headers_of(message)["floodmark-id"].clone(),
    };
    EventId::from_uuid(text.parse().unwrap()).unwrap()
}

/// What all copies of an event have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    is_tombstone: bool,
    has_key: bool,
    trace: String,
}

#[test]
fn tombstones_null_keys_and_headers_are_sent_and_every_event_is_accounted_for() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("records");
    let stream =
        format!("keys = {{ count = 50, null_share = 0.1 }}\n[stream.payload]\ntombstone_share = 0.2\n{HEADERS}");
    let summary = workshop.run(&profile(&workshop, &topic, &stream), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.delivered, counts.lost, counts.unreadable), (3000, 3000, 0, 0), "{counts:?}");
    let stages = &summary.streams[0].latency_ms;
    assert_eq!(stages.sent_to_consumed.count, stages.due_to_consumed.count, "a tombstone says when it was sent");

    let messages = read_all(&cluster, &topic, 3000 + counts.duplicates_injected);
    let (mut events, mut tenants) = (BTreeMap::new(), BTreeMap::new());
    for message in &messages {
        let headers = headers_of(message);
        let key = message.key().map(|key| String::from_utf8(key.to_vec()).unwrap());
        let is_tombstone = message.payload().is_none();
        assert!(!is_tombstone || key.is_some(), "a tombstone has the key that it deletes");
        assert_eq!(headers.contains_key("floodmark-id"), is_tombstone);
        assert_eq!(headers["source"], "crm");
        let (event_key, rest) = headers["about"].split_once(" of ").unwrap();
        assert!(key.is_none_or(|key| key == event_key), "{headers:?}");
        let tenant = rest.split_once(',').unwrap().0.to_owned();
        assert_eq!(tenants.entry(event_key.to_owned()).or_insert(tenant.clone()), &tenant, "it belongs to the key");
        let id = id_of(message);
        let same = Sent { is_tombstone, has_key: message.key().is_some(), trace: headers["trace-id"].clone() };
        assert_eq!(events.entry((id.producer, id.sequence)).or_insert(same.clone()), &same, "copies are alike");
    }
    assert_eq!(events.len(), 3000);
    let count = |holds: fn(&Sent) -> bool| events.values().filter(|event| holds(event)).count();
    let (tombstones, null_keys) = (count(|event| event.is_tombstone), count(|event| !event.has_key));
    assert!((480..720).contains(&tombstones) && (210..390).contains(&null_keys), "{tombstones} {null_keys}");
}

/// The moment in a payload, in milliseconds since 1970.
fn ms_of(message: &OwnedMessage, field: &str) -> i64 {
    let payload: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
    let time = payload[field].as_i64().unwrap();
    if field == "event_time" { time } else { time / 1000 }
}

#[test]
fn a_records_timestamp_is_the_moment_that_the_profile_names() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for (moment, field) in [("due", "due"), ("event-time", "event_time"), ("none", "")] {
        let topic = cluster.topic(&format!("stamped-{moment}"));
        let stream = format!(
            "record_timestamp = \"{moment}\"\nlateness = {{ share = 0.3, median = \"10s\" }}\nskew = {{ spread = \"20m\" }}"
        );
        let summary = workshop.run(&profile(&workshop, &topic, &stream), &cluster.brokers, &[]).sound();
        assert_eq!((summary.totals.delivered, summary.totals.failed), (3000, 0), "{:?}", summary.totals);
        for message in read_all(&cluster, &topic, 3000) {
            let expected =
                if field.is_empty() { Timestamp::NotAvailable } else { Timestamp::CreateTime(ms_of(&message, field)) };
            assert_eq!(message.timestamp(), expected);
        }
    }
}

#[test]
fn an_event_time_too_far_ahead_is_refused_and_named() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("stamped-ahead");
    let stream = "record_timestamp = \"event-time\"\nskew = { absurd = { share = 0.01, offset = \"2h\" } }";
    let ended = workshop.run(&profile(&workshop, &topic, stream), &cluster.brokers, &[]);
    assert_eq!(ended.code(), Some(1), "{}", ended.stderr);
    let (summary, counts) = (ended.summary(), ended.summary().totals);
    assert_conserved(&summary);
    assert!(counts.failed > 10 && counts.lost == 0 && counts.delivered == 3000 - counts.failed, "{counts:?}");
    let texts: Vec<&str> = summary.reasons.iter().map(|reason| reason.text.as_str()).collect();
    assert_eq!(summary.reasons[0].code, ReasonCode::ClientError, "the cause stands first: {texts:?}");
    assert!(
        texts.iter().any(|text| text.contains("InvalidTimestamp") && text.contains("message.timestamp.after.max.ms")),
        "{texts:?}"
    );
}

/// Payloads of 5 kB of the same letter, for a topic that takes batches of 2 kB: they fit if they are compressed.
#[test]
fn batches_are_compressed_as_the_stream_asks_unless_the_command_line_says_otherwise() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    fs::write(workshop.path("large.json"), format!("{{\"id\": \"{{{{id}}}}\", \"pad\": \"{}\"}}", "a".repeat(5000)))
        .unwrap();
    let ended = |codec: &str, more: &[&str]| {
        let topic = cluster.topic(&format!("compressed-{codec}"));
        cluster.create_with(&topic, 4, "max.message.bytes", "2000");
        let stream = format!("compression = \"{codec}\"\n[stream.payload]\ntemplate = \"large.json\"");
        workshop.run(&profile(&workshop, &topic, &stream), &cluster.brokers, more)
    };
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let counts = ended(codec, &[]).sound().totals;
        assert_eq!((counts.delivered, counts.lost), (3000, 0), "{codec}: {counts:?}");
    }
    for plain in [ended("none", &[]), ended("zstd", &["-X", "compression.codec=none"])] {
        let (code, said) = plain.one_sentence();
        assert!(code == Some(2) && said.contains("accepts 2,000 (its max.message.bytes)"), "{code:?} {said}");
    }
    assert_eq!(ended("none", &["-X", "compression.type=lz4"]).sound().totals.delivered, 3000);
}

#[test]
fn partitions_get_what_their_weights_say() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("weights");
    let stream = "partition_weights = [6, 2, 2, 0]\nkeys = { count = 100_000 }";
    let profile = profile(&workshop, &topic, stream);
    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    let records: Vec<i64> = (0..4).map(|partition| cluster.records(&topic, partition)).collect();
    assert_eq!(records.iter().sum::<i64>() as u64, 3000 + summary.totals.duplicates_injected);
    assert!((1700..2100).contains(&records[0]) && (500..800).contains(&records[1]) && records[3] == 0, "{records:?}");

    cluster.grow(&topic, 6);
    let ended = workshop.run(&profile, &cluster.brokers, &[]);
    let (code, said) = ended.one_sentence();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there are 4 partition_weights, but topic") && said.contains("has 6 partitions"), "{said}");
}

#[test]
fn a_key_is_a_record_and_the_payload_names_it() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("record-keys");
    fs::write(workshop.path("key.json"), "{\"customer\":\"{{key}}\",\"region\":\"{{region}}\"}\n").unwrap();
    let stream = "keys = { count = 50, template = \"key.json\" }\nheaders = { about = \"{{key}} in the {{region}}\" }\n\
                  [stream.payload]\ntombstone_share = 0.1\n[stream.payload.fields]\n\
                  region = { kind = \"choice\", values = [\"north\", \"south\"], by = \"key\" }";
    let profile = profile(&workshop, &topic, stream);
    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    assert_eq!((summary.totals.delivered, summary.totals.lost), (3000, 0), "{:?}", summary.totals);
    let (mut partitions, mut regions) = (BTreeMap::new(), BTreeMap::new());
    for message in read_all(&cluster, &topic, 3000 + summary.totals.duplicates_injected) {
        let key: Value = serde_json::from_slice(message.key().unwrap()).unwrap();
        let (customer, region) = (key["customer"].as_str().unwrap(), key["region"].as_str().unwrap());
        assert_eq!(headers_of(&message)["about"], format!("{customer} in the {region}"));
        let payload = message.payload().map(|payload| serde_json::from_slice::<Value>(payload).unwrap());
        assert!(payload.is_none_or(|payload| payload["key"] == customer));
        assert_eq!(*partitions.entry(customer.to_owned()).or_insert(message.partition()), message.partition());
        assert_eq!(regions.entry(customer.to_owned()).or_insert(region.to_owned()), region);
    }
    assert_eq!(partitions.len(), 50);

    let shown = workshop.call(&["plan", profile.to_str().unwrap(), "--sample", "1"]).stdout;
    assert!(shown.starts_with("# s 1, partition ") && shown.contains(", key {\"customer\":\"k"), "{shown}");
}

#[test]
fn a_compacted_topic_is_told_before_anything_is_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let noted = |subject: &str, policy: &str, stream: &str| {
        let topic = cluster.topic(subject);
        cluster.create_with(&topic, 4, "cleanup.policy", policy);
        let ended = workshop.run(&profile(&workshop, &topic, stream), &cluster.brokers, &[]);
        // Kafka refuses records without a key in such a topic; the embedded broker takes them. Neither loses one.
        assert_eq!(ended.summary().totals.lost, 0);
        let told = ended.stderr.lines().filter(|line| line.contains("is compacted"));
        told.map(str::to_owned).collect::<Vec<_>>()
    };
    let tombstones = noted("compacted", "compact,delete", "payload = { tombstone_share = 0.1 }");
    assert!(tombstones.len() == 1 && tombstones[0].ends_with("reads them count as lost"), "{tombstones:?}");
    let null_keys = noted("compacted-keyless", "compact", "keys = { null_share = 0.1 }");
    assert!(null_keys.len() == 1 && null_keys[0].ends_with("and it refuses records without a key"), "{null_keys:?}");
    assert_eq!(noted("not-compacted", "delete", "payload = { tombstone_share = 0.1 }"), [""; 0]);
}

#[test]
fn a_stage_finds_id_and_times_in_headers_of_the_users_own() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("own-headers");
    let stream = format!(
        "payload = {{ codec = \"binary\", tombstone_share = 0.1 }}\n\
         lateness = {{ share = 0.1, distribution = \"uniform\", median = \"1s\" }}\n\
         headers = {{ order-id = \"urn:{{{{id}}}}\", id = \"{{{{id}}}}\", at = \"{{{{event_time:rfc3339}}}}\", sent = \"{{{{sent}}}}\" }}\n\
         [[stream.stage]]\nname = \"in\"\ntopic = \"{topic}\"\nid = \"header:id\"\nevent_time = \"header:at\"\nsent = \"header:sent\""
    );
    let summary = workshop.run(&profile(&workshop, &topic, &stream), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (3000, 0, 0), "{counts:?}");
    let latency = &summary.streams[0].latency_ms;
    assert_eq!(latency.sent_to_consumed.count, latency.due_to_consumed.count);
}
