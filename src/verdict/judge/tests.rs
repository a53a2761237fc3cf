use super::latencies::samples_needed;
use super::*;
use crate::mergeable::Merge;
use crate::profile::CountLimit;
use crate::profile::units::Span;

mod seen;

/// A stream of 2,000 events, all seen after 5 ms, sent on time.
struct Measured {
    slo: Slo,
    delivery: Delivery,
    counts: Counts,
    lost: Vec<LostEvent>,
    end_to_end: LatencyHistogram,
    lateness: LatencyHistogram,
    acked: LatencyHistogram,
    untimed: u64,
    observer_behind_ms: f64,
    achieved_per_s: f64,
    worst_second_late_ms: f64,
    behind_at_end_ms: f64,
    held_back_share: f64,
    queue: Queue,
    drops_when_full: bool,
    capped_share: f64,
    sides: Sides,
    interrupted: bool,
    embedded: bool,
    clocks: Option<ClockFigures>,
    watermarks: Vec<WatermarkDrops>,
}

fn latencies(count: u64, each_ms: i64) -> LatencyHistogram {
    let mut latencies = LatencyHistogram::default();
    (0..count).for_each(|_| latencies.record(each_ms * 1_000_000));
    latencies
}

/// One acknowledgement after 5 ms, the others after 2 s.
fn acked() -> LatencyHistogram {
    let mut acked = latencies(1, 5);
    acked.merge(latencies(99, 2000));
    acked
}

fn healthy() -> Measured {
    Measured {
        slo: Slo { end_to_end_p99: Some(Span::from_millis(10)), ..Slo::default() },
        delivery: Delivery::AtLeastOnce,
        counts: Counts { planned: 2000, sent: 2000, acked: 2000, delivered: 2000, ..Counts::default() },
        lost: Vec::new(),
        end_to_end: latencies(2000, 5),
        lateness: latencies(2000, 0),
        acked: acked(),
        untimed: 0,
        observer_behind_ms: 0.0,
        achieved_per_s: 1000.0,
        worst_second_late_ms: 0.0,
        behind_at_end_ms: 0.0,
        held_back_share: 0.0,
        queue: Queue { events: 100_000, linger_ms: 5.0 },
        drops_when_full: false,
        capped_share: 0.0,
        sides: Sides { sent: true, seen: true },
        interrupted: false,
        embedded: false,
        clocks: None,
        watermarks: Vec::new(),
    }
}

impl Measured {
    fn judge(&self) -> Judgement {
        let generator = GeneratorFigures {
            lateness: &self.lateness,
            offered_per_s: 1000.0,
            achieved_per_s: self.achieved_per_s,
            worst_second_late_ms: self.worst_second_late_ms,
            may_be_late_ms: 100.0,
            behind_at_end_ms: self.behind_at_end_ms,
            held_back_share: self.held_back_share,
            queue: self.queue,
            drops_when_full: self.drops_when_full,
            peak_per_s: 2000.0,
            capped_share: self.capped_share,
            cores: Some((1.94, 2)),
        };
        let stream = StreamFigures {
            name: "orders",
            stage: None,
            phase: None,
            phases: &[],
            slo: &self.slo,
            delivery: self.delivery,
            sides: self.sides,
            counts: &self.counts,
            lost: &self.lost,
            failed_but_delivered: 0,
            due_to_consumed: Some(&self.end_to_end),
            untimed: self.untimed,
            observer_behind_ms: self.observer_behind_ms,
            sent_to_acked: Some(&self.acked),
            generator: Some(generator),
            watermarks: &self.watermarks,
            reading: None,
        };
        let Measured { interrupted, embedded, clocks, .. } = *self;
        judge(&RunFigures { streams: &[stream], interrupted, embedded, clocks })
    }
}

#[test]
fn a_healthy_run_passes_without_a_reason() {
    let judgement = healthy().judge();
    assert_eq!((judgement.verdict, judgement.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert!(judgement.slo[0].iter().all(|slo| slo.ok));
}

#[test]
fn every_broken_limit_fails_with_its_subject_figure_and_limit() {
    let counts = healthy().counts;
    let broken: [(Counts, ReasonCode, &str); 4] = [
        (Counts { lost: 3, delivered: 1997, ..counts }, ReasonCode::Lost, "orders: 3 of 2,000 events lost (limit 0)"),
        (
            Counts { failed: 2, acked: 1998, delivered: 1998, ..counts },
            ReasonCode::Failed,
            "orders: 2 of 2,000 events failed: the client gave up on them (limit 0)",
        ),
        (
            Counts { phantom: 1, ..counts },
            ReasonCode::Phantom,
            "orders: 1 deliveries with an id that was never sent (limit 0)",
        ),
        (
            Counts { dropped: 9, acked: 1991, delivered: 1991, ..counts },
            ReasonCode::Dropped,
            "orders: 9 of 2,000 events dropped by the generator (limit 4)",
        ),
    ];
    for (counts, code, sentence) in broken {
        let mut measured = Measured { counts, ..healthy() };
        measured.slo.dropped = Some(CountLimit::Count(4));
        let judgement = measured.judge();
        assert_eq!(judgement.verdict, Verdict::Fail, "{sentence}");
        assert_eq!((judgement.reasons[0].code, judgement.reasons[0].text.as_str()), (code, sentence));
    }
    let slow = Measured { end_to_end: latencies(2000, 30), ..healthy() }.judge();
    assert_eq!(slow.verdict, Verdict::Fail);
    let reason = &slow.reasons[0];
    assert_eq!(reason.text, "orders: end_to_end_p99 is 30 ms (limit 10 ms)");
    assert_eq!((reason.code, reason.stream.as_deref()), (ReasonCode::Latency, Some("orders")));
    assert_eq!((reason.slo.as_deref(), reason.limit), (Some("end_to_end_p99"), Some(10.0)));
    assert!(reason.observed.is_some_and(|ms| (29.9..30.1).contains(&ms)), "{reason:?}");
}

#[test]
fn lost_events_are_named() {
    let counts = Counts { lost: 1, delivered: 1999, ..healthy().counts };
    let lost = vec![LostEvent { producer: 2, sequence: 417, partition: Some(1) }];
    let judgement = Measured { counts, lost, ..healthy() }.judge();
    assert_eq!(
        judgement.reasons[0].text,
        "orders: 1 of 2,000 events lost, the first: producer 2, sequence 417, partition 1 (limit 0)"
    );
}

#[test]
fn duplicates_are_limited_to_none_only_with_exactly_once() {
    let counts = Counts { duplicates_accidental: 1, ..healthy().counts };
    for (delivery, verdict) in [(Delivery::ExactlyOnce, Verdict::Fail), (Delivery::AtLeastOnce, Verdict::Pass)] {
        assert_eq!(Measured { counts, delivery, ..healthy() }.judge().verdict, verdict);
    }
}

#[test]
fn whatever_leaves_the_claim_without_support_makes_it_void() {
    let counts = healthy().counts;
    let mut negative = latencies(2000, 5);
    negative.record(-1_000_000);
    let unsynchronised = Some(ClockFigures { synchronised: false, error_ms: 0.0 });
    let coarse = Some(ClockFigures { synchronised: true, error_ms: 8.0 });
    let voids = [
        (ReasonCode::TooFewSamples, Measured { end_to_end: latencies(999, 5), ..healthy() }),
        (ReasonCode::InFlight, Measured { counts: Counts { in_flight: 1, delivered: 1999, ..counts }, ..healthy() }),
        (
            ReasonCode::Unresolved,
            Measured { counts: Counts { unresolved: 1, acked: 1999, delivered: 1999, ..counts }, ..healthy() },
        ),
        (ReasonCode::Interrupted, Measured { interrupted: true, ..healthy() }),
        (ReasonCode::GeneratorLate, Measured { worst_second_late_ms: 101.0, ..healthy() }),
        (ReasonCode::HeldBackByMachine, Measured { achieved_per_s: 950.0, behind_at_end_ms: 101.0, ..healthy() }),
        (ReasonCode::NegativeLatency, Measured { end_to_end: negative, ..healthy() }),
        (ReasonCode::ClocksUnsynchronised, Measured { clocks: unsynchronised, ..healthy() }),
        (ReasonCode::BelowClockError, Measured { clocks: coarse, ..healthy() }),
        (ReasonCode::WithoutDueTime, Measured { untimed: 1, ..healthy() }),
        (ReasonCode::ObserverSlow, Measured { end_to_end: latencies(2000, 15), observer_behind_ms: 6.0, ..healthy() }),
        (ReasonCode::HeldBackByCeiling, Measured { capped_share: 0.02, ..healthy() }),
        (ReasonCode::NothingPlanned, Measured { counts: Counts::default(), slo: Slo::default(), ..healthy() }),
    ];
    for (code, measured) in voids {
        let judgement = measured.judge();
        assert_eq!(judgement.verdict, Verdict::Void, "{code:?}");
        assert!(judgement.reasons.iter().any(|said| said.code == code), "{code:?}: {:?}", judgement.reasons);
        // What is certain still fails.
        let counts = Counts { lost: 1, ..measured.counts };
        assert_eq!(Measured { counts, ..measured }.judge().verdict, Verdict::Fail, "{code:?}");
    }
}

#[test]
fn a_load_that_was_held_back_has_one_finding_that_says_by_whom() {
    let short =
        || Measured { achieved_per_s: 500.0, behind_at_end_ms: 2000.0, worst_second_late_ms: 900.0, ..healthy() };
    let only = |measured: Measured| {
        let Judgement { verdict, reasons, .. } = measured.judge();
        assert_eq!((verdict, reasons.len()), (Verdict::Void, 1), "{reasons:?}");
        (reasons[0].code, reasons[0].text.clone())
    };
    let (code, text) = only(Measured { held_back_share: 0.45, ..short() });
    assert_eq!(code, ReasonCode::HeldBackByTarget);
    assert!(text.starts_with("orders: sent 500/s of 1,000/s offered: the client's queue was full for 45 %"), "{text}");
    assert!(text.contains("because the target accepted no more"), "{text}");
    let (code, text) = only(short());
    assert_eq!(code, ReasonCode::HeldBackByMachine);
    assert!(text.contains("this machine was too slow (1.9 of 2 cores used)"), "{text}");
    let (code, text) = only(Measured { worst_second_late_ms: 150.0, ..healthy() });
    assert_eq!(code, ReasonCode::GeneratorLate);
    assert!(
        text.starts_with("orders: this machine sent late (p99 150 ms in the worst second, allowed 100 ms)"),
        "{text}"
    );
    // Sending that goes on after the schedule's end can be held back for longer than the schedule lasts, and never for longer than it takes.
    let (code, text) = only(Measured { capped_share: 1.98, ..short() });
    assert_eq!(code, ReasonCode::HeldBackByCeiling);
    assert!(text.contains("for 100 % of the time"), "{text}");
}

#[test]
fn a_full_queue_is_its_own_fault_only_where_the_fastest_acknowledgements_would_not_empty_it() {
    // Acknowledgements: from 5 ms on, 2 s in the median. With linger.ms = 5 each event takes 10 ms of the queue at best; the peak is 2,000/s.
    let held_back = |events| {
        let queue = Queue { events, linger_ms: 5.0 };
        let measured = Measured {
            held_back_share: 0.45,
            queue,
            achieved_per_s: 500.0,
            behind_at_end_ms: 2000.0,
            worst_second_late_ms: 900.0,
            ..healthy()
        };
        let reasons = measured.judge().reasons;
        (reasons[0].code, reasons[0].text.clone())
    };
    let (code, text) = held_back(19);
    assert_eq!(code, ReasonCode::HeldBackByQueue);
    for part in [
        "it is too small",
        "19 events with linger.ms = 5 carries at most 1,9",
        "the peak of 2,000/s",
        "queue.buffering.max.messages",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, text) = held_back(21);
    assert_eq!(code, ReasonCode::HeldBackByTarget);
    for part in ["the target accepted no more", "took 2 s (p50)", "21 events"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, text) = held_back(0);
    assert!(
        code == ReasonCode::HeldBackByTarget && text.contains("or the queue"),
        "an older part does not say: {text}"
    );
}

#[test]
fn a_last_send_that_was_late_by_less_than_the_shape_allows_is_no_missing_load() {
    // A second's run whose last event was 20 ms late reaches 98 % of its rate: all of the load was sent.
    let late = Measured { achieved_per_s: 980.0, behind_at_end_ms: 20.0, ..healthy() };
    assert_eq!(late.judge().verdict, Verdict::Pass);
    let dropped = Counts { dropped: 40, acked: 1960, delivered: 1960, ..healthy().counts };
    let dropping = Measured { achieved_per_s: 980.0, counts: dropped, ..healthy() };
    let Judgement { verdict, reasons, .. } = dropping.judge();
    assert_eq!((verdict, reasons[0].code), (Verdict::Void, ReasonCode::HeldBackByMachine), "a stop dropped them");
    let reasons = Measured { drops_when_full: true, ..dropping }.judge().reasons;
    assert_eq!(reasons[0].code, ReasonCode::HeldBackByTarget);
    let text = &reasons[0].text;
    assert!(text.contains("full when 2 % of the events were due, and they were dropped because the target"), "{text}");
}

#[test]
fn a_latency_that_was_kept_with_the_generators_lateness_is_kept() {
    let late = Measured { lateness: latencies(2000, 9), worst_second_late_ms: 99.0, ..healthy() };
    assert_eq!(late.judge().verdict, Verdict::Pass);
}

#[test]
fn a_broken_latency_fails_only_if_it_is_broken_without_the_generators_lateness() {
    let verdict = |end_to_end: LatencyHistogram, lateness: LatencyHistogram| {
        let judgement = Measured { end_to_end, lateness, ..healthy() }.judge();
        (judgement.verdict, judgement.reasons.first().map(|reason| reason.code))
    };
    // Limit 10 ms at p99. All 8 ms late, and 15 ms of latency: without the lateness it may be 7 ms.
    assert_eq!(verdict(latencies(2000, 15), latencies(2000, 8)), (Verdict::Void, Some(ReasonCode::GeneratorLate)));
    // 4 ms late: 11 ms are left.
    assert_eq!(verdict(latencies(2000, 15), latencies(2000, 4)), (Verdict::Fail, Some(ReasonCode::Latency)));
    // 1 % late by far: each of them may be one of the slow ones, and yet most of the slow ones were on time.
    let mut few_late = latencies(1980, 0);
    few_late.merge(latencies(20, 500));
    let mut slow = latencies(1900, 5);
    slow.merge(latencies(100, 15));
    assert_eq!(verdict(slow, few_late.clone()), (Verdict::Fail, Some(ReasonCode::Latency)));
    let mut as_many_slow = latencies(1970, 5);
    as_many_slow.merge(latencies(30, 15));
    assert_eq!(verdict(as_many_slow, few_late).0, Verdict::Void);
}

#[test]
fn an_embedded_broker_that_was_asked_for_too_much_says_nothing_of_a_pipeline() {
    let over_asked =
        || Measured { end_to_end: latencies(2000, 900), achieved_per_s: 400.0, behind_at_end_ms: 3000.0, ..healthy() };
    assert_eq!(over_asked().judge().verdict, Verdict::Fail, "a cluster of its own");
    let judgement = Measured { embedded: true, ..over_asked() }.judge();
    let codes: Vec<ReasonCode> = judgement.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(judgement.verdict, Verdict::Void, "{:?}", judgement.reasons);
    assert_eq!(codes, [ReasonCode::EmbeddedBroker, ReasonCode::HeldBackByMachine]);
    let counts = Counts { lost: 1, delivered: 1999, ..healthy().counts };
    assert_eq!(Measured { embedded: true, counts, ..over_asked() }.judge().verdict, Verdict::Fail, "lost is lost");
    let slow = Measured { embedded: true, end_to_end: latencies(2000, 900), ..healthy() };
    assert_eq!(slow.judge().verdict, Verdict::Fail, "a load that it carried");
}

#[test]
fn a_limit_may_be_a_share_and_then_needs_events_enough() {
    let judged = |limit: &str, lost: u64, of: u64| {
        let counts = Counts { planned: of, sent: of, acked: of, delivered: of - lost, lost, ..Counts::default() };
        let mut measured = Measured { counts, ..healthy() };
        measured.slo.lost = Some(limit.parse().unwrap());
        let judgement = measured.judge();
        (judgement.verdict, judgement.reasons.first().map(|reason| reason.text.clone()))
    };
    assert_eq!(judged("0.1%", 2, 2999).0, Verdict::Pass);
    let (verdict, text) = judged("0.1%", 3, 2999);
    assert_eq!((verdict, text.unwrap().as_str()), (Verdict::Fail, "orders: 3 of 2,999 events lost (limit 0.1%)"));
    let (verdict, text) = judged("0.1%", 0, 999);
    let wanted = "orders: 999 events are too few for `lost = 0.1%` (it needs 1,000)";
    assert_eq!((verdict, text.unwrap().as_str()), (Verdict::Void, wanted));
    assert_eq!(judged("0.1%", 1, 999).0, Verdict::Fail, "what is broken is broken");
}

#[test]
fn a_limit_on_an_end_that_was_not_watched_is_not_judged() {
    let names = |sent, seen| {
        let judgement = Measured { sides: Sides { sent, seen }, ..healthy() }.judge();
        judgement.slo[0].iter().map(|slo| slo.name.clone()).filter(|name| !name.contains('_')).collect::<Vec<_>>()
    };
    assert_eq!(names(true, true), ["lost", "failed", "phantom"]);
    assert_eq!(names(true, false), ["failed"]);
    assert_eq!(names(false, true), ["phantom"]);
}

#[test]
fn a_ceiling_that_held_the_rate_back_is_named_and_nobody_else_is() {
    let judgement = Measured { achieved_per_s: 500.0, capped_share: 0.5, ..healthy() }.judge();
    assert_eq!(judgement.reasons.len(), 1, "{:?}", judgement.reasons);
    assert!(judgement.reasons[0].text.contains("50 %"), "{:?}", judgement.reasons);
}

#[test]
fn an_observer_that_was_behind_takes_away_no_certainty() {
    // Its delay only adds to a latency: what is kept with it is kept without it.
    assert_eq!(Measured { observer_behind_ms: 1e6, ..healthy() }.judge().verdict, Verdict::Pass);
    // And what is broken even without the most that it can have added is broken.
    let broken = Measured { end_to_end: latencies(2000, 17), observer_behind_ms: 6.0, ..healthy() };
    assert_eq!(broken.judge().verdict, Verdict::Fail);
}

#[test]
fn unresolved_events_that_were_seen_are_no_doubt() {
    let counts = Counts { unresolved: 2, unresolved_delivered: 2, acked: 1998, ..healthy().counts };
    assert_eq!(Measured { counts, ..healthy() }.judge().verdict, Verdict::Pass);
}

#[test]
fn a_quantile_needs_ten_samples_beyond_it() {
    assert_eq!([0.5, 0.9, 0.99, 0.999, 1.0].map(samples_needed), [20, 100, 1000, 10_000, 1]);
}

#[test]
fn certain_drops_fail_and_possible_ones_leave_it_open() {
    use crate::event_time::CountRange;
    let verdict = |limit, min, max| {
        let drops = WatermarkDrops {
            model: "flink with a bound of 5000 ms".to_owned(),
            records: 2000,
            dropped: CountRange { min, max },
            expected: Some(CountRange { min, max }),
        };
        let mut measured = Measured { watermarks: vec![drops], ..healthy() };
        measured.slo.watermark_drops = Some(limit);
        let judgement = measured.judge();
        assert_eq!(judgement.reasons.is_empty(), judgement.verdict == Verdict::Pass);
        judgement.verdict
    };
    assert_eq!(verdict(CountLimit::Count(0), 0, 0), Verdict::Pass);
    assert_eq!(verdict(CountLimit::Count(0), 0, 1), Verdict::Void);
    assert_eq!(verdict(CountLimit::Count(0), 1, 1), Verdict::Fail);
    assert_eq!(verdict(CountLimit::Percent(0.1), 2, 2), Verdict::Pass);
    assert_eq!(verdict(CountLimit::Percent(0.1), 2, 3), Verdict::Void);
    assert_eq!(verdict(CountLimit::Percent(0.1), 3, 9), Verdict::Fail);
}

#[test]
fn each_limit_is_held_against_its_own_quantile() {
    let mut end_to_end = LatencyHistogram::default();
    (1..=20_000).for_each(|ms| end_to_end.record(ms * 1_000_000));
    let any = Some(Span::from_secs(3600));
    let slo = Slo {
        end_to_end_p50: any,
        end_to_end_p90: any,
        end_to_end_p95: any,
        end_to_end_p99: any,
        end_to_end_p999: any,
        end_to_end_max: any,
        ..Slo::default()
    };
    let results = Measured { slo, end_to_end, ..healthy() }.judge().slo.remove(0);
    for (key, expected_ms) in [
        ("end_to_end_p50", 10_000.0),
        ("end_to_end_p90", 18_000.0),
        ("end_to_end_p95", 19_000.0),
        ("end_to_end_p99", 19_800.0),
        ("end_to_end_p999", 19_980.0),
        ("end_to_end_max", 20_000.0),
    ] {
        let found = results.iter().find(|result| result.name == key).and_then(|result| result.observed);
        assert!(found.is_some_and(|ms| (ms / expected_ms - 1.0).abs() < 0.001), "{key}: {found:?}");
    }
}
