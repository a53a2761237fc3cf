//! What each thread measured in one second, handed over on the second.

use crate::check::{LatencyHistogram, Merge};

/// A worker's second.
#[derive(Debug, Clone, Default)]
pub struct SendFigures {
    /// How many sends were due?
    pub due: u64,
    /// How many were handed to the client?
    pub sent: u64,
    /// How many bytes of keys and payloads was that?
    pub sent_bytes: u64,
    /// How many were dropped because the queue was full?
    pub dropped: u64,
    /// How late were they handed over?
    pub due_to_sent: LatencyHistogram,
    /// How late were they because of the generator itself, not of a client that took nothing?
    pub own_lateness: LatencyHistogram,
}

/// What became of events in one second.
#[derive(Debug, Clone, Default)]
pub struct AckFigures {
    /// How many sends were acknowledged?
    pub acked: u64,
    /// How many failed?
    pub failed: u64,
    /// How long did the acknowledgements take?
    pub sent_to_acked: LatencyHistogram,
}

impl Merge for SendFigures {
    fn merge(&mut self, other: Self) {
        let SendFigures { due, sent, sent_bytes, dropped, due_to_sent, own_lateness } = other;
        self.due += due;
        self.sent += sent;
        self.sent_bytes += sent_bytes;
        self.dropped += dropped;
        self.due_to_sent.merge(due_to_sent);
        self.own_lateness.merge(own_lateness);
    }
}

impl Merge for AckFigures {
    fn merge(&mut self, other: Self) {
        let AckFigures { acked, failed, sent_to_acked } = other;
        self.acked += acked;
        self.failed += failed;
        self.sent_to_acked.merge(sent_to_acked);
    }
}

/// One thread's second of one stream.
#[derive(Debug, Clone)]
pub struct Figures<T> {
    /// The stream's position in the profile.
    pub stream: usize,
    /// The second, counted from the start of the run.
    pub second: u64,
    /// What was measured.
    pub figures: T,
}

/// Collects a thread's figures and gives them away when their second is over.
#[derive(Debug)]
pub(crate) struct ByTheSecond<T> {
    second: u64,
    pub(crate) current: T,
}

impl<T: Default> ByTheSecond<T> {
    pub(crate) fn new() -> Self {
        ByTheSecond { second: 0, current: T::default() }
    }

    /// The figures of the second that was over when it is `now_ns` from the start of the run.
    pub(crate) fn over(&mut self, now_ns: u64) -> Option<(u64, T)> {
        let second = now_ns / 1_000_000_000;
        (second > self.second).then(|| {
            let over = std::mem::replace(&mut self.second, second);
            (over, std::mem::take(&mut self.current))
        })
    }

    /// The figures of the second that is not over.
    pub(crate) fn last(self) -> (u64, T) {
        (self.second, self.current)
    }
}
