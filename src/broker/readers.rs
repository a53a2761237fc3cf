//! How far a partition's consumers have read: everything below may be dropped to make room.
//!
//! A fetch at an offset means that its sender has read everything below. With several consumers, the slowest counts: a pipeline under test
//! must not lose what the observer beside it has already read. A consumer is a connection. It stops counting when it closes, or when it has
//! not fetched from the partition for [`READER_PATIENCE`].

use std::time::{Duration, Instant};

/// After this time without a fetch, a connection is assumed to read something else.
pub(super) const READER_PATIENCE: Duration = Duration::from_secs(60);

/// A connection, unique among all that the broker has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReaderId(pub(super) u64);

#[derive(Debug)]
struct Mark {
    reader: ReaderId,
    read_below: i64,
    asked_at: Instant,
}

/// The consumers of one partition.
#[derive(Debug, Default)]
pub(super) struct Readers {
    marks: Vec<Mark>,
    /// The furthest position of consumers that no longer count.
    departed_below: i64,
    /// The lowest of these positions: a consumer that lost its connection comes back with another, and goes on there.
    left_at: Option<i64>,
}

impl Readers {
    /// Records that `reader` requests `offset`. Returns whether it has moved.
    pub(super) fn note(&mut self, reader: ReaderId, offset: i64, now: Instant) -> bool {
        if let Some(mark) = self.marks.iter_mut().find(|mark| mark.reader == reader) {
            let moved = mark.read_below != offset;
            mark.read_below = offset;
            mark.asked_at = now;
            return moved;
        }
        self.marks.push(Mark { reader, read_below: offset, asked_at: now });
        true
    }

    /// `reader` has gone.
    pub(super) fn leave(&mut self, reader: ReaderId) {
        self.retain(|mark| mark.reader != reader);
    }

    /// Everything below this offset was read by all consumers that count, or by any if none counts. While fewer than `readers` are reading,
    /// those that have left count, too: one of them will come back.
    pub(super) fn read_below(&mut self, readers: usize, now: Instant) -> i64 {
        self.retain(|mark| now.saturating_duration_since(mark.asked_at) <= READER_PATIENCE);
        let away = self.left_at.filter(|_| self.marks.len() < readers);
        self.marks.iter().map(|mark| mark.read_below).chain(away).min().unwrap_or(self.departed_below)
    }

    /// The offset below which every consumer, past or present, has read everything; none while fewer than `readers` are reading.
    pub(super) fn read_by_all(&self, readers: usize) -> Option<i64> {
        let read_now = self.marks.iter().map(|mark| mark.read_below);
        read_now.chain(self.left_at).min().filter(|_| self.marks.len() >= readers)
    }

    fn retain(&mut self, counts: impl Fn(&Mark) -> bool) {
        for departed in self.marks.extract_if(.., |mark| !counts(mark)) {
            self.departed_below = self.departed_below.max(departed.read_below);
            self.left_at = Some(self.left_at.map_or(departed.read_below, |left| left.min(departed.read_below)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_slowest_reader_counts(offsets in prop::collection::vec(0_i64..1_000, 1..8)) {
            let now = Instant::now();
            let mut readers = Readers::default();
            for (id, &offset) in (0..).zip(&offsets) {
                readers.note(ReaderId(id), offset, now);
            }
            prop_assert_eq!(readers.read_below(0, now), *offsets.iter().min().unwrap());
            // They leave one after another: the remaining ones count, and in the end the furthest.
            for (id, rest) in (0..).zip((0..offsets.len()).map(|gone| &offsets[gone + 1..])) {
                readers.leave(ReaderId(id));
                let expected = rest.iter().min().or(offsets.iter().max());
                prop_assert_eq!(Some(&readers.read_below(0, now)), expected);
            }
        }
    }

    #[test]
    fn what_is_read_by_all_waits_for_each_of_them() {
        let now = Instant::now();
        let mut readers = Readers::default();
        assert_eq!(readers.read_by_all(1), None);
        readers.note(ReaderId(1), 50, now);
        assert_eq!((readers.read_by_all(1), readers.read_by_all(2)), (Some(50), None));
        readers.note(ReaderId(2), 30, now);
        assert_eq!(readers.read_by_all(2), Some(30));
        // One loses its connection and comes back, while a stranger looks in: what it has not read is not read.
        readers.leave(ReaderId(2));
        assert_eq!(readers.read_by_all(2), None);
        readers.note(ReaderId(3), 90, now);
        assert_eq!(readers.read_by_all(2), Some(30));
    }

    #[test]
    fn who_will_come_back_counts_while_somebody_is_missing() {
        let now = Instant::now();
        let mut readers = Readers::default();
        readers.note(ReaderId(1), 50, now);
        readers.note(ReaderId(2), 30, now);
        readers.leave(ReaderId(2));
        assert_eq!((readers.read_below(2, now), readers.read_below(1, now)), (30, 50));
        readers.note(ReaderId(3), 30, now);
        readers.note(ReaderId(3), 40, now);
        assert_eq!(readers.read_below(2, now), 40);
    }

    #[test]
    fn a_reader_that_goes_back_counts_from_there() {
        let now = Instant::now();
        let mut readers = Readers::default();
        assert!(readers.note(ReaderId(1), 50, now));
        assert!(!readers.note(ReaderId(1), 50, now));
        assert!(readers.note(ReaderId(1), 20, now));
        assert_eq!(readers.read_below(0, now), 20);
    }

    #[test]
    fn a_reader_that_stopped_asking_does_not_count() {
        let now = Instant::now();
        let mut readers = Readers::default();
        readers.note(ReaderId(1), 10, now);
        let later = now + READER_PATIENCE * 2;
        readers.note(ReaderId(2), 90, later);
        assert_eq!(readers.read_below(0, later), 90);
    }

    #[test]
    fn what_no_one_has_read_is_not_read() {
        assert_eq!(Readers::default().read_below(0, Instant::now()), 0);
    }
}
