//! Latencies by group: events that have something in common.

use serde::{Deserialize, Serialize};

use super::coarse::{Bucket, CoarseHistogram};
use crate::mergeable::Merge;

/// The most groups that are told apart. Of what falls into more groups, none is kept.
const MOST_GROUPS: usize = 64;

/// Latencies by a group's number. Nothing is kept of more than [`MOST_GROUPS`] groups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Kept", try_from = "Kept")]
pub(crate) struct ByGroup {
    /// By the group's number, up to the highest one.
    groups: Vec<Option<CoarseHistogram>>,
    kept: usize,
    too_many: bool,
}

impl ByGroup {
    pub(super) fn count(&mut self, group: usize, bucket: Bucket) {
        match self.groups.get_mut(group) {
            Some(Some(latencies)) => latencies.add(bucket, 1),
            _ => {
                if let Some(latencies) = self.begin(group) {
                    latencies.add(bucket, 1);
                }
            }
        }
    }

    /// A group's latencies, none yet; nothing where there are too many groups.
    #[cold]
    fn begin(&mut self, group: usize) -> Option<&mut CoarseHistogram> {
        if self.kept == MOST_GROUPS {
            *self = ByGroup { too_many: true, ..ByGroup::default() };
        }
        if self.too_many {
            return None;
        }
        self.groups.resize(self.groups.len().max(group + 1), None);
        self.kept += 1;
        Some(self.groups.get_mut(group)?.insert(CoarseHistogram::default()))
    }

    /// The same, with each two groups as one: 0 and 1, 2 and 3.
    pub(super) fn in_pairs(self) -> ByGroup {
        let mut pairs = ByGroup { too_many: self.too_many, ..ByGroup::default() };
        for (group, latencies) in self.groups.into_iter().enumerate() {
            latencies.into_iter().for_each(|latencies| pairs.add(group / 2, latencies));
        }
        pairs
    }

    fn add(&mut self, group: usize, latencies: CoarseHistogram) {
        match self.groups.get_mut(group) {
            Some(Some(own)) => own.merge(latencies),
            _ => {
                if let Some(own) = self.begin(group) {
                    *own = latencies;
                }
            }
        }
    }

    /// The groups by their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &CoarseHistogram)> {
        (0..).zip(&self.groups).filter_map(|(group, latencies)| Some((group, latencies.as_ref()?)))
    }
}

impl Merge for ByGroup {
    fn merge(&mut self, other: Self) {
        let ByGroup { groups, kept: _, too_many } = other;
        if too_many {
            *self = ByGroup { too_many, ..ByGroup::default() };
        }
        for (group, latencies) in groups.into_iter().enumerate() {
            latencies.into_iter().for_each(|latencies| self.add(group, latencies));
        }
    }
}

/// The groups as a ledger's file has them: group, then bucket and count.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    too_many: bool,
    groups: Vec<(u16, Vec<(u16, u64)>)>,
}

impl From<ByGroup> for Kept {
    fn from(of: ByGroup) -> Self {
        let groups = of.iter().map(|(group, latencies)| (group, latencies.recorded().collect())).collect();
        Kept { too_many: of.too_many, groups }
    }
}

impl TryFrom<Kept> for ByGroup {
    type Error = String;

    fn try_from(Kept { too_many, groups }: Kept) -> Result<Self, String> {
        let mut read = ByGroup { too_many, ..ByGroup::default() };
        for (group, counts) in groups {
            let latencies = read.begin(usize::from(group)).ok_or("more than 64 groups")?;
            for (place, count) in counts {
                let bucket = Bucket::at(place).ok_or_else(|| format!("unknown latency bucket {place}"))?;
                latencies.add(bucket, count);
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(events: &[(usize, i64)]) -> ByGroup {
        let mut by_group = ByGroup::default();
        events.iter().for_each(|(group, ns)| by_group.count(*group, Bucket::of(*ns)));
        by_group
    }

    #[test]
    fn sixty_four_groups_are_kept_and_of_one_more_none() {
        let mut events: Vec<(usize, i64)> = (0..64).map(|group| (group * 250, 5_000_000)).collect();
        assert_eq!(of(&events).iter().count(), 64);
        events.push((1, 5_000_000));
        assert_eq!(of(&events), ByGroup { too_many: true, ..ByGroup::default() });
        events.extend_from_within(..9);
        assert_eq!(of(&events).iter().count(), 0);
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole_and_survive_their_file(
            events in prop::collection::vec(((0..70_usize), any::<u8>(), 0..9_000_000_000_i64), 0..300), groups in 1..70_usize,
        ) {
            let part = |wanted: Option<u8>| {
                let kept = events.iter().filter(|(_, part, _)| wanted.is_none_or(|wanted| part % 3 == wanted));
                of(&kept.map(|(group, _, ns)| (group % groups, *ns)).collect::<Vec<_>>())
            };
            let whole = part(None);
            for order in [[0, 1, 2], [2, 0, 1]] {
                let mut merged = ByGroup::default();
                order.into_iter().for_each(|wanted| merged.merge(part(Some(wanted))));
                prop_assert_eq!(&merged, &whole);
            }
            let json = serde_json::to_vec(&whole).unwrap();
            prop_assert_eq!(serde_json::from_slice::<ByGroup>(&json).unwrap(), whole);
        }
    }
}
