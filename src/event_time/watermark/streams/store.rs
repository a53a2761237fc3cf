//! What a window store still finds, and what it no longer accepts.

use super::super::spec::ModelSpec;

/// The shortest segment of a RocksDB store, in milliseconds (`Stores.defaultSegmentInterval`).
const LEAST_SEGMENT_MS: i64 = 60_000;

/// A store and the cache in front of it.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Store {
    retention_ms: i64,
    in_memory: bool,
    record_cache: bool,
    /// The newest window that was stored.
    observed_ms: Option<i64>,
}

impl Store {
    pub(super) fn new(spec: &ModelSpec, retention_ms: i64, record_cache: bool) -> Self {
        Store { retention_ms, in_memory: spec.in_memory, record_cache, observed_ms: None }
    }

    /// Windows from here on are found; with the cache, all.
    pub(super) fn found_from_ms(&self) -> i64 {
        if self.record_cache { i64::MIN } else { self.holds_from_ms() }
    }

    /// Windows from here on are found behind the cache (`AbstractRocksDBSegmentedBytesStore.getActualFrom`,
    /// `InMemorySessionStore.removeExpiredSegments`). The result of one that is not found there is never withdrawn
    /// (`CachingSessionStore.putAndMaybeForward`).
    pub(super) fn holds_from_ms(&self) -> i64 {
        self.observed_ms.map_or(i64::MIN, |observed_ms| observed_ms.saturating_sub(self.retention_ms).saturating_add(1))
    }

    /// A window is stored. Returns whether it was refused, which the metric counts: then it is not found, unless it is in the cache.
    pub(super) fn put(&mut self, at_ms: i64) -> bool {
        let observed_ms = self.observed_ms.map_or(at_ms, |observed_ms| observed_ms.max(at_ms));
        self.observed_ms = Some(observed_ms);
        let expired_ms = observed_ms.saturating_sub(self.retention_ms);
        if self.in_memory {
            return at_ms <= expired_ms;
        }
        let segment_ms = (self.retention_ms / 2).max(LEAST_SEGMENT_MS);
        at_ms.div_euclid(segment_ms) < expired_ms.div_euclid(segment_ms)
    }

    pub(super) fn has_cache(&self) -> bool {
        self.record_cache
    }
}
