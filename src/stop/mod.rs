//! How running threads are asked to end.

pub(crate) mod signals;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Asks running threads to stop: once to stop sending, twice to stop waiting as well.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicU8>);

impl StopFlag {
    /// Asks once more.
    pub fn set(&self) {
        // Beyond two nothing changes; saturating prevents an overflow.
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |times| Some(times.saturating_add(1)));
    }

    /// Whether a stop was requested at least once.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 1
    }

    /// Whether it was requested at least twice.
    #[must_use]
    pub fn is_set_twice(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 2
    }
}
