//! Laws of the sending end at moments that are told, mostly without any broker.

use std::sync::mpsc::channel;

use super::super::hostile::{client, event, honest};
use super::super::records::Record;
use super::super::wire::Layout;
use super::*;
use crate::kafka::Outcome;

const MS: u64 = 1_000_000;
const LIFETIME_MS: u64 = 1600;

/// A client of one partition, whose leader cannot be reached.
fn alone() -> Deliveries {
    let settings = [("delivery.timeout.ms", LIFETIME_MS.to_string()), ("linger.ms", "1".to_owned())];
    let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let options = Arc::new(Options::of("orders", &settings, 10_000).unwrap());
    let shelf = Arc::new(Shelf::new(1, options.limits.fullness).unwrap());
    let layout = Layout { brokers: [].into(), leaders: vec![Some(1)] };
    let cluster = Cluster::of(options.contact(), Arc::<Shelf>::clone(&shelf), layout, [].into());
    Deliveries::new(options, shelf, cluster, (0, 0), 1, channel().0)
}

/// Adds an event of this number at a moment.
fn add(deliveries: &Deliveries, sequence: u64, now_ns: u64) {
    let Deliveries { shelf, options, .. } = deliveries;
    let mut bench = shelf.take();
    let record = Record { key: None, value: Some(b"value"), headers: &Vec::new(), timestamp_ms: 0 };
    let event = Outgoing { partition: crate::event::Partition::new(0), ..event(sequence) };
    let bytes = bench.push(&record, event, now_ns, &options.limits.fullness).unwrap();
    shelf.put_back(bench, bytes);
}

/// Puts a batch under way that is never answered.
fn begin(deliveries: &mut Deliveries) {
    add(deliveries, u64::MAX, 0);
    deliveries.collect(2 * MS);
    assert!(deliveries.lanes[0].order.send_next(1).is_some());
}

/// What is settled by a moment.
fn settled(deliveries: &mut Deliveries, now_ns: u64) -> Vec<(u64, Outcome)> {
    deliveries.collect(now_ns);
    deliveries.expire(now_ns);
    let mut told = Vec::new();
    deliveries.report(|delivery| told.push((delivery.event.sequence, delivery.outcome)));
    told
}

#[test]
fn while_nothing_can_be_sent_events_time_out_one_group_after_another() {
    let mut deliveries = alone();
    begin(&mut deliveries);
    let (mut told, step_ms) = (0, 10);
    for now_ms in (10..4 * LIFETIME_MS).step_by(step_ms as usize) {
        add(&deliveries, now_ms, now_ms * MS);
        for (added_ms, outcome) in settled(&mut deliveries, now_ms * MS) {
            assert_eq!(outcome, Outcome::Failed(ErrorCode::MessageTimedOut));
            let lived_ms = now_ms - added_ms;
            let youngest_ms = LIFETIME_MS - LIFETIME_MS / GROWS_FOR_PART - step_ms;
            assert!((youngest_ms..=LIFETIME_MS + step_ms).contains(&lived_ms), "{added_ms} lived for {lived_ms} ms");
            told += 1;
        }
    }
    assert!(told > 400, "{told}");
}

#[test]
fn a_client_that_has_failed_for_good_settles_what_is_open() {
    let mut deliveries = alone();
    begin(&mut deliveries);
    add(&deliveries, 1, 3 * MS);
    deliveries.fatal = Some("used up".to_owned());
    deliveries.shelf.shut();
    assert_eq!(settled(&mut deliveries, 6 * MS), [(1, Outcome::Failed(ErrorCode::Fatal))]);
}

#[test]
fn a_new_leader_gets_one_batch_until_it_has_acknowledged_one() {
    let mut deliveries = alone();
    for (number, (sent_to, has_room)) in (1..).zip([(None, false), (Some(1), true), (Some(2), false)]) {
        add(&deliveries, number, 10 * number * MS);
        deliveries.collect((10 * number + 2) * MS);
        deliveries.lanes[0].sent_to = sent_to;
        assert_eq!(deliveries.gather(1, 0).len(), 1);
        assert_eq!(deliveries.lanes[0].order.has_room(), has_room, "{number}");
        let Deliveries { lanes, settled, requests, .. } = &mut deliveries;
        lanes[0].order.answer(*requests, Verdict::Written { offset: None }, settled);
        assert!(lanes[0].order.has_room());
    }
}

#[test]
fn what_is_in_flight_is_not_counted_while_the_worker_holds_a_part_of_it() {
    let mut deliveries = alone();
    begin(&mut deliveries);
    add(&deliveries, 1, 3 * MS);
    let count = |deliveries: &Deliveries| deliveries.in_flight_now().map(Iterator::count);
    assert_eq!(count(&deliveries), Some(2));
    let bench = deliveries.shelf.take();
    assert_eq!(count(&deliveries), None);
    deliveries.shelf.put_back(bench, 0);
    assert_eq!(count(&deliveries), Some(2));
}

#[test]
fn a_shorter_wait_does_not_end_a_longer_one() {
    let (_sink, mut deliveries) = client(honest(), &[]);
    let link = deliveries.cluster.link(1).unwrap();
    for (throttled_ms, now_ms) in [(1000, 0), (0, 5), (10, 6)] {
        link.mute(throttled_ms, now_ms * MS);
        assert_eq!(link.muted_until_ns, 1000 * MS);
    }
}
