//! What the broker does wrong on purpose, and its own books of that: so that a checker of its clients can be tried.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the broker does wrong. By default nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Misdeeds {
    /// One of so many batches is acknowledged and not there: as with a leader that lies, or a new one whose log is shorter. Its offsets are given
    /// again to the next batch.
    pub forgets_one_in: Option<NonZeroU64>,
    /// One of so many Produce requests is carried out, and its connection closed before the answer.
    pub cuts_one_in: Option<NonZeroU64>,
    /// How long what is stored stays above the high watermark, as while a follower lags.
    pub shows_after: Duration,
    /// How long the answer to a Produce request waits, as on a slow network.
    pub answers_after: Duration,
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Events that it acknowledged and forgot.
    pub forgotten: u64,
    /// Events that it stored without saying so.
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
    /// Whether the next batch, of so many events, is forgotten.
    pub(super) fn forgets(&self, misdeeds: &Misdeeds, events: u64) -> bool {
        is_next(misdeeds.forgets_one_in, &self.batches, &self.forgotten, events)
    }

    /// Whether the next request, with so many events that were stored, stays without an answer.
    pub(super) fn cuts(&self, misdeeds: &Misdeeds, events: u64) -> bool {
        events > 0 && is_next(misdeeds.cuts_one_in, &self.requests, &self.unanswered, events)
    }

    pub(super) fn done(&self) -> Done {
        let of = |count: &AtomicU64| count.load(Ordering::Acquire);
        Done { forgotten: of(&self.forgotten), unanswered: of(&self.unanswered) }
    }
}

/// Counts, and tells whether it is the turn of this one. The first of each so many is spared: a client's first request finds a broker that works.
fn is_next(one_in: Option<NonZeroU64>, counted: &AtomicU64, done: &AtomicU64, events: u64) -> bool {
    let Some(one_in) = one_in else { return false };
    let number = counted.fetch_add(1, Ordering::AcqRel) + 1;
    let is_next = number.is_multiple_of(one_in.get());
    if is_next {
        done.fetch_add(events, Ordering::AcqRel);
    }
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_so_many_is_done_wrong_and_its_events_are_in_the_books() {
        let (books, misdeeds) =
            (Books::default(), Misdeeds { forgets_one_in: NonZeroU64::new(3), ..Misdeeds::default() });
        let forgotten: Vec<bool> = (1..=7).map(|events| books.forgets(&misdeeds, events)).collect();
        assert_eq!(forgotten, [false, false, true, false, false, true, false]);
        assert!(!books.cuts(&misdeeds, 5));
        assert_eq!(books.done(), Done { forgotten: 3 + 6, unanswered: 0 });
    }
}
