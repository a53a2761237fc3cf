//! Topics that change during a run.

use std::time::Duration;

use floodmark::verdict::{ReasonCode, Verdict};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

const PATIENCE: Duration = Duration::from_secs(30);

fn text(topic: &str, more: &str) -> String {
    format!(
        "duration = \"4s\"\ndrain = \"3s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\n{more}"
    )
}

#[test]
fn a_topic_that_is_made_anew_is_named_at_once_and_nothing_is_called_lost() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("made-anew");
    cluster.create(&topic, 2);
    // A reader that waits for more than there is: events have been acknowledged but not seen when their topic is deleted.
    let slow = ["-X", "fetch.min.bytes=50000000", "-X", "fetch.wait.max.ms=2500"];
    let mut run = workshop.start_on("run", &workshop.profile(&text(&topic, "")), &cluster.brokers, &slow);
    run.until_seconds(1);
    cluster.delete(&topic);
    cluster.create(&topic, 2);
    run.until("the news", |run| run.stderr().contains(&format!("topic {topic} was deleted and recreated")));
    let ended = run.wait();
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    let counts = summary.totals;
    assert!(counts.in_flight > 0 && counts.lost == 0, "{counts:?}");
    let missing = Some(counts.in_flight as f64);
    let is_cause = |code, observed| code == ReasonCode::TopicChanged && observed == missing;
    assert!(summary.reasons.iter().any(|reason| is_cause(reason.code, reason.observed)), "{:?}", summary.reasons);
    assert_conserved(&summary);
}

#[test]
fn events_behind_somebody_elses_open_transaction_are_in_flight() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("open");
    cluster.create(&topic, 1);
    let other: BaseProducer = cluster.client().set("transactional.id", &topic).create().unwrap();
    other.init_transactions(PATIENCE).unwrap();
    other.begin_transaction().unwrap();
    let profile = workshop.profile(&text(&topic, "delivery = \"exactly-once\"\n"));
    let mut run = workshop.start_on("run", &profile, &cluster.brokers, &[]);
    run.until_seconds(1);
    let record = BaseRecord::<str, str>::to(&topic).partition(0).payload("x");
    other.send(record).map_err(|(error, _)| error).unwrap();
    other.flush(PATIENCE).unwrap();
    let ended = run.wait();
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    let counts = summary.totals;
    assert!(counts.in_flight > 0 && counts.delivered > 0 && counts.lost == 0, "{counts:?}");
    let open = summary.reasons.iter().find(|reason| reason.code == ReasonCode::OpenTransaction);
    assert_eq!(open.and_then(|reason| reason.observed), Some(counts.in_flight as f64), "{:?}", summary.reasons);
    assert_conserved(&summary);
    other.abort_transaction(PATIENCE).unwrap();
}
