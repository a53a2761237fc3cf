//! `floodmark curve import`.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{is_curve_file, name_of, print_json, read_bounded};
use crate::commands::CommandError;
use crate::curve::import::{
    Decimal, Duplicates, Finding, Format, Future, Gaps, ImportError, Imported, Negative, OffGrid, Options, Partial,
    Policy, Stamps, Unsorted, Values, import, word,
};
use crate::curve::{Origin, moment_text};
use crate::profile::Span;
use crate::report::terminal::curve::imported_curve;
use crate::results::pending::write_whole;

/// Flags of `curve import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is repaired silently: anything odd in the data is listed with its line, and stops the import unless a flag says what to do.
Without --out the file is only checked, and nothing is written.

Examples:
  floodmark curve import increase.json --values counts --out checkout.csv        Prometheus query_range
  floodmark curve import panel.csv --values rate-per-s --zone Europe/Berlin --gaps zero --out checkout.csv
  floodmark curve import requests.csv --duplicates sum --gaps interpolate --out requests.curve.csv")]
pub struct Args {
    /// The export; - reads standard input
    pub file: PathBuf,
    /// Write the curve to this file
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The tool that wrote the file, if it is not recognised: prometheus, loki, grafana, cloudwatch-statistics, cloudwatch-data, datadog, confluent-cloud, csv, curve
    #[arg(long, value_parser = word::<Format>)]
    pub format: Option<Format>,
    /// What the values are: counts (events in each bucket), rate-per-s, rate-per-min, counter (a running total), events (each row of a CSV is one)
    #[arg(long, value_parser = word::<Values>)]
    pub values: Option<Values>,
    /// Which series, if there are several (repeatable, to be summed with --sum); `all` sums all of them
    #[arg(long, value_name = "NAME")]
    pub series: Vec<String>,
    /// Add the series up, bucket by bucket
    #[arg(long)]
    pub sum: bool,
    /// The zone of times that have none: UTC, Europe/Berlin, +02:00
    #[arg(long, allow_hyphen_values = true)]
    pub zone: Option<String>,
    /// The form of the times, as a pattern of strptime, if it is not recognised: '%d/%m/%Y %H:%M'
    #[arg(long, value_name = "FORM")]
    pub time_format: Option<String>,
    /// The length of the curve's buckets, a multiple of the file's: 60s, 5m
    #[arg(long, value_name = "SPAN")]
    pub step: Option<Span>,
    /// Which end of its bucket a time means: start, end. Prometheus and Loki mean the end, the others the start
    #[arg(long, value_parser = word::<Stamps>)]
    pub stamps: Option<Stamps>,
    /// The decimal mark, if the file leaves it open: point, comma
    #[arg(long, value_parser = word::<Decimal>)]
    pub decimal: Option<Decimal>,
    /// What to do with buckets without a row or a number: fail, zero, hold, interpolate
    #[arg(long, value_parser = word::<Gaps>, default_value = "fail")]
    pub gaps: Gaps,
    /// What to do with several rows for one time or bucket: fail, sum, first, last
    #[arg(long, value_parser = word::<Duplicates>, default_value = "fail")]
    pub duplicates: Duplicates,
    /// What to do with rows that are not in the order of time: fail, sort
    #[arg(long, value_parser = word::<Unsorted>, default_value = "fail")]
    pub unsorted: Unsorted,
    /// What to do with values below 0: fail, zero, gap
    #[arg(long, value_parser = word::<Negative>, default_value = "fail")]
    pub negative: Negative,
    /// What to do with times between the buckets' edges: fail, snap (to the nearest edge)
    #[arg(long, value_parser = word::<OffGrid>, default_value = "fail")]
    pub off_grid: OffGrid,
    /// What to do with times in the future: fail, keep
    #[arg(long, value_parser = word::<Future>, default_value = "fail")]
    pub future: Future,
    /// What to do with an answer that says it is partial: fail, keep
    #[arg(long, value_parser = word::<Partial>, default_value = "fail")]
    pub partial: Partial,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

impl Args {
    fn options(&self) -> Result<Options, CommandError> {
        let step_ms = |span: Span| {
            let whole = span.as_nanos() > 0 && span.as_nanos().is_multiple_of(1_000_000);
            let wrong = || CommandError::Usage(format!("--step {span} is not a whole number of milliseconds above 0"));
            whole.then_some(span.as_nanos() / 1_000_000).ok_or_else(wrong)
        };
        let Args { gaps, duplicates, unsorted, negative, off_grid, future, partial, .. } = *self;
        Ok(Options {
            format: self.format,
            series: self.series.clone(),
            values: self.values,
            zone: self.zone.clone(),
            sum: self.sum,
            time_format: self.time_format.clone(),
            step_ms: self.step.map(step_ms).transpose()?,
            stamps: self.stamps,
            decimal: self.decimal,
            policy: Policy { gaps, duplicates, unsorted, negative, off_grid, future, partial },
            now_unix_ms: Timestamp::now().as_millisecond(),
        })
    }
}

/// An import in JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    file: String,
    format: Format,
    series: &'a str,
    values: Values,
    stamps: Stamps,
    stamp_form: &'a str,
    rows: usize,
    start: Option<String>,
    step_s: f64,
    buckets: usize,
    filled: usize,
    total: f64,
    policy: String,
    findings: Vec<&'a Finding>,
    out: Option<&'a Path>,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), CommandError> {
    let options = args.options()?;
    let bytes = read_bounded(&args.file)?;
    let imported = import(&bytes, &options).map_err(|error| refusal(&args.file, &error))?;
    drop(bytes);
    if let Some(file) = &args.out {
        write(file, &imported, &args.file, &options.policy)?;
    }
    if args.json {
        return print_json(&report(args, &imported, &options.policy), out);
    }
    out.write_all(imported_curve(&name_of(&args.file), args.out.as_deref(), &imported).as_bytes())?;
    Ok(())
}

/// Why the file is not read: one sentence, or all that has to be put right, a line each.
fn refusal(file: &Path, error: &ImportError) -> CommandError {
    let sentences = error.sentences();
    CommandError::Usage(match sentences.as_slice() {
        [only] => format!("{}: {only}", file.display()),
        several => format!(
            "{}: {} things need a decision or a correction:\n  {}",
            file.display(),
            several.len(),
            several.join("\n  ")
        ),
    })
}

/// Writes the curve file, but never over something that is none.
fn write(file: &Path, imported: &Imported, source: &Path, policy: &Policy) -> Result<(), CommandError> {
    if file.exists() && !is_curve_file(file) {
        let shown = file.display();
        return Err(CommandError::Usage(format!(
            "{shown} already exists and is not a curve file: choose another name with --out"
        )));
    }
    let Imported { curve, format, series, values, stamps, filled, .. } = imported;
    let lines = vec![
        format!("source: {}, {format}, series {series}", name_of(source)),
        format!("values: {values}, stamps: {stamps}"),
        format!("policy: {policy}"),
        format!("filled: {filled} of {} buckets", curve.counts().len()),
    ];
    let text = curve.write(&Origin { lines }).map_err(|error| CommandError::Usage(error.to_string()))?;
    write_whole(file, text.as_bytes()).map_err(|error| CommandError::Environment(error.to_string()))
}

fn report<'a>(args: &'a Args, imported: &'a Imported, policy: &Policy) -> Report<'a> {
    let Imported { curve, format, series, rows, values, stamps, filled, stamp_form, findings } = imported;
    Report {
        file: args.file.display().to_string(),
        format: *format,
        series,
        values: *values,
        stamps: *stamps,
        stamp_form,
        rows: *rows,
        start: curve.start_unix_ms().map(moment_text),
        step_s: curve.step_s(),
        buckets: curve.counts().len(),
        filled: *filled,
        total: curve.total(),
        policy: policy.to_string(),
        findings: findings.iter().collect(),
        out: args.out.as_deref(),
    }
}
