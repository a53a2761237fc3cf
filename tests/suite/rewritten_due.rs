//! A pipeline that writes the due time in another unit: it is reported, and no event is missing from the latencies.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use floodmark::verdict::ReasonCode;
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

const PATIENCE: Duration = Duration::from_secs(30);

/// Passes messages on from one topic's partition 0 to another's until it is stopped, with `due` in milliseconds.
fn in_milliseconds(brokers: &str, from: &str, to: &str, stop: &AtomicBool) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "relay").set("linger.ms", "5");
    let (consumer, producer): (BaseConsumer, BaseProducer) = (config.create().unwrap(), config.create().unwrap());
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(from, 0, Offset::Beginning).unwrap();
    consumer.assign(&partitions).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let Some(message) = consumer.poll(Duration::from_millis(20)) else { continue };
        let mut event: serde_json::Value = serde_json::from_slice(message.unwrap().payload().unwrap()).unwrap();
        event["due"] = (event["due"].as_u64().unwrap() / 1000).into();
        let text = event.to_string();
        let record = BaseRecord::<str, str>::to(to).partition(0).payload(&text);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

#[test]
fn a_due_time_in_milliseconds_is_named_and_every_latency_stays() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (input, output) = (cluster.topic("due-in"), cluster.topic("due-out"));
    cluster.create(&input, 1);
    cluster.create(&output, 1);
    let text = format!(
        "duration = \"2s\"\nwarmup = \"500ms\"\n[[stream]]\nname = \"s\"\ntopic = \"{input}\"\nrate = \"1k/s\"\n\
         [[stream.stage]]\nname = \"in\"\ntopic = \"{input}\"\n[[stream.stage]]\nname = \"out\"\ntopic = \"{output}\"\nquiet = \"2s\"\n"
    );
    let stop = AtomicBool::new(false);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| in_milliseconds(&cluster.brokers, &input, &output, &stop));
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
        stop.store(true, Ordering::Relaxed);
        ended.summary()
    });
    assert_conserved(&summary);
    let of = |code| summary.reasons.iter().find(|reason| reason.code == code);
    let named = of(ReasonCode::DueTimeChanged).unwrap_or_else(|| panic!("{:?}", summary.reasons));
    assert!(named.text.contains("it looks like milliseconds") && named.observed == Some(2000.0), "{named}");
    let [before, behind] = summary.streams[0].stages.as_slice() else { panic!("{summary:?}") };
    assert_eq!((before.counts.delivered, behind.counts.delivered), (2000, 2000));
    let timed = |stage: &floodmark::results::summary::StageSummary| stage.latency_ms.due_to_consumed.count;
    assert_eq!((timed(before), timed(behind)), (1500, 1500), "all but the warm-up");
}
