//! What requests need to know about their connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::readers::ReaderId;

/// What requests need to know about their connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: ReaderId,
    /// Notified when something changes that a fetch of this connection waits for.
    pub(super) waiter: Arc<Notify>,
    pub(super) has_fetched: AtomicBool,
    /// How long its next request waits, in milliseconds: it is over its quota.
    pub(super) throttled_ms: AtomicU64,
    /// Its last request was carried out, and gets no answer: the connection is closed.
    pub(super) is_cut: AtomicBool,
}

impl Link {
    /// How long its next request waits, once.
    pub(super) fn take_throttle(&self) -> Duration {
        Duration::from_millis(self.throttled_ms.swap(0, Ordering::Relaxed))
    }
}
