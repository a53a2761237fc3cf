//! What happened when, found in the rows of a run's timeline.

use super::{Measured, StreamMeasured};
use crate::incidents::{Incident, Limits, Second, Seconds, find, partitions_stalled};
use crate::profile::sla::SCALE_UP_SHARE;
use crate::profile::{Profile, Stage, Stream};
use crate::results::TimelineRow;

/// The incidents of all streams and stages, in the order in which they began.
#[must_use]
pub(super) fn incidents_of(profile: &Profile, rows: &[TimelineRow]) -> Vec<Incident> {
    let mut incidents: Vec<Incident> =
        profile.streams.iter().flat_map(|stream| incidents_of_stream(stream, rows)).collect();
    incidents.sort_by_key(|incident| incident.from_s);
    incidents
}

fn incidents_of_stream(stream: &Stream, rows: &[TimelineRow]) -> Vec<Incident> {
    let of_stage = |(place, stage): (usize, &Stage)| {
        let name = name_in_rows(stream, stage);
        let seconds = seconds_of(stream, place, rows);
        // Limits on end-to-end latency hold at the last stage.
        let limit = stream.slo.end_to_end_p99.filter(|_| place == stream.last_of_events());
        let end_to_end_p99_ms = limit.map(|limit| limit.as_millis_f64());
        let scale_up_p50_ms =
            end_to_end_p99_ms.filter(|_| stream.sla.is_some()).map(|limit_ms| limit_ms * SCALE_UP_SHARE);
        let limits = Limits { end_to_end_p99_ms, scale_up_p50_ms };
        find(&Seconds::new(&stream.name, Some(name).filter(|name| !name.is_empty()), &seconds), limits)
    };
    let of_events = stream.stages.iter().enumerate().filter(|(_, stage)| stage.results.is_none());
    of_events.flat_map(of_stage).collect()
}

/// The stalls of single partitions that the observers found, in the order in which they began.
#[must_use]
pub(super) fn stalls_of(profile: &Profile, measured: &Measured) -> Vec<Incident> {
    let of_stream = |(stream, measured): (&Stream, &StreamMeasured)| -> Vec<Incident> {
        let stages = stream.stages.iter().zip(&measured.stages);
        let observed = stages.filter_map(|(stage, seen)| Some((name_in_rows(stream, stage), seen.delivered.as_ref()?)));
        observed
            .flat_map(|(name, seen)| {
                partitions_stalled(&stream.name, Some(name).filter(|name| !name.is_empty()), &seen.stalls)
            })
            .collect()
    };
    let mut incidents: Vec<Incident> = profile.streams.iter().zip(&measured.streams).flat_map(of_stream).collect();
    incidents.sort_by_key(|incident| incident.from_s);
    incidents
}

/// A stream that is observed in one place only has no stage in its rows.
fn name_in_rows<'a>(stream: &Stream, stage: &'a Stage) -> &'a str {
    if stream.stages.len() > 1 { &stage.name } else { "" }
}

/// The seconds of the stage at a place of a stream, from the start of the run: rows stand in the order of their seconds.
pub(super) fn seconds_of(stream: &Stream, place: usize, rows: &[TimelineRow]) -> Vec<Second> {
    let Some(stage) = stream.stages.get(place) else { return Vec::new() };
    let name = name_in_rows(stream, stage);
    let of_row = |row: &TimelineRow| second_of(row, stream.retries.is_some());
    rows.iter().filter(|row| row.stream == stream.name && row.stage == name).map(of_row).collect()
}

/// Copies that the profile asks for are offered, and so they count when they arrive. Where it asks for none, a copy is no delivery: it would
/// hide an event that waits.
fn second_of(row: &TimelineRow, asks_for_copies: bool) -> Second {
    let delivered = if asks_for_copies { row.seen_per_s } else { row.delivered_per_s };
    Second {
        offered: row.offered_per_s as u64,
        sent: row.sent_per_s as u64,
        acked: row.acked_per_s as u64,
        given_up: row.failed.saturating_add(row.dropped),
        delivered: delivered as u64,
        outstanding: row.outstanding,
        p50_ms: row.due_to_consumed_p50_ms,
        p99_ms: row.due_to_consumed_p99_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accidental_copies_hide_nothing_that_waits() {
        let row = TimelineRow { delivered_per_s: 90.0, seen_per_s: 100.0, ..TimelineRow::default() };
        assert_eq!((second_of(&row, false).delivered, second_of(&row, true).delivered), (90, 100));
    }

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
        let incidents = incidents_of(&profile, &rows);
        assert!(incidents.iter().all(|incident| incident.stream == "s"));
    }
}
