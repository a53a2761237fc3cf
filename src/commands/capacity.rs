//! `floodmark capacity`: the largest multiple of a profile's rates at which all its limits hold.

mod asked;
mod plan;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::curve::curve_in;
use super::report::add_search_report;
use super::{CommandError, Outcome, flags};
use crate::broker::{Broker, BrokerConfig};
use crate::capacity::{Burst, Need, Needed, Rules, SearchRecord, burst, busiest_only, of_curve, of_profile, whole};
use crate::curve::Curve;
use crate::figures::seconds;
use crate::profile::{Loaded, Profile, Span, Stream};
use crate::report::formats::Searched;
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::capacity::{begun_line, trial_line};
use crate::results::names::REPORT;
use crate::stop::{StopFlag, signals};
use crate::trials::{self, Told, TrialError, Way};

/// The shortest trial: fewer seconds show no trend.
const LEAST_TRIAL_S: u64 = 8;
/// How long a trial that confirms is, where the profile has neither phases nor a curve.
const CONFIRM: Span = Span::from_secs(30);
/// How much of a curve a trial that confirms plays, where the command line does not say.
const MOST_OF_CURVE: Span = Span::from_secs(300);
/// For how long this machine is watched alone.
const ALONE: Span = Span::from_secs(5);

/// Flags of `capacity`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Short trials play the busiest stretch of the profile; a long one plays all of it and confirms the lower bound.
Stopped with Ctrl-C, the same command with the same --out goes on from the trials that it has.

For a profile named plan, write ./plan.

Examples:
  floodmark capacity peak3x -b localhost:9092
  floodmark capacity orders.toml -b localhost:9092 --set stream.orders.slo.end_to_end_p99=500ms --out results/capacity

Exit codes: 0 the capacity was found; 1 it is below --need; 2 wrong usage or profile; 3 no interval was found; 4 the environment failed"
)]
pub struct Args {
    /// What else to do about a capacity.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// The profile, with its limits: a TOML file, or one inside floodmark: peak3x (`floodmark new --list` shows them)
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
    /// How long a short trial sends, after 2s of calm and 2s of warm-up
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub trial: Span,
    /// How long a trial that confirms the lower bound sends (default: the profile's phases; 30s without any; at most 5m of a curve)
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
    /// What is needed: 3x-peak is three times the highest rate; 2x-p99-burst is twice the rate that 99% of the seconds stay below
    #[arg(long, value_name = "FACTORx-WHAT")]
    pub need: Option<Need>,
    /// A captured curve that --need is a multiple of, instead of the profile's own rates (without --need: 1x-peak)
    #[arg(long, value_name = "FILE")]
    pub need_curve: Option<PathBuf>,
    /// The burst after which recovery is measured: how many times the capacity, and how long
    #[arg(long, value_name = "FACTORx/SPAN", default_value = "2x/10s")]
    pub recovery: Burst,
    /// Do not measure recovery from a burst
    #[arg(long)]
    pub no_recovery: bool,
    /// How long after the interval was found both bounds are tried again, at the earliest; the recovery from the burst is part of that time
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub recheck: Span,
    /// Do not try the bounds again
    #[arg(long)]
    pub no_recheck: bool,
    /// How many trials may be made
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub most_trials: usize,
    /// The folder of the search (default: results/capacity- and the profile's name and the time)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the result is printed.
    #[command(flatten)]
    pub form: flags::FormatFlags,
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
            None => self.form.chosen().is_for_machines,
        }
    }

    /// How the end of a search is printed; none where there is no search.
    pub(super) fn form(&self) -> Option<&flags::FormatFlags> {
        self.verb.is_none().then_some(&self.form)
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
    let needed = needed(args, &loaded.profile)?;
    let embedded = start_embedded(args)?;
    let way = way(args, &loaded, embedded.as_ref(), needed);
    let stop = StopFlag::default();
    signals::listen(&stop, None);
    say(&format!("searching the capacity for {}; trials are in {}", loaded.name, way.out.display()));
    let searched = trials::search(&way, rules, &stop, &mut |told| say(&told_line(&told)));
    if let Ok(Some(record)) = trials::record_in::<SearchRecord>(&way.out) {
        add_search_report(&record, &way.out);
    }
    let record = searched?;
    say(&format!("report: {}", way.out.join(REPORT).display()));
    print_search(&record, &way.out, &args.form, out)
}

/// Prints what a search found, in the form that was asked for.
pub(super) fn print_search(
    record: &SearchRecord,
    folder: &Path,
    form: &flags::FormatFlags,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let searched = Searched { record, folder, look: Look::of_stdout() };
    out.write_all(&(form.chosen().print_search)(&searched).map_err(CommandError::Environment)?)?;
    Ok(Outcome::Judged(record.verdict()))
}

/// What is needed, if anything was said of it.
fn needed(args: &Args, profile: &Profile) -> Result<Option<Needed>, CommandError> {
    let needed = match (&args.need_curve, args.need) {
        (None, None) => return Ok(None),
        (None, Some(need)) => of_profile(need, profile).map_err(|why| format!("--need: {why}")),
        (Some(file), need) => {
            let shown = file.display();
            let curve = curve_in(file).map_err(|error| format!("--need-curve: {error}"));
            let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let of = |curve: Curve| of_curve(need.unwrap_or(Need::PEAK), &curve, &name, profile);
            curve.and_then(|curve| of(curve).map_err(|why| format!("--need-curve {shown}: {why}")))
        }
    };
    needed.map(Some).map_err(CommandError::Usage)
}

/// What goes on, on standard error. Nobody to read it is no reason to stop.
fn say(text: &str) {
    let _unread = to_stderr(&format!("{text}\n"));
}

fn told_line(told: &Told<'_>) -> String {
    match told {
        Told::Begins { number, factor, length, lasts, before } => begun_line(*number, *factor, *length, *lasts, before),
        Told::Over { number, trial } => trial_line(*number, trial),
        Told::Sender { times } => format!("this machine alone, {times} times that load, to a broker of its own …"),
        Told::Recheck { waits } => format!("the bounds are tried again in {} …", seconds(waits.as_secs_f64())),
        Told::Burst { burst } => {
            format!("recovery from a burst of {} times the capacity for {} …", burst.times, burst.lasts)
        }
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
        recheck: !args.no_recheck,
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

fn way(args: &Args, loaded: &Loaded, embedded: Option<&Broker>, needed: Option<Needed>) -> Way {
    let profile = &loaded.profile;
    let mut changes: Vec<OsString> = Vec::new();
    let mut push = |flag: &str, value: OsString| changes.extend([flag.into(), value]);
    for set in &args.set {
        push("--set", set.into());
    }
    if let Some(seed) = args.seed {
        push("--seed", seed.to_string().into());
    }
    let burst_of = |of: Burst| burst(profile, args.trial, &of).map(|plays| (of, plays));
    Way {
        profile: args.profile.clone().unwrap_or_default(),
        name: loaded.name.clone(),
        changes,
        target: target(args, embedded),
        anywhere: anywhere(&args.target),
        short: busiest_only(profile, args.trial),
        long: whole(profile, args.confirm.unwrap_or_else(|| confirm(profile)).max(args.trial), args.trial),
        alone: busiest_only(profile, ALONE),
        burst: if args.no_recovery { None } else { burst_of(args.recovery) },
        recheck_after: Duration::from_nanos(args.recheck.as_nanos()),
        needed,
        load: hash(&loaded.table),
        out: args.out.clone().unwrap_or_else(|| flags::dated_folder(&format!("capacity-{}", loaded.name))),
    }
}

/// How long a trial that confirms is: the profile's phases, or a part of its curve.
fn confirm(profile: &Profile) -> Span {
    let of = |length: fn(&Stream) -> u128| profile.streams.iter().map(length).max().unwrap_or(0);
    let span = |nanos: u128| Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    let [phases, curve] = [span(of(Stream::phases_length)), span(of(Stream::curve_length)).min(MOST_OF_CURVE)];
    if phases.max(curve) > Span::default() { phases.max(curve) } else { CONFIRM }
}

/// Which cluster.
fn target(args: &Args, embedded: Option<&Broker>) -> Vec<OsString> {
    let (mut flags, target) = (anywhere(&args.target), &args.target);
    let mut push = |flag: &str, value: OsString| flags.extend([flag.into(), value]);
    if let Some(brokers) = embedded.map(|broker| broker.address().to_string()).or_else(|| target.brokers.clone()) {
        push("--brokers", brokers.into());
    }
    for property in target.property.iter().filter(|property| is_of_cluster(property)) {
        push("-X", property.into());
    }
    if let Some(file) = &target.client_config {
        push("--client-config", file.into());
    }
    if let Some(command) = &target.token_command {
        push("--token-command", command.into());
    }
    if let Some(cluster) = &target.allow_cluster {
        push("--allow-cluster", cluster.into());
    }
    flags
}

/// What of it holds for a broker of our own, too: not where the cluster is, and how it is entered.
fn anywhere(target: &flags::TargetFlags) -> Vec<OsString> {
    let properties = target.property.iter().filter(|property| !is_of_cluster(property));
    let properties = properties.flat_map(|property| ["-X".into(), property.into()]);
    properties.chain(target.allow_topic.iter().flat_map(|topic| ["--allow-topic".into(), topic.into()])).collect()
}

fn is_of_cluster(property: &str) -> bool {
    let key = property.trim_start();
    [
        "security.",
        "sasl.",
        "ssl.",
        "enable.ssl",
        "enable.sasl",
        "https.",
        "bootstrap.",
        "metadata.broker",
        "client.id",
        "client.dns",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}

fn hash(table: &toml::Table) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(table.to_string().as_bytes()))
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
