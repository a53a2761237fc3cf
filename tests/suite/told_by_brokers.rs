//! What brokers say of a run's clients and of the pipeline behind it while a run lasts: quotas, and consumer groups that share anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use floodmark::incidents::{Incident, IncidentKind};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::broker::until;
use crate::cluster::Cluster;
use crate::interruption::own_broker_with;
use crate::program::{Workshop, reasons_but_the_machine};

fn of_kind(events: &[Incident], kind: IncidentKind) -> Vec<&Incident> {
    events.iter().filter(|incident| incident.kind == kind).collect()
}

#[test]
fn a_quota_is_named_with_how_long_the_client_had_to_wait() {
    let workshop = Workshop::new();
    let (broker, brokers) = own_broker_with(&workshop, &["--quota", "100KB"]);
    // A quota lets eleven seconds of itself pass at once.
    let text = "duration = \"6s\"\n[[stream]]\nname = \"s\"\nrate = \"300/s\"\npayload = { size = \"1KB\" }\n";
    let summary = workshop.run(&workshop.profile(text), &brokers, &[]).summary();
    let throttled = of_kind(&summary.events, IncidentKind::Throttled);
    let is_told = |incident: &&Incident| incident.stream == "s" && incident.figure > 100.0 && incident.from_s >= 1;
    assert!(!throttled.is_empty() && throttled.iter().all(is_told), "{:?}", summary.events);
    drop(broker);
    let (broker, brokers) = own_broker_with(&workshop, &["--quota", "100MB"]);
    let summary = workshop.run(&workshop.profile(text), &brokers, &[]).summary();
    assert!(of_kind(&summary.events, IncidentKind::Throttled).is_empty(), "{:?}", summary.events);
    drop(broker);
}

/// A member of a group that reads until it is told to leave.
fn member(cluster: &Cluster, topic: &str, has_part: &AtomicBool, leaves: &AtomicBool) {
    let settings = [("group.id", topic), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "300")];
    let mut client = cluster.client();
    for (key, value) in settings {
        client.set(key, value);
    }
    let consumer: BaseConsumer = client.create().unwrap();
    consumer.subscribe(&[topic]).unwrap();
    while !leaves.load(Ordering::Relaxed) {
        let _record = consumer.poll(Duration::from_millis(50));
        has_part.store(consumer.assignment().unwrap().count() > 0, Ordering::Relaxed);
    }
}

#[test]
fn a_rebalance_of_the_pipelines_group_is_named_and_a_quiet_group_is_not() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("rebalanced");
    cluster.create(&topic, 4);
    let text = |group: &str| {
        format!(
            "duration = \"6s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"200/s\"\n\
             [[stream.stage]]\nname = \"s\"\ntopic = \"{topic}\"\ngroup = \"{group}\"\n"
        )
    };
    let [first, second, leaves] = [(); 3].map(|()| AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| member(&cluster, &topic, &first, &leaves));
        until("the first member's part", || first.load(Ordering::Relaxed));
        let mut run = workshop.start_on("run", &workshop.profile(&text(&topic)), &cluster.brokers, &[]);
        run.until_seconds(1);
        scope.spawn(|| member(&cluster, &topic, &second, &leaves));
        let ended = run.wait();
        let summary = ended.summary();
        let rebalanced = of_kind(&summary.events, IncidentKind::Rebalanced);
        let is_told = |incident: &&Incident| incident.group.as_deref() == Some(&topic) && incident.from_s >= 1;
        assert!(!rebalanced.is_empty() && rebalanced.iter().all(is_told), "{:?}", summary.events);
        assert!(reasons_but_the_machine(&summary).is_empty(), "{:?}", summary.reasons);
        assert!(!ended.stderr.contains("no consumer group"), "{}", ended.stderr);
        until("the second member's part", || second.load(Ordering::Relaxed));

        let ended = workshop.run(&workshop.profile(&text(&topic)), &cluster.brokers, &["--duration", "3s"]);
        assert!(of_kind(&ended.summary().events, IncidentKind::Rebalanced).is_empty(), "{:?}", ended.summary().events);
        let unknown = workshop.run(&workshop.profile(&text("nobody")), &cluster.brokers, &["--duration", "1s"]);
        assert!(unknown.stderr.contains("the cluster has no consumer group nobody yet"), "{}", unknown.stderr);
        leaves.store(true, Ordering::Relaxed);
    });
}
