//! What a captured curve says about a peak, and about what is kept. A bucket's rate is its count over its length: a mean, and single seconds
//! inside it are higher.

use crate::curve::Curve;

/// Events in a second in the busiest bucket.
#[must_use]
pub(crate) fn busiest_bucket_per_s(curve: &Curve) -> f64 {
    curve.counts().iter().copied().fold(0.0, f64::max) / curve.step_s()
}

/// Events in a second on average over the fullest stretch of `length_s`, by whole buckets; none when the curve is shorter than that.
#[must_use]
pub(crate) fn fullest_per_s(curve: &Curve, length_s: f64) -> Option<f64> {
    let buckets = (length_s / curve.step_s()).ceil().max(1.0);
    let counts = curve.counts();
    if buckets > counts.len() as f64 {
        return None;
    }
    let buckets = buckets as usize;
    let mut sum: f64 = counts[..buckets].iter().sum();
    let mut most = sum;
    for next in buckets..counts.len() {
        sum += counts[next] - counts[next - buckets];
        most = most.max(sum);
    }
    Some(most / (buckets as f64 * curve.step_s()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_stretch_may_begin_anywhere() {
        let curve = Curve::new(None, 60_000, vec![60.0, 0.0, 600.0, 1200.0, 0.0]).unwrap();
        assert_eq!(Some(busiest_bucket_per_s(&curve)), Some(20.0));
        assert_eq!(
            [60.0, 120.0, 90.0, 300.0].map(|s| fullest_per_s(&curve, s)),
            [Some(20.0), Some(15.0), Some(15.0), Some(6.2)]
        );
        assert_eq!(fullest_per_s(&curve, 301.0), None);
    }
}
