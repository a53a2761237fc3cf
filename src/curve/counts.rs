//! A rate curve: counts per bucket, without gaps.

/// How many events fell into each of a row of equally long buckets.
///
/// The mass of a bucket is its count, whatever is drawn between buckets. Counts may have fractions where they were made from rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    start_unix_ms: Option<i64>,
    step_ms: u64,
    counts: Vec<f64>,
}

/// Counts that are no curve.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// No bucket at all.
    #[error("a curve needs at least one bucket")]
    Empty,
    /// A bucket of no length.
    #[error("a curve's buckets need a length above 0 ms")]
    NoStep,
    /// A count that cannot be.
    #[error("bucket {bucket} holds {count} events: a count is 0 or more, and finite")]
    Count {
        /// The bucket, counted from 0.
        bucket: usize,
        /// What stands there.
        count: f64,
    },
}

impl Curve {
    /// A curve whose first bucket begins at `start_unix_ms` (milliseconds since 1970; nothing when it is about no date),
    /// with buckets of `step_ms`.
    ///
    /// # Errors
    /// [`CurveError`] for no buckets, buckets of no length, and counts that are negative or not finite.
    pub fn new(start_unix_ms: Option<i64>, step_ms: u64, counts: Vec<f64>) -> Result<Self, CurveError> {
        if counts.is_empty() {
            return Err(CurveError::Empty);
        }
        if step_ms == 0 {
            return Err(CurveError::NoStep);
        }
        if let Some((bucket, &count)) = counts.iter().enumerate().find(|(_, count)| !count.is_finite() || **count < 0.0)
        {
            return Err(CurveError::Count { bucket, count });
        }
        Ok(Curve { start_unix_ms, step_ms, counts })
    }

    /// When the first bucket begins, in milliseconds since 1970.
    #[must_use]
    pub fn start_unix_ms(&self) -> Option<i64> {
        self.start_unix_ms
    }

    /// How long a bucket is, in milliseconds.
    #[must_use]
    pub fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// Events per bucket.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// All events.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// How long a bucket is, in seconds.
    #[must_use]
    pub fn step_s(&self) -> f64 {
        self.step_ms as f64 / 1e3
    }

    /// How long all buckets together are, in seconds.
    #[must_use]
    pub fn length_s(&self) -> f64 {
        self.step_s() * self.counts.len() as f64
    }

    /// Where a bucket begins, in milliseconds since 1970, or from the start when the curve is about no date.
    #[must_use]
    pub fn bucket_start_ms(&self, bucket: usize) -> i64 {
        let from_start_ms = i64::try_from(bucket as u64).unwrap_or(i64::MAX).saturating_mul(self.step_ms as i64);
        self.start_unix_ms.unwrap_or(0).saturating_add(from_start_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_curve_is_refused_with_its_place() {
        assert_eq!(Curve::new(None, 1000, vec![]), Err(CurveError::Empty));
        assert_eq!(Curve::new(None, 0, vec![1.0]), Err(CurveError::NoStep));
        for count in [-1.0, f64::NAN, f64::INFINITY] {
            let error = Curve::new(None, 1000, vec![1.0, count]).unwrap_err().to_string();
            assert!(error.contains("bucket 1"), "{error}");
        }
        let curve = Curve::new(Some(5), 1000, vec![1.5, 2.0]).unwrap();
        assert!((curve.total() - 3.5).abs() < 1e-9);
    }
}
