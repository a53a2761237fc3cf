//! End-to-end latencies by what events have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::latency::Dimension;

/// How long events took end to end, by what they have in common: which of them are slow?
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupedLatency {
    /// Where the second of two humps of the end-to-end latency begins, in milliseconds; absent where there are not two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valley_ms: Option<f64>,
    /// Each dimension with 2 to 64 groups.
    pub dimensions: Vec<GroupedBy>,
}

/// The events in groups of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupedBy {
    /// What the events of a group have in common.
    pub by: Dimension,
    /// The share of the variance between the two humps that these groups explain (eta squared), from 0 to 1; absent where there are not two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explains: Option<f64>,
    /// For `time`: how long a slice is, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice_s: Option<u64>,
    /// The groups, by number.
    pub groups: Vec<GroupLatency>,
}

/// The events of one group: its first deliveries after the warm-up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupLatency {
    /// The partition, the producer, the least size in bytes (up to below the next power of two), or the second at which a slice of the run
    /// begins.
    pub of: u64,
    /// How many were measured.
    pub count: u64,
    /// How many of them are in the second hump; absent where there are not two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_hump: Option<u64>,
    /// Half are within this, to within 2 %, in milliseconds.
    pub p50_ms: f64,
    /// 99 % are within this, to within 2 %, in milliseconds.
    pub p99_ms: f64,
}

impl GroupedLatency {
    /// At most so many partitions, the one with the highest p99 first, and how many more there are; none where there are fewer than two.
    pub(crate) fn slowest_partitions(&self, most: usize) -> (Vec<&GroupLatency>, usize) {
        let by_partition = self.dimensions.iter().filter(|grouped| grouped.by == Dimension::Partition);
        let mut groups: Vec<&GroupLatency> = by_partition.flat_map(|grouped| &grouped.groups).collect();
        groups.sort_by(|one, other| other.p99_ms.total_cmp(&one.p99_ms));
        let more = groups.len().saturating_sub(most);
        groups.truncate(most);
        (groups, more)
    }
}
