//! What each thread measured in one second, handed over every second.

use std::sync::mpsc::Sender;

use crate::by_the_second::Figures;
use crate::latency::LatencyHistogram;
use crate::mergeable::Merge;

/// Where the threads' figures go, second by second.
#[derive(Debug, Clone)]
pub struct FiguresTo {
    /// The workers'.
    pub sends: Sender<Figures<SendFigures>>,
    /// The acknowledgements'.
    pub acks: Sender<Figures<AckFigures>>,
    /// What waits for an acknowledgement, several times a second.
    pub waits: Sender<Waiting>,
}

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

/// What clients were handed and have not answered for, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unacknowledged {
    /// How many events wait for an acknowledgement, or for the end of their transaction?
    pub events: u64,
    /// How long has the oldest of them waited, in nanoseconds? 0 when none waits.
    pub oldest_ns: u64,
    /// For how long has there been no acknowledgement although events waited, in nanoseconds?
    pub silent_ns: u64,
}

/// What one client was handed and has not answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The stream's position in the profile.
    pub stream: usize,
    /// Which of the stream's clients: its first logical producer.
    pub client: u16,
    /// What waits.
    pub unacknowledged: Unacknowledged,
}

impl Merge for Unacknowledged {
    /// A stream is silent only for as long as all of its clients that wait for something are.
    fn merge(&mut self, other: Self) {
        let Unacknowledged { events, oldest_ns, silent_ns } = other;
        if events > 0 {
            self.silent_ns = if self.events > 0 { self.silent_ns.min(silent_ns) } else { silent_ns };
        }
        self.events += events;
        self.oldest_ns = self.oldest_ns.max(oldest_ns);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_silent_only_when_all_of_its_clients_that_wait_are() {
        let dead = Unacknowledged { events: 7, oldest_ns: 9, silent_ns: 8 };
        let alive = Unacknowledged { events: 2, oldest_ns: 1, silent_ns: 1 };
        let idle = Unacknowledged::default();
        let merged = |parts: &[Unacknowledged]| {
            parts.iter().fold(Unacknowledged::default(), |mut all, part| {
                all.merge(*part);
                all
            })
        };
        assert_eq!(merged(&[idle, dead, idle]), dead);
        assert_eq!(merged(&[dead, alive]), Unacknowledged { events: 9, oldest_ns: 9, silent_ns: 1 });
        assert_eq!(merged(&[alive, dead]), merged(&[dead, alive]));
    }
}
