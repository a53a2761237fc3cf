//! A run's figures against the relays' books.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::books::Books;
use super::fault::{Fault, What};
use crate::incidents::{Incident, IncidentKind};
use crate::results::Summary;
use crate::results::summary::{StageSummary, StreamSummary};
use crate::verdict::Verdict;

/// A histogram's buckets, and the stamps' microseconds.
const ROUNDING: f64 = 0.002;
/// An incident is dated by whole seconds, and a second that is held up in part may not show it.
pub(super) const DATED_WITHIN_S: f64 = 2.0;
/// A generator or observer that was further behind says little of when things happened, in milliseconds.
const STARVED_MS: f64 = 500.0;
/// In one of twenty runs with the smallest share of losses that is told, no event is lost.
const MISSED_IN: f64 = 0.05;

/// What was done, and what was found of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The figure, as the summary names it; `missing` is lost and in flight together.
    pub(crate) figure: String,
    /// What the relay did.
    pub(crate) injected: f64,
    /// What the run says.
    pub(crate) found: f64,
    /// By how much they may differ: 0 for counts; for a latency, what one more way through a topic took at most.
    pub(crate) allowed: f64,
}

/// How a fault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// All that was done was found, and nothing else.
    Found,
    /// Something was done that was not found.
    Missed,
    /// Something was found that was not done.
    FalseAlarm,
    /// The run passed all the same.
    WrongPass,
    /// Nothing was done: the load was too small for it.
    NotInjected,
    /// The target stood still by itself, or this machine was too busy to keep time: what the relay did to times cannot be told from that.
    Masked,
}

/// A fault of the relay, and what the run says of its stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Row {
    /// The fault.
    pub(crate) fault: String,
    /// From what it was drawn.
    pub(crate) seed: u64,
    /// What it is.
    pub(crate) told: String,
    /// How it stands.
    pub(crate) standing: Standing,
    /// Figure by figure.
    pub(crate) cells: Vec<Cell>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Calibration {
    /// The version of this layout: 1.
    pub(crate) schema: u32,
    /// `pass` where every fault was found and nothing else; `fail` where one was missed, or a run passed wrongly; `void` where nothing can be said.
    pub(crate) verdict: Verdict,
    /// The same in a sentence.
    pub(crate) text: String,
    /// The target cluster.
    pub(crate) cluster_id: String,
    /// Runs that were made.
    pub(crate) rounds: u64,
    /// Events of each stream.
    pub(crate) events: u64,
    /// The smallest share of lost events that such a stream shows in 19 of 20 runs: every single lost event is seen, and this is how often there
    /// is one.
    pub(crate) sees_lost_share: f64,
    /// The faults of each run.
    pub(crate) rows: Vec<Row>,
    /// The folder of the runs.
    pub(crate) folder: String,
}

impl Cell {
    pub(super) fn count(figure: &str, injected: u64, found: u64) -> Self {
        Cell { figure: figure.to_owned(), injected: injected as f64, found: found as f64, allowed: 0.0 }
    }

    /// Whether less was found than was done.
    #[must_use]
    pub(crate) fn is_missed(&self) -> bool {
        self.found < self.injected * (1.0 - if self.allowed > 0.0 { ROUNDING } else { 0.0 })
    }

    /// Whether it is a latency: others than the relay may make it longer.
    #[must_use]
    pub(crate) fn is_time(&self) -> bool {
        self.allowed > 0.0
    }

    /// Whether more was found.
    #[must_use]
    pub(crate) fn is_too_much(&self) -> bool {
        self.found > self.injected * (1.0 + if self.allowed > 0.0 { ROUNDING } else { 0.0 }) + self.allowed
    }
}

impl Standing {
    /// Whether the detector did not do what it is for.
    #[must_use]
    pub(crate) fn is_wrong(self) -> bool {
        matches!(self, Standing::Missed | Standing::FalseAlarm | Standing::WrongPass)
    }
}

/// Whether this machine was too busy to send and to look in time.
pub(super) fn is_starved(stream: &StreamSummary) -> bool {
    let observers = stream.stages.iter().map(|stage| stage.observer_behind_ms.max);
    let behind_ms = observers.fold(stream.observer_behind_ms.max, f64::max);
    stream.worst_second_late_ms.max(behind_ms) > STARVED_MS
}

/// What the run says of a fault's stream, against its relay's books; none where the run knows no such stream.
#[must_use]
pub(crate) fn compared(fault: &Fault, seed: u64, books: &Books, summary: &Summary) -> Option<Row> {
    let stream = summary.streams.iter().find(|stream| stream.name == fault.name)?;
    let [input, output] = stream.stages.as_slice() else { return None };
    let mut cells = counted(books, input, output);
    cells.extend(timed(books, input, output));
    cells.extend(happened(fault, books, stream, summary));
    let mut standing = standing(fault, &cells, output.verdict);
    let stood_still = || held_up_s(books, summary).is_some_and(|held_up| is_targets_own(held_up, stream, summary));
    if standing == Standing::Missed && books.held_up_ns.is_some() && (stood_still() || is_starved(stream)) {
        standing = Standing::Masked;
    }
    Some(Row { fault: fault.name.to_owned(), seed, told: fault.told.to_owned(), standing, cells })
}

fn counted(books: &Books, input: &StageSummary, output: &StageSummary) -> Vec<Cell> {
    let (did, seen) = (books.did(), &output.counts);
    vec![
        Cell::count("taken", did.taken, input.counts.delivered),
        Cell::count("delivered", did.delivered, seen.delivered),
        Cell::count("missing", did.missing, seen.lost + seen.in_flight),
        Cell::count("duplicates_accidental", did.duplicates, seen.duplicates_accidental),
        Cell::count("reordered_accidental", did.reordered, seen.reordered_accidental),
        Cell::count("phantom", did.phantom, seen.phantom),
        Cell::count("unreadable", did.unreadable, seen.unreadable),
    ]
}

/// Latencies: no event is seen before it was forwarded, nor later than by one more way through a topic.
fn timed(books: &Books, input: &StageSummary, output: &StageSummary) -> Vec<Cell> {
    let (found, one_way) = (&output.latency_ms.due_to_consumed, &input.latency_ms.due_to_consumed);
    let of = |(figure, quantile, found): (&str, f64, f64)| {
        let injected = books.quantile_ms(quantile)?;
        Some(Cell { figure: figure.to_owned(), injected, found, allowed: one_way.max })
    };
    [("due_to_consumed_p50", 0.5, found.p50), ("due_to_consumed_p99", 0.99, found.p99)]
        .into_iter()
        .filter_map(of)
        .collect()
}

/// What happened when: a stalled partition, a silence. Where nothing is done, nothing of the kind may be said.
fn happened(fault: &Fault, books: &Books, stream: &StreamSummary, summary: &Summary) -> Option<Cell> {
    let kind = match fault.what {
        What::Stall { .. } => IncidentKind::PartitionStalled,
        What::Silence { .. } => IncidentKind::NoDeliveries,
        What::Nothing => {
            let is_said = |event: &&Incident| {
                matches!(event.kind, IncidentKind::PartitionStalled | IncidentKind::NoDeliveries)
                    && is_at(event, stream, "output")
                    && !is_targets_own(lasts(event), stream, summary)
            };
            return Some(Cell::count("incidents", 0, summary.events.iter().filter(is_said).count() as u64));
        }
        _ => return None,
    };
    let (from_s, to_s) = held_up_s(books, summary)?;
    let is_it = |event: &&Incident| {
        let (began_s, ended_s) = lasts(event);
        event.kind == kind
            && is_at(event, stream, "output")
            && (began_s - from_s).abs() <= DATED_WITHIN_S
            && (ended_s - to_s).abs() <= DATED_WITHIN_S
    };
    let figure = if kind == IncidentKind::NoDeliveries { "no_deliveries" } else { "partition_stalled" };
    Some(Cell::count(figure, 1, u64::from(summary.events.iter().any(|event| is_it(&event)))))
}

/// When the relay held records up, in seconds since the run's start.
fn held_up_s(books: &Books, summary: &Summary) -> Option<(f64, f64)> {
    let began_ns = summary.run.started.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    let since_s = |ns: u64| (i128::from(ns) - began_ns) as f64 / 1e9;
    books.held_up_ns.map(|(from, to)| (since_s(from), since_s(to)))
}

/// From when to when, in seconds; one that was not over lasts for ever.
fn lasts(event: &Incident) -> (f64, f64) {
    (event.from_s as f64, event.to_s.map_or(f64::INFINITY, |to_s| to_s as f64))
}

fn is_at(event: &Incident, stream: &StreamSummary, stage: &str) -> bool {
    event.stream == stream.name && event.stage.as_deref() == Some(stage)
}

/// Whether the target itself stood still in that time: what happens before the relay is not its doing, and hides what is.
fn is_targets_own((from_s, to_s): (f64, f64), stream: &StreamSummary, summary: &Summary) -> bool {
    let stands_still = |event: &&Incident| {
        let (began_s, ended_s) = lasts(event);
        is_at(event, stream, "input") && event.kind != IncidentKind::Recovered && began_s < to_s && from_s < ended_s
    };
    summary.events.iter().any(|event| stands_still(&event))
}

fn standing(fault: &Fault, cells: &[Cell], verdict: Option<Verdict>) -> Standing {
    let is_none = fault.what == What::Nothing;
    let breaks_limit = |cell: &&Cell| {
        ["missing", "duplicates_accidental", "reordered_accidental", "phantom"].contains(&cell.figure.as_str())
            && cell.injected > 0.0
    };
    let harms = cells.iter().filter(breaks_limit).count();
    let is_timed = matches!(fault.what, What::Stall { .. } | What::Silence { .. });
    if cells.iter().any(Cell::is_missed) {
        Standing::Missed
    } else if cells.iter().any(|cell| cell.is_too_much() && !cell.is_time())
        || is_none && verdict == Some(Verdict::Fail)
    {
        Standing::FalseAlarm
    } else if harms > 0 && verdict == Some(Verdict::Pass) {
        Standing::WrongPass
    } else if !is_none && harms == 0 && !is_timed {
        Standing::NotInjected
    } else if cells.iter().any(Cell::is_too_much) {
        Standing::Masked
    } else {
        Standing::Found
    }
}

/// What a calibration is of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Of {
    /// The target cluster.
    pub(crate) cluster_id: String,
    /// Runs that were made.
    pub(crate) rounds: u64,
    /// Events of each stream.
    pub(crate) events: u64,
    /// The folder of the runs.
    pub(crate) folder: String,
}

/// All rows together.
#[must_use]
pub(crate) fn concluded(of: Of, rows: Vec<Row>) -> Calibration {
    let (verdict, text) = verdict(&rows);
    let Of { cluster_id, rounds, events, folder } = of;
    let sees_lost_share = 1.0 - MISSED_IN.powf(1.0 / events.max(1) as f64);
    let schema = super::CALIBRATION_SCHEMA;
    Calibration { schema, verdict, text, cluster_id, rounds, events, sees_lost_share, rows, folder }
}

fn verdict(rows: &[Row]) -> (Verdict, String) {
    let of = |is: &dyn Fn(Standing) -> bool| -> Vec<String> {
        rows.iter().filter(|row| is(row.standing)).map(|row| format!("{} (seed {})", row.fault, row.seed)).collect()
    };
    let wrong = of(&Standing::is_wrong);
    let [idle, masked] = [Standing::NotInjected, Standing::Masked].map(|which| of(&|standing| standing == which));
    let faults = rows.iter().filter(|row| row.fault != "none").count();
    if !wrong.is_empty() {
        (
            Verdict::Fail,
            format!("{} of {} streams are not told as they were: {}", wrong.len(), rows.len(), wrong.join(", ")),
        )
    } else if !idle.is_empty() {
        (Verdict::Void, format!("too few events for {}: raise --rate or --duration", idle.join(", ")))
    } else if !masked.is_empty() {
        (
            Verdict::Void,
            format!(
                "the target, or this machine, was too busy for {}: once more, or with a lower --rate",
                masked.join(", ")
            ),
        )
    } else if faults == 0 {
        (Verdict::Void, "nothing was compared: the run has no such streams".to_owned())
    } else {
        (Verdict::Pass, format!("{faults} of {faults} faults were found, and nothing else"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::FAULTS;
    use super::*;

    fn fault(name: &str) -> &'static Fault {
        FAULTS.iter().find(|fault| fault.name == name).unwrap()
    }

    fn row(name: &str, standing: Standing) -> Row {
        Row { fault: name.to_owned(), seed: 7, told: String::new(), standing, cells: Vec::new() }
    }

    #[test]
    fn a_count_must_be_equal_and_a_latency_within_one_more_way() {
        let standing_of =
            |injected, found| standing(fault("lose"), &[Cell::count("missing", injected, found)], Some(Verdict::Fail));
        assert_eq!(standing_of(3, 3), Standing::Found);
        assert_eq!((standing_of(3, 2), standing_of(3, 4)), (Standing::Missed, Standing::FalseAlarm));
        let late = |found| Cell { figure: "due_to_consumed_p99".to_owned(), injected: 300.0, found, allowed: 20.0 };
        assert!(!late(300.0).is_missed() && !late(320.0).is_too_much());
        assert!(late(290.0).is_missed() && late(330.0).is_too_much());
        let of = |found| standing(fault("lose"), &[Cell::count("missing", 3, 3), late(found)], Some(Verdict::Fail));
        assert_eq!((of(320.0), of(330.0), of(290.0)), (Standing::Found, Standing::Masked, Standing::Missed));
    }

    #[test]
    fn a_run_that_passes_in_spite_of_a_loss_is_wrong_and_one_that_fails_without_a_fault_is_too() {
        let lost = [Cell::count("missing", 3, 3)];
        assert_eq!(standing(fault("lose"), &lost, Some(Verdict::Pass)), Standing::WrongPass);
        let clean = [Cell::count("missing", 0, 0)];
        assert_eq!(standing(fault("none"), &clean, Some(Verdict::Fail)), Standing::FalseAlarm);
        assert_eq!(standing(fault("none"), &clean, Some(Verdict::Void)), Standing::Found);
        assert_eq!(standing(fault("lose"), &clean, Some(Verdict::Pass)), Standing::NotInjected);
    }

    #[test]
    fn one_fault_that_is_missed_fails_all_and_nothing_measured_is_no_pass() {
        let of = |rows| {
            let of = Of { cluster_id: String::new(), rounds: 1, events: 3_600, folder: String::new() };
            concluded(of, rows)
        };
        let found = row("lose", Standing::Found);
        assert_eq!(of(vec![found.clone(), row("none", Standing::Found)]).verdict, Verdict::Pass);
        let failed = of(vec![found.clone(), row("repeat", Standing::Missed), row("delay", Standing::NotInjected)]);
        assert_eq!(failed.verdict, Verdict::Fail);
        assert!(failed.text.contains("repeat (seed 7)") && !failed.text.contains("delay"), "{}", failed.text);
        assert_eq!(of(vec![found, row("delay", Standing::NotInjected)]).verdict, Verdict::Void);
        assert_eq!(of(Vec::new()).verdict, Verdict::Void);
    }

    #[test]
    fn the_smallest_loss_that_is_seen_is_missed_in_one_of_twenty() {
        let of = Of { cluster_id: String::new(), rounds: 1, events: 3_600, folder: String::new() };
        let share = concluded(of, Vec::new()).sees_lost_share;
        assert!((1.0 - share).powi(3_600) - 0.05 < 1e-9 && (1.0 / share - 1_202.0).abs() < 1.0, "{share}");
    }
}
