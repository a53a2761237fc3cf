//! Clocks that are 47 s apart under a bound of 5 s: what is lost, why, and which bound loses nothing.

use floodmark::event_time::lateness::{Finding, InjectionKind};
use floodmark::results::Summary;
use floodmark::results::summary::{LatenessSummary, StreamSummary};

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

/// Producer 3's clock is 47 s behind. With a stated `keeps_up` drops can be certain.
fn profile(topic: &str, bound: &str) -> String {
    format!(
        r#"
duration = "4s"
[[stream]]
name = "zones"
topic = "{topic}"
rate = "1k/s"
producers = 4
partitions = 3
payload = {{ size = "256B" }}
[stream.skew]
offsets = ["0s", "20ms", "0s", "-47s"]
[[stream.watermark]]
engine = "flink"
bound = "{bound}"
window = "tumbling:10s"
keeps_up = "1s"
[[stream.watermark]]
engine = "kafka-streams"
allowed_lateness = "{bound}"
window = "tumbling:10s"
"#
    )
}

fn run(workshop: &Workshop, cluster: &Cluster, bound: &str) -> Ended {
    let profile = workshop.profile(&profile(&cluster.topic("zones"), bound));
    workshop.run(&profile, &cluster.brokers, &[])
}

fn zones(summary: &Summary) -> (&StreamSummary, &LatenessSummary) {
    let stream = &summary.streams[0];
    (stream, stream.lateness.as_ref().unwrap())
}

#[test]
fn a_bound_of_5_s_under_clocks_47_s_apart_is_found_out_and_the_advised_one_drops_nothing() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let first = run(&workshop, &cluster, "5s");
    let summary = first.sound();
    let (stream, lateness) = zones(&summary);
    let from_behind = stream.counts.delivered / 4;
    let flink = &stream.watermarks[0];
    assert!(flink.dropped_sure > from_behind / 2 && flink.dropped_possible <= from_behind, "{flink:?}");

    // The cause: whose clock, by how much, and that nothing else is late.
    let behind = stream.findings.iter().find_map(|found| match found.finding {
        Finding::ProducerBehind { producer, behind_ms, late, late_in_all } => {
            Some((producer, behind_ms, late == late_in_all, late))
        }
        _ => None,
    });
    let (producer, behind_ms, all_its_own, late) = behind.unwrap();
    assert_eq!((producer, all_its_own), (3, true), "{:?}", stream.findings);
    assert!((46_900..=47_100).contains(&behind_ms), "{behind_ms}");
    assert_eq!((late, lateness.late), (flink.dropped_possible, flink.dropped_possible));
    let clock = stream.clocks[0];
    assert_eq!((clock.producer, clock.injected_ms), (3, Some(-47_000.0)));
    assert!(clock.unexplained_ms.unwrap().abs() < 2.0, "{clock:?}");

    // Where: the partitions and the windows.
    assert_eq!(lateness.partitions.iter().map(|of| of.late).sum::<u64>(), late);
    assert!(lateness.partitions.iter().all(|of| of.late > 0 && of.lateness_max_ms >= 46_000), "{lateness:?}");
    assert_eq!(lateness.windows.iter().map(|window| window.missing_possible).sum::<u64>(), late);
    assert_eq!(lateness.windows.len() as u64, flink.windows_affected);

    // What was injected, and what happened to it.
    let skewed = stream.injections.kinds[&InjectionKind::Skew];
    assert_eq!((skewed.injected, skewed.seen), (stream.counts.delivered / 2, stream.counts.delivered / 2));
    assert_eq!(skewed.race + skewed.dropped, late, "nothing but the skewed is lost");

    // Which bound: a second run with it drops nothing.
    let advised_ms = lateness.advised_ms.unwrap();
    assert!((47_000..=57_000).contains(&advised_ms), "{advised_ms}");
    let summary = run(&workshop, &cluster, &format!("{advised_ms}ms")).sound();
    let (stream, lateness) = zones(&summary);
    for model in &stream.watermarks {
        assert_eq!((model.dropped_sure, model.dropped_possible, model.windows_affected), (0, 0, 0), "{model:?}");
    }
    assert_eq!((lateness.late, lateness.windows.len()), (0, 0));
}

#[test]
fn the_watermark_log_has_a_row_for_each_partition_and_second() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let ended = run(&workshop, &cluster, "5s");
    let summary = ended.sound();
    let rows = ended.folder().watermarks().unwrap();
    for partition in [Some(0), Some(1), Some(2), None] {
        let of: Vec<_> = rows.iter().filter(|row| row.partition == partition).collect();
        assert!(of.windows(2).all(|pair| pair[0].second < pair[1].second), "{partition:?}");
        assert!(of.windows(2).all(|pair| pair[0].watermark_ms <= pair[1].watermark_ms), "a watermark never falls");
        assert!(of.iter().any(|row| row.watermark_ms.is_some()));
    }
    let records = |all: bool| rows.iter().filter(|row| row.partition.is_none() == all).map(|row| row.records).sum();
    let totals: (u64, u64) = (records(true), records(false));
    assert_eq!(totals, (summary.totals.delivered, summary.totals.delivered));
    let lags = rows.iter().filter_map(|row| Some(row.lag_ms? - (row.watermark_ms? - row.max_event_time_ms?) - 10_000));
    assert!(lags.into_iter().all(|beyond_ms| beyond_ms > -10_000), "the lag is the bound and what the clock is ahead");
}

#[test]
fn parts_that_sent_and_one_that_observed_make_the_whole_account() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let topic = cluster.topic("zones");
    cluster.create(&topic, 3);
    let profile = workshop.profile(&profile(&topic, "5s"));
    let id = ["--run-id", "zones"];
    let mut observer = workshop.start_on("consume", &profile, &cluster.brokers, &id);
    observer.until("ready", |running| running.stderr().contains("Ready"));
    let senders: Vec<_> = ["0/2", "1/2"]
        .iter()
        .map(|shard| workshop.start_on("produce", &profile, &cluster.brokers, &["--shard", shard, id[0], id[1]]))
        .collect();
    let parts: Vec<Ended> = senders.into_iter().chain([observer]).map(|part| part.wait()).collect();
    let folders: Vec<&str> = parts.iter().map(|part| part.out.as_ref().unwrap().to_str().unwrap()).collect();
    let out = workshop.fresh("merged");
    let merged = workshop.call(&[&["merge", "--json", "--out", out.to_str().unwrap()], &folders[..]].concat());
    let (whole, observed) = (merged.summary(), parts[2].summary());
    let (stream, lateness) = zones(&whole);
    assert_eq!(Some(lateness), observed.streams[0].lateness.as_ref());
    assert_eq!(stream.findings, observed.streams[0].findings);
    let skewed = stream.injections.kinds[&InjectionKind::Skew];
    assert_eq!((skewed.injected, skewed.seen), (2000, 2000));
    let rows = floodmark::results::RunFolder::open(&out).and_then(|folder| folder.watermarks()).unwrap();
    assert_eq!(rows.iter().filter(|row| row.partition.is_none()).map(|row| row.records).sum::<u64>(), 4000);
}
