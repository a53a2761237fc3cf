//! A rate that is too high for the client's queue, or for the target.

use std::num::NonZeroU64;

use floodmark::broker::{Broker, BrokerConfig, Ceiling};
use floodmark::check::Counts;
use floodmark::results::TimelineRow;
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

#[test]
fn what_was_due_stands_in_its_second_while_acknowledgements_come_late() {
    let ceiling = Ceiling { events_per_s: NonZeroU64::new(500), ..Ceiling::default() };
    let broker = Broker::start(BrokerConfig { ceiling, ..BrokerConfig::default() }).unwrap();
    let workshop = Workshop::new();
    let text = "duration = \"3s\"\n[[stream]]\nname = \"s\"\ntopic = \"floodmark-late-acks\"\nrate = \"1k/s\"\n";
    let ended = workshop.run(&workshop.profile(text), &broker.address().to_string(), &[]);
    assert_conserved(&ended.summary());
    let rows = ended.folder().timeline().unwrap();
    // 3,000 events at 500/s take 6 seconds; all of them were due in the first three.
    let last =
        |of: fn(&TimelineRow) -> f64| rows.iter().filter(|row| of(row) > 0.0).map(|row| row.second).max().unwrap();
    let (sent, acked) = (last(|row| row.sent_per_s), last(|row| row.acked_per_s));
    assert!(sent <= 3 && acked >= 5, "sent until second {sent}, acknowledged until {acked}");
    assert!((rows.iter().map(|row| row.offered_per_s).sum::<f64>() - 3000.0).abs() < 1e-6);
}
