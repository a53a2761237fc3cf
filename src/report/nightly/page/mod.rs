//! A suite's past nights as one page for a browser, with no script: what is worse, each figure as a small picture, and the nights with links to
//! their runs' pages. The file needs nothing else and asks nothing of any network.

mod drawing;

use std::path::Path;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use drawing::{Drawing, drawn};

use crate::nightly::{Past, PastFigure, PastNight, PastRun};
use crate::nights::Judged;
use crate::report::browser::{filled_in, line, ours, policy};
use crate::report::searched::page_of;
use crate::report::terminal::history::words;
use crate::report::terminal::nightly::headline;
use crate::report::terminal::paint::Ink;
use crate::verdict::Verdict;

const TEMPLATE: &str = include_str!("page.html");
/// The style of a run's page, and of what only this one has.
const STYLES: [&str; 2] = [include_str!("../../page/page.css"), include_str!("nights.css")];
/// From the page's folder to the folder of results.
const TO_RESULTS: &str = "..";

/// A sentence, and how it is marked.
#[derive(Serialize)]
struct Said {
    mark: &'static str,
    text: String,
    page: Option<String>,
}

/// The figures of a profile at a place.
#[derive(Serialize)]
struct Group {
    title: String,
    figures: Vec<Tile>,
}

/// A figure, its picture, and what is said of it.
#[derive(Serialize)]
struct Tile {
    mark: &'static str,
    name: String,
    said: String,
    last: String,
    usual: String,
    drawing: Option<Drawing>,
}

/// A night in the table.
#[derive(Serialize)]
struct Row {
    mark: &'static str,
    night: String,
    word: &'static str,
    text: String,
    counted: String,
    machine: String,
    profiles: Vec<Runs>,
}

/// A night's runs of a profile.
#[derive(Serialize)]
struct Runs {
    profile: String,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    number: u32,
    mark: &'static str,
    title: String,
    page: Option<String>,
}

/// The page's bytes. It stands in a folder of the folder of results.
///
/// # Errors
/// What the template's engine said; no history makes it fail.
pub(crate) fn past_page(past: &Past) -> Result<Vec<u8>, String> {
    let last = past.nights.last();
    let (word, ink) = last.map_or(("NO NIGHT", Ink::Doubt), |last| headline(last.finding));
    let (suite, begins) = (line(&past.suite), begins(past));
    let page = context! {
        policy => policy(&[], &STYLES),
        title => format!("{word} · {suite} · floodmark nightly"),
        styles => STYLES.map(ours).to_vec(),
        word,
        mark => mark(ink),
        answer => last.map_or_else(|| "No night is in the history yet.".to_owned(), |last| line(&format!("Night {}: {}", last.night, last.text))),
        nights_shown => line(&words::which_nights(past)),
        said => value(said(past)),
        notes => past.notes.iter().filter(|note| !begins.contains(note)).map(|note| line(note)).collect::<Vec<_>>(),
        begins => begins.iter().rev().map(|why| line(why)).collect::<Vec<_>>(),
        accepted => past.accepted.iter().rev().map(|of| line(&words::accepted(of))).collect::<Vec<_>>(),
        groups => value(groups(past)),
        nights => value(past.nights.iter().rev().map(row).collect::<Vec<_>>()),
    };
    filled_in(TEMPLATE, page).map(String::into_bytes)
}

fn value(of: impl Serialize) -> Value {
    Value::from(Serde(of))
}

fn mark(ink: Ink) -> &'static str {
    match ink {
        Ink::Good => "good",
        Ink::Bad => "bad",
        _ => "doubt",
    }
}

/// What broke and what is worse, then what got better.
fn said(past: &Past) -> Vec<Said> {
    let said = |mark, text: String| Said { mark, text: line(&text), page: None };
    let broken = past.nights.last().into_iter().flat_map(|last| {
        let run = |folder: &str| last.runs.iter().find(|run| run.folder == folder);
        words::broken(last).map(move |(text, folder)| Said { page: run(folder).and_then(page), ..said("bad", text) })
    });
    let worse = past.figures.iter().filter_map(words::alarm).map(|text| said("bad", text));
    let better = past.figures.iter().filter_map(words::improvement).map(|text| said("good", text));
    broken.chain(worse).chain(better).collect()
}

/// Why baselines began anew in the nights that are shown, each once, the oldest first.
fn begins(past: &Past) -> Vec<&String> {
    let mut marks: Vec<_> = past.figures.iter().flat_map(|figure| &figure.begins).collect();
    marks.sort_by(|one, other| (one.at, &one.why).cmp(&(other.at, &other.why)));
    marks.dedup();
    marks.into_iter().map(|mark| &mark.why).collect()
}

fn groups(past: &Past) -> Vec<Group> {
    let of_place = |one: &PastFigure, other: &PastFigure| one.profile == other.profile && one.place == other.place;
    let group = |figures: &[PastFigure]| Group {
        title: figures.first().map(|first| line(&words::place(first))).unwrap_or_default(),
        figures: figures.iter().map(|figure| tile(past, figure)).collect(),
    };
    past.figures.chunk_by(of_place).map(group).collect()
}

fn tile(past: &Past, figure: &PastFigure) -> Tile {
    let mark = match figure.judged {
        Judged::Worse | Judged::StillWorse => "bad",
        _ if figure.alarm().is_some() => "bad",
        Judged::Better => "good",
        Judged::TooNoisy => "doubt",
        _ => "",
    };
    Tile {
        mark,
        name: line(&figure.figure),
        said: line(&words::said(figure)),
        last: words::number(figure.value, figure),
        usual: words::number(figure.usual, figure),
        drawing: drawn(past, figure),
    }
}

fn row(night: &PastNight) -> Row {
    let (word, ink) = headline(night.finding);
    let of_profile = |one: &PastRun, other: &PastRun| one.profile == other.profile;
    let profiles = night.runs.chunk_by(of_profile).map(|runs| Runs {
        profile: runs.first().map(|run| line(&run.profile)).unwrap_or_default(),
        runs: runs.iter().map(run).collect(),
    });
    Row {
        mark: mark(ink),
        night: line(&night.night),
        word,
        text: line(&night.text),
        counted: format!("{} of {}", night.counted(), night.runs.len()),
        machine: line(&night.machines.join("; ")),
        profiles: profiles.collect(),
    }
}

fn run(run: &PastRun) -> Run {
    let (mark, verdict) = match run.verdict {
        Verdict::Pass => ("", "pass"),
        Verdict::Fail => ("bad", "fail"),
        Verdict::Void => ("doubt", "void"),
        Verdict::Part => ("doubt", "part"),
    };
    let left_out = if run.counts { "" } else { ", does not count" };
    Run { number: run.number, mark, title: format!("{verdict}{left_out}"), page: page(run) }
}

/// The page of a run, as a relative address.
fn page(run: &PastRun) -> Option<String> {
    page_of(Path::new(TO_RESULTS), &run.folder).filter(|_| run.has_page)
}

#[cfg(test)]
mod tests;
