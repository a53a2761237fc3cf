use super::latencies::samples_needed;
use super::*;
use crate::profile::units::Span;

/// A stream of 2,000 events, all seen after 5 ms, sent on time.
struct Measured {
    slo: Slo,
    delivery: Delivery,
    counts: Counts,
    lost: Vec<LostEvent>,
    end_to_end: LatencyHistogram,
    lateness: LatencyHistogram,
    untimed: u64,
    observer_behind_ms: f64,
    achieved_per_s: f64,
    held_back_by_client: bool,
    capped_share: f64,
    interrupted: bool,
    clocks: Option<ClockFigures>,
    watermarks: Vec<WatermarkDrops>,
}

fn latencies(count: u64, each_ms: i64) -> LatencyHistogram {
    let mut latencies = LatencyHistogram::default();
    (0..count).for_each(|_| latencies.record(each_ms * 1_000_000));
    latencies
}

fn healthy() -> Measured {
    Measured {
        slo: Slo { end_to_end_p99: Some(Span::from_millis(10)), ..Slo::default() },
        delivery: Delivery::AtLeastOnce,
        counts: Counts { planned: 2000, sent: 2000, acked: 2000, delivered: 2000, ..Counts::default() },
        lost: Vec::new(),
        end_to_end: latencies(2000, 5),
        lateness: latencies(2000, 0),
        untimed: 0,
        observer_behind_ms: 0.0,
        achieved_per_s: 1000.0,
        held_back_by_client: false,
        capped_share: 0.0,
        interrupted: false,
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
            held_back_by_client: self.held_back_by_client,
            capped_share: self.capped_share,
        };
        let stream = StreamFigures {
            name: "orders",
            stage: None,
            slo: &self.slo,
            delivery: self.delivery,
            counts: &self.counts,
            lost: &self.lost,
            failed_but_delivered: 0,
            due_to_consumed: Some(&self.end_to_end),
            untimed: self.untimed,
            observer_behind_ms: self.observer_behind_ms,
            sent_to_acked: None,
            generator: Some(generator),
            watermarks: &self.watermarks,
            reading: None,
        };
        judge(&RunFigures { streams: &[stream], interrupted: self.interrupted, clocks: self.clocks })
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
            "orders: 1 deliveries with an id that no one sent (limit 0)",
        ),
        (
            Counts { dropped: 9, acked: 1991, delivered: 1991, ..counts },
            ReasonCode::Dropped,
            "orders: 9 of 2,000 events dropped by the generator (limit 4)",
        ),
    ];
    for (counts, code, sentence) in broken {
        let mut measured = Measured { counts, ..healthy() };
        measured.slo.dropped = Some(4);
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
        (ReasonCode::GeneratorLate, Measured { lateness: latencies(2000, 50), ..healthy() }),
        (ReasonCode::HeldBackByMachine, Measured { achieved_per_s: 950.0, ..healthy() }),
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
fn a_rate_that_the_client_held_back_is_no_pass_and_says_whose_it_is() {
    let measured = Measured { achieved_per_s: 500.0, held_back_by_client: true, ..healthy() };
    let judgement = measured.judge();
    assert_eq!(judgement.verdict, Verdict::Void);
    assert_eq!(judgement.reasons[0].code, ReasonCode::HeldBackByTarget);
}

#[test]
fn a_ceiling_that_held_the_rate_back_is_named_and_nobody_else_is() {
    let judgement = Measured { achieved_per_s: 500.0, capped_share: 0.5, ..healthy() }.judge();
    assert_eq!(judgement.reasons.len(), 1, "{:?}", judgement.reasons);
    assert!(judgement.reasons[0].text.contains("50.0 %"), "{:?}", judgement.reasons);
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
    use crate::check::watermark::Bounds;
    use crate::profile::DropLimit;
    let verdict = |limit, min, max| {
        let drops = WatermarkDrops {
            model: "flink with a bound of 5000 ms".to_owned(),
            records: 2000,
            dropped: Bounds { min, max },
            expected: Some(Bounds { min, max }),
        };
        let mut measured = Measured { watermarks: vec![drops], ..healthy() };
        measured.slo.watermark_drops = Some(limit);
        let judgement = measured.judge();
        assert_eq!(judgement.reasons.is_empty(), judgement.verdict == Verdict::Pass);
        judgement.verdict
    };
    assert_eq!(verdict(DropLimit::Count(0), 0, 0), Verdict::Pass);
    assert_eq!(verdict(DropLimit::Count(0), 0, 1), Verdict::Void);
    assert_eq!(verdict(DropLimit::Count(0), 1, 1), Verdict::Fail);
    assert_eq!(verdict(DropLimit::Percent(0.1), 2, 2), Verdict::Pass);
    assert_eq!(verdict(DropLimit::Percent(0.1), 2, 3), Verdict::Void);
    assert_eq!(verdict(DropLimit::Percent(0.1), 3, 9), Verdict::Fail);
}
