//! A plan of what to order: the order in a line, then how each figure of it comes about.

use super::paint::{Ink, Look, paint};
use super::tables::line;
use crate::figures::seconds;
use crate::provision::{Answer, Basis, Known, Line, Provision, quantity};

/// Between columns.
const GAP: &str = "  ";
/// The least that is left for a text beside its columns.
const LEAST_TEXT: usize = 30;

/// What a person reads of a plan.
#[must_use]
pub(crate) fn provision(plan: &Provision, look: Look) -> String {
    let mut text = String::new();
    push_order(&mut text, plan, look);
    let (lines, sources) = lines(plan);
    let listed =
        |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| (Vec::new(), format!("- {text}"))).collect();
    let sections: [(&str, Vec<Row>); 5] = [
        ("rests on", plan.inputs.iter().map(input).collect()),
        ("comes to", lines),
        ("not planned", listed(&mut plan.missing.iter().map(|missing| &missing.text))),
        ("notes", listed(&mut plan.notes.iter())),
        ("sources", sources),
    ];
    for (heading, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        line(&mut text, "");
        line(&mut text, &paint(heading, Ink::Strong, look));
        push_rows(&mut text, rows, look.width);
    }
    text
}

/// `PLAN  4 partitions, 4 consumers in each group, 3 brokers, 12.3 GB of disk on each`
fn push_order(text: &mut String, plan: &Provision, look: Look) {
    let (word, ink) = match plan.brokers {
        Some(Answer::NotEnough) => ("NOT ENOUGH", Ink::Bad),
        Some(Answer::Enough) => ("ENOUGH", Ink::Good),
        Some(Answer::Unknown) => ("NOT SURE", Ink::Doubt),
        None => ("PLAN", Ink::Strong),
    };
    let there = plan.inputs.iter().find(|known| known.key == "brokers");
    let there = there.map(|known| format!(" (there are {})", quantity(known.value, known.unit))).unwrap_or_default();
    let parts = [
        many(plan, "partitions", "partition"),
        many(plan, "consumers", "consumer").map(|consumers| format!("{consumers} in each group")),
        many(plan, "brokers_needed", "broker").map(|brokers| format!("{brokers}{there}")),
        said(plan, "disk_on_each").map(|disk| format!("{disk} of disk on each")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let mut start = format!("{}{GAP}", paint(word, ink, look));
    let indent = word.len() + GAP.len();
    for part in wrapped(&parts.join(", "), look.width.saturating_sub(indent)) {
        line(text, &format!("{start}{part}"));
        start = " ".repeat(indent);
    }
    let outage = plan.inputs.iter().find(|known| known.key == "outage");
    if let (Some(catch_up), Some(outage)) = (plan.line("catch_up"), outage) {
        let time = catch_up
            .value
            .map_or_else(|| "is never caught up".to_owned(), |value| format!("is caught up in {}", seconds(value)));
        line(text, &format!("an outage of {} {time}", seconds(outage.value)));
    }
}

/// A line's figure.
fn said(plan: &Provision, key: &str) -> Option<String> {
    let line = plan.line(key)?;
    Some(quantity(line.value?, line.unit))
}

/// `at least 3 brokers`
fn many(plan: &Provision, key: &str, noun: &str) -> Option<String> {
    let count = said(plan, key)?;
    let least = if plan.line(key).is_some_and(|line| line.at_least) { "at least " } else { "" };
    Some(format!("{least}{count} {noun}{}", if count == "1" { "" } else { "s" }))
}

/// Columns, and a text that is wrapped beside them.
type Row = (Vec<String>, String);

fn name(key: &str) -> String {
    key.replace('_', " ")
}

/// `measured, given`
fn bases(of: &[Basis]) -> String {
    let word = |basis: &Basis| match basis {
        Basis::Measured => "measured",
        Basis::Given => "given",
        Basis::Assumed => "assumed",
    };
    of.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn figure(value: String, at_least: bool) -> String {
    if at_least { format!("≥ {value}") } else { value }
}

fn input(known: &Known) -> Row {
    let figure = figure(quantity(known.value, known.unit), known.at_least);
    // Where it is measured or given, the text says by what.
    let flag = if known.is_assumed() { format!(" ({})", known.flag) } else { String::new() };
    (vec![name(known.key), figure, bases(&known.basis)], format!("{}{flag}", known.from))
}

/// Each line with how it comes about, and the sources that they refer to.
fn lines(plan: &Provision) -> (Vec<Row>, Vec<Row>) {
    let mut sources: Vec<String> = Vec::new();
    let rows = plan.lines.iter().map(|line| worked(line, &mut sources)).collect();
    let numbered = (1..).zip(sources).map(|(number, source)| (vec![format!("[{number}]")], source)).collect();
    (rows, numbered)
}

fn worked(of: &Line, sources: &mut Vec<String>) -> Row {
    let number = of.source.map(|source| {
        let url = source.url.map(|url| format!(": {url}")).unwrap_or_default();
        format!(" [{}]", number_of(sources, format!("{}{url}", source.says)))
    });
    let value = of.value.map_or_else(|| "never".to_owned(), |value| quantity(value, of.unit));
    let columns = vec![name(of.key), figure(value, of.at_least), bases(&of.basis)];
    (columns, format!("{}{}", of.worked, number.unwrap_or_default()))
}

/// The number of a source, which is kept once.
fn number_of(sources: &mut Vec<String>, source: String) -> usize {
    let known = sources.iter().position(|known| *known == source);
    known.unwrap_or_else(|| {
        sources.push(source);
        sources.len() - 1
    }) + 1
}

/// Rows under each other: figures to the right, and the text wrapped beside them, or below them where the screen is too narrow for that.
fn push_rows(text: &mut String, rows: &[Row], width: usize) {
    let columns = rows.first().map_or(0, |(columns, _)| columns.len());
    let wide = |at: usize| rows.iter().map(|(columns, _)| columns[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let beside = widths.iter().map(|wide| wide + GAP.len()).sum::<usize>() + GAP.len();
    let is_below = width < beside + LEAST_TEXT;
    // In a list, what follows the first line of an item stands below its words.
    let indent = if is_below || columns == 0 { 2 * GAP.len() } else { beside };
    for (columns, said) in rows {
        let mut start = in_columns(columns, &widths);
        if is_below {
            line(text, &start);
            start = " ".repeat(indent);
        }
        for part in wrapped(said, width.saturating_sub(indent)) {
            line(text, &format!("{start}{part}"));
            start = " ".repeat(indent);
        }
    }
}

/// The columns of a row, the second one to the right, and the gap before its text.
fn in_columns(columns: &[String], widths: &[usize]) -> String {
    let mut start = GAP.to_owned();
    for (at, (column, wide)) in columns.iter().zip(widths).enumerate() {
        start += &if at == 1 { format!("{column:>wide$}{GAP}") } else { format!("{column:<wide$}{GAP}") };
    }
    start
}

/// A text in lines of at most so many characters, broken at blanks.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + word.chars().count() >= width {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::example::example;
    use crate::provision::{Figure, plan};

    #[test]
    fn a_plan_reads_like_this() {
        insta::assert_snapshot!(provision(&plan(&example()).unwrap(), Look::PLAIN));
    }

    #[test]
    fn a_plan_that_knows_little_says_at_least_and_what_would_tell_more() {
        let mut asked = example();
        (asked.per_partition, asked.per_broker, asked.network_out) = (None, None, None);
        asked.per_consumer = asked.per_consumer.map(|known| Known { at_least: true, ..known });
        asked.retention.value = 1800.0;
        asked.brokers = Some(Figure::BROKERS.given(7.0));
        insta::assert_snapshot!(provision(&plan(&asked).unwrap(), Look { width: 80, ..Look::PLAIN }));
    }

    #[test]
    fn consumers_without_a_surplus_never_catch_up() {
        let mut asked = example();
        asked.spare.value = 0.0;
        let text = provision(&plan(&asked).unwrap(), Look::PLAIN);
        assert_eq!(text.lines().nth(1), Some("an outage of 1h 00m is never caught up"));
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for width in [66, 80, 100, 140] {
            let text = provision(&plan(&example()).unwrap(), Look { width, ..Look::PLAIN });
            let is_wider = |line: &&str| !line.contains("https://") && line.chars().count() > width;
            assert_eq!(text.lines().find(is_wider), None, "{width}");
        }
    }
}
