//! The thread that accounts for one sink's events: it learns the outcome of each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Duration;

use super::client::Deliveries;
use super::figures::{AckFigures, FiguresTo, Unacknowledged, Waiting};
use super::plan::StreamPlan;
use super::worker::Note;
use crate::by_the_second::{ByTheSecond, Figures};
use crate::check::ProducedRecorder;
use crate::kafka::{Delivery, Outcome, Outgoing, TransactionOutcome, outcome_text};
use crate::latency::{ByPhase, LatencyHistogram};
use crate::mergeable::Merge;
use crate::profile::Delivery as Guarantee;

/// How long to wait for the next report before checking everything else.
const POLL: Duration = Duration::from_millis(100);
/// The same with transactions: their end comes as a note, and is timed when that is read.
const POLL_FOR_NOTES: Duration = Duration::from_millis(50);
/// How often to look at what waits for an acknowledgement: a dead broker is to be seen within two seconds.
const LOOK_NS: u64 = 250_000_000;

/// The outcome of a sink's events.
#[derive(Debug)]
pub struct AckReport {
    /// The ledger; one recorder for each sink, each with logical producers of its own.
    pub ledger: ProducedRecorder,
    /// From handed over to acknowledged (with exactly-once: to committed), without the warm-up.
    pub sent_to_acked: LatencyHistogram,
    /// The same for each phase in which events were due.
    pub(crate) sent_to_acked_by_phase: ByPhase,
    /// How many sends ended in which error, by the client's text.
    pub errors: BTreeMap<String, u64>,
    /// By the second of the run: the longest that a broker asked the client to wait, in milliseconds.
    pub throttled_ms: BTreeMap<u64, u64>,
    /// The last error that concerned no single event, such as a broker that cannot be reached.
    pub last_error: Option<String>,
    /// Why the client stopped for good, if it did.
    pub fatal: Option<String>,
}

pub(super) struct Acks {
    deliveries: Deliveries,
    notes: Receiver<Note>,
    seconds: Sender<Figures<AckFigures>>,
    waits: Sender<Waiting>,
    /// The client's name among those of the stream.
    client: u16,
    looked_ns: u64,
    plan: Arc<StreamPlan>,
    books: Books,
}

/// The accounts themselves, apart from where the reports come from.
struct Books {
    report: AckReport,
    second: ByTheSecond<AckFigures>,
    /// Written, but in a transaction that has not ended.
    uncommitted: Vec<(Outgoing, i64)>,
    /// When the last acknowledgement came (with exactly-once: the last commit), in nanoseconds since 1970; 0 before the first.
    last_ack_ns: u64,
    /// The events of a batch are sent together and mostly acknowledged together.
    alike: Option<Alike>,
}

/// A latency, and how many events of one phase had it in a row.
#[derive(Debug, Clone, Copy)]
struct Alike {
    took_ns: i64,
    phase: Option<u8>,
    times: u64,
}

impl Acks {
    pub(super) fn new(
        deliveries: Deliveries,
        notes: Receiver<Note>,
        figures: &FiguresTo,
        client: u16,
        plan: Arc<StreamPlan>,
    ) -> Self {
        let ledger = ProducedRecorder::default();
        let report = AckReport {
            ledger,
            sent_to_acked: LatencyHistogram::default(),
            sent_to_acked_by_phase: ByPhase::default(),
            errors: BTreeMap::new(),
            throttled_ms: BTreeMap::new(),
            last_error: None,
            fatal: None,
        };
        let books = Books::new(report);
        let FiguresTo { acks, waits, .. } = figures;
        Acks { deliveries, notes, seconds: acks.clone(), waits: waits.clone(), client, looked_ns: 0, plan, books }
    }

    /// Keeps the accounts until the worker is done.
    pub(super) fn run(mut self) -> AckReport {
        let poll = if self.plan.delivery == Guarantee::ExactlyOnce { POLL_FOR_NOTES } else { POLL };
        while !self.read_notes() {
            self.hear(poll);
            self.note_throttling();
            self.hand_in_second();
            self.hand_in_waiting();
        }
        // Reports that arrived between the worker's last look and its note.
        while self.hear(Duration::ZERO) {}
        for event in self.deliveries.still_in_flight() {
            self.books.report.ledger.unresolved(event.producer, event.sequence, event.attempt);
            *self.books.report.errors.entry("no answer before the end of the run".to_owned()).or_default() += 1;
        }
        // A transaction whose end was never reported: written, perhaps visible.
        self.books.end_transaction(&TransactionOutcome::Unknown("the run ended".to_owned()), 0);
        self.books.record_alike();
        let Books { mut report, second, .. } = self.books;
        let (second, figures) = second.last();
        report.sent_to_acked.merge(figures.sent_to_acked.clone());
        let _unheard = self.seconds.send(Figures { stream: self.plan.stream, second, figures });
        let (stream, client) = (self.plan.stream, self.client);
        let _unheard = self.waits.send(Waiting { stream, client, unacknowledged: Unacknowledged::default() });
        report.last_error = self.deliveries.last_error().map(str::to_owned);
        report.fatal = self.deliveries.fatal().map(str::to_owned);
        report
    }

    fn hear(&mut self, timeout: Duration) -> bool {
        let Acks { deliveries, plan, books, notes, .. } = self;
        let is_transactional = plan.delivery == Guarantee::ExactlyOnce;
        let mut now_ns = None;
        deliveries.poll(timeout, |delivery| {
            // One reading of the clock for each group of reports: they came together. The end of the transaction before was noted before
            // the first of these was sent, so its note is there already.
            let now_ns = *now_ns.get_or_insert_with(|| {
                let now_ns = plan.clock.now_ns();
                while let Ok(note) = notes.try_recv() {
                    books.take_note(note, now_ns);
                }
                now_ns
            });
            books.enter(delivery, is_transactional, now_ns);
        })
    }

    /// Reads the worker's notes. Returns whether it is done.
    fn read_notes(&mut self) -> bool {
        loop {
            match self.notes.try_recv() {
                Ok(note) => {
                    if self.books.take_note(note, self.plan.clock.now_ns()) {
                        return true;
                    }
                }
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    fn note_throttling(&mut self) {
        let waited_ms = self.deliveries.take_throttled_ms();
        if waited_ms > 0 {
            let second = self.plan.clock.now_ns().saturating_sub(self.plan.start_ns) / 1_000_000_000;
            let longest_ms = self.books.report.throttled_ms.entry(second).or_default();
            *longest_ms = waited_ms.max(*longest_ms);
        }
    }

    fn hand_in_second(&mut self) {
        let now_ns = self.plan.clock.now_ns().saturating_sub(self.plan.start_ns);
        if let Some((second, figures)) = self.books.over(now_ns) {
            let _unheard = self.seconds.send(Figures { stream: self.plan.stream, second, figures });
        }
    }

    /// Looks at what waits now. The ages are those of the events themselves, exact at this moment. Where a part cannot be seen now, the last
    /// figure stands until the next look.
    fn hand_in_waiting(&mut self) {
        let now_ns = self.plan.clock.now_ns();
        if now_ns.saturating_sub(self.looked_ns) < LOOK_NS {
            return;
        }
        let Some(in_flight) = self.deliveries.in_flight_now() else { return };
        self.looked_ns = now_ns;
        let unacknowledged = self.books.waiting(in_flight.map(|event| event.sent_ns), now_ns);
        let (stream, client) = (self.plan.stream, self.client);
        let _unheard = self.waits.send(Waiting { stream, client, unacknowledged });
    }
}

impl Books {
    fn new(report: AckReport) -> Self {
        Books { report, second: ByTheSecond::new(), uncommitted: Vec::new(), last_ack_ns: 0, alike: None }
    }

    fn enter(&mut self, delivery: Delivery, is_transactional: bool, now_ns: u64) {
        let Delivery { event, outcome } = delivery;
        match outcome {
            Outcome::Acked { offset } if is_transactional => self.uncommitted.push((event, offset)),
            Outcome::Acked { offset } => self.ack(event, offset, now_ns),
            Outcome::Failed(code) => self.fail(event, outcome_text(code)),
            Outcome::Unresolved(code) => self.leave_open(event, outcome_text(code)),
        }
    }

    fn ack(&mut self, event: Outgoing, offset: i64, now_ns: u64) {
        self.report.ledger.acked(
            event.producer,
            event.sequence,
            event.attempt,
            event.partition,
            offset.max(0).cast_unsigned(),
        );
        self.second.current.acked += 1;
        self.last_ack_ns = now_ns;
        if event.warmup {
            return;
        }
        let took_ns = now_ns.cast_signed() - event.sent_ns.cast_signed();
        match &mut self.alike {
            Some(alike) if (alike.took_ns, alike.phase) == (took_ns, event.phase) => alike.times += 1,
            _ => {
                self.record_alike();
                self.alike = Some(Alike { took_ns, phase: event.phase, times: 1 });
            }
        }
    }

    /// Records the latencies that were put aside.
    fn record_alike(&mut self) {
        if let Some(Alike { took_ns, phase, times }) = self.alike.take() {
            self.second.current.sent_to_acked.record_times(took_ns, times);
            self.report.sent_to_acked_by_phase.record(phase, took_ns, times);
        }
    }

    /// The second that has ended by `now_ns` after the start, if one has.
    fn over(&mut self, now_ns: u64) -> Option<(u64, AckFigures)> {
        self.record_alike();
        let over = self.second.over(now_ns)?;
        self.report.sent_to_acked.merge(over.1.sent_to_acked.clone());
        Some(over)
    }

    /// What waits, beside the events in flight that were sent at these moments: those of a transaction that goes on.
    fn waiting(&self, in_flight_sent_ns: impl Iterator<Item = u64>, now_ns: u64) -> Unacknowledged {
        let uncommitted = self.uncommitted.iter().map(|(event, _)| event.sent_ns);
        let first = (0_u64, now_ns);
        let (events, oldest_ns) = in_flight_sent_ns
            .chain(uncommitted)
            .fold(first, |(events, oldest_ns), sent_ns| (events + 1, oldest_ns.min(sent_ns)));
        let age_ns = now_ns - oldest_ns;
        Unacknowledged { events, oldest_ns: age_ns, silent_ns: age_ns.min(now_ns.saturating_sub(self.last_ack_ns)) }
    }

    fn fail(&mut self, event: Outgoing, reason: String) {
        self.report.ledger.failed(event.producer, event.sequence, event.attempt);
        self.second.current.failed += 1;
        *self.report.errors.entry(reason).or_default() += 1;
    }

    fn leave_open(&mut self, event: Outgoing, reason: String) {
        self.report.ledger.unresolved(event.producer, event.sequence, event.attempt);
        *self.report.errors.entry(reason).or_default() += 1;
    }

    /// Returns whether the worker is done.
    fn take_note(&mut self, note: Note, now_ns: u64) -> bool {
        match note {
            Note::Dropped(events) => {
                for event in events {
                    self.report.ledger.dropped(event.producer, event.sequence, event.attempt);
                }
            }
            Note::Failed(events) => {
                for (event, reason) in events {
                    self.fail(event, reason);
                }
            }
            Note::TransactionEnded(outcome) => self.end_transaction(&outcome, now_ns),
            Note::Done { planned } => {
                for (producer, taken) in planned {
                    self.report.ledger.planned(producer, taken.events);
                    self.report.ledger.planned_copies(producer, taken.copies);
                }
                return true;
            }
        }
        false
    }

    fn end_transaction(&mut self, outcome: &TransactionOutcome, now_ns: u64) {
        for (event, offset) in std::mem::take(&mut self.uncommitted) {
            match outcome {
                TransactionOutcome::Committed => self.ack(event, offset, now_ns),
                TransactionOutcome::Aborted(reason) => {
                    self.fail(event, format!("its transaction was aborted: {reason}"))
                }
                TransactionOutcome::Unknown(reason) => {
                    self.leave_open(event, format!("the end of its transaction is not known: {reason}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Partition;

    fn books() -> Books {
        Books::new(AckReport {
            ledger: ProducedRecorder::default(),
            sent_to_acked: LatencyHistogram::default(),
            sent_to_acked_by_phase: ByPhase::default(),
            errors: BTreeMap::new(),
            throttled_ms: BTreeMap::new(),
            last_error: None,
            fatal: None,
        })
    }

    fn sent_at(sent_ns: u64) -> Outgoing {
        Outgoing {
            producer: 0,
            sequence: sent_ns,
            attempt: 0,
            partition: Partition::new(0),
            warmup: false,
            phase: None,
            sent_ns,
        }
    }

    #[test]
    fn the_age_of_what_waits_is_that_of_the_oldest_event() {
        let mut books = books();
        assert_eq!(books.waiting([].into_iter(), 1000), Unacknowledged::default());
        let waiting = books.waiting([700, 400, 900].into_iter(), 1000);
        assert_eq!(waiting, Unacknowledged { events: 3, oldest_ns: 600, silent_ns: 600 });
        books.enter(Delivery { event: sent_at(300), outcome: Outcome::Acked { offset: 0 } }, false, 950);
        let waiting = books.waiting([700, 400].into_iter(), 1000);
        assert_eq!(waiting, Unacknowledged { events: 2, oldest_ns: 600, silent_ns: 50 }, "others are acknowledged");
        // An acknowledgement long before anything was sent again is no silence.
        let waiting = books.waiting([4900].into_iter(), 5000);
        assert_eq!(waiting, Unacknowledged { events: 1, oldest_ns: 100, silent_ns: 100 });
    }

    #[test]
    fn an_event_waits_until_its_transaction_ends() {
        let mut books = books();
        books.enter(Delivery { event: sent_at(200), outcome: Outcome::Acked { offset: 0 } }, true, 300);
        let waiting = books.waiting([250].into_iter(), 1000);
        assert_eq!(waiting, Unacknowledged { events: 2, oldest_ns: 800, silent_ns: 800 });
        books.end_transaction(&TransactionOutcome::Committed, 990);
        let waiting = books.waiting([250].into_iter(), 1000);
        assert_eq!(waiting, Unacknowledged { events: 1, oldest_ns: 750, silent_ns: 10 });
    }
}
