//! Sliding windows, as `KStreamSlidingWindowAggregate` makes them (KIP-450).
//!
//! A record at `t` is in every window that contains it, and creates up to three: the one that ends with it (`[t - diff, t]`), the one that
//! begins right after it, once that is not empty, and the one right after the record before it. Windows include both their ends; one is
//! closed iff `end < stream time - grace`, and each closed one that a record is offered to counts in the metric.

use std::collections::{BTreeMap, HashMap};

use super::super::spec::ModelSpec;
use super::{Store, Taken};
use crate::event_time::windows::WindowSpan;

/// How many keys are held before windows that may be forgotten are removed.
const SWEEP_FROM: usize = 1 << 12;

/// The content of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Content {
    newest_ms: i64,
    events: u64,
}

/// The sliding windows of a task. Memory grows with the events of the last three windows and the grace.
#[derive(Debug)]
pub(in super::super) struct StreamsSliding {
    /// How far apart two events of a window may be.
    diff_ms: i64,
    grace_ms: i64,
    store: Store,
    stream_time_ms: Option<i64>,
    /// For each key, by start.
    by_key: HashMap<u64, BTreeMap<i64, Content>>,
    sweep_at: usize,
    visited: u64,
    /// The result of each key's windows, by start.
    results: Option<BTreeMap<(u64, i64), u64>>,
}

/// One event on its way through a key's windows.
struct Visit<'a, F> {
    time_ms: i64,
    key_hash: u64,
    diff_ms: i64,
    closes_ms: i64,
    windows: &'a mut BTreeMap<i64, Content>,
    store: &'a mut Store,
    results: Option<&'a mut BTreeMap<(u64, i64), u64>>,
    lost: F,
    taken: Taken,
}

impl StreamsSliding {
    pub(super) fn new(spec: &ModelSpec, diff_ms: i64, record_cache: bool) -> Self {
        let retention_ms = diff_ms.saturating_mul(2).saturating_add(spec.allowed_ms);
        StreamsSliding {
            diff_ms,
            grace_ms: spec.allowed_ms,
            store: Store::new(spec, retention_ms, record_cache),
            stream_time_ms: None,
            by_key: HashMap::new(),
            sweep_at: SWEEP_FROM,
            visited: 0,
            results: None,
        }
    }

    pub(super) fn with_results(self) -> Self {
        StreamsSliding { results: Some(BTreeMap::new()), ..self }
    }

    /// The task reads an event; `lost` is called for each closed window that it is offered to.
    pub(in super::super) fn take(&mut self, time_ms: i64, key_hash: u64, mut lost: impl FnMut(WindowSpan)) -> Taken {
        let stream_time_ms = self.stream_time_ms.map_or(time_ms, |before_ms| before_ms.max(time_ms));
        self.stream_time_ms = Some(stream_time_ms);
        let closes_ms = stream_time_ms.saturating_sub(self.grace_ms);
        let last_end_ms = time_ms.saturating_add(self.diff_ms);
        if last_end_ms < closes_ms {
            lost(span(time_ms, self.diff_ms));
            return Taken { windows: 1, lost: 1, refused_by_store: 0 };
        }
        // No accepted event looks further back, not even in the cache.
        let needed_from_ms = closes_ms.saturating_sub(self.diff_ms.saturating_mul(3)).max(self.store.found_from_ms());
        self.sweep(needed_from_ms);
        let windows = self.by_key.entry(key_hash).or_default();
        while windows.first_key_value().is_some_and(|(start_ms, _)| *start_ms < needed_from_ms) {
            windows.pop_first();
        }
        let is_early = time_ms < self.diff_ms;
        let from_ms = if is_early { 0 } else { time_ms.saturating_sub(self.diff_ms.saturating_mul(2)).max(0) };
        let found: Vec<(i64, Content)> = windows
            .range(from_ms.max(self.store.found_from_ms())..=time_ms.saturating_add(1))
            .map(|(s, c)| (*s, *c))
            .collect();
        self.visited += found.len() as u64 + 1;
        let mut visit = Visit {
            time_ms,
            key_hash,
            diff_ms: self.diff_ms,
            closes_ms,
            windows,
            store: &mut self.store,
            results: self.results.as_mut(),
            lost,
            taken: Taken::default(),
        };
        if is_early {
            visit.early(&found)
        } else {
            visit.usual(&found)
        }
        visit.taken
    }

    /// How many windows were visited so far: the cost of following the events.
    pub(in super::super) fn visited(&self) -> u64 {
        self.visited
    }

    fn sweep(&mut self, needed_from_ms: i64) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key
            .retain(|_, windows| windows.last_key_value().is_some_and(|(start_ms, _)| *start_ms >= needed_from_ms));
        self.sweep_at = (self.by_key.len() * 2).max(SWEEP_FROM);
    }

    #[cfg(test)]
    pub(super) fn evict(&mut self, coin: &mut impl FnMut() -> bool) {
        let holds_from_ms = self.store.holds_from_ms();
        let windows = self.by_key.values_mut();
        windows.for_each(|windows| windows.retain(|start_ms, _| *start_ms >= holds_from_ms || coin()));
    }

    pub(super) fn windows(&self) -> BTreeMap<WindowSpan, u64> {
        let mut windows = BTreeMap::new();
        for (&(_, start_ms), events) in self.results.iter().flatten() {
            *windows.entry(span(start_ms, self.diff_ms)).or_default() += events;
        }
        windows
    }
}

fn span(start_ms: i64, diff_ms: i64) -> WindowSpan {
    WindowSpan { start_ms, end_ms: start_ms.saturating_add(diff_ms).saturating_add(1) }
}

impl<F: FnMut(WindowSpan)> Visit<'_, F> {
    /// `processReverse`: the windows that were found, the latest first.
    fn usual(&mut self, found: &[(i64, Content)]) {
        let time_ms = self.time_ms;
        let (mut left, mut right, mut before_ms) = (None, None, None);
        let (mut has_left, mut has_right) = (false, false);
        for &(start_ms, content) in found.iter().rev() {
            let end_ms = start_ms.saturating_add(self.diff_ms);
            if start_ms == time_ms.saturating_add(1) {
                has_right = true;
            } else if end_ms > time_ms {
                right.get_or_insert(content);
                self.offer(start_ms, Some(content));
            } else if end_ms == time_ms {
                has_left = true;
                self.offer(start_ms, Some(content));
                if content.newest_ms >= time_ms {
                    return;
                }
                before_ms = Some(content.newest_ms);
            } else {
                left = Some(content);
                before_ms = Some(content.newest_ms);
                break;
            }
        }
        if let Some(before_ms) = before_ms {
            let start_ms = before_ms.saturating_add(1);
            let is_there = found.iter().any(|(found_ms, _)| *found_ms == start_ms);
            if !is_there && start_ms.saturating_add(self.diff_ms) >= time_ms {
                self.offer(start_ms, None);
            }
        }
        if !has_left {
            let start_ms = time_ms.saturating_sub(self.diff_ms);
            let holds_before = before_ms.is_some_and(|before_ms| start_ms <= before_ms);
            let content = left.filter(|_| holds_before).map(|content| Content { newest_ms: time_ms, ..content });
            self.offer(start_ms, content);
        }
        self.right_of_own(right, has_right);
    }

    /// `processEarly`: windows do not begin before 1970, so early events are in `[0, diff]`.
    fn early(&mut self, found: &[(i64, Content)]) {
        let time_ms = self.time_ms;
        let (mut combined, mut right, mut before_ms, mut has_right) = (None, None, None, false);
        for &(start_ms, content) in found {
            if start_ms == 0 {
                combined = Some(content);
                before_ms = (content.newest_ms < time_ms).then_some(content.newest_ms);
            } else if start_ms <= time_ms {
                right = Some(content);
                self.offer(start_ms, Some(content));
            } else {
                has_right = true;
            }
        }
        let right = right.or(combined.filter(|combined| combined.newest_ms > time_ms));
        self.right_of_own(right, has_right);
        if let Some(start_ms) = before_ms.map(|before_ms| before_ms.saturating_add(1))
            && !found.iter().any(|(found_ms, _)| *found_ms == start_ms)
        {
            self.offer(start_ms, None);
        }
        self.offer(0, combined);
    }

    /// `updateWindowAndForward`: a window takes the event in, unless it is closed.
    fn offer(&mut self, start_ms: i64, content: Option<Content>) {
        self.taken.windows += 1;
        if start_ms.saturating_add(self.diff_ms) < self.closes_ms {
            self.taken.lost += 1;
            (self.lost)(span(start_ms, self.diff_ms));
            return;
        }
        let before = content.unwrap_or(Content { newest_ms: self.time_ms, events: 0 });
        self.put(start_ms, Content { newest_ms: before.newest_ms.max(self.time_ms), events: before.events + 1 });
    }

    /// `createCurrentRecordRightWindow`: what is after the event, by the latest window that holds it; closed or not.
    fn right_of_own(&mut self, right: Option<Content>, has_right: bool) {
        if let Some(right) = right.filter(|right| !has_right && right.newest_ms > self.time_ms) {
            self.put(self.time_ms.saturating_add(1), right);
        }
    }

    fn put(&mut self, start_ms: i64, content: Content) {
        let is_refused = self.store.put(start_ms);
        self.taken.refused_by_store += u32::from(is_refused);
        if !is_refused || self.store.has_cache() {
            self.windows.insert(start_ms, content);
        }
        if let Some(results) = self.results.as_deref_mut() {
            results.insert((self.key_hash, start_ms), content.events);
        }
    }
}
