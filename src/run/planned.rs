//! What a run of a profile would send, in numbers: nothing is asked of a cluster, and nothing is sent.

mod captured;

use std::sync::Arc;

use serde::Serialize;

pub(crate) use self::captured::CapturedCurve;
use super::event_sizes::{Fit, Way, fit};
use crate::figures;
use crate::kafka::ClientSettings;
use crate::load::{Shard, StreamSchedule, fingerprint, streams_of};
use crate::produce::{Sampled, sample};
use crate::profile::{Loaded, Profile, RunFault, Stream};
use crate::redact::sentence;

/// Most events of which every one is looked at for the number of copies.
const COUNTED_EVENTS: u64 = 5_000_000;

/// A profile's schedule in numbers. Nothing in it depends on the clock or the machine.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The profile's name.
    pub profile: String,
    /// Its seed.
    pub seed: u64,
    /// Which part of it, as in `1/3`.
    pub shard: String,
    /// Over ids, keys, due and event times, sizes and copies.
    pub fingerprint: String,
    /// How long it sends, in seconds.
    pub duration_s: f64,
    /// Events, each counted once.
    pub events: u64,
    /// On average, in events per second.
    pub mean_per_s: f64,
    /// At most, in events per second.
    pub peak_per_s: f64,
    /// Expected bytes of payloads.
    pub bytes: u64,
    /// What a person should know before the run, a sentence each.
    pub notes: Vec<String>,
    /// What is broken on purpose, in the order in which it begins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<PlannedFault>,
    /// The streams, in the profile's order.
    pub streams: Vec<PlannedStream>,
}

/// A fault of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedFault {
    /// Its name.
    pub name: String,
    /// When it begins, in seconds from the start of the run.
    pub from_s: f64,
    /// When it is over, in seconds from the start of the run.
    pub to_s: f64,
    /// What is done, and how it is undone.
    pub what: String,
}

/// A stream of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedStream {
    /// Its name.
    pub name: String,
    /// Its topic.
    pub topic: String,
    /// How many partitions the topic is planned with.
    pub partitions: u16,
    /// How many of its logical producers the shard has.
    pub producers: u16,
    /// Events, each counted once.
    pub events: u64,
    /// Further copies of events; absent when there are too many events to look at each.
    pub copies: Option<u64>,
    /// On average, in events per second.
    pub mean_per_s: f64,
    /// At most, in events per second.
    pub peak_per_s: f64,
    /// Expected bytes of payloads.
    pub bytes: u64,
    /// Seconds from the start, and the offered rate there, in events per second.
    pub rate: Vec<(f64, f64)>,
    /// The captured curve that it replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<CapturedCurve>,
}

impl Plan {
    /// The plan of a profile, or of a shard's part of it.
    #[must_use]
    pub(crate) fn of(loaded: &Loaded, shard: Shard) -> Self {
        let profile = &loaded.profile;
        let partitions: Vec<u16> = profile.streams.iter().map(Stream::planned_partitions).collect();
        let schedules = streams_of(profile, profile.duration(), &partitions);
        let seconds = profile.duration().as_secs_f64().max(1e-9);
        let mut streams = planned_streams(profile, &schedules, shard, seconds);
        let peak_per_s = peak_of(&streams);
        for stream in streams.iter_mut().filter(|stream| stream.captured.is_some()) {
            stream.rate = captured::thinned(std::mem::take(&mut stream.rate));
        }
        let events = streams.iter().map(|stream| stream.events).sum();
        Plan {
            profile: loaded.name.clone(),
            seed: profile.seed,
            shard: shard.to_string(),
            fingerprint: fingerprint::fingerprint(&schedules, shard),
            duration_s: seconds,
            events,
            mean_per_s: events as f64 / seconds,
            peak_per_s,
            bytes: streams.iter().map(|stream| stream.bytes).sum(),
            notes: notes_of(loaded, &schedules, peak_per_s),
            faults: planned_faults(profile),
            streams,
        }
    }
}

fn planned_faults(profile: &Profile) -> Vec<PlannedFault> {
    let planned = |fault: &RunFault| PlannedFault {
        name: fault.name.clone(),
        from_s: fault.at.as_secs_f64(),
        to_s: fault.end_ns() as f64 / 1e9,
        what: sentence(&fault.to_string()),
    };
    let mut faults: Vec<PlannedFault> = profile.faults.iter().map(planned).collect();
    faults.sort_by(|one, other| one.from_s.total_cmp(&other.from_s));
    faults
}

/// The first messages of each of a profile's streams, under the stream's name.
#[must_use]
pub(crate) fn samples(profile: &Profile, count: usize) -> Vec<(String, Vec<Sampled>)> {
    let partitions: Vec<u16> = profile.streams.iter().map(Stream::planned_partitions).collect();
    let schedules = streams_of(profile, profile.duration(), &partitions);
    let streams = (0_u8..).zip(profile.streams.iter().zip(&schedules));
    streams.map(|(index, (stream, schedule))| (stream.name.clone(), sample(stream, index, schedule, count))).collect()
}

fn planned_streams(
    profile: &Profile,
    schedules: &[Arc<StreamSchedule>],
    shard: Shard,
    seconds: f64,
) -> Vec<PlannedStream> {
    let streams = profile.streams.iter().zip(schedules);
    streams.map(|(stream, schedule)| planned_stream(stream, schedule, shard, seconds)).collect()
}

fn planned_stream(stream: &Stream, schedule: &Arc<StreamSchedule>, shard: Shard, seconds: f64) -> PlannedStream {
    let producers = shard.producers_of(stream.producers);
    let share = producers.clone().count() as f64 / f64::from(stream.producers);
    let events: u64 = producers.clone().map(|producer| schedule.planned_by(producer)).sum();
    let copies = (events <= COUNTED_EVENTS).then(|| copies_of(schedule, producers.clone()));
    let mut captured = stream.curve.as_ref().and_then(|replay| CapturedCurve::of(replay, share, seconds));
    if let Some(captured) = &mut captured {
        captured.fullest_second =
            (events <= COUNTED_EVENTS).then(|| captured::fullest_second(schedule, producers.clone()));
    }
    PlannedStream {
        captured,
        name: stream.name.clone(),
        topic: stream.topic_name(),
        partitions: schedule.partitions(),
        producers: producers.count() as u16,
        events,
        copies,
        mean_per_s: events as f64 / seconds,
        peak_per_s: schedule.peak_per_s() * share,
        bytes: ((events + copies.unwrap_or(0)) as f64 * schedule.mean_size_bytes()) as u64,
        rate: schedule.rate_points().into_iter().map(|(at_s, per_s)| (at_s, per_s * share)).collect(),
    }
}

/// The highest rate: that of all streams together, or that of a burst inside a captured curve's buckets, which rises above its line.
fn peak_of(streams: &[PlannedStream]) -> f64 {
    streams.iter().map(|stream| stream.peak_per_s).fold(peak_of_sum(streams), f64::max)
}

fn notes_of(loaded: &Loaded, schedules: &[Arc<StreamSchedule>], peak_per_s: f64) -> Vec<String> {
    let Loaded { profile, notices, .. } = loaded;
    notices.iter().cloned().chain(stopped(profile, peak_per_s)).chain(too_large(profile, schedules)).collect()
}

/// That the ceiling will not let everything through when it is due.
fn stopped(profile: &Profile, peak_per_s: f64) -> Option<String> {
    let ceiling = profile.ceiling.filter(|ceiling| peak_per_s > ceiling.as_per_s() * (1.0 + 1e-9))?;
    Some(format!(
        "this plan peaks at {}, above the ceiling of {ceiling}: events above it are sent late, and their lateness counts",
        figures::rate(peak_per_s)
    ))
}

/// Events that a client refuses when nothing is set. What brokers take is asked when a run starts.
fn too_large(profile: &Profile, schedules: &[Arc<StreamSchedule>]) -> Vec<String> {
    let settings = ClientSettings::default();
    let fits = profile.streams.iter().zip(schedules).map(|(stream, schedule)| {
        let topic = stream.topic_name();
        fit(stream, schedule, &Way::of(&settings, stream, &topic, None, false))
    });
    fits.filter_map(|fit| match fit {
        Fit::Passes => None,
        Fit::Doubtful(text) | Fit::Refused(text) => Some(text),
    })
    .collect()
}

fn copies_of(schedule: &Arc<StreamSchedule>, producers: impl Iterator<Item = u16>) -> u64 {
    if !schedule.injections().is_active() {
        return 0;
    }
    producers
        .flat_map(|producer| (0..schedule.planned_by(producer)).map(move |sequence| (producer, sequence)))
        .map(|(producer, sequence)| u64::from(schedule.injections().of(producer, sequence).copies))
        .sum()
}

/// The highest sum of all streams' rates at one moment. Between two points every rate is a straight line, so the points are enough.
fn peak_of_sum(streams: &[PlannedStream]) -> f64 {
    let moments = streams.iter().flat_map(|stream| stream.rate.iter().map(|(at_s, _)| *at_s));
    let at = |stream: &PlannedStream, at_s: f64| {
        let behind = stream.rate.partition_point(|(moment_s, _)| *moment_s <= at_s);
        match (behind.checked_sub(1).map(|before| stream.rate[before]), stream.rate.get(behind)) {
            (Some((from_s, from)), Some((to_s, to))) => {
                from + (to - from) * (at_s - from_s) / (to_s - from_s).max(1e-12)
            }
            (Some((_, last)), None) => last,
            (None, _) => 0.0,
        }
    };
    moments.map(|at_s| streams.iter().map(|stream| at(stream, at_s)).sum()).fold(0.0, f64::max)
}
