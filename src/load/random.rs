//! Randomness in any order: every draw belongs to a (seed, stream, producer, purpose, number).

use rand::{RngExt, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// The use of a random sequence, so that no two uses share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Number: 0. How many events a Poisson producer sends in total.
    Total = 1,
    /// Number: the node of the splitting tree.
    Split,
    /// Number: the block.
    Arrivals,
    /// Number: the block.
    Attributes,
    /// Number: the cycle.
    Bursts,
    /// Number: 0.
    Clock,
    /// Number: the event's sequence number.
    Lateness,
    /// Number: the event's sequence number.
    Retries,
    /// Number: the event's sequence number.
    Absurd,
    /// Number: the bucket and the node of its splitting tree. Separate for each producer.
    BucketSplit,
    /// Number: the sequence number of the first event of the leaf.
    BucketArrivals,
    /// Number: the bucket, and the node or cycle in it. The same for all producers.
    Inside,
    /// Number: the event's sequence number. What the fields of its payload are drawn from.
    Fields,
    /// Number: the key. The same for all producers.
    FieldsOfKey,
    /// Number: the event's sequence number. Whether its record lacks key or payload.
    Form,
    /// Number: the event's sequence number. Where it goes, if its record has no key and the partitions are not alike.
    Partition,
}

/// Where a stream's randomness comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    seed: u64,
    stream: u8,
}

impl Source {
    pub(super) fn new(seed: u64, stream: u8) -> Self {
        Source { seed, stream }
    }

    /// The 64 bits that belong to these coordinates, well mixed.
    pub(super) fn bits(self, purpose: Purpose, producer: u16, number: u64) -> u64 {
        let place = u64::from(self.stream) << 32 | u64::from(producer) << 8 | purpose as u64;
        mix(mix(self.seed ^ place.wrapping_mul(0xD6E8_FEB8_6659_FD93))
            .wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// A long random sequence that belongs to these coordinates.
    pub(super) fn sequence(self, purpose: Purpose, producer: u16, number: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.bits(purpose, producer, number))
    }
}

/// How many bits of a number identify a place inside a bucket: 2^42 events of a producer make at most 2^33 leaves and halves.
const BITS_IN_BUCKET: u32 = 36;

/// The number of the draw that belongs to a place inside a bucket.
pub(super) fn number_in(bucket: usize, place: u64) -> u64 {
    (bucket as u64) << BITS_IN_BUCKET | place
}

/// A short random sequence, for the few draws of one event.
pub(super) fn short_sequence(bits: u64) -> SplitMix64 {
    SplitMix64::seed_from_u64(bits)
}

/// The finisher of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn mix(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// A random share, 0 to 1, for draws that need no distribution.
pub(super) fn unit(random: &mut impl rand::Rng) -> f64 {
    random.random()
}

/// A share, 0 to 1, as the number of 64-bit values below which a draw hits.
pub(super) fn threshold(share: f64) -> u64 {
    // `as` saturates: a share of 1 is every value.
    (share * 18_446_744_073_709_551_616.0) as u64
}
