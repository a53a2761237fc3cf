//! The memory cap: how much may be stored, and who waits for room.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Bytes in use against the cap.
#[derive(Debug)]
pub(super) struct Memory {
    cap_bytes: u64,
    used_bytes: AtomicU64,
    waiting: AtomicUsize,
    room: Notify,
}

impl Memory {
    pub(super) fn new(cap_bytes: u64) -> Self {
        Self { cap_bytes, used_bytes: AtomicU64::new(0), waiting: AtomicUsize::new(0), room: Notify::new() }
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Acquire)
    }

    /// Reserves `bytes` if they fit under the cap, or if nothing else is stored: one batch alone may exceed it.
    pub(super) fn try_take(&self, bytes: u64) -> bool {
        self.take_if(bytes, |used, after| used == 0 || after <= self.cap_bytes)
    }

    /// Reserves `bytes` if they fit into half of the cap: for requests that can wait, so that they take nothing from those that cannot.
    pub(super) fn try_take_of_half(&self, bytes: u64) -> bool {
        self.take_if(bytes, |_, after| after <= self.cap_bytes / 2)
    }

    /// Reserves `bytes` if the use before and after allows it.
    fn take_if(&self, bytes: u64, allows: impl Fn(u64, u64) -> bool) -> bool {
        let fits = |used: u64| used.checked_add(bytes).filter(|after| allows(used, *after));
        self.used_bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }

    /// Reserves `bytes` whether they fit or not: for transaction markers, which must not wait for the data that they end.
    pub(super) fn take(&self, bytes: u64) {
        self.used_bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn give_back(&self, bytes: u64) {
        if bytes > 0 {
            self.give_back_quietly(bytes);
            self.wake();
        }
    }

    /// Frees bytes without waking anyone: for a waiter that made the room for itself.
    pub(super) fn give_back_quietly(&self, bytes: u64) {
        self.used_bytes.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// How much must be freed so that `bytes` fit, and a little more, so that not every batch has to make room for itself.
    pub(super) fn shortfall(&self, bytes: u64) -> u64 {
        let slack = self.cap_bytes / 64;
        (self.used_bytes() + bytes + slack).saturating_sub(self.cap_bytes)
    }

    /// Whether anybody waits for room.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Notifies waiters that there may be room now.
    pub(super) fn wake(&self) {
        if self.is_waited_for() {
            self.room.notify_waiters();
        }
    }

    /// Returns once `attempt` succeeds; retries whenever something changed.
    pub(super) async fn wait_until(&self, mut attempt: impl FnMut() -> bool) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _leaving = Leaving(&self.waiting);
        loop {
            let mut changed = std::pin::pin!(self.room.notified());
            changed.as_mut().enable();
            if attempt() {
                return;
            }
            changed.await;
        }
    }
}

/// Uncounts a waiter, even when its request is abandoned.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_wait_leaves_half_of_the_room() {
        let memory = Memory::new(100);
        assert!(!memory.try_take_of_half(51) && memory.try_take_of_half(50) && !memory.try_take_of_half(1));
        assert!(memory.try_take(50) && !memory.try_take(1));
    }

    proptest! {
        #[test]
        fn the_cap_holds_unless_one_batch_alone_exceeds_it(cap in 1_u64..1_000, sizes in prop::collection::vec(1_u64..300, 0..50)) {
            let memory = Memory::new(cap);
            let mut held = Vec::new();
            for size in sizes {
                if memory.try_take(size) {
                    held.push(size);
                } else if let Some(oldest) = held.pop() {
                    memory.give_back(oldest);
                }
                prop_assert_eq!(memory.used_bytes(), held.iter().sum::<u64>());
                prop_assert!(memory.used_bytes() <= cap || held.len() == 1);
            }
        }
    }
}
