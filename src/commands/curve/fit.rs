//! `floodmark curve fit`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::{curve_in, name_of, print_json};
use crate::commands::CommandError;
use crate::curve::fit::{Fit, FitError, Kind, Trial};
use crate::curve::import::word;
use crate::report::figures;

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
    out.write_all(format!("{}\n{snippet}\n", for_people(&fit)).as_bytes())?;
    Ok(())
}

fn for_people(fit: &Fit) -> String {
    let mut text =
        format!("{} on average, buckets of {}\n\n", figures::rate(fit.mean_per_s), figures::seconds(fit.step_s));
    let dispersion = &fit.dispersion;
    let how = if dispersion.halvings > 0.0 {
        format!("extrapolated over {:.1} halvings; (D - 1) grows as T^{:.2}", dispersion.halvings, dispersion.exponent)
    } else {
        "measured".to_owned()
    };
    // Writing into a string cannot fail.
    let _ = writeln!(text, "  dispersion at 1 s  {:.2}, {how}", dispersion.index);
    let _ = match &fit.b_model {
        Some(fitted) => writeln!(
            text,
            "  b-model bias       {:.3} by halves, {:.3} by entropy; gives a dispersion of {:.2} at 1 s",
            fitted.bias, fitted.bias_by_entropy, fitted.dispersion_at_1_s
        ),
        None => writeln!(text, "  b-model bias       0.5: neighbouring buckets differ only by chance"),
    };
    let _ = match &fit.on_off {
        Some(fitted) => {
            writeln!(text, "  on-off             {:.1} s of {:.1} s", fitted.on_s, fitted.on_s + fitted.off_s)
        }
        None => writeln!(text, "  on-off             does not fit this curve"),
    };
    text += "\n  window      windows    dispersion    (2b - 1)^2   around the trend; 1 and 0 by chance alone\n";
    for level in &fit.levels {
        let window = figures::seconds(level.window_s);
        let _ = writeln!(
            text,
            "  {window:<10} {:>8} {:>13.2} {:>13.5}",
            level.windows, level.local_dispersion, level.uneven
        );
    }
    text + &fit.trial.as_ref().map_or_else(|| "\n  too short to check the fit on itself\n".to_owned(), tried)
        + &format!("  best: {}\n", fit.best)
}

fn tried(trial: &Trial) -> String {
    let b_model = trial.b_model.map_or_else(|| "–".to_owned(), |foretold| format!("{foretold:.2}"));
    format!(
        "\n  checked from {} to {}: the dispersion is {:.2}; predicted by poisson {:.2}, overdispersed {:.2}, b-model {b_model}\n",
        figures::seconds(trial.from_s),
        figures::seconds(trial.to_s),
        trial.measured,
        trial.poisson,
        trial.overdispersed
    )
}
