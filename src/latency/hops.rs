//! Latencies per hop, in histograms that merge bucket by bucket; no percentile ever comes from averages.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// The largest latency that is recorded as it is: 24 hours, in nanoseconds. Longer ones count as this.
const MAX_NANOS: u64 = 24 * 3600 * 1_000_000_000;
/// Decimal digits that are kept: every figure is within 0.1 %.
const SIGNIFICANT_DIGITS: u8 = 3;

/// A part of an event's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// From when the schedule wanted it sent to when it was handed to the client.
    DueToSent,
    /// From when it was handed to the client to the acknowledgement.
    SentToAcked,
    /// From when it was handed to the client to when it was seen at the stage.
    SentToConsumed,
    /// From when the schedule wanted it sent to when it was seen at the stage: the end-to-end latency.
    DueToConsumed,
}

impl Hop {
    /// All hops, in the order of the path.
    pub const ALL: [Hop; 4] = [Hop::DueToSent, Hop::SentToAcked, Hop::SentToConsumed, Hop::DueToConsumed];

    /// The hop's name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Hop::DueToSent => "due_to_sent",
            Hop::SentToAcked => "sent_to_acked",
            Hop::SentToConsumed => "sent_to_consumed",
            Hop::DueToConsumed => "due_to_consumed",
        }
    }
}

/// A histogram of latencies in nanoseconds. Negative ones (two clocks that disagree) are counted, and recorded as 0.
#[derive(Clone, PartialEq)]
pub struct LatencyHistogram {
    nanos: Histogram<u64>,
    negative: u64,
    /// How far below zero, in nanoseconds, at most.
    most_negative_ns: u64,
}

impl std::fmt::Debug for LatencyHistogram {
    /// The figures only: tens of thousands of buckets help nobody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LatencyHistogram").field(&self.summary()).finish()
    }
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the bounds are constants that the constructor accepts; a test makes one"
        )]
        let nanos = Histogram::new_with_bounds(1, MAX_NANOS, SIGNIFICANT_DIGITS).expect("constant bounds");
        LatencyHistogram { nanos, negative: 0, most_negative_ns: 0 }
    }
}

impl LatencyHistogram {
    /// Records one latency.
    pub fn record(&mut self, latency_ns: i64) {
        self.record_times(latency_ns, 1);
    }

    /// Records the same latency `times` times.
    pub fn record_times(&mut self, latency_ns: i64, times: u64) {
        if latency_ns < 0 && times > 0 {
            self.negative += times;
            self.most_negative_ns = self.most_negative_ns.max(latency_ns.unsigned_abs());
        }
        self.nanos.saturating_record_n(latency_ns.max(0).cast_unsigned(), times);
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.nanos.len()
    }

    /// How many were negative.
    #[must_use]
    pub fn negative(&self) -> u64 {
        self.negative
    }

    /// The latency that a share of `quantile` (0 to 1) does not exceed, in milliseconds; 0 when nothing was measured.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.nanos.value_at_quantile(quantile).min(self.nanos.max()) as f64 / 1e6
    }

    /// The same, but `None` when nothing was measured.
    #[must_use]
    pub fn measured_quantile_ms(&self, quantile: f64) -> Option<f64> {
        (self.count() > 0).then(|| self.quantile_ms(quantile))
    }

    /// The histogram itself, in nanoseconds.
    #[must_use]
    pub fn nanos(&self) -> &Histogram<u64> {
        &self.nanos
    }

    /// A histogram that was read from a file.
    ///
    /// # Errors
    /// When its values are outside this histogram's range.
    pub fn from_parts(
        read: &Histogram<u64>,
        negative: u64,
        most_negative_ns: u64,
    ) -> Result<Self, hdrhistogram::AdditionError> {
        let mut whole = LatencyHistogram { negative, most_negative_ns, ..LatencyHistogram::default() };
        whole.nanos.add(read)?;
        Ok(whole)
    }

    /// How many were longer than this many milliseconds.
    #[must_use]
    pub fn count_over_ms(&self, limit_ms: f64) -> u64 {
        let limit_ns = (limit_ms * 1e6).max(0.0);
        self.nanos
            .iter_recorded()
            .filter(|step| step.value_iterated_to() as f64 > limit_ns)
            .map(|step| step.count_at_value())
            .sum()
    }

    /// The latencies that were recorded, in nanoseconds (within 0.1 %), and how often each was.
    pub fn recorded(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.nanos.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    /// How far below zero a latency was, in nanoseconds, at most.
    #[must_use]
    pub fn most_negative_ns(&self) -> u64 {
        self.most_negative_ns
    }

    /// The figures that a person reads.
    #[must_use]
    pub fn summary(&self) -> Latencies {
        let nothing = self.nanos.is_empty();
        let min_ms = if nothing {
            0.0
        } else if self.negative > 0 {
            -(self.most_negative_ns as f64) / 1e6
        } else {
            self.nanos.min() as f64 / 1e6
        };
        Latencies {
            count: self.count(),
            min: min_ms,
            mean: self.nanos.mean() / 1e6,
            p50: self.quantile_ms(0.5),
            p90: self.quantile_ms(0.9),
            p95: self.quantile_ms(0.95),
            p99: self.quantile_ms(0.99),
            p999: self.quantile_ms(0.999),
            max: self.nanos.max() as f64 / 1e6,
            negative: self.negative,
        }
    }
}

impl Merge for LatencyHistogram {
    fn merge(&mut self, other: Self) {
        let LatencyHistogram { nanos, negative, most_negative_ns } = other;
        #[expect(clippy::expect_used, reason = "both have the same constant bounds")]
        self.nanos.add(nanos).expect("equal bounds");
        self.negative += negative;
        self.most_negative_ns = self.most_negative_ns.max(most_negative_ns);
    }
}

/// What a person reads of a histogram, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Latencies {
    /// How many were measured.
    pub count: u64,
    /// The shortest; below zero when two clocks disagree.
    pub min: f64,
    /// The mean (negative ones count as 0).
    pub mean: f64,
    /// Half are within this.
    pub p50: f64,
    /// 90 % are within this.
    pub p90: f64,
    /// 95 % are within this.
    #[serde(default)]
    pub p95: f64,
    /// 99 % are within this.
    pub p99: f64,
    /// 99.9 % are within this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
    /// How many were below zero.
    pub negative: u64,
}
