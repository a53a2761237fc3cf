//! Apache Beam's KafkaIO with a limited delay (`CustomTimestampPolicyWithLimitedDelay`).

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Beam",
    progress: Progress::ReaderClock,
    // The watermark is M - delay, and closes what ends strictly before it: end - 1 < watermark.
    behind_ms: 0,
    last_ms: 0,
    begins_at_ms: None,
    tolerates: Tolerates { name: "max delay", lateness: Lateness::OpenWindows("allowed lateness") },
    windows: Windows {
        edges: Edges::TowardsZero,
        alone_ms: 1,
        sliding: Sliding::FromTimes,
        sessions: Sessions { join_at_gap: false, save_late_events: false, longer_ms: 0 },
    },
    refuses_events: false,
    metric: Metric { name: "droppedDueToLateness", counts: Counts::Pairs, sums_rows_first: None },
    note: None,
};
