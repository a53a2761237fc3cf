//! Markdown for the summary of a CI job: the verdict first. GitHub drops a summary over 1 MiB and others take less, so it stays below 64 KB.

mod budget;
mod escape;
mod night;
mod search;

use self::budget::Rows;
use self::escape::{name, sentence};
use super::places::{Limit, Outcome, Place, places_of};
use super::{Ending, Format};
use crate::check::Counts;
use crate::latency::Hop;
use crate::report::figures::{count, latency, rate};
use crate::report::limit::limit_figure;
use crate::report::terminal::closing::{facts_line, verdict_words};
use crate::report::terminal::incidents;
use crate::results::Summary;
use crate::results::summary::HopLatencies;

pub(super) const MARKDOWN: Format = Format {
    name: "markdown",
    is_for_machines: false,
    print,
    print_search: search::print,
    print_night: night::print,
    print_error: None,
};

/// How many bytes each list may take; together with the lines around them they stay below 64,000.
const REASONS_BYTES: usize = 12_000;
const INCIDENTS_BYTES: usize = 8_000;
const STREAMS_BYTES: usize = 18_000;
const LIMITS_BYTES: usize = 16_000;

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    Ok(markdown(ending).into_bytes())
}

fn markdown(ending: &Ending<'_>) -> String {
    let summary = ending.summary;
    let places = places_of(summary);
    let parts = [
        headline(summary),
        reasons(summary),
        format!("\nRun {}: {}\n", name(&summary.run.id), sentence(&facts_line(summary))),
        what_happened(summary),
        streams(&places),
        limits(&places, summary),
        format!("\nResults: {}\n", sentence(&ending.folder.display().to_string())),
    ];
    parts.concat()
}

fn headline(summary: &Summary) -> String {
    let (word, meaning) = verdict_words(summary);
    format!("## {word}: {meaning}\n")
}

fn reasons(summary: &Summary) -> String {
    let mut rows = Rows::within(REASONS_BYTES);
    for reason in &summary.reasons {
        rows.add(&format!("- `{}` {}", reason.code.name(), sentence(&reason.text)));
    }
    rows.below("", "")
}

fn what_happened(summary: &Summary) -> String {
    let mut rows = Rows::within(INCIDENTS_BYTES);
    for incident in &summary.events {
        let [place, words] = [incidents::place(incident), incidents::words(incident)];
        rows.add(&row(&[incidents::when(incident), name(&place), sentence(&words)]));
    }
    rows.below("### What happened\n\n| when | where | what |\n|---|---|---|\n", "")
}

fn streams(places: &[Place<'_>]) -> String {
    let mut rows = Rows::within(STREAMS_BYTES);
    for place in places {
        rows.add(&row(&stream_cells(place)));
    }
    let head = "### Streams\n\n\
        | stream | topic | offered | sent | planned | acked | delivered | lost | duplicates | end-to-end p50 | p99 | max |\n\
        |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    rows.below(head, "")
}

fn place_cell(place: &Place<'_>) -> String {
    match place.stage {
        Some(stage) => format!("{} at {}", name(&place.stream.name), name(&stage.name)),
        None => name(&place.stream.name),
    }
}

fn stream_cells(place: &Place<'_>) -> Vec<String> {
    let Place { stream, stage, .. } = place;
    let none = || "–".to_owned();
    let (topic, counts, latencies): (&str, &Counts, &HopLatencies) = match stage {
        Some(stage) => (&stage.topic, &stage.counts, &stage.latency_ms),
        None => (&stream.topic, &stream.counts, &stream.latency_ms),
    };
    let shows_windows = stage.is_some_and(|stage| stage.windows.is_some());
    let mut cells = vec![place_cell(place), name(topic), rate(stream.offered_per_s), rate(stream.achieved_per_s)];
    let Counts { planned, acked, delivered, lost, duplicates_accidental, .. } = *counts;
    let counted = [planned, acked, delivered, lost, duplicates_accidental];
    cells.extend(counted.map(|number| if shows_windows { none() } else { count(number) }));
    let end_to_end = latencies.get(Hop::DueToConsumed);
    let timed = [end_to_end.p50, end_to_end.p99, end_to_end.max];
    cells.extend(timed.map(|ms| if end_to_end.count == 0 { none() } else { latency(ms) }));
    cells
}

/// The limits, those that were not kept first: they are never left out for one that was.
fn limits(places: &[Place<'_>], summary: &Summary) -> String {
    let all = places.iter().flat_map(|place| place.limits.iter().map(move |limit| (place, *limit)));
    let judged = all.map(|(place, limit)| (limit.outcome(&place.reasons_about(limit, summary)), place, limit));
    let mut judged: Vec<(Outcome, &Place<'_>, Limit<'_>)> = judged.collect();
    judged.sort_by_key(|(outcome, ..)| *outcome);
    let mut rows = Rows::within(LIMITS_BYTES);
    for (outcome, place, limit) in &judged {
        rows.add(&row(&limit_cells(*outcome, place, *limit)));
    }
    let all_kept = judged[rows.shown()..].iter().all(|(outcome, ..)| *outcome == Outcome::Passed);
    let note = if all_kept { ", all of them kept" } else { "" };
    rows.below("### Limits\n\n| stream | limit | at most | observed | |\n|---|---|---:|---:|---|\n", note)
}

fn limit_cells(outcome: Outcome, place: &Place<'_>, limit: Limit<'_>) -> Vec<String> {
    let figure = |value| limit_figure(&limit.slo.name, value);
    let observed = limit.slo.observed.map_or_else(|| "not measured".to_owned(), figure);
    let least = if limit.slo.name == "throughput" { "≥ " } else { "" };
    let outcome = match outcome {
        Outcome::Failed => "**BROKEN**",
        Outcome::Erred => "cannot tell",
        Outcome::Skipped => "not judged",
        Outcome::Passed => "kept",
    };
    vec![
        place_cell(place),
        name(&limit.name()),
        format!("{least}{}", figure(limit.slo.limit)),
        observed,
        outcome.to_owned(),
    ]
}

/// A row of a table. Its cells are escaped already.
fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests;
