//! The fit tested on the curve itself: a coarser version is fitted, and the predicted fine buckets are compared with the real ones.

use serde::Serialize;

use super::{BModel, Dispersion, Kind, dispersion::CHANCE, levels};
use crate::curve::Curve;

/// How many halvings coarser the curve is made, at most: the question is how it continues just below the bucket.
const HALVINGS: u32 = 2;
/// The fewest coarse buckets that must be left.
const LEAST_COARSE: usize = 48;

/// What each kind predicted from the coarse curve, and what was measured. All are local dispersions at the curve's own bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Trial {
    /// The coarse bucket.
    pub from_s: f64,
    /// The curve's own bucket.
    pub to_s: f64,
    /// What the curve has there.
    pub measured: f64,
    /// What a Poisson process has.
    pub poisson: f64,
    /// What the dispersion predicts.
    pub overdispersed: f64,
    /// What the b-model predicts; nothing when it cannot be fitted.
    pub b_model: Option<f64>,
}

impl Trial {
    pub(super) fn of(curve: &Curve) -> Option<Self> {
        let halvings = (1..=HALVINGS).rev().find(|halvings| curve.counts().len() >> halvings >= LEAST_COARSE)?;
        let factor = 1_usize << halvings;
        let whole = curve.counts().len() / factor * factor;
        let curve = Curve::new(None, curve.step_ms(), curve.counts().get(..whole)?.to_vec()).ok()?;
        let coarse = curve.coarser(factor);
        let coarse_levels = levels(&coarse).ok()?;
        let measured = levels(&curve).ok()?.first()?.local_dispersion;
        Some(Trial {
            from_s: coarse.step_s(),
            to_s: curve.step_s(),
            measured,
            poisson: 1.0,
            overdispersed: Dispersion::of(&coarse_levels, curve.step_s()).index,
            b_model: BModel::of(&coarse, &coarse_levels).map(|fitted| fitted.local_dispersion(halvings)),
        })
    }

    /// The kind that came nearest, as a factor; Poisson if there is only chance.
    pub(super) fn best(&self) -> Kind {
        if self.measured <= 1.0 + CHANCE {
            return Kind::Poisson;
        }
        let miss = |foretold: f64| (foretold / self.measured).ln().abs();
        let b_model = self.b_model.map_or(f64::INFINITY, miss);
        let (poisson, overdispersed) = (miss(self.poisson), miss(self.overdispersed));
        match () {
            () if b_model < poisson && b_model < overdispersed => Kind::BModel,
            () if overdispersed < poisson => Kind::Overdispersed,
            () => Kind::Poisson,
        }
    }
}
