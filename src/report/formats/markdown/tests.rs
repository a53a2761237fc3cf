use std::path::Path;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::*;
use crate::incidents::{Incident, IncidentKind};
use crate::report::screen::clean;
use crate::report::terminal::Look;
use crate::results::summary::tests::summary;
use crate::results::summary::{StageSummary, StreamSummary};
use crate::verdict::{Reason, ReasonCode, SloResult, Verdict};

fn of(summary: &Summary) -> String {
    markdown(&Ending { summary, folder: Path::new("results/night"), is_whole: false, look: Look::PLAIN })
}

/// A summary with this text wherever there may be other people's.
fn hostile(mut summary: Summary, text: &str) -> Summary {
    text.clone_into(&mut summary.run.profile);
    text.clone_into(&mut summary.run.id);
    for stream in &mut summary.streams {
        text.clone_into(&mut stream.name);
        text.clone_into(&mut stream.topic);
        stream.slo.iter_mut().for_each(|limit| text.clone_into(&mut limit.name));
        stream.stages.iter_mut().for_each(|stage| text.clone_into(&mut stage.name));
    }
    summary.reasons.iter_mut().for_each(|reason| text.clone_into(&mut reason.text));
    summary.events = vec![incident(text)];
    summary.verdict = Verdict::of(&summary.reasons);
    summary
}

fn incident(stream: &str) -> Incident {
    let kind = IncidentKind::Backlog;
    Incident {
        kind,
        stream: stream.to_owned(),
        stage: None,
        slo: None,
        partitions: Vec::new(),
        brokers: None,
        group: None,
        fault: None,
        from_s: 3,
        to_s: Some(9),
        figure: 4_707.0,
    }
}

fn events(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM).collect()
}

/// Markup that only other people's text could have made.
fn is_foreign_markup(event: &Event<'_>) -> bool {
    match event {
        Event::Html(_) | Event::InlineHtml(_) | Event::Rule | Event::HardBreak => true,
        Event::Code(code) => code.chars().any(|next| !next.is_ascii_lowercase() && next != '_' && next != '.'),
        Event::Start(tag) => matches!(
            tag,
            Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::CodeBlock(_)
                | Tag::BlockQuote(_)
                | Tag::Emphasis
                | Tag::Strikethrough
                | Tag::HtmlBlock
        ),
        _ => false,
    }
}

/// The cells of all tables, row by row.
fn cells(events: &[Event<'_>]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut in_cell = false;
    for event in events {
        match event {
            Event::Start(Tag::TableRow | Tag::TableHead) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                rows.last_mut().unwrap().push(String::new());
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::Text(text) if in_cell => rows.last_mut().unwrap().last_mut().unwrap().push_str(text),
            _ => {}
        }
    }
    rows
}

/// Text that tries to be markup.
fn markup() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("|"),
        Just("`"),
        Just("<b>"),
        Just("&lt;"),
        Just("\\"),
        Just("*"),
        Just("_"),
        Just("[a](http://b)"),
        Just("![x](y)"),
        Just("\n"),
        Just("\n\n# "),
        Just("- "),
        Just("1. "),
        Just("~~"),
        Just("~~~"),
        Just("> "),
        Just("<!--"),
        Just("@me"),
        Just("#1"),
        Just("https://x.y"),
        Just("www.x.y"),
        Just("a"),
        Just(" "),
        Just("\u{1b}[31m"),
        Just("ß日"),
        Just("$$"),
        Just("---"),
        Just("=== "),
        Just("<script>"),
        Just("a_b"),
        Just("\t"),
        Just("&#124;"),
    ];
    prop::collection::vec(pieces, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn foreign_text_is_shown_and_never_obeyed(plain in summary(), text in markup()) {
        let summary = hostile(plain, &text);
        let markdown = of(&summary);
        let events = events(&markdown);
        prop_assert!(!events.iter().any(is_foreign_markup), "{markdown}");
        prop_assert!(!markdown.contains("http://") && !markdown.contains("https://"));
        let rows = cells(&events);
        prop_assert!(rows.iter().all(|row| [3, 5, 12].contains(&row.len())), "{markdown}");
        let shown = clean(&text).replace(['\n', '\t'], " ").trim().to_owned();
        // A name is cut by its own length, blanks at its ends included.
        if !shown.is_empty() && text.chars().count() <= 60 {
            let when = rows.iter().find(|row| row[0] == "second 3 to 9").unwrap();
            prop_assert_eq!(when[1].trim(), shown);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn it_stays_below_64_kb_whatever_there_is_to_say(
        plain in summary(), long in ".{0,40}", times in 1..600_usize, streams in 1..200_usize,
    ) {
        let mut summary = hostile(plain, &long.repeat(times));
        let stream = summary.streams.first().cloned().unwrap_or_default();
        summary.streams = vec![stream; streams];
        let reason = Reason::new(ReasonCode::Lost, long.repeat(times));
        summary.reasons = vec![reason; streams];
        summary.events = vec![incident(&long.repeat(times)); streams];
        summary.verdict = Verdict::Fail;
        prop_assert!(of(&summary).len() < 64_000);
    }
}

fn limit(name: &str, limit: f64, observed: Option<f64>, ok: bool) -> SloResult {
    SloResult { name: name.to_owned(), limit, observed, ok }
}

fn whole(reasons: Vec<Reason>, streams: Vec<StreamSummary>) -> Summary {
    let text = r#"{"schema": 2, "verdict": "fail", "reasons": [], "totals": TOTALS, "streams": [],
        "run": {"id": "night", "profile": "average", "seed": 7, "fingerprint": "f", "started": "2030-01-31T11:00:00Z",
                "duration_s": 10.0, "cluster_id": "c", "embedded": true}}"#;
    let totals = serde_json::to_string(&Counts::default()).unwrap();
    Summary { reasons, streams, ..serde_json::from_str(&text.replace("TOTALS", &totals)).unwrap() }
}

#[test]
fn the_verdict_comes_first_and_what_was_broken_before_what_was_kept() {
    let counts = Counts { planned: 9980, acked: 9980, delivered: 9977, lost: 3, ..Counts::default() };
    let stage = |name: &str, slo| StageSummary {
        name: name.to_owned(),
        topic: format!("t-{name}"),
        counts,
        slo,
        ..StageSummary::default()
    };
    let orders = StreamSummary {
        name: "orders".to_owned(),
        topic: "floodmark-orders".to_owned(),
        offered_per_s: 998.0,
        achieved_per_s: 998.0,
        slo: vec![limit("lost", 0.0, Some(0.0), true), limit("end_to_end_p99", 250.0, Some(312.0), false)],
        stages: vec![stage("input", vec![limit("lost", 0.0, Some(3.0), false)]), stage("out", Vec::new())],
        ..StreamSummary::default()
    };
    let of_orders = |code, text: &str, slo: &str| Reason::new(code, text).of_stream("orders").about(slo);
    let over = "orders: end_to_end_p99 is 312 ms (limit 250 ms)";
    let lost = "orders at input: 3 of 9,980 events lost (limit 0)";
    let reasons = vec![
        of_orders(ReasonCode::Latency, over, "end_to_end_p99"),
        of_orders(ReasonCode::Lost, lost, "lost").at_stage(Some("input")),
    ];
    let summary = Summary { events: vec![incident("orders")], ..whole(reasons, vec![orders]) };
    insta::assert_snapshot!(of(&summary));
}

#[test]
fn what_is_left_out_is_said() {
    let kept = || limit("lost", 0.0, Some(0.0), true);
    let stream = |number: usize| StreamSummary {
        name: format!("{number}{}", "x".repeat(10_000)),
        slo: vec![kept(), limit("end_to_end_p99", 1.0, Some(2.0), number != 7)],
        ..StreamSummary::default()
    };
    let streams: Vec<StreamSummary> = (0..200).map(stream).collect();
    let broken =
        Reason::new(ReasonCode::Latency, "7: over its limit").of_stream(&streams[7].name).about("end_to_end_p99");
    let text = of(&whole(vec![broken], streams));
    assert!(text.len() < 64_000 && text.contains("**BROKEN**"), "{text}");
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("and ")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].ends_with(" more in `summary.json`, all of them kept: there is no room for them here"), "{told:?}");
}
