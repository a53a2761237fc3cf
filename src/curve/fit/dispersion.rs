//! The index of dispersion at a second, extrapolated from the scales that the curve has.

use serde::Serialize;

use super::Level;

/// This many of the finest levels show how burstiness changes with the scale.
const FINEST: usize = 4;
/// The highest power of the window with which the Allan factor can grow.
const STEEPEST: f64 = 3.0;
/// An index of dispersion less than this above 1 is chance.
pub(super) const CHANCE: f64 = 0.1;

/// The dispersion at a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Dispersion {
    /// Var N / E N of the counts of one second, around a rate that changes slowly in comparison.
    pub index: f64,
    /// How the dispersion above 1 grows with the window: the exponent of its power, from 0 (seconds independent of each other) to 3.
    pub exponent: f64,
    /// How many halvings of the bucket the extrapolation covers; 0 or less if the dispersion was measured.
    pub halvings: f64,
}

impl Dispersion {
    /// Whether it is more than chance.
    pub(super) fn is_seen(&self) -> bool {
        self.index > 1.0 + CHANCE
    }

    /// The index at a scale. Fractal point processes have an Allan factor of 1 + (T / T₀)^α, 0 < α < 3 (Lowen and Teich, Fractal-Based Point
    /// Processes, 2005), and independent seconds a constant one (α = 0): α is the slope of log (D − 1) over log T at the finest levels.
    pub(super) fn of(levels: &[Level], scale_s: f64) -> Self {
        let bucket_s = levels.first().map_or(1.0, |level| level.window_s);
        let exponent = exponent(levels);
        // For a curve in buckets below the scale, the level nearest to it is measured.
        let nearest = |level: &&Level| (level.window_s / scale_s).log2().abs();
        let measured = levels.iter().min_by(|one, other| nearest(one).total_cmp(&nearest(other)));
        let (from_s, local_dispersion) =
            measured.map_or((scale_s, 1.0), |level| (level.window_s, level.local_dispersion));
        let excess = (local_dispersion - 1.0).max(0.0) * (scale_s / from_s).powf(exponent);
        Dispersion { index: 1.0 + excess, exponent, halvings: (bucket_s / scale_s).log2() }
    }
}

fn exponent(levels: &[Level]) -> f64 {
    let usable = levels.iter().take(FINEST).filter(|level| level.local_dispersion > 1.0 + CHANCE);
    let points: Vec<(f64, f64)> =
        usable.map(|level| (level.window_s.ln(), (level.local_dispersion - 1.0).ln())).collect();
    if points.len() < 2 {
        return 0.0;
    }
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (mean_x / points.len() as f64, mean_y / points.len() as f64);
    let (over, under) = points
        .iter()
        .fold((0.0, 0.0), |(over, under), (x, y)| (over + (x - mean_x) * (y - mean_y), under + (x - mean_x).powi(2)));
    (over / under).clamp(0.0, STEEPEST)
}
