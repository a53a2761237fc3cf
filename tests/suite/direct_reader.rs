//! The reader that fetches record batches itself sees what librdkafka sees.

use std::time::Duration;

use floodmark::results::Summary;
use floodmark::verdict::{ReasonCode, Verdict};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream whose topic both clients read.
fn read_by_both(topic: &str, stream: &str, stage: &str) -> String {
    let stages = ["librdkafka", "direct"].map(|client| {
        format!("[[stream.stage]]\nname = \"{client}\"\ntopic = \"{topic}\"\nclient = \"{client}\"\n{stage}\n")
    });
    format!(
        "duration = \"3s\"\ndrain = \"20s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\n{stream}\n{}",
        stages.concat()
    )
}

/// What the two stages counted.
fn counted(summary: &Summary) -> [String; 2] {
    let stages = &summary.streams[0].stages;
    let of = |name: &str| {
        let stage = stages.iter().find(|stage| stage.name == name).unwrap();
        format!("{:?}", stage.counts)
    };
    [of("librdkafka"), of("direct")]
}

#[test]
fn both_readers_count_alike_however_batches_are_compressed() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let stream = format!(
            "compression = \"{codec}\"\nretries = {{ share = 0.05 }}\nheaders = {{ source = \"crm\" }}\nkeys = {{ count = 50, null_share = 0.1 }}\n"
        );
        let text = read_by_both(&cluster.topic(&format!("read-{codec}")), &stream, "");
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &["--seed", "5"]);
        let [theirs, ours] = counted(&ended.sound());
        assert_eq!(ours, theirs, "{codec}");
    }
}

#[test]
fn of_transactions_only_what_was_committed_is_seen() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for (isolation, sees) in [("read_committed", false), ("read_uncommitted", true)] {
        let topic = cluster.topic("read-aborted");
        cluster.create(&topic, 1);
        let text = read_by_both(&topic, "delivery = \"exactly-once\"\n", &format!("isolation = \"{isolation}\"\n"));
        let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
        run.until_seconds(1);
        let other: BaseProducer = cluster.client().set("transactional.id", &topic).create().unwrap();
        other.init_transactions(PATIENCE).unwrap();
        other.begin_transaction().unwrap();
        for _ in 0..20 {
            let record = BaseRecord::<str, str>::to(&topic).partition(0).payload("x");
            other.send(record).map_err(|(error, _)| error).unwrap();
        }
        other.flush(PATIENCE).unwrap();
        other.abort_transaction(PATIENCE).unwrap();
        let summary = run.wait().summary();
        let [theirs, ours] = counted(&summary);
        assert_eq!(ours, theirs, "{isolation}");
        assert_eq!(ours.contains("unreadable: 20"), sees, "{isolation}: {ours}");
        assert_conserved(&summary);
    }
}

#[test]
fn a_topic_that_is_made_anew_is_read_from_its_beginning() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("read-anew");
    cluster.create(&topic, 2);
    let text = format!(
        "duration = \"5s\"\ndrain = \"5s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\nclient = \"direct\"\n"
    );
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(1);
    cluster.delete(&topic);
    cluster.create(&topic, 2);
    run.until("the news", |run| run.stderr().contains(&format!("topic {topic} was deleted and recreated")));
    let ended = run.wait();
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    assert!(summary.reasons.iter().any(|reason| reason.code == ReasonCode::TopicChanged), "{:?}", summary.reasons);
    assert!(summary.totals.delivered > 500 && summary.totals.lost == 0, "{:?}", summary.totals);
    assert_conserved(&summary);
}

#[test]
fn partitions_that_a_topic_gains_are_read() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("read-more");
    cluster.create(&topic, 1);
    let mut run = workshop.start_on("run", &workshop.profile(&read_by_both(&topic, "", "")), &cluster.brokers, &[]);
    run.until_seconds(1);
    cluster.grow(&topic, 3);
    let producer: BaseProducer = cluster.client().create().unwrap();
    for partition in 0..3 {
        let record = BaseRecord::<str, str>::to(&topic).partition(partition).payload("x");
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let [theirs, ours] = counted(&run.wait().summary());
    assert_eq!(ours, theirs);
    assert!(ours.contains("unreadable: 3"), "each partition was read: {ours}");
}
