//! Middles and spreads that a single wild value does not move.

use crate::median::median;

/// A median absolute deviation times this is the standard deviation of a normal distribution.
pub(crate) const MAD_TO_DEVIATION: f64 = 1.4826;

/// The median of the absolute deviations from `center`, scaled to a normal distribution's standard deviation. The deviations of few values from
/// their own median are too small: n/(n − 0.8) mends that (Croux and Rousseeuw 1992).
#[must_use]
pub(crate) fn scaled_mad(deviations: &[f64]) -> Option<f64> {
    let n = deviations.len() as f64;
    let mad = median(deviations.iter().map(|deviation| deviation.abs()).collect())?;
    Some(mad * MAD_TO_DEVIATION * if n > 1.0 { n / (n - 0.8) } else { 1.0 })
}

/// The median of all means of two (Hodges and Lehmann 1963): nearly as exact as the mean, and one wild value of five does not move it far.
#[must_use]
pub(crate) fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    let pairs = values
        .iter()
        .enumerate()
        .flat_map(|(at, one)| values[at..].iter().map(move |other| f64::midpoint(*one, *other)));
    median(pairs.collect())
}

/// The standard deviation of a night's repetitions: from the median of their distances, so that one wild one does not make it.
#[must_use]
pub(crate) fn deviation(values: &[f64]) -> f64 {
    let Some(center) = median(values.to_vec()).filter(|_| values.len() > 1) else { return 0.0 };
    let deviations: Vec<f64> = values.iter().map(|value| value - center).collect();
    scaled_mad(&deviations).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_of_five_moves_neither_the_middle_nor_the_spread_far() {
        let calm = [1.0, 1.1, 0.9, 1.05, 0.95];
        let wild = [1.0, 1.1, 0.9, 1.05, 50.0];
        assert!((hodges_lehmann(&calm).unwrap() - 1.0).abs() < 1e-9);
        assert!((hodges_lehmann(&wild).unwrap() - 1.0).abs() < 0.1, "{:?}", hodges_lehmann(&wild));
        assert!(deviation(&wild) < 3.0 * deviation(&calm));
        assert_eq!((hodges_lehmann(&[]), deviation(&[7.0])), (None, 0.0));
    }

    #[test]
    fn the_scaled_mad_of_normal_values_is_their_deviation() {
        // The quantiles of a normal distribution with a standard deviation of 2.
        let normal = statrs::distribution::Normal::new(0.0, 2.0).unwrap();
        let quantiles: Vec<f64> = (1..1000)
            .map(|at| statrs::distribution::ContinuousCDF::inverse_cdf(&normal, f64::from(at) / 1000.0))
            .collect();
        let found = scaled_mad(&quantiles).unwrap();
        assert!((found - 2.0).abs() < 0.01, "{found}");
    }
}
