//! Worked cases of the engines' rules: small streams with the verdict of every event.

use super::*;
use crate::event_time::CountRange;
use crate::profile::{Engine, Operator};

/// Flink, watermarks given: `E` an event, `W` a watermark.
enum Step {
    E(i64),
    W(i64),
}
use Step::{E, W};

fn tumbling(engine: Engine, size_ms: i64, allowed_ms: i64) -> ModelSpec {
    ModelSpec { window: WindowMs::tumbling(size_ms), allowed_ms, ..ModelSpec::plain(engine) }
}

fn counts(replay: &Replay) -> Vec<(i64, i64, u64)> {
    replay.windows().iter().map(|(span, count)| (span.start_ms, span.end_ms, *count)).collect()
}

fn with_watermarks(spec: &ModelSpec, steps: &[Step]) -> (Vec<(i64, Fate)>, Replay) {
    let mut replay = Replay::new(spec, 1, Emission::AtTicks);
    let mut fates = Vec::new();
    for step in steps {
        match step {
            E(time) => fates.push((*time, replay.event(0, *time, 0))),
            W(watermark) => replay.watermark(Some(0), *watermark),
        }
    }
    (fates, replay)
}

fn dropped(fates: &[(i64, Fate)]) -> Vec<i64> {
    fates.iter().filter(|(_, fate)| *fate == Fate::Dropped).map(|(time, _)| *time).collect()
}

/// (partition, time) pairs, a watermark after every record.
fn per_record(spec: &ModelSpec, partitions: usize, events: &[(usize, i64)]) -> Vec<(usize, i64)> {
    let mut replay = Replay::new(spec, partitions, Emission::PerRecord);
    let is_dropped = |(partition, time): &&(usize, i64)| replay.event(*partition, *time, 0) == Fate::Dropped;
    events.iter().filter(is_dropped).copied().collect()
}

#[test]
fn case_1_flink_without_allowed_lateness() {
    let steps = [E(1000), W(1985), E(1980), W(1999), E(1998), E(2001), W(2999), W(3999)];
    let (fates, replay) = with_watermarks(&tumbling(Engine::Flink, 2000, 0), &steps);
    assert_eq!(dropped(&fates), [1998]);
    assert_eq!(counts(&replay), [(0, 2000, 2), (2000, 4000, 1)]);
}

#[test]
fn case_2_flink_with_allowed_lateness() {
    let steps = [E(1000), E(500), W(1500), E(1300), W(2300), E(1997), W(6000), E(1998), W(7000)];
    let (fates, _) = with_watermarks(&tumbling(Engine::Flink, 2000, 500), &steps);
    assert_eq!(dropped(&fates), [1998]);
    let late: Vec<i64> = fates.iter().filter(|(_, fate)| *fate == Fate::LateAllowed).map(|(time, _)| *time).collect();
    assert_eq!(late, [1997]);
}

#[test]
fn case_3_flink_with_a_watermark_after_every_record() {
    let times = [9999, 10000, 5000, 19999, 10001, 20000, 10001].map(|time| (0, time));
    let lost = per_record(&ModelSpec::plain(Engine::Flink), 1, &times);
    assert_eq!(lost, [(0, 5000), (0, 10001)]);
    let fate = |last: i64| {
        let mut replay = Replay::new(&ModelSpec::plain(Engine::Flink), 1, Emission::PerRecord);
        for (_, time) in &times[..4] {
            replay.event(0, *time, 0);
        }
        replay.event(0, last, 0)
    };
    assert_ne!(fate(10001), Fate::Dropped, "the first 10001 is kept");
}

#[test]
fn case_4_flink_with_two_partitions() {
    let events = [(0, 50000), (0, 1), (1, 30000), (0, 2), (1, 3), (1, 60000), (1, 45000)];
    assert_eq!(per_record(&ModelSpec::plain(Engine::Flink), 2, &events), [(0, 2), (1, 3), (1, 45000)]);
}

#[test]
fn case_5_flink_sql_is_one_millisecond_stricter() {
    let events = [9999, 5000, 10000, 5001].map(|time| (0, time));
    assert_eq!(per_record(&ModelSpec::plain(Engine::FlinkSql), 1, &events), [(0, 5000), (0, 5001)]);
    assert_eq!(per_record(&ModelSpec::plain(Engine::Flink), 1, &events), [(0, 5001)]);
}

/// Batches of seconds; which of them are dropped.
fn spark(batches: &[&[i64]], is_quiet: bool) -> (Vec<i64>, u64) {
    let spec = ModelSpec { bound_ms: 10_000, ..tumbling(Engine::Spark, 5_000, 0) };
    let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
    let mut lost = Vec::new();
    for batch in batches {
        for time_s in *batch {
            if replay.event(0, time_s * 1000, 0) == Fate::Dropped {
                lost.push(*time_s);
            }
        }
        replay.batch();
        if is_quiet && replay.batch_moved_watermark() {
            replay.batch();
        }
    }
    (lost, replay.tally().metric)
}

#[test]
fn case_6_spark_on_a_quiet_stream_lags_one_batch() {
    assert_eq!(spark(&[&[10, 11, 12, 13, 14, 15], &[25], &[10]], true), (vec![10], 1));
}

#[test]
fn case_7_spark_with_batches_back_to_back_lags_two() {
    let (lost, metric) = spark(&[&[25], &[10], &[10], &[14, 15], &[60], &[20], &[20]], false);
    assert_eq!((lost, metric), (vec![10, 14, 20], 3));
}

#[test]
fn spark_counts_a_group_once_in_a_batch() {
    assert_eq!(spark(&[&[60], &[60], &[10, 11, 12, 17], &[10]], false), (vec![10, 11, 12, 17, 10], 3));
}

#[test]
fn case_8_kafka_streams_counts_every_expired_window() {
    let spec = ModelSpec { window: WindowMs::hopping(10, 5), allowed_ms: 90, ..ModelSpec::plain(Engine::KafkaStreams) };
    let mut replay = Replay::new(&spec, 1, Emission::PerRecord);
    let times = [100, 0, 1, 2, 3, 4, 5, 6, 105, 106];
    for time in times {
        replay.event(0, time, 0);
    }
    assert_eq!(replay.tally().metric, 7);
    assert!(
        replay.windows().keys().all(|span| span.start_ms > 0),
        "everything of [0, 10) is lost: {:?}",
        replay.windows()
    );
    assert_eq!(replay.tally().dropped, 5, "5 and 6 are kept in [5, 15)");
}

#[test]
fn an_idle_partition_no_longer_holds_the_watermark() {
    let spec = ModelSpec { idleness_ms: Some(1000), ..ModelSpec::plain(Engine::Flink) };
    let fate_after = |silence_ms: i64| {
        let mut replay = Replay::new(&spec, 2, Emission::AtTicks);
        replay.tick(Some(0));
        replay.event(0, 50_000, 0);
        replay.tick(Some(silence_ms));
        replay.event(0, 1, 0)
    };
    assert_eq!(fate_after(1000), Fate::OnTime, "idleness takes strictly longer");
    assert_eq!(fate_after(1001), Fate::Dropped);
}

#[test]
fn an_open_session_saves_a_late_event_in_flink_and_not_in_spark() {
    let window = WindowMs::Session { gap_ms: 100 };
    let fate_in = |engine| {
        let mut replay =
            Replay::new(&ModelSpec { window, bound_ms: 50, ..ModelSpec::plain(engine) }, 1, Emission::PerRecord);
        for time in [1000, 1050, 1100] {
            replay.event(0, time, 7);
        }
        replay.event(0, 1160, 8);
        for _ in 0..2 {
            replay.batch();
        }
        (replay.event(0, 1005, 7), replay.event(0, 1005, 9))
    };
    assert_eq!(fate_in(Engine::Flink), (Fate::OnTime, Fate::Dropped));
    assert_eq!(fate_in(Engine::KafkaStreams).1, Fate::Dropped);
    assert_eq!(fate_in(Engine::Spark), (Fate::Dropped, Fate::Dropped));
}

/// Kafka Streams, sessions of 10, no grace. The session that ends with 100 is closed at 111; 105 is in time by itself, finds it in the
/// cache and joins it, so 92 can join too. Once the session has left the cache, 92 is dropped.
#[test]
fn a_closed_session_that_is_still_in_the_cache_may_save_a_late_event() {
    let spec = ModelSpec { window: WindowMs::Session { gap_ms: 10 }, ..ModelSpec::plain(Engine::KafkaStreams) };
    let mut certain = Certain::new(&spec, 1);
    let times = [(100, 1), (111, 2), (105, 1), (92, 1), (80, 1)];
    let claims = times.map(|(event_time_ms, key_hash)| {
        certain.observe(&TimedRecord {
            partition: 0,
            event_time_ms,
            appended_ms: None,
            appended_by_ms: None,
            key_hash: Some(key_hash),
        })
    });
    assert_eq!(claims, [Claim::SureKeep, Claim::SureKeep, Claim::SureKeep, Claim::Race, Claim::SureDrop]);
    let mut replay = Replay::new(&spec, 1, Emission::PerRecord);
    assert_eq!(times.map(|(time, key)| replay.event(0, time, key))[3..], [Fate::OnTime, Fate::Dropped]);
    // Events that are further apart than the gap are not in one session.
    let mut apart = Replay::new(&spec, 1, Emission::PerRecord);
    assert_eq!([(100, 1), (111, 1), (100, 1)].map(|(time, key)| apart.event(0, time, key))[2], Fate::Dropped);
}

fn at(event_time_ms: i64, appended_ms: i64) -> TimedRecord {
    TimedRecord {
        partition: 0,
        event_time_ms,
        appended_ms: Some(appended_ms),
        appended_by_ms: Some(appended_ms),
        key_hash: Some(0),
    }
}

/// Beam, delay 5 s, windows of 1 s: one clock is 30 s ahead. Its events take the watermark
/// no further than the reader's clock, so no other event is late.
#[test]
fn an_event_ahead_of_beams_clock_takes_the_watermark_no_further() {
    let spec = ModelSpec { bound_ms: 5_000, keeps_up_ms: Some(1_000), ..tumbling(Engine::Beam, 1_000, 0) };
    let (mut watermarks, mut replay) = (Watermarks::new(&[spec], 1), Replay::new(&spec, 1, Emission::AtTicks));
    for second in 0..60 {
        let now_ms = 1_000_000 + second * 100;
        for ahead_ms in [30_000, 0] {
            watermarks.observe(&at(now_ms + ahead_ms, now_ms));
            assert_eq!(replay.event(0, now_ms + ahead_ms, 0), Fate::OnTime);
        }
        replay.tick(Some(now_ms));
    }
    let tally = watermarks.finish().remove(0);
    let none = CountRange { min: 0, max: 0 };
    assert_eq!((tally.dropped(), tally.expected().unwrap().records), (none, none));
}

/// Beam, delay 5 s: the partition is read to its end, and its watermark advances with the clock. An event of an hour ago is late, although
/// it is the newest of its partition.
#[test]
fn beam_drops_old_events_of_a_partition_that_was_read_to_its_end() {
    let spec = ModelSpec { bound_ms: 5_000, ..tumbling(Engine::Beam, 1_000, 0) };
    let now_ms = 10_000_000;
    let old = |second: i64| at(now_ms - 3_600_000 + second * 1_000, now_ms + second * 1_000);
    let (mut watermarks, mut certain) = (Watermarks::new(&[spec], 1), Certain::new(&spec, 1));
    let claims: Vec<Claim> = (0..160)
        .map(|second| {
            watermarks.observe(&old(second));
            certain.observe(&old(second))
        })
        .collect();
    assert_eq!(claims[0], Claim::SureKeep, "nothing was read before it");
    assert!(claims[1..].iter().all(|claim| *claim == Claim::Race));
    let tally = watermarks.finish().remove(0);
    assert_eq!(tally.dropped(), CountRange { min: 0, max: 159 });
    assert!(tally.expected().unwrap().records.min > 150, "{:?}", tally.expected());
    let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
    replay.event(0, old(0).event_time_ms, 0);
    replay.tick(Some(now_ms));
    assert_eq!(replay.event(0, old(1).event_time_ms, 0), Fate::OnTime, "not yet found to be read to its end");
    replay.idle(0);
    replay.tick(Some(now_ms + 2_000));
    assert_eq!(replay.event(0, old(2).event_time_ms, 0), Fate::Dropped);
}

#[test]
fn without_the_time_of_its_append_only_a_first_event_is_sure_to_be_kept_in_beam() {
    let mut certain = Certain::new(&ModelSpec { bound_ms: 5, ..ModelSpec::plain(Engine::Beam) }, 1);
    let claims = [100, 200, 300].map(|time| certain.observe(&TimedRecord { appended_by_ms: None, ..at(time, time) }));
    assert_eq!(claims, [Claim::SureKeep, Claim::Race, Claim::Race]);
    assert_eq!(certain.observe(&at(400, 400)), Claim::SureKeep, "what the clock was before does not matter any more");
}

#[test]
fn two_events_a_gap_apart_are_two_sessions_in_beam_alone() {
    let sessions = |engine: Engine| {
        let spec = ModelSpec { bound_ms: 0, window: WindowMs::Session { gap_ms: 10 }, ..ModelSpec::plain(engine) };
        let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
        for time in [100, 110, 119] {
            replay.event(0, time, 0);
        }
        replay.windows().len()
    };
    for engine in Engine::ALL {
        assert_eq!(sessions(engine), if engine == Engine::Beam { 2 } else { 1 }, "{engine}");
    }
}

/// The table in Azure's documentation of event ordering: late arrival 15 s, out of order 5 s. The first is adjusted for its arrival, the
/// last for its order.
#[test]
fn azures_own_example() {
    let spec =
        ModelSpec { bound_ms: 5_000, late_arrival_ms: 15_000, ..tumbling(Engine::AzureStreamAnalytics, 10_000, 0) };
    let (mut watermarks, mut certain) = (Watermarks::new(&[spec], 1), Certain::new(&spec, 1));
    let claims = [(0, 40), (30, 41), (42, 42), (38, 43), (35, 45)].map(|(time_s, arrived_s)| {
        watermarks.observe(&at(time_s * 1_000, arrived_s * 1_000));
        certain.observe(&at(time_s * 1_000, arrived_s * 1_000))
    });
    assert_eq!(claims, [Claim::SureDrop, Claim::SureKeep, Claim::SureKeep, Claim::SureKeep, Claim::SureDrop]);
    let tally = watermarks.finish().remove(0);
    assert_eq!((tally.dropped(), tally.metric()), (CountRange { min: 2, max: 2 }, CountRange { min: 1, max: 1 }));
}

#[test]
fn azure_drops_an_event_five_minutes_early_and_it_moves_nothing() {
    let spec = ModelSpec { late_arrival_ms: 60_000, ..tumbling(Engine::AzureStreamAnalytics, 10_000, 0) };
    let mut certain = Certain::new(&spec, 1);
    let claims = [(300_001, 0), (300_000, 0), (300_000, 1), (299_999, 2)]
        .map(|(time, arrived)| certain.observe(&at(time, arrived)));
    assert_eq!(claims, [Claim::SureDrop, Claim::SureKeep, Claim::SureKeep, Claim::SureDrop]);
}

/// It arrived between 0 and 10 s, and so may be too early to move anything: what is
/// behind it may be dropped because of it, but not certainly.
#[test]
fn azure_drops_nothing_for_sure_behind_an_event_that_may_be_early() {
    let spec = ModelSpec { late_arrival_ms: 60_000, ..tumbling(Engine::AzureStreamAnalytics, 10_000, 0) };
    let mut certain = Certain::new(&spec, 1);
    certain.observe(&TimedRecord { appended_by_ms: Some(10_000), ..at(305_000, 0) });
    assert_eq!(certain.observe(&at(301_000, 10_000)), Claim::Race);
}

/// By the documentation, events that arrive too late or too early have metrics of their own (`LateInputEvents`, `EarlyInputEvents`). One
/// that is both late and out of order is dropped, and may be counted as either; an early one gets no further.
#[test]
fn azure_counts_late_and_early_events_by_themselves() {
    let spec =
        ModelSpec { bound_ms: 5_000, late_arrival_ms: 15_000, ..tumbling(Engine::AzureStreamAnalytics, 10_000, 0) };
    let said = |events: [(i64, i64); 2]| {
        let mut watermarks = Watermarks::new(&[spec], 1);
        events.iter().for_each(|(time, arrived)| {
            watermarks.observe(&at(*time, *arrived));
        });
        let tally = watermarks.finish().remove(0);
        (tally.dropped(), tally.metric())
    };
    let one = CountRange { min: 1, max: 1 };
    assert_eq!(said([(42_000, 42_000), (20_000, 60_000)]), (one, CountRange { min: 0, max: 1 }));
    assert_eq!(said([(400_000, 100_000), (390_000, 80_000)]), (one, CountRange { min: 0, max: 0 }));
}

/// Regardless of its window: an event 5 s behind the newest is dropped by a tolerance of 4 s although its window of 1 h is open.
#[test]
fn azure_judges_events_and_not_windows() {
    let spec =
        ModelSpec { bound_ms: 4_000, late_arrival_ms: 60_000, ..tumbling(Engine::AzureStreamAnalytics, 3_600_000, 0) };
    let mut replay = Replay::new(&spec, 2, Emission::PerRecord);
    assert_eq!(
        [(0, 10_000), (0, 6_000), (0, 5_999), (1, 0)].map(|(partition, time)| replay.event(partition, time, 0)),
        [Fate::OnTime, Fate::OnTime, Fate::Dropped, Fate::OnTime],
        "each input partition has a watermark of its own"
    );
}

#[test]
fn azures_windows_hold_their_end() {
    let spec = ModelSpec { late_arrival_ms: 60_000, ..tumbling(Engine::AzureStreamAnalytics, 10, 0) };
    let mut replay = Replay::new(&spec, 1, Emission::PerRecord);
    for time in [100, 101, 110] {
        replay.event(0, time, 0);
    }
    assert_eq!(counts(&replay), [(90, 100, 1), (100, 110, 2)]);
}

/// Spark: rows of one batch and key. Deduplication counts each, sessions those of each time and partition, windows one.
#[test]
fn spark_counts_late_rows_by_what_reads_them() {
    let metric = |operator: Operator, window: WindowMs| {
        let spec = ModelSpec { operator, window, ..ModelSpec::plain(Engine::Spark) };
        let mut replay = Replay::new(&spec, 2, Emission::AtTicks);
        replay.event(0, 100_000, 0);
        replay.batch();
        replay.batch();
        for (partition, time) in [(0, 1_000), (0, 1_000), (1, 1_000), (0, 1_500)] {
            replay.event(partition, time, 7);
        }
        replay.tally().metric
    };
    assert_eq!(metric(Operator::Deduplication, WindowMs::None), 4);
    assert_eq!(metric(Operator::Aggregation, WindowMs::None), 2);
    assert_eq!(metric(Operator::Aggregation, WindowMs::Session { gap_ms: 10 }), 3);
    assert_eq!(metric(Operator::Aggregation, WindowMs::tumbling(10_000)), 1);
}

#[test]
fn spark_without_multiple_operators_filters_a_batch_earlier() {
    let dropped = |allow_multiple: bool| {
        let mut replay =
            Replay::new(&ModelSpec { allow_multiple, ..ModelSpec::plain(Engine::Spark) }, 1, Emission::AtTicks);
        replay.event(0, 100_000, 0);
        replay.batch();
        replay.event(0, 1, 0) == Fate::Dropped
    };
    assert_eq!([true, false].map(dropped), [false, true]);
}

/// Spark, batches of 1 s with an unknown beginning: what is expected of late events (time
/// 1, one key) that were appended then, after one of 100 s at 0.
fn expected_of_spark(allow_multiple: bool, appended_ms: &[i64]) -> Expected {
    let spec = ModelSpec { allow_multiple, interval_ms: Some(1_000), ..ModelSpec::plain(Engine::Spark) };
    let mut watermarks = Watermarks::new(&[spec], 1);
    watermarks.observe(&at(100_000, 0));
    for appended_ms in appended_ms {
        watermarks.observe(&at(1, *appended_ms));
    }
    watermarks.finish().remove(0).expected().unwrap()
}

/// By 1.5 s one batch has ended wherever they begin, and two have if they begin early; by 2.5 s two have.
#[test]
fn spark_is_expected_to_filter_a_batch_later_than_a_single_operator() {
    let records = |allow_multiple, appended_ms| expected_of_spark(allow_multiple, &[appended_ms]).records;
    assert_eq!(records(true, 1_500), CountRange { min: 0, max: 1 });
    assert_eq!(records(false, 1_500), CountRange { min: 1, max: 1 });
    assert_eq!(records(true, 2_500), CountRange { min: 1, max: 1 });
}

/// Two rows of a key and window in one batch, and a third in a later one.
#[test]
fn sparks_expected_metric_counts_a_group_in_every_batch() {
    let expected = expected_of_spark(true, &[5_050, 5_060, 7_060]);
    let exactly = |count| CountRange { min: count, max: count };
    assert_eq!((expected.records, expected.metric), (exactly(3), exactly(2)));
}

#[test]
fn flink_sql_may_count_the_late_rows_of_a_key_and_slice_once() {
    let window = WindowMs::hopping(10, 5);
    let mut replay = Replay::new(&ModelSpec { window, ..ModelSpec::plain(Engine::FlinkSql) }, 1, Emission::PerRecord);
    // 1000 and 1001 are in one slice, 1006 in the next.
    for time in [1334, 1000, 1001, 1006] {
        replay.event(0, time, 7);
    }
    let tally = replay.tally();
    assert_eq!((tally.dropped, tally.metric, tally.metric_least), (3, 3, 2));
}

/// Beam 2.69, delay 0. Partition 0 was read to its end at 100 and advanced to there; its event of 50 takes it back to 50, and the source's
/// watermark, which had waited for partition 1, gets no further than that.
#[test]
fn a_partition_of_beam_that_reads_again_goes_back_to_its_events() {
    let mut replay = Replay::new(&tumbling(Engine::Beam, 10, 0), 2, Emission::AtTicks);
    replay.event(0, 10, 0);
    replay.event(1, 20, 0);
    replay.idle(0);
    replay.tick(Some(100));
    replay.event(0, 50, 0);
    replay.event(1, 90, 0);
    replay.tick(Some(101));
    assert_eq!([60, 41].map(|time| replay.event(0, time, 0) == Fate::Dropped), [false, true]);
}

/// Beam 2.69, delay 0: the only partition followed the clock to 100. What it reads then takes its own watermark back, and not the source's.
#[test]
fn the_watermark_of_beams_source_never_goes_back() {
    let mut replay = Replay::new(&tumbling(Engine::Beam, 10, 0), 1, Emission::AtTicks);
    replay.event(0, 10, 0);
    replay.idle(0);
    replay.tick(Some(100));
    assert_eq!(replay.event(0, 50, 0), Fate::Dropped);
    replay.tick(Some(101));
    assert_eq!([60, 99, 100].map(|time| replay.event(0, time, 0) == Fate::Dropped), [true, true, false]);
}

/// Beam 2.69, delay 0: an event of 150 is ahead of the clock, and the watermark advances with the clock: to 120, to 140.
#[test]
fn beams_watermark_goes_with_the_clock_as_far_as_an_event_ahead_of_it() {
    let mut replay = Replay::new(&tumbling(Engine::Beam, 10, 0), 1, Emission::AtTicks);
    replay.event(0, 150, 0);
    replay.tick(Some(120));
    replay.tick(Some(140));
    assert_eq!([139, 140].map(|time| replay.event(0, time, 0) == Fate::Dropped), [true, false]);
}

/// Beam 2.69, delay 0: that a partition was read to its end is known for one moment. At the next it has a backlog, and does not advance.
#[test]
fn beams_partition_follows_the_clock_only_while_it_is_read_to_its_end() {
    let mut replay = Replay::new(&tumbling(Engine::Beam, 10, 0), 1, Emission::AtTicks);
    replay.event(0, 10, 0);
    replay.idle(0);
    replay.tick(Some(100));
    replay.tick(Some(200));
    assert_eq!([99, 100].map(|time| replay.event(0, time, 0) == Fate::Dropped), [true, false]);
}

/// Beam 2.69: a partition that was read to its end does not follow the clock for events before 1970; nor before the clock, less the delay,
/// is past its newest event.
#[test]
fn beams_partition_follows_the_clock_from_its_newest_event_on() {
    let fate = |bound_ms, first, now_ms, next| {
        let spec = ModelSpec { bound_ms, ..tumbling(Engine::Beam, 10, 0) };
        let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
        replay.event(0, first, 0);
        replay.idle(0);
        replay.tick(Some(now_ms));
        replay.event(0, next, 0)
    };
    assert_eq!(fate(0, -5, 100, 30), Fate::OnTime);
    assert_eq!(fate(0, 5, 100, 30), Fate::Dropped);
    assert_eq!(fate(50, 95, 140, 89), Fate::OnTime, "its watermark is 45 and not 90");
    assert_eq!(fate(50, 95, 150, 89), Fate::Dropped, "its watermark is 100");
}

/// Beam 2.69, hopping windows of 20 every 10, watermark 100: 95 loses one of its windows and 70 both.
#[test]
fn beam_counts_every_window_that_an_event_loses() {
    let spec = ModelSpec { window: WindowMs::hopping(20, 10), ..ModelSpec::plain(Engine::Beam) };
    let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
    replay.event(0, 100, 0);
    replay.tick(Some(200));
    assert_eq!([95, 70].map(|time| replay.event(0, time, 0)), [Fate::LateAllowed, Fate::Dropped]);
    assert_eq!(replay.tally().metric, 3);
}

/// Beam 2.69, sessions of 10, watermark 107: an open session of the key does not save an event that is late by itself.
#[test]
fn an_open_session_saves_no_late_event_in_beam() {
    let spec = ModelSpec { window: WindowMs::Session { gap_ms: 10 }, ..ModelSpec::plain(Engine::Beam) };
    let mut replay = Replay::new(&spec, 1, Emission::AtTicks);
    replay.event(0, 100, 1);
    replay.event(0, 107, 2);
    replay.tick(Some(200));
    assert_eq!([95, 97, 98].map(|time| replay.event(0, time, 1) == Fate::Dropped), [true, true, false]);
    assert_eq!(counts(&replay), [(98, 110, 2), (107, 117, 1)]);
}

/// Spark's watermark is 0 at first, and never less: a raw column of 0 is dropped in the first batch, and a window that ends at 0.
#[test]
fn sparks_watermark_begins_at_1970() {
    let raw = ModelSpec { window: WindowMs::None, bound_ms: 10, ..ModelSpec::plain(Engine::Spark) };
    let dropped = |spec: &ModelSpec, time| Replay::new(spec, 1, Emission::AtTicks).event(0, time, 0) == Fate::Dropped;
    assert_eq!([-1, 0, 1].map(|time| dropped(&raw, time)), [true, true, false]);
    let windows = ModelSpec { bound_ms: 10, ..tumbling(Engine::Spark, 10, 0) };
    assert_eq!([-11, -1, 0].map(|time| dropped(&windows, time)), [true, true, false]);
    let mut certain = Certain::new(&raw, 1).knowing(Some(5));
    let claims = [-1, 0, 1].map(|time| certain.observe(&at(time, 0)));
    assert_eq!(claims, [Claim::Race, Claim::Race, Claim::SureKeep], "5 less the delay is before 1970");
}
