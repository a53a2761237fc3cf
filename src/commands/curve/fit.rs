//! `floodmark curve fit`.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::{curve_in, name_of, print_json};
use crate::commands::CommandError;
use crate::curve::fit::{Fit, FitError, Kind};
use crate::curve::import::word;
use crate::report::terminal::curve::fitted_arrivals;

/// Flags of `curve fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The fit extends the change of burstiness just above a bucket's length to shorter times. As a check it is tried on the curve itself, made coarser.

Sources: index of dispersion, Cox and Lewis 1966 and Gusella 1991; the trend taken out as in the Hadamard variance, Baugh 1971;
its power law, Lowen and Teich 2005; b-model and entropy plot, Wang et al. 2002.

Examples:
  floodmark curve fit checkout.csv
  floodmark curve fit checkout.csv --kind b-model")]
pub struct Args {
    /// A curve file, as `curve import` and `capture` write it; - reads standard input
    pub file: PathBuf,
    /// Which arrivals to write: poisson, overdispersed, b-model, on-off (default: those that fit best)
    #[arg(long, value_parser = word::<Kind>)]
    pub kind: Option<Kind>,
    /// Print the fit as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    file: String,
    kind: Kind,
    /// The value for `detail` in a profile, in TOML.
    detail: &'a str,
    fit: &'a Fit,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), CommandError> {
    let named = |error: FitError| CommandError::Usage(format!("{}: {error}", args.file.display()));
    let fit = Fit::of(&curve_in(&args.file)?).map_err(named)?;
    let kind = args.kind.unwrap_or(fit.best);
    let detail = fit.detail(kind).map_err(named)?;
    if args.json {
        let file = args.file.display().to_string();
        return print_json(&Report { file, kind, detail: &detail, fit: &fit }, out);
    }
    let snippet = format!("curve = {{ file = {:?}, detail = {detail} }}", name_of(&args.file));
    out.write_all(format!("{}\n{snippet}\n", fitted_arrivals(&fit)).as_bytes())?;
    Ok(())
}
