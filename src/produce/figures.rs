//! What each thread measured in one second, handed over every second.

use crate::check::{LatencyHistogram, Merge};

/// A worker's figures for one second.
#[derive(Debug, Clone, Default)]
pub struct SendFigures {
    /// How many sends were due?
    pub due: u64,
    /// How many were handed to the client?
    pub sent: u64,
    /// How many bytes of keys and payloads was that?
    pub sent_bytes: u64,
    /// How far behind schedule was the next event at the end of the second, in nanoseconds? 0 when none was due.
    pub behind_ns: u64,
    /// How many were dropped because the queue was full?
    pub dropped: u64,
    /// How late were they handed over?
    pub due_to_sent: LatencyHistogram,
    /// How late were they because of the generator itself, not of a client whose queue was full?
    pub own_lateness: LatencyHistogram,
}

/// The outcome of events in one second.
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
        let SendFigures { due, sent, sent_bytes, behind_ns, dropped, due_to_sent, own_lateness } = other;
        self.due += due;
        self.sent += sent;
        self.sent_bytes += sent_bytes;
        self.behind_ns = self.behind_ns.max(behind_ns);
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
