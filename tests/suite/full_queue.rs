//! A rate that is too high for the client's queue.

use floodmark::check::Counts;
use floodmark::verdict::ReasonCode;

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

/// 50,000 events in half a second through a queue of 100.
fn too_much_for_the_queue(when_full: &str) -> Counts {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("full");
    let text = format!(
        "duration = \"500ms\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"100k/s\"\nwhen_full = \"{when_full}\"\n"
    );
    let small = ["-X", "queue.buffering.max.messages=100"];
    let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &small).summary();
    assert_conserved(&summary);
    let codes: Vec<ReasonCode> = summary.reasons.iter().map(|reason| reason.code).collect();
    assert!(
        codes.contains(&ReasonCode::HeldBackByQueue),
        "the queue is to blame, not the target: {:?}",
        summary.reasons
    );
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.failed, counts.unresolved, counts.lost), (50_000, 0, 0, 0));
    assert_eq!(counts.delivered, counts.acked);
    counts
}

#[test]
fn told_to_drop_the_generator_counts_what_it_drops() {
    let counts = too_much_for_the_queue("drop");
    assert!(counts.dropped > 0 && counts.acked > 0, "{counts:?}");
}

#[test]
fn told_to_be_late_the_generator_drops_nothing() {
    let counts = too_much_for_the_queue("late");
    assert_eq!((counts.dropped, counts.delivered), (0, 50_000));
}
