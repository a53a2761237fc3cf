//! The part of `summary.json` about a pipeline's windows. The names are a contract: they may be added to, not changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event_time::CountRange;
use crate::event_time::windows::{ReconciledWindow, WindowsReconciled};

/// A pipeline's windows, compared with the events that belong in them.
///
/// `events + unexplained + counted_twice = counted + missing`, over the windows that were compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowsSummary {
    /// Windows that were compared: those that the pipeline had closed when the reading ended.
    pub compared: u64,
    /// Windows in which each event is counted once, and nothing else.
    pub exact: u64,
    /// Windows in which an event is missing.
    pub short: u64,
    /// Windows in which something is counted twice, or without an event.
    pub over: u64,
    /// Of the missing events, how many were dropped behind the watermark, by the model.
    pub missing_behind_watermark: CountRange,
    /// Of the missing events, how many were lost elsewhere.
    pub missing_elsewhere: CountRange,
    /// Copies of events that were counted as well.
    pub counted_twice: u64,
    /// Counted without an event or a copy.
    pub unexplained: u64,
    /// The windows that are furthest off, the worst first; at most 20.
    pub worst: Vec<WindowSummary>,
    /// Events that belong in the windows that were compared; in hopping windows an event counts in each.
    #[serde(default)]
    pub events: u64,
    /// What the pipeline counted in them.
    #[serde(default)]
    pub counted: u64,
    /// Events that are missing in them.
    #[serde(default)]
    pub missing: u64,
    /// The engine whose model says what is dropped; absent without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Windows that the pipeline had not closed yet; they are not compared.
    #[serde(default)]
    pub not_closed: u64,
    /// Events in windows that were not closed yet.
    #[serde(default)]
    pub events_not_closed: u64,
    /// Compared windows with events for which no result came at all.
    #[serde(default)]
    pub without_result: u64,
    /// Windows with results but without events: the results are of events from before the run; they are not compared.
    #[serde(default)]
    pub without_events: u64,
    /// Counted although the model says they are certainly dropped: above 0 the model is not the pipeline's.
    #[serde(default)]
    pub counted_although_sure_to_drop: u64,
    /// Results that were read.
    #[serde(default)]
    pub results: u64,
    /// Messages that are not window results.
    #[serde(default)]
    pub unreadable_results: u64,
    /// Results for windows of another length or alignment.
    #[serde(default)]
    pub strange_results: u64,
    /// The earliest of those windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strange_window: Option<WindowBounds>,
    /// The share of all pairs of window and key that could be held, 0 to 1: below 1 the figures are those of a random sample.
    #[serde(default = "whole")]
    pub held_share: f64,
    /// Events in pairs that could not be held.
    #[serde(default)]
    pub events_not_held: u64,
    /// Results for pairs that could not be held.
    #[serde(default)]
    pub results_not_held: u64,
    /// Whether events and results were read to their ends.
    #[serde(default)]
    pub read_to_end: bool,
    /// What to know about these figures, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Where a window begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct WindowBounds {
    /// Its first millisecond, since 1970.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct WindowSummary {
    /// Its first millisecond, since 1970.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
    /// The key with the largest difference, if its name is known and windows are by key.
    pub key: Option<String>,
    /// Events that belong in it, over all keys.
    pub expected: u64,
    /// What the pipeline counted in it, over all keys.
    pub observed: u64,
    /// Records that it misses behind the watermark, by the model; absent where unknown.
    pub predicted: Option<CountRange>,
    /// What is wrong with it, in words.
    pub what: String,
    /// Events that are missing.
    #[serde(default)]
    pub missing: u64,
    /// Of the missing, dropped behind the watermark.
    #[serde(default)]
    pub missing_behind_watermark: CountRange,
    /// Of the missing, lost elsewhere.
    #[serde(default)]
    pub missing_elsewhere: CountRange,
    /// Copies that were counted as well.
    #[serde(default)]
    pub counted_twice: u64,
    /// Counted without an event or a copy.
    #[serde(default)]
    pub unexplained: u64,
    /// Whether any result came.
    #[serde(default)]
    pub has_result: bool,
}

/// The default share: nothing was left out.
fn whole() -> f64 {
    1.0
}

impl Default for WindowsSummary {
    fn default() -> Self {
        WindowsReconciled::default().into()
    }
}

impl From<WindowsReconciled> for WindowsSummary {
    fn from(whole: WindowsReconciled) -> Self {
        WindowsSummary {
            compared: whole.windows,
            exact: whole.windows_exact,
            short: whole.windows_short,
            over: whole.windows_over,
            missing_behind_watermark: whole.behind_watermark,
            missing_elsewhere: whole.lost_elsewhere,
            counted_twice: whole.counted_twice,
            unexplained: whole.unexplained,
            worst: whole.named.into_iter().map(WindowSummary::from).collect(),
            events: whole.events,
            counted: whole.counted,
            missing: whole.missing,
            model: None,
            not_closed: whole.windows_open,
            events_not_closed: whole.events_open,
            without_result: whole.windows_without_result,
            without_events: whole.windows_without_events,
            counted_although_sure_to_drop: whole.counted_although_sure_to_drop,
            results: 0,
            unreadable_results: 0,
            strange_results: whole.strange_windows,
            strange_window: whole
                .strange_example
                .map(|span| WindowBounds { start_ms: span.start_ms, end_ms: span.end_ms }),
            held_share: whole.held_share,
            events_not_held: whole.events_not_held,
            results_not_held: whole.results_not_held,
            read_to_end: false,
            notes: Vec::new(),
        }
    }
}

impl From<ReconciledWindow> for WindowSummary {
    fn from(window: ReconciledWindow) -> Self {
        WindowSummary {
            what: window.to_string(),
            start_ms: window.window.start_ms,
            end_ms: window.window.end_ms,
            key: window.worst_key,
            expected: window.events,
            observed: window.counted,
            predicted: window.predicted,
            missing: window.missing,
            missing_behind_watermark: window.behind_watermark,
            missing_elsewhere: window.lost_elsewhere,
            counted_twice: window.counted_twice,
            unexplained: window.unexplained,
            has_result: window.results,
        }
    }
}
