//! What happened when, in words.

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table};
use crate::incidents::{Incident, IncidentKind};
use crate::report::figures::{count, latency, rate, seconds};
use crate::report::screen::clean;

/// How many are listed; the rest are counted.
const MOST_LISTED: usize = 12;
/// Where something happened that concerns every stream.
pub(crate) const WHOLE_RUN: &str = "the run";
/// How many partitions of an incident are named; the rest are counted.
const MOST_PARTITIONS: usize = 8;

/// A row for each incident; nothing when nothing happened.
pub(super) fn incidents(text: &mut String, incidents: &[Incident], look: Look) {
    if incidents.is_empty() {
        return;
    }
    line(text, "");
    line(text, &paint("what happened", Ink::Strong, look));
    let mut table = plain_table(3, 0..0);
    for incident in incidents.iter().take(MOST_LISTED) {
        table.add_row(vec![when(incident), place(incident), words(incident)]);
    }
    push_table(text, &table);
    if incidents.len() > MOST_LISTED {
        let more = format!("  and {} more in summary.json", count((incidents.len() - MOST_LISTED) as u64));
        line(text, &more);
    }
}

/// What matters most where not everything can be shown, the first most.
fn rank(kind: IncidentKind) -> u8 {
    match kind {
        IncidentKind::Fault => 0,
        IncidentKind::NoAcknowledgements | IncidentKind::NoDeliveries => 1,
        IncidentKind::PartitionStalled => 2,
        IncidentKind::LeaderMoved => 3,
        IncidentKind::Rebalanced => 4,
        IncidentKind::Throttled => 5,
        IncidentKind::Saturation => 6,
        IncidentKind::Recovered => 7,
        IncidentKind::LimitBroken => 8,
        IncidentKind::ScaleUp => 9,
        IncidentKind::Backlog => 10,
    }
}

/// At most so many, a line each, those that matter most in the order in which they began; a last one counts the rest.
pub(super) fn incident_rows(incidents: &[Incident], most: usize) -> Vec<String> {
    let shown = if incidents.len() > most { most.saturating_sub(1) } else { incidents.len() };
    let mut places: Vec<usize> = (0..incidents.len()).collect();
    places.sort_by_key(|at| rank(incidents[*at].kind));
    places.truncate(shown);
    places.sort_unstable();
    let mut table = plain_table(3, 0..0);
    for incident in places.iter().map(|at| &incidents[*at]) {
        table.add_row(vec![when(incident), clean(&place(incident)), words(incident)]);
    }
    let mut drawn = String::new();
    push_table(&mut drawn, &table);
    let mut rows: Vec<String> = drawn.lines().map(|row| row.trim_start().to_owned()).collect();
    if shown < incidents.len() && most > 0 {
        rows.push(format!("and {} more of what happened, with --all", count((incidents.len() - shown) as u64)));
    }
    rows
}

/// "second 21 to 49", "second 49", "from second 21 to the end"
pub(crate) fn when(incident: &Incident) -> String {
    match (incident.kind, incident.to_s) {
        (IncidentKind::Recovered | IncidentKind::LeaderMoved, Some(to_s)) => format!("second {to_s}"),
        (_, Some(to_s)) => format!("second {} to {to_s}", incident.from_s),
        (_, None) => format!("second {} to the end", incident.from_s),
    }
}

pub(crate) fn place(incident: &Incident) -> String {
    match &incident.stage {
        Some(stage) => format!("{} at {stage}", incident.stream),
        None if incident.stream.is_empty() => WHOLE_RUN.to_owned(),
        None => incident.stream.clone(),
    }
}

/// "partition 3", "partitions 3, 7 and 9", "partitions 0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
fn partitions(numbers: &[u16]) -> String {
    let (listed, more) = numbers.split_at(numbers.len().min(MOST_PARTITIONS));
    let mut names: Vec<String> = listed.iter().map(u16::to_string).collect();
    if !more.is_empty() {
        names.push(format!("{} more", more.len()));
    }
    match names.split_last() {
        Some((only, [])) => format!("partition {only}"),
        Some((last, others)) => format!("partitions {} and {last}", others.join(", ")),
        None => "a partition".to_owned(),
    }
}

pub(crate) fn words(incident: &Incident) -> String {
    let events = || count(incident.figure.max(0.0) as u64);
    match incident.kind {
        IncidentKind::Fault => format!("fault {}, on purpose", incident.fault.as_deref().unwrap_or_default()),
        IncidentKind::NoAcknowledgements => {
            format!("no acknowledgements; at most {} events waited for theirs", events())
        }
        IncidentKind::NoDeliveries => format!("no deliveries; at most {} events waited", events()),
        IncidentKind::PartitionStalled => {
            format!("{} stalled; about {} events were due there", partitions(&incident.partitions), events())
        }
        IncidentKind::LeaderMoved => {
            let brokers = incident.brokers.map(|(from, to)| format!(" from broker {from} to {to}")).unwrap_or_default();
            format!("the leader of {} moved{brokers}", partitions(&incident.partitions))
        }
        IncidentKind::Rebalanced => {
            format!("consumer group {} rebalanced", incident.group.as_deref().unwrap_or_default())
        }
        IncidentKind::Throttled => {
            format!("throttled: a quota held the client back, at longest {}", latency(incident.figure))
        }
        IncidentKind::Saturation => format!("saturated: delivered {}, less than offered", rate(incident.figure)),
        IncidentKind::Backlog => format!("backlog, at most {} events", events()),
        IncidentKind::LimitBroken => {
            format!(
                "{} over its limit, at worst {}",
                incident.slo.as_deref().unwrap_or("latency"),
                latency(incident.figure)
            )
        }
        IncidentKind::ScaleUp => {
            format!("scale up: the median was at {}, over 60 % of the class's limit", latency(incident.figure))
        }
        IncidentKind::Recovered => format!("recovered, {} after the backlog began to fall", seconds(incident.figure)),
    }
}
