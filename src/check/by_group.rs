//! End-to-end latencies by what events have in common, so that it can be said which are the slow ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_time::ByTime;
use super::coarse::{Bucket, CoarseHistogram};
use super::{Merge, Observation};
use crate::event::EventId;

/// The most groups that are told apart. Of what falls into more groups, none is kept.
const MOST_GROUPS: usize = 64;

/// What events can have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The partition that they were read from.
    Partition,
    /// The partition that they were sent to; not told where that is the one that they are read from.
    SentPartition,
    /// The logical producer that sent them.
    Producer,
    /// The size of the payload that was read, by powers of two.
    Size,
    /// When they were due, by slices of the run.
    Time,
}

impl Dimension {
    /// All of them. Where several say the same, the first is believed first.
    pub(crate) const ALL: [Dimension; 5] =
        [Dimension::Partition, Dimension::SentPartition, Dimension::Producer, Dimension::Size, Dimension::Time];
}

/// The latencies of one stage's events, by group in each dimension. Parts merge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenByGroup {
    partition: ByGroup,
    sent_partition: ByGroup,
    producer: ByGroup,
    size: ByGroup,
    time: ByTime,
}

impl SeenByGroup {
    /// Counts the latency of an event in each of its groups.
    pub(crate) fn count(&mut self, id: EventId, seen: &Observation, is_input: bool, took_ns: i64) {
        let bucket = Bucket::of(took_ns);
        self.partition.count(usize::from(seen.partition), bucket);
        if !is_input {
            self.sent_partition.count(usize::from(id.partition), bucket);
        }
        self.producer.count(usize::from(id.producer), bucket);
        self.size.count(size_class(seen.payload_bytes), bucket);
        self.time.count(seen.due_offset_ns, bucket);
    }

    /// The latencies by group in one dimension.
    pub(crate) fn of(&self, dimension: Dimension) -> &ByGroup {
        match dimension {
            Dimension::Partition => &self.partition,
            Dimension::SentPartition => &self.sent_partition,
            Dimension::Producer => &self.producer,
            Dimension::Size => &self.size,
            Dimension::Time => self.time.slices(),
        }
    }

    /// How long a slice of the run is, in seconds.
    pub(crate) fn slice_s(&self) -> u64 {
        self.time.slice_s()
    }
}

impl Merge for SeenByGroup {
    fn merge(&mut self, other: Self) {
        let SeenByGroup { partition, sent_partition, producer, size, time } = other;
        self.partition.merge(partition);
        self.sent_partition.merge(sent_partition);
        self.producer.merge(producer);
        self.size.merge(size);
        self.time.merge(time);
    }
}

/// The class of a size: its number of binary digits, so that class 13 is from 4,096 to 8,191 bytes.
fn size_class(bytes: usize) -> usize {
    usize::try_from(usize::BITS - bytes.leading_zeros()).unwrap_or_default()
}

/// The least size of a class, in bytes.
pub(crate) fn least_of_class(class: u16) -> u64 {
    class.checked_sub(1).and_then(|digits| 1_u64.checked_shl(digits.into())).unwrap_or(0)
}

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
            let latencies = read.begin(usize::from(group)).ok_or("there are too many groups")?;
            for (place, count) in counts {
                let bucket = Bucket::at(place).ok_or_else(|| format!("there is no bucket {place}"))?;
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
    fn a_size_is_in_the_class_of_its_binary_digits() {
        for bytes in [0, 1, 2, 3, 4, 100, 4095, 4096, 1 << 26] {
            let class = u16::try_from(size_class(bytes)).unwrap();
            let (least, next) = (least_of_class(class), least_of_class(class + 1));
            assert!((least..next).contains(&(bytes as u64)), "{bytes}: {least} to {next}");
        }
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
