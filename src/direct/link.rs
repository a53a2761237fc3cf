//! A broker as the sending thread sees it: its connection, what is to be written to it, and what it owes an answer.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use kafka_protocol::messages::{ApiKey, ProduceResponse};

use super::cluster::Linked;
use super::options::Options;
use super::order::RequestNumber;
use super::wire::{Connection, Head, Produced, WireError, produce_head};

/// The most pieces that are written at once.
const PIECES: usize = 64;
/// A broker is given at least that long for an answer, however little life is left to a batch: a connection that is given up takes every other
/// request on it along.
const LEAST_PATIENCE_NS: u64 = 2_000_000_000;

/// A request that has not been answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) number: RequestNumber,
    correlation: i32,
    /// The partitions of its batches.
    pub(super) partitions: Vec<usize>,
    sent_ns: u64,
    /// Without an answer by then the connection is given up.
    deadline_ns: u64,
    /// How many bytes were to be written before it.
    begins_at: u64,
}

/// Bytes to be written: of a request's own, or of a batch.
#[derive(Debug)]
enum Piece {
    Own(Vec<u8>),
    Batch(Arc<Vec<u8>>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Own(bytes) => bytes,
            Piece::Batch(bytes) => bytes,
        }
    }
}

/// A batch in a request.
pub(super) struct Sealed {
    pub(super) partition: usize,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) over_ns: u64,
}

/// A connection that is in use.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    version: i16,
    out: VecDeque<Piece>,
    /// How much of the first piece has been written.
    out_at: usize,
    queued_bytes: u64,
    written_bytes: u64,
    pub(super) asked: VecDeque<Asked>,
    /// The broker wants nothing before that.
    pub(super) muted_until_ns: u64,
}

/// What an answer says.
pub(super) struct Answered {
    pub(super) asked: Asked,
    pub(super) produced: Vec<Produced>,
    pub(super) throttled_ms: u64,
}

impl Linked for Link {
    fn over(connection: Connection) -> Result<Self, WireError> {
        let version = connection.version(ApiKey::Produce)?;
        let connection = connection.without_waiting()?;
        let (out, asked) = (VecDeque::new(), VecDeque::new());
        Ok(Link { connection, version, out, out_at: 0, queued_bytes: 0, written_bytes: 0, asked, muted_until_ns: 0 })
    }

    fn owes(&self) -> bool {
        !self.asked.is_empty()
    }
}

impl Link {
    /// Whether another request may be sent.
    pub(super) fn has_room(&self, options: &Options, now_ns: u64) -> bool {
        self.asked.len() < options.requests && self.muted_until_ns <= now_ns
    }

    /// Whether there is something to write.
    pub(super) fn wants_to_write(&self) -> bool {
        !self.out.is_empty()
    }

    /// Sends batches of different partitions in one request.
    pub(super) fn ask(&mut self, number: RequestNumber, batches: Vec<Sealed>, options: &Options, now_ns: u64) {
        let correlation = self.connection.next_correlation();
        let sizes: Vec<(i32, usize)> = batches.iter().map(|of| (of.partition as i32, of.bytes.len())).collect();
        let head = Head {
            version: self.version,
            correlation,
            client_id: &options.connect.client_id,
            topic: &options.topic,
            acks: -1,
            timeout_ms: options.request_timeout_ms,
        };
        let (head, before) = produce_head(&head, &sizes);
        let over_ns = batches.iter().map(|of| of.over_ns).min();
        let deadline_ns = deadline_ns(now_ns, over_ns, options.answer_within_ns);
        let partitions = batches.iter().map(|of| of.partition).collect();
        self.asked.push_back(Asked {
            number,
            correlation,
            partitions,
            sent_ns: now_ns,
            deadline_ns,
            begins_at: self.queued_bytes,
        });
        self.push(Piece::Own(head));
        for (before, batch) in before.into_iter().zip(batches) {
            self.push(Piece::Own(before.to_vec()));
            self.push(Piece::Batch(batch.bytes));
        }
    }

    fn push(&mut self, piece: Piece) {
        self.queued_bytes += piece.bytes().len() as u64;
        self.out.push_back(piece);
    }

    /// Writes what is taken at once.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) fn write(&mut self) -> Result<(), WireError> {
        while !self.out.is_empty() {
            let slices: Vec<IoSlice<'_>> = unwritten(&self.out, self.out_at).map(IoSlice::new).collect();
            let written = self.connection.write(&slices)?;
            if written == 0 {
                break;
            }
            self.has_written(written);
        }
        Ok(())
    }

    fn has_written(&mut self, mut written: usize) {
        self.written_bytes += written as u64;
        while let Some(first) = self.out.front() {
            let left = first.bytes().len() - self.out_at;
            if written < left {
                self.out_at += written;
                return;
            }
            written -= left;
            self.out_at = 0;
            self.out.pop_front();
        }
    }

    /// Reads what has come, and hands over each answer.
    ///
    /// # Errors
    /// When the connection has ended, or an answer makes no sense.
    pub(super) fn read(&mut self, mut answered: impl FnMut(Answered)) -> Result<(), WireError> {
        let (_, ended) = self.connection.drain();
        // Answers that came before the end are answers.
        while let Some(answer) = self.connection.next_answer()? {
            let expected = self.asked.front().map(|asked| asked.correlation);
            if expected != Some(answer.correlation) {
                return Err(self
                    .connection
                    .malformed(format!("it answers request {}, which is not the next one", answer.correlation)));
            }
            let read: ProduceResponse = self.connection.understood(ApiKey::Produce, self.version, answer.body)?;
            let produced: Vec<Produced> = Produced::all_of(&read).collect();
            if let Some(asked) = self.asked.pop_front() {
                let throttled_ms = u64::try_from(read.throttle_time_ms).unwrap_or(0);
                answered(Answered { asked, produced, throttled_ms });
            }
        }
        ended.map_or(Ok(()), Err)
    }

    /// The broker wants nothing for so long; what it said before still holds.
    pub(super) fn mute(&mut self, throttled_ms: u64, now_ns: u64) {
        let until_ns = now_ns.saturating_add(throttled_ms.saturating_mul(1_000_000));
        self.muted_until_ns = self.muted_until_ns.max(until_ns);
    }

    /// How long the broker has been silent, if that is too long.
    pub(super) fn silent_ns(&self, now_ns: u64) -> Option<u64> {
        let late = self.asked.iter().find(|asked| asked.deadline_ns <= now_ns)?;
        Some(now_ns.saturating_sub(late.sent_ns))
    }

    /// The oldest request, if it was sent before that.
    pub(super) fn slow_since(&self, before_ns: u64) -> Option<&Asked> {
        self.asked.front().filter(|asked| asked.sent_ns <= before_ns)
    }

    /// Whether any part of a request may have reached the broker.
    pub(super) fn may_have_reached(&self, asked: &Asked) -> bool {
        self.written_bytes > asked.begins_at
    }
}

/// Until when an answer is waited for, to a request whose first batch is over at `over_ns`: what may have been written is to be settled about then.
fn deadline_ns(now_ns: u64, over_ns: Option<u64>, answer_within_ns: u64) -> u64 {
    let over_ns = over_ns.unwrap_or(u64::MAX).max(now_ns.saturating_add(LEAST_PATIENCE_NS));
    over_ns.min(now_ns.saturating_add(answer_within_ns))
}

/// The bytes of the next pieces, of which the first has been written up to `at`.
fn unwritten(out: &VecDeque<Piece>, at: usize) -> impl Iterator<Item = &[u8]> {
    let from = std::iter::once(at).chain(std::iter::repeat(0));
    out.iter().zip(from).take(PIECES).map(|(piece, from)| piece.bytes().get(from..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_broker_has_time_to_answer_and_a_dead_one_holds_no_batch_for_long(
            now_ns in 0_u64..1 << 60,
            life_ns in prop_oneof![0..LEAST_PATIENCE_NS, 0..1_u64 << 40],
            answer_within_ns in prop_oneof![1..LEAST_PATIENCE_NS, 1..1_u64 << 40],
        ) {
            let patience_ns = deadline_ns(now_ns, Some(now_ns + life_ns), answer_within_ns) - now_ns;
            prop_assert!(patience_ns >= answer_within_ns.min(LEAST_PATIENCE_NS));
            prop_assert!(patience_ns <= answer_within_ns.min(life_ns.max(LEAST_PATIENCE_NS)));
        }
    }
}
