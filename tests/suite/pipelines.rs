//! What pipelines do to topics and events during a run: partitions are added, transactions aborted, events wrapped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use floodmark::verdict::{ReasonCode, Verdict};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::Cluster;
use crate::program::{Ended, Running, Workshop, assert_conserved, reasons_but_the_machine};

const PATIENCE: Duration = Duration::from_secs(30);
const PARTITIONS: i32 = 2;
/// How many events one transaction holds, at least.
const EACH: usize = 50;

/// What the pipeline turns an event into.
type Rewrite = fn(&[u8]) -> Vec<u8>;

/// A pipeline from one topic to another, with a run that watches both.
struct Pipeline {
    cluster: Cluster,
    workshop: Workshop,
    source: String,
    target: String,
}

/// How many readable events a pipeline wrote, and how many in aborted transactions.
#[derive(Debug, Default, PartialEq, Eq)]
struct PassedOn {
    kept: u64,
    aborted: u64,
}

impl Pipeline {
    fn new() -> Self {
        let cluster = Cluster::for_a_test();
        let (source, target) = (cluster.topic("pipeline-in"), cluster.topic("pipeline-out"));
        cluster.create(&source, PARTITIONS);
        cluster.create(&target, PARTITIONS);
        Pipeline { cluster, workshop: Workshop::new(), source, target }
    }

    /// Runs for a while with the pipeline at work; `places` are keys of the stage at its
    /// output, `meanwhile` is done to the run after it has begun.
    fn run(
        &self,
        places: &str,
        pass_on: impl FnOnce(&AtomicBool) -> PassedOn + Send,
        meanwhile: impl FnOnce(&mut Running),
    ) -> (Ended, PassedOn) {
        let Pipeline { cluster, workshop, source, target } = self;
        let text = format!(
            "duration = \"4s\"\n[[stream]]\nname = \"s\"\ntopic = \"{source}\"\nrate = \"500/s\"\nkeys = {{ count = 1000 }}\n\
             [[stream.stage]]\nname = \"input\"\ntopic = \"{source}\"\n\
             [[stream.stage]]\nname = \"output\"\ntopic = \"{target}\"\nquiet = \"3s\"\n{places}"
        );
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let passing_on = scope.spawn(|| pass_on(&stop));
            let mut running = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
            running.until_seconds(1);
            meanwhile(&mut running);
            let ended = running.wait();
            stop.store(true, Ordering::Relaxed);
            (ended, passing_on.join().unwrap())
        })
    }

    fn reader(&self) -> BaseConsumer {
        let consumer: BaseConsumer = self.cluster.client().set("group.id", &self.source).create().unwrap();
        let mut from = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            from.add_partition_offset(&self.source, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&from).unwrap();
        consumer
    }

    /// Passes on events one by one.
    fn rewrite(&self, stop: &AtomicBool, rewrite: Rewrite) -> PassedOn {
        let (consumer, mut passed_on) = (self.reader(), PassedOn::default());
        // New partitions are noticed soon.
        let producer: BaseProducer =
            self.cluster.client().set("topic.metadata.refresh.interval.ms", "200").create().unwrap();
        while !stop.load(Ordering::Relaxed) {
            let Some(message) = next(&consumer) else { continue };
            self.send(&producer, &message, rewrite);
            passed_on.kept += 1;
        }
        producer.flush(PATIENCE).unwrap();
        passed_on
    }

    /// Passes on in transactions; every third is aborted, and its content is not sent again.
    fn in_transactions(&self, stop: &AtomicBool) -> PassedOn {
        let (consumer, mut passed_on) = (self.reader(), PassedOn::default());
        let producer: BaseProducer = self.cluster.client().set("transactional.id", &self.target).create().unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            let held: Vec<OwnedMessage> = std::iter::from_fn(|| next(&consumer)).take(EACH).collect();
            if held.is_empty() {
                continue;
            }
            producer.begin_transaction().unwrap();
            held.iter().for_each(|message| self.send(&producer, message, <[u8]>::to_vec));
            producer.flush(PATIENCE).unwrap();
            number += 1;
            if number % 3 == 0 {
                producer.abort_transaction(PATIENCE).unwrap();
                passed_on.aborted += held.len() as u64;
            } else {
                producer.commit_transaction(PATIENCE).unwrap();
                passed_on.kept += held.len() as u64;
            }
        }
        passed_on
    }

    fn send(&self, producer: &BaseProducer, message: &OwnedMessage, rewrite: Rewrite) {
        let payload = rewrite(message.payload().unwrap());
        let record = BaseRecord::to(&self.target).key(message.key().unwrap()).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
}

fn next(consumer: &BaseConsumer) -> Option<OwnedMessage> {
    consumer.poll(Duration::from_millis(20)).map(|message| message.unwrap().detach())
}

/// As Debezium wraps a row.
fn wrapped(event: &[u8]) -> Vec<u8> {
    [b"{\"payload\":{\"after\":", event, b"}}"].concat()
}

#[test]
fn partitions_that_come_while_a_run_lasts_are_read() {
    let pipeline = Pipeline::new();
    let grow = |_: &mut Running| pipeline.cluster.grow(&pipeline.target, 6);
    let (ended, passed_on) = pipeline.run("", |stop| pipeline.rewrite(stop, <[u8]>::to_vec), grow);
    let summary = ended.summary();
    let reasons = reasons_but_the_machine(&summary);
    let [added] = reasons.as_slice() else { panic!("{reasons:?}") };
    assert!(added.code == ReasonCode::PartitionsAdded && added.text.contains("from 2 to 6"), "{added}");
    let output = summary.streams[0].counts;
    assert_eq!((output.delivered, output.lost, output.in_flight), (2000, 0, 0), "{output:?}");
    assert_eq!(passed_on, PassedOn { kept: 2000, aborted: 0 });
    assert_eq!(ended.code(), Some(if summary.verdict == Verdict::Pass { 0 } else { 3 }), "{}", ended.stderr);
    let in_new: i64 = (2..6).map(|partition| pipeline.cluster.records(&pipeline.target, partition)).sum();
    assert!(in_new > 0, "no event went into the new partitions");
}

#[test]
fn events_of_aborted_transactions_are_not_delivered() {
    let pipeline = Pipeline::new();
    let (ended, passed_on) = pipeline.run("", |stop| pipeline.in_transactions(stop), |_| {});
    let summary = ended.summary();
    assert!(passed_on.aborted > 0 && passed_on.kept + passed_on.aborted == 2000, "{passed_on:?}");
    let output = summary.streams[0].counts;
    assert_eq!((output.delivered, output.lost, output.in_flight), (passed_on.kept, passed_on.aborted, 0), "{output:?}");
    assert_conserved(&summary);
    let input = summary.streams[0].stages[0].counts;
    assert_eq!((input.delivered, input.lost), (2000, 0), "{input:?}");
    assert_eq!((ended.code(), summary.verdict), (Some(1), Verdict::Fail), "{}", ended.stderr);
}

#[test]
fn wrapped_events_are_unreadable_and_the_hint_says_where_they_are() {
    let run = |places: &str| {
        let pipeline = Pipeline::new();
        pipeline.run(places, |stop| pipeline.rewrite(stop, wrapped), |_| {}).0
    };
    let ended = run("");
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    let output = summary.streams[0].counts;
    assert_eq!((output.unreadable, output.lost, output.in_flight), (2000, 0, 2000), "{output:?}");
    let unreadable = summary.reasons.iter().find(|reason| reason.code == ReasonCode::Unreadable);
    let told = &unreadable.unwrap_or_else(|| panic!("{:?}", summary.reasons)).text;
    for part in ["none of the 2,000 messages", "{payload: {after: {", "id = \"/payload/after/id\""] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Following the hint gives a normal run.
    let places = "id = \"/payload/after/id\"\ndue = \"/payload/after/due\"\nsent = \"/payload/after/sent\"\n";
    let summary = run(places).sound();
    assert_eq!(summary.streams[0].counts.delivered, 2000);
}

#[test]
fn a_pipeline_that_passes_nothing_on_is_said_to_be_silent() {
    let pipeline = Pipeline::new();
    let (ended, _) = pipeline.run("", |_| PassedOn::default(), |_| {});
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(1), Verdict::Fail), "{}", ended.stderr);
    let lost = summary.reasons.iter().find(|reason| reason.code == ReasonCode::Lost);
    let told = &lost.unwrap_or_else(|| panic!("{:?}", summary.reasons)).text;
    assert!(told.contains(&format!("nothing arrived in topic {}", pipeline.target)), "{told}");
}
