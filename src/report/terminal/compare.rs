//! A comparison: the finding first, then what is worse and what else differs, then each figure.

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::compare::{Compared, Comparison, Finding, Judgement, Place, RunUsed, Side, words};
use crate::figures::count;

/// How many runs of a side are named; the rest are counted.
const MOST_NAMED: usize = 10;
/// How many worse figures are put into sentences; the rest are counted.
const MOST_SENTENCES: usize = 12;
/// With more places than this, only those with something to look at have their table: the rest are counted.
const MOST_PLACES: usize = 12;

/// What a person reads of a comparison.
#[must_use]
pub(crate) fn comparison(found: &Comparison, look: Look) -> String {
    let mut text = String::new();
    let (word, ink) = headline(found);
    line(&mut text, &format!("{}  {}", paint(word, ink, look), found.text));
    for sentence in worse(found) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    differences(&mut text, found, look);
    line(&mut text, "");
    runs(&mut text, "base", &found.base, look);
    runs(&mut text, "new", &found.new, look);
    push_hanging(&mut text, &format!("rule  {}", rule(found)), look.width);
    tables(&mut text, found, look);
    text
}

/// The finding in a word.
pub(in crate::report) fn headline(found: &Comparison) -> (&'static str, Ink) {
    match found.finding {
        Finding::Regression => ("REGRESSION", Ink::Bad),
        Finding::NoRegression => ("NO REGRESSION", Ink::Good),
        Finding::Unclear => ("UNCLEAR", Ink::Doubt),
    }
}

/// What is worse, a sentence each: what is certain, then the figures.
pub(in crate::report) fn worse(found: &Comparison) -> Vec<String> {
    let mut sentences: Vec<String> = found.facts.iter().map(|fact| fact.text.clone()).collect();
    let worse: Vec<&Compared> = found.figures.iter().filter(|figure| figure.judgement == Judgement::Worse).collect();
    sentences.extend(worse.iter().take(MOST_SENTENCES).map(|figure| sentence(figure)));
    let more = worse.len().saturating_sub(MOST_SENTENCES);
    if more > 0 {
        sentences.push(format!("{} more figures are worse.", count(more as u64)));
    }
    sentences
}

/// "orders: end_to_end_p99 is 8.1 ms, and was 6.28 ms: +29 %, between +22 % and +35 %."
fn sentence(figure: &Compared) -> String {
    let [name, base, new, change, between, _] = row(figure);
    format!("{}: {name} is {new}, and was {base}: {change} ({between}).", place_title(&figure.place))
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
pub(in crate::report) fn rule(found: &Comparison) -> String {
    let mut own: Vec<String> = Vec::new();
    for figure in found.figures.iter().filter(|figure| (figure.threshold - found.threshold).abs() > 0.0) {
        let named = format!("{} of {}", words::share(figure.threshold), figure.figure);
        if !own.contains(&named) {
            own.push(named);
        }
    }
    let own = if own.is_empty() { String::new() } else { format!(" ({})", own.join(", ")) };
    let threshold = format!("{}{own}", words::share(found.threshold));
    let once_in = (1.0 / found.family_misrate).round();
    format!(
        "worse: the whole interval is beyond {threshold} on the bad side; equal sets look worse in at most 1 of {once_in} comparisons"
    )
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
pub(in crate::report) fn places(figures: &[Compared]) -> Vec<&Place> {
    let mut seen = std::collections::HashSet::new();
    figures.iter().map(|figure| &figure.place).filter(|place| seen.insert(*place)).collect()
}

fn tables(text: &mut String, found: &Comparison, look: Look) {
    let places = places(&found.figures);
    let all = places.len() <= MOST_PLACES;
    let (shown, quiet): (Vec<&Place>, Vec<&Place>) =
        places.into_iter().partition(|place| all || has_something(found, place));
    for place in shown.iter().take(MOST_PLACES) {
        figures(text, found, place, look);
    }
    let left = quiet.len() + shown.len().saturating_sub(MOST_PLACES);
    if left > 0 {
        line(text, "");
        line(text, &format!("{} more tables are in the output of --json and --html", count(left as u64)));
    }
}

fn has_something(found: &Comparison, place: &Place) -> bool {
    found.figures.iter().any(|figure| figure.place == *place && figure.judgement == Judgement::Worse)
}

fn figures(text: &mut String, found: &Comparison, place: &Place, look: Look) {
    line(text, "");
    line(text, &paint(&place_title(place), Ink::Strong, look));
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
pub(in crate::report) fn place_title(place: &Place) -> String {
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

/// A figure's name, its sides, the change, where that may be, and what is said of it.
pub(in crate::report) fn row(figure: &Compared) -> [String; 6] {
    let dash = || "–".to_owned();
    let side = |side: Option<Side>| side.map_or_else(dash, |side| words::figure(side.center, figure.unit));
    let change = figure.apart.map_or_else(dash, |apart| words::apart(figure, &apart));
    let interval = figure.apart.and_then(|apart| apart.interval);
    let between = interval.map_or_else(String::new, |interval| words::between(figure, &interval));
    [figure.figure.clone(), side(figure.base), side(figure.new), change, between, judged(figure).to_owned()]
}

fn judged(figure: &Compared) -> &'static str {
    match figure.judgement {
        Judgement::Worse => "WORSE",
        Judgement::Better => "better",
        Judgement::NotWorse => "not worse",
        Judgement::Unclear => "unclear",
        Judgement::MayBeChance => "may be chance",
        Judgement::NotMeasured => "not measured in each run",
        Judgement::TooFewRuns | Judgement::Shown => "",
    }
}

fn painted(row: &str, look: Look) -> String {
    match row.strip_suffix("WORSE") {
        Some(start) => format!("{start}{}", paint("WORSE", Ink::Bad, look)),
        None => row.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::examples;
    use crate::report::screen::clean;

    #[test]
    fn a_comparison_reads_like_this() {
        insta::assert_snapshot!(clean(&comparison(&examples::slower(), Look::PLAIN)));
    }

    #[test]
    fn of_many_streams_only_those_with_something_worse_have_a_table() {
        let text = comparison(&examples::many_streams(), Look::PLAIN);
        assert!(text.contains("\nslow\n") && !text.contains("\ns0\n"), "{text}");
        assert!(text.ends_with("200 more tables are in the output of --json and --html\n"), "{text}");
        assert!(text.lines().count() < 60, "{text}");
    }
}
