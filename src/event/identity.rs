//! Identity: a version 8 UUID that itself says whose event it is.
//!
//! Layout of the 122 free bits of RFC 9562's version 8, from the most significant:
//! run tag 32, check 16 | version | producer 12 | variant | stream 6, partition 14, sequence 42.
//! The check bits are a hash of the others, so that an id that was cut, mixed or made up is recognised.

use uuid::Uuid;

use super::Partition;

/// The most streams in one profile.
pub(crate) const MAX_STREAMS: u64 = 1 << 6;
/// The most logical producers of one stream.
pub(crate) const MAX_PRODUCERS: u64 = 1 << 12;
/// The most partitions of one topic.
pub(crate) const MAX_PARTITIONS: u64 = 1 << 14;
/// The most events of one logical producer.
pub(crate) const MAX_SEQUENCE: u64 = 1 << 42;

/// Distinguishes the events of one run from those of every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunTag(pub u32);

impl RunTag {
    /// The tag of a run id: its hash (XXH3), so that shards that share a run id share the tag.
    #[must_use]
    pub fn of(run_id: &str) -> Self {
        RunTag((xxhash_rust::xxh3::xxh3_64(run_id.as_bytes()) >> 32) as u32)
    }
}

/// Whose event it is, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The run.
    pub run: RunTag,
    /// The stream's position in the profile.
    pub stream: u8,
    /// The logical producer; with the partition it is the event's lane.
    pub producer: u16,
    /// The partition that it was sent to.
    pub partition: Partition,
    /// The event's number among its producer's events, from 0. It rises along every lane.
    pub sequence: u64,
}

/// Why an id is not one of this run's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Not a version 8 UUID: other data.
    #[error("it is not an id written by floodmark")]
    Foreign,
    /// The check bits contradict the rest: an id that no one sent.
    #[error("its check bits do not match the rest: it was changed, or never sent")]
    Corrupt,
}

impl EventId {
    /// As a version 8 UUID.
    #[must_use]
    pub fn to_uuid(self) -> Uuid {
        let low = u64::from(self.stream) << 56 | u64::from(self.partition) << 42 | self.sequence;
        let high = u64::from(self.run.0) << 32 | u64::from(self.producer);
        let check = check_bits(high, low);
        let high = high | check << 16 | 0x8000;
        Uuid::from_u64_pair(high, low | 1 << 63)
    }

    /// Reads an id back.
    ///
    /// # Errors
    /// [`NotOurs`] when the UUID is of another version or its check bits are wrong.
    pub fn from_uuid(uuid: Uuid) -> Result<Self, NotOurs> {
        let (high, low) = uuid.as_u64_pair();
        if high & 0xF000 != 0x8000 || low >> 62 != 0b10 {
            return Err(NotOurs::Foreign);
        }
        let (bare_high, bare_low) = (high & 0xFFFF_FFFF_0000_0FFF, low & (u64::MAX >> 2));
        if check_bits(bare_high, bare_low) != high >> 16 & 0xFFFF {
            return Err(NotOurs::Corrupt);
        }
        Ok(EventId {
            run: RunTag((high >> 32) as u32),
            stream: (bare_low >> 56) as u8,
            producer: (high & 0xFFF) as u16,
            partition: Partition::new((bare_low >> 42 & (MAX_PARTITIONS - 1)) as u16),
            sequence: bare_low & (MAX_SEQUENCE - 1),
        })
    }
}

/// 16 bits of a multiply-and-fold hash (the finisher of SplitMix64, Steele et al. 2014) over the identity.
fn check_bits(high: u64, low: u64) -> u64 {
    let mut z = high.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ low;
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ z >> 31) >> 48
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_id() -> impl Strategy<Value = EventId> {
        (any::<u32>(), 0..MAX_STREAMS as u8, 0..MAX_PRODUCERS as u16, 0..MAX_PARTITIONS as u16, 0..MAX_SEQUENCE)
            .prop_map(|(run, stream, producer, partition, sequence)| EventId {
                run: RunTag(run),
                stream,
                producer,
                partition: Partition::new(partition),
                sequence,
            })
    }

    proptest! {
        #[test]
        fn an_id_survives_the_way_through_a_uuid(id in any_id()) {
            let uuid = id.to_uuid();
            prop_assert_eq!(uuid.get_version_num(), 8);
            prop_assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(EventId::from_uuid(uuid), Ok(id));
        }

        #[test]
        fn one_flipped_bit_is_noticed_or_foreign(id in any_id(), bit in 0..128_u32) {
            let flipped = Uuid::from_u128(id.to_uuid().as_u128() ^ 1 << bit);
            // 16 check bits: one id in 65,536 may pass by chance; a single flipped bit of this hash practically never does.
            prop_assert_ne!(EventId::from_uuid(flipped), Ok(id));
        }
    }

    #[test]
    fn a_random_uuid_is_foreign() {
        assert_eq!(
            EventId::from_uuid(Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef)),
            Err(NotOurs::Foreign)
        );
    }
}
