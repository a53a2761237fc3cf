//! The b-model (Wang, Madhyastha, Chan, Papadimitriou, Faloutsos: Data Mining Meets Performance Evaluation: Fast Algorithms for Modeling
//! Bursty Traffic, ICDE 2002): a stretch of time gives the share b of its events to one half, chosen at random, and 1 − b to the other, and
//! each half does the same.

use serde::Serialize;

use super::Level;
use crate::curve::Curve;

/// This many halvings just above the bucket give the slope of the entropy plot: far above are hours and days.
const HALVINGS: usize = 3;

/// A fitted b-model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct BModel {
    /// The share b of the fuller half, from 0.5 (even) to 1, from the differences of halves, less those of chance ([`Level::uneven`]).
    pub bias: f64,
    /// The same from the slope of the entropy plot, as Wang et al. estimate it. Chance makes it larger where buckets hold few events.
    pub bias_by_entropy: f64,
    /// The index of dispersion that it predicts for seconds.
    pub dispersion_at_1_s: f64,
    /// E B (B − 1) / E B of the buckets B: what a bucket passes on to its halves.
    pub(super) pairs_per_event: f64,
}

impl BModel {
    /// From the halves of the finest level: it has the most pairs, and is next to the scales that are not visible.
    pub(super) fn of(curve: &Curve, levels: &[Level]) -> Option<Self> {
        let uneven = levels.first().map(|level| level.uneven).filter(|uneven| *uneven > 0.0)?;
        let pairs: f64 = curve.counts().iter().map(|count| (count * (count - 1.0)).max(0.0)).sum();
        let mut fitted = BModel {
            bias: f64::midpoint(1.0, uneven.sqrt()),
            bias_by_entropy: by_entropy(levels),
            dispersion_at_1_s: 1.0,
            pairs_per_event: pairs / curve.total(),
        };
        let halvings = curve.step_s().log2().round().max(0.0) as u32;
        fitted.dispersion_at_1_s = fitted.local_dispersion(halvings);
        Some(fitted)
    }

    /// The local dispersion of the pieces after this many halvings of a bucket.
    ///
    /// With q = (2b − 1)², halves of N events give E (X − Y)² = E N + q E N (N − 1), and pass on E X (X − 1) = E N (N − 1) (1 + q) / 4
    /// each; a bucket begins with E B (B − 1).
    pub(super) fn local_dispersion(&self, halvings: u32) -> f64 {
        let uneven = (2.0 * self.bias - 1.0).powi(2);
        let pairs_per_event = self.pairs_per_event * f64::midpoint(1.0, uneven).powi(halvings.saturating_sub(1) as i32);
        1.0 + uneven * pairs_per_event
    }
}

/// The entropy grows by −b log₂ b − (1 − b) log₂ (1 − b) bits with each halving; solved for b.
fn by_entropy(levels: &[Level]) -> f64 {
    let steps = HALVINGS.min(levels.len().saturating_sub(1)).max(1);
    let last = levels.get(steps).or(levels.last());
    let slope = match (levels.first(), last) {
        (Some(fine), Some(coarse)) => (fine.entropy_bits - coarse.entropy_bits) / steps as f64,
        _ => 1.0,
    };
    let (mut even, mut uneven) = (0.5_f64, 1.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(even, uneven);
        let bits = -middle * middle.log2() - (1.0 - middle) * (1.0 - middle).log2();
        if bits > slope { even = middle } else { uneven = middle }
    }
    f64::midpoint(even, uneven)
}
