//! A rate curve: counts per bucket, without gaps.

/// How many events fell into each of a series of equally long buckets.
///
/// The mass of a bucket is its count, regardless of the interpolation between buckets. Counts made from rates may have fractions.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    start_unix_ms: Option<i64>,
    step_ms: u64,
    counts: Vec<f64>,
}

/// Counts that do not make a curve.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// No bucket at all.
    #[error("a curve needs at least one bucket")]
    Empty,
    /// A bucket of no length.
    #[error("a curve's buckets must be longer than 0 ms")]
    NoStep,
    /// A count that is not valid.
    #[error("bucket {bucket} has a count of {count}; a count must be 0 or more, and finite")]
    Count {
        /// The bucket, counted from 0.
        bucket: usize,
        /// The value there.
        count: f64,
    },
    /// More events than can be counted.
    #[error("the buckets hold {total:e} events in all; only up to 9,007,199,254,740,992 can be counted exactly")]
    Total {
        /// The total.
        total: f64,
    },
}

/// The most events of a curve, 2^53: above it a double cannot distinguish neighbouring counts.
const MOST_EVENTS: f64 = 9_007_199_254_740_992.0;

impl Curve {
    /// A curve whose first bucket begins at `start_unix_ms` (milliseconds since 1970;
    /// nothing for a curve without a date), with buckets of `step_ms`.
    ///
    /// # Errors
    /// [`CurveError`] for no buckets, buckets of no length, counts that are negative or not finite, and more events than can be counted.
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
        let total: f64 = counts.iter().sum();
        if total > MOST_EVENTS {
            return Err(CurveError::Total { total });
        }
        Ok(Curve { start_unix_ms, step_ms, counts })
    }

    /// When the first bucket begins, in milliseconds since 1970.
    #[must_use]
    pub fn start_unix_ms(&self) -> Option<i64> {
        self.start_unix_ms
    }

    /// The length of a bucket, in milliseconds.
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

    /// The length of a bucket, in seconds.
    #[must_use]
    pub fn step_s(&self) -> f64 {
        self.step_ms as f64 / 1e3
    }

    /// How long all buckets together are, in seconds.
    #[must_use]
    pub fn length_s(&self) -> f64 {
        self.step_s() * self.counts.len() as f64
    }

    /// When a bucket begins, in milliseconds since 1970, or from the start for a curve without a date.
    #[must_use]
    pub fn bucket_start_ms(&self, bucket: usize) -> i64 {
        let from_start_ms = i64::try_from(bucket as u64).unwrap_or(i64::MAX).saturating_mul(self.step_ms as i64);
        self.start_unix_ms.unwrap_or(0).saturating_add(from_start_ms)
    }

    /// The same events in buckets `factor` times as long; the last one may be incomplete. No event is lost.
    #[must_use]
    pub fn coarser(&self, factor: usize) -> Curve {
        let factor = factor.max(1);
        Curve {
            start_unix_ms: self.start_unix_ms,
            step_ms: self.step_ms.saturating_mul(factor as u64),
            counts: self.counts.chunks(factor).map(|bucket| bucket.iter().sum()).collect(),
        }
    }

    /// The curve's outline in at most about `columns` columns: seconds from the start, and the highest rate in the column.
    /// Each column is two points, its two ends, so that buckets look like buckets.
    #[must_use]
    pub fn outline(&self, columns: usize) -> Vec<(f64, f64)> {
        let per_column = self.counts.len().div_ceil(columns.max(1));
        let step_s = self.step_s();
        let column = |(number, buckets): (usize, &[f64])| {
            let from_s = (number * per_column) as f64 * step_s;
            let per_s = buckets.iter().copied().fold(0.0, f64::max) / step_s;
            [(from_s, per_s), (from_s + buckets.len() as f64 * step_s, per_s)]
        };
        self.counts.chunks(per_column).enumerate().flat_map(column).collect()
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
        let endless = Curve::new(None, 1000, vec![1e308, 1e308]).unwrap_err().to_string();
        assert!(endless.contains("inf events in all"), "{endless}");
        assert_eq!(Curve::new(Some(5), 1000, vec![1.5, 2.0]).map(|curve| curve.total()), Ok(3.5));
    }

    #[test]
    fn a_coarser_curve_keeps_every_event() {
        let curve = Curve::new(Some(5), 1000, vec![1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let coarse = curve.coarser(2);
        assert_eq!((coarse.step_ms(), coarse.counts()), (2000, &[3.0, 7.0, 5.0][..]));
        assert_eq!(curve.coarser(1), curve);
        assert_eq!(curve.bucket_start_ms(3), 3005);
    }

    #[test]
    fn an_outline_shows_the_highest_bucket_of_a_column() {
        let curve = Curve::new(None, 500, vec![1.0, 9.0, 3.0]).unwrap();
        assert_eq!(curve.outline(2), [(0.0, 18.0), (1.0, 18.0), (1.0, 6.0), (1.5, 6.0)]);
        assert_eq!(curve.outline(100).len(), 6);
    }
}
