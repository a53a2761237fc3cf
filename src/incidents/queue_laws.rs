//! Laws: a stage with a known capacity and known outages is simulated event by event, and what is found is compared with what was done.

use std::collections::VecDeque;
use std::ops::Range;

use proptest::prelude::*;

use super::{Incident, IncidentKind, Limits, Second, Seconds, find};

/// A stage that delivers at most so much, and nothing while it is out.
#[derive(Debug, Clone)]
struct Stage {
    capacity_per_s: u64,
    out: Option<Range<u64>>,
    loses_in_outage: u64,
    latency_ms: u64,
}

/// In milliseconds: events of a rate go through the stage, and the seconds are what an observer writes down.
fn seconds_of(stage: &Stage, offered_per_s: &[u64]) -> Vec<Second> {
    let mut waiting: VecDeque<u64> = VecDeque::new();
    let (mut due, mut done, mut left_to_lose) = (0_f64, 0_f64, stage.loses_in_outage);
    let mut seconds = Vec::new();
    let lasts = offered_per_s.len() as u64;
    // Sending is followed by a drain.
    for second in 0..lasts + 30 {
        let offered = offered_per_s.get(second as usize).copied().unwrap_or(0);
        let mut now = Second::default();
        let mut latencies = Vec::new();
        for ms in second * 1000..(second + 1) * 1000 {
            due += offered as f64 / 1e3;
            while due >= 1.0 {
                due -= 1.0;
                now.offered += 1;
                now.acked += 1;
                waiting.push_back(ms);
            }
            let is_out = stage.out.as_ref().is_some_and(|out| out.contains(&second));
            if is_out {
                if left_to_lose > 0 && waiting.pop_front().is_some() {
                    left_to_lose -= 1;
                }
                continue;
            }
            done = (done + stage.capacity_per_s as f64 / 1e3).min(10.0);
            while done >= 1.0 && waiting.front().is_some_and(|since| since + stage.latency_ms <= ms) {
                done -= 1.0;
                let since = waiting.pop_front().unwrap_or(ms);
                now.delivered += 1;
                latencies.push((ms - since) as f64);
            }
        }
        latencies.sort_by(f64::total_cmp);
        now.p99_ms = (!latencies.is_empty()).then(|| latencies[(latencies.len() - 1) * 99 / 100]);
        seconds.push(now);
    }
    seconds
}

fn found(stage: &Stage, offered_per_s: &[u64], limits: Limits) -> Vec<Incident> {
    find(&Seconds::new("orders", None, &seconds_of(stage, offered_per_s)), limits)
}

fn of_kind(incidents: &[Incident], kind: IncidentKind) -> Vec<&Incident> {
    incidents.iter().filter(|incident| incident.kind == kind).collect()
}

fn flat(rate: u64, seconds: usize) -> Vec<u64> {
    vec![rate; seconds]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn of_a_calm_stage_nothing_is_said(rate in 1_u64..3_000, more in 105_u64..400, latency_ms in 0_u64..900, burst in 1_u64..3) {
        let capacity_per_s = rate * burst * more / 100 + 1;
        let stage = Stage { capacity_per_s, out: None, loses_in_outage: 0, latency_ms };
        let offered: Vec<u64> = [flat(rate, 20), flat(rate * burst, 20), flat(rate, 20)].concat();
        prop_assert_eq!(found(&stage, &offered, Limits::default()), []);
    }

    #[test]
    fn a_burst_beyond_the_capacity_is_saturation_and_recovery(
        rate in 100_u64..2_000, above in 110_u64..300, burst in 3_u64..6, calm in 5_usize..30, length in 5_usize..25,
    ) {
        let capacity_per_s = rate * above / 100;
        let most_events = (rate * burst).saturating_sub(capacity_per_s) * length as u64;
        prop_assume!(rate * burst * 4 > capacity_per_s * 5 && most_events > rate * burst);
        let drain_s = most_events.div_ceil(capacity_per_s - rate);
        prop_assume!(drain_s < 100);
        let stage = Stage { capacity_per_s, out: None, loses_in_outage: 0, latency_ms: 5 };
        let offered: Vec<u64> = [flat(rate, calm), flat(rate * burst, length), flat(rate, 130)].concat();
        let incidents = found(&stage, &offered, Limits::default());

        let saturation = of_kind(&incidents, IncidentKind::Saturation);
        prop_assert_eq!(saturation.len(), 1, "{:?}", incidents);
        prop_assert!(saturation[0].from_s.abs_diff(calm as u64) <= 1, "{:?}", saturation);
        prop_assert!(saturation[0].to_s.unwrap_or(0).abs_diff((calm + length) as u64) <= 1, "{:?}", saturation);
        prop_assert!((saturation[0].figure / capacity_per_s as f64 - 1.0).abs() < 0.02, "{:?} {}", saturation, capacity_per_s);

        let backlog = of_kind(&incidents, IncidentKind::Backlog);
        prop_assert_eq!(backlog.len(), 1);
        prop_assert!((backlog[0].figure / most_events as f64 - 1.0).abs() < 0.05, "{:?} {}", backlog, most_events);

        let recovered = of_kind(&incidents, IncidentKind::Recovered);
        prop_assert_eq!(recovered.len(), 1);
        prop_assert!(recovered[0].to_s.unwrap_or(0).abs_diff((calm + length) as u64 + drain_s) <= 2, "{:?} {}", recovered, drain_s);
        prop_assert_eq!(incidents.len(), 3, "{:?}", incidents);
    }

    #[test]
    fn an_outage_is_found_where_it_was_and_lost_events_keep_no_backlog(
        rate in 50_u64..2_000, above in 3_u64..6, calm in 5_usize..30, length in 3_usize..15, lost_percent in 0_u64..60,
    ) {
        let out = calm as u64..(calm + length) as u64;
        let loses_in_outage = rate * length as u64 * lost_percent / 100;
        let stage = Stage { capacity_per_s: rate * above, out: Some(out.clone()), loses_in_outage, latency_ms: 5 };
        let incidents = found(&stage, &flat(rate, calm + length + 40), Limits::default());
        let outage = of_kind(&incidents, IncidentKind::NoDeliveries);
        prop_assert_eq!(outage.len(), 1, "{:?}", incidents);
        prop_assert!(outage[0].from_s.abs_diff(out.start) <= 1 && outage[0].to_s.unwrap_or(0).abs_diff(out.end) <= 1, "{:?}", incidents);
        prop_assert_eq!(of_kind(&incidents, IncidentKind::Recovered).len(), 1, "{:?}", incidents);
        prop_assert_eq!(of_kind(&incidents, IncidentKind::Saturation).len(), 0, "{:?}", incidents);
    }

    #[test]
    fn what_is_never_recovered_has_no_end(rate in 100_u64..2_000, share in 40_u64..80, calm in 3_usize..20) {
        let stage = Stage { capacity_per_s: rate * share / 100, out: None, loses_in_outage: 0, latency_ms: 5 };
        let mut seconds = seconds_of(&stage, &[flat(1, calm), flat(rate, 40)].concat());
        seconds.truncate(calm + 40);
        let incidents = find(&Seconds::new("orders", None, &seconds), Limits::default());
        let kinds: Vec<_> = incidents.iter().map(|incident| (incident.kind, incident.to_s)).collect();
        prop_assert_eq!(kinds, [(IncidentKind::Saturation, None), (IncidentKind::Backlog, None)]);
    }
}

#[test]
fn seconds_over_the_limit_are_named_with_the_worst() {
    let mut seconds =
        vec![Second { offered: 100, acked: 100, delivered: 100, p99_ms: Some(20.0), ..Second::default() }; 30];
    for (at, p99_ms) in [(10, 300.0), (11, 900.0), (13, 260.0), (20, 251.0)] {
        seconds[at].p99_ms = Some(p99_ms);
    }
    let incidents = find(
        &Seconds::new("orders", Some("out"), &seconds),
        Limits { end_to_end_p99_ms: Some(250.0), scale_up_p50_ms: None },
    );
    let said: Vec<_> = incidents.iter().map(|i| (i.kind, i.from_s, i.to_s, i.figure, i.slo.as_deref())).collect();
    let broken = |from_s, to_s, worst| (IncidentKind::LimitBroken, from_s, Some(to_s), worst, Some("end_to_end_p99"));
    assert_eq!(said, [broken(10, 14, 900.0), broken(20, 21, 251.0)]);
    assert_eq!(incidents[0].stage.as_deref(), Some("out"));
}

#[test]
fn a_dead_broker_is_one_outage_and_not_two() {
    let calm = Second { offered: 500, acked: 500, delivered: 500, p99_ms: Some(5.0), ..Second::default() };
    let mut seconds = vec![calm; 40];
    for (at, second) in seconds.iter_mut().enumerate().skip(10).take(13) {
        *second = Second { offered: 500, outstanding: 500 * (at as u64 - 9), ..Second::default() };
    }
    seconds[23] = Second { offered: 500, acked: 7_000, delivered: 7_000, p99_ms: Some(13_000.0), ..Second::default() };
    let incidents = find(&Seconds::new("orders", None, &seconds), Limits::default());
    let kinds: Vec<_> = incidents.iter().map(|incident| (incident.kind, incident.from_s, incident.to_s)).collect();
    let expected = [
        (IncidentKind::NoAcknowledgements, 10, Some(23)),
        (IncidentKind::Backlog, 10, Some(23)),
        (IncidentKind::Recovered, 23, Some(24)),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_stage_that_delivers_every_ten_seconds_is_calm() {
    let batch = |at: usize| if at % 10 == 9 { 1_000 } else { 0 };
    let seconds: Vec<Second> = (0..120)
        .map(|at| Second {
            offered: 100,
            acked: 100,
            delivered: batch(at),
            p99_ms: (at % 10 == 9).then_some(9_900.0),
            ..Second::default()
        })
        .collect();
    assert_eq!(find(&Seconds::new("orders", None, &seconds), Limits::default()), []);
}

#[test]
fn one_seconds_figures_that_come_in_with_the_next_are_no_incident() {
    let mut seconds =
        vec![Second { offered: 300, acked: 300, delivered: 300, p99_ms: Some(5.0), ..Second::default() }; 30];
    (seconds[12].delivered, seconds[12].acked, seconds[13].delivered, seconds[13].acked) = (0, 0, 600, 600);
    assert_eq!(find(&Seconds::new("orders", None, &seconds), Limits::default()), []);
}

#[test]
fn without_a_limit_a_stage_has_recovered_when_its_latency_is_about_what_it_was() {
    let calm = Second { offered: 500, acked: 500, delivered: 500, p99_ms: Some(5.0), ..Second::default() };
    let mut seconds = vec![calm; 30];
    seconds[10..13].fill(Second { delivered: 0, p99_ms: None, ..calm });
    seconds[13] = Second { delivered: 2_000, p99_ms: Some(3_000.0), ..calm };
    for (after_ms, recovered_s) in [([9.0, 5.0], 14), ([300.0, 9.0], 15)] {
        for (second, p99_ms) in seconds[14..].iter_mut().zip(after_ms) {
            second.p99_ms = Some(p99_ms);
        }
        let incidents = find(&Seconds::new("orders", None, &seconds), Limits::default());
        let recovered = of_kind(&incidents, IncidentKind::Recovered);
        assert_eq!(recovered.iter().map(|of| of.to_s).collect::<Vec<_>>(), [Some(recovered_s)], "{incidents:?}");
    }
}

#[test]
fn an_outage_with_one_whole_second_is_no_saturation() {
    // Nothing is delivered from 10.1 to 12.7: second 11 is the only whole one.
    let delivered = |at: usize| match at {
        10 => 32,
        11 => 0,
        12 => 160,
        13..16 => 548,
        _ => 320,
    };
    let seconds: Vec<Second> = (0..30)
        .map(|at| Second { offered: 320, sent: 320, acked: 320, delivered: delivered(at), ..Second::default() })
        .collect();
    let incidents = find(&Seconds::new("orders", None, &seconds), Limits::default());
    let of_kind = |kind| incidents.iter().filter(|incident| incident.kind == kind).count();
    assert_eq!(of_kind(IncidentKind::NoDeliveries), 1, "{incidents:?}");
    assert_eq!(of_kind(IncidentKind::Saturation), 0, "{incidents:?}");
}

#[test]
fn the_end_of_one_backlog_does_not_make_the_next_one_look_recovered() {
    let calm = Second { offered: 300, acked: 300, delivered: 300, p99_ms: Some(5.0), ..Second::default() };
    let mut seconds = vec![calm; 50];
    for outage in [10, 30] {
        seconds[outage..outage + 3].fill(Second { delivered: 0, p99_ms: None, ..calm });
        seconds[outage + 3] = Second { delivered: 900, p99_ms: Some(3_400.0), ..calm };
        // The last three hundred are delivered in this one: it ends calm, and is not.
        seconds[outage + 4] = Second { delivered: 600, p99_ms: Some(1_200.0), ..calm };
    }
    let incidents = find(&Seconds::new("orders", None, &seconds), Limits::default());
    let recovered = of_kind(&incidents, IncidentKind::Recovered);
    assert_eq!(recovered.iter().map(|of| of.to_s).collect::<Vec<_>>(), [Some(15), Some(35)], "{incidents:?}");
}

#[test]
fn a_short_burst_that_makes_events_late_is_saturation_though_only_a_second_of_it_waits() {
    // 1095/s for four seconds at a stage that holds 790/s: 1,220 events wait, those of 1.1 s.
    let stage = Stage { capacity_per_s: 790, out: None, loses_in_outage: 0, latency_ms: 6 };
    let offered = [flat(365, 9), flat(1095, 4), flat(365, 20)].concat();
    let incidents = found(&stage, &offered, Limits::default());
    let kinds: Vec<_> = incidents.iter().map(|incident| (incident.kind, incident.from_s)).collect();
    let expected = [(IncidentKind::Saturation, 9), (IncidentKind::Backlog, 9), (IncidentKind::Recovered, 13)];
    assert_eq!(kinds, expected, "{incidents:?}");
}
