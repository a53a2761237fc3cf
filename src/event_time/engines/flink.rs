//! Flink's DataStream API, `WatermarkStrategy.forBoundedOutOfOrderness`.

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Flink",
    progress: Progress::SourceTasks,
    // `BoundedOutOfOrdernessWatermarks`, and `WindowOperator.isWindowLate`.
    behind_ms: 1,
    last_ms: 1,
    begins_at_ms: None,
    tolerates: Tolerates { name: "bound", lateness: Lateness::OpenWindows("allowed lateness") },
    windows: Windows {
        edges: Edges::HoldStart,
        alone_ms: 1,
        sliding: Sliding::FromTimes,
        sessions: Sessions { join_at_gap: true, save_late_events: true, longer_ms: 0 },
    },
    refuses_events: false,
    metric: Metric { name: "numLateRecordsDropped", counts: Counts::Events, sums_rows_first: None },
    note: None,
};
