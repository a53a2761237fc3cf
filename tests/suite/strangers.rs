//! Topics with messages that are not this run's.

use floodmark::event::{EventId, RunTag};
use floodmark::verdict::ReasonCode;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop, assert_conserved, reasons_but_the_machine};

/// An event of another run, as its payload.
fn of_another_run(sequence: u64) -> Vec<u8> {
    let id =
        EventId { run: RunTag(1), stream: 0, producer: 0, partition: floodmark::event::Partition::default(), sequence };
    format!("{{\"id\":\"{}\",\"due\":1,\"sent\":1}}", id.to_uuid()).into_bytes()
}

#[test]
fn messages_that_are_not_ours_are_counted_and_spoil_nothing() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("strangers");
    cluster.create(&topic, 4);
    cluster.write(&topic, &vec![b"was here before".to_vec(); 7]);
    let text = format!("duration = \"3s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\n");
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(1);
    let mut strange: Vec<Vec<u8>> = (0..5).map(of_another_run).collect();
    strange.extend((0..4).map(|sequence| of_another_run(sequence)[..25].to_vec()));
    strange.extend([Vec::new(), vec![0xff; 64], b"{}".to_vec(), b"{\"id\":7}".to_vec(), b"null".to_vec()]);
    cluster.write(&topic, &strange);
    let summary = run.wait().summary();
    let reasons = reasons_but_the_machine(&summary);
    let [other_run] = reasons.as_slice() else { panic!("{reasons:?}") };
    assert_eq!((other_run.code, other_run.observed), (ReasonCode::OtherRun, Some(5.0)));
    assert!(other_run.text.contains("5 events of another run (tag 00000001) came to topic"), "{other_run}");
    assert_conserved(&summary);
    let counts = summary.totals;
    assert_eq!((counts.foreign, counts.unreadable, counts.phantom), (14, 9, 0), "{counts:?}");
    assert_eq!((counts.planned, counts.delivered, counts.duplicates_accidental), (3000, 3000, 0));
}

/// Two runs of this profile send to one topic; the first outlasts the second.
fn two_runs(second_flags: &[&str]) -> [Ended; 2] {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("two-runs");
    cluster.create(&topic, 4);
    let text = |duration: &str| {
        format!("duration = \"{duration}\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\n")
    };
    let (long, short) = (workshop.profile(&text("6s")), workshop.profile(&text("2s")));
    let mut first = workshop.start_on("run", &long, &cluster.brokers, &["--run-id", "night-1"]);
    first.until_seconds(1);
    let second = workshop.run(&short, &cluster.brokers, second_flags);
    [first.wait(), second]
}

#[test]
fn another_run_on_the_topic_is_named_by_both_and_counted_by_neither() {
    let [first, second] = two_runs(&["--run-id", "night-2"]).map(|ended| ended.summary());
    for (summary, planned) in [(&first, 3000), (&second, 1000)] {
        let reasons = reasons_but_the_machine(summary);
        let [other_run] = reasons.as_slice() else { panic!("{reasons:?}") };
        assert_eq!(other_run.code, ReasonCode::OtherRun, "{other_run}");
        assert_eq!((summary.totals.delivered, summary.totals.duplicates_accidental), (planned, 0));
        assert_conserved(summary);
    }
    assert_eq!(first.totals.foreign, 1000, "the whole of the second lies within the first");
}

#[test]
fn a_run_id_that_is_in_use_is_refused_before_anything_is_sent() {
    let [first, second] = two_runs(&["--run-id", "night-1"]);
    let told = serde_json::from_str::<serde_json::Value>(&second.stdout).unwrap().to_string();
    assert_eq!(second.code(), Some(2), "{told}");
    assert!(told.contains("run id night-1 is in use"), "{told}");
    assert!(!second.out.unwrap().exists(), "results of nothing");
    assert_eq!(first.sound().totals.delivered, 3000);
}
