//! Flink SQL, `WATERMARK FOR ts AS ts - INTERVAL …`: a watermark without the DataStream API's 1 ms, and windows without allowed lateness.

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Flink SQL",
    progress: Progress::SourceTasks,
    behind_ms: 0,
    last_ms: 1,
    begins_at_ms: None,
    tolerates: Tolerates { name: "delay", lateness: Lateness::None },
    windows: Windows {
        edges: Edges::HoldStart,
        alone_ms: 1,
        sliding: Sliding::FromTimes,
        sessions: Sessions { join_at_gap: true, save_late_events: true, longer_ms: 0 },
    },
    refuses_events: false,
    metric: Metric {
        name: "numLateRecordsDropped",
        counts: Counts::Events,
        // `LocalSlicingWindowAggOperator` does it for the rows of a key and slice between two watermarks that fire windows.
        sums_rows_first: Some(
            "Flink SQL adds up the rows of a key and slice before it checks them, unless table.optimizer.agg-phase-strategy is ONE_PHASE: several late rows then count once.",
        ),
    },
    note: None,
};
