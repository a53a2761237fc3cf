//! The arrivals inside a curve's buckets, as they were estimated.

use crate::curve::fit::{Fit, Trial};
use crate::report::figures;

/// The fit, and how it did when it was tried on the curve itself.
#[must_use]
pub(crate) fn fitted_arrivals(fit: &Fit) -> String {
    let tried = fit.trial.as_ref().map_or_else(|| "\n  too short to check the fit on itself\n".to_owned(), tried);
    format!(
        "{} on average, buckets of {}\n\n{}{}{}{}{tried}  best: {}\n",
        figures::rate(fit.mean_per_s),
        figures::seconds(fit.step_s),
        dispersion(fit),
        b_model(fit),
        on_off(fit),
        levels(fit),
        fit.best
    )
}

fn dispersion(fit: &Fit) -> String {
    let dispersion = &fit.dispersion;
    let how = if dispersion.halvings > 0.0 {
        format!("extrapolated over {:.1} halvings; (D - 1) grows as T^{:.2}", dispersion.halvings, dispersion.exponent)
    } else {
        "measured".to_owned()
    };
    format!("  dispersion at 1 s  {:.2}, {how}\n", dispersion.index)
}

fn b_model(fit: &Fit) -> String {
    match &fit.b_model {
        Some(fitted) => format!(
            "  b-model bias       {:.3} by halves, {:.3} by entropy; gives a dispersion of {:.2} at 1 s\n",
            fitted.bias, fitted.bias_by_entropy, fitted.dispersion_at_1_s
        ),
        None => "  b-model bias       0.5: neighbouring buckets differ only by chance\n".to_owned(),
    }
}

fn on_off(fit: &Fit) -> String {
    match &fit.on_off {
        Some(fitted) => format!("  on-off             {:.1} s of {:.1} s\n", fitted.on_s, fitted.on_s + fitted.off_s),
        None => "  on-off             does not fit this curve\n".to_owned(),
    }
}

/// How bursty the curve is around its trend, window by window.
fn levels(fit: &Fit) -> String {
    let mut text =
        "\n  window      windows    dispersion    (2b - 1)^2   around the trend; 1 and 0 by chance alone\n".to_owned();
    for level in &fit.levels {
        let window = figures::seconds(level.window_s);
        text +=
            &format!("  {window:<10} {:>8} {:>13.2} {:>13.5}\n", level.windows, level.local_dispersion, level.uneven);
    }
    text
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
