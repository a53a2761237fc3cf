//! Student's t test: how often two stretches with one mean are as far apart as these.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The mean, exact where all values are equal; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    let Some(first) = values.first() else { return 0.0 };
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// The t statistic with the variance of both stretches together, and its degrees of freedom. Infinite where nothing varies within them.
pub(super) fn t_of(left: &[f64], right: &[f64]) -> Option<(f64, f64)> {
    let (m, n) = (left.len() as f64, right.len() as f64);
    let freedom = m + n - 2.0;
    let apart = mean(left) - mean(right);
    if m < 1.0 || n < 1.0 || freedom < 1.0 || apart == 0.0 {
        return None;
    }
    let variance = (squares(left) + squares(right)) / freedom;
    Some((apart / (variance * (1.0 / m + 1.0 / n)).sqrt(), freedom))
}

fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// On both sides of nothing: 1 where the means are equal or there are too few values to say.
pub(super) fn p_of_equal_means(left: &[f64], right: &[f64]) -> f64 {
    let Some((t, freedom)) = t_of(left, right) else { return 1.0 };
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |law| (2.0 * law.sf(t.abs())).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.ttest_ind gives these.
    #[test]
    fn p_is_what_textbooks_have() {
        let p = p_of_equal_means(&[1.0, 2.0, 3.0, 4.0], &[4.0, 5.0, 9.0]);
        assert!((p - 0.065_494_062_813_756_62).abs() < 1e-9, "{p}");
        let p = p_of_equal_means(&[10.0, 10.1, 9.9, 10.05, 9.95, 10.02], &[12.0, 12.1, 11.9]);
        assert!((p / 3.962_681_536_449_93e-9 - 1.0).abs() < 1e-6, "{p}");
    }

    #[test]
    fn nothing_that_varies_is_sure_and_nothing_that_differs_is_chance() {
        let is = |p: f64, other: f64| (p - other).abs() < 1e-15;
        assert!(is(p_of_equal_means(&[0.1; 7], &[0.1; 5]), 1.0) && is(p_of_equal_means(&[0.1; 3], &[0.2; 3]), 0.0));
        assert!(is(p_of_equal_means(&[1.0], &[2.0]), 1.0) && is(p_of_equal_means(&[], &[2.0, 3.0]), 1.0));
    }
}
