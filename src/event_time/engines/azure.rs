//! Azure Stream Analytics, its out-of-order and late-arrival tolerances, as documented: there is no engine to test against.

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Azure Stream Analytics",
    progress: Progress::Arrival,
    behind_ms: 0,
    last_ms: 0,
    begins_at_ms: None,
    tolerates: Tolerates {
        name: "out-of-order tolerance",
        lateness: Lateness::UntilArrival { name: "late-arrival tolerance", default_ms: 5_000, early_ms: 300_000 },
    },
    windows: Windows {
        edges: Edges::HoldEnd,
        alone_ms: 1,
        sliding: Sliding::FromTimes,
        sessions: Sessions { join_at_gap: true, save_late_events: false, longer_ms: 0 },
    },
    refuses_events: false,
    // Events that arrive too late or too early have metrics of their own.
    metric: Metric { name: "DroppedOrAdjustedEvents", counts: Counts::Events, sums_rows_first: None },
    note: Some(
        "By Azure's documentation: dropped means dropped or adjusted, as the job's policy is. DroppedOrAdjustedEvents counts those out of order; LateInputEvents and EarlyInputEvents count the others.",
    ),
};
