use super::*;
use crate::incidents::{Incident, IncidentKind};
use crate::results::summary::{GeneratorSummary, RunFacts, SUMMARY_SCHEMA, StageSummary};
use crate::verdict::{Reason, ReasonCode};

fn plain(width: usize) -> Look {
    Look { width, colour: false, terminal: true }
}

fn hop(count: u64, scale_ms: f64) -> Latencies {
    Latencies {
        count,
        min: scale_ms * 0.1,
        mean: scale_ms,
        p50: scale_ms,
        p90: scale_ms * 2.0,
        p95: scale_ms * 3.0,
        p99: scale_ms * 5.55,
        p999: scale_ms * 40.0,
        max: scale_ms * 312.7,
        negative: 0,
    }
}

pub(in crate::report::terminal) fn orders() -> StreamSummary {
    StreamSummary {
        name: "orders".to_owned(),
        topic: "floodmark-orders".to_owned(),
        counts: Counts {
            planned: 1_200_000,
            sent: 1_200_000,
            acked: 1_200_000,
            delivered: 1_200_000,
            ..Counts::default()
        },
        latency_ms: HopLatencies {
            due_to_sent: hop(1_200_000, 0.08),
            sent_to_acked: hop(1_200_000, 1.2),
            sent_to_consumed: hop(1_200_000, 1.9),
            due_to_consumed: hop(1_200_000, 2.0),
        },
        slo: vec![
            SloResult { name: "end_to_end_p99".to_owned(), limit: 500.0, observed: Some(11.1), ok: true },
            SloResult { name: "lost".to_owned(), limit: 0.0, observed: Some(0.0), ok: true },
        ],
        offered_per_s: 20_000.0,
        achieved_per_s: 19_999.7,
        bytes: 614_400_000,
        observer_behind_ms: hop(1_200_000, 0.2),
        ..StreamSummary::default()
    }
}

pub(in crate::report::terminal) fn summary(streams: Vec<StreamSummary>) -> Summary {
    Summary {
        troubles: Vec::new(),
        schema: SUMMARY_SCHEMA,
        events: Vec::new(),
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        run: RunFacts {
            profile: "peak3x".to_owned(),
            seed: 7,
            duration_s: 60.0,
            embedded: true,
            ..RunFacts::default()
        },
        totals: Counts::default(),
        streams,
        offered_per_s: 20_000.0,
        achieved_per_s: 19_999.7,
        bytes: 614_400_000,
        generator: GeneratorSummary { lateness_ms: hop(1_200_000, 0.08), queue_full: 0, cpu_s: Some(21.5) },
        interrupted: false,
        partial: false,
    }
}

#[test]
fn a_run_that_passed() {
    insta::assert_snapshot!("passed", closing(&summary(vec![orders()]), Some(Path::new("results/3f2a")), plain(80)));
}

pub(in crate::report::terminal) fn broken() -> Summary {
    let mut stream = orders();
    stream.counts = Counts {
        planned: 1_200_000,
        sent: 1_199_400,
        acked: 1_199_000,
        failed: 300,
        dropped: 600,
        unresolved: 100,
        delivered: 1_198_000,
        unresolved_delivered: 12,
        lost: 1000,
        in_flight: 12,
        duplicates_injected: 60_000,
        duplicates_accidental: 7,
        reordered_injected: 20_000,
        reordered_accidental: 3,
        late_injected: 40,
        foreign: 5,
        unreadable: 2,
        phantom: 1,
        copies_planned: 60_000,
        copies_acked: 59_990,
        copies_not_acked: 10,
        ..Counts::default()
    };
    stream.latency_ms.sent_to_consumed.negative = 4;
    stream.slo[1] = SloResult { name: "lost".to_owned(), limit: 0.0, observed: Some(1000.0), ok: false };
    stream.slo.push(SloResult { name: "ack_p99".to_owned(), limit: 50.0, observed: None, ok: false });
    let staged = StreamSummary {
        name: "clicks".to_owned(),
        stages: vec![
            StageSummary {
                name: "input".to_owned(),
                topic: "clicks-in".to_owned(),
                counts: orders().counts,
                latency_ms: orders().latency_ms,
                watermarks: vec![],
                ..StageSummary::default()
            },
            StageSummary {
                name: "output".to_owned(),
                topic: "clicks-out".to_owned(),
                counts: stream.counts,
                latency_ms: HopLatencies::default(),
                watermarks: vec![],
                ..StageSummary::default()
            },
        ],
        ..orders()
    };
    Summary {
        verdict: Verdict::Fail,
        reasons: vec![
            Reason::new(ReasonCode::Lost, "orders: 1,000 of 1,200,000 events lost (limit 0)"),
            Reason::new(
                ReasonCode::TooFewSamples,
                "orders: 12 latencies measured, too few for ack_p99 (it needs 1,000)",
            ),
        ],
        interrupted: true,
        ..summary(vec![stream, staged])
    }
}

#[test]
fn a_run_that_failed_in_every_way() {
    insta::assert_snapshot!("failed", closing(&broken(), None, plain(80)));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [80, 120] {
        let text = closing(&broken(), Some(Path::new("results/3f2a")), plain(width));
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width} columns: {line}");
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let colour = closing(&broken(), Some(Path::new("results/3f2a")), Look { colour: true, ..plain(80) });
    assert!(colour.contains("\x1b[1;31mBROKEN\x1b[0m"));
    assert_eq!(console::strip_ansi_codes(&colour), closing(&broken(), Some(Path::new("results/3f2a")), plain(80)));
}

#[test]
fn what_happened_stands_above_the_streams_with_its_times() {
    let incident = |kind, from_s, to_s, figure| Incident {
        kind,
        stream: "orders".to_owned(),
        stage: Some("out".to_owned()),
        slo: (kind == IncidentKind::LimitBroken).then(|| "end_to_end_p99".to_owned()),
        partitions: if matches!(kind, IncidentKind::PartitionStalled | IncidentKind::LeaderMoved) {
            vec![3, 7, 9]
        } else {
            Vec::new()
        },
        brokers: (kind == IncidentKind::LeaderMoved).then_some((2, 1)),
        group: (kind == IncidentKind::Rebalanced).then(|| "orders-app".to_owned()),
        fault: None,
        from_s,
        to_s,
        figure,
    };
    let fault = Incident {
        stream: String::new(),
        stage: None,
        fault: Some("broker-down".to_owned()),
        ..incident(IncidentKind::Fault, 10, Some(22), 11.7)
    };
    let events = vec![
        fault,
        incident(IncidentKind::NoAcknowledgements, 10, Some(23), 6_500.0),
        incident(IncidentKind::NoDeliveries, 10, Some(23), 6_500.0),
        incident(IncidentKind::LeaderMoved, 12, Some(12), 3.0),
        incident(IncidentKind::PartitionStalled, 12, Some(19), 812.4),
        incident(IncidentKind::Rebalanced, 14, Some(16), 2.0),
        incident(IncidentKind::Throttled, 20, Some(31), 1_240.0),
        incident(IncidentKind::Backlog, 21, Some(49), 4_707.0),
        incident(IncidentKind::Saturation, 21, Some(40), 638.0),
        incident(IncidentKind::LimitBroken, 22, Some(48), 7_264.5),
        incident(IncidentKind::Recovered, 40, Some(49), 9.0),
        incident(IncidentKind::Backlog, 55, None, 1_200.0),
    ];
    let text = closing(&Summary { events, ..summary(vec![orders()]) }, None, plain(80));
    let parts: Vec<&str> = text.split("\n\n").collect();
    assert!(parts[3].starts_with("orders → "), "{text}");
    insta::assert_snapshot!(parts[2]);
}
