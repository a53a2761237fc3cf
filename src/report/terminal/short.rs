//! The closing table that fits on a terminal of 24 lines: what was run, a line for each stream, stage and phase, what happened, where the
//! time goes, what to trust, and the verdict last, where the eye is.

use std::path::Path;

use super::closing::{facts_line, headline_of, hop_name};
use super::incidents::incident_rows;
use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::check::Counts;
use crate::latency::{Hop, Latencies};
use crate::report::figures::{count, latency, rate};
use crate::report::screen::clean;
use crate::results::summary::{HopLatencies, PhaseSummary, StreamSummary, Summary};

/// Lines of a terminal that the table may fill; one more is the prompt's.
const MOST_LINES: usize = 22;
/// Lines that are always there: the facts, two blank ones, the heading, the verdict and what to type next.
const FRAME: usize = 6;
/// Lines for reasons, when there are more.
const REASON_LINES: usize = 5;
/// Lines for what happened, when there is more.
const INCIDENT_LINES: usize = 5;
/// The shortest that a name is cut to.
const SHORTEST_NAME: usize = 8;

/// What a person reads when a run is over. `folder` is where the results are, if they were written.
#[must_use]
pub(crate) fn short(summary: &Summary, folder: Option<&Path>, look: Look) -> String {
    let rows = rows_of(summary);
    let reasons = reason_lines(summary, look);
    let time = where_time_goes(summary);
    let trust = trust(summary);
    let fixed = FRAME + reasons.len() + usize::from(time.is_some()) + usize::from(trust.is_some());
    let left = MOST_LINES.saturating_sub(fixed);
    // A line is kept for what happened before every stream and phase has one, and the other way round.
    let incidents = summary.events.len().min(INCIDENT_LINES).min(left.saturating_sub(rows.len()).max(left / 3));
    let mut text = String::new();
    line(&mut text, &facts_line(summary));
    line(&mut text, "");
    table(&mut text, &rows, left.saturating_sub(incidents), look);
    for row in incident_rows(&summary.events, incidents) {
        line(&mut text, &cut(&row, look.width));
    }
    time.into_iter().chain(trust).for_each(|told| line(&mut text, &cut(&told, look.width)));
    line(&mut text, "");
    line(&mut text, &headline_of(summary, look));
    reasons.iter().for_each(|reason| line(&mut text, reason));
    if let Some(folder) = folder {
        let folder = clean(&folder.display().to_string());
        line(&mut text, &format!("more: {}", paint(&format!("floodmark show {folder} --all"), Ink::Strong, look)));
    }
    text
}

/// A line of the table.
struct Row {
    name: String,
    indent: usize,
    cells: [String; 7],
}

const HEADING: [&str; 7] = ["offered", "sent", "delivered", "lost", "waiting", "p50", "p99"];

fn rows_of(summary: &Summary) -> Vec<Row> {
    summary.streams.iter().flat_map(rows_of_stream).collect()
}

fn rows_of_stream(stream: &StreamSummary) -> Vec<Row> {
    let at = |name: &str, indent, counts: &Counts, latency_ms: &HopLatencies| {
        let whole = Figures {
            offered_per_s: Some(stream.offered_per_s),
            sent_per_s: Some(stream.achieved_per_s),
            counts: Some(counts),
            waiting: stream.most_waiting.filter(|_| indent == 0),
            end_to_end: Some(&latency_ms.due_to_consumed),
        };
        Row { name: name.to_owned(), indent, cells: whole.cells() }
    };
    let mut rows = vec![at(&stream.name, 0, &stream.counts, &stream.latency_ms)];
    let stages = stream.stages.iter().filter(|stage| stage.windows.is_none());
    rows.extend(stages.map(|stage| at(&format!("at {}", stage.name), 1, &stage.counts, &stage.latency_ms)));
    rows.extend(stream.phases.iter().map(row_of_phase));
    rows
}

fn row_of_phase(phase: &PhaseSummary) -> Row {
    let times = if phase.times > 1 { format!(" ({}×)", phase.times) } else { String::new() };
    let figures = Figures {
        offered_per_s: phase.offered_per_s,
        sent_per_s: phase.achieved_per_s,
        counts: phase.counts.as_ref(),
        waiting: phase.most_waiting,
        end_to_end: phase.latency_ms.as_ref().map(|latency_ms| &latency_ms.due_to_consumed),
    };
    Row { name: format!("{}{times}", phase.name), indent: 1, cells: figures.cells() }
}

/// What a line says.
struct Figures<'a> {
    offered_per_s: Option<f64>,
    sent_per_s: Option<f64>,
    counts: Option<&'a Counts>,
    waiting: Option<u64>,
    end_to_end: Option<&'a Latencies>,
}

impl Figures<'_> {
    fn cells(&self) -> [String; 7] {
        let rate_of = |per_s: Option<f64>| per_s.map_or_else(dash, rate);
        let count_of = |number: Option<u64>| number.map_or_else(dash, count);
        let end_to_end = self.end_to_end.filter(|of| of.count > 0);
        let latency_of = |of: fn(&Latencies) -> f64| end_to_end.map_or_else(dash, |latencies| latency(of(latencies)));
        [
            rate_of(self.offered_per_s),
            rate_of(self.sent_per_s),
            count_of(self.counts.map(|counts| counts.delivered)),
            count_of(self.counts.map(|counts| counts.lost)),
            count_of(self.waiting),
            latency_of(|of| of.p50),
            latency_of(|of| of.p99),
        ]
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// The heading and so many lines; a last one counts those that did not fit.
fn table(text: &mut String, rows: &[Row], most: usize, look: Look) {
    let shown = if rows.len() > most { most.saturating_sub(1) } else { rows.len() };
    let rows_shown = rows.get(..shown).unwrap_or(rows);
    let longest = rows_shown.iter().map(|row| row.indent * 2 + row.name.chars().count()).max().unwrap_or(0);
    let widths = (SHORTEST_NAME..=longest.max(SHORTEST_NAME)).rev();
    let drawn = widths.map(|width| drawn(rows_shown, width));
    let fits = |drawn: &String| drawn.lines().all(|line| line.chars().count() <= look.width);
    let mut narrowest = String::new();
    let fitting = drawn.inspect(|drawn| drawn.clone_into(&mut narrowest)).find(fits);
    for (number, row) in fitting.unwrap_or(narrowest).lines().enumerate() {
        let ink = if number == 0 { Ink::Faint } else { Ink::Good };
        line(text, &if number == 0 { paint(row, ink, look) } else { cut(row, look.width) });
    }
    if shown < rows.len() {
        line(text, &format!("  and {} more lines with --all", count((rows.len() - shown) as u64)));
    }
}

fn drawn(rows: &[Row], name_width: usize) -> String {
    let mut table = plain_table(8, 1..8);
    table.add_row(std::iter::once("").chain(HEADING));
    for row in rows {
        let name = cut(&format!("{}{}", "  ".repeat(row.indent), one_line(&row.name)), name_width);
        table.add_row(std::iter::once(name).chain(row.cells.iter().cloned()));
    }
    let mut text = String::new();
    push_table(&mut text, &table);
    text.lines().map(|row| format!("{}\n", row.strip_prefix("  ").unwrap_or(row))).collect()
}

/// A name as it stands in a line: whatever it holds, it is one.
fn one_line(name: &str) -> String {
    clean(name).replace(['\n', '\t'], " ")
}

/// At most so many characters, the last one a sign that there were more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The reasons as they are printed, cut after a few lines.
fn reason_lines(summary: &Summary, look: Look) -> Vec<String> {
    let mut all = String::new();
    summary.reasons.iter().for_each(|reason| push_wrapped(&mut all, &reason.text, look.width));
    let mut lines: Vec<String> = all.lines().map(str::to_owned).collect();
    if lines.len() > REASON_LINES {
        lines.truncate(REASON_LINES - 1);
        lines.push(format!("  … {} reasons in all with --all", count(summary.reasons.len() as u64)));
    }
    lines
}

/// Hop by hop, of the stream whose events take longest: "time   p99 due → sent 0.4 ms, sent → acked 3 ms, sent → consumed 7.2 s (orders)".
fn where_time_goes(summary: &Summary) -> Option<String> {
    let slowest = |one: &&StreamSummary, other: &&StreamSummary| {
        let p99 = |stream: &StreamSummary| stream.latency_ms.due_to_consumed.p99;
        p99(one).total_cmp(&p99(other))
    };
    let stream = summary.streams.iter().max_by(slowest)?;
    let hops = [Hop::DueToSent, Hop::SentToAcked, Hop::SentToConsumed];
    let measured = hops.iter().map(|hop| (*hop, stream.latency_ms.get(*hop))).filter(|(_, of)| of.count > 0);
    let told: Vec<String> = measured.map(|(hop, of)| format!("{} {}", hop_name(hop), latency(of.p99))).collect();
    let whose = if summary.streams.len() > 1 { format!(" ({})", one_line(&stream.name)) } else { String::new() };
    (!told.is_empty()).then(|| format!("time   p99 {}{whose}", told.join(", ")))
}

/// What the figures rest on: "trust  sent 1.2 ms late (p99), seen 3 ms late (most), 35,000 of 36,000 timed".
fn trust(summary: &Summary) -> Option<String> {
    let mut told = Vec::new();
    let late = &summary.generator.lateness_ms;
    if late.count > 0 {
        told.push(format!("sent {} late (p99)", latency(late.p99)));
    }
    let behind = summary.streams.iter().filter(|stream| stream.observer_behind_ms.count > 0);
    if let Some(most_ms) = behind.map(|stream| stream.observer_behind_ms.max).reduce(f64::max) {
        told.push(format!("seen {} late (most)", latency(most_ms)));
    }
    let delivered: u64 = summary.streams.iter().map(|stream| stream.counts.delivered).sum();
    let timed: u64 = summary.streams.iter().map(|stream| stream.latency_ms.due_to_consumed.count).sum();
    if delivered > 0 {
        let some = || format!("{} of {} timed", count(timed), count(delivered));
        told.push(if timed == delivered { "all events timed".to_owned() } else { some() });
    }
    (!told.is_empty()).then(|| format!("trust  {}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::{Incident, IncidentKind};
    use crate::report::terminal::closing::tests::{broken, orders, summary};

    const AT_80: Look = Look { width: 80, colour: false, terminal: true };

    fn incident(kind: IncidentKind, from_s: u64, to_s: Option<u64>, figure: f64) -> Incident {
        Incident::new(kind, ("orders", None), (from_s, to_s), figure)
    }

    fn phase(name: &str, waiting: u64) -> PhaseSummary {
        PhaseSummary {
            name: name.to_owned(),
            times: 1,
            offered_per_s: Some(1200.0),
            achieved_per_s: Some(1199.9),
            delivered_per_s: Some(640.0),
            most_waiting: Some(waiting),
            counts: Some(orders().counts),
            latency_ms: Some(orders().latency_ms),
            ..PhaseSummary::default()
        }
    }

    fn launch() -> Summary {
        let phases = vec![phase("calm", 12), phase("burst", 4707), phase("after", 4650)];
        let events = vec![
            incident(IncidentKind::Saturation, 21, Some(40), 638.0),
            incident(IncidentKind::Backlog, 21, Some(49), 4707.0),
            incident(IncidentKind::Recovered, 40, Some(49), 9.0),
        ];
        Summary { events, ..summary(vec![StreamSummary { phases, most_waiting: Some(4707), ..orders() }]) }
    }

    #[test]
    fn the_verdict_stands_last_and_says_what_to_type() {
        insta::assert_snapshot!(short(&launch(), Some(Path::new("results/launch")), AT_80));
        insta::assert_snapshot!(short(&broken(), Some(Path::new("results/3f2a")), AT_80));
    }

    #[test]
    fn it_fits_on_a_terminal_whatever_there_is_to_say() {
        let mut much = broken();
        for number in 0..200 {
            let name =
                format!("stream-{number}-with-a-name-that-is-longer-than-any-terminal-is-wide-{}", "x".repeat(90));
            much.streams.push(StreamSummary { name, phases: vec![phase("calm", 1), phase("burst", 2)], ..orders() });
        }
        for number in 0..60 {
            much.events.push(incident(IncidentKind::Backlog, number, None, 7.0));
            much.reasons.push(much.reasons[0].clone());
        }
        for summary in [much, broken(), launch(), summary(vec![])] {
            let text = short(&summary, Some(Path::new("results/3f2a")), AT_80);
            assert!(text.lines().count() <= 22, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            let verdict = text.lines().position(|line| line.starts_with("PASS") || line.starts_with("FAIL"));
            assert!(verdict.is_some(), "{text}");
        }
    }
}
