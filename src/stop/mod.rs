//! How running threads are asked to end.

mod parent;
pub(crate) mod signals;

pub use parent::end_with_parent;
pub(crate) use parent::{apart_from_parents, ends_with_this_process};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a thread that sleeps looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// That the terminal was closed, for a run that goes on without it.
#[derive(Debug, Clone, Default)]
pub struct HangUp(Arc<AtomicBool>);

impl HangUp {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was closed since the last call.
    #[must_use]
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

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

    /// Sleeps; returns false if a stop was requested before.
    pub(crate) fn sleeps_until(&self, due: Instant) -> bool {
        while !self.is_set() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(LOOK));
        }
        false
    }

    /// Whether it was requested at least twice.
    #[must_use]
    pub fn is_set_twice(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 2
    }
}
