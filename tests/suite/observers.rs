//! Observers that share the partitions of a run's topics, and the merge of their findings, compared with one observer of the same records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use floodmark::event_time::lateness::{Finding, InjectionKind};
use floodmark::latency::Dimension;
use floodmark::results::Summary;
use floodmark::results::summary::{FindingSummary, GroupedBy, LatenessSummary, StreamSummary, Watermark};
use floodmark::verdict::{ReasonCode, Verdict};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Ended, Running, Workshop};

const PARTITIONS: i32 = 3;
const EVENTS: u64 = 3000;
const WINDOW_MS: i64 = 1000;

fn profile_text(topic: &str) -> String {
    let models = [
        "engine = \"flink\"\nbound = \"300ms\"",
        "engine = \"kafka-streams\"\nallowed_lateness = \"300ms\"",
        "engine = \"spark\"\nbound = \"300ms\"",
    ];
    let models: String =
        models.iter().map(|model| format!("[[stream.watermark]]\n{model}\nwindow = \"tumbling:1s\"\n")).collect();
    format!(
        "seed = 11\nduration = \"3s\"\ndrain = \"30s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\nproducers = 4\npartitions = {PARTITIONS}\n\
         lateness = {{ share = 0.1, median = \"1s\" }}\nskew = {{ offsets = [\"0s\", \"-4s\", \"0s\", \"30ms\"], absurd = {{ share = 0.002, offset = \"365d\" }} }}\n\
         [stream.retries]\nshare = 0.05\nattempts = 2\nbase = \"20ms\"\n{models}\
         [[stream.stage]]\nname = \"input\"\ntopic = \"{topic}\"\nquiet = \"5s\"\n"
    )
}

/// A stage in which a pipeline counts the events of each second.
fn results_stage(output: &str) -> String {
    format!(
        "[[stream.stage]]\nname = \"counts\"\ntopic = \"{output}\"\nquiet = \"5s\"\n\
         results = {{ start = \"/start\", end = \"/end\", count = \"/count\", window = \"tumbling:1s\", watermark = 0 }}\n"
    )
}

/// A pipeline that counts everything once, and writes to every partition of its output.
fn count_windows(cluster: &Cluster, topic: &str, output: &str, expected: u64) {
    let config = || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &cluster.brokers).set("group.id", "counts").set("enable.auto.commit", "false");
        config
    };
    let consumer: BaseConsumer = config().create().unwrap();
    let mut from = TopicPartitionList::new();
    (0..PARTITIONS).for_each(|partition| from.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&from).unwrap();
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    while counts.values().sum::<u64>() < expected {
        let message = consumer.poll(Duration::from_secs(20)).expect("all records come").unwrap();
        let event: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        *counts.entry(event["event_time"].as_i64().unwrap().div_euclid(WINDOW_MS)).or_default() += 1;
    }
    let producer: BaseProducer = config().create().unwrap();
    for (number, count) in counts {
        let (start, partition) = (number * WINDOW_MS, number.rem_euclid(2) as i32);
        let result = serde_json::json!({ "start": start, "end": start + WINDOW_MS, "count": count }).to_string();
        let record = BaseRecord::<str, str>::to(output).partition(partition).payload(&result);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();
}

/// The results of two senders and all the observers.
struct Parts {
    cluster: Cluster,
    workshop: Workshop,
    topic: String,
    senders: [Ended; 2],
    /// From one observer of all partitions, from two that share them, and from one of three.
    whole: Ended,
    halves: [Ended; 2],
    third: Ended,
}

impl Parts {
    fn new() -> Self {
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let [topic, output] = ["observed", "counted"].map(|subject| cluster.topic(subject));
        cluster.create(&topic, PARTITIONS);
        cluster.create(&output, 2);
        let profile = workshop.profile(&format!("{}{}", profile_text(&topic), results_stage(&output)));
        let start_at = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(25)).to_string();
        let start = |verb: &str, shard: &str| {
            let more = ["--run-id", "shared", "--start-at", &start_at, "--shard", shard];
            workshop.start_on(verb, &profile, &cluster.brokers, &more)
        };
        let observers = ["0/1", "0/2", "1/2", "1/3"].map(|shard| {
            let mut observer: Running = start("consume", shard);
            observer.until("readiness", |consume| consume.stderr().contains("Ready: observing"));
            observer
        });
        let senders = ["0/2", "1/2"].map(|shard| start("produce", shard)).map(Running::wait);
        let sent: u64 = senders.iter().map(|sender| sender.summary().streams[0].sends).sum();
        count_windows(&cluster, &topic, &output, sent);
        let [whole, one, other, third] = observers.map(Running::wait);
        Parts { cluster, workshop, topic, senders, whole, halves: [one, other], third }
    }

    /// The merge of both senders with these observers.
    fn merge(&self, observers: &[&Path]) -> Ended {
        let out = self.workshop.fresh("merged");
        let mut arguments = vec!["merge", "--json", "--out", out.to_str().unwrap()];
        let [one, other] = self.senders.each_ref().map(out_of);
        arguments.extend([one, other].iter().chain(observers).map(|folder| folder.to_str().unwrap()));
        self.workshop.call(&arguments)
    }
}

fn out_of(ended: &Ended) -> &Path {
    ended.out.as_ref().unwrap()
}

/// Without what is said about the number of observers.
fn lateness_of(stream: &StreamSummary) -> LatenessSummary {
    let mut lateness = stream.lateness.clone().unwrap();
    lateness.notes.retain(|note| !note.contains("observers shared"));
    lateness
}

/// The findings about producers: whether a partition stood still depends on the second, and on which others the observer reads.
fn findings_of(stream: &StreamSummary) -> Vec<&FindingSummary> {
    let is_of_clock = |found: &&FindingSummary| {
        matches!(found.finding, Finding::ProducerAhead { .. } | Finding::ProducerBehind { .. })
    };
    stream.findings.iter().filter(is_of_clock).collect()
}

/// How many events of the input are in each group.
fn groups_of(stream: &StreamSummary) -> Vec<(Dimension, u64, u64)> {
    let grouped = stream.stages[0].end_to_end_by.as_ref().unwrap();
    let of = |by: &GroupedBy| by.groups.iter().map(|group| (by.by, group.of, group.count)).collect::<Vec<_>>();
    grouped.dimensions.iter().flat_map(of).collect()
}

#[test]
fn two_observers_find_what_one_finds() {
    let parts = Parts::new();
    let [one, other] = parts.halves.each_ref().map(out_of);
    let (merged, alone) = (parts.merge(&[one, other]).summary(), parts.merge(&[out_of(&parts.whole)]).summary());
    let [shared, single] = [&merged, &alone].map(|summary: &Summary| &summary.streams[0]);

    assert_eq!((merged.totals, shared.counts), (alone.totals, single.counts));
    assert_eq!((merged.totals.delivered, merged.totals.lost, merged.totals.in_flight), (EVENTS, 0, 0));
    assert!(merged.totals.late_injected > 0 && merged.totals.duplicates_injected > 0);
    assert_eq!(lateness_of(shared), lateness_of(single));
    let lateness = lateness_of(shared);
    assert!(lateness.late > 0 && lateness.advised_ms.is_some() && lateness.candidates.len() == 7, "{lateness:?}");
    assert_eq!(findings_of(shared), findings_of(single));
    assert!(!findings_of(shared).is_empty(), "{:?}", shared.findings);
    assert_eq!(shared.clocks, single.clocks);
    assert_eq!((shared.clocks[0].producer, shared.clocks[0].injected_ms), (1, Some(-4000.0)));
    assert_eq!(shared.injections, single.injections);
    let groups = groups_of(shared);
    assert_eq!(groups, groups_of(single));
    assert_eq!(groups.iter().filter(|(by, ..)| *by == Dimension::Partition).count(), 3, "{groups:?}");
    assert_eq!(shared.stages[1].windows, single.stages[1].windows);
    assert!(shared.stages[1].windows.as_ref().unwrap().compared > 1);
    assert_watermarks(&shared.watermarks, &single.watermarks);
    assert_eq!(parts.merge(&[other, one]).summary(), merged, "in any order");

    // One process that does everything counts the same events, in any order.
    let profile = parts.workshop.profile(&profile_text(&parts.topic));
    let run = parts.workshop.run(&profile, &parts.cluster.brokers, &["--run-id", "one-process"]).summary();
    assert_eq!(merged.totals, run.totals);
    let figures = |stream: &StreamSummary| {
        let kinds: Vec<_> = stream.injections.kinds.iter().map(|(kind, of)| (*kind, of.injected, of.seen)).collect();
        let clocks: Vec<_> = stream.clocks.iter().map(|of| (of.producer, of.events, of.injected_ms)).collect();
        let records: Vec<_> = stream.watermarks.iter().map(|of| (of.engine.clone(), of.records, of.pairs)).collect();
        let lateness = stream.lateness.as_ref().map(|of| (of.records, of.refused, of.partitions.len()));
        (kinds, clocks, records, lateness)
    };
    assert_eq!(figures(shared), figures(&run.streams[0]));
    assert_eq!(shared.injections.kinds.keys().filter(|kind| **kind == InjectionKind::Skew).count(), 1);

    assert_parts_alone_claim_only_what_they_saw(&parts);
    assert_a_missing_observer_is_named(&parts);
    assert_what_does_not_fit_is_refused(&parts);
}

/// What is kept is known exactly, whoever observed; Kafka Streams is judged by partition alone.
fn assert_watermarks(shared: &[Watermark], single: &[Watermark]) {
    assert_eq!(shared.len(), 3);
    for (shared, single) in shared.iter().zip(single) {
        let exact = |of: &Watermark| (of.records, of.kept_sure, of.pairs, of.without_event_time, of.dropped_possible);
        assert_eq!(exact(shared), exact(single), "{}", shared.engine);
        assert!(shared.dropped_sure <= single.dropped_sure && shared.engine_metric.max >= single.engine_metric.max);
    }
    assert_eq!(shared[1], single[1]);
    assert!(shared[0].dropped_possible > 0 && shared[0].kept_sure > 0 && shared[1].dropped_sure > 0, "{shared:?}");
}

fn assert_parts_alone_claim_only_what_they_saw(parts: &Parts) {
    let summaries = parts.halves.each_ref().map(Ended::summary);
    for summary in &summaries {
        let stream = &summary.streams[0];
        assert!(summary.partial && summary.verdict == Verdict::Part, "{:?}", summary.reasons);
        let lateness = stream.lateness.as_ref().unwrap();
        assert!(lateness.notes.iter().any(|note| note.contains("of 3 partitions")), "{:?}", lateness.notes);
        let spark = &stream.watermarks[2];
        assert_eq!((spark.kept_sure, spark.dropped_possible), (0, spark.records), "the other partitions may be ahead");
        assert_eq!(stream.stages[1].windows, None, "half of the events are no window");
    }
    let of = |count: fn(&Summary) -> u64| summaries.iter().map(count).sum::<u64>();
    assert_eq!(of(|summary| summary.totals.delivered), EVENTS);
    let rows: Vec<_> = parts.halves.iter().flat_map(|half| half.folder().watermarks().unwrap()).collect();
    assert!(rows.iter().all(|row| row.partition.is_some()), "none of them knows the least over all");
    assert_eq!(rows.iter().map(|row| row.records).sum::<u64>(), of(|summary| summary.streams[0].watermarks[0].records));
}

fn assert_a_missing_observer_is_named(parts: &Parts) {
    let [one, other] = parts.halves.each_ref().map(out_of);
    for (given, missing) in [(one, "1/2"), (other, "0/2")] {
        let summary = parts.merge(&[given]).summary();
        let reason = summary.reasons.iter().find(|reason| reason.code == ReasonCode::NotObserved).unwrap();
        assert!(reason.text.contains(&format!("consume --shard {missing}")), "{}", reason.text);
        let counts = summary.totals;
        assert_eq!((summary.verdict, counts.lost), (Verdict::Void, 0), "{:?}", summary.reasons);
        assert!(counts.in_flight > 0 && counts.in_flight + counts.delivered == EVENTS, "{counts:?}");
        assert_eq!(summary.streams[0].stages[1].windows, None);
    }
}

fn assert_what_does_not_fit_is_refused(parts: &Parts) {
    let [one, other] = parts.halves.each_ref().map(out_of);
    let harmed = parts.workshop.fresh("harmed");
    let copied = std::process::Command::new("cp").arg("-r").args([other, &harmed]).status().unwrap();
    assert!(copied.success());
    let file: PathBuf = harmed.join("ledger/s.input.event_times.ledger");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    let cases: [(&[&Path], &str); 3] = [
        (&[one, out_of(&parts.whole)], "two observers ran without `--shard`"),
        (&[one, out_of(&parts.third)], "is observer 1/3, and another part observer 0/2"),
        (&[one, &harmed], "has changed"),
    ];
    for (observers, said) in cases {
        let ended = parts.merge(observers);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said), "{said}: {code:?} {told}");
    }
}

#[test]
fn an_observer_without_a_partition_is_refused() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("few");
    cluster.create(&topic, 2);
    let profile = workshop.profile(&format!(
        "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\npartitions = 2\nrate = \"1k/s\"\n"
    ));
    let ended = workshop.start_on("consume", &profile, &cluster.brokers, &["--shard", "2/3"]).wait();
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains("leaves this observer no partitions"), "{code:?} {told}");
}
