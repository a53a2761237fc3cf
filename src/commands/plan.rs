//! `floodmark plan`: what a profile would send.

use std::io::Write;
use std::sync::Arc;

use serde::Serialize;

use super::{CommandError, Outcome, flags};
use crate::kafka::ClientSettings;
use crate::load::{Shard, StreamSchedule, fingerprint, streams_of};
use crate::profile::{Loaded, Profile, Stream};
use crate::report::chart::{RateSeries, rate_charts};
use crate::report::figures;
use crate::report::terminal::Look;
use crate::run::{Fit, Way, fit};
use captured::Captured;

mod captured;

/// Most events of which every one is looked at for the number of copies.
const COUNTED_EVENTS: u64 = 5_000_000;

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark plan profiles/bot-flood.toml
  floodmark plan profiles/peak3x.toml --rate-scale 2 --json")]
pub struct Args {
    /// Which traffic.
    #[command(flatten)]
    pub profile: flags::ProfileFlags,
    /// Which part of it.
    #[command(flatten)]
    pub shard: flags::ShardFlag,
    /// Print the plan as JSON, with a fingerprint of its events
    #[arg(long)]
    pub json: bool,
}

/// A profile's schedule in numbers. Nothing in it depends on the clock or the machine.
#[derive(Debug, Serialize)]
struct Plan {
    profile: String,
    seed: u64,
    shard: String,
    /// Over ids, keys, due and event times, sizes and copies.
    fingerprint: String,
    duration_s: f64,
    /// Events, each counted once.
    events: u64,
    mean_per_s: f64,
    peak_per_s: f64,
    /// Expected bytes of payloads.
    bytes: u64,
    /// What a person should know before the run, a sentence each.
    notes: Vec<String>,
    streams: Vec<PlannedStream>,
}

#[derive(Debug, Serialize)]
struct PlannedStream {
    name: String,
    topic: String,
    partitions: u16,
    producers: u16,
    events: u64,
    /// Further copies of events; absent when there are too many events to look at each.
    copies: Option<u64>,
    mean_per_s: f64,
    peak_per_s: f64,
    bytes: u64,
    /// Seconds from the start, and the offered rate there, in events per second.
    rate: Vec<(f64, f64)>,
    /// The captured curve that it replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    captured: Option<Captured>,
}

/// Shows the plan.
///
/// # Errors
/// A profile or flag that cannot be used, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let loaded = args.profile.load()?;
    let plan = plan_of(&loaded, args.shard.shard);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &plan).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(for_people(&loaded, &plan).as_bytes())?;
    }
    Ok(Outcome::Done)
}

fn plan_of(loaded: &Loaded, shard: Shard) -> Plan {
    let profile = &loaded.profile;
    let duration = profile.duration();
    let partitions: Vec<u16> = profile.streams.iter().map(Stream::planned_partitions).collect();
    let schedules = streams_of(profile, duration, &partitions);
    let seconds = duration.as_secs_f64().max(1e-9);
    let mut streams: Vec<PlannedStream> = profile
        .streams
        .iter()
        .zip(&schedules)
        .map(|(stream, schedule)| planned_stream(stream, schedule, shard, seconds))
        .collect();
    let events = streams.iter().map(|stream| stream.events).sum();
    // Bursts inside a captured curve's buckets rise above its line.
    let peak_per_s = streams.iter().map(|stream| stream.peak_per_s).fold(peak_of_sum(&streams), f64::max);
    for stream in streams.iter_mut().filter(|stream| stream.captured.is_some()) {
        stream.rate = captured::thinned(std::mem::take(&mut stream.rate));
    }
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
        notes: (loaded.notices.iter().cloned())
            .chain(stopped(profile, peak_per_s))
            .chain(too_large(profile, &schedules))
            .collect(),
        streams,
    }
}

fn planned_stream(stream: &Stream, schedule: &Arc<StreamSchedule>, shard: Shard, seconds: f64) -> PlannedStream {
    let producers = shard.producers_of(stream.producers);
    let share = producers.clone().count() as f64 / f64::from(stream.producers);
    let events: u64 = producers.clone().map(|producer| schedule.planned_by(producer)).sum();
    let copies = (events <= COUNTED_EVENTS).then(|| copies_of(schedule, producers.clone()));
    let mut captured = stream.curve.as_ref().and_then(|replay| Captured::of(replay, share, seconds));
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
        fit(stream, schedule, &Way::of(&settings, &topic, None, false))
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

fn for_people(loaded: &Loaded, plan: &Plan) -> String {
    let look = Look::of_stdout();
    let mut text = String::new();
    if let Some(description) = &loaded.profile.description {
        text += &format!("{description}\n");
    }
    for note in &plan.notes {
        text += &format!("note: {note}\n");
    }
    text += &format!(
        "{}, seed {}, {}: {} events, {} on average, {} at most, about {}\n\n",
        plan.profile,
        plan.seed,
        figures::seconds(plan.duration_s),
        figures::count(plan.events),
        figures::rate(plan.mean_per_s),
        figures::rate(plan.peak_per_s),
        figures::bytes(plan.bytes)
    );
    for stream in &plan.streams {
        let copies = stream
            .copies
            .filter(|copies| *copies > 0)
            .map(|copies| format!(" and {} further copies", figures::count(copies)));
        text += &format!(
            "{} → {} ({} partitions, {} producers): {} events{}, {} on average, {} at most, about {}\n",
            stream.name,
            stream.topic,
            stream.partitions,
            stream.producers,
            figures::count(stream.events),
            copies.unwrap_or_default(),
            figures::rate(stream.mean_per_s),
            figures::rate(stream.peak_per_s),
            figures::bytes(stream.bytes)
        );
        text += &stream.captured.as_ref().map(Captured::describe).unwrap_or_default();
    }
    let captured: Vec<&[(f64, f64)]> =
        plan.streams.iter().map(|stream| stream.captured.as_ref().map_or(&[][..], |captured| &captured.line)).collect();
    let series: Vec<RateSeries> = plan
        .streams
        .iter()
        .map(|stream| RateSeries { name: stream.name.clone(), points: stream.rate.clone() })
        .collect();
    text += &format!("\n{}\nfingerprint {}\n", rate_charts(&series, &captured, look.width), plan.fingerprint);
    text
}
