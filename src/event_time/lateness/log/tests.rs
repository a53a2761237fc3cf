use super::*;
use crate::event_time::lateness::{
    findings::{Attention, Finding, findings},
    rule::tests::alone,
    skew::Offsets,
};
use crate::profile::Engine;

const START_MS: i64 = 1_760_000_000_000;

fn rule(bound_ms: u64) -> LogRule {
    LogRule { late: alone(Engine::Flink), bound_ms, ahead_limit_ms: 60_000 }
}

/// What a producer's event claims minus the truth at a moment in the run; `None`: it sends nothing.
type Clock<'a> = &'a dyn Fn(u16, i64) -> Option<i64>;

struct Told {
    rows: Vec<LogRow>,
    figures: LogFigures,
    findings: Vec<Finding>,
    offsets: Offsets,
}

/// A run of `seconds`: ten events a second from each producer, producer `n` into partition `n % partitions`.
fn run(rule: LogRule, partitions: u16, producers: u16, seconds: i64, clock: Clock<'_>) -> Told {
    let mut log = WatermarkLog::new(rule, partitions);
    let (mut rows, mut offsets) = (Vec::new(), Offsets::default());
    for tick in 0..seconds * 10 {
        for producer in 0..producers {
            let clock_ms = START_MS + tick * 100 + i64::from(producer);
            if let Some(error_ms) = clock(producer, tick * 100) {
                let (partition, event_time_ms) = (producer % partitions, clock_ms + error_ms);
                log.observe(&Timed { partition, producer: Some(producer), event_time_ms, clock_ms });
                offsets.observe(producer, tick as u64, event_time_ms, clock_ms as u64 * 1000);
            }
        }
        if tick % 10 == 9 {
            log.end_second(tick as u64 / 10, START_MS + (tick + 1) * 100, |row| rows.push(*row));
        }
    }
    let figures = log.finish();
    let findings = findings(&figures, &offsets.estimate(|_, _| None), Attention::default());
    Told { rows, figures, findings, offsets }
}

#[test]
fn clocks_that_agree_leave_nothing_to_say() {
    let told = run(rule(1000), 3, 6, 20, &|_, _| Some(0));
    assert_eq!(told.findings, []);
    assert_eq!(told.rows.len(), 20 * 4, "a row for each second and partition, and one for all");
    assert!(told.figures.partitions.values().all(|of| of.late == 0 && of.records == 400));
    let last = told.rows.iter().filter(|row| row.second == 19);
    for row in last {
        // The last events came 95 to 100 ms before the second ended; the bound adds 1 s.
        assert!(row.lag_ms.is_some_and(|lag_ms| (1090..=1100).contains(&lag_ms)), "{row:?}");
        assert_eq!(row.watermark_ms, row.max_event_time_ms.map(|max_ms| max_ms - 1000));
    }
}

#[test]
fn the_row_for_all_is_the_least_and_unknown_while_one_has_none() {
    let told = run(rule(0), 2, 2, 4, &|producer, at_ms| (producer == 0 || at_ms >= 2000).then_some(0));
    let all: Vec<_> = told.rows.iter().filter(|row| row.partition.is_none()).collect();
    assert_eq!(all[0].watermark_ms, None);
    let of_second = |second| told.rows.iter().filter(move |row| row.second == second && row.partition.is_some());
    assert_eq!(all[3].watermark_ms, of_second(3).map(|row| row.watermark_ms).min().unwrap());
}

#[test]
fn one_event_from_the_future_makes_all_others_late_and_is_named() {
    let year_ms = 31_536_000_000;
    let clock = |producer: u16, at_ms: i64| Some(if producer == 1 && at_ms == 5000 { year_ms } else { 0 });
    let told = run(rule(5000), 2, 4, 20, &clock);
    // Partition 1 has producers 1 and 3: what they send from then on is late, but would be in time without that one event.
    let partition = &told.figures.partitions[&1];
    assert_eq!((partition.late, partition.late_by_future, partition.ahead), (149 + 150, 149 + 150, 1));
    let [Finding::FutureEvent { partition: 1, events: 1, producer: Some(1), ahead_ms, late: 299, stalled_s: 14, .. }] =
        told.findings[..]
    else {
        panic!("{:?}", told.findings)
    };
    assert_eq!(ahead_ms, year_ms as u64);
    assert_eq!(
        told.findings[0].to_string(),
        "1 event is from the future in partition 1, by up to 365 days (producer 1); 299 records are late only because of that, \
         and the watermark stood still for 14 s while others moved. Refuse such events before they reach the watermark; no bound helps."
    );
}

#[test]
fn a_clock_that_is_ahead_is_named_with_those_that_it_makes_late() {
    // All in one partition; the bound is 5 s, the fast clock 47 s ahead.
    let told = run(rule(5000), 1, 4, 20, &|producer, _| Some(if producer == 2 { 47_000 } else { 0 }));
    // The very first events of producers 0 and 1 come before the fast one's.
    let late = 20 * 10 * 3 - 2;
    assert_eq!(
        told.findings,
        [Finding::ProducerAhead { producer: 2, ahead_ms: 47_000, late, late_in_all: late }],
        "{:?}",
        told.offsets.estimate(|_, _| None)
    );
    assert_eq!(
        told.findings[0].to_string(),
        "Producer 2's clock is 47 s ahead of the others'; it made 598 of the 598 late records late."
    );
}

#[test]
fn a_clock_that_is_behind_is_named_for_its_events_and_for_its_partition() {
    let told = run(rule(5000), 1, 4, 20, &|producer, _| Some(if producer == 3 { -47_000 } else { 0 }));
    assert_eq!(
        told.findings,
        [Finding::ProducerBehind { producer: 3, behind_ms: 47_000, late: 200, late_in_all: 200 }]
    );
    // In its own partition none of it is late, but everybody waits for it.
    let told = run(rule(5000), 4, 4, 20, &|producer, _| Some(if producer == 3 { -47_000 } else { 0 }));
    let [
        Finding::ProducerBehind { producer: 3, late: 0, .. },
        Finding::PartitionBehind { partition: 3, least_ms, most_ms },
    ] = told.findings[..]
    else {
        panic!("{:?}", told.findings)
    };
    assert!(least_ms >= 46_900 && most_ms <= 47_100, "{least_ms} to {most_ms}");
    assert_eq!(
        told.findings[0].to_string(),
        "Producer 3's clock is 47 s behind the others'; none of its records is late because of that."
    );
}

#[test]
fn a_partition_without_records_is_idle_and_one_that_never_had_any_is_told_apart() {
    let told = run(rule(0), 3, 3, 20, &|producer, at_ms| match producer {
        1 if (6000..13_000).contains(&at_ms) => None,
        2 => None,
        _ => Some(0),
    });
    assert_eq!(
        told.findings,
        [
            Finding::Idle { partition: 2, longest_s: 20, from_s: 0, never: true },
            Finding::Idle { partition: 1, longest_s: 7, from_s: 6, never: false },
        ]
    );
    assert_eq!(
        told.findings[1].to_string(),
        "Partition 1 had no records for 7 s, from second 6 on, and held the watermark back."
    );
    let when_all_rest = run(rule(0), 2, 2, 20, &|_, at_ms| (at_ms < 5000).then_some(0));
    assert_eq!(when_all_rest.findings, [], "nobody stalls while nobody moves");
}

/// Beam, a delay of 2 s: partition 1 is silent from second 6 to 13. Its watermark follows the clock, so nothing waits for it.
#[test]
fn an_idle_partition_follows_beams_clock() {
    let late = alone(Engine::Beam);
    let beam = LogRule { late, ..rule(2_000) };
    let told = run(beam, 2, 2, 20, &|producer, at_ms| match producer {
        1 if (6_000..13_000).contains(&at_ms) => None,
        _ => Some(0),
    });
    assert_eq!(told.findings, []);
    let lags = |partition| {
        let of = move |row: &&LogRow| row.partition == partition && row.second >= 8;
        told.rows.iter().filter(of).map(|row| row.lag_ms.unwrap_or(i64::MAX)).max()
    };
    assert!(lags(Some(1)) <= Some(2_100) && lags(None) <= Some(2_100), "{:?}, {:?}", lags(Some(1)), lags(None));
    let flink = run(rule(2_000), 2, 2, 12, &|producer, at_ms| (producer == 0 || at_ms < 6_000).then_some(0));
    assert!(flink.rows.last().and_then(|row| row.lag_ms) >= Some(8_000), "{:?}", flink.rows.last());
}

/// Partition 0 has followed the clock to 10 s when an event of 3 s arrives: its own watermark goes back, but not that of all.
#[test]
fn the_watermark_of_all_partitions_never_goes_back() {
    let late = alone(Engine::Beam);
    let mut log = WatermarkLog::new(LogRule { late, ..rule(0) }, 1);
    let mut rows = Vec::new();
    let event = |at_ms, clock_ms| Timed {
        partition: 0,
        producer: None,
        event_time_ms: START_MS + at_ms,
        clock_ms: START_MS + clock_ms,
    };
    log.observe(&event(2_000, 2_500));
    log.end_second(2, START_MS + 3_000, |row| rows.push(row.watermark_ms.map(|ms| ms - START_MS)));
    log.end_second(9, START_MS + 10_000, |row| rows.push(row.watermark_ms.map(|ms| ms - START_MS)));
    log.observe(&event(3_000, 10_500));
    log.end_second(10, START_MS + 11_000, |row| rows.push(row.watermark_ms.map(|ms| ms - START_MS)));
    assert_eq!(rows, [2_000, 2_000, 10_000, 10_000, 3_000, 10_000].map(Some));
}

#[test]
fn a_clock_that_is_set_back_stalls_its_partition_until_it_has_caught_up() {
    let back = |producer: u16, at_ms: i64| Some(if producer == 1 && at_ms >= 8000 { -6000 } else { 0 });
    let told = run(rule(10_000), 2, 2, 20, &back);
    assert!(
        told.findings.contains(&Finding::OldTimes { partition: 1, longest_s: 6, from_s: 8 }),
        "{:?}",
        told.findings
    );
    assert_eq!(told.figures.partitions[&1].late, 0, "the bound is large enough");
}

#[test]
fn logs_of_different_partitions_merge_to_their_union() {
    let one = run(rule(5000), 1, 4, 20, &|producer, _| Some(if producer == 2 { 47_000 } else { 0 })).figures;
    let two = LogFigures { partitions: one.partitions.iter().map(|(at, of)| (at + 1, of.clone())).collect() };
    let mut merged = one.clone();
    merged.merge(two.clone());
    let mut other_way = two;
    other_way.merge(one.clone());
    assert_eq!(merged, other_way);
    assert_eq!((merged.partitions.len(), merged.partitions[&0].late), (2, one.partitions[&0].late));
    // And those of the same partition, one after the other, to their sums.
    let mut twice = one.clone();
    twice.merge(one.clone());
    assert_eq!(twice.partitions[&0].late, 2 * one.partitions[&0].late);
}
