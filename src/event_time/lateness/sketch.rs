//! A histogram of durations in milliseconds, from zero to a century, that merges and knows where it is exact.

use hdrhistogram::{AdditionError, Histogram};

use crate::event_time::CountRange;
use crate::mergeable::Merge;

/// The longest duration that has a bucket: 100 years of 365.25 days, in milliseconds. Longer ones are only counted.
pub(crate) const LONGEST_MS: u64 = 36_525 * 86_400_000;

/// Durations, each within `DIGITS` significant decimal digits.
///
/// Memory grows with the longest duration, not with their number: with 3 digits 16 KiB, plus 8 KiB for every doubling beyond 2 s (at most
/// 270 KiB), with 4 digits 256 KiB, plus 128 KiB for every doubling beyond 32 s (at most 3.8 MiB).
#[derive(Clone, PartialEq)]
pub struct MsSketch<const DIGITS: u8> {
    told_apart: Histogram<u64>,
    /// How many were longer than [`LONGEST_MS`]?
    beyond: u64,
    longest_ms: u64,
}

impl<const DIGITS: u8> std::fmt::Debug for MsSketch<DIGITS> {
    /// The figures only: thousands of buckets help nobody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let figures = (self.count(), self.quantile_ms(0.5), self.quantile_ms(0.99), self.longest_ms);
        write!(f, "MsSketch {{ count, p50, p99, longest: {figures:?}, beyond: {} }}", self.beyond)
    }
}

impl<const DIGITS: u8> Default for MsSketch<DIGITS> {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "one to five digits are accepted; a test makes each kind that is used")]
        let told_apart = Histogram::new(DIGITS).expect("digits that a histogram can have");
        MsSketch { told_apart, beyond: 0, longest_ms: 0 }
    }
}

impl<const DIGITS: u8> MsSketch<DIGITS> {
    /// Records one duration.
    pub fn record(&mut self, length_ms: u64) {
        self.longest_ms = self.longest_ms.max(length_ms);
        // The histogram rejects only what would fit in no memory; that is beyond, too.
        if length_ms > LONGEST_MS || self.told_apart.record(length_ms).is_err() {
            self.beyond += 1;
        }
    }

    /// The histogram, how many were beyond it, and the longest.
    pub(super) fn parts(&self) -> (&Histogram<u64>, u64, u64) {
        (&self.told_apart, self.beyond, self.longest_ms)
    }

    /// From what was read from a file.
    pub(super) fn of_parts(read: &Histogram<u64>, beyond: u64, longest_ms: u64) -> Result<Self, AdditionError> {
        // What was read has a fixed range; the sum grows as needed.
        let mut sketch = MsSketch { beyond, longest_ms, ..MsSketch::default() };
        sketch.told_apart.add(read)?;
        Ok(sketch)
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.told_apart.len() + self.beyond
    }

    /// The longest, exactly; 0 when there was none.
    #[must_use]
    pub fn longest_ms(&self) -> u64 {
        self.longest_ms
    }

    /// The smallest duration that a share of `quantile` (0 to 1) does not exceed: the upper end of its bucket, at most the longest.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> u64 {
        let wanted = ((quantile.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64).max(1);
        self.first_edge_ms(|within| within >= wanted)
    }

    /// The smallest upper end of a bucket such that fewer than `share` (0 to 1) of all
    /// durations are longer; the longest if there is no such bucket.
    #[must_use]
    pub fn least_with_fewer_beyond_ms(&self, share: f64) -> u64 {
        let whole = self.count();
        let allowed = share * whole as f64;
        if whole == 0 || ((whole - self.told_apart.count_between(0, 0)) as f64) < allowed {
            return 0;
        }
        self.first_edge_ms(|within| ((whole - within) as f64) < allowed)
    }

    /// The upper end of the first bucket up to which the number of durations is `enough`.
    fn first_edge_ms(&self, enough: impl Fn(u64) -> bool) -> u64 {
        let mut within = 0;
        for bucket in self.told_apart.iter_recorded() {
            within += bucket.count_since_last_iteration();
            if enough(within) {
                return self.edge_ms(bucket.value_iterated_to()).min(self.longest_ms);
            }
        }
        self.longest_ms
    }

    /// The upper end of a duration's bucket: how many are longer than that is known exactly.
    #[must_use]
    pub fn edge_ms(&self, length_ms: u64) -> u64 {
        if length_ms >= LONGEST_MS { length_ms } else { self.told_apart.highest_equivalent(length_ms) }
    }

    /// How many are longer than `length_ms`. Exact at the upper end of a bucket, and from the longest on.
    #[must_use]
    pub fn longer_than(&self, length_ms: u64) -> CountRange {
        if length_ms >= self.longest_ms {
            return CountRange::default();
        }
        if length_ms >= LONGEST_MS {
            return CountRange { min: u64::from(self.longest_ms > length_ms), max: self.beyond };
        }
        let count = self.count();
        let min = count - self.told_apart.count_between(0, length_ms);
        let lowest_ms = self.told_apart.lowest_equivalent(length_ms);
        let below = if lowest_ms == 0 { 0 } else { self.told_apart.count_between(0, lowest_ms - 1) };
        let max = if length_ms == self.edge_ms(length_ms) { min } else { count - below };
        // The longest itself is longer: at least one is.
        CountRange { min: min.max(1), max }
    }
}

impl<const DIGITS: u8> Merge for MsSketch<DIGITS> {
    fn merge(&mut self, other: Self) {
        let MsSketch { told_apart, beyond, longest_ms } = other;
        #[expect(clippy::expect_used, reason = "both have the same digits and grow as needed")]
        self.told_apart.add(told_apart).expect("equal digits");
        self.beyond += beyond;
        self.longest_ms = self.longest_ms.max(longest_ms);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(lengths: &[u64]) -> MsSketch<4> {
        let mut sketch = MsSketch::default();
        lengths.iter().for_each(|&length| sketch.record(length));
        sketch
    }

    fn lengths() -> impl Strategy<Value = Vec<u64>> {
        let length = prop_oneof![Just(0), 0..50_u64, 0..60_000_u64, 0..40_000_000_000_u64, any::<u64>()];
        prop::collection::vec(length, 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn merged_sketches_are_the_sketch_of_all_in_any_order(a in lengths(), b in lengths(), c in lengths()) {
            let whole = of(&[a.clone(), b.clone(), c.clone()].concat());
            let merged = |one: &[u64], two: &[u64], three: &[u64]| {
                let mut sketch = of(one);
                sketch.merge(of(two));
                sketch.merge(of(three));
                sketch
            };
            prop_assert_eq!(&merged(&a, &b, &c), &whole);
            prop_assert_eq!(&merged(&c, &a, &b), &whole);
        }

        #[test]
        fn a_sketch_that_was_written_and_read_is_the_same(all in lengths(), more in lengths()) {
            let (sketch, text) = (of(&all), serde_json::to_string(&of(&all)).unwrap());
            let mut read: MsSketch<4> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &sketch);
            read.merge(of(&more));
            prop_assert_eq!(read, of(&[all, more].concat()));
        }

        #[test]
        fn counts_enclose_the_truth_and_are_it_at_an_edge(all in lengths(), at in prop_oneof![any::<u64>(), 0..60_000_u64]) {
            let sketch = of(&all);
            let longer = |than: u64| all.iter().filter(|length| **length > than).count() as u64;
            let CountRange { min, max } = sketch.longer_than(at);
            prop_assert!((min..=max).contains(&longer(at)), "{} not in {min}..={max}", longer(at));
            let edge = sketch.edge_ms(at);
            prop_assert!(edge >= at);
            if edge < LONGEST_MS {
                let exact = longer(edge);
                prop_assert_eq!(sketch.longer_than(edge), CountRange { min: exact, max: exact });
            }
            if at < 32_768 {
                prop_assert_eq!(min, max, "every millisecond below 32 s is an edge");
            }
        }

        #[test]
        fn the_least_length_with_few_beyond_has_few_beyond_and_the_edge_before_does_not(
            all in lengths(), share in prop_oneof![Just(0.01), Just(0.1), Just(0.5)],
        ) {
            let sketch = of(&all);
            let least = sketch.least_with_fewer_beyond_ms(share);
            let longer = |than: u64| all.iter().filter(|length| **length > than).count() as f64;
            let allowed = share * all.len() as f64;
            prop_assert!(all.is_empty() || longer(least) < allowed);
            if least > 0 && least < 32_768 {
                prop_assert!(longer(least - 1) >= allowed, "{least} ms is not the least");
            }
        }
    }

    #[test]
    fn a_length_beyond_a_century_is_counted_and_its_size_known() {
        let sketch = of(&[5, u64::MAX, LONGEST_MS + 1]);
        assert_eq!((sketch.count(), sketch.beyond, sketch.longest_ms()), (3, 2, u64::MAX));
        assert_eq!((sketch.quantile_ms(0.3), sketch.quantile_ms(0.9)), (5, u64::MAX));
        assert_eq!(sketch.longer_than(u64::MAX), CountRange { min: 0, max: 0 });
    }

    #[test]
    fn nothing_measured_has_no_length() {
        let sketch = MsSketch::<3>::default();
        assert_eq!((sketch.count(), sketch.quantile_ms(0.99), sketch.longer_than(0)), (0, 0, CountRange::default()));
    }
}
