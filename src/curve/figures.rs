//! What to know about a curve before a launch.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    Curve, moment_text,
    scales::{Scale, scales},
    shape::{Shape, shape},
};

/// The p99 of fewer buckets is their maximum; so is the p99.9 of fewer than ten times as many.
const P99_BUCKETS: usize = 100;
const P999_BUCKETS: usize = 1000;

/// A curve in figures. Rates are events per second; a bucket's rate is its count over its length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// When the first bucket begins; nothing for a curve without a date.
    pub start: Option<String>,
    /// When the last bucket ends.
    pub end: Option<String>,
    /// A bucket's length.
    pub step_s: f64,
    /// How many buckets there are.
    pub buckets: usize,
    /// All events.
    pub total: f64,
    /// Events over time.
    pub mean_per_s: f64,
    /// The fullest bucket.
    pub peak: Moment,
    /// The fullest bucket's rate over the mean; nothing when there is no event.
    pub peak_over_mean: Option<f64>,
    /// The rate that 99 % of the buckets do not exceed; nothing for fewer than 100 buckets.
    pub p99_per_s: Option<f64>,
    /// The rate that 99.9 % of the buckets do not exceed; nothing for fewer than 1,000 buckets.
    pub p999_per_s: Option<f64>,
    /// Buckets without an event, as a share of all.
    pub silent_share: f64,
    /// The fullest 60 s of whole buckets; nothing when a minute is not a whole number of buckets.
    pub worst_minute: Option<Moment>,
    /// Burstiness at several scales.
    pub burstiness: Vec<Scale>,
    /// The day and the week.
    pub shape: Shape,
    /// What people plan for.
    pub budget: Budget,
}

/// A rate and when it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Moment {
    /// When it begins: a date, or seconds from the curve's start.
    pub at: String,
    /// The rate, in events per second.
    pub per_s: f64,
}

/// The rates that people plan capacity for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Budget {
    /// Three times the observed maximum: the usual question before a launch.
    pub three_times_peak_per_s: f64,
    /// Twice the p99 burst: what ordinary bursts may grow to. Nothing for fewer than 100 buckets.
    pub twice_p99_per_s: Option<f64>,
}

impl Figures {
    /// The figures of a curve, with days and weeks in a zone.
    #[must_use]
    pub(crate) fn of(curve: &Curve, zone: &TimeZone) -> Self {
        let (counts, step_s) = (curve.counts(), curve.step_s());
        let mut sorted = counts.to_vec();
        sorted.sort_by(f64::total_cmp);
        let total = curve.total();
        let mean_per_s = total / curve.length_s();
        let fullest =
            (0..counts.len()).fold(0, |best, bucket| if counts[bucket] > counts[best] { bucket } else { best });
        let peak = Moment { at: at(curve, fullest), per_s: counts[fullest] / step_s };
        let p99_per_s = (counts.len() >= P99_BUCKETS).then(|| quantile(&sorted, 0.99) / step_s);
        let budget =
            Budget { three_times_peak_per_s: 3.0 * peak.per_s, twice_p99_per_s: p99_per_s.map(|per_s| 2.0 * per_s) };
        Figures {
            start: curve.start_unix_ms().map(moment_text),
            end: curve.start_unix_ms().map(|_| moment_text(curve.bucket_start_ms(counts.len()))),
            step_s,
            buckets: counts.len(),
            total,
            mean_per_s,
            peak_over_mean: (mean_per_s > 0.0).then(|| peak.per_s / mean_per_s),
            peak,
            p99_per_s,
            p999_per_s: (counts.len() >= P999_BUCKETS).then(|| quantile(&sorted, 0.999) / step_s),
            silent_share: sorted.partition_point(|count| *count <= 0.0) as f64 / counts.len() as f64,
            worst_minute: worst_minute(curve),
            burstiness: scales(curve),
            shape: shape(curve, zone),
            budget,
        }
    }
}

/// The smallest value that at least this share of the values does not exceed (nearest rank). `sorted` is not empty.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

fn worst_minute(curve: &Curve) -> Option<Moment> {
    if !60_000_u64.is_multiple_of(curve.step_ms()) {
        return None;
    }
    let buckets = (60_000 / curve.step_ms()) as usize;
    let sums = curve.counts().windows(buckets).map(|minute| minute.iter().sum::<f64>());
    let (start, events) = sums.enumerate().max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)))?;
    Some(Moment { at: at(curve, start), per_s: events / 60.0 })
}

fn at(curve: &Curve, bucket: usize) -> String {
    match curve.start_unix_ms() {
        Some(_) => moment_text(curve.bucket_start_ms(bucket)),
        None => format!("{} s", bucket as f64 * curve.step_s()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(step_ms: u64, counts: Vec<f64>) -> Figures {
        Figures::of(&Curve::new(Some(1_700_000_000_000), step_ms, counts).unwrap(), &TimeZone::UTC)
    }

    #[test]
    fn rates_are_counts_over_the_length_of_a_bucket() {
        let found = figures(60_000, [vec![60.0; 198], vec![600.0, 1200.0]].concat());
        assert_eq!((found.buckets, found.total, found.step_s), (200, 13_680.0, 60.0));
        assert!((found.mean_per_s - 1.14).abs() < 1e-12);
        assert_eq!((found.peak.per_s, found.peak.at.as_str()), (20.0, "2023-11-15T01:32:20Z"));
        assert_eq!((found.p99_per_s, found.p999_per_s), (Some(1.0), None));
        assert_eq!(found.budget, Budget { three_times_peak_per_s: 60.0, twice_p99_per_s: Some(2.0) });
        assert_eq!(found.worst_minute.map(|minute| minute.per_s), Some(20.0));
        assert_eq!(found.end.as_deref(), Some("2023-11-15T01:33:20Z"));
    }

    #[test]
    fn the_worst_minute_may_begin_with_any_bucket() {
        let mut counts = vec![1.0; 120];
        counts[45..75].fill(5.0);
        let found = figures(1000, counts).worst_minute.unwrap();
        assert_eq!(found, Moment { at: "2023-11-14T22:13:35Z".to_owned(), per_s: 3.0 });
        assert_eq!(figures(300_000, vec![1.0; 5]).worst_minute, None);
        assert_eq!(figures(7000, vec![1.0; 50]).worst_minute, None);
    }

    #[test]
    fn silence_has_no_peak_over_mean() {
        let found = figures(1000, vec![0.0; 3]);
        assert_eq!((found.peak_over_mean, found.silent_share, found.p99_per_s), (None, 1.0, None));
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let sorted: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 0.999, 1.0].map(|share| Some(quantile(&sorted, share))),
            [1.0, 500.0, 990.0, 999.0, 1000.0].map(Some)
        );
    }
}
