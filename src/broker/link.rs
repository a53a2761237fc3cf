//! What requests need to know about their connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, Sleep, sleep_until};

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
    /// Rings when a fetch has waited for long enough. There is one for all of them: putting it off costs nothing, whereas a new one each time
    /// interrupts the thread's wait for the network.
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl Link {
    pub(super) fn new(id: ReaderId) -> Self {
        Link {
            id,
            waiter: Arc::default(),
            has_fetched: AtomicBool::new(false),
            throttled_ms: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            alarm: Mutex::default(),
        }
    }

    /// Waits for a change. Returns whether one came before `deadline`.
    pub(super) async fn changes_before(&self, deadline: Instant) -> bool {
        let mut alarm = self.alarm.lock().await;
        let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        alarm.as_mut().reset(deadline);
        tokio::select! {
            biased;
            () = self.waiter.notified() => true,
            () = alarm.as_mut() => false,
        }
    }

    /// How long its next request waits, once.
    pub(super) fn take_throttle(&self) -> Duration {
        Duration::from_millis(self.throttled_ms.swap(0, Ordering::Relaxed))
    }
}
