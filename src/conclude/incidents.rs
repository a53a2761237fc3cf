//! What happened when, found in the rows of a run's timeline.

use super::{Measured, StreamMeasured};
use crate::check::Delivered;
use crate::incidents::{
    Incident, LeaderMove, Limits, Rebalance, Second, Seconds, faults_of_parts, find, leader_moved, partitions_stalled,
    rebalances, throttled,
};
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
        let seconds = seconds_of(stream, place, rows);
        // Limits on end-to-end latency hold at the last stage.
        let limit = stream.slo.end_to_end_p99.filter(|_| place == stream.last_of_events());
        let end_to_end_p99_ms = limit.map(|limit| limit.as_millis_f64());
        let scale_up_p50_ms =
            end_to_end_p99_ms.filter(|_| stream.sla.is_some()).map(|limit_ms| limit_ms * SCALE_UP_SHARE);
        let limits = Limits { end_to_end_p99_ms, scale_up_p50_ms };
        find(&Seconds::new(&stream.name, name_of_several(stream, stage), &seconds), limits)
    };
    let of_events = stream.stages.iter().enumerate().filter(|(_, stage)| stage.results.is_none());
    of_events.flat_map(of_stage).collect()
}

/// What was found while the run went on and stands in none of its seconds: faults on purpose, stalls of single partitions, moves of leaders,
/// rebalances, and brokers that throttle. In the order in which they began; a fault comes before what it may have caused.
#[must_use]
pub(super) fn observed_incidents(profile: &Profile, measured: &Measured) -> Vec<Incident> {
    let streams = || profile.streams.iter().zip(&measured.streams);
    let stalls = streams().flat_map(|(stream, measured)| stalls_of(stream, measured));
    let moves = streams().flat_map(|(stream, _)| leader_moves_of(stream, &measured.leader_moves));
    let shared = streams().flat_map(|(stream, _)| rebalances_of(stream, &measured.rebalances));
    let waits = streams().flat_map(|(stream, measured)| throttled(&stream.name, &measured.throttled_ms));
    let faults = faults_of_parts(&measured.faults).into_iter();
    let mut incidents: Vec<Incident> = faults.chain(stalls).chain(moves).chain(shared).chain(waits).collect();
    incidents.sort_by_key(|incident| incident.from_s);
    incidents
}

fn stalls_of(stream: &Stream, measured: &StreamMeasured) -> Vec<Incident> {
    let stages = stream.stages.iter().zip(&measured.stages);
    let observed = stages.filter_map(|(stage, seen)| Some((stage, seen.delivered.as_ref()?)));
    let stalled = |(stage, seen): (&Stage, &Delivered)| {
        partitions_stalled(&stream.name, name_of_several(stream, stage), &seen.stalls)
    };
    observed.flat_map(stalled).collect()
}

/// At each stage that reads the topic; without a stage where the topic is only sent to.
fn leader_moves_of(stream: &Stream, moves: &[LeaderMove]) -> Vec<Incident> {
    let of_one = |of: &LeaderMove| {
        let read = stream.stages.iter().filter(|stage| stage.topic == of.topic);
        let mut places: Vec<Option<&str>> = read.map(|stage| name_of_several(stream, stage)).collect();
        if places.is_empty() && stream.topic_name() == of.topic {
            places.push(None);
        }
        places.into_iter().map(|stage| leader_moved(&stream.name, stage, of)).collect::<Vec<_>>()
    };
    moves.iter().flat_map(of_one).collect()
}

/// At each stage behind the group.
fn rebalances_of(stream: &Stream, seen: &[Rebalance]) -> Vec<Incident> {
    let at = |stage: &Stage| {
        let group = stage.group.as_deref()?;
        Some(rebalances(&stream.name, name_of_several(stream, stage), group, seen))
    };
    stream.stages.iter().filter_map(at).flatten().collect()
}

/// The name of a stage of a stream that has several.
fn name_of_several<'a>(stream: &Stream, stage: &'a Stage) -> Option<&'a str> {
    Some(name_in_rows(stream, stage)).filter(|name| !name.is_empty())
}

/// A stream that is observed in one place only has no stage in its rows.
fn name_in_rows<'a>(stream: &Stream, stage: &'a Stage) -> &'a str {
    if stream.stages.len() > 1 { &stage.name } else { "" }
}

/// The seconds of the stage at a place of a stream, from the start of the run: rows stand in the order of their seconds.
pub(crate) fn seconds_of(stream: &Stream, place: usize, rows: &[TimelineRow]) -> Vec<Second> {
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
    fn a_leader_moves_where_its_topic_is_read() {
        let text = "duration = \"1m\"\n[[stream]]\nname = \"s\"\ntopic = \"in\"\nrate = \"1/s\"\n\
            [[stream.stage]]\nname = \"input\"\ntopic = \"in\"\n[[stream.stage]]\nname = \"output\"\ntopic = \"out\"\n";
        let mut profile: Profile = toml::from_str(text).unwrap();
        profile.imply_stages();
        let of =
            |topic: &str, second| LeaderMove { topic: topic.to_owned(), second, brokers: (1, 2), partitions: vec![3] };
        let measured = Measured {
            streams: vec![StreamMeasured::default()],
            leader_moves: vec![of("out", 9), of("in", 7), of("elsewhere", 1)],
            ..Measured::default()
        };
        let incidents = observed_incidents(&profile, &measured);
        let told: Vec<_> = incidents.iter().map(|of| (of.stage.as_deref(), of.from_s, of.brokers, of.figure)).collect();
        assert_eq!(told, [(Some("input"), 7, Some((1, 2)), 1.0), (Some("output"), 9, Some((1, 2)), 1.0)]);
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
