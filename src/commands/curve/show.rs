//! `floodmark curve show`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::{curve_in, events, name_of, print_json};
use crate::commands::CommandError;
use crate::curve::Curve;
use crate::curve::figures::Figures;
use crate::curve::shape::zone;
use crate::report::chart::{RateSeries, dated_rate_chart};
use crate::report::picture::{PictureError, RatePicture, png, svg};
use crate::report::{figures, terminal::Look};
use crate::results::pending::write_whole;
use crate::units::Span;

/// Columns of the outlines that are drawn: more than a picture has.
const COLUMNS: usize = 2400;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Flags of `curve show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark curve show checkout.csv
  floodmark curve show checkout.csv --zone Europe/Berlin --png checkout.png --svg checkout.svg
  floodmark curve show checkout.csv --json")]
pub struct Args {
    /// A curve file, as `curve import` and `capture` write it; - reads standard input
    pub file: PathBuf,
    /// The time zone to show dates, the day and the week in: UTC, Europe/Berlin, +02:00
    #[arg(long, default_value = "UTC", allow_hyphen_values = true)]
    pub zone: String,
    /// Write a picture as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write a picture as PNG
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Overwrite pictures that exist
    #[arg(long)]
    pub force: bool,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), CommandError> {
    let zone: TimeZone = zone(&args.zone).map_err(|error| CommandError::Usage(error.to_string()))?;
    args.svg.iter().chain(&args.png).try_for_each(|file| free(file, args.force))?;
    let curve = curve_in(&args.file)?;
    let found = Figures::of(&curve, &zone);
    draw(args, &curve, &found, &zone)?;
    if args.json {
        return print_json(&found, out);
    }
    let series = RateSeries { name: name_of(&args.file), points: curve.outline(COLUMNS) };
    let chart = dated_rate_chart(&series, curve.start_unix_ms(), &zone, Look::of_stdout().width);
    out.write_all(format!("{}\n{chart}", for_people(&args.zone, &found)).as_bytes())?;
    Ok(())
}

/// A picture is never written over something else, unless that is asked for.
fn free(file: &Path, force: bool) -> Result<(), CommandError> {
    if force || file.symlink_metadata().is_err() {
        return Ok(());
    }
    let shown = file.display();
    Err(CommandError::Usage(format!("{shown} already exists: choose another name, or overwrite it with --force")))
}

fn draw(args: &Args, curve: &Curve, found: &Figures, zone: &TimeZone) -> Result<(), CommandError> {
    let mut marks = vec![("mean".to_owned(), found.mean_per_s)];
    marks.extend(found.p99_per_s.map(|per_s| ("p99".to_owned(), per_s)));
    let picture = RatePicture {
        title: format!("{}, buckets of {}", name_of(&args.file), Span::from_millis(curve.step_ms())),
        points: curve.outline(COLUMNS),
        start_unix_ms: curve.start_unix_ms(),
        zone: zone.clone(),
        marks,
    };
    let written = |file: &Path, bytes: Result<Vec<u8>, PictureError>| {
        let bytes = bytes.map_err(|error| CommandError::Environment(error.to_string()))?;
        write_whole(file, &bytes).map_err(|error| CommandError::Environment(error.to_string()))
    };
    args.svg.as_ref().map(|file| written(file, svg(&picture).map(String::into_bytes))).transpose()?;
    args.png.as_ref().map(|file| written(file, png(&picture))).transpose()?;
    Ok(())
}

fn for_people(zone: &str, found: &Figures) -> String {
    let mut text = String::new();
    let dash = || "–".to_owned();
    let times = found.peak_over_mean.map_or_else(dash, |times| format!("{times:.1}"));
    let (start, end) = (found.start.as_deref().unwrap_or("no date"), found.end.as_deref().unwrap_or_default());
    let bucket = figures::seconds(found.step_s);
    let p99 =
        |per_s: Option<f64>, least: &str| per_s.map_or_else(|| format!("– (needs {least} buckets)"), figures::rate);
    let worst = found.worst_minute.as_ref().map_or_else(
        || format!("– (a bucket is {bucket})"),
        |minute| format!("{} from {}", figures::rate(minute.per_s), minute.at),
    );
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{start} to {end}: {} buckets of {bucket}\n", figures::count(found.buckets as u64));
    for (name, value) in [
        ("events", events(found.total)),
        ("mean", figures::rate(found.mean_per_s)),
        ("peak bucket", format!("{} at {}, {times} times the mean", figures::rate(found.peak.per_s), found.peak.at)),
        ("p99 bucket", p99(found.p99_per_s, "100")),
        ("p99.9 bucket", p99(found.p999_per_s, "1,000")),
        ("worst minute", worst),
        ("silent", format!("{:.2} % of the buckets", found.silent_share * 100.0)),
        (
            "3 x peak",
            format!("{}, three times the observed maximum", figures::rate(found.budget.three_times_peak_per_s)),
        ),
        (
            "2 x p99",
            found
                .budget
                .twice_p99_per_s
                .map_or_else(dash, |per_s| format!("{}, twice the p99 burst", figures::rate(per_s))),
        ),
    ] {
        let _ = writeln!(text, "  {name:<13} {value}");
    }
    if found.step_s > 1.0 {
        let _ = writeln!(
            text,
            "  Rates are means over {bucket}; single seconds inside a bucket are higher. `curve fit` estimates by how much."
        );
    }
    text + &burstiness(found) + &shape(zone, found)
}

fn burstiness(found: &Figures) -> String {
    if found.burstiness.is_empty() {
        return "\n  too few buckets to tell how bursty it is\n".to_owned();
    }
    let mut text = format!(
        "\n  {:<10} {:>9} {:>12} {:>13}   1 by chance alone\n",
        "burstiness", "windows", "dispersion", "Allan factor"
    );
    for scale in &found.burstiness {
        let window = figures::seconds(scale.window_s);
        let windows = figures::count(scale.windows as u64);
        text +=
            &format!("  {window:<10} {windows:>9} {:>12.2} {:>13.2}\n", scale.index_of_dispersion, scale.allan_factor);
    }
    text
}

fn shape(zone: &str, found: &Figures) -> String {
    let mut text = String::new();
    let hour = |place: usize| format!("{place:02}:00");
    let day = |place: usize| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][place % 7].to_owned();
    if let Some(hours) = &found.shape.hours_per_s {
        text += &format!("\n  hours 0-23   {}\n", bars(hours, &hour));
    }
    if let Some(days) = &found.shape.weekdays_per_s {
        text += &format!("  Mon-Sun      {}\n", bars(days, &day));
    }
    if text.is_empty() { text } else { text + &format!("  in the zone {zone}\n") }
}

/// A row of bars, and where it is lowest and highest.
fn bars(rates: &[Option<f64>], name: &dyn Fn(usize) -> String) -> String {
    let known = || rates.iter().enumerate().filter_map(|(place, per_s)| per_s.map(|per_s| (place, per_s)));
    let highest = known().max_by(|one, other| one.1.total_cmp(&other.1));
    let lowest = known().min_by(|one, other| one.1.total_cmp(&other.1));
    let (Some(highest), Some(lowest)) = (highest, lowest) else { return String::new() };
    let bar = |per_s: &Option<f64>| {
        per_s.map_or(' ', |per_s| BARS[((per_s / highest.1.max(1e-300) * 7.0).round() as usize).min(7)])
    };
    let row: String = rates.iter().map(bar).collect();
    let said = |(place, per_s): (usize, f64)| format!("{} {}", name(place), figures::rate(per_s));
    format!("{row}  lowest {}, highest {}", said(lowest), said(highest))
}
