//! End-to-end latencies by what events have in common, so that it can be said which are the slow ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_group::ByGroup;
use super::by_time::ByTime;
use super::coarse::Bucket;
use crate::event::Partition;
use crate::mergeable::Merge;

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

/// What an event has in common with others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// The partition that it was read from.
    pub(crate) partition: Partition,
    /// The partition that it was sent to, where that may be another one.
    pub(crate) sent_partition: Option<Partition>,
    /// The logical producer that sent it.
    pub(crate) producer: u16,
    /// The size of the payload that was read.
    pub(crate) payload_bytes: usize,
    /// When it was due, in nanoseconds from the start of the run.
    pub(crate) due_offset_ns: u64,
}

/// The latencies of one stage's events, by group in each dimension. Parts merge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByDimension {
    partition: ByGroup,
    sent_partition: ByGroup,
    producer: ByGroup,
    size: ByGroup,
    time: ByTime,
}

impl ByDimension {
    /// Counts the latency of an event in each of its groups.
    pub(crate) fn count(&mut self, event: &Traits, took_ns: i64) {
        let bucket = Bucket::of(took_ns);
        self.partition.count(usize::from(event.partition), bucket);
        if let Some(sent_partition) = event.sent_partition {
            self.sent_partition.count(usize::from(sent_partition), bucket);
        }
        self.producer.count(usize::from(event.producer), bucket);
        self.size.count(size_class(event.payload_bytes), bucket);
        self.time.count(event.due_offset_ns, bucket);
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

impl Merge for ByDimension {
    fn merge(&mut self, other: Self) {
        let ByDimension { partition, sent_partition, producer, size, time } = other;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_the_class_of_its_binary_digits() {
        for bytes in [0, 1, 2, 3, 4, 100, 4095, 4096, 1 << 26] {
            let class = u16::try_from(size_class(bytes)).unwrap();
            let (least, next) = (least_of_class(class), least_of_class(class + 1));
            assert!((least..next).contains(&(bytes as u64)), "{bytes}: {least} to {next}");
        }
    }
}
