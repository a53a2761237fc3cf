//! What happened when, found in the rows of a run's timeline.

use crate::incidents::{Incident, Limits, Second, Seconds, find};
use crate::profile::{Profile, Stream};
use crate::results::TimelineRow;

/// The incidents of all streams and stages, in the order in which they began.
#[must_use]
pub(crate) fn incidents_of(profile: &Profile, rows: &[TimelineRow]) -> Vec<Incident> {
    let mut incidents: Vec<Incident> =
        profile.streams.iter().flat_map(|stream| incidents_of_stream(stream, rows)).collect();
    incidents.sort_by_key(|incident| incident.from_s);
    incidents
}

fn incidents_of_stream(stream: &Stream, rows: &[TimelineRow]) -> Vec<Incident> {
    let rows: Vec<&TimelineRow> = rows.iter().filter(|row| row.stream == stream.name).collect();
    let of_stage = |(place, stage): (usize, &crate::profile::Stage)| {
        // A stream that is observed in one place only has no stage in its rows.
        let name = if stream.stages.len() > 1 { stage.name.as_str() } else { "" };
        let seconds = seconds_of(rows.iter().filter(|row| row.stage == name));
        // Limits on end-to-end latency hold at the last stage.
        let limit = stream.slo.end_to_end_p99.filter(|_| place == stream.last_of_events());
        let limits = Limits { end_to_end_p99_ms: limit.map(|limit| limit.as_millis_f64()) };
        find(&Seconds::new(&stream.name, Some(name).filter(|name| !name.is_empty()), &seconds), limits)
    };
    let of_events = stream.stages.iter().enumerate().filter(|(_, stage)| stage.results.is_none());
    of_events.flat_map(of_stage).collect()
}

/// The seconds by their numbers: one that no row is about is empty.
fn seconds_of<'a>(rows: impl Iterator<Item = &'a &'a TimelineRow>) -> Vec<Second> {
    let mut seconds = Vec::new();
    for row in rows {
        let at = usize::try_from(row.second).unwrap_or(usize::MAX);
        if at >= seconds.len() {
            seconds.resize(at.saturating_add(1), Second::default());
        }
        seconds[at] = second_of(row);
    }
    seconds
}

fn second_of(row: &TimelineRow) -> Second {
    Second {
        offered: row.offered_per_s as u64,
        acked: row.acked_per_s as u64,
        given_up: row.failed + row.dropped,
        delivered: row.seen_per_s as u64,
        outstanding: row.outstanding,
        p99_ms: row.due_to_consumed_p99_ms,
    }
}
