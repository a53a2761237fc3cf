//! The partition of a key, as Kafka's own Java client chooses it.

use crate::event::Partition;

/// Java's murmur2 over a key (`org.apache.kafka.common.utils.Utils.murmur2`): Austin Appleby's MurmurHash2, 32 bits, seed 0x9747b28c.
#[must_use]
pub(crate) fn java_murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ key.len() as u32;
    let words = key.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ k >> 24).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0_u32, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

/// The partition of a key among `partitions`, as Java's default partitioner chooses it.
#[must_use]
pub(crate) fn partition_of(key: &[u8], partitions: u16) -> Partition {
    Partition::of_number(u64::from(java_murmur2(key) & 0x7FFF_FFFF), partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn agrees_with_kafkas_own_test_vectors() {
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(java_murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }
}
