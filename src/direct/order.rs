//! The batches of one partition, in order: what is sent next, and what an answer means for those after it. Pure.
//!
//! A broker takes a batch only if its sequence follows the last one of this producer, and knows the last five again. So what was sent may be
//! sent again as it was: it is written once. Three rules keep the books true beside that:
//! - After a failure nothing is sent until every batch under way has been answered or its connection is gone; then they go again in order.
//! - Until a batch has been acknowledged, at the start and after each failure, only one is under way: a broker that knows nothing of the
//!   producer would take the second without the first. The same holds while one is left that may have been written before: the broker might
//!   forget it for what is written after it.
//! - A batch that may have been written is never sent under another sequence. If it cannot be sent as it was, nobody knows what became of it.
//!
//! What will never be written leaves a hole. While the broker can have nothing from there on, what follows takes the hole's sequences. Otherwise it
//! goes again as it was, and only a broker that then misses something makes the next epoch begin: there are few of them.

use std::collections::VecDeque;

use super::answers::Verdict;
use crate::kafka::{ErrorCode, Outcome};

/// How many batches a broker knows again, and so the most that are under way.
const MOST_UNDER_WAY: usize = 5;

/// Names a request.
pub(super) type RequestNumber = u64;

/// Which sequences a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) epoch: i16,
    pub(super) first: i32,
}

/// What is kept in order.
pub(super) trait Ordered {
    /// How many records it has.
    fn records(&self) -> i32;
    /// Whether its time is over.
    fn is_over(&self, now_ns: u64) -> bool;
    /// The same records in two batches; none if there is only one record.
    fn halves(&mut self) -> Option<[Self; 2]>
    where
        Self: Sized;
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written; the offset of its first record, if that is known.
    Written(Option<i64>),
    /// Certainly not written.
    Failed(ErrorCode),
    /// Written or not.
    Unresolved(ErrorCode),
}

impl Fate {
    /// What it means for the record at this place of the batch.
    pub(super) fn of_record(self, place: i64) -> Outcome {
        match self {
            Fate::Written(offset) => {
                Outcome::Acked { offset: offset.map_or(-1, |offset| offset.saturating_add(place)) }
            }
            Fate::Failed(code) => Outcome::Failed(code),
            Fate::Unresolved(code) => Outcome::Unresolved(code),
        }
    }
}

/// Where a batch stands among all that were ever stamped: its number, and how many records of that number are before it, where it was split.
type Place = (u64, i32);

#[derive(Debug)]
struct Sent<B> {
    batch: B,
    stamp: Stamp,
    place: Place,
    perhaps_written: bool,
    request: RequestNumber,
}

impl<B> Sent<B> {
    fn given_up(self, code: ErrorCode) -> (B, Fate) {
        (self.batch, if self.perhaps_written { Fate::Unresolved(code) } else { Fate::Failed(code) })
    }
}

/// One partition's batches.
#[derive(Debug)]
pub(super) struct Order<B> {
    epoch: i16,
    next_sequence: i32,
    stamped: u64,
    /// The last place that may have been written.
    perhaps_written_to: Place,
    waiting: VecDeque<B>,
    /// Sent before, and to be sent again as they were.
    again: VecDeque<Sent<B>>,
    under_way: VecDeque<Sent<B>>,
    /// A batch has failed since the last one was acknowledged with nothing missing before it.
    is_disturbed: bool,
    /// The broker has acknowledged a batch since the last disturbance.
    is_proven: bool,
    /// What was given up since nothing was under way: its place and first sequence.
    holes: Vec<(Place, i32)>,
    /// The broker misses something that will not come: a new epoch begins once nothing is under way.
    needs_new_epoch: bool,
}

/// Batches with what became of them.
pub(super) type Settled<B> = Vec<(B, Fate)>;

impl<B: Ordered> Order<B> {
    /// For a producer whose id begins at this epoch.
    pub(super) fn new(epoch: i16) -> Self {
        Order {
            epoch,
            next_sequence: 0,
            stamped: 0,
            perhaps_written_to: (0, 0),
            waiting: VecDeque::new(),
            again: VecDeque::new(),
            under_way: VecDeque::new(),
            is_disturbed: false,
            is_proven: false,
            holes: Vec::new(),
            needs_new_epoch: false,
        }
    }

    /// Adds the next batch.
    pub(super) fn push(&mut self, batch: B) {
        self.waiting.push_back(batch);
    }

    /// Whether a batch can be sent now.
    pub(super) fn is_ready(&self) -> bool {
        self.has_room() && !(self.again.is_empty() && self.waiting.is_empty())
    }

    /// Whether a batch could be sent if there were one.
    pub(super) fn has_room(&self) -> bool {
        // After a failure that means: once nothing is under way.
        let most = if self.is_proven { MOST_UNDER_WAY } else { 1 };
        self.under_way.len() < most && !self.is_used_up()
    }

    /// Whether batches wait that are complete.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.again.is_empty()
    }

    /// Whether every batch has been settled.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && !self.has_waiting()
    }

    /// Whether batches have been sent and not answered.
    pub(super) fn has_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Whether no epoch is left.
    pub(super) fn is_used_up(&self) -> bool {
        self.epoch == i16::MAX
    }

    /// What is sent next goes to a broker that may know nothing of the producer.
    pub(super) fn is_led_by_another(&mut self) {
        self.is_proven = false;
    }

    /// Every batch that has not been settled.
    pub(super) fn all(&self) -> impl Iterator<Item = &B> {
        let sent = self.under_way.iter().chain(&self.again).map(|sent| &sent.batch);
        sent.chain(&self.waiting)
    }

    /// Takes the next batch into a request, with its sequences.
    pub(super) fn send_next(&mut self, request: RequestNumber) -> Option<(&mut B, Stamp)> {
        if !self.is_ready() {
            return None;
        }
        let sent = match self.again.pop_front() {
            Some(sent) => Sent { request, ..sent },
            None => self.stamp_next(request)?,
        };
        self.under_way.push_back(sent);
        self.under_way.back_mut().map(|sent| (&mut sent.batch, sent.stamp))
    }

    fn stamp_next(&mut self, request: RequestNumber) -> Option<Sent<B>> {
        let batch = self.waiting.pop_front()?;
        let stamp = Stamp { epoch: self.epoch, first: self.next_sequence };
        // From the largest number they go on at 0.
        self.next_sequence = self.next_sequence.wrapping_add(batch.records()) & i32::MAX;
        self.stamped += 1;
        Some(Sent { batch, stamp, place: (self.stamped, 0), perhaps_written: false, request })
    }

    /// Takes in what became of the batch of a request.
    pub(super) fn answer(&mut self, request: RequestNumber, verdict: Verdict, settled: &mut Settled<B>) {
        let Some(at) = self.under_way.iter().position(|sent| sent.request == request) else { return };
        let Some(sent) = self.under_way.remove(at) else { return };
        match verdict {
            Verdict::Written { offset } => {
                self.is_proven |= !self.is_disturbed && !self.again.iter().any(|sent| sent.perhaps_written);
                self.may_have(&sent);
                settled.push((sent.batch, Fate::Written(offset)));
            }
            Verdict::Again { perhaps_written } => {
                self.disturb();
                let sent = self.doubted(sent, perhaps_written);
                self.put_back(sent);
            }
            Verdict::Gap => {
                // Behind a batch that failed that is to be expected.
                self.needs_new_epoch |= !self.is_disturbed;
                self.disturb();
                self.put_back(sent);
            }
            Verdict::TooLarge => self.split(sent, settled),
            Verdict::Never { code, perhaps_written } => {
                let sent = self.doubted(sent, perhaps_written);
                self.give_up(sent, code, settled);
            }
        }
        self.resume_when_drained(settled);
    }

    /// The broker may have this batch.
    fn may_have(&mut self, sent: &Sent<B>) {
        self.perhaps_written_to = self.perhaps_written_to.max(sent.place);
    }

    fn doubted(&mut self, sent: Sent<B>, perhaps_written: bool) -> Sent<B> {
        if perhaps_written {
            self.may_have(&sent);
        }
        Sent { perhaps_written: sent.perhaps_written || perhaps_written, ..sent }
    }

    /// Its sequences stay without a batch.
    fn give_up(&mut self, sent: Sent<B>, code: ErrorCode, settled: &mut Settled<B>) {
        self.disturb();
        self.holes.push((sent.place, sent.stamp.first));
        settled.push(sent.given_up(code));
    }

    /// Both halves go in its place, unless there are none or it was written all the same.
    fn split(&mut self, mut sent: Sent<B>, settled: &mut Settled<B>) {
        let halves = if sent.perhaps_written { None } else { sent.batch.halves() };
        let Some([first, second]) = halves else {
            return self.give_up(sent, ErrorCode::MessageSizeTooLarge, settled);
        };
        self.disturb();
        let before = first.records();
        let stamp = Stamp { first: sent.stamp.first.wrapping_add(before) & i32::MAX, ..sent.stamp };
        let place = (sent.place.0, sent.place.1 + before);
        self.put_back(Sent { batch: first, ..sent });
        self.put_back(Sent { batch: second, stamp, place, ..sent });
    }

    fn disturb(&mut self) {
        (self.is_disturbed, self.is_proven) = (true, false);
    }

    fn put_back(&mut self, sent: Sent<B>) {
        let at = self.again.partition_point(|other| other.place < sent.place);
        self.again.insert(at, sent);
    }

    /// Once nothing is under way, what failed can go again.
    fn resume_when_drained(&mut self, settled: &mut Settled<B>) {
        if !self.is_disturbed || !self.under_way.is_empty() {
            return;
        }
        self.is_disturbed = false;
        // From here on the broker has nothing.
        let hole = self.holes.drain(..).filter(|(place, _)| *place > self.perhaps_written_to).min();
        if std::mem::take(&mut self.needs_new_epoch) {
            self.begin_epoch(settled);
        } else if let Some((place, first)) = hole {
            self.close_hole(place, first);
        }
    }

    /// Nothing is under way, and the broker has nothing from this place on: what follows takes these sequences.
    fn close_hole(&mut self, place: Place, first: i32) {
        self.next_sequence = first;
        let at = self.again.partition_point(|sent| sent.place < place);
        for sent in self.again.drain(at..).rev() {
            self.waiting.push_front(sent.batch);
        }
    }

    /// Nothing is under way: what was certainly not written gets new sequences, and the rest is not known.
    fn begin_epoch(&mut self, settled: &mut Settled<B>) {
        self.epoch = self.epoch.saturating_add(1);
        self.next_sequence = 0;
        let (open, certain): (Vec<_>, Vec<_>) = self.again.drain(..).partition(|sent| sent.perhaps_written);
        let not_known = Fate::Unresolved(ErrorCode::OutOfOrderSequenceNumber);
        settled.extend(open.into_iter().map(|sent| (sent.batch, not_known)));
        for sent in certain.into_iter().rev() {
            self.waiting.push_front(sent.batch);
        }
    }

    /// Gives up on batches whose time is over, except those under way.
    pub(super) fn expire(&mut self, now_ns: u64, settled: &mut Settled<B>) {
        self.settle_unsent(|batch| batch.is_over(now_ns), ErrorCode::MessageTimedOut, settled);
    }

    /// Gives up on all that is not under way.
    pub(super) fn abandon(&mut self, code: ErrorCode, settled: &mut Settled<B>) {
        self.settle_unsent(|_| true, code, settled);
    }

    fn settle_unsent(&mut self, is_given_up: impl Fn(&B) -> bool, code: ErrorCode, settled: &mut Settled<B>) {
        while self.again.front().is_some_and(|sent| is_given_up(&sent.batch))
            && let Some(sent) = self.again.pop_front()
        {
            settled.push(sent.given_up(code));
        }
        while self.waiting.front().is_some_and(&is_given_up)
            && let Some(batch) = self.waiting.pop_front()
        {
            settled.push((batch, Fate::Failed(code)));
        }
    }
}

#[cfg(test)]
mod laws;
