use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::*;
use crate::results::Summary;
use crate::results::summary::tests::summary;
use crate::results::summary::{PhaseSummary, StageSummary, StreamSummary};
use crate::verdict::{Reason, ReasonCode, SloResult, Verdict};

/// An element as it was read: its name, attributes and, of a leaf, its text.
#[derive(Debug, Default, Clone)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    parent: String,
    text: String,
}

impl Element {
    fn number(&self, attribute: &str) -> usize {
        self.attributes[attribute].parse().unwrap()
    }
}

fn read(xml: &[u8]) -> Vec<Element> {
    let text = str::from_utf8(xml).unwrap();
    assert!(text.chars().all(is_xml_char), "{text:?}");
    let mut reader = Reader::from_str(text);
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let element = element(&start, open.last().map(|at| elements[*at].name.clone()));
                open.push(elements.len());
                elements.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start, open.last().map(|at| elements[*at].name.clone()));
                elements.push(element);
            }
            Event::Text(text) => said(&mut elements, &open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                said(&mut elements, &open, &unescape(&format!("&{};", &*reference)).unwrap());
            }
            Event::End(_) => {
                open.pop().unwrap();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    elements
}

fn said(elements: &mut [Element], open: &[usize], text: &str) {
    if let Some(at) = open.last() {
        elements[*at].text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>, parent: Option<String>) -> Element {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned();
        (attribute.key.as_ref().to_owned(), value)
    });
    let name = start.name().as_ref().to_owned();
    Element { name, attributes: attributes.collect(), parent: parent.unwrap_or_default(), text: String::new() }
}

/// What XML 1.0 calls a Char.
fn is_xml_char(next: char) -> bool {
    matches!(next, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// What junit-10.xsd says of the elements that are used: where they may stand, the attributes that they must have, and those that they may have.
const ALLOWED: [(&str, &str, &[&str], &[&str]); 9] = [
    ("testsuites", "", &[], &["name", "time", "tests", "failures", "errors"]),
    ("testsuite", "testsuites", &["name", "tests", "failures", "errors"], &["time", "skipped", "timestamp"]),
    ("properties", "testsuite", &[], &[]),
    ("property", "properties", &["name", "value"], &[]),
    ("testcase", "testsuite", &["name"], &["time", "classname"]),
    ("failure", "testcase", &[], &["type", "message"]),
    ("error", "testcase", &[], &["type", "message"]),
    ("skipped", "testcase", &[], &["type", "message"]),
    ("system-out", "testcase", &[], &[]),
];

fn assert_allowed(element: &Element) {
    let (_, parent, must, may) = ALLOWED.iter().find(|(name, ..)| *name == element.name).unwrap();
    assert_eq!(element.parent, *parent, "{element:?}");
    assert!(must.iter().all(|name| element.attributes.contains_key(*name)), "{element:?}");
    assert!(element.attributes.keys().all(|name| must.contains(&&**name) || may.contains(&&**name)), "{element:?}");
    if let Some(time) = element.attributes.get("time") {
        assert!(time.chars().all(|next| next.is_ascii_digit() || next == '.'), "{time}");
    }
}

/// A summary whose verdict follows from its reasons, with other people's text wherever there may be some.
fn hostile() -> impl Strategy<Value = Summary> {
    let codes = prop_oneof![
        Just(ReasonCode::Latency),
        Just(ReasonCode::TooFewSamples),
        Just(ReasonCode::ClientError),
        Just(ReasonCode::ResultsNotKept),
        Just(ReasonCode::OnlySent),
    ];
    (summary(), prop::collection::vec(any::<String>(), 6), codes, any::<f64>()).prop_map(
        |(mut summary, texts, code, duration_s)| {
            summary.run.duration_s = duration_s;
            summary.run.profile.clone_from(&texts[0]);
            summary.run.cluster_id.clone_from(&texts[1]);
            for stream in &mut summary.streams {
                stream.name.push_str(&texts[2]);
                stream.stages.iter_mut().for_each(|stage| stage.name.push_str(&texts[3]));
            }
            for reason in &mut summary.reasons {
                reason.code = code;
                reason.text.push_str(&texts[4]);
                reason.stage = Some(texts[5].clone());
            }
            summary.verdict = Verdict::of(&summary.reasons);
            summary
        },
    )
}

proptest! {
    #[test]
    fn whatever_the_names_are_it_is_xml_by_the_schema_and_agrees_with_the_verdict(summary in hostile()) {
        let elements = read(&junit(&document_of(&summary)).unwrap());
        elements.iter().for_each(assert_allowed);
        let of = |name: &str| elements.iter().filter(|element| element.name == name).count();
        let all = &elements[0];
        prop_assert_eq!((all.name.as_str(), all.number("tests")), ("testsuites", of("testcase")));
        prop_assert_eq!((all.number("failures"), all.number("errors")), (of("failure"), of("error")));
        let suites = elements.iter().filter(|element| element.name == "testsuite");
        prop_assert_eq!(suites.map(|suite| suite.number("tests")).sum::<usize>(), of("testcase"));
        prop_assert_eq!(of("failure") > 0, summary.verdict == Verdict::Fail);
        prop_assert!(of("error") == 0 || matches!(summary.verdict, Verdict::Void | Verdict::Fail));
        prop_assert!(of("error") > 0 || summary.verdict != Verdict::Void);
    }

    #[test]
    fn an_error_that_left_no_result_is_a_suite_by_the_schema_whatever_its_text(text in any::<String>()) {
        let elements = read(&junit_of_error(&NoResult { code: "environment", text: &text }).unwrap());
        elements.iter().for_each(assert_allowed);
        let names: Vec<&str> = elements.iter().map(|element| element.name.as_str()).collect();
        prop_assert_eq!(names, ["testsuites", "testsuite", "testcase", "error"]);
        for suite in &elements[..2] {
            let counts = ["tests", "failures", "errors"].map(|name| suite.number(name));
            prop_assert_eq!(counts, [1, 0, 1]);
        }
        prop_assert_eq!(elements[3].attributes["type"].as_str(), "environment");
        let first = xml_text(&text).lines().next().unwrap_or_default().to_owned();
        let one_line = |text: &str| text.replace(['\n', '\t', '\r'], " ");
        prop_assert_eq!(one_line(&elements[3].attributes["message"]), one_line(&first));
    }

    #[test]
    fn what_is_allowed_comes_back_as_it_was(text in "[ -~\n\täß日€]{0,60}") {
        let cleaned = xml_text(&text);
        prop_assert_eq!(&cleaned, &text);
        let mut summary = whole();
        summary.reasons = vec![Reason::new(ReasonCode::ClientError, &text)];
        let elements = read(&junit(&document_of(&summary)).unwrap());
        let case = elements.iter().position(|element| element.attributes.get("name").is_some_and(|name| name == "client_error"));
        let said: String = elements[case.unwrap() + 1].text.clone();
        prop_assert_eq!(said, text);
    }
}

fn limit(name: &str, limit: f64, observed: Option<f64>, ok: bool) -> SloResult {
    SloResult { name: name.to_owned(), limit, observed, ok }
}

fn whole() -> Summary {
    let text = r#"{"schema": 2, "verdict": "fail", "reasons": [], "totals": TOTALS, "streams": [],
        "run": {"id": "night", "profile": "average", "seed": 7, "fingerprint": "f", "started": "2030-01-31T11:00:00Z",
                "duration_s": 10.0, "cluster_id": "c", "embedded": true}}"#;
    let totals = serde_json::to_string(&crate::check::Counts::default()).unwrap();
    serde_json::from_str(&text.replace("TOTALS", &totals)).unwrap()
}

#[test]
fn a_limit_is_a_case_and_a_reason_without_one_too() {
    let stage = |name: &str, slo| StageSummary {
        name: name.to_owned(),
        topic: format!("t-{name}"),
        slo,
        ..StageSummary::default()
    };
    let orders = StreamSummary {
        name: "orders".to_owned(),
        topic: "floodmark-orders".to_owned(),
        slo: vec![
            limit("lost", 0.0, Some(0.0), true),
            limit("end_to_end_p99", 250.0, Some(312.0), false),
            limit("ack_p99", 5.0, None, false),
        ],
        stages: vec![
            stage("input", vec![limit("lost", 0.0, Some(3.0), false)]),
            stage("out", vec![limit("lost", 0.0, Some(0.0), true)]),
        ],
        ..StreamSummary::default()
    };
    let of = |code, text: &str| Reason::new(code, text).of_stream("orders");
    let mut summary = Summary { streams: vec![orders], ..whole() };
    summary.reasons = vec![
        of(ReasonCode::Latency, "orders: end_to_end_p99 is 312 ms (limit 250 ms)").about("end_to_end_p99"),
        of(ReasonCode::Lost, "orders at input: 3 of 9,980 events lost (limit 0)").at_stage(Some("input")).about("lost"),
        of(ReasonCode::TooFewSamples, "orders: 7 latencies measured, too few for ack_p99").about("ack_p99"),
        of(ReasonCode::NotReadToEnd, "out: not read to its end").at_stage(Some("out")),
        Reason::new(ReasonCode::Interrupted, "The run was interrupted."),
        of(ReasonCode::ClientError, "orders: 3 sends were not acknowledged; the client reported: <\u{1b}[31m&>"),
    ];
    insta::assert_snapshot!(String::from_utf8(junit(&document_of(&summary)).unwrap()).unwrap());
}

#[test]
fn a_limit_of_a_phase_is_not_the_runs() {
    let flood = PhaseSummary {
        name: "flood".to_owned(),
        slo: vec![limit("end_to_end_p99", 20.0, Some(31.0), false), limit("throughput", 900.0, Some(950.0), true)],
        ..PhaseSummary::default()
    };
    let orders = StreamSummary {
        name: "orders".to_owned(),
        slo: vec![limit("end_to_end_p99", 250.0, Some(6.0), true)],
        phases: vec![flood],
        ..StreamSummary::default()
    };
    let about = |slo: &str, text: &str| {
        let reason = Reason::new(ReasonCode::Latency, text).of_stream("orders").about(slo);
        Reason { phase: Some("flood".to_owned()), ..reason }
    };
    let reasons = vec![about("end_to_end_p99", "over"), about("ack_p99", "over, and no limit is listed")];
    let summary = Summary { streams: vec![orders], reasons, ..whole() };
    let elements = read(&junit(&document_of(&summary)).unwrap());
    let outcome = |case: &str| {
        let at = elements.iter().position(|element| element.attributes.get("name").is_some_and(|name| name == case));
        elements[at.unwrap() + 1].clone()
    };
    assert_eq!(outcome("end_to_end_p99").name, "system-out");
    assert_eq!(outcome("flood: end_to_end_p99").name, "failure");
    assert_eq!(outcome("flood: latency").name, "failure");
    assert_eq!(outcome("flood: throughput").text, "throughput: observed 950/s, at least 900/s");
}

#[test]
fn what_xml_forbids_is_replaced() {
    let forbidden = "a\u{0}\u{1}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}b";
    assert_eq!(xml_text(forbidden), r"a\u0000\u0001\u0008\u000b\u001f��b");
}

#[test]
fn a_search_is_valid_whatever_others_wrote() {
    use crate::capacity::examples::{found, hostile, record};
    for search in [found("3x"), hostile("<b>&\"]]>\u{0}\u{1b}\u{ffff}"), record(vec![], None)] {
        let elements = read(&junit(&document_of_search(&search)).unwrap());
        elements.iter().for_each(assert_allowed);
        let cases = elements.iter().filter(|element| element.name == "testcase").count();
        assert_eq!(elements[0].number("tests"), cases);
    }
}
