//! A suite's past nights: what was found last, what is worse, and each figure as a row of small bars, the newest night at the right.

mod accepted;
pub(in crate::report) mod words;

use super::nightly::headline;
use super::paint::{Ink, Look, paint};
use super::tables::{line, push_wrapped};
use crate::compare::words::one_line;
use crate::nightly::{Past, PastFigure, PastMark, PastPoint, PastRun};
use crate::nights::Judged;
use crate::report::scale::Scale;
use crate::report::screen::shortened;

pub(crate) use accepted::accepted_change;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The columns beside the bars: last and usual, and what is said.
const NUMBER: usize = 9;
const SAID: usize = 18;
/// The longest name of a figure that is shown whole.
const LONGEST_NAME: usize = 24;
/// Fewer nights are not worth a row.
const LEAST_BARS: usize = 12;
/// How many sentences of accepted changes are shown, the newest.
const MOST_ACCEPTED: usize = 5;

/// What a person reads of the past nights.
#[must_use]
pub(crate) fn past_nights(past: &Past, look: Look) -> String {
    let mut text = String::new();
    let Some(last) = past.nights.last() else { return text };
    let (word, ink) = headline(last.finding);
    line(&mut text, &format!("{}  night {}: {}", paint(word, ink, look), one_line(&last.night), last.text));
    let broken = words::broken(last).map(|(sentence, _)| sentence);
    for sentence in broken.chain(past.notes.iter().cloned()) {
        push_wrapped(&mut text, &shortened(&sentence), look.width);
    }
    let worse = past.figures.iter().filter_map(words::alarm);
    for sentence in worse.chain(past.figures.iter().filter_map(words::improvement)) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    for accepted in past.accepted.iter().rev().take(MOST_ACCEPTED) {
        push_wrapped(&mut text, &shortened(&words::accepted(accepted)), look.width);
    }
    line(&mut text, "");
    let columns = Columns::of(past, look);
    let nights = words::which_nights(past);
    let is_all = columns.bars == past.nights.len();
    let fewer = if is_all { String::new() } else { format!("; the last {} fit here", columns.bars) };
    line(&mut text, &format!("{nights}{fewer}"));
    rows(&mut text, past, columns, look);
    legend(&mut text, past, columns.bars);
    text
}

/// How wide the columns are that have no width of their own.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// The figures' names.
    name: usize,
    /// A bar for each of so many nights.
    bars: usize,
}

impl Columns {
    fn of(past: &Past, look: Look) -> Self {
        let longest = past.figures.iter().map(|figure| one_line(&figure.figure).chars().count()).max().unwrap_or(0);
        let name = longest.min(LONGEST_NAME);
        let beside = 2 + name + 1 + 2 + NUMBER + 1 + NUMBER + 2 + SAID;
        Columns { name, bars: look.width.saturating_sub(beside).max(LEAST_BARS).min(past.nights.len()) }
    }
}

/// The figures, a heading for each place.
fn rows(text: &mut String, past: &Past, columns: Columns, look: Look) {
    for place in past.figures.chunk_by(|one, other| one.profile == other.profile && one.place == other.place) {
        let Some(first) = place.first() else { continue };
        line(text, "");
        line(text, &paint(&words::place(first), Ink::Strong, look));
        let (marks, name) = (marks(past, place, columns.bars), columns.name);
        line(text, &format!("  {:name$} {marks}  {:>NUMBER$} {:>NUMBER$}", "", "last", "usual"));
        for figure in place {
            line(text, &row(figure, columns, look));
        }
    }
}

fn row(figure: &PastFigure, columns: Columns, look: Look) -> String {
    let ink = match figure.judged {
        Judged::Worse | Judged::StillWorse => Ink::Bad,
        Judged::Better => Ink::Good,
        _ => Ink::Faint,
    };
    let width = columns.name;
    let name: String = one_line(&figure.figure).chars().take(width).collect();
    format!(
        "  {name:width$} {}  {:>NUMBER$} {:>NUMBER$}  {}",
        sparkline(figure, columns.bars, look),
        words::number(figure.value, figure),
        words::number(figure.usual, figure),
        paint(&words::short(figure), ink, look)
    )
}

/// A bar for each of the last nights; none where nothing was measured. A change that matters is a bar or more, and noise below that is flat.
fn sparkline(figure: &PastFigure, bars: usize, look: Look) -> String {
    let first = figure.points.len().saturating_sub(bars);
    let shown = &figure.points[first..];
    let Some(scale) = Scale::over(range(figure, shown).into_iter()) else { return " ".repeat(shown.len()) };
    let bar = |point: &PastPoint| {
        point.value.map_or(' ', |value| BARS[((scale.share(value) * 8.0) as usize).min(BARS.len() - 1)])
    };
    shown.iter().map(|point| painted(bar(point), point.judged, look)).collect()
}

/// What the bars must have room for: the values, and two changes that matter around the usual.
fn range(figure: &PastFigure, shown: &[PastPoint]) -> Vec<f64> {
    let around = figure
        .usual
        .into_iter()
        .flat_map(|usual| [1.0 / (1.0 + 2.0 * figure.least), 1.0 + 2.0 * figure.least].map(|by| usual * by));
    shown.iter().filter_map(|point| point.value).chain(around).collect()
}

fn painted(bar: char, judged: Judged, look: Look) -> String {
    let bar = bar.to_string();
    match judged {
        Judged::Worse | Judged::StillWorse => paint(&bar, Ink::Bad, look),
        Judged::Better => paint(&bar, Ink::Good, look),
        Judged::Suspect | Judged::TooFewNights => paint(&bar, Ink::Faint, look),
        _ => bar,
    }
}

/// What is marked above the bars of a place's figures.
fn marks(past: &Past, place: &[PastFigure], bars: usize) -> String {
    let first = past.nights.len().saturating_sub(bars);
    (first..past.nights.len()).map(|at| mark(past, place, at)).collect()
}

fn mark(past: &Past, place: &[PastFigure], at: usize) -> char {
    let night = &past.nights[at];
    let is_of_place = |run: &&PastRun| place.iter().any(|figure| figure.profile == run.profile);
    let has = |marks: fn(&PastFigure) -> &[PastMark]| place.iter().flat_map(marks).any(|mark| mark.at == at);
    match () {
        () if has(|figure| &figure.accepted) => 'a',
        () if has(|figure| &figure.begins) => 'b',
        () if night.suspect.is_some() => '?',
        () if !night.runs.iter().filter(is_of_place).any(|run| run.counts) => 'x',
        () => ' ',
    }
}

/// The marks that stand above the bars, and what they mean.
fn legend(text: &mut String, past: &Past, bars: usize) {
    let all: String = past.figures.chunks(1).map(|figure| marks(past, figure, bars)).collect();
    let meanings = [
        ('a', "a  another usual was accepted"),
        ('b', "b  a new baseline begins"),
        ('?', "?  the machine was not itself"),
        ('x', "x  no run counts"),
    ];
    let used = meanings.into_iter().filter(|(mark, _)| all.contains(*mark)).map(|(_, meaning)| meaning);
    let used: Vec<&str> = used.collect();
    line(text, "");
    if !used.is_empty() {
        line(text, &used.join("   "));
    }
    if past.figures.iter().any(|figure| words::short(figure).contains("sees ")) {
        line(text, "\"sees 7 %\": a change by as much would be found in 9 of 10, within three nights");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nightly::examples::{nothing_of, past_of};
    use crate::report::screen::clean;

    #[test]
    fn past_nights_read_like_this() {
        insta::assert_snapshot!(clean(&past_nights(&past_of(), Look::PLAIN)));
    }

    #[test]
    fn a_narrow_terminal_shows_fewer_nights_and_no_line_is_longer() {
        let text = past_nights(&past_of(), Look { width: 80, ..Look::PLAIN });
        assert!(text.contains("the last 21 fit here"), "{text}");
        let figures = text.split_once("fit here").unwrap().1;
        assert!(figures.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_bar_is_red_where_the_night_was_worse_and_green_where_it_was_better() {
        let text = past_nights(&past_of(), Look { colour: true, ..Look::PLAIN });
        assert!(text.contains("\u{1b}[1;31m█") && text.contains("\u{1b}[1;31mWORSE"), "{text}");
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(past_nights(&nothing_of(), Look::PLAIN), "");
    }
}
