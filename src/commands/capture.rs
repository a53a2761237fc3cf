//! `floodmark capture`: a topic's rate curve, or its records, and a profile that replays them.

mod records;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::curve::is_curve_file;
use super::{CommandError, Outcome, flags};
use crate::capture::live::{Capture, CaptureError, CaptureRange, capture};
use crate::capture::sample::KeepOrder;
use crate::capture::{Captured, Moment, ProfileParts, Traffic, profile_text};
use crate::consume::extract::Place;
use crate::curve::Origin;
use crate::kafka::ClientSettings;
use crate::limits::refuse_few_files;
use crate::profile::Span;
use crate::report::terminal::Look;
use crate::report::terminal::capture::{CaptureReport, ProgressLine, for_people};
use crate::results::pending::write_whole;

/// Flags of `capture`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is written to the cluster. Without --sample only a few timestamps are read: counts are differences of the offsets at the buckets' edges.
Of each sampled message, floodmark keeps the size, the form, and a hash of the key under a secret that it forgets at the end; payloads only
with --keep-payloads, for `payload.samples` of a profile. --records writes keys and payloads as they are: mask what must not leave the cluster.

Examples:
  floodmark capture -b localhost:9092 --topic orders --from \"7d ago\" --out orders.csv --sample 20000
  floodmark capture -b localhost:9092 --topic orders --from 2030-01-31T00:00:00Z --to 2030-02-01T00:00:00Z --step 10s --out friday.csv
  floodmark capture -b localhost:9092 --topic orders --for 1h --step 10s --out live.csv
  floodmark capture -b localhost:9092 --topic orders --from \"1h ago\" --records orders-1h.csv --mask /customer/name")]
pub struct Args {
    /// The topic; any topic is allowed, as it is only read
    #[arg(short, long, value_name = "TOPIC")]
    pub topic: String,
    /// Where to begin: 2030-01-31T11:00:00Z, "7d ago"; buckets begin at multiples of --step since 1970
    #[arg(long, value_name = "TIME", required_unless_present = "lasts")]
    pub from: Option<Moment>,
    /// Where to end
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub to: Moment,
    /// Watch the topic from now on, for this long, instead of --from and --to; Ctrl-C ends it early
    #[arg(long = "for", value_name = "SPAN", conflicts_with_all = ["from", "to"])]
    pub lasts: Option<Span>,
    /// The length of a bucket
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub step: Span,
    /// Write the curve to this file
    #[arg(short, long, value_name = "FILE", required_unless_present = "records")]
    pub out: Option<PathBuf>,
    /// Write the records themselves to this file instead of a curve: rows of timestamp, key and payload, which a profile's `records` replays
    #[arg(long, value_name = "FILE", group = "payloads", conflicts_with_all = ["out", "lasts", "sample", "event_time", "step"])]
    pub records: Option<PathBuf>,
    /// Write at most this many records, the first by time
    #[arg(long, value_name = "N", requires = "records", value_parser = clap::value_parser!(u64).range(1..))]
    pub records_limit: Option<u64>,
    /// Write a profile that replays the curve or the records to this file (default: beside them, with .toml)
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Read this many records, spread over time and partitions, for sizes, keys and lateness
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    pub sample: u64,
    /// Where a sampled message's event time is: /json/pointer or header:NAME; default: lateness is not measured
    #[arg(long, value_name = "PLACE")]
    pub event_time: Option<String>,
    /// Keep this many sampled payloads that are JSON, as lines beside the curve (.jsonl), to send them again as samples
    #[arg(long, value_name = "N", default_value_t = 0, group = "payloads")]
    pub keep_payloads: u64,
    /// Replace what stands at this JSON pointer in kept or recorded payloads by something of the same kind and length; may be repeated
    #[arg(long, value_name = "POINTER", requires = "payloads")]
    pub mask: Vec<String>,
    /// Ask the brokers for offsets at most this often
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_requests_per_s: u32,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Print only JSON
    #[arg(long)]
    pub json: bool,
}

impl Args {
    fn range(&self) -> Result<CaptureRange, CommandError> {
        match (self.lasts, self.from) {
            (Some(lasts), _) => Ok(CaptureRange::Live(lasts)),
            (None, Some(from)) => Ok(CaptureRange::Past { from, to: self.to }),
            (None, None) => Err(CommandError::Usage("add --from, or --for to watch from now on".to_owned())),
        }
    }

    /// The client's settings for the cluster that is named.
    fn settings(&self) -> Result<ClientSettings, CommandError> {
        refuse_few_files().map_err(CommandError::Environment)?;
        let settings = self.target.settings()?;
        if settings.brokers().is_none() {
            return Err(CommandError::Usage("name the cluster to capture from with -b HOST:PORT".to_owned()));
        }
        Ok(settings)
    }

    fn wanted(&self) -> Result<Capture, CommandError> {
        let settings = self.settings()?;
        if self.event_time.is_some() && self.sample == 0 {
            return Err(CommandError::Usage("--event-time is read from sampled messages: add --sample N".to_owned()));
        }
        if self.keep_payloads > self.sample {
            let text =
                format!("--keep-payloads {} keeps sampled messages: add --sample {0} or more", self.keep_payloads);
            return Err(CommandError::Usage(text));
        }
        refuse_wrong_masks(&self.mask)?;
        let place =
            |text: &String| Place::parse(text).map_err(|error| CommandError::Usage(format!("--event-time: {error}")));
        Ok(Capture {
            settings,
            allow_cluster: self.target.allow_cluster.clone(),
            topic: self.topic.clone(),
            range: self.range()?,
            step: self.step,
            max_requests_per_s: self.max_requests_per_s,
            sample: self.sample,
            event_time: self.event_time.as_ref().map(place).transpose()?,
            keep: KeepOrder { payloads: self.keep_payloads, masked: self.mask.clone() },
        })
    }

    /// Where the profile goes: beside the file of the curve or the records.
    fn profile_path(&self, beside: &Path) -> PathBuf {
        self.profile.clone().unwrap_or_else(|| beside.with_extension("toml"))
    }
}

/// Captures.
///
/// # Errors
/// A range or topic that cannot be captured, a cluster that does not answer, or a file that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    match (&args.records, &args.out) {
        (Some(file), _) => records::run(args, file, out),
        (None, Some(file)) => curve(args, file, out),
        (None, None) => Err(CommandError::Usage("name the file of the curve with --out".to_owned())),
    }
}

/// Captures a curve.
fn curve(args: &Args, file: &Path, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let wanted = args.wanted()?;
    let profile_path = args.profile_path(file);
    refuse_to_overwrite(file, &profile_path)?;
    let samples_path = (args.keep_payloads > 0).then(|| file.with_extension("jsonl"));
    if let Some(path) = samples_path.as_ref().filter(|path| path.exists()) {
        return Err(CommandError::Usage(format!(
            "{} already exists: remove it, or name another --out",
            path.display()
        )));
    }
    let mut line = ProgressLine::default();
    let captured = capture(&wanted, &mut |progress| line.show(progress));
    line.close();
    let captured = captured?;
    write_file(file, &curve_text(&args.topic, &captured)?)?;
    write_profile(args, file, &profile_path, &captured)?;
    if let (Some(path), Some(kept)) = (&samples_path, &captured.kept) {
        write_whole(path, &kept.text()).map_err(|error| CommandError::Environment(error.to_string()))?;
    }
    let report = CaptureReport {
        topic: &args.topic,
        captured: &captured,
        curve_file: file,
        profile_file: &profile_path,
        samples_file: samples_path.as_deref(),
    };
    if args.json {
        let text = serde_json::to_string_pretty(&report.json())
            .map_err(|error| CommandError::Environment(error.to_string()))?;
        writeln!(out, "{text}")?;
    } else {
        out.write_all(for_people(&report, Look::of_stdout()).as_bytes())?;
    }
    Ok(Outcome::Done)
}

/// Refuses what is to be masked where it names no place.
pub(super) fn refuse_wrong_masks(masks: &[String]) -> Result<(), CommandError> {
    match masks.iter().find(|mask| !mask.starts_with('/')) {
        Some(mask) => Err(CommandError::Usage(format!("--mask {mask} is not a JSON pointer like /customer/name"))),
        None => Ok(()),
    }
}

/// A curve file may be replaced by another one.
fn refuse_to_overwrite(curve: &Path, profile: &Path) -> Result<(), CommandError> {
    let refused = |text: String| Err(CommandError::Usage(text));
    if curve == profile {
        return refused(format!(
            "{} cannot be both the curve and the profile: name another --profile",
            curve.display()
        ));
    }
    refuse_wrong_files([(curve, "--out"), (profile, "--profile")], profile)?;
    if curve.exists() && !is_curve_file(curve) {
        return refused(format!("{} already exists and is not a curve file: name another --out", curve.display()));
    }
    Ok(())
}

/// Files that cannot be made there, and a profile that may have been changed by hand: it is not touched.
fn refuse_wrong_files(files: [(&Path, &str); 2], profile: &Path) -> Result<(), CommandError> {
    let refused = |text: String| Err(CommandError::Usage(text));
    if profile.exists() {
        return refused(format!("{} already exists: remove it, or name another --profile", profile.display()));
    }
    for (file, flag) in files {
        if file.file_name().is_none() {
            return refused(format!("{flag} {} is not the name of a file", file.display()));
        }
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return refused(format!("{flag} {}: there is no folder {}", file.display(), folder.display()));
        }
    }
    Ok(())
}

/// The text of the curve file, with where it comes from.
pub(super) fn curve_text(topic: &str, captured: &Captured) -> Result<String, CommandError> {
    let source = format!(
        "source: topic {} ({} partitions) of cluster {}, captured by floodmark {}",
        topic,
        captured.counted.per_partition.len(),
        captured.cluster_id,
        env!("CARGO_PKG_VERSION")
    );
    let lines = std::iter::once(source).chain(captured.error_bar.findings.iter().cloned()).collect();
    captured.counted.curve.write(&Origin { lines }).map_err(|error| CommandError::Usage(error.to_string()))
}

fn write_profile(args: &Args, curve: &Path, profile: &Path, captured: &Captured) -> Result<(), CommandError> {
    let curve_file = seen_from(profile, curve)?;
    let range = format!("{} in buckets of {}", captured.counted.edges, args.step);
    let text = profile_text(&ProfileParts {
        topic: &args.topic,
        partitions: captured.counted.per_partition.len(),
        range: &range,
        traffic: Traffic::Curve(&curve_file),
        sample: captured.sample.as_ref(),
        payload: None,
        made_by: "floodmark capture",
    });
    write_file(profile, &text)
}

/// The curve file as the profile names it: alone when both are in one folder, otherwise with its whole path.
fn seen_from(profile: &Path, curve: &Path) -> Result<String, CommandError> {
    if profile.parent() == curve.parent()
        && let Some(name) = curve.file_name()
    {
        return Ok(name.to_string_lossy().into_owned());
    }
    Ok(std::path::absolute(curve)?.to_string_lossy().into_owned())
}

fn write_file(file: &Path, text: &str) -> Result<(), CommandError> {
    write_whole(file, text.as_bytes()).map_err(|error| CommandError::Environment(error.to_string()))
}

impl From<CaptureError> for CommandError {
    fn from(error: CaptureError) -> Self {
        let text = error.to_string();
        match error {
            CaptureError::Empty { .. } | CaptureError::NoRecords { .. } | CaptureError::TooShort { .. } => {
                CommandError::Nothing(text)
            }
            error if error.is_usage() => CommandError::Usage(text),
            _ => CommandError::Environment(text),
        }
    }
}
