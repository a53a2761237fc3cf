use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::event_time::lateness::{Candidate, Finding, InjectionCounts, InjectionKind, Scope, advice::BoundReason};
use crate::latency::Dimension;
use crate::verdict::ReasonCode;

const COMMITTED_SCHEMA: &str = include_str!("schema.json");

fn reason(text: &str) -> Reason {
    let whole = Reason::new(ReasonCode::Latency, text).of_stream("s").at_stage(Some("out")).about("end_to_end_p99");
    Reason { phase: Some("flood".to_owned()), ..whole.limit(250.0).observed(312.0) }
}

fn counts() -> impl Strategy<Value = Counts> {
    prop::array::uniform6(any::<u32>()).prop_map(|[a, b, c, d, e, f]| Counts {
        planned: a.into(),
        acked: b.into(),
        delivered: c.into(),
        lost: d.into(),
        duplicates_injected: e.into(),
        copies_planned: f.into(),
        ..Counts::default()
    })
}

fn latencies() -> impl Strategy<Value = HopLatencies> {
    (any::<u64>(), prop::array::uniform5(-1e6..1e9_f64)).prop_map(|(count, [min, mean, p50, p99, max])| {
        let one = Latencies { count, min, mean, p50, p90: p50, p95: p99, p99, p999: p99, max, negative: count / 2 };
        HopLatencies { due_to_sent: one, due_to_consumed: one, ..HopLatencies::default() }
    })
}

fn watermark() -> impl Strategy<Value = Watermark> {
    (0.0..1e6_f64, prop::option::of("[a-z]{1,8} [0-9]s"), any::<u64>()).prop_map(|(bound_ms, window, count)| {
        Watermark {
            engine: "flink".to_owned(),
            scope: "partition".to_owned(),
            bound_ms,
            window,
            dropped_sure: count,
            dropped_possible: count,
            windows_affected: 1,
            engine_metric: EngineMetric { name: "numLateRecordsDropped".to_owned(), min: 0, max: count },
            expected: (count % 2 == 0).then(ExpectedDrops::default),
            notes: vec!["a note".to_owned()],
            ..Watermark::default()
        }
    })
}

fn lateness() -> LatenessSummary {
    let reason = BoundReason::MaxSkewPlus10Percent;
    let (drops_min, drops_max) = (3, 4);
    LatenessSummary {
        model: "flink, tumbling 10s".to_owned(),
        scope: Scope::Partition,
        bound_ms: 5000,
        tolerance: vec![Tolerance { name: "bound".to_owned(), ms: 5000 }],
        records: 9,
        late: 8,
        refused: 1,
        advised_ms: Some(51_700),
        candidates: vec![Candidate {
            reason,
            bound_ms: 7,
            drops_min,
            drops_max,
            records: 9,
            share: 4.0 / 9.0,
            adds_ms: 7,
        }],
        partitions: vec![LatePartition { partition: 3, records: 9, late: 8, lateness_p99_ms: 1, lateness_max_ms: 2 }],
        windows: vec![WindowMissing {
            start: "1970-01-01T00:00:00.000Z".to_owned(),
            start_ms: 0,
            end_ms: 10_000,
            missing_sure: 1,
            missing_possible: 2,
        }],
        notes: vec!["a note".to_owned()],
    }
}

fn finding() -> FindingSummary {
    let finding = Finding::ProducerBehind { producer: 3, behind_ms: 47_000, late: 5, late_in_all: 6 };
    FindingSummary { sentence: finding.to_string(), finding }
}

fn grouped() -> GroupedLatency {
    let group = |of| GroupLatency { of, count: 9, second_hump: Some(3), p50_ms: 1.5, p99_ms: 2.25 };
    let by_partition = GroupedBy {
        by: Dimension::SentPartition,
        explains: Some(0.25),
        slice_s: Some(4),
        groups: vec![group(0), group(7)],
    };
    GroupedLatency { valley_ms: Some(2.0), dimensions: vec![by_partition] }
}

fn stream() -> impl Strategy<Value = StreamSummary> {
    let slo = ("[a-z_]{1,9}", 0.0..1e9_f64, prop::option::of(0.0..1e9_f64), any::<bool>())
        .prop_map(|(name, limit, observed, ok)| SloResult { name, limit, observed, ok });
    let stage = (counts(), latencies()).prop_map(|(counts, latency_ms)| StageSummary {
        name: "out".to_owned(),
        topic: "t-out".to_owned(),
        counts,
        latency_ms,
        end_to_end_by: Some(grouped()),
        observer_behind_ms: latency_ms.due_to_sent,
        watermarks: Vec::new(),
        verdict: Some(Verdict::Void),
        reasons: vec![reason("a reason")],
        slo: Vec::new(),
        windows: Some(WindowsSummary::default()),
        ..StageSummary::default()
    });
    (
        "[a-z\"\\\\ü]{1,9}",
        counts(),
        latencies(),
        prop::collection::vec(slo, 0..3),
        prop::collection::vec(watermark(), 0..2),
        prop::collection::vec(stage, 0..3),
    )
        .prop_map(|(name, counts, latency_ms, slo, watermarks, stages)| StreamSummary {
            most_waiting: Some(7),
            phases: vec![
                PhaseSummary {
                    name: "burst".to_owned(),
                    counts: Some(counts),
                    latency_ms: Some(latency_ms),
                    slo: slo.clone(),
                    most_waiting: Some(7),
                    ..PhaseSummary::default()
                },
                PhaseSummary::default(),
            ],
            topic: format!("floodmark-{name}"),
            name,
            counts,
            latency_ms,
            slo,
            watermarks,
            stages,
            end_to_end_by: Some(grouped()),
            offered_per_s: 1000.0,
            achieved_per_s: 999.9,
            bytes: 7,
            sends: 9,
            queue_full: 3,
            held_back_s: 0.25,
            capped_s: 0.5,
            observer_behind_ms: latency_ms.due_to_sent,
            behind_at_end_ms: 1.5,
            worst_second_late_ms: 2.5,
            may_be_late_ms: 100.0,
            workers: 2,
            queue_events: 200_000,
            linger_ms: 5.0,
            lateness: Some(lateness()),
            findings: vec![finding()],
            clocks: Vec::new(),
            injections: InjectionLedger { kinds: [(InjectionKind::Retry, InjectionCounts::default())].into() },
        })
}

pub(crate) fn summary() -> impl Strategy<Value = Summary> {
    let verdict = prop_oneof![Just(Verdict::Pass), Just(Verdict::Fail), Just(Verdict::Void), Just(Verdict::Part)];
    (
        verdict,
        prop::collection::vec(".{0,20}".prop_map(|text| reason(&text)), 0..3),
        prop::collection::vec(stream(), 0..3),
        any::<u64>(),
        any::<bool>(),
    )
        .prop_map(|(verdict, reasons, streams, seed, flag)| Summary {
            troubles: Vec::new(),
            schema: SUMMARY_SCHEMA,
            events: Vec::new(),
            verdict,
            reasons,
            run: RunFacts { seed, embedded: flag, duration_s: 1.5, ..RunFacts::default() },
            totals: Counts::default(),
            streams,
            offered_per_s: 1e5 / 3.0,
            achieved_per_s: 1e5 / 7.0,
            bytes: seed,
            generator: GeneratorSummary { cpu_s: flag.then_some(0.1), ..GeneratorSummary::default() },
            interrupted: flag,
            partial: !flag,
        })
}

proptest! {
    #[test]
    fn a_summary_comes_back_as_it_was_written(summary in summary()) {
        let text = summary.to_json().unwrap();
        prop_assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    }

    #[test]
    fn the_committed_schema_accepts_every_summary(summary in summary()) {
        let schema: Value = serde_json::from_str(COMMITTED_SCHEMA).unwrap();
        let value = serde_json::to_value(&summary).unwrap();
        prop_assert_eq!(check(&schema, &schema, &value), Ok(()));
    }
}

#[test]
fn the_committed_schema_is_the_programs() {
    assert_eq!(
        summary_schema(),
        COMMITTED_SCHEMA,
        "the layout of summary.json changed: names may be added to, not changed; then write `floodmark schema summary` to src/results/summary/schema.json"
    );
}

#[test]
fn the_schema_refuses_what_breaks_the_contract() {
    let schema: Value = serde_json::from_str(COMMITTED_SCHEMA).unwrap();
    let whole = serde_json::json!({
        "schema": 2, "verdict": "pass", "reasons": [], "totals": Counts::default(), "streams": [],
        "run": RunFacts::default(),
    });
    assert_eq!(check(&schema, &schema, &whole), Ok(()));
    for (name, wrong) in [("verdict", "maybe".into()), ("reasons", Value::Null), ("schema", (-1).into())] {
        let mut broken = whole.clone();
        broken[name] = wrong;
        assert!(check(&schema, &schema, &broken).is_err(), "{name}");
        broken.as_object_mut().unwrap().remove(name);
        assert!(check(&schema, &schema, &broken).is_err(), "without {name}");
    }
}

#[test]
fn a_summary_of_an_earlier_floodmark_has_no_groups() {
    let whole = StageSummary { end_to_end_by: Some(grouped()), ..StageSummary::default() };
    let mut value = serde_json::to_value(&whole).unwrap();
    assert!(value.as_object_mut().unwrap().remove("end_to_end_by").is_some());
    let read: StageSummary = serde_json::from_value(value).unwrap();
    assert_eq!(read, StageSummary { end_to_end_by: None, ..whole });
}

#[test]
fn a_reader_passes_over_names_that_were_added_later() {
    let mut value = serde_json::to_value(Summary {
        troubles: Vec::new(),
        schema: SUMMARY_SCHEMA,
        events: Vec::new(),
        verdict: Verdict::Void,
        reasons: vec![reason("nothing was measured")],
        run: RunFacts::default(),
        totals: Counts::default(),
        streams: Vec::new(),
        offered_per_s: 0.0,
        achieved_per_s: 0.0,
        bytes: 0,
        generator: GeneratorSummary::default(),
        interrupted: false,
        partial: false,
    })
    .unwrap();
    value["added_later"] = 1.into();
    assert!(serde_json::from_value::<Summary>(value).is_ok());
}

/// Checks a value against the part of JSON Schema that the summary's schema uses; any other keyword is an error, so that none is ignored.
fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else { return Ok(()) };
    for (keyword, rule) in keywords {
        let ok = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).ok_or("a reference to nowhere")?, value)?;
                true
            }
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is_kind(kind, value)),
                kind => is_kind(kind, value),
            },
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "anyOf" => rule.as_array().unwrap().iter().any(|one| check(root, one, value).is_ok()),
            "oneOf" => rule.as_array().unwrap().iter().filter(|one| check(root, one, value).is_ok()).count() == 1,
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| check(root, rule, item))?;
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    value
                        .get(name)
                        .map_or(Ok(()), |part| check(root, rule, part))
                        .map_err(|why| format!("{name}: {why}"))?;
                }
                true
            }
            // Only maps have it here: their names are free.
            "additionalProperties" => {
                value.as_object().into_iter().flatten().try_for_each(|(_, part)| check(root, rule, part))?;
                true
            }
            other => return Err(format!("the schema uses `{other}`, which this test does not know")),
        };
        if !ok {
            return Err(format!("{value} breaks {keyword} {rule}"));
        }
    }
    Ok(())
}

fn is_kind(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("the schema names a type `{other}`"),
    }
}
