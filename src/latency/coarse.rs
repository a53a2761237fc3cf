//! Latencies to within 2 %, in little memory and little time: so that many groups of events can be compared.

use crate::mergeable::Merge;

/// Buckets for a doubled latency, as a power of two: 32.
const DOUBLING_BITS: u32 = 5;
/// Latencies below 2^10 ns, about a microsecond, are in the first bucket.
const LEAST_BITS: u32 = 10;
/// Latencies from 2^47 ns, about 39 hours, are in the last one.
const MOST_BITS: u32 = 47;
/// 37 doublings.
const BUCKETS: usize = 37 << DOUBLING_BITS;

/// The bucket of a latency: found once, and counted in each of the event's groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket(usize);

impl Bucket {
    /// The bucket of a latency in nanoseconds; negative ones are in the first.
    pub(crate) fn of(latency_ns: i64) -> Self {
        let ns = latency_ns.clamp(1 << LEAST_BITS, (1 << MOST_BITS) - 1).cast_unsigned();
        let doublings = ns.ilog2() - LEAST_BITS;
        // The bits below the highest one.
        let within = (ns >> (doublings + LEAST_BITS - DOUBLING_BITS)) & ((1 << DOUBLING_BITS) - 1);
        Bucket(usize::try_from(u64::from(doublings) << DOUBLING_BITS | within).unwrap_or_default())
    }

    /// By its place; none beyond the last.
    pub(crate) fn at(place: u16) -> Option<Self> {
        Some(Bucket(usize::from(place))).filter(|bucket| bucket.0 < BUCKETS)
    }

    fn place(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }

    /// The least latency in it, in nanoseconds.
    fn least_ns(self) -> u64 {
        let within = u64::try_from(self.0 & ((1 << DOUBLING_BITS) - 1)).unwrap_or_default();
        ((1 << DOUBLING_BITS) | within) << (self.0 >> DOUBLING_BITS) << (LEAST_BITS - DOUBLING_BITS)
    }

    /// The latency in its middle, in nanoseconds.
    fn middle_ns(self) -> u64 {
        self.least_ns() + (1 << (self.0 >> DOUBLING_BITS) << (LEAST_BITS - DOUBLING_BITS) >> 1)
    }
}

/// How many latencies are in each bucket.
#[derive(Clone, PartialEq)]
pub(crate) struct CoarseHistogram {
    counts: Box<[u64; BUCKETS]>,
}

impl std::fmt::Debug for CoarseHistogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.recorded()).finish()
    }
}

impl Default for CoarseHistogram {
    fn default() -> Self {
        CoarseHistogram { counts: Box::new([0; BUCKETS]) }
    }
}

impl CoarseHistogram {
    /// Adds `times` latencies to a bucket.
    pub(crate) fn add(&mut self, bucket: Bucket, times: u64) {
        self.counts[bucket.0] += times;
    }

    /// The places of the buckets that hold something, and how many latencies each holds.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (u16, u64)> {
        let places = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        places.map(|(place, count)| (Bucket(place).place(), *count))
    }

    /// How many latencies there are.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many there are from this latency on; those in its own bucket are all counted.
    #[must_use]
    pub(crate) fn count_from(&self, ns: u64) -> u64 {
        let from = Bucket::of(i64::try_from(ns).unwrap_or(i64::MAX));
        self.counts[from.0..].iter().sum()
    }

    /// A percentile in nanoseconds; 0 without events.
    #[must_use]
    pub(crate) fn percentile_ns(&self, percent: u32) -> u64 {
        let wanted = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let reaches = |(_, count): &(usize, &u64)| {
            seen += u128::from(**count);
            seen >= wanted
        };
        let found = self.counts.iter().enumerate().find(reaches);
        found.map_or(0, |(place, _)| Bucket(place).middle_ns())
    }
}

impl Merge for CoarseHistogram {
    fn merge(&mut self, other: Self) {
        let CoarseHistogram { counts } = other;
        self.counts.iter_mut().zip(counts.iter()).for_each(|(own, other)| *own += other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(latencies_ns: &[i64]) -> CoarseHistogram {
        let mut histogram = CoarseHistogram::default();
        latencies_ns.iter().for_each(|ns| histogram.add(Bucket::of(*ns), 1));
        histogram
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for place in 0..BUCKETS - 1 {
            let (bucket, next) = (Bucket(place), Bucket(place + 1));
            let last_ns = i64::try_from(next.least_ns() - 1).unwrap();
            assert_eq!((Bucket::of(last_ns), Bucket::of(last_ns + 1)), (bucket, next));
        }
        let ends = [i64::MIN, -1, 0, 1 << LEAST_BITS, (1 << MOST_BITS) - 1, i64::MAX].map(|ns| Bucket::of(ns).0);
        assert_eq!(ends, [0, 0, 0, 0, BUCKETS - 1, BUCKETS - 1]);
        assert_eq!((Bucket::at(0), Bucket::at(1183), Bucket::at(1184)), (Some(Bucket(0)), Some(Bucket(1183)), None));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_two_percent(
            mut latencies_ns in prop::collection::vec(1_100..100_000_000_000_i64, 1..200), percent in 1..=100_u32,
        ) {
            let found = of(&latencies_ns).percentile_ns(percent);
            latencies_ns.sort_unstable();
            let rank = (latencies_ns.len() * usize::try_from(percent).unwrap()).div_ceil(100);
            let truth = latencies_ns[rank - 1].cast_unsigned();
            prop_assert!(found.abs_diff(truth) * 50 <= truth, "{found} and not {truth}");
        }

        #[test]
        fn what_is_counted_from_a_latency_on_is_right_but_for_its_own_bucket(
            latencies_ns in prop::collection::vec(-5..100_000_000_000_i64, 0..200), from_ns in 0..100_000_000_000_u64,
        ) {
            let histogram = of(&latencies_ns);
            let over = latencies_ns.iter().filter(|ns| **ns >= from_ns.cast_signed()).count() as u64;
            let own = histogram.counts[Bucket::of(from_ns.cast_signed()).0];
            let found = histogram.count_from(from_ns);
            prop_assert!(found >= over && found <= over + own, "{found} {over} {own}");
            prop_assert_eq!(histogram.count(), latencies_ns.len() as u64);
        }
    }
}
