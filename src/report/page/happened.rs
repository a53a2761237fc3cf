//! What happened when, as the rows of a table.

use jiff::{SignedDuration, Timestamp};

use super::place::shown;
use super::tables::Table;
use crate::incidents::{Incident, IncidentKind};
use crate::report::figures::{seconds, stopwatch};
use crate::report::screen::clean;
use crate::report::terminal::incidents::{WHOLE_RUN, words};
use crate::results::Summary;

/// The most that are listed; the rest are counted.
const MOST_LISTED: usize = 200;

/// A row for each incident, with its times from the start and by the clock, and how many more there are.
pub(super) fn happened(summary: &Summary) -> (Table, usize) {
    let mut table =
        Table::default().figures(&["from", "to"]).texts(&["where"]).marked("what").figures(&["lasted", "began (UTC)"]);
    let started: Option<Timestamp> = summary.run.started.parse().ok();
    for incident in summary.events.iter().take(MOST_LISTED) {
        table.row(mark(incident.kind), cells(incident, started));
    }
    (table, summary.events.len().saturating_sub(MOST_LISTED))
}

fn mark(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::NoAcknowledgements | IncidentKind::NoDeliveries | IncidentKind::LimitBroken => "bad",
        IncidentKind::PartitionStalled
        | IncidentKind::LeaderMoved
        | IncidentKind::Rebalanced
        | IncidentKind::Throttled
        | IncidentKind::Saturation
        | IncidentKind::Backlog
        | IncidentKind::ScaleUp => "doubt",
        IncidentKind::Recovered => "good",
        IncidentKind::Fault => "part",
    }
}

fn cells(incident: &Incident, started: Option<Timestamp>) -> Vec<String> {
    let to = incident.to_s.map_or_else(|| "the end".to_owned(), from_start);
    let lasted = incident.to_s.map_or_else(String::new, |to_s| from_secs(to_s.saturating_sub(incident.from_s)));
    let place = match &incident.stage {
        Some(stage) => format!("{} at {}", shown(&incident.stream), shown(stage)),
        None if incident.stream.is_empty() => WHOLE_RUN.to_owned(),
        None => shown(&incident.stream),
    };
    let began = started.and_then(|started| clock_time(started, incident.from_s)).unwrap_or_default();
    vec![from_start(incident.from_s), to, place, clean(&words(incident)), lasted, began]
}

/// A moment on the run's own clock, as on the charts: `0:21`.
fn from_start(second: u64) -> String {
    stopwatch(length(second).as_secs_f64())
}

fn from_secs(secs: u64) -> String {
    seconds(length(secs).as_secs_f64())
}

fn length(secs: u64) -> std::time::Duration {
    std::time::Duration::from_secs(secs)
}

fn clock_time(started: Timestamp, second: u64) -> Option<String> {
    let at = started.checked_add(SignedDuration::from_secs(i64::try_from(second).ok()?)).ok()?;
    Some(at.strftime("%H:%M:%S").to_string())
}
