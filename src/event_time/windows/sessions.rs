//! The book of sessions: the sessions of a key's events, and what the pipeline reports for them.
//!
//! A session lasts as long as each event of its key is within the gap of another. So its bounds depend on the events, and here every event
//! counts, even a late one: a pipeline that drops a late event that would have joined two sessions has two, and they count together.
//!
//! Memory is bounded by `most_sessions`. If there are more, a random half of the keys is given up, repeatedly, as in
//! [`WindowBook`](super::WindowBook).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    book::Counted,
    compare::{Counting, NoPrediction, Prediction, compare},
    pair::Pair,
    reconciled::WindowsReconciled,
    shape::WindowSpan,
};
use crate::event_time::CountRange;
use crate::mergeable::Merge;
use crate::profile::{CopiesRule, Updates};

/// Keys whose names are kept for the report.
const MOST_NAMES: usize = 1 << 16;
/// Keeps the places of keys independent of their hashes.
const PLACE_SEED: u64 = 0x5e55_1045;

/// How a book of sessions is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRule {
    /// The silence that ends a session, in milliseconds.
    pub gap_ms: i64,
    /// Whether events exactly this far apart are in one session: in all engines but Beam.
    pub joins_at_gap: bool,
    /// Whether sessions are by key; if not, the keys of events are ignored.
    pub by_key: bool,
    /// Whether a copy of an event should count.
    pub copies: CopiesRule,
    /// The most sessions and results that are held at once. Each takes about 60 bytes.
    pub most_sessions: usize,
}

impl SessionRule {
    /// The most that two events of a session may be apart.
    fn most_apart_ms(&self) -> i64 {
        self.gap_ms.saturating_sub(i64::from(!self.joins_at_gap))
    }
}

/// Events of a key that are within the gap of each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    first_ms: i64,
    last_ms: i64,
    events: u64,
    copies: u64,
}

/// A result that no later one has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    window: WindowSpan,
    count: u64,
    offset: u64,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    /// In order of time; no two within the gap of each other.
    sessions: Vec<Session>,
    results: Vec<Standing>,
}

/// The content of each session, and what the pipeline reports for it. Events may come
/// in any order, a key's results in the order of their offsets.
///
/// Books of parts merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionBook {
    rule: SessionRule,
    keys: HashMap<u64, Key>,
    held: usize,
    /// Keys whose place is at most this are held.
    held_up_to: u64,
    names: BTreeMap<u64, Box<str>>,
    done: WindowsReconciled,
}

impl SessionBook {
    /// An empty book.
    #[must_use]
    pub fn new(rule: SessionRule) -> Self {
        SessionBook {
            rule,
            keys: HashMap::new(),
            held: 0,
            held_up_to: u64::MAX,
            names: BTreeMap::new(),
            done: WindowsReconciled::default(),
        }
    }

    /// An event is in the pipeline's input: its first sighting, or a further copy of it.
    pub fn expect(&mut self, event_time_ms: i64, key: Option<&[u8]>, is_copy: bool) {
        let (events, copies) = (u64::from(!is_copy), u64::from(is_copy));
        let session = Session { first_ms: event_time_ms, last_ms: event_time_ms, events, copies };
        if let Some(key_hash) = self.key_of(key, &Pair { events, copies, ..Pair::default() }) {
            self.change(key_hash, |own, most_apart_ms| own.join(session, most_apart_ms));
        }
    }

    /// The pipeline wrote a result. It replaces those within it: that of a session
    /// that has grown, and those of sessions that it has joined.
    pub fn result(&mut self, counted: &Counted<'_>) {
        let Counted { window, key, count, offset } = *counted;
        if let Some(key_hash) = self.key_of(key, &Pair { results: 1, ..Pair::default() }) {
            self.change(key_hash, |own, _| own.stand(window, count, offset));
        }
    }

    /// Compares all. Sessions that end (a gap after their last event) after `watermark_ms`, the pipeline's last watermark, are still open,
    /// and their results not final; without it every session is taken to be over.
    ///
    /// What was dropped behind the watermark is known only over all sessions: [`Prediction::total`].
    #[must_use]
    pub fn finish(mut self, watermark_ms: Option<i64>, prediction: &impl Prediction) -> WindowsReconciled {
        let sampled = self.held_up_to < u64::MAX;
        let counting = Counting { updates: Updates::Add, copies: self.rule.copies };
        // Records that a model may have dropped although they are not missed here.
        let mut free = 0;
        for (key_hash, key) in std::mem::take(&mut self.keys) {
            let mut results = key.results;
            for session in &key.sessions {
                let of_it = |result: &Standing| (session.first_ms..=session.last_ms).contains(&result.window.start_ms);
                let (own, others): (Vec<Standing>, Vec<Standing>) = results.into_iter().partition(of_it);
                results = others;
                let end_ms = session.last_ms.saturating_add(self.rule.gap_ms);
                free += session.copies;
                if let Some(watermark_ms) = watermark_ms.filter(|watermark_ms| end_ms > *watermark_ms) {
                    self.done.windows_open += 1;
                    self.done.events_open += session.events;
                    // Its first events may have been too late by themselves.
                    let is_old = session.first_ms.saturating_add(self.rule.gap_ms) <= watermark_ms;
                    free += if is_old { session.events } else { 0 };
                    continue;
                }
                let pair = Pair {
                    events: session.events,
                    copies: session.copies,
                    last: own.iter().map(|result| (result.offset, Some(result.count))).max(),
                    sum: own.iter().map(|result| result.count).sum(),
                    results: own.len() as u64,
                };
                let span = WindowSpan { start_ms: session.first_ms, end_ms };
                let keys = HashMap::from([(key_hash, pair)]);
                compare(span, &keys, counting, &NoPrediction, &self.names, sampled, &mut self.done);
            }
            self.done.windows_without_events += results.len() as u64;
        }
        self.done.held_share = self.held_up_to as f64 / u64::MAX as f64;
        if self.rule.by_key && !sampled {
            self.done.attribute(prediction, free);
        }
        self.done
    }

    /// The key's hash, if the key is held; otherwise its events or results are given up.
    fn key_of(&mut self, key: Option<&[u8]>, given_up: &Pair) -> Option<u64> {
        let key = key.filter(|_| self.rule.by_key);
        let key_hash = key.map_or(0, xxh3_64);
        if place(key_hash) > self.held_up_to {
            self.done.give_up(given_up);
            return None;
        }
        if let Some(key) = key.filter(|_| self.names.len() < MOST_NAMES && !self.keys.contains_key(&key_hash)) {
            self.names.insert(key_hash, String::from_utf8_lossy(key).into());
        }
        Some(key_hash)
    }

    fn change(&mut self, key_hash: u64, change: impl FnOnce(&mut Key, i64)) {
        let key = self.keys.entry(key_hash).or_default();
        let before = key.held();
        change(key, self.rule.most_apart_ms());
        self.held = self.held + key.held() - before;
        while self.held > self.rule.most_sessions && self.held_up_to > 0 {
            self.hold_up_to(self.held_up_to / 2);
        }
    }

    fn hold_up_to(&mut self, held_up_to: u64) {
        self.held_up_to = held_up_to;
        let (done, held) = (&mut self.done, &mut self.held);
        self.keys.retain(|key_hash, key| {
            let stays = place(*key_hash) <= held_up_to;
            if !stays {
                *held -= key.held();
                key.give_up(done);
            }
            stays
        });
    }
}

impl Merge for SessionBook {
    /// The other part's book was kept by the same rule, for other partitions.
    fn merge(&mut self, other: Self) {
        let SessionBook { rule: _same, keys, held: _counted_again, held_up_to, names, done } = other;
        self.done.merge(done);
        self.names.extend(names);
        while self.names.len() > MOST_NAMES {
            self.names.pop_last();
        }
        if held_up_to < self.held_up_to {
            self.hold_up_to(held_up_to);
        }
        for (key_hash, key) in keys {
            if place(key_hash) > self.held_up_to {
                key.give_up(&mut self.done);
                continue;
            }
            self.change(key_hash, |own, most_apart_ms| {
                key.sessions.into_iter().for_each(|session| own.join(session, most_apart_ms));
                key.results.into_iter().for_each(|result| own.stand(result.window, Some(result.count), result.offset));
            });
        }
    }
}

impl Key {
    fn held(&self) -> usize {
        self.sessions.len() + self.results.len()
    }

    /// The key cannot be held.
    fn give_up(&self, done: &mut WindowsReconciled) {
        for Session { events, copies, .. } in &self.sessions {
            done.give_up(&Pair { events: *events, copies: *copies, ..Pair::default() });
        }
        done.give_up(&Pair { results: self.results.len() as u64, ..Pair::default() });
    }

    fn join(&mut self, session: Session, most_apart_ms: i64) {
        let begins = self.sessions.partition_point(|own| own.last_ms.saturating_add(most_apart_ms) < session.first_ms);
        let ends = self.sessions.partition_point(|own| own.first_ms <= session.last_ms.saturating_add(most_apart_ms));
        let joined = self.sessions[begins..ends].iter().fold(session, |one, other| Session {
            first_ms: one.first_ms.min(other.first_ms),
            last_ms: one.last_ms.max(other.last_ms),
            events: one.events + other.events,
            copies: one.copies + other.copies,
        });
        self.sessions.splice(begins..ends, [joined]);
    }

    fn stand(&mut self, window: WindowSpan, count: Option<u64>, offset: u64) {
        let within =
            |inner: WindowSpan, outer: WindowSpan| outer.start_ms <= inner.start_ms && inner.end_ms <= outer.end_ms;
        if self.results.iter().any(|own| own.offset > offset && within(window, own.window)) {
            return;
        }
        self.results.retain(|own| own.offset > offset || !within(own.window, window));
        self.results.extend(count.map(|count| Standing { window, count, offset }));
    }
}

impl WindowsReconciled {
    /// Attributes what is missing from all windows that were compared, by what a model says of the whole stream. `free` of its drops may be
    /// copies, or in sessions that are still open: these are not missed here.
    fn attribute(&mut self, prediction: &impl Prediction, free: u64) {
        let Some(total) = prediction.total() else { return };
        let sure = total.min.saturating_sub(free.saturating_sub(self.counted_twice));
        let behind = CountRange { min: sure.min(self.missing), max: total.max.max(total.min).min(self.missing) };
        self.counted_although_sure_to_drop = sure.saturating_sub(self.missing);
        self.behind_watermark = behind;
        self.lost_elsewhere = CountRange { min: self.missing - behind.max, max: self.missing - behind.min };
    }
}

/// A key's random place among all.
fn place(key_hash: u64) -> u64 {
    xxh3_64_with_seed(&key_hash.to_le_bytes(), PLACE_SEED)
}

#[cfg(test)]
mod tests;
