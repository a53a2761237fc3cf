//! The law of a sample's keys: how many there are, and how skewed they are.
//!
//! Two figures of a sample do not depend on which key has which rank: how many different keys there are, and how often two records share a
//! key. The exponent and number of keys are those of the Zipf law that gives both figures. A straight line through ranks and counts on
//! logarithmic paper would mistake the random order of rare keys for skew.

use serde::Serialize;

use super::SpaceSaving;

/// Below this exponent keys count as evenly used.
const EVEN_EXPONENT: f64 = 0.15;
const MOST_EXPONENT: f64 = 5.0;
const MOST_KEYS: f64 = 1e10;
/// Ranks up to here are summed one by one; beyond, in stretches that grow by [`STRETCH`].
const SINGLE_RANKS: u64 = 256;
const STRETCH: f64 = 1.03;

/// The law that keys seem to follow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "distribution")]
pub(crate) enum KeyLaw {
    /// Most records have no key.
    None,
    /// All records that have a key have the same one.
    One,
    /// Evenly used keys.
    Uniform {
        /// How many.
        count: u64,
    },
    /// Rank r in proportion to 1 / r^exponent.
    Zipf {
        /// How many.
        count: u64,
        /// The exponent.
        exponent: f64,
    },
}

/// What a sample shows about keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct KeyFigures {
    /// Records with a key.
    pub keyed: u64,
    /// Different keys among the first `distinct_of` of them.
    pub distinct: u64,
    /// How many records `distinct` was counted over.
    pub distinct_of: u64,
    /// The most frequent key's share of the keyed records, at least.
    pub top_share: f64,
    /// The ten most frequent keys' share, at least.
    pub top_10_share: f64,
    /// The share that the ten most frequent keys have under the law.
    pub law_top_10_share: f64,
    /// Whether no two records had the same key, so that the number of keys is only a lower bound.
    pub unrepeated: bool,
    /// The law.
    pub law: KeyLaw,
}

impl KeyFigures {
    /// Whether the most frequent keys are about as frequent as the law predicts. Among many keys the most frequent in a sample are those
    /// favoured by chance: by about sqrt(2 ln keys) standard errors.
    #[must_use]
    pub(crate) fn fits(&self) -> bool {
        let keyed = self.keyed.max(1) as f64;
        let expected = keyed * self.law_top_10_share / 10.0;
        let favoured = 10.0 * (2.0 * expected * (self.distinct.max(1) as f64).ln()).sqrt() / keyed;
        let chance = 3.0 * (self.top_10_share / keyed).sqrt();
        (self.top_10_share - self.law_top_10_share).abs() <= 0.25 * self.top_10_share + chance + favoured
    }

    /// From the sketch of all keys of `records` records, in a topic that holds `held` in the captured range.
    #[must_use]
    pub(super) fn of(keys: &SpaceSaving, records: u64, held: u64) -> Self {
        let keyed = keys.seen();
        let (distinct, distinct_of) = keys.distinct_of();
        let sure: Vec<u64> = keys.heaviest().map(|counter| counter.count - counter.error).collect();
        let share = |most: usize| sure.iter().take(most).sum::<u64>() as f64 / keyed.max(1) as f64;
        let pairs: f64 = sure.iter().map(|&count| count as f64 * count.saturating_sub(1) as f64).sum();
        let repeated = pairs / (keyed as f64 * keyed.saturating_sub(1) as f64).max(1.0);
        let seen = Seen { distinct: distinct as f64, of: distinct_of as f64, repeated };
        let unrepeated = pairs == 0.0;
        let law = match () {
            () if keyed * 2 <= records => KeyLaw::None,
            () if distinct == 1 && distinct_of == keyed && !unrepeated => KeyLaw::One,
            // n records of K uniform keys share a key in about n² / 2K pairs: with none seen, K is hardly below n² / 6.
            () if unrepeated => KeyLaw::Uniform { count: (keyed * keyed / 6).max(keyed).min(held.max(1)) },
            () => seen.law(),
        };
        let law_top_10_share = match law {
            KeyLaw::None => 0.0,
            KeyLaw::One => 1.0,
            KeyLaw::Uniform { count } => 10.0 / count.max(10) as f64,
            KeyLaw::Zipf { count, exponent } => {
                let keys = count as f64;
                harmonic(keys.min(10.0), exponent) / harmonic(keys, exponent)
            }
        };
        KeyFigures {
            keyed,
            distinct,
            distinct_of,
            top_share: share(1),
            top_10_share: share(10),
            law_top_10_share,
            unrepeated,
            law,
        }
    }
}

/// The figures of a sample that the law must meet.
#[derive(Debug, Clone, Copy)]
struct Seen {
    distinct: f64,
    of: f64,
    /// The share of pairs of records that have the same key: an unbiased estimate of the sum of squared probabilities.
    repeated: f64,
}

impl Seen {
    fn law(self) -> KeyLaw {
        let exponent = bisect(0.0, MOST_EXPONENT, 36, |exponent| {
            let keys = self.keys_at(exponent);
            harmonic(keys, 2.0 * exponent) / harmonic(keys, exponent).powi(2) < self.repeated
        });
        if exponent < EVEN_EXPONENT {
            return KeyLaw::Uniform { count: (1.0 / self.repeated).round().max(1.0) as u64 };
        }
        KeyLaw::Zipf { count: self.keys_at(exponent).round().max(1.0) as u64, exponent }
    }

    /// How many keys there must be for this many different ones to be seen.
    fn keys_at(self, exponent: f64) -> f64 {
        let log_keys = bisect(self.distinct.max(1.0).ln(), MOST_KEYS.ln(), 36, |log_keys| {
            let keys = log_keys.exp();
            let whole = harmonic(keys, exponent);
            let unseen = |rank: f64| -(-self.of * rank.powf(-exponent) / whole).exp_m1();
            sum_over_ranks(keys, unseen) < self.distinct
        });
        log_keys.exp()
    }
}

/// The point where a condition that holds below it ceases to hold.
fn bisect(mut low: f64, mut high: f64, halvings: u32, holds_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..halvings {
        let middle = f64::midpoint(low, high);
        if holds_below(middle) { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The sum of 1 / r^exponent over the ranks 1 to `keys`.
fn harmonic(keys: f64, exponent: f64) -> f64 {
    sum_over_ranks(keys, |rank| rank.powf(-exponent))
}

/// The sum of a smooth function over the ranks 1 to `keys`; a fraction counts as part of a rank.
fn sum_over_ranks(keys: f64, of_rank: impl Fn(f64) -> f64) -> f64 {
    let single = SINGLE_RANKS.min(keys as u64);
    let mut sum: f64 = (1..=single).map(|rank| of_rank(rank as f64)).sum();
    // From here on ranks are stretches of the real line: rank r is from r - 1/2 to r + 1/2.
    let (mut from, end) = (single as f64 + 0.5, keys + 0.5);
    while from < end {
        let to = (from * STRETCH).min(end);
        sum += (to - from) * of_rank(f64::midpoint(from, to));
        from = to;
    }
    sum
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_distr::{Distribution, Zipf};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn figures(draw: impl Fn(&mut Xoshiro256PlusPlus) -> u64, records: u64, counters: usize) -> KeyFigures {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(records);
        let mut sketch = SpaceSaving::with_counters(counters);
        (0..records).for_each(|_| sketch.see(draw(&mut random)));
        KeyFigures::of(&sketch, records, 10_000_000)
    }

    #[test]
    fn a_zipf_law_is_found_again_also_by_a_sketch_that_overflows() {
        for (exponent, keys, records, counters) in [
            (1.1, 100_000.0, 20_000, 1 << 16),
            (0.8, 5_000.0, 20_000, 1 << 16),
            (1.5, 1e6, 20_000, 1 << 16),
            (1.1, 100_000.0, 60_000, 4096),
        ] {
            let law = Zipf::new(keys, exponent).unwrap();
            let found = figures(|random| law.sample(random) as u64, records, counters);
            let KeyLaw::Zipf { count, exponent: estimated } = found.law else { panic!("{found:?}") };
            assert!((estimated - exponent).abs() < 0.05, "{exponent}: {found:?}");
            // With a steep law almost no rare key is seen, and the number of keys stays uncertain.
            let factor = if exponent > 1.2 { 20.0 } else { 1.5 };
            assert!(count as f64 > keys / factor && (count as f64) < keys * factor, "{keys}: {found:?}");
            assert!(found.fits(), "{found:?}");
        }
    }

    #[test]
    fn even_keys_are_not_taken_for_skewed_ones() {
        let found = figures(|random| random.random_range(0..1000), 10_000, 1 << 16);
        let KeyLaw::Uniform { count } = found.law else { panic!("{found:?}") };
        assert!((950..1050).contains(&count) && found.fits(), "{found:?}");
    }

    #[test]
    fn keys_that_never_repeat_are_many() {
        let next = std::cell::Cell::new(0);
        let found = figures(|_| next.replace(next.get() + 1), 3000, 1 << 16);
        assert_eq!((found.unrepeated, found.law), (true, KeyLaw::Uniform { count: 1_500_000 }));
        assert!(found.fits());
    }

    #[test]
    fn one_hot_key_beside_even_ones_is_no_zipf_law_and_no_keys_are_none() {
        let found = figures(
            |random| if random.random::<f64>() < 0.3 { 0 } else { random.random_range(1..1_000_000) },
            20_000,
            1 << 16,
        );
        assert!(!found.fits(), "{found:?}");
        assert_eq!(KeyFigures::of(&SpaceSaving::with_counters(8), 100, 100).law, KeyLaw::None);
        let found = figures(|_| 7, 100, 8);
        assert!(found.law == KeyLaw::One && found.fits(), "{found:?}");
        let one_record = figures(|_| 7, 1, 8);
        assert_eq!(
            one_record.law,
            KeyLaw::Uniform { count: 1 },
            "one record says nothing about how many keys there are"
        );
    }

    #[test]
    fn ranks_are_summed_as_one_by_one() {
        for (keys, exponent) in [(1.0, 1.0), (100.0, 0.0), (1000.0, 1.1), (100_000.0, 0.7), (100_000.0, 2.0)] {
            let exact: f64 = (1..=keys as u64).map(|rank| (rank as f64).powf(-exponent)).sum();
            let error = harmonic(keys, exponent) / exact - 1.0;
            assert!(error.abs() < 1e-3, "{keys} {exponent}: {error}");
        }
    }
}
