//! What a curve reveals about the time inside its buckets: the parameters of arrivals
//! that are as bursty below the bucket as the curve is above it.
//!
//! A curve in buckets of a minute does not show its seconds. It does show how burstiness changes from scale to scale just above the bucket,
//! and the fit extrapolates from there. Whether that works for this curve is tested on the curve itself: a coarser version of it is fitted,
//! and the result is compared with the real buckets.

mod b_model;
mod dispersion;
mod levels;
mod on_off;
mod trial;

use serde::Serialize;

use super::Curve;
use crate::units::Span;

pub(crate) use b_model::BModel;
pub(crate) use dispersion::Dispersion;
pub(crate) use levels::{LEAST_BUCKETS, Level, levels};
pub(crate) use on_off::OnOff;
pub(crate) use trial::Trial;

/// A fit that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum FitError {
    /// Too few buckets.
    #[error("{buckets} buckets are too few for a fit (it needs {LEAST_BUCKETS})")]
    TooShort {
        /// How many there are.
        buckets: usize,
    },
    /// No event.
    #[error("the curve has no events")]
    Silent,
    /// A kind that does not fit this curve.
    #[error("{kind} cannot be fitted to this curve: {why}")]
    Impossible {
        /// The kind that was asked for.
        kind: Kind,
        /// Why not.
        why: &'static str,
    },
}

/// The kinds of arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Random.
    Poisson,
    /// A rate that varies from second to second.
    Overdispersed,
    /// Halves of halves, uneven at every scale.
    BModel,
    /// Bursts and silence.
    OnOff,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Poisson => "poisson",
            Kind::Overdispersed => "overdispersed",
            Kind::BModel => "b-model",
            Kind::OnOff => "on-off",
        })
    }
}

/// Everything that was fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fit {
    /// A bucket's length.
    pub step_s: f64,
    /// The mean rate.
    pub mean_per_s: f64,
    /// What was measured at each scale, the bucket first, each twice as long as the one before.
    pub levels: Vec<Level>,
    /// The index of dispersion at 1 s.
    pub dispersion: Dispersion,
    /// The b-model; nothing when neighbouring buckets do not differ more than by chance.
    pub b_model: Option<BModel>,
    /// Bursts and silence; nothing when the buckets are too short or the dispersion is no more than chance.
    pub on_off: Option<OnOff>,
    /// The fit tested on a coarser version of the curve; nothing when that would be too short.
    pub trial: Option<Trial>,
    /// The kind that fits best.
    pub best: Kind,
}

impl Fit {
    /// Fits a curve.
    ///
    /// # Errors
    /// [`FitError`] for a curve that is too short or silent.
    pub(crate) fn of(curve: &Curve) -> Result<Self, FitError> {
        let levels = levels(curve)?;
        let mean_per_s = curve.total() / curve.length_s();
        let dispersion = Dispersion::of(&levels, 1.0);
        let b_model = BModel::of(curve, &levels);
        let on_off = OnOff::of(curve.step_s(), mean_per_s, dispersion.index);
        let trial = Trial::of(curve);
        let best = match trial.as_ref().map_or(Kind::Overdispersed, Trial::best) {
            Kind::BModel if b_model.is_some() => Kind::BModel,
            Kind::Poisson => Kind::Poisson,
            _ => nearest(&levels, &dispersion, b_model.as_ref()),
        };
        Ok(Fit { step_s: curve.step_s(), mean_per_s, levels, dispersion, b_model, on_off, trial, best })
    }

    /// The arrivals as a value for `detail` in a profile's curve, in TOML.
    ///
    /// # Errors
    /// [`FitError::Impossible`] for a kind that does not fit this curve.
    pub(crate) fn detail(&self, kind: Kind) -> Result<String, FitError> {
        let impossible = |why| FitError::Impossible { kind, why };
        Ok(match kind {
            // Random, but the mass of each bucket is kept: `poisson` would let it vary, too.
            Kind::Poisson => "{ kind = \"poisson-exact\" }".to_owned(),
            Kind::Overdispersed if !self.dispersion.is_seen() => {
                return Err(impossible("its seconds differ only by chance"));
            }
            Kind::Overdispersed => {
                format!("{{ kind = \"overdispersed\", dispersion = {:?} }}", rounded(self.dispersion.index))
            }
            Kind::BModel => {
                let fitted =
                    self.b_model.as_ref().ok_or_else(|| impossible("neighbouring buckets differ only by chance"))?;
                format!("{{ kind = \"b-model\", bias = {:?} }}", rounded(fitted.bias))
            }
            Kind::OnOff => {
                let why = "it needs buckets longer than a second, and a dispersion above 1 that bursts of a second or longer can cause";
                let fitted = self.on_off.as_ref().ok_or_else(|| impossible(why))?;
                let span = |seconds: f64| Span::from_millis((seconds * 1e3).round() as u64);
                format!("{{ kind = \"on-off\", on = \"{}\", off = \"{}\" }}", span(fitted.on_s), span(fitted.off_s))
            }
        })
    }
}

/// The arrivals that are nearest to the extrapolated dispersion over all halvings of a bucket down to a second, each deviation as a factor.
/// Overdispersed seconds are independent, and so equally dispersed at all scales above them; a b-model's dispersion grows with the scale.
fn nearest(levels: &[Level], dispersion: &Dispersion, b_model: Option<&BModel>) -> Kind {
    let bucket_s = levels.first().map_or(1.0, |level| level.window_s);
    let halvings = bucket_s.log2().round().max(0.0) as u32;
    let miss = |of: &dyn Fn(u32) -> f64| -> f64 {
        let wanted = |halving: u32| Dispersion::of(levels, bucket_s / f64::from(halving).exp2()).index;
        (1..=halvings).map(|halving| (of(halving) / wanted(halving)).ln().abs()).sum()
    };
    let poisson = miss(&|_| 1.0);
    let overdispersed = if dispersion.is_seen() { miss(&|_| dispersion.index) } else { f64::INFINITY };
    let halved = b_model.map_or(f64::INFINITY, |fitted| miss(&|halving| fitted.local_dispersion(halving)));
    match () {
        () if halved < poisson && halved < overdispersed => Kind::BModel,
        // With buckets of a second there is nothing to halve, and the dispersion was measured.
        () if overdispersed <= poisson => Kind::Overdispersed,
        () => Kind::Poisson,
    }
}

/// Four significant digits: more than the accuracy of the estimate.
fn rounded(value: f64) -> f64 {
    let power = 10_f64.powf(3.0 - value.abs().max(1e-300).log10().floor());
    (value * power).round() / power
}

#[cfg(test)]
mod tests;
