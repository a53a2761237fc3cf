//! The path of an event through the library: from a schedule through a broker to a ledger.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use floodmark::check::Observed;
use floodmark::clock::Clock;
use floodmark::consume::{self, End, StagePlan, StageReport, Told};
use floodmark::event::RunTag;
use floodmark::kafka::{ClientSettings, Operation, Target, TopicPlan};
use floodmark::load::{Shard, streams_of};
use floodmark::produce::{self, FiguresTo, ProduceReport, RecordWriter, StreamPlan};
use floodmark::profile::{Isolation, Profile, Span};
use floodmark::stop::StopFlag;

use crate::cluster::{Cluster, fresh_topic};

const STREAM: &str = "[[stream]]\nname = \"s\"\nrate = \"20k/s\"\npayload = { filler = \"100B\" }\n";

#[test]
fn every_event_that_is_due_is_sent_acknowledged_and_seen_once() {
    let cluster = Cluster::for_a_test();
    let profile: Profile = toml::from_str(STREAM).unwrap();
    let settings = ClientSettings::gather(Some(&cluster.brokers), None, &[]).unwrap();
    let target = Target::connect(&settings, Duration::from_secs(10)).unwrap();
    let topic = fresh_topic("way");
    let plan = TopicPlan { topic: &topic, partitions: Some(3), allowed: false };
    let partitions = target.prepare_topics(&[plan], Operation::Write).unwrap()[0];
    let schedule = streams_of(&profile, Span::from_secs(2), &[partitions as u16]).remove(0);
    let clock = Clock::anchored_now();
    let start_ns = clock.now_ns() + 300_000_000;
    let (stop, run) = (StopFlag::default(), RunTag(5));

    let ranges = target.ranges(&topic, partitions, Isolation::ReadUncommitted, Duration::from_secs(10)).unwrap();
    let (stage_figures, _stage_seconds) = channel();
    let observing = consume::start(
        StagePlan {
            stream: 0,
            stage: 0,
            name: "s".to_owned(),
            topic: topic.clone(),
            from: ranges.iter().map(|range| (range.partition, range.end)).collect(),
            partitions: 3,
            client: Default::default(),
            settings: settings.consumer("floodmark-test", Isolation::ReadUncommitted),
            extractor: consume::extract::Extractor::of_layout(profile.streams[0].payload.layout()),
            observed: Observed { run, stream: 0, streams: 1, partitions: Some(3), is_input: true },
            schedule: Arc::clone(&schedule),
            clock,
            start_ns: Some(start_ns),
            warmup_ns: 0,
            quiet_ns: 1_000_000_000,
            drain_ns: 10_000_000_000,
            models: Vec::new(),
            windows: Default::default(),
        },
        stage_figures,
        &stop,
    )
    .unwrap();
    let plan = StreamPlan {
        stream: 0,
        name: "s".to_owned(),
        schedule: Arc::clone(&schedule),
        producers: Shard::WHOLE.producers_of(4).collect(),
        workers: 1,
        run,
        clock,
        start_ns,
        warmup_ns: 0,
        drain_ns: 10_000_000_000,
        client: profile.streams[0].client,
        delivery: profile.streams[0].delivery,
        transaction_ns: 0,
        when_full: profile.streams[0].when_full,
        records: RecordWriter::new(&profile.streams[0], &schedule),
        counts_injected: false,
        topic: topic.clone(),
        settings: settings.producer(profile.streams[0].delivery, 10_000, None),
        capacity: 10_000,
    };
    let ((sends, _send_seconds), (acks, _ack_seconds)) = (channel(), channel());
    let (waits, waited) = channel();
    let ready = produce::open(vec![plan]).unwrap();
    let reports = ready.start(start_ns, None, &stop, &FiguresTo { sends, acks, waits }).unwrap().join();
    assert_eq!(waited.try_iter().last().unwrap().unacknowledged.events, 0);
    let ends = target.ranges(&topic, partitions, Isolation::ReadUncommitted, Duration::from_secs(10)).unwrap();
    observing.tell(Told::End(End::Offsets(ends.iter().map(|range| (range.partition, range.end)).collect())));
    let seen = observing.join();
    assert_all_accounted_for(reports, &seen);
}

fn assert_all_accounted_for(reports: Vec<ProduceReport>, seen: &StageReport) {
    let [report] = <[_; 1]>::try_from(reports).ok().unwrap();
    assert_eq!(report.worker.sent_events, 40_000);
    let produced = report.acks.ledger.finish();
    let acked: u64 = produced.producers.values().map(|sends| sends.acked.len()).sum();
    assert_eq!(acked, 40_000);
    assert!(seen.complete, "{:?}", seen.last_error);
    assert_eq!(seen.ledger.deliveries(), 40_000);
    assert_eq!(seen.ledger.producers.values().map(|events| events.distinct()).sum::<u64>(), 40_000);
    assert_eq!(seen.ledger.due_to_consumed.count(), 40_000);
}
