//! What an engine's own metric of late records counts.

use super::spec::{ModelSpec, WindowMs};
use crate::event_time::engines::Counts;
use crate::profile::Operator;

/// What one count of the metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// An event that lost all its windows.
    Event,
    /// An (event, window) pair.
    Pair,
    /// Spark's aggregation: the rows of a key and window that a micro-batch drops count
    /// as one, because they are summed up before they are judged.
    Group,
    /// Spark's sessions: the same, but each input partition sums up by itself, and each row's own window is its time and the gap.
    GroupOfPartition,
}

impl ModelSpec {
    /// What one count of [`ModelSpec::metric`] is.
    #[must_use]
    pub const fn metric_unit(&self) -> MetricUnit {
        match (self.description().metric.counts, self.operator, self.window) {
            (Counts::Events, _, _) => MetricUnit::Event,
            (Counts::Pairs, _, _) | (Counts::Rows, Operator::Deduplication, _) => MetricUnit::Pair,
            (Counts::Rows, Operator::Aggregation, WindowMs::Session { .. }) => MetricUnit::GroupOfPartition,
            (Counts::Rows, Operator::Aggregation, _) => MetricUnit::Group,
        }
    }
}

impl MetricUnit {
    /// What an event that is lost from `lost` of its `windows` adds; nothing where groups have to be distinguished.
    #[must_use]
    pub const fn of(self, lost: u32, windows: u32) -> u64 {
        match self {
            MetricUnit::Event => (lost == windows) as u64,
            MetricUnit::Pair => lost as u64,
            MetricUnit::Group | MetricUnit::GroupOfPartition => 0,
        }
    }

    /// Whether late rows are summed up before they are counted.
    #[must_use]
    pub const fn is_grouped(self) -> bool {
        matches!(self, MetricUnit::Group | MetricUnit::GroupOfPartition)
    }

    /// The group of a lost (event, window) pair.
    #[must_use]
    pub const fn group(self, partition: u16, key_hash: u64, window_start_ms: i64) -> Group {
        let partition = match self {
            MetricUnit::GroupOfPartition => partition,
            _ => 0,
        };
        Group { partition, key_hash, window_start_ms }
    }
}

/// Rows that count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    partition: u16,
    key_hash: u64,
    window_start_ms: i64,
}
