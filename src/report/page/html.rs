//! The page itself: its template filled in, with scripts and styles that a browser runs only if they are ours.

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::charts::Charts;
use super::happened::happened;
use super::hop::HopFigures;
use super::humps::words;
use super::place::{Place, Seconds, shown};
use super::tables::Table;
use super::{phases, surroundings, tables};
use crate::latency::Hop;
use crate::report::browser::{filled_in, line, ours, policy};
use crate::report::figures::{count, seconds as length};
use crate::report::screen::clean;
use crate::report::separated::what_separates;
use crate::report::terminal::Look;
use crate::report::terminal::closing::{facts_line, verdict_words};
use crate::report::terminal::event_times::event_times;
use crate::report::terminal::windows::window_report;
use crate::results::{LogKey, Manifest, Summary};
use crate::verdict::{Effect, Reason, Verdict};

const TEMPLATE: &str = include_str!("page.html");
const STYLES: [&str; 2] = [include_str!("uplot/uPlot.min.css"), include_str!("page.css")];
const SCRIPTS: [&str; 2] = [include_str!("uplot/uPlot.iife.min.js"), include_str!("page.js")];
const UPLOT_LICENCE: &str = include_str!("uplot/LICENSE");
/// The most reasons that are shown.
const MOST_REASONS: usize = 50;

/// A heading, and a text that is set as it is.
#[derive(Debug, Serialize)]
struct Block {
    title: String,
    text: String,
}

/// A reason, and how it is marked.
#[derive(Debug, Serialize)]
struct Line {
    mark: &'static str,
    text: String,
}

/// Fills the page in.
///
/// # Errors
/// What the template's engine said.
pub(super) fn render(
    summary: &Summary,
    manifest: &Manifest,
    damage: Option<&str>,
    seconds: &Seconds,
    logs: &BTreeMap<LogKey, HopFigures>,
) -> Result<String, String> {
    let places = Place::all(summary);
    let (word, meaning) = verdict_words(summary);
    let (happened, more_happened) = happened(summary);
    let (counts, no_counts) = tables::counts(&places);
    let charts = Charts::of(summary, seconds, logs).to_script().map_err(|error| error.to_string())?;
    let names: Vec<String> = places.iter().map(Place::name).collect();
    let page = context! {
        policy => policy(&SCRIPTS, &STYLES),
        title => format!("{word} · {} · floodmark", shown(&summary.run.id)),
        verdict => context! { word, meaning => line(&meaning), mark => mark(summary.verdict) },
        damage => damage.map(shown),
        reasons => value(reasons(summary)),
        more_reasons => summary.reasons.len().saturating_sub(MOST_REASONS),
        run => facts(summary),
        happened => value(happened),
        more_happened,
        places => names,
        first_shown => first_shown(summary, &places),
        width => (seconds.width_s > 1).then(|| length(std::time::Duration::from_secs(seconds.width_s).as_secs_f64())),
        phases => value(phases::phases(summary)),
        limits => value(tables::limits(summary)),
        counts => value(counts),
        no_counts => no_counts.join(", "),
        rates => value(tables::rates(summary)),
        latencies => value(tables::latencies(&places)),
        partitions => value(some(tables::partitions(&places))),
        humps => humps(&places, logs),
        watermarks => value(some(tables::watermarks(&places))),
        blocks => value(blocks(summary)),
        environment => value(surroundings::environment(summary, manifest)),
        clients => value(some(surroundings::clients(manifest))),
        command => surroundings::command(manifest),
        profile => surroundings::profile(manifest),
        profile_name => shown(&manifest.profile_name),
        charts => ours(&charts),
        styles => STYLES.map(ours).to_vec(),
        scripts => SCRIPTS.map(ours).to_vec(),
        licence => UPLOT_LICENCE,
    };
    filled_in(TEMPLATE, page)
}

fn value(of: impl Serialize) -> Value {
    Value::from(Serde(of))
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Fail => "bad",
        Verdict::Void => "doubt",
        Verdict::Part => "part",
    }
}

fn reasons(summary: &Summary) -> Vec<Line> {
    let mark = |reason: &Reason| match reason.code.effect() {
        Effect::Fail => "bad",
        Effect::Void | Effect::Environment => "doubt",
        Effect::Part | Effect::Remark => "",
    };
    summary
        .reasons
        .iter()
        .take(MOST_REASONS)
        .map(|reason| Line { mark: mark(reason), text: line(&reason.text) })
        .collect()
}

/// Which run it was, in one line.
fn facts(summary: &Summary) -> Value {
    let run = &summary.run;
    let totals = &summary.totals;
    context! {
        id => shown(&run.id),
        line => line(&facts_line(summary)),
        started => shown(&run.started),
        planned => count(totals.planned),
        delivered => count(totals.delivered),
        lost => count(totals.lost),
    }
}

/// The place whose charts are shown first: where most happened, and else the end of the first stream.
fn first_shown(summary: &Summary, places: &[Place<'_>]) -> usize {
    let of_first = |place: &Place<'_>| summary.streams.first().is_some_and(|first| first.name == place.stream.name);
    let happened = |place: &Place<'_>| summary.events.iter().filter(|event| place.has(event)).count();
    let key = |at: &usize| (happened(&places[*at]), of_first(&places[*at]), *at);
    (0..places.len()).max_by_key(key).unwrap_or(0)
}

/// Which hops have two humps, in words; a hop that several stages share is named once.
fn humps(places: &[Place<'_>], logs: &BTreeMap<LogKey, HopFigures>) -> Vec<String> {
    let mut said = BTreeMap::new();
    for place in places {
        for (hop, key) in place.logs() {
            if let Some(humps) = logs.get(&key).and_then(|figures| figures.humps) {
                let name = if key.stage.is_some() { place.name() } else { shown(&place.stream.name) };
                let grouped = place.end_to_end_by().filter(|_| key.hop == Hop::DueToConsumed);
                let separated = grouped.and_then(what_separates).map(|said| format!(" {said}.")).unwrap_or_default();
                said.entry(key).or_insert_with(|| format!("{name}, {hop}: {}.{separated}", words(&humps)));
            }
        }
    }
    said.into_values().collect()
}

/// What the closing table says of event times and windows.
fn blocks(summary: &Summary) -> Vec<Block> {
    let mut blocks = Vec::new();
    for stream in &summary.streams {
        blocks.push(Block {
            title: format!("Event times of {}", shown(&stream.name)),
            text: event_times(stream, Look::PLAIN),
        });
        for stage in &stream.stages {
            let title = format!("Windows of {} at {}", shown(&stream.name), shown(&stage.name));
            let text = stage.windows.as_ref().map(|windows| window_report(windows, Look::PLAIN));
            blocks.push(Block { title, text: text.unwrap_or_default() });
        }
    }
    blocks.retain(|block| !block.text.trim().is_empty());
    blocks.iter_mut().for_each(|block| block.text = clean(block.text.trim_matches('\n')));
    blocks
}

/// A table, if it has rows.
fn some(table: Table) -> Option<Table> {
    Some(table).filter(|table| !table.rows.is_empty())
}
