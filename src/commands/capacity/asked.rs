//! What `capacity plan` is asked: each figure from its flag, from a measurement, or from what is usual.

use std::path::{Path, PathBuf};

use super::plan::Args;
use crate::commands::curve::{curve_in, name_of};
use crate::commands::{CommandError, flags};
use crate::curve::Curve;
use crate::figures;
use crate::load::Shard;
use crate::provision::{
    Asked, BROKERS_DOWN, COMPRESSED_TO, COPY_COST, DISK_FULL, Figure, GROUPS, Known, OUTAGE, OVERHEAD, REPLICATION,
    RETENTION, SEGMENT, SEGMENT_ROLL, SKEW, SPARE, Unit, busiest_bucket_per_s, fullest_per_s, quantity,
};
use crate::run::Plan;
use crate::trials::{MeasuredRate, Unmeasured, measured_rate};
use crate::units::{ByteSize, Rate, Span};

const OBSERVED: Figure = Figure { key: "observed_peak", flag: "--curve", unit: Unit::EventsPerS };
const TIMES: Figure = Figure { key: "times", flag: "--times", unit: Unit::Factor };
/// Events larger than those that a rate was measured with, by more than this share, are worth a note.
const ALIKE: f64 = 0.1;

/// A search's folder, and what it measured.
struct Searched<'a> {
    folder: &'a Path,
    rate: MeasuredRate,
}

/// The searches that flags name.
struct Searches<'a> {
    partition: Option<Searched<'a>>,
    consumer: Option<Searched<'a>>,
    broker: Option<Searched<'a>>,
}

impl<'a> Searches<'a> {
    fn read(args: &'a Args) -> Result<Self, Unmeasured> {
        let read = |folder: &'a Option<PathBuf>| -> Result<Option<Searched<'a>>, Unmeasured> {
            let rate = |folder: &'a PathBuf| Ok(Searched { folder, rate: measured_rate(folder)? });
            folder.as_ref().map(rate).transpose()
        };
        Ok(Searches {
            partition: read(&args.rates.per_partition_from)?,
            consumer: read(&args.rates.per_consumer_from)?,
            broker: read(&args.rates.per_broker_from)?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Searched<'a>> {
        [&self.partition, &self.consumer, &self.broker].into_iter().flatten()
    }
}

/// What is asked, and what to know about it.
pub(super) fn asked(args: &Args) -> Result<(Asked, Vec<String>), CommandError> {
    let searches = Searches::read(args)?;
    let profile = profile(args)?;
    let curve = args.curve.as_deref().map(|file| Ok::<_, CommandError>((file, curve_in(file)?))).transpose()?;
    let retention = RETENTION.or(args.sizes.retention.map(Span::as_secs_f64));
    let observed = observed(curve.as_ref(), profile.as_ref());
    let peak = peak(args, observed.as_ref())?;
    let event = event(args, &searches, profile.as_ref());
    let mut notes = notes_on_sizes(event.as_ref(), &searches);
    notes.extend(curve.as_ref().and_then(|(_, curve)| note_on_buckets(curve)));
    notes.extend(profile.as_ref().filter(|_| observes_profile(args)).and_then(note_on_streams));
    let (sizes, habits) = (&args.sizes, &args.habits);
    let copy_cost = COPY_COST.or(habits.copy_cost);
    let asked = Asked {
        kept: kept(args, &peak, curve.as_ref(), &retention),
        observed_peak: observed,
        times: args.times.map(|times| TIMES.given(times)),
        per_partition: per_partition(args, &searches)?,
        per_consumer: per_consumer(args, &searches),
        per_broker: per_broker(args, &searches, copy_cost.value),
        peak,
        event,
        retention,
        copy_cost,
        overhead: OVERHEAD.or(sizes.overhead_bytes.map(bytes)),
        compressed_to: COMPRESSED_TO.or(sizes.compressed_to),
        groups: GROUPS.or(habits.groups.map(f64::from)),
        replication: REPLICATION.or(habits.replication.map(f64::from)),
        skew: SKEW.or(habits.skew),
        spare: SPARE.or(habits.spare),
        brokers_down: BROKERS_DOWN.or(habits.brokers_down.map(f64::from)),
        broker_disk: args.rates.broker_disk.map(|size| Figure::BROKER_DISK.given(bytes(size))),
        disk_full: DISK_FULL.or(sizes.disk_full),
        network_in: args.rates.network_in.map(|per_s| Figure::NETWORK_IN.given(per_s)),
        network_out: args.rates.network_out.map(|per_s| Figure::NETWORK_OUT.given(per_s)),
        segment: SEGMENT.or(sizes.segment.map(bytes)),
        segment_roll: SEGMENT_ROLL.or(sizes.segment_roll.map(Span::as_secs_f64)),
        outage: OUTAGE.or(sizes.outage.map(Span::as_secs_f64)),
        catch_up_within: sizes.catch_up_within.map(|span| Figure::CATCH_UP_WITHIN.given(span.as_secs_f64())),
        brokers: habits.brokers.map(|brokers| Figure::BROKERS.given(f64::from(brokers))),
    };
    Ok((asked, notes))
}

fn bytes(size: ByteSize) -> f64 {
    size.as_bytes() as f64
}

/// What the profile would send.
fn profile(args: &Args) -> Result<Option<Plan>, CommandError> {
    let Some(profile) = args.profile.clone() else { return Ok(None) };
    let changes = flags::ProfileFlags { profile, duration: None, seed: None, rate_scale: None, set: args.set.clone() };
    Ok(Some(Plan::of(&changes.load()?, Shard::WHOLE)))
}

/// The highest rate that a curve or else a profile has.
fn observed(curve: Option<&(&Path, Curve)>, profile: Option<&Plan>) -> Option<Known> {
    match (curve, profile) {
        (Some((file, curve)), _) => {
            let step = Span::from_millis(curve.step_ms());
            let from = format!("busiest bucket of {}, a mean over {step}", name_of(file));
            Some(OBSERVED.measured(busiest_bucket_per_s(curve), &from))
        }
        (None, Some(plan)) => {
            Some(OBSERVED.measured(plan.peak_per_s, &format!("highest rate of profile {}", plan.profile)))
        }
        (None, None) => None,
    }
}

/// The wanted peak: as given, or a multiple of what was observed.
fn peak(args: &Args, observed: Option<&Known>) -> Result<Known, CommandError> {
    let times = args.times.unwrap_or(1.0);
    let text = |of: &str| if args.times.is_some() { format!("{times} x {of}") } else { of.to_owned() };
    match (args.peak.map(Rate::as_per_s), observed) {
        (Some(per_s), _) => {
            let mut peak = Figure::PEAK.given(per_s * times);
            peak.from = text("--peak");
            Ok(peak)
        }
        (None, Some(observed)) => Ok(match args.times {
            Some(_) => Figure::PEAK.multiplied(observed.value * times, &text("the observed peak")),
            None => Figure::PEAK.measured(observed.value, &observed.from),
        }),
        (None, None) => Err(CommandError::Usage(
            "there is no peak to plan for: set --peak 40k/s, or --curve FILE with --times 3, or name a profile"
                .to_owned(),
        )),
    }
}

/// What is kept over the retention: as given, as in the curve's fullest stretch of that length, or as if the peak went on.
fn kept(args: &Args, peak: &Known, curve: Option<&(&Path, Curve)>, retention: &Known) -> Known {
    if let Some(mean) = args.mean {
        return Figure::KEPT.given(mean.as_per_s());
    }
    let fullest = curve.and_then(|(_, curve)| fullest_per_s(curve, retention.value)).filter(|per_s| *per_s > 0.0);
    let length = figures::seconds(retention.value);
    match (fullest, args.times) {
        (Some(per_s), None) => Figure::KEPT.measured(per_s, &format!("mean of the curve's fullest {length}")),
        (Some(per_s), Some(times)) => {
            let from = format!("{times} x {}, mean of the curve's fullest {length}", figures::rate(per_s));
            Figure::KEPT.multiplied(per_s * times, &from)
        }
        (None, _) => {
            let why = if curve.is_some() { "the curve is shorter than the retention: " } else { "" };
            Figure::KEPT.assumed(peak.value, &format!("{why}as if the peak went on all the time"))
        }
    }
}

/// The size of an event: as given, as the largest in a search, or as in the profile.
fn event(args: &Args, searches: &Searches<'_>, profile: Option<&Plan>) -> Option<Known> {
    if let Some(size) = args.event_bytes {
        return Some(Figure::EVENT.given(bytes(size)));
    }
    let measured = searches.all().filter_map(|searched| Some((searched.rate.event_bytes?, searched.folder)));
    if let Some((size, folder)) = measured.max_by(|one, other| one.0.total_cmp(&other.0)) {
        return Some(
            Figure::EVENT.measured(size, &format!("mean payload and key in the search in {}", folder.display())),
        );
    }
    let plan = profile.filter(|plan| plan.events > 0)?;
    let copies: u64 = plan.streams.iter().filter_map(|stream| stream.copies).sum();
    let size = plan.bytes as f64 / (plan.events + copies) as f64;
    Some(Figure::EVENT.measured(size, &format!("mean payload of profile {}, without keys", plan.profile)))
}

/// Rates fall as events grow.
fn notes_on_sizes(event: Option<&Known>, searches: &Searches<'_>) -> Vec<String> {
    let Some(event) = event else { return Vec::new() };
    let larger = |searched: &&Searched<'_>| {
        searched.rate.event_bytes.is_some_and(|measured| event.value > measured * (1.0 + ALIKE))
    };
    let note = |searched: &Searched<'_>| {
        let [planned, measured] =
            [event.value, searched.rate.event_bytes.unwrap_or_default()].map(|size| quantity(size, Unit::Bytes));
        format!(
            "{} was searched with events of {measured}, and {planned} are planned: rates fall as events grow",
            searched.folder.display()
        )
    };
    searches.all().filter(larger).map(note).collect()
}

/// A bucket's rate is a mean over its length.
fn note_on_buckets(curve: &Curve) -> Option<String> {
    let step = Span::from_millis(curve.step_ms());
    (curve.step_ms() > 1000).then(|| {
        format!("the curve's rates are means over {step}, and single seconds inside a bucket are higher: `floodmark curve fit` estimates by how much")
    })
}

/// Whether the peak is the profile's.
fn observes_profile(args: &Args) -> bool {
    args.peak.is_none() && args.curve.is_none()
}

/// A sum of streams needs at least as many partitions as each of them alone, rounded up, together.
fn note_on_streams(plan: &Plan) -> Option<String> {
    let streams = plan.streams.len();
    (streams > 1).then(|| {
        format!("the profile's {streams} streams are planned as one: give each topic its share of the partitions, rounded up")
    })
}

/// A figure of a search: a rate, divided by what it was spread over.
fn searched(figure: Figure, searched: &Searched<'_>, per_s: f64, over: &str) -> Known {
    let from = format!("search in {}: {} {over}", searched.folder.display(), figures::rate(searched.rate.per_s));
    let mut known = figure.measured(per_s, &from);
    known.at_least = searched.rate.at_least;
    known
}

/// `1 broker`, `3 brokers`
fn counted(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn per_partition(args: &Args, searches: &Searches<'_>) -> Result<Option<Known>, CommandError> {
    let Some(search) = &searches.partition else {
        return Ok(args.rates.per_partition.map(|rate| Figure::PER_PARTITION.given(rate.as_per_s())));
    };
    if search.rate.partitions == 0 {
        let text = "the search in `{}` does not say how many partitions its topics had: set --per-partition";
        return Err(CommandError::Usage(text.replace("{}", &search.folder.display().to_string())));
    }
    let partitions = search.rate.partitions;
    let per_s = search.rate.per_s / f64::from(partitions);
    Ok(Some(searched(Figure::PER_PARTITION, search, per_s, &format!("over {}", counted(partitions, "partition")))))
}

fn per_consumer(args: &Args, searches: &Searches<'_>) -> Option<Known> {
    let Some(search) = &searches.consumer else {
        return args.rates.per_consumer.map(|rate| Figure::PER_CONSUMER.given(rate.as_per_s()));
    };
    let told = args.rates.measured_consumers;
    let consumers = told.unwrap_or(1);
    let over = format!("through {}", counted(consumers, "consumer"));
    let known = searched(Figure::PER_CONSUMER, search, search.rate.per_s / f64::from(consumers), &over);
    Some(known.divided_by(&[(told, "--measured-consumers")]))
}

/// A cluster that kept copies took each event several times.
fn per_broker(args: &Args, searches: &Searches<'_>, copy_cost: f64) -> Option<Known> {
    let Some(search) = &searches.broker else {
        return args.rates.per_broker.map(|rate| Figure::PER_BROKER.given(rate.as_per_s()));
    };
    let told = [args.rates.measured_brokers, args.rates.measured_replication];
    let [brokers, copies] = told.map(|told| told.unwrap_or(1));
    let taken = search.rate.per_s * (1.0 + copy_cost * (f64::from(copies) - 1.0));
    let over = format!("on {}, replication {copies}", counted(brokers, "broker"));
    let known = searched(Figure::PER_BROKER, search, taken / f64::from(brokers), &over);
    Some(known.divided_by(&[(told[0], "--measured-brokers"), (told[1], "--measured-replication")]))
}

impl From<Unmeasured> for CommandError {
    fn from(error: Unmeasured) -> Self {
        CommandError::Usage(error.to_string())
    }
}
