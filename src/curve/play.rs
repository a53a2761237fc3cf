//! A captured curve as it is replayed: a part of it, faster or slower, higher or lower, clipped at a rate.

use std::ops::Range;

use super::Curve;

/// How high the played curve is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Height {
    /// The counts times this.
    Scale(f64),
    /// The fullest bucket has this rate, in events per second.
    PeakPerS(f64),
    /// All buckets together have this rate, in events per second.
    MeanPerS(f64),
}

/// How a curve is played.
#[derive(Debug, Clone, PartialEq)]
pub struct Playing {
    /// Which buckets.
    pub buckets: Range<usize>,
    /// How many times faster than it was captured.
    pub speed: f64,
    /// How high, before it is clipped.
    pub height: Height,
    /// No bucket is played at a higher rate than this, in events per second; events above it are not sent.
    pub clip_per_s: Option<f64>,
}

/// A curve as it is played: events per bucket, in the time of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    step_ns: f64,
    captured_step_ns: f64,
    scale: f64,
    counts: Vec<f64>,
    clipped: f64,
}

impl Played {
    /// Plays a curve. Speed s divides times by s and multiplies rates by s; a height multiplies counts; both leave the shape as it is.
    #[must_use]
    pub fn new(curve: &Curve, playing: &Playing) -> Self {
        let captured_step_ns = curve.step_ms() as f64 * 1e6;
        let step_ns = captured_step_ns / playing.speed;
        let step_s = step_ns / 1e9;
        let captured = curve.counts().get(playing.buckets.clone()).unwrap_or_default();
        let peak = captured.iter().copied().fold(0.0, f64::max);
        let total: f64 = captured.iter().sum();
        let scale = match playing.height {
            Height::Scale(scale) => scale,
            Height::PeakPerS(per_s) => per_s * step_s / peak.max(f64::MIN_POSITIVE),
            Height::MeanPerS(per_s) => per_s * step_s * captured.len() as f64 / total.max(f64::MIN_POSITIVE),
        };
        let most = playing.clip_per_s.map_or(f64::INFINITY, |per_s| per_s * step_s);
        let counts: Vec<f64> = captured.iter().map(|count| (count * scale).min(most)).collect();
        let clipped = captured.iter().map(|count| (count * scale - most).max(0.0)).sum();
        Played { step_ns, captured_step_ns, scale, counts, clipped }
    }

    /// Events per bucket.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// What the captured counts were multiplied by.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Events that were clipped.
    #[must_use]
    pub fn clipped(&self) -> f64 {
        self.clipped
    }

    /// The length of a bucket in the run, in nanoseconds.
    #[must_use]
    pub fn step_ns(&self) -> f64 {
        self.step_ns
    }

    /// How long a bucket was when it was captured, in nanoseconds.
    #[must_use]
    pub fn captured_step_ns(&self) -> f64 {
        self.captured_step_ns
    }

    /// When a bucket begins, in nanoseconds from the start of the replay. Buckets beyond the last one may be asked for, too.
    #[must_use]
    pub fn edge_ns(&self, bucket: usize) -> u64 {
        (bucket as f64 * self.step_ns).round() as u64
    }

    /// How long one pass takes, in nanoseconds.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.edge_ns(self.counts.len())
    }

    /// All events of one pass.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The rate of the fullest bucket, in events per second.
    #[must_use]
    pub fn peak_per_s(&self) -> f64 {
        self.counts.iter().copied().fold(0.0, f64::max) / (self.step_ns / 1e9)
    }

    /// The rate of all buckets together, in events per second.
    #[must_use]
    pub fn mean_per_s(&self) -> f64 {
        self.total() / (self.step_ns / 1e9 * self.counts.len().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(counts: Vec<f64>) -> Curve {
        Curve::new(None, 60_000, counts).unwrap()
    }

    fn playing(curve: &Curve, speed: f64, height: Height) -> Playing {
        Playing { buckets: 0..curve.counts().len(), speed, height, clip_per_s: None }
    }

    fn counts() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((0..100_000_u32).prop_map(f64::from), 1..50)
    }

    proptest! {
        #[test]
        fn speed_divides_time_and_multiplies_rates_and_leaves_counts(counts in counts(), speed in 0.01..1000.0_f64) {
            let curve = curve(counts);
            let slow = Played::new(&curve, &playing(&curve, 1.0, Height::Scale(1.0)));
            let fast = Played::new(&curve, &playing(&curve, speed, Height::Scale(1.0)));
            prop_assert_eq!(slow.counts(), curve.counts());
            prop_assert_eq!(fast.counts(), slow.counts());
            prop_assert!((fast.peak_per_s() - slow.peak_per_s() * speed).abs() <= 1e-9 * fast.peak_per_s());
            for bucket in 0..=curve.counts().len() {
                let expected = slow.edge_ns(bucket) as f64 / speed;
                prop_assert!((fast.edge_ns(bucket) as f64 - expected).abs() <= 0.5 + 1e-9 * expected);
            }
        }

        #[test]
        fn scale_multiplies_counts_and_leaves_time(counts in counts(), scale in 0.01..1000.0_f64) {
            let curve = curve(counts);
            let scaled = Played::new(&curve, &playing(&curve, 1.0, Height::Scale(scale)));
            prop_assert!((scaled.total() - scale * curve.total()).abs() <= 1e-9 * scaled.total());
            prop_assert_eq!(scaled.length_ns(), 60_000_000_000 * curve.counts().len() as u64);
        }

        #[test]
        fn targets_are_met_at_any_speed(counts in counts(), speed in 0.01..1000.0_f64, per_s in 1.0..1e6_f64) {
            let curve = curve(counts);
            prop_assume!(curve.total() > 0.0);
            let peak = Played::new(&curve, &playing(&curve, speed, Height::PeakPerS(per_s)));
            let mean = Played::new(&curve, &playing(&curve, speed, Height::MeanPerS(per_s)));
            prop_assert!((peak.peak_per_s() / per_s - 1.0).abs() < 1e-9);
            prop_assert!((mean.mean_per_s() / per_s - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_clip_cuts_what_is_above_it_and_counts_it(counts in counts(), clip_per_s in 1.0..2000.0_f64) {
            let curve = curve(counts);
            let cut = Playing { clip_per_s: Some(clip_per_s), ..playing(&curve, 1.0, Height::Scale(1.0)) };
            let played = Played::new(&curve, &cut);
            prop_assert!(played.peak_per_s() <= clip_per_s * (1.0 + 1e-12));
            prop_assert!((played.total() + played.clipped() - curve.total()).abs() <= 1e-9 * curve.total());
            for (played, captured) in played.counts().iter().zip(curve.counts()) {
                prop_assert!(*captured > clip_per_s * 60.0 || played.to_bits() == captured.to_bits(), "what lies below is left alone");
            }
        }
    }
}
