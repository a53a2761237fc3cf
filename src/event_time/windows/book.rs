//! The book of windows: what belongs in each, and what the pipeline reports for it.
//!
//! Memory is bounded by `most_pairs` pairs of window and key. Windows that are over are closed: compared, added up and forgotten. If there
//! are still too many pairs, a random half of them is given up, repeatedly, by a hash of window and key that is the same for events and
//! results (the distinct sampling of P. Gibbons, VLDB 2001): the comparison of the rest is exact, and what was given up is counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    compare::{Counting, Prediction, compare},
    pair::{Keys, Pair},
    reconciled::WindowsReconciled,
    shape::{WindowShape, WindowSpan},
};
use crate::mergeable::Merge;
use crate::profile::{CopiesRule, Updates};

/// Keys whose names are kept for the report.
const MOST_NAMES: usize = 1 << 16;

/// How a book is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookRule {
    /// The windows.
    pub shape: WindowShape,
    /// Whether windows are by key; if not, the keys of events are ignored.
    pub by_key: bool,
    /// What several results for one window and key mean.
    pub updates: Updates,
    /// Whether a copy of an event should count.
    pub copies: CopiesRule,
    /// The most pairs of window and key that are held at once. A pair takes about 100 bytes.
    pub most_pairs: usize,
}

/// One result of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// The window.
    pub window: WindowSpan,
    /// The key; nothing if windows are not by key.
    pub key: Option<&'a [u8]>,
    /// How many events it counted; `None` when the result is withdrawn.
    pub count: Option<u64>,
    /// Its offset in its partition: of several results, the one with the highest offset is the last.
    pub offset: u64,
}

/// What belongs in each window, and what the pipeline reports for it. Events and results may come in any order.
///
/// Books of parts merge (of different partitions, or one of the events and one of the results), as long as none of them has closed a
/// window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowBook {
    rule: BookRule,
    #[serde(with = "crate::event_time::in_pairs")]
    windows: BTreeMap<WindowSpan, Keys>,
    pairs: usize,
    /// Pairs whose hash is at most this are held.
    held_up_to: u64,
    names: BTreeMap<u64, Box<str>>,
    /// Windows that end at or before this have been closed.
    closed_until_ms: Option<i64>,
    done: WindowsReconciled,
}

impl WindowBook {
    /// An empty book.
    #[must_use]
    pub fn new(rule: BookRule) -> Self {
        WindowBook {
            rule,
            windows: BTreeMap::new(),
            pairs: 0,
            held_up_to: u64::MAX,
            names: BTreeMap::new(),
            closed_until_ms: None,
            done: WindowsReconciled::default(),
        }
    }

    /// An event is in the pipeline's input: its first sighting, or a further copy of it.
    pub fn expect(&mut self, event_time_ms: i64, key: Option<&[u8]>, is_copy: bool) {
        let one = Pair { events: u64::from(!is_copy), copies: u64::from(is_copy), ..Pair::default() };
        for window in self.rule.shape.windows(event_time_ms) {
            if self.is_closed(window) {
                self.done.events_after_close += 1;
            } else {
                self.add(window, key, one);
            }
        }
    }

    /// The pipeline wrote a result.
    pub fn result(&mut self, counted: &Counted<'_>) {
        let Counted { window, key, count, offset } = *counted;
        if !self.rule.shape.has(window) {
            self.done.strange_windows += 1;
            self.done.strange_example = self.done.strange_example.into_iter().chain([window]).min();
        } else if self.is_closed(window) {
            self.done.results_after_close += 1;
        } else {
            let one = Pair { last: Some((offset, count)), sum: count.unwrap_or(0), results: 1, ..Pair::default() };
            self.add(window, key, one);
        }
    }

    /// How many pairs of window and key are held.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// The share of all pairs that is held, 0 to 1: below 1 there were more than the rule allows.
    #[must_use]
    pub fn held_share(&self) -> f64 {
        self.held_up_to as f64 / u64::MAX as f64
    }

    /// Compares and forgets the windows that end at or before `until_ms`: call it with a time so far behind both the events and the results
    /// that nothing more should come. What comes nevertheless is counted.
    pub fn close(&mut self, until_ms: i64, prediction: &impl Prediction) {
        let sampled = self.held_up_to < u64::MAX;
        let counting = Counting { updates: self.rule.updates, copies: self.rule.copies };
        // In order of their starts, and all equally long: the first one to stay ends the loop.
        while let Some(entry) = self.windows.first_entry().filter(|entry| entry.key().end_ms <= until_ms) {
            let (window, keys) = entry.remove_entry();
            self.pairs -= keys.len();
            compare(window, &keys, counting, prediction, &self.names, sampled, &mut self.done);
        }
        self.closed_until_ms = self.closed_until_ms.max(Some(until_ms));
    }

    /// Compares the rest. Windows that end after `watermark_ms`, the pipeline's last watermark, are still open, and their results not
    /// final; without it every window is taken to be over.
    #[must_use]
    pub fn finish(mut self, watermark_ms: Option<i64>, prediction: &impl Prediction) -> WindowsReconciled {
        self.close(watermark_ms.unwrap_or(i64::MAX), prediction);
        for keys in self.windows.values() {
            self.done.windows_open += 1;
            self.done.events_open += keys.values().map(|pair| pair.events).sum::<u64>();
        }
        self.done.held_share = self.done.held_share.min(self.held_up_to as f64 / u64::MAX as f64);
        self.done
    }

    fn is_closed(&self, window: WindowSpan) -> bool {
        self.closed_until_ms.is_some_and(|until_ms| window.end_ms <= until_ms)
    }

    fn add(&mut self, window: WindowSpan, key: Option<&[u8]>, one: Pair) {
        let key = key.filter(|_| self.rule.by_key);
        let key_hash = key.map_or(0, xxhash_rust::xxh3::xxh3_64);
        if place(window, key_hash) > self.held_up_to {
            self.done.give_up(&one);
            return;
        }
        let is_new = self.hold(window, key_hash, one);
        if let Some(key) = key.filter(|_| is_new && self.names.len() < MOST_NAMES) {
            self.names.entry(key_hash).or_insert_with(|| String::from_utf8_lossy(key).into());
        }
        if is_new {
            self.make_room();
        }
    }

    /// Returns whether the pair is new.
    fn hold(&mut self, window: WindowSpan, key_hash: u64, one: Pair) -> bool {
        let keys = self.windows.entry(window).or_default();
        let before = keys.len();
        keys.entry(key_hash).or_default().merge(one);
        self.pairs += keys.len() - before;
        keys.len() > before
    }

    /// Gives up half of the pairs until the rest fits.
    fn make_room(&mut self) {
        while self.pairs > self.rule.most_pairs && self.held_up_to > 0 {
            self.hold_up_to(self.held_up_to / 2);
        }
    }

    fn hold_up_to(&mut self, held_up_to: u64) {
        self.held_up_to = held_up_to;
        let (done, pairs) = (&mut self.done, &mut self.pairs);
        self.windows.retain(|window, keys| {
            keys.retain(|key_hash, pair| {
                let stays = place(*window, *key_hash) <= held_up_to;
                if !stays {
                    done.give_up(pair);
                    *pairs -= 1;
                }
                stays
            });
            !keys.is_empty()
        });
    }
}

/// A pair's random place among all.
fn place(window: WindowSpan, key_hash: u64) -> u64 {
    xxh3_64_with_seed(&window.start_ms.to_le_bytes(), key_hash)
}

impl Merge for WindowBook {
    /// Both must have been kept by the same rule.
    fn merge(&mut self, other: Self) {
        let WindowBook { rule: _same, windows, pairs: _counted_again, held_up_to, names, closed_until_ms, done } =
            other;
        self.done.merge(done);
        self.closed_until_ms = self.closed_until_ms.max(closed_until_ms);
        self.names.extend(names);
        while self.names.len() > MOST_NAMES {
            self.names.pop_last();
        }
        if held_up_to < self.held_up_to {
            self.hold_up_to(held_up_to);
        }
        for (window, keys) in windows {
            for (key_hash, pair) in keys {
                if place(window, key_hash) <= self.held_up_to {
                    self.hold(window, key_hash, pair);
                } else {
                    self.done.give_up(&pair);
                }
            }
        }
        self.make_room();
    }
}

#[cfg(test)]
mod tests;
