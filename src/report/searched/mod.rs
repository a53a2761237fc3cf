//! A search for a capacity as one page for a browser, with no script: the answer, the knee, and the trials with links to their own pages.
//! The file needs nothing else and asks nothing of any network.

mod drawing;
mod link;

use std::path::Path;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use drawing::{Chart, Drawing, Line, Size, class, drawn};
pub(in crate::report) use link::page_of;
pub(crate) use link::way_between;

use super::browser::{filled_in, line, ours, policy};
use super::knee::Knee;
use super::terminal::capacity::words::{
    answer, by_load, headline, headroom, recovery, sender, sentences, standing, times,
};
use super::terminal::capacity::{cells, facts};
use super::terminal::paint::Ink;
use crate::capacity::{Binding, Length, Recovery, SearchRecord, SenderReach, Standing, Trial, Worst};
use crate::figures::{count, latency, latency_or_dash, rate, seconds, short_rate};

const TEMPLATE: &str = include_str!("page.html");
/// The style of a run's page, and of what only this one has.
const STYLES: [&str; 2] = [include_str!("../page/page.css"), include_str!("searched.css")];
/// A chart is drawn twice, and the style shows the one that fits.
const SIZES: [Size; 2] =
    [Size { name: "wide", width: 1120.0, height: 380.0 }, Size { name: "narrow", width: 420.0, height: 340.0 }];

/// A sentence, and how it is marked.
#[derive(Serialize)]
struct Said {
    mark: &'static str,
    word: &'static str,
    text: String,
}

/// How the target recovered from a burst.
#[derive(Serialize)]
struct Recovered {
    text: String,
    page: Option<String>,
    facts: Vec<(&'static str, String)>,
}

/// A trial, and how it is marked.
#[derive(Serialize)]
struct Row {
    number: usize,
    page: Option<String>,
    shape: Option<&'static str>,
    is_long: bool,
    cells: [String; 8],
    at_start: String,
    why: String,
}

/// The page's bytes. `folder` is the way from the page to the search's folder: empty where it lies in it.
///
/// # Errors
/// What the template's engine said; no search makes it fail.
pub(crate) fn searched_page(record: &SearchRecord, folder: &Path) -> Result<Vec<u8>, String> {
    let (word, ink) = headline(record);
    let knee = Knee::of(record);
    let page = context! {
        policy => policy(&[], &STYLES),
        title => format!("{word} · {} · floodmark", line(&record.profile)),
        styles => STYLES.map(ours).to_vec(),
        word,
        mark => mark(weighed(ink, record)),
        answer => answer(record),
        facts => line(&facts(record)),
        rules => rules(record),
        said => value(said(record)),
        load_title => knee.loads.title(),
        latency => value(pictures(&knee, folder, &latency_chart(&knee))),
        waiting => value(pictures(&knee, folder, &waiting_chart())),
        recovery => value(record.recovery.as_ref().map(|of| recovered(of, folder))),
        sender => value(record.sender.as_ref().map(sent)),
        trials => value(rows(record, folder)),
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

/// A capacity that was found is not good where more is needed.
fn weighed(ink: Ink, record: &SearchRecord) -> Ink {
    match (ink, record.headroom.as_ref().map(|headroom| headroom.standing)) {
        (_, Some(Standing::Red)) => Ink::Bad,
        (Ink::Good, Some(Standing::Amber)) => Ink::Doubt,
        _ => ink,
    }
}

fn rules(record: &SearchRecord) -> String {
    let rules = &record.rules;
    format!(
        "From {} on, until the bounds are at most {} % apart; {} trials at most.",
        times(rules.start),
        (rules.width * 1e4).round() / 1e2,
        rules.most_trials
    )
}

/// What is needed first, then what binds, then why.
fn said(record: &SearchRecord) -> Vec<Said> {
    let of_need = record.headroom.as_ref().map(|of| {
        let (word, ink) = standing(of.standing);
        Said { mark: mark(ink), word, text: line(&headroom(of)) }
    });
    let binding = record.found.as_ref().and_then(|found| found.binding.as_ref());
    let binds = binding.map(|binding| Said { mark: "", word: "", text: capital(&line(&what_binds(binding))) });
    let why = sentences(record).into_iter().map(|text| Said { mark: "", word: "", text: capital(&line(&text)) });
    of_need.into_iter().chain(binds).chain(why).collect()
}

fn recovered(of: &Recovery, folder: &Path) -> Recovered {
    let figure = |figure: Option<f64>, show: fn(f64) -> String| figure.map_or_else(|| "–".to_owned(), show);
    let facts = [
        ("load before and after", rate(of.base_per_s)),
        ("burst", format!("{} for {}", rate(of.burst_per_s), seconds(of.burst_s))),
        ("most waiting", count(of.most_waiting)),
        ("gone after", figure(of.gone_after_s, seconds)),
        ("arithmetic says", of.formula_s.map(seconds).join(" to ")),
        ("delivered meanwhile", figure(of.held_per_s, rate)),
    ];
    Recovered { text: capital(&line(&recovery(of))), page: page_of(folder, &of.folder), facts: facts.to_vec() }
}

fn sent(of: &SenderReach) -> Said {
    Said { mark: if of.kept_up { "good" } else { "doubt" }, word: "", text: capital(&line(&sender(of))) }
}

/// A sentence that begins a line of its own.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// "end_to_end_p99 of orders at output binds"
fn what_binds(binding: &Binding) -> String {
    let stream = binding.stream.as_ref().map(|stream| format!(" of {stream}")).unwrap_or_default();
    let stage = binding.stage.as_ref().map(|stage| format!(" at {stage}")).unwrap_or_default();
    format!("the limit that binds: {}{stream}{stage}", binding.what)
}

fn latency_chart(knee: &Knee) -> Chart {
    Chart {
        lines: vec![
            Line { name: "p99", figure: |worst| Some(worst.p99_ms), is_main: true },
            Line { name: "p50", figure: |worst| Some(worst.p50_ms), is_main: false },
        ],
        limit: knee.p99_limit_ms,
        label: latency,
    }
}

/// Nothing waiting is drawn as one: a scale of ratios has no zero.
fn waiting_chart() -> Chart {
    let figure = |worst: &Worst| worst.most_waiting.map(|most| most.max(1) as f64);
    let label = |most| short_rate(most).trim_end_matches("/s").to_owned();
    Chart { lines: vec![Line { name: "", figure, is_main: true }], limit: None, label }
}

/// A chart in each size; none where there is nothing to draw.
fn pictures(knee: &Knee, folder: &Path, chart: &Chart) -> Vec<Drawing> {
    SIZES.into_iter().filter_map(|size| drawn(knee, folder, chart, size)).collect()
}

fn rows(record: &SearchRecord, folder: &Path) -> Vec<Row> {
    let shape = |trial: &Trial| (trial.length != Length::WarmUp).then(|| class(trial.outcome));
    let why =
        |trial: &Trial| trial.because.as_ref().filter(|_| trial.length != Length::WarmUp).map(|why| line(&why.text));
    let row = |(number, trial): (usize, &Trial)| Row {
        number,
        page: page_of(folder, &trial.folder),
        shape: shape(trial),
        is_long: trial.length == Length::Long,
        cells: cells(trial).map(|cell| line(&cell)),
        at_start: latency_or_dash(trial.at_start_ms),
        why: why(trial).unwrap_or_default(),
    };
    by_load(record).into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::examples::{found, hostile, record, trial, with_afterwards};
    use crate::capacity::{Conclusion, Outcome};

    fn page(record: &SearchRecord) -> String {
        String::from_utf8(searched_page(record, Path::new("")).unwrap()).unwrap()
    }

    /// The page without its styles, which change for other reasons.
    fn body(record: &SearchRecord) -> String {
        page(record).split_once("<body>").unwrap().1.to_owned()
    }

    #[test]
    fn a_page_has_the_answer_the_knee_and_the_trials() {
        insta::assert_snapshot!(body(&with_afterwards()));
    }

    #[test]
    fn what_others_wrote_is_never_markup_and_nothing_is_loaded() {
        let page = page(&hostile("<b>\u{1b}[2J\"'>javascript:alert(1)</style></svg><script>"));
        assert!(page.contains("&lt;b&gt;"), "{page}");
        for forbidden in ["<b>", "<script", "\u{1b}", "http://", "https://", "href=\"javascript"] {
            assert!(!page.contains(forbidden), "{forbidden}: {page}");
        }
        assert_eq!(page.matches("</style>").count(), STYLES.len());
    }

    #[test]
    fn a_page_has_every_trial_and_each_measured_one_in_both_charts_and_sizes() {
        let mut record = found("3x");
        record.trials[2].worst = None;
        let page = body(&record);
        let trials = page.split_once("<h2>Trials</h2>").unwrap().1;
        assert_eq!(trials.matches("<tr><td>").count(), record.trials.len());
        // Two lines of latency and one of what waits, in two sizes; a warm-up and what has no latency are in none.
        assert_eq!(page.matches("<title>").count(), (record.trials.len() - 2) * 3 * 2);
        assert_eq!(page.matches("class=\"knee ").count(), 4);
    }

    #[test]
    fn little_is_said_of_little() {
        let nothing = body(&record(vec![], None));
        assert!(nothing.contains("NOT FINISHED") && nothing.contains("No trial is over."), "{nothing}");
        assert!(!nothing.contains("class=\"knee "), "{nothing}");
        let one = vec![trial(1.0, Length::Short, Outcome::Pass)];
        let one = body(&record(one, Some(Conclusion::AtLeast(1.0))));
        assert!(one.contains("capacity: at least 1x") && !one.contains("NaN"), "{one}");
    }
}
