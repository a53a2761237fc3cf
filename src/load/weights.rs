//! Partitions that are not alike: each gets its share of the keys, or of the events where there are none.

use super::partition::java_murmur2;
use super::random::threshold;
use crate::event::Partition;

/// The shares of a topic's partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartitionWeights {
    /// For each partition, the first 64-bit number above its share.
    below: Vec<u64>,
}

impl PartitionWeights {
    /// None where the stream has none, or not one for each partition, which a run refuses.
    pub(super) fn of(weights: &[f64], partitions: u16) -> Option<Self> {
        if weights.is_empty() || weights.len() != usize::from(partitions) {
            return None;
        }
        let total: f64 = weights.iter().sum();
        let mut so_far = 0.0;
        let below = weights.iter().map(|weight| {
            so_far += weight;
            threshold(so_far / total)
        });
        Some(PartitionWeights { below: below.collect() })
    }

    /// The partition that a number falls to, of numbers that are spread evenly over 64 bits.
    pub(super) fn at(&self, bits: u64) -> Partition {
        // Rounding may leave numbers above the last share: they belong to the last partition that has one.
        let most = self.below.last().map_or(0, |last| last.saturating_sub(1));
        Partition::new(self.below.partition_point(|below| *below <= bits.min(most)) as u16)
    }

    /// The partition of a key: Java's murmur2 without its sign, as a share of 2^31.
    pub(super) fn of_key(&self, key: &[u8]) -> Partition {
        self.at(u64::from(java_murmur2(key) & 0x7FFF_FFFF) << 33)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::load::fingerprint::fingerprint;
    use crate::load::{PlannedSend, Shard, StreamSchedule};
    use crate::profile::{Profile, Span};

    /// 40,000 events of these keys over 4 partitions.
    fn schedule(keys: &str, weights: &str, seed: u64) -> Arc<StreamSchedule> {
        let text = format!("[[stream]]\nname = \"s\"\nrate = \"10k/s\"\nkeys = {{ {keys} }}\n{weights}\n");
        let profile: Profile = toml::from_str(&text).unwrap();
        Arc::new(StreamSchedule::new(&profile.streams[0], 0, seed, Span::from_secs(4), 4))
    }

    fn sends(schedule: &Arc<StreamSchedule>) -> Vec<PlannedSend> {
        (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)).collect()
    }

    fn shares(sends: &[PlannedSend]) -> [f64; 4] {
        let mut shares = [0.0; 4];
        sends.iter().for_each(|send| shares[usize::from(send.partition.number())] += 1.0 / sends.len() as f64);
        shares
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn weights_are_kept_with_keys_and_without(seed: u64, weights in prop::array::uniform4(0.0..5.0_f64)) {
            let total: f64 = weights.iter().sum();
            prop_assume!(total > 0.1);
            for keys in ["distribution = \"none\"", "count = 1_000_000"] {
                let seen = shares(&sends(&schedule(keys, &format!("partition_weights = {weights:?}"), seed)));
                for (seen, weight) in seen.iter().zip(weights) {
                    let share = weight / total;
                    // Five standard deviations of a binomial share.
                    let bound = 5.0 * (share * (1.0 - share) / 40_000.0).sqrt();
                    prop_assert!((seen - share).abs() <= bound, "{keys}: {seen} against {share}");
                }
            }
        }

        #[test]
        fn a_key_stays_in_its_partition_and_its_events_are_the_same(seed: u64) {
            let keys = "count = 300, null_share = 0.1";
            let (plain, weighted) = (schedule(keys, "", seed), schedule(keys, "partition_weights = [5, 1, 0, 2]", seed));
            let mut of_key = std::collections::BTreeMap::new();
            for (plain, weighted) in sends(&plain).iter().zip(sends(&weighted)) {
                prop_assert_eq!(PlannedSend { partition: weighted.partition, ..*plain }, weighted);
                prop_assert_ne!(weighted.partition, Partition::new(2), "its weight is 0");
                if weighted.form == crate::load::RecordForm::Whole {
                    prop_assert_eq!(*of_key.entry(weighted.key).or_insert(weighted.partition), weighted.partition);
                }
            }
        }
    }

    #[test]
    fn the_ends_belong_to_partitions_with_a_share() {
        let weights = PartitionWeights::of(&[0.0, 1.0, 3.0, 0.0], 4).unwrap();
        assert_eq!([0, u64::MAX / 5, u64::MAX / 2, u64::MAX].map(|bits| weights.at(bits).number()), [1, 1, 2, 2]);
        assert_eq!(PartitionWeights::of(&[1.0, 1.0], 3), None);
    }

    #[test]
    fn a_plan_is_another_with_weights() {
        let print = |weights| fingerprint(&[schedule("count = 50", weights, 1)], Shard::WHOLE);
        assert_ne!(print(""), print("partition_weights = [2, 1, 1, 1]"));
    }
}
