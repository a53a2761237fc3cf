//! The result of comparing all windows.

use std::cmp::Reverse;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{pair::Pair, shape::WindowSpan};
use crate::event_time::CountRange;
use crate::mergeable::Merge;

/// The most windows that are named.
const NAMED: usize = 20;

/// One window that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReconciledWindow {
    /// The window.
    pub window: WindowSpan,
    /// Keys with events or results.
    pub keys: u64,
    /// Keys whose count is wrong.
    pub keys_off: u64,
    /// How many events belong in it?
    pub events: u64,
    /// How many did the pipeline count?
    pub counted: u64,
    /// Whether any result came.
    pub results: bool,
    /// How many events are not counted?
    pub missing: u64,
    /// How many records does it miss behind the watermark, by the model? Unknown without a model.
    pub predicted: Option<CountRange>,
    /// How many of the missing were dropped behind the watermark, by the model?
    pub behind_watermark: CountRange,
    /// How many of the missing were lost elsewhere?
    pub lost_elsewhere: CountRange,
    /// How many copies of events were counted as well?
    pub counted_twice: u64,
    /// How many were counted for which there is neither an event nor a copy?
    pub unexplained: u64,
    /// How many were counted although the model says they are certainly dropped?
    pub counted_although_sure_to_drop: u64,
    /// The key with the largest difference, if its name is known.
    pub worst_key: Option<String>,
}

impl Default for ReconciledWindow {
    fn default() -> Self {
        ReconciledWindow {
            window: WindowSpan { start_ms: 0, end_ms: 0 },
            keys: 0,
            keys_off: 0,
            events: 0,
            counted: 0,
            results: false,
            missing: 0,
            predicted: None,
            behind_watermark: CountRange::default(),
            lost_elsewhere: CountRange::default(),
            counted_twice: 0,
            unexplained: 0,
            counted_although_sure_to_drop: 0,
            worst_key: None,
        }
    }
}

impl ReconciledWindow {
    /// Whether each event is counted once, and nothing else.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.keys_off == 0 && self.missing == 0 && self.counted_twice == 0 && self.unexplained == 0
    }

    /// How far off it is, for the order of naming: the worst first, of equal ones the earliest.
    fn rank(&self) -> impl Ord + use<> {
        let off = self.missing + self.counted_twice + self.unexplained + self.counted_although_sure_to_drop;
        (Reverse(off), self.window)
    }
}

impl fmt::Display for ReconciledWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.missing > 0 {
            let none = if self.results { "" } else { " (no result came)" };
            parts.push(format!("{} of {} events are missing{none}", self.missing, self.events));
        }
        for (count, what) in
            [(self.behind_watermark, "of them dropped as too late"), (self.lost_elsewhere, "of them lost elsewhere")]
        {
            if count.max > 0 {
                parts.push(format!("{} {what}", Range(count)));
            }
        }
        for (count, what) in [
            (self.counted_twice, "copies counted as well"),
            (self.unexplained, "counted without an event"),
            (self.counted_although_sure_to_drop, "counted although the model says they are dropped for certain"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if parts.is_empty() {
            parts.push(format!("each of the {} events is counted once", self.events));
        }
        f.write_str(&parts.join(", "))
    }
}

/// `3` or `3 to 5`.
struct Range(CountRange);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CountRange { min, max } = self.0;
        if min == max { write!(f, "{min}") } else { write!(f, "{min} to {max}") }
    }
}

/// All windows that were compared, and what could not be.
///
/// `events + unexplained + counted_twice = counted + missing`, over the windows that were compared.
/// Parts that closed different windows merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowsReconciled {
    /// How many windows were compared?
    pub windows: u64,
    /// In how many is each event counted once, and nothing else?
    pub windows_exact: u64,
    /// In how many is an event missing?
    pub windows_short: u64,
    /// In how many is something counted twice, or without an event?
    pub windows_over: u64,
    /// For how many with events did no result come at all?
    pub windows_without_result: u64,
    /// For how many windows without any event did results come? They are of events from before the run, and not compared.
    pub windows_without_events: u64,
    /// How many windows were still open when the reading ended? They are not compared.
    pub windows_open: u64,
    /// How many events are in windows that were still open?
    pub events_open: u64,
    /// How many events belong in the windows that were compared? (In hopping windows an event counts in each.)
    pub events: u64,
    /// How many did the pipeline count?
    pub counted: u64,
    /// How many are missing?
    pub missing: u64,
    /// How many of the missing were dropped behind the watermark, by the model?
    pub behind_watermark: CountRange,
    /// How many of the missing were lost elsewhere?
    pub lost_elsewhere: CountRange,
    /// How many copies were counted as well?
    pub counted_twice: u64,
    /// How many were counted without an event or a copy?
    pub unexplained: u64,
    /// How many were counted although the model says they are certainly dropped? Above 0, the model is not the pipeline's.
    pub counted_although_sure_to_drop: u64,
    /// The share of all pairs of window and key that could be held, 0 to 1. Below 1 there were too many, and the figures are those of a random sample.
    pub held_share: f64,
    /// How many events were in pairs that could not be held?
    pub events_not_held: u64,
    /// How many results were for pairs that could not be held?
    pub results_not_held: u64,
    /// How many events came for windows that had been closed?
    pub events_after_close: u64,
    /// How many results came for windows that had been closed?
    pub results_after_close: u64,
    /// How many results were for windows of another length or alignment?
    pub strange_windows: u64,
    /// The earliest of those.
    pub strange_example: Option<WindowSpan>,
    /// The windows that are furthest off.
    pub named: Vec<ReconciledWindow>,
}

impl Default for WindowsReconciled {
    fn default() -> Self {
        WindowsReconciled {
            windows: 0,
            windows_exact: 0,
            windows_short: 0,
            windows_over: 0,
            windows_without_result: 0,
            windows_without_events: 0,
            windows_open: 0,
            events_open: 0,
            events: 0,
            counted: 0,
            missing: 0,
            behind_watermark: CountRange::default(),
            lost_elsewhere: CountRange::default(),
            counted_twice: 0,
            unexplained: 0,
            counted_although_sure_to_drop: 0,
            held_share: 1.0,
            events_not_held: 0,
            results_not_held: 0,
            events_after_close: 0,
            results_after_close: 0,
            strange_windows: 0,
            strange_example: None,
            named: Vec::new(),
        }
    }
}

impl WindowsReconciled {
    /// A window was compared.
    pub(super) fn add(&mut self, window: ReconciledWindow) {
        self.windows += 1;
        self.windows_exact += u64::from(window.is_exact());
        self.windows_short += u64::from(window.missing > 0);
        self.windows_over += u64::from(window.counted_twice + window.unexplained > 0);
        self.windows_without_result += u64::from(!window.results && window.events > 0);
        self.events += window.events;
        self.counted += window.counted;
        self.missing += window.missing;
        self.behind_watermark.merge(window.behind_watermark);
        self.lost_elsewhere.merge(window.lost_elsewhere);
        self.counted_twice += window.counted_twice;
        self.unexplained += window.unexplained;
        self.counted_although_sure_to_drop += window.counted_although_sure_to_drop;
        if !window.is_exact() || window.counted_although_sure_to_drop > 0 {
            self.name([window]);
        }
    }

    /// A pair cannot be held.
    pub(super) fn give_up(&mut self, pair: &Pair) {
        self.events_not_held += pair.events + pair.copies;
        self.results_not_held += pair.results;
    }

    fn name(&mut self, windows: impl IntoIterator<Item = ReconciledWindow>) {
        self.named.extend(windows);
        self.named.sort_by_key(ReconciledWindow::rank);
        self.named.truncate(NAMED);
    }
}

impl Merge for WindowsReconciled {
    fn merge(&mut self, other: Self) {
        let WindowsReconciled {
            windows,
            windows_exact,
            windows_short,
            windows_over,
            windows_without_result,
            windows_without_events,
            windows_open,
            events_open,
            events,
            counted,
            missing,
            behind_watermark,
            lost_elsewhere,
            counted_twice,
            unexplained,
            counted_although_sure_to_drop,
            held_share,
            events_not_held,
            results_not_held,
            events_after_close,
            results_after_close,
            strange_windows,
            strange_example,
            named,
        } = other;
        self.windows += windows;
        self.windows_exact += windows_exact;
        self.windows_short += windows_short;
        self.windows_over += windows_over;
        self.windows_without_result += windows_without_result;
        self.windows_without_events += windows_without_events;
        self.windows_open += windows_open;
        self.events_open += events_open;
        self.events += events;
        self.counted += counted;
        self.missing += missing;
        self.behind_watermark.merge(behind_watermark);
        self.lost_elsewhere.merge(lost_elsewhere);
        self.counted_twice += counted_twice;
        self.unexplained += unexplained;
        self.counted_although_sure_to_drop += counted_although_sure_to_drop;
        self.held_share = self.held_share.min(held_share);
        self.events_not_held += events_not_held;
        self.results_not_held += results_not_held;
        self.events_after_close += events_after_close;
        self.results_after_close += results_after_close;
        self.strange_windows += strange_windows;
        self.strange_example = self.strange_example.into_iter().chain(strange_example).min();
        self.name(named);
    }
}
