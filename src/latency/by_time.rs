//! End-to-end latencies by when events were due.

use serde::{Deserialize, Serialize};

use super::by_group::ByGroup;
use super::coarse::Bucket;
use crate::mergeable::Merge;

/// The most slices that a run is cut into.
const MOST_SLICES: u64 = 64;
const NANOS_PER_S: u64 = 1_000_000_000;

/// Latencies by slices of the run, from its start on. Slices last a second at first; where there would be too many, each two become one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByTime {
    slices: ByGroup,
    /// How often their length was doubled.
    doubled: u8,
}

impl ByTime {
    /// Counts the latency of an event that was due so long after the start.
    pub(super) fn count(&mut self, due_offset_ns: u64, bucket: Bucket) {
        let second = due_offset_ns / NANOS_PER_S;
        while self.slice_of(second) >= MOST_SLICES {
            self.double();
        }
        self.slices.count(usize::try_from(self.slice_of(second)).unwrap_or_default(), bucket);
    }

    fn slice_of(&self, second: u64) -> u64 {
        second.checked_shr(self.doubled.into()).unwrap_or_default()
    }

    fn double(&mut self) {
        self.slices = std::mem::take(&mut self.slices).in_pairs();
        self.doubled += 1;
    }

    /// How long a slice is, in seconds.
    #[must_use]
    pub(crate) fn slice_s(&self) -> u64 {
        1_u64.checked_shl(self.doubled.into()).unwrap_or(u64::MAX)
    }

    /// The slices in which something was due.
    #[must_use]
    pub(crate) fn slices(&self) -> &ByGroup {
        &self.slices
    }
}

impl Merge for ByTime {
    fn merge(&mut self, mut other: Self) {
        while self.doubled < other.doubled {
            self.double();
        }
        while other.doubled < self.doubled {
            other.double();
        }
        self.slices.merge(other.slices);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(events: impl Iterator<Item = (u64, i64)>) -> ByTime {
        let mut by_time = ByTime::default();
        events.for_each(|(due_s, took_ns)| by_time.count(due_s * NANOS_PER_S, Bucket::of(took_ns)));
        by_time
    }

    #[test]
    fn a_run_has_at_most_sixty_four_slices_of_equal_length() {
        let numbers = |by_time: &ByTime| by_time.slices().iter().map(|(slice, _)| slice).collect::<Vec<_>>();
        let minute = of((0..64).map(|second| (second, 5_000_000)));
        assert_eq!((minute.slice_s(), numbers(&minute)), (1, (0..64).collect()));
        let longer = of([3, 63, 64, 65].into_iter().map(|second| (second, 5_000_000)));
        assert_eq!((longer.slice_s(), numbers(&longer)), (2, vec![1, 31, 32]));
        let week = of((0..604_800).step_by(60).map(|second| (second, 5_000_000)));
        let events: u64 = week.slices().iter().map(|(_, latencies)| latencies.count()).sum();
        assert_eq!((week.slice_s(), numbers(&week), events), (16_384, (0..37).collect(), 10_080));
    }

    proptest! {
        #[test]
        fn parts_of_different_length_merge_to_the_whole(events in prop::collection::vec((0..400_u64, 0..9_000_000_000_i64), 1..200), cut in 0..400_u64) {
            let part = |wanted: fn(u64, u64) -> bool| of(events.iter().copied().filter(move |(due_s, _)| wanted(*due_s, cut)));
            let [mut first, mut second] = [part(|due_s, cut| due_s < cut), part(|due_s, cut| due_s >= cut)];
            let whole = of(events.iter().copied());
            let begun = first.clone();
            first.merge(second.clone());
            second.merge(begun);
            prop_assert_eq!(&first, &whole);
            prop_assert_eq!(&second, &whole);
            let json = serde_json::to_vec(&whole).unwrap();
            prop_assert_eq!(serde_json::from_slice::<ByTime>(&json).unwrap(), whole);
        }
    }
}
