//! Sessions, as `KStreamSessionWindowAggregate` makes them.

use std::collections::{BTreeMap, HashMap};

use super::super::spec::ModelSpec;
use super::{Store, Taken};
use crate::event_time::windows::WindowSpan;

/// How many keys are held before sessions that may be forgotten are removed.
const SWEEP_FROM: usize = 1 << 18;

/// From the first event in it to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Session {
    first_ms: i64,
    last_ms: i64,
    events: u64,
}

/// The sessions of a task.
///
/// With the cache the engine forgets nothing, and this forgets only closed sessions, when there are very many. A session that later reaches
/// back into what was forgotten is taken to reach back without end: it can then save more late events than the engine's, never fewer.
#[derive(Debug)]
pub(in super::super) struct StreamsSessions {
    gap_ms: i64,
    grace_ms: i64,
    store: Store,
    stream_time_ms: Option<i64>,
    by_key: HashMap<u64, Vec<Session>>,
    sweep_at: usize,
    /// The end of the newest session that was forgotten.
    forgotten_until_ms: Option<i64>,
    /// The result of each key's sessions: first and last event, and how many there are.
    results: Option<BTreeMap<(u64, i64, i64), u64>>,
}

impl StreamsSessions {
    pub(super) fn new(spec: &ModelSpec, gap_ms: i64, record_cache: bool) -> Self {
        let retention_ms = gap_ms.saturating_add(spec.allowed_ms);
        StreamsSessions {
            gap_ms,
            grace_ms: spec.allowed_ms,
            store: Store::new(spec, retention_ms, record_cache),
            stream_time_ms: None,
            by_key: HashMap::new(),
            sweep_at: SWEEP_FROM,
            forgotten_until_ms: None,
            results: None,
        }
    }

    pub(super) fn with_results(self) -> Self {
        StreamsSessions { results: Some(BTreeMap::new()), ..self }
    }

    /// Sessions that end before this are closed.
    fn closes_ms(&self) -> i64 {
        let stream_time_ms = self.stream_time_ms.unwrap_or(i64::MIN);
        stream_time_ms.saturating_sub(self.grace_ms).saturating_sub(self.gap_ms)
    }

    /// The task reads an event: it joins all sessions within the gap that the store finds, and is dropped if the result has closed.
    pub(super) fn take(&mut self, time_ms: i64, key_hash: u64) -> Taken {
        self.stream_time_ms = self.stream_time_ms.max(Some(time_ms));
        self.sweep();
        let (from_ms, to_ms) = (time_ms.saturating_sub(self.gap_ms), time_ms.saturating_add(self.gap_ms));
        let found_from_ms = from_ms.max(self.store.found_from_ms());
        let is_joined = |session: &Session| session.last_ms >= found_from_ms && session.first_ms <= to_ms;
        let own = Session { first_ms: time_ms, last_ms: time_ms, events: 1 };
        let closes_ms = self.closes_ms();
        let sessions = self.by_key.entry(key_hash).or_default();
        let joined: Vec<Session> = sessions.iter().filter(|session| is_joined(session)).copied().collect();
        let mut merged = joined.iter().fold(own, |merged, session| Session {
            first_ms: merged.first_ms.min(session.first_ms),
            last_ms: merged.last_ms.max(session.last_ms),
            events: merged.events + session.events,
        });
        if merged.last_ms < closes_ms {
            return Taken { windows: 1, lost: 1, refused_by_store: 0 };
        }
        if self.forgotten_until_ms.is_some_and(|forgotten_ms| from_ms <= forgotten_ms) {
            merged.first_ms = i64::MIN;
        }
        sessions.retain(|session| !is_joined(session));
        let withdrawn_from_ms = if self.store.has_cache() { self.store.holds_from_ms() } else { i64::MIN };
        let is_refused = self.store.put(merged.last_ms);
        if !is_refused || self.store.has_cache() {
            sessions.push(merged);
        }
        if let Some(results) = &mut self.results {
            for session in joined.iter().filter(|session| session.last_ms >= withdrawn_from_ms) {
                results.remove(&(key_hash, session.first_ms, session.last_ms));
            }
            results.insert((key_hash, merged.first_ms, merged.last_ms), merged.events);
        }
        Taken { windows: 1, lost: 0, refused_by_store: u32::from(is_refused) }
    }

    /// The session of an event that joins none: until the gap after it.
    pub(in super::super) fn own_window(&self, time_ms: i64) -> WindowSpan {
        WindowSpan { start_ms: time_ms, end_ms: time_ms.saturating_add(self.gap_ms) }
    }

    /// Whether sessions were forgotten that the engine still finds: then this keeps more than the engine does.
    pub(in super::super) fn has_forgotten(&self) -> bool {
        self.forgotten_until_ms.is_some()
    }

    /// Forgets what can no longer be found, and in the cache what has closed, whenever the number of keys has doubled.
    fn sweep(&mut self) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        let found_from_ms =
            self.store.found_from_ms().max(if self.store.has_cache() { self.closes_ms() } else { i64::MIN });
        let (forgotten_until_ms, has_cache) = (&mut self.forgotten_until_ms, self.store.has_cache());
        self.by_key.retain(|_, sessions| {
            sessions.retain(|session| {
                let stays = session.last_ms >= found_from_ms;
                if !stays && has_cache {
                    *forgotten_until_ms = (*forgotten_until_ms).max(Some(session.last_ms));
                }
                stays
            });
            !sessions.is_empty()
        });
        self.sweep_at = (self.by_key.len() * 2).max(SWEEP_FROM);
    }

    #[cfg(test)]
    pub(super) fn evict(&mut self, coin: &mut impl FnMut() -> bool) {
        let holds_from_ms = self.store.holds_from_ms();
        let sessions = self.by_key.values_mut();
        sessions.for_each(|sessions| sessions.retain(|session| session.last_ms >= holds_from_ms || coin()));
    }

    pub(super) fn windows(&self) -> BTreeMap<WindowSpan, u64> {
        let mut windows = BTreeMap::new();
        for (&(_, first_ms, last_ms), events) in self.results.iter().flatten() {
            let span = WindowSpan { start_ms: first_ms, end_ms: last_ms.saturating_add(1) };
            *windows.entry(span).or_default() += events;
        }
        windows
    }
}
