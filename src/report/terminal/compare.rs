//! A comparison: the finding first, then what else differs, then each figure.

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::compare::{Compared, Comparison, Finding, Judgement, Place, RunUsed, words};
use crate::figures::count;

/// How many runs of a side are named; the rest are counted.
const MOST_NAMED: usize = 10;

/// What a person reads of a comparison.
#[must_use]
pub(crate) fn comparison(found: &Comparison, look: Look) -> String {
    let mut text = String::new();
    let (word, ink) = match found.finding {
        Finding::Regression => ("REGRESSION", Ink::Bad),
        Finding::NoRegression => ("NO REGRESSION", Ink::Good),
        Finding::Unclear => ("UNCLEAR", Ink::Doubt),
    };
    line(&mut text, &format!("{}  {}", paint(word, ink, look), found.text));
    for fact in &found.facts {
        push_wrapped(&mut text, &fact.text, look.width);
    }
    differences(&mut text, found, look);
    line(&mut text, "");
    runs(&mut text, "base", &found.base, look);
    runs(&mut text, "new", &found.new, look);
    rule(&mut text, found, look);
    for place in places(&found.figures) {
        figures(&mut text, found, place, look);
    }
    text
}

fn differences(text: &mut String, found: &Comparison, look: Look) {
    if found.differences.is_empty() {
        return;
    }
    line(text, "");
    line(text, &paint("what else differs", Ink::Strong, look));
    for difference in &found.differences {
        push_wrapped(text, &difference.text, look.width);
    }
}

fn runs(text: &mut String, side: &str, runs: &[RunUsed], look: Look) {
    let used = runs.iter().filter(|run| run.used).count();
    let of = if used == runs.len() { String::new() } else { format!(" of {}", count(runs.len() as u64)) };
    let named: Vec<String> = runs.iter().take(MOST_NAMED).map(|run| words::one_line(&run.folder)).collect();
    let more = runs.len().saturating_sub(MOST_NAMED);
    let rest = if more > 0 { format!(" and {} more", count(more as u64)) } else { String::new() };
    let plural = if runs.len() == 1 { "run" } else { "runs" };
    let listed = format!("{side:<5} {}{of} {plural}: {}{rest}", count(used as u64), named.join(", "));
    push_hanging(text, &listed, look.width);
}

/// What `WORSE` means here.
fn rule(text: &mut String, found: &Comparison, look: Look) {
    let mut own: Vec<String> = Vec::new();
    for figure in found.figures.iter().filter(|figure| (figure.threshold - found.threshold).abs() > 0.0) {
        let named = format!(", of {} {}", figure.figure, words::share(figure.threshold));
        if !own.contains(&named) {
            own.push(named);
        }
    }
    let threshold = format!("{}{}", words::share(found.threshold), own.concat());
    let once_in = (1.0 / found.family_misrate).round();
    let rule = format!(
        "rule  worse: the whole interval is beyond {threshold} on the bad side; equal sets look worse in at most 1 of {once_in} comparisons"
    );
    push_hanging(text, &rule, look.width);
}

/// A line that is broken at blanks, the rest indented.
fn push_hanging(text: &mut String, whole: &str, width: usize) {
    let mut current = String::new();
    for word in whole.split(' ') {
        if current.chars().count() + word.chars().count() > width && !current.trim().is_empty() {
            line(text, &current);
            current = "      ".to_owned();
        }
        current.push_str(word);
        current.push(' ');
    }
    line(text, &current);
}

/// The places, each once, in the order of their figures.
fn places(figures: &[Compared]) -> Vec<&Place> {
    let mut places: Vec<&Place> = Vec::new();
    for figure in figures {
        if places.last() != Some(&&figure.place) && !places.contains(&&figure.place) {
            places.push(&figure.place);
        }
    }
    places
}

fn figures(text: &mut String, found: &Comparison, place: &Place, look: Look) {
    line(text, "");
    line(text, &paint(&title(place), Ink::Strong, look));
    let mut table = plain_table(6, 1..4);
    table.add_row(["", "base", "new", "change", "between", ""]);
    for figure in found.figures.iter().filter(|figure| figure.place == *place) {
        table.add_row(row(figure));
    }
    let mut plain = String::new();
    push_table(&mut plain, &table);
    for row in plain.lines() {
        line(text, &painted(row, look));
    }
}

/// "orders at output, phase peak"
fn title(place: &Place) -> String {
    let one_line = |name: &Option<String>| name.as_deref().map(words::one_line);
    let mut title = one_line(&place.stream).unwrap_or_else(|| "the whole run".to_owned());
    if let Some(stage) = one_line(&place.stage) {
        title.push_str(&format!(" at {stage}"));
    }
    if let Some(phase) = one_line(&place.phase) {
        title.push_str(&format!(", phase {phase}"));
    }
    if let Some(model) = one_line(&place.model) {
        title.push_str(&format!(", {model}"));
    }
    title
}

fn row(figure: &Compared) -> [String; 6] {
    let dash = || "–".to_owned();
    let side = |side: &Option<crate::compare::Side>| {
        side.as_ref().map_or_else(dash, |side| words::figure(side.center, figure.unit))
    };
    let (change, between) = match &figure.apart {
        None => (dash(), String::new()),
        Some(apart) => (
            words::apart(figure, apart),
            apart.interval.map_or_else(String::new, |interval| words::between(figure, &interval)),
        ),
    };
    [figure.figure.clone(), side(&figure.base), side(&figure.new), change, between, judged(figure)]
}

fn judged(figure: &Compared) -> String {
    match figure.judgement {
        Judgement::Worse => "WORSE".to_owned(),
        Judgement::Better => "better".to_owned(),
        Judgement::NotWorse => "not worse".to_owned(),
        Judgement::Unclear => "unclear".to_owned(),
        Judgement::MayBeChance => "may be chance".to_owned(),
        Judgement::NotMeasured => "not measured in each run".to_owned(),
        Judgement::TooFewRuns | Judgement::Shown => String::new(),
    }
}

fn painted(row: &str, look: Look) -> String {
    match row.strip_suffix("WORSE") {
        Some(start) => format!("{start}{}", paint("WORSE", Ink::Bad, look)),
        None => row.to_owned(),
    }
}
