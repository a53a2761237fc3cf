//! Kafka Streams, windows with a grace period. `watermark/streams` follows its sessions and sliding windows.

use super::description::{Counts, Description, Lateness, Metric, Progress, Sessions, Sliding, Tolerates, Windows};
use crate::event_time::windows::Edges;

pub(super) const DESCRIPTION: Description = Description {
    title: "Kafka Streams",
    progress: Progress::StreamTime,
    behind_ms: 0,
    last_ms: 0,
    begins_at_ms: None,
    tolerates: Tolerates { name: "grace", lateness: Lateness::InPlaceOfBound },
    windows: Windows {
        edges: Edges::FromZero,
        alone_ms: 1,
        sliding: Sliding::FromEvents,
        // A session ends with its last event, and closes when last + gap + grace < M.
        sessions: Sessions { join_at_gap: true, save_late_events: true, longer_ms: 1 },
    },
    refuses_events: true,
    metric: Metric { name: "dropped-records-total", counts: Counts::Pairs, sums_rows_first: None },
    note: None,
};
