//! `floodmark curve`: captured rates, from where people have them to what a profile replays.

mod fit;
mod import;
mod show;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::{CommandError, Outcome};
use crate::curve::{Curve, FIRST_LINE};
use crate::report::figures;
use crate::shipped;

/// A larger file is not read: a year in one-second buckets is just below.
const MOST_BYTES: u64 = 1 << 30;

/// Flags of `curve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with a curve.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Make a curve file of an export: Prometheus, Grafana, CloudWatch, Datadog, CSV
    Import(Box<import::Args>),
    /// Show a curve: mean, peak, bursts, day and week, and what to plan for
    Show(show::Args),
    /// Estimate how bursty arrivals are inside the buckets, from the curve above them
    Fit(fit::Args),
}

impl Args {
    /// Whether machines read the output.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::Import(args) => args.json,
            Verb::Show(args) => args.json,
            Verb::Fit(args) => args.json,
        }
    }
}

/// Does it.
///
/// # Errors
/// A file that is no curve or cannot be made one, a flag that does not fit, or a file that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    match &args.verb {
        Verb::Import(args) => import::run(args, out),
        Verb::Show(args) => show::run(args, out),
        Verb::Fit(args) => fit::run(args, out),
    }?;
    Ok(Outcome::Done)
}

/// A file's bytes, of `-` those of standard input, up to a bound; or those of the file inside the program.
fn read_bounded(file: &Path) -> Result<Vec<u8>, CommandError> {
    if let Some(inside) = shipped::file(file, file) {
        return Ok(inside.text.as_bytes().to_vec());
    }
    let refused = |system: io::Error| CommandError::Usage(format!("cannot read {}: {system}", file.display()));
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(file).map_err(refused)?;
        let length = opened.metadata().map_err(refused)?.len();
        if length > MOST_BYTES {
            return Err(too_large(file));
        }
        bytes.reserve(usize::try_from(length).unwrap_or(0).saturating_add(1));
        Box::new(opened)
    };
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > MOST_BYTES { Err(too_large(file)) } else { Ok(bytes) }
}

fn too_large(file: &Path) -> CommandError {
    let limit = figures::bytes(MOST_BYTES);
    CommandError::Usage(format!(
        "{} is larger than {limit}, the limit: export a shorter time or longer buckets",
        file.display()
    ))
}

/// The curve in a curve file.
pub(super) fn curve_in(file: &Path) -> Result<Curve, CommandError> {
    let bytes = read_bounded(file)?;
    Curve::read(&bytes).map_err(|error| CommandError::Usage(format!("{}: {error}", file.display())))
}

/// A file's name without its folders.
pub(super) fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Prints something as JSON.
fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), CommandError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Whether a file begins as curve files do: only such a file may be replaced by another curve.
pub(super) fn is_curve_file(file: &Path) -> bool {
    let mut beginning = vec![0; FIRST_LINE.len()];
    let read = File::open(file).and_then(|mut opened| opened.read_exact(&mut beginning));
    read.is_ok() && beginning == FIRST_LINE.as_bytes()
}
