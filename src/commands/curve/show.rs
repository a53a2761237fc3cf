//! `floodmark curve show`.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::{curve_in, name_of, print_json};
use crate::commands::CommandError;
use crate::curve::Curve;
use crate::curve::figures::Figures;
use crate::curve::shape::zone;
use crate::report::chart::{RateSeries, dated_rate_chart};
use crate::report::picture::{PictureError, RatePicture, png, svg};
use crate::report::terminal::{Look, curve::curve_figures};
use crate::results::pending::write_whole;
use crate::units::Span;

/// Columns of the outlines that are drawn: more than a picture has.
const COLUMNS: usize = 2400;

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
    out.write_all(format!("{}\n{chart}", curve_figures(&args.zone, &found)).as_bytes())?;
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
