//! Kafka Streams' windows whose bounds depend on the events: sessions and sliding windows, as its processors and stores treat them.
//!
//! A task's stream time follows each of its records, so the order within a partition decides everything except one thing: whether the store
//! still finds a closed window. With the record cache it does, as long as the cache holds it; without the cache it does not once the window
//! is older than the store's retention. So a model states which it is (`record_cache`), and is exact then; otherwise the outcome is between
//! the two.

mod claims;
#[cfg(test)]
mod laws;
mod sessions;
mod sliding;
mod store;

use std::collections::BTreeMap;

use super::spec::{ModelSpec, WindowMs};
use crate::event_time::windows::WindowSpan;

pub(super) use claims::StreamsClaims;
pub(super) use sessions::StreamsSessions;
pub(super) use sliding::StreamsSliding;
pub(super) use store::Store;

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// To how many windows it was offered.
    pub(super) windows: u32,
    /// How many of them had closed.
    pub(super) lost: u32,
    /// How many the store refused, and counted in the same metric, although nothing was lost.
    pub(super) refused_by_store: u32,
}

/// A partition's windows, if they depend on the events.
#[derive(Debug)]
pub(super) enum StreamsTask {
    Sessions(StreamsSessions),
    Sliding(StreamsSliding),
}

impl StreamsTask {
    /// A task that has read nothing; nothing for windows that follow from the event times alone, and for other engines.
    pub(super) fn of(spec: &ModelSpec, record_cache: bool) -> Option<Self> {
        if !spec.progress().is_stream_time() {
            return None;
        }
        match spec.window {
            WindowMs::Session { gap_ms } => {
                Some(StreamsTask::Sessions(StreamsSessions::new(spec, gap_ms, record_cache)))
            }
            WindowMs::Sliding { size_ms } => {
                Some(StreamsTask::Sliding(StreamsSliding::new(spec, size_ms, record_cache)))
            }
            WindowMs::None | WindowMs::Aligned(_) => None,
        }
    }

    /// Keeps the content of each window, for [`StreamsTask::windows`].
    pub(super) fn with_results(self) -> Self {
        match self {
            StreamsTask::Sessions(sessions) => StreamsTask::Sessions(sessions.with_results()),
            StreamsTask::Sliding(sliding) => StreamsTask::Sliding(sliding.with_results()),
        }
    }

    /// The task reads an event.
    pub(super) fn take(&mut self, event_time_ms: i64, key_hash: u64) -> Taken {
        match self {
            StreamsTask::Sessions(sessions) => sessions.take(event_time_ms, key_hash),
            StreamsTask::Sliding(sliding) => sliding.take(event_time_ms, key_hash, |_| ()),
        }
    }

    /// The cache evicts windows that the store behind it no longer finds, where the coin decides so.
    #[cfg(test)]
    fn evict(&mut self, coin: &mut impl FnMut() -> bool) {
        match self {
            StreamsTask::Sessions(sessions) => sessions.evict(coin),
            StreamsTask::Sliding(sliding) => sliding.evict(coin),
        }
    }

    /// How many events each window holds by its last result, over all keys.
    pub(super) fn windows(&self) -> BTreeMap<WindowSpan, u64> {
        match self {
            StreamsTask::Sessions(sessions) => sessions.windows(),
            StreamsTask::Sliding(sliding) => sliding.windows(),
        }
    }
}
