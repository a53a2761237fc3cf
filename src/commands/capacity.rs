//! `floodmark capacity`: the largest multiple of a profile's rates at which all its limits hold.

mod asked;
mod plan;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use super::{CommandError, Outcome, flags};
use crate::broker::{Broker, BrokerConfig};
use crate::capacity::{Cut, Ended, Headroom, Need, Rules, SearchRecord, Standing, busiest};
use crate::profile::{Loaded, Span, Stream};
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::capacity::{capacity, length, times, trial_line};
use crate::stop::{StopFlag, signals};
use crate::trials::{self, Told, TrialError, Way};
use crate::verdict::Verdict;

/// The shortest trial: fewer seconds show no trend.
const LEAST_TRIAL_S: u64 = 8;
/// A short trial's own warm-up, where the profile has none: connections and caches are cold.
const WARMUP_S: u64 = 2;
/// How long a trial that confirms is, where the profile has no phases.
const CONFIRM: Span = Span::from_secs(30);

/// Flags of `capacity`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Short trials play the busiest stretch of the profile; a long one plays all of it and confirms the lower bound.
Stopped with Ctrl-C, the same command with the same --out goes on from the trials that it has.

A profile that is called plan is ./plan.

Examples:
  floodmark capacity profiles/peak3x.toml -b localhost:9092
  floodmark capacity orders.toml -b localhost:9092 --set stream.orders.slo.end_to_end_p99=500ms --out results/capacity

Exit codes: 0 the capacity was found; 1 it is below --need; 2 wrong usage or profile; 3 no interval was found; 4 the environment failed"
)]
pub struct Args {
    /// What else to do about a capacity.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// The profile, with its limits: a TOML file such as profiles/peak3x.toml
    // The command line asks for it, except before a subcommand.
    #[arg(required = true)]
    pub profile: Option<PathBuf>,
    /// Override any key: stream.orders.slo.end_to_end_p99=500ms (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Random seed: the same number gives the same events
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// How long a short trial sends, its warm-up of 2s not included
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub trial: Span,
    /// How long a trial that confirms the lower bound sends (default: the profile's phases, at least 30s)
    #[arg(long, value_name = "SPAN")]
    pub confirm: Option<Span>,
    /// How far apart the bounds may be
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    pub width: f64,
    /// The multiple of the profile's rates that is tried first
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub start: f64,
    /// No multiple above this is tried
    #[arg(long, value_name = "FACTOR", default_value_t = 1024.0)]
    pub most: f64,
    /// What is needed, as a multiple of the profile's rates: 3x
    #[arg(long, value_name = "FACTORx")]
    pub need: Option<Need>,
    /// How many trials may be made
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub most_trials: usize,
    /// The folder of the search (default: results/capacity- and the profile's name and the time)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}

/// What else can be done about a capacity.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Plan what to order for a load: partitions, consumers, brokers, disk
    Plan(Box<plan::Args>),
}

impl Args {
    /// Whether machines read the output.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Some(Verb::Plan(args)) => args.json,
            None => self.json,
        }
    }
}

/// Searches, or plans.
///
/// # Errors
/// A profile or flag that cannot be used, or a target that cannot be reached.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    if let Some(Verb::Plan(args)) = &args.verb {
        return plan::run(args, out);
    }
    let changes = flags::ProfileFlags {
        profile: args.profile.clone().unwrap_or_default(),
        // Each trial has a duration of its own; the profile need not have one.
        duration: Some(args.confirm.unwrap_or(CONFIRM)),
        seed: args.seed,
        rate_scale: None,
        set: args.set.clone(),
    };
    let loaded = changes.load()?;
    refuse_without_limits(&loaded)?;
    let rules = rules(args)?;
    let embedded = start_embedded(args)?;
    let way = way(args, &loaded, embedded.as_ref())?;
    let stop = StopFlag::default();
    signals::listen(&stop, None);
    say(&format!("searching the capacity for {}; trials are in {}", loaded.name, way.out.display()));
    let mut record = trials::search(&way, rules, &stop, &mut |told| say(&told_line(&told)))?;
    record.headroom = args.need.zip(record.found.as_ref()).map(|(need, found)| Headroom::of(need, found));
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &record).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(capacity(&record, Look::of_stdout()).as_bytes())?;
    }
    Ok(outcome(&record))
}

fn outcome(record: &SearchRecord) -> Outcome {
    let is_red = record.headroom.is_some_and(|headroom| headroom.standing == Standing::Red);
    match record.found.as_ref().map(|found| found.ended) {
        _ if is_red => Outcome::Judged(Verdict::Fail),
        Some(Ended::Found | Ended::AtLeast) => Outcome::Judged(Verdict::Pass),
        Some(Ended::Below | Ended::TooManyTrials | Ended::NoValidTrial) | None => Outcome::Judged(Verdict::Void),
    }
}

/// What goes on, on standard error. Nobody to read it is no reason to stop.
fn say(text: &str) {
    let _unread = to_stderr(&format!("{text}\n"));
}

fn told_line(told: &Told<'_>) -> String {
    match told {
        Told::Begins { number, factor, length: of } => format!("trial {number}, {}, {} …", length(*of), times(*factor)),
        Told::Over { number, trial } => trial_line(*number, trial),
    }
}

fn rules(args: &Args) -> Result<Rules, CommandError> {
    let refuse = |flag: &str, value: f64, why: &str| Err(CommandError::Usage(format!("--{flag} {value}: {why}")));
    if !(0.01..=1.0).contains(&args.width) {
        return refuse("width", args.width, "the bounds may be 0.01 to 1 apart, relative to the lower one");
    }
    if !(args.start > 0.0 && args.start.is_finite()) {
        return refuse("start", args.start, "a multiple of the rates must be above 0");
    }
    if !(args.most >= args.start && args.most.is_finite()) {
        return refuse("most", args.most, "it must not be below --start");
    }
    if args.trial < Span::from_secs(LEAST_TRIAL_S) {
        return Err(CommandError::Usage(format!("--trial {}: a trend shows from {LEAST_TRIAL_S}s on", args.trial)));
    }
    Ok(Rules {
        start: args.start,
        width: args.width,
        least: args.start / 1024.0,
        most: args.most,
        most_trials: args.most_trials,
    })
}

/// A capacity is where a limit breaks. Without one on the latency or the backlog, only loss would ever break it.
fn refuse_without_limits(loaded: &Loaded) -> Result<(), CommandError> {
    let has_limit = |stream: &Stream| {
        let slo = &stream.slo;
        let latencies = [
            slo.end_to_end_p50,
            slo.end_to_end_p90,
            slo.end_to_end_p95,
            slo.end_to_end_p99,
            slo.end_to_end_p999,
            slo.end_to_end_max,
            slo.ack_p99,
        ];
        latencies.iter().any(Option::is_some) || slo.max_lag.is_some() || slo.throughput.is_some()
    };
    match loaded.profile.streams.iter().find(|stream| !has_limit(stream)) {
        None => Ok(()),
        Some(stream) => Err(CommandError::Usage(format!(
            "stream `{0}` has no limit on its latency, lag or throughput, so there is nothing that its capacity could break: set one, as in \
             --set stream.{0}.slo.end_to_end_p99=500ms, or a class as in --set stream.{0}.sla=analytics",
            stream.name
        ))),
    }
}

fn start_embedded(args: &Args) -> Result<Option<Broker>, CommandError> {
    if args.target.settings()?.brokers().is_some() {
        return Ok(None);
    }
    Broker::start(BrokerConfig::default()).map(Some).map_err(|error| CommandError::Environment(error.to_string()))
}

fn way(args: &Args, loaded: &Loaded, embedded: Option<&Broker>) -> Result<Way, CommandError> {
    let profile = &loaded.profile;
    if let Some(stream) = profile.streams.iter().find(|stream| stream.curve.is_some()) {
        return Err(CommandError::Usage(format!(
            "stream `{}` replays a curve: a search needs phases or a steady rate",
            stream.name
        )));
    }
    let mut flags: Vec<OsString> = Vec::new();
    let mut push = |flag: &str, value: OsString| flags.extend([flag.into(), value]);
    for set in &args.set {
        push("--set", set.into());
    }
    if let Some(seed) = args.seed {
        push("--seed", seed.to_string().into());
    }
    let target = &args.target;
    if let Some(brokers) = embedded.map(|broker| broker.address().to_string()).or_else(|| target.brokers.clone()) {
        push("--brokers", brokers.into());
    }
    for property in &target.property {
        push("-X", property.into());
    }
    if let Some(file) = &target.client_config {
        push("--client-config", file.into());
    }
    if let Some(cluster) = &target.allow_cluster {
        push("--allow-cluster", cluster.into());
    }
    for topic in &target.allow_topic {
        push("--allow-topic", topic.into());
    }
    let warmup = profile.warmup.max(Span::from_secs(WARMUP_S));
    push("--set", format!("warmup={warmup}").into());
    let short = Span::from_nanos(args.trial.as_nanos().saturating_add(warmup.as_nanos()));
    let own = profile.streams.iter().map(Stream::phases_length).max().unwrap_or(0);
    let own = Span::from_nanos(u64::try_from(own).unwrap_or(u64::MAX));
    let long = args.confirm.unwrap_or_else(|| if own > Span::default() { own } else { CONFIRM });
    let short_flags = busiest(profile, short.as_nanos()).iter().flat_map(cut_flags).collect();
    Ok(Way {
        profile: args.profile.clone().unwrap_or_default(),
        name: loaded.name.clone(),
        flags,
        short_flags,
        short,
        long: long.max(short),
        load: hash(&loaded.table),
        out: args.out.clone().unwrap_or_else(|| default_out(&loaded.name)),
    })
}

/// A cut as a change of the profile.
fn cut_flags(cut: &Cut) -> [OsString; 2] {
    ["--set".into(), format!("stream.{}.phases={}", cut.stream, cut.to_toml()).into()]
}

fn hash(table: &toml::Table) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(table.to_string().as_bytes()))
}

fn default_out(profile: &str) -> PathBuf {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    PathBuf::from(format!("results/capacity-{profile}-{now}"))
}

impl From<TrialError> for CommandError {
    fn from(error: TrialError) -> Self {
        if error.is_usage() {
            CommandError::Usage(error.to_string())
        } else {
            CommandError::Environment(error.to_string())
        }
    }
}
