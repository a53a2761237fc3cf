//! Topics that hold, or get, what is not this run's.

use floodmark::check::ReasonCode;
use floodmark::event::{EventId, RunTag};

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved, reasons_but_the_machine};

/// An event of another run, as its payload.
fn of_another_run(sequence: u64) -> Vec<u8> {
    let id = EventId { run: RunTag(1), stream: 0, producer: 0, partition: 0, sequence };
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
