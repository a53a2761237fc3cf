//! A hop's latencies as a Prometheus histogram: counted second by second, in buckets that end at the limits, too.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

use crate::latency::LatencyHistogram;
use crate::profile::{Phase, Profile, Slo, Span};

/// Bucket bounds that are always there, in microseconds: 100 µs to 5 minutes.
const LADDER_US: [u64; 19] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
];
const SECOND_NS: u128 = 1_000_000_000;

/// Where the buckets of all histograms of a run end, in nanoseconds: the same for all streams, so that they can be added up.
#[derive(Debug, Clone)]
pub(super) struct Bounds(Vec<u64>);

impl Bounds {
    /// The usual ones, and the limits on latency of all streams: how many events kept one can then be read off.
    pub(super) fn of(profile: &Profile) -> Self {
        let slos = profile.streams.iter().flat_map(|stream| [&stream.slo].into_iter().chain(slos_of(&stream.phases)));
        let limits = slos.flat_map(limits_of).map(Span::as_nanos);
        let bounds: BTreeSet<u64> = LADDER_US.into_iter().map(|us| us * 1000).chain(limits).collect();
        Bounds(bounds.into_iter().collect())
    }
}

/// The limits of phases, and of the phases in groups.
fn slos_of(phases: &[Phase]) -> Vec<&Slo> {
    phases.iter().flat_map(|phase| phase.slo.iter().chain(slos_of(&phase.phases))).collect()
}

fn limits_of(slo: &Slo) -> impl Iterator<Item = Span> + use<> {
    let end_to_end = [slo.end_to_end_p50, slo.end_to_end_p90, slo.end_to_end_p95, slo.end_to_end_p99];
    end_to_end.into_iter().chain([slo.end_to_end_p999, slo.end_to_end_max, slo.ack_p99]).flatten()
}

/// The latencies of one hop of one stream.
#[derive(Debug, Clone)]
pub(super) struct HopMetric(Arc<Mutex<Counted>>);

#[derive(Debug)]
struct Counted {
    /// The end of each bucket in nanoseconds, and how many latencies were in it.
    buckets: Vec<(u64, u64)>,
    /// How many were longer than every bucket.
    above: u64,
    sum_ns: u128,
}

impl HopMetric {
    pub(super) fn with(bounds: &Bounds) -> Self {
        let buckets = bounds.0.iter().map(|end_ns| (*end_ns, 0)).collect();
        HopMetric(Arc::new(Mutex::new(Counted { buckets, above: 0, sum_ns: 0 })))
    }

    /// Adds the latencies of a second.
    pub(super) fn take_in(&self, latencies: &LatencyHistogram) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (latency_ns, times) in latencies.recorded() {
            counted.add(latency_ns, times);
        }
    }
}

impl Counted {
    fn add(&mut self, latency_ns: u64, times: u64) {
        let at = self.buckets.partition_point(|(end_ns, _)| *end_ns < latency_ns);
        match self.buckets.get_mut(at) {
            Some((_, count)) => *count += times,
            None => self.above += times,
        }
        self.sum_ns += u128::from(latency_ns) * u128::from(times);
    }

    fn sum_s(&self) -> f64 {
        let seconds = u64::try_from(self.sum_ns / SECOND_NS).unwrap_or(u64::MAX);
        Duration::from_secs(seconds).as_secs_f64() + seconds_of(u64::try_from(self.sum_ns % SECOND_NS).unwrap_or(0))
    }
}

/// Nanoseconds as Prometheus wants them.
pub(super) fn seconds_of(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

impl TypedMetric for HopMetric {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for HopMetric {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets: Vec<(f64, u64)> =
            counted.buckets.iter().map(|(end_ns, count)| (seconds_of(*end_ns), *count)).collect();
        buckets.push((f64::INFINITY, counted.above));
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(counted.sum_s(), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bounds() -> Bounds {
        let text = "duration = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"1/s\"\nslo = { end_to_end_p99 = \"77ms\", ack_p99 = \"5ms\" }\nphases = [{ for = \"1s\", slo = { end_to_end_p99 = \"33ms\" } }]\n";
        Bounds::of(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_bucket_ends_at_each_limit_and_none_comes_twice() {
        let Bounds(ends_ns) = bounds();
        assert!(ends_ns.is_sorted_by(|one, next| one < next));
        assert_eq!(ends_ns.len(), LADDER_US.len() + 2, "5 ms is one of the usual ones");
        assert!(ends_ns.contains(&77_000_000) && ends_ns.contains(&33_000_000));
    }

    proptest! {
        #[test]
        fn every_latency_is_in_the_bucket_that_it_belongs_in(latencies_ns in prop::collection::vec(0..400_000_000_000_i64, 0..200)) {
            let (metric, mut histogram) = (HopMetric::with(&bounds()), LatencyHistogram::default());
            latencies_ns.iter().for_each(|latency_ns| histogram.record(*latency_ns));
            metric.take_in(&histogram);
            let counted = metric.0.lock().unwrap();
            let mut below = 0;
            for (end_ns, count) in &counted.buckets {
                below += count;
                let over = histogram.count_over_ms(Span::from_nanos(*end_ns).as_millis_f64());
                prop_assert_eq!(below + over, histogram.count());
            }
            prop_assert_eq!(below + counted.above, histogram.count());
            let sum_s: f64 = latencies_ns.iter().map(|latency_ns| *latency_ns as f64 / 1e9).sum();
            prop_assert!((counted.sum_s() - sum_s).abs() <= sum_s * 0.002 + 1e-6);
        }
    }
}
