//! Order: whether a delivery comes after a later one of its lane or of its key.

use std::collections::HashMap;

use crate::event::Partition;
use crate::event::identity::MAX_SEQUENCE;

/// What was seen of one lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    /// The partition that it was seen in.
    pub(crate) seen_in: Partition,
    /// How many deliveries were seen, copies included?
    pub(crate) seen: u64,
    /// The first sequence number.
    pub(crate) first: u64,
    /// The highest one.
    pub(crate) highest: u64,
    /// The squares of the steps from one highest number to the next, added up.
    pub(crate) steps_squared: u64,
}

impl Lane {
    fn starting_at(seen_in: Partition, sequence: u64) -> Self {
        Lane { seen_in, seen: 0, first: sequence, highest: sequence, steps_squared: 0 }
    }

    /// Takes in a delivery; returns whether it is behind.
    fn see(&mut self, sequence: u64) -> bool {
        self.seen += 1;
        let step = sequence.saturating_sub(self.highest);
        self.steps_squared = self.steps_squared.saturating_add(step.saturating_mul(step));
        let behind = sequence < self.highest;
        self.highest += step;
        behind
    }
}

/// The lanes of one producer.
///
/// A lane at a stage is (producer, partition it was sent to, partition it was seen in): where a pipeline spreads a lane over partitions,
/// no order holds between these, but it holds within each.
#[derive(Debug, Default)]
pub(crate) struct LaneOrder {
    places: HashMap<(Partition, Partition), usize>,
    lanes: Vec<Lane>,
    /// Messages come in runs of one partition, so the next lane is mostly the last one.
    last: Option<((Partition, Partition), usize)>,
}

impl LaneOrder {
    /// Takes in a delivery; returns whether it is behind its lane.
    pub(crate) fn is_behind(&mut self, sent_to: Partition, seen_in: Partition, sequence: u64) -> bool {
        let lane = (sent_to, seen_in);
        let place = match self.last {
            Some((last, place)) if last == lane => place,
            _ => self.place(lane, sequence),
        };
        self.lanes[place].see(sequence)
    }

    /// What was seen of each.
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// From now on other events may go to other partitions: only the highest numbers stay.
    pub(crate) fn count_anew(&mut self) {
        self.lanes.iter_mut().for_each(|lane| *lane = Lane::starting_at(lane.seen_in, lane.highest));
    }

    fn place(&mut self, lane: (Partition, Partition), sequence: u64) -> usize {
        let place = *self.places.entry(lane).or_insert(self.lanes.len());
        if place == self.lanes.len() {
            self.lanes.push(Lane::starting_at(lane.1, sequence));
        }
        self.last = Some((lane, place));
        place
    }
}

/// What was seen of each partition in the order of all producers' events: the place of an event is its sequence number times the number of
/// producers, and the producer. Producers that share a rate evenly pass the same places at the same time.
#[derive(Debug, Default)]
pub(crate) struct PartitionSteps {
    partitions: Vec<Option<Lane>>,
}

impl PartitionSteps {
    /// Takes in a delivery.
    pub(crate) fn see(&mut self, seen_in: Partition, place: u64) {
        let at = usize::from(seen_in);
        if at >= self.partitions.len() {
            self.partitions.resize(at + 1, None);
        }
        self.partitions[at].get_or_insert_with(|| Lane::starting_at(seen_in, place)).see(place);
    }

    /// What was seen of one partition.
    pub(crate) fn of(&self, partition: u16) -> Option<&Lane> {
        self.partitions.get(usize::from(partition))?.as_ref()
    }

    /// From now on other events may go to other partitions.
    pub(crate) fn count_anew(&mut self) {
        self.partitions.clear();
    }
}

/// Slots of the table of keys.
const SLOTS: usize = 1 << 16;

/// The highest sequence number seen of each (producer, key), in a table of fixed size.
///
/// Keys that share a slot replace each other, and the replaced one is forgotten. So the result is a lower bound, and exact while few keys
/// are in use. It takes 1 MiB, however many keys there are.
#[derive(Debug)]
pub(crate) struct KeyOrder {
    slots: Vec<KeySlot>,
}

#[derive(Debug, Clone, Copy, Default)]
struct KeySlot {
    key_hash: u64,
    /// Producer and sequence number, plus one: zero is an empty slot.
    mark: u64,
}

impl Default for KeyOrder {
    fn default() -> Self {
        KeyOrder { slots: vec![KeySlot::default(); SLOTS] }
    }
}

impl KeyOrder {
    /// Takes in a delivery; returns whether it is certainly behind its key.
    pub(crate) fn is_behind(&mut self, producer: u16, key_hash: u64, sequence: u64) -> bool {
        // A slot belongs to producer and key; the multipliers are those of SplitMix64 (Steele et al. 2014).
        let mixed =
            (key_hash ^ u64::from(producer).wrapping_mul(0xBF58_476D_1CE4_E5B9)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = &mut self.slots[(mixed >> 48) as usize];
        let mark = u64::from(producer) * MAX_SEQUENCE + sequence % MAX_SEQUENCE + 1;
        let known = slot.mark > 0 && slot.key_hash == key_hash && (slot.mark - 1) / MAX_SEQUENCE == u64::from(producer);
        if known && mark < slot.mark {
            return true;
        }
        *slot = KeySlot { key_hash, mark };
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behind_a_lane_is_below_its_maximum(seen in prop::collection::vec((0..3_u16, 0..2_u16, 0..50_u64), 0..200)) {
            let mut order = LaneOrder::default();
            let mut before: Vec<(u16, u16, u64)> = Vec::new();
            for (sent_to, seen_in, sequence) in seen {
                let expected = before.iter().any(|&(s, o, q)| (s, o) == (sent_to, seen_in) && q > sequence);
                let lane = (Partition::new(sent_to), Partition::new(seen_in));
                prop_assert_eq!(order.is_behind(lane.0, lane.1, sequence), expected);
                before.push((sent_to, seen_in, sequence));
            }
        }

        /// Never more than the truth, and the truth while keys do not share slots.
        #[test]
        fn behind_a_key_is_a_lower_bound(seen in prop::collection::vec((0..3_u16, any::<u64>(), 0..50_u64), 0..100), few in 1..5_u64) {
            let mut order = KeyOrder::default();
            let mut before: Vec<(u16, u64, u64)> = Vec::new();
            for (producer, key_hash, sequence) in seen {
                let key_hash = key_hash % few;
                let truth = before.iter().any(|&(p, k, q)| (p, k) == (producer, key_hash) && q > sequence);
                let found = order.is_behind(producer, key_hash, sequence);
                prop_assert!(truth || !found);
                before.push((producer, key_hash, sequence));
            }
        }
    }

    #[test]
    fn a_step_back_within_a_key_is_found() {
        let mut order = KeyOrder::default();
        assert!(!order.is_behind(0, 7, 10));
        assert!(!order.is_behind(1, 7, 5), "another producer's key");
        assert!(order.is_behind(0, 7, 9));
        assert!(!order.is_behind(0, 7, 11));
    }
}
