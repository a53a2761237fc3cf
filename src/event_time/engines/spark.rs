//! Spark Structured Streaming, `withWatermark`.

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Spark",
    progress: Progress::MicroBatches,
    behind_ms: 0,
    last_ms: 0,
    begins_at_ms: Some(0),
    tolerates: Tolerates { name: "delay", lateness: Lateness::None },
    windows: Windows {
        edges: Edges::HoldStart,
        // On a raw column an event is late iff its time <= the watermark.
        alone_ms: 0,
        sliding: Sliding::FromTimes,
        sessions: Sessions { join_at_gap: true, save_late_events: false, longer_ms: 0 },
    },
    refuses_events: false,
    metric: Metric { name: "numRowsDroppedByWatermark", counts: Counts::Rows, sums_rows_first: None },
    note: Some("Without Spark's batch plan almost no event is certain to be kept; use the expected range."),
};
