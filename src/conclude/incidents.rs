//! What happened when, found in the rows of a run's timeline.

use super::Role;
use crate::incidents::{Incident, Limits, Second, Seconds, find};
use crate::profile::{Profile, Stage, Stream};
use crate::results::TimelineRow;

/// The incidents of all streams and stages, in the order in which they began. `command` wrote the rows: `produce` and `consume` see one side
/// only, and cannot tell what waits.
#[must_use]
pub(crate) fn incidents_of(command: &str, profile: &Profile, rows: &[TimelineRow]) -> Vec<Incident> {
    if command != Role::Run.name() {
        return Vec::new();
    }
    let mut incidents: Vec<Incident> =
        profile.streams.iter().flat_map(|stream| incidents_of_stream(stream, rows)).collect();
    incidents.sort_by_key(|incident| incident.from_s);
    incidents
}

fn incidents_of_stream(stream: &Stream, rows: &[TimelineRow]) -> Vec<Incident> {
    let rows: Vec<&TimelineRow> = rows.iter().filter(|row| row.stream == stream.name).collect();
    let of_stage = |(place, stage): (usize, &Stage)| {
        // A stream that is observed in one place only has no stage in its rows.
        let name = if stream.stages.len() > 1 { stage.name.as_str() } else { "" };
        // A run writes a row for each second, in their order.
        let seconds: Vec<Second> = rows.iter().filter(|row| row.stage == name).map(|row| second_of(row)).collect();
        // Limits on end-to-end latency hold at the last stage.
        let limit = stream.slo.end_to_end_p99.filter(|_| place == stream.last_of_events());
        let limits = Limits { end_to_end_p99_ms: limit.map(|limit| limit.as_millis_f64()) };
        find(&Seconds::new(&stream.name, Some(name).filter(|name| !name.is_empty()), &seconds), limits)
    };
    let of_events = stream.stages.iter().enumerate().filter(|(_, stage)| stage.results.is_none());
    of_events.flat_map(of_stage).collect()
}

fn second_of(row: &TimelineRow) -> Second {
    Second {
        offered: row.offered_per_s as u64,
        acked: row.acked_per_s as u64,
        given_up: row.failed.saturating_add(row.dropped),
        delivered: row.seen_per_s as u64,
        outstanding: row.outstanding,
        p99_ms: row.due_to_consumed_p99_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_no_run_wrote_are_no_panic() {
        let text = "duration = \"1m\"\n[[stream]]\nname = \"s\"\nrate = \"1/s\"\n";
        let mut profile: Profile = toml::from_str(text).unwrap();
        profile.imply_stages();
        let row = |second: u64, number: f64| TimelineRow {
            second,
            stream: "s".to_owned(),
            offered_per_s: number,
            seen_per_s: f64::NAN,
            failed: u64::MAX,
            dropped: u64::MAX,
            due_to_consumed_p99_ms: Some(-number),
            ..TimelineRow::default()
        };
        let rows = [row(u64::MAX, f64::INFINITY), row(0, 1e300), row(7, -1.0), row(u64::MAX, f64::NAN)];
        let incidents = incidents_of("run", &profile, &rows);
        assert!(incidents.iter().all(|incident| incident.stream == "s"));
        assert_eq!(incidents_of("produce", &profile, &rows), []);
    }
}
