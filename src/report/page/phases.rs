//! What happened to the events of each phase.

use super::place::shown;
use super::tables::Table;
use crate::report::figures::{count, latency, rate, seconds};
use crate::results::Summary;
use crate::results::summary::PhaseSummary;

/// A row for each phase of each stream; a phase whose own limits broke is marked.
pub(super) fn phases(summary: &Summary) -> Table {
    let mut table = Table::default().marked("stream").texts(&["phase", "seconds"]).figures(&[
        "offered",
        "sent",
        "delivered",
        "lost",
        "most waiting",
        "p50",
        "p99",
        "max",
    ]);
    for stream in &summary.streams {
        for phase in &stream.phases {
            let is_broken = phase.slo.iter().any(|slo| !slo.ok && slo.observed.is_some());
            table.row(if is_broken { "bad" } else { "" }, cells(&shown(&stream.name), phase));
        }
    }
    table
}

fn cells(stream: &str, phase: &PhaseSummary) -> Vec<String> {
    let or_dash = |told: Option<String>| told.unwrap_or_else(|| "–".to_owned());
    let end_to_end = phase.latency_ms.map(|latency_ms| latency_ms.due_to_consumed).filter(|of| of.count > 0);
    let times = if phase.times > 1 { format!(", {}×", phase.times) } else { String::new() };
    vec![
        stream.to_owned(),
        shown(&phase.name),
        format!("{} to {}{times}", seconds(phase.from_s), seconds(phase.to_s)),
        or_dash(phase.offered_per_s.map(rate)),
        or_dash(phase.achieved_per_s.map(rate)),
        or_dash(phase.delivered_per_s.map(rate)),
        or_dash(phase.counts.map(|counts| count(counts.lost))),
        or_dash(phase.most_waiting.map(count)),
        or_dash(end_to_end.map(|of| latency(of.p50))),
        or_dash(end_to_end.map(|of| latency(of.p99))),
        or_dash(end_to_end.map(|of| latency(of.max))),
    ]
}
