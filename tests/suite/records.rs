//! What records carry beside a payload, or lack: sent by a profile, read by an independent client, and checked as any others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use floodmark::event::EventId;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::Workshop;

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
fn read_all(cluster: &Cluster, topic: &str, messages: u64) -> Vec<OwnedMessage> {
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

fn headers_of(message: &OwnedMessage) -> BTreeMap<String, String> {
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
        let same = (is_tombstone, message.key().map(<[u8]>::to_vec), headers["trace-id"].clone());
        assert_eq!(events.entry((id.producer, id.sequence)).or_insert(same.clone()), &same, "copies are alike");
    }
    assert_eq!(events.len(), 3000);
    let count =
        |holds: fn(&(bool, Option<Vec<u8>>, String)) -> bool| events.values().filter(|event| holds(event)).count();
    let (tombstones, null_keys) = (count(|event| event.0), count(|event| event.1.is_none()));
    assert!((480..720).contains(&tombstones) && (210..390).contains(&null_keys), "{tombstones} {null_keys}");
}
