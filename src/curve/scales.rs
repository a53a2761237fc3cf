//! How bursty a curve is, at each of several scales of time.
//!
//! Two figures, both 1 for a Poisson process of constant rate at every scale:
//! - the index of dispersion of counts, Var N / E N over windows of one length (Cox and Lewis, The Statistical Analysis of Series of
//!   Events, 1966; Gusella, Characterizing the Variability of Arrival Processes with Indexes of Dispersion, IEEE JSAC 9(2), 1991);
//! - the Allan factor, E (N₂ − N₁)² / 2 E N over neighbouring windows (Allan, Proc. IEEE 54(2), 1966; for point processes Lowen and Teich,
//!   Fractal-Based Point Processes, 2005). Days and weeks drive the index of dispersion up; the Allan factor does not see what is slow.

use serde::Serialize;

use super::Curve;

/// With fewer windows than this a variance means nothing.
const LEAST_WINDOWS: usize = 10;
/// The scales of time that people use, in milliseconds.
const SCALES_MS: [u64; 9] =
    [1_000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000, 2_419_200_000];

/// Burstiness at one scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Scale {
    /// The windows' length.
    pub window_s: f64,
    /// How many windows there are.
    pub windows: usize,
    /// Var N / E N.
    pub index_of_dispersion: f64,
    /// E (N₂ − N₁)² / 2 E N.
    pub allan_factor: f64,
}

/// Burstiness of windows of this many buckets; nothing for fewer than ten whole windows, or without events.
#[must_use]
pub(crate) fn scale(curve: &Curve, buckets: usize) -> Option<Scale> {
    let counts: Vec<f64> = curve.counts().chunks_exact(buckets.max(1)).map(|window| window.iter().sum()).collect();
    let windows = counts.len();
    let mean = counts.iter().sum::<f64>() / windows as f64;
    if windows < LEAST_WINDOWS || mean <= 0.0 {
        return None;
    }
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (windows - 1) as f64;
    let jumps = counts.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>() / (windows - 1) as f64;
    let window_s = curve.step_s() * buckets.max(1) as f64;
    Some(Scale { window_s, windows, index_of_dispersion: variance / mean, allan_factor: jumps / (2.0 * mean) })
}

/// Burstiness at the bucket's own scale, and at the usual ones (a second, a minute, an hour, …) that are whole buckets.
#[must_use]
pub(crate) fn scales(curve: &Curve) -> Vec<Scale> {
    let larger =
        SCALES_MS.iter().filter(|scale_ms| **scale_ms > curve.step_ms() && scale_ms.is_multiple_of(curve.step_ms()));
    let buckets = larger.map(|scale_ms| (scale_ms / curve.step_ms()) as usize);
    std::iter::once(1).chain(buckets).filter_map(|buckets| scale(curve, buckets)).collect()
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::SmallRng};
    use rand_distr::{Distribution, Gamma, Poisson};

    use super::*;

    fn curve(counts: Vec<f64>) -> Curve {
        Curve::new(None, 1000, counts).unwrap()
    }

    #[test]
    fn a_poisson_process_has_1_at_every_scale() {
        let mut random = SmallRng::seed_from_u64(1);
        let poisson = Poisson::new(20.0).unwrap();
        let curve = curve((0..60_000).map(|_| poisson.sample(&mut random)).collect());
        let found = scales(&curve);
        assert_eq!(found.iter().map(|scale| scale.window_s).collect::<Vec<_>>(), [1.0, 10.0, 60.0, 600.0, 3600.0]);
        for scale in found.iter().filter(|scale| scale.windows > 500) {
            assert!((scale.index_of_dispersion - 1.0).abs() < 0.15, "{scale:?}");
            assert!((scale.allan_factor - 1.0).abs() < 0.2, "{scale:?}");
        }
    }

    #[test]
    fn gamma_rates_give_1_plus_mean_over_shape() {
        let mut random = SmallRng::seed_from_u64(2);
        let rates: Gamma<f64> = Gamma::new(4.0, 5.0).unwrap();
        let counts =
            (0..50_000).map(|_| Poisson::new(rates.sample(&mut random).max(1e-9)).unwrap().sample(&mut random));
        let found = scale(&curve(counts.collect()), 1).unwrap();
        assert!((found.index_of_dispersion - 6.0).abs() < 0.4 && (found.allan_factor - 6.0).abs() < 0.4, "{found:?}");
    }

    #[test]
    fn a_slow_trend_moves_the_index_of_dispersion_and_not_the_allan_factor() {
        let ramp = curve((0..10_000).map(f64::from).collect());
        let found = scale(&ramp, 1).unwrap();
        assert!(found.index_of_dispersion > 1000.0 && found.allan_factor < 0.001, "{found:?}");
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(scale(&curve(vec![1.0; 9]), 1), None);
        assert_eq!(scale(&curve(vec![0.0; 100]), 1), None);
        assert_eq!(scale(&curve(vec![1.0; 10]), 1).map(|scale| scale.index_of_dispersion), Some(0.0));
        assert!(scales(&curve(vec![1.0; 5])).is_empty());
    }
}
