//! What the broker does wrong on purpose, and its own books of that: so that a checker of its clients can be tried.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the broker does wrong. By default nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Misdeeds {
    /// Every n-th batch is acknowledged but not stored, as after an unclean leader election. The next batch gets its offsets.
    pub forgets_every: Option<NonZeroU64>,
    /// After every n-th Produce request is stored, the connection is closed instead of answering.
    pub cuts_every: Option<NonZeroU64>,
    /// By how much the high watermark lags behind what is stored, as with a slow follower.
    pub shows_after: Duration,
    /// The delay of each Produce response, as on a slow network.
    pub answers_after: Duration,
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Events that it acknowledged and forgot.
    pub forgotten: u64,
    /// Events that it stored and did not acknowledge.
    pub unanswered: u64,
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    batches: AtomicU64,
    requests: AtomicU64,
    forgotten: AtomicU64,
    unanswered: AtomicU64,
}

impl Books {
    /// Whether to forget the next batch.
    pub(super) fn forgets(&self, misdeeds: &Misdeeds) -> bool {
        is_next(misdeeds.forgets_every, &self.batches)
    }

    /// A batch of this many events was forgotten.
    pub(super) fn forgot(&self, events: u64) {
        self.forgotten.fetch_add(events, Ordering::AcqRel);
    }

    /// Whether to close the connection instead of answering the next request. `events` is how many it stored.
    pub(super) fn cuts(&self, misdeeds: &Misdeeds, events: u64) -> bool {
        let cuts = events > 0 && is_next(misdeeds.cuts_every, &self.requests);
        self.unanswered.fetch_add(if cuts { events } else { 0 }, Ordering::AcqRel);
        cuts
    }

    pub(super) fn done(&self) -> Done {
        let of = |count: &AtomicU64| count.load(Ordering::Acquire);
        Done { forgotten: of(&self.forgotten), unanswered: of(&self.unanswered) }
    }
}

/// Counts one more, and whether it is an n-th one: 1 to n - 1 are spared, so a client's first request always works.
fn is_next(every: Option<NonZeroU64>, counted: &AtomicU64) -> bool {
    every.is_some_and(|every| (counted.fetch_add(1, Ordering::AcqRel) + 1).is_multiple_of(every.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_so_many_is_done_wrong_and_its_events_are_in_the_books() {
        let (books, misdeeds) =
            (Books::default(), Misdeeds { forgets_every: NonZeroU64::new(3), ..Misdeeds::default() });
        let forgotten: Vec<bool> = (1..=7).map(|_| books.forgets(&misdeeds)).collect();
        assert_eq!(forgotten, [false, false, true, false, false, true, false]);
        books.forgot(9);
        assert!(!books.cuts(&misdeeds, 5));
        let cutting = Misdeeds { cuts_every: NonZeroU64::new(2), ..Misdeeds::default() };
        assert_eq!([0, 5, 6].map(|events| books.cuts(&cutting, events)), [false, false, true]);
        assert_eq!(books.done(), Done { forgotten: 9, unanswered: 6 });
    }
}
