//! Windows that miss events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rule::Rule;
use crate::event_time::CountRange;
use crate::event_time::windows::WindowSpan;
use crate::mergeable::Merge;

/// The most windows that are kept separately; losses of others are only counted.
const MOST_WINDOWS: usize = 1 << 16;

/// The windows that miss events, as far as there is room for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AffectedWindows {
    #[serde(with = "crate::event_time::in_pairs")]
    windows: BTreeMap<WindowSpan, CountRange>,
    not_kept: u64,
}

impl AffectedWindows {
    /// The windows with how many events they miss: the minimum over all reading orders, and the maximum in any of them.
    pub fn iter(&self) -> impl Iterator<Item = (WindowSpan, CountRange)> + '_ {
        self.windows.iter().map(|(span, loss)| (*span, *loss))
    }

    /// What a window misses; `None` when it is unknown, for lack of room.
    #[must_use]
    pub fn get(&self, window: WindowSpan) -> Option<CountRange> {
        self.windows.get(&window).copied().or_else(|| (self.not_kept == 0).then(CountRange::default))
    }

    /// How many windows miss events.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.windows.len() as u64
    }

    /// Whether no window misses any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many (event, window) pairs belong to windows for which there was no room:
    /// when event times are spread over more than 65,536 windows.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    /// An event is missing from a window.
    pub(super) fn add_window(&mut self, span: WindowSpan, is_sure: bool) {
        let has_room = self.windows.len() < MOST_WINDOWS;
        match self.windows.entry(span) {
            std::collections::btree_map::Entry::Vacant(_) if !has_room => self.not_kept += 1,
            entry => {
                let loss = entry.or_default();
                loss.max += 1;
                loss.min += u64::from(is_sure);
            }
        }
    }

    /// An event is missing from its first `possible` windows, and certainly from the first `sure` of these.
    pub(super) fn add(&mut self, rule: &Rule, event_time_ms: i64, sure: u32, possible: u32) {
        for (place, span) in (0..possible).zip(rule.spans(event_time_ms)) {
            self.add_window(span, place < sure);
        }
    }
}

impl Merge for AffectedWindows {
    fn merge(&mut self, other: Self) {
        let AffectedWindows { windows, not_kept } = other;
        self.not_kept += not_kept;
        for (span, loss) in windows {
            self.windows.entry(span).or_default().merge(loss);
        }
    }
}
