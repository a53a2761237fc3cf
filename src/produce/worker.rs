//! A worker: keeps the schedule of some logical producers of one stream.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

mod state;

pub(crate) use self::state::WorkerReport;
pub(super) use self::state::{State, Taken};
use super::ceiling::Ceiling;
use super::client::Sink;
use super::figures::SendFigures;
use super::pacer;
use super::plan::StreamPlan;
use crate::by_the_second::{ByTheSecond, Figures};
use crate::event::EventId;
use crate::kafka::{Outgoing, Rejection, TransactionOutcome, outcome_text};
use crate::load::{PlannedSend, ProducerCursor};
use crate::mergeable::Merge;
use crate::profile::{Delivery, WhenFull};
use crate::stop::StopFlag;

/// The most events that share one reading of the clock: writing them takes a few hundredths of a millisecond.
const BATCH_EVENTS: usize = 256;
/// The size in bytes at which a batch is handed over although it has fewer events: events can be large.
const BATCH_BYTES: usize = 4 << 20;
/// The longest wait before a worker checks again whether a full queue has room.
const ROOM_WAIT: Duration = Duration::from_millis(3);
/// How long a worker at the ceiling waits before it asks again: a twentieth of the ceiling's burst.
const CEILING_WAIT: Duration = Duration::from_micros(500);
/// Once the queue was full, wait for this much room.
const WORTH_WHILE: usize = 2048;
/// How long a commit may take before its outcome counts as unknown.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(60);
/// The shortest time that a commit is given.
const SHORTEST_COMMIT_TIMEOUT: Duration = Duration::from_secs(1);

/// What a worker reports to the thread that keeps the accounts, beside the client's reports.
#[derive(Debug)]
pub(super) enum Note {
    /// The queue was full, and the profile says drop.
    Dropped(Vec<Outgoing>),
    /// The client will never take these.
    Failed(Vec<(Outgoing, String)>),
    /// A transaction ended; everything reported since the last one shares its fate.
    TransactionEnded(TransactionOutcome),
    /// Nothing more will be sent: what was taken from each producer's schedule.
    Done { planned: BTreeMap<u16, Taken> },
}

/// One send, taken from the schedule.
#[derive(Debug, Clone, Copy)]
struct Staged {
    producer: u16,
    send: PlannedSend,
}

pub(super) struct Worker {
    pub(super) plan: Arc<StreamPlan>,
    pub(super) cursors: Vec<ProducerCursor>,
    pub(super) sink: Sink,
    pub(super) notes: Sender<Note>,
    pub(super) seconds: Sender<Figures<SendFigures>>,
    pub(super) stop: StopFlag,
    pub(super) ceiling: Option<Arc<Ceiling>>,
    pub(super) state: State,
}

/// Whether sending can continue at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// The client's queue is full.
    Full,
    /// The ceiling is reached.
    Capped,
}

impl Worker {
    /// Keeps the schedule to its end, to a stop, or until the client fails for good; then waits for events in flight.
    pub(super) fn run(mut self) -> WorkerReport {
        self.wait_for_start();
        if self.is_transactional() {
            self.begin_transaction();
        }
        while self.state.report.gave_up.is_none() && !self.stop.is_set() {
            let now_ns = self.now_ns();
            self.hand_in_second(now_ns);
            let flow = self.send_due(now_ns);
            self.commit_when_it_is_time();
            let due_ns = self.next_due_ns();
            if due_ns.is_none() && self.state.returned.is_empty() {
                break;
            }
            match flow {
                Flow::Full => self.wait_for_room(),
                Flow::Capped => self.wait_below_the_ceiling(),
                Flow::Open => {
                    let wake_ns = due_ns.into_iter().chain(self.commit_ns()).min();
                    std::thread::sleep(Duration::from_nanos(pacer::sleep_ns(self.now_ns(), wake_ns)));
                }
            }
            self.give_up_after_the_drain();
        }
        self.finish()
    }

    fn is_transactional(&self) -> bool {
        self.plan.delivery == Delivery::ExactlyOnce
    }

    /// Nanoseconds since the start of the run; 0 before it.
    fn now_ns(&self) -> u64 {
        self.plan.clock.now_ns().saturating_sub(self.plan.start_ns)
    }

    fn wait_for_start(&self) {
        while !self.stop.is_set() {
            let left_ns = self.plan.start_ns.saturating_sub(self.plan.clock.now_ns());
            if left_ns == 0 {
                return;
            }
            std::thread::sleep(Duration::from_nanos(left_ns.min(20_000_000)));
        }
    }

    fn next_due_ns(&mut self) -> Option<u64> {
        self.cursors.iter_mut().filter_map(ProducerCursor::due_ns).min()
    }

    /// Sends everything that is due by `now_ns`, slice by slice.
    fn send_due(&mut self, now_ns: u64) -> Flow {
        self.sink.take_back();
        let mut flow = self.send_returned();
        while flow == Flow::Open && self.state.taken_to_ns < now_ns {
            let end_ns = pacer::slice_end_ns(self.state.taken_to_ns, now_ns);
            flow = self.send_slice(end_ns);
            if flow == Flow::Open {
                self.state.taken_to_ns = end_ns;
            }
        }
        self.hand_over();
        if self.state.returned.is_empty() { flow } else { Flow::Full }
    }

    fn send_returned(&mut self) -> Flow {
        while let Some(staged) = self.state.returned.front().copied() {
            if !self.has_room() {
                return Flow::Full;
            }
            self.state.returned.pop_front();
            self.stage(staged);
        }
        Flow::Open
    }

    /// Whether the client can take one more event.
    fn has_room(&mut self) -> bool {
        if self.sink.room() == 0 {
            self.sink.take_back();
        }
        self.sink.room() > 0
    }

    fn send_slice(&mut self, end_ns: u64) -> Flow {
        for place in 0..self.cursors.len() {
            while self.cursors[place].due_ns().is_some_and(|due_ns| due_ns <= end_ns) {
                if self.sink.staged() == BATCH_EVENTS || self.sink.staged_bytes() >= BATCH_BYTES {
                    self.hand_over();
                }
                let has_room = self.state.returned.is_empty() && self.has_room();
                if !has_room && self.plan.when_full == WhenFull::Late {
                    return Flow::Full;
                }
                if self.ceiling.as_ref().is_some_and(|ceiling| !ceiling.allows()) {
                    return Flow::Capped;
                }
                let Some(staged) = self.take(place) else { break };
                if has_room {
                    self.stage(staged);
                } else {
                    self.drop_event(staged);
                }
            }
        }
        Flow::Open
    }

    /// Takes the next send of a producer from the schedule.
    fn take(&mut self, place: usize) -> Option<Staged> {
        let cursor = &mut self.cursors[place];
        let staged = Staged { producer: cursor.producer(), send: cursor.next()? };
        self.state.count_taken(place, &staged);
        Some(staged)
    }

    /// Writes an event into the batch.
    fn stage(&mut self, staged: Staged) {
        if self.sink.staged() == 0 {
            self.state.staged.clear();
            self.state.looked_ns = self.plan.clock.now_ns();
        }
        let sent_ns = self.state.looked_ns;
        let id = event_id(&self.plan, staged);
        let stamps = self.plan.stamps(&staged.send, sent_ns);
        let State { records, second, .. } = &mut self.state;
        let sent_bytes = &mut second.current.sent_bytes;
        self.sink.add(outgoing(&self.plan, staged, sent_ns), |out| {
            let written = records.write(out, id, &stamps, &staged.send);
            *sent_bytes += written.bytes() as u64;
            written
        });
        self.state.staged.push(staged);
    }

    /// Hands the batch to the client and records what it took.
    fn hand_over(&mut self) {
        if self.sink.staged() == 0 {
            return;
        }
        let sent_ns = self.state.looked_ns;
        let mut rejected = Vec::new();
        self.sink.hand_over(|place, rejection| rejected.push((place, rejection)));
        self.sink.take_back();
        let mut next_rejected = rejected.iter().peekable();
        let mut failed = Vec::new();
        let mut handed_over = std::mem::take(&mut self.state.staged);
        for (place, staged) in handed_over.drain(..).enumerate() {
            match next_rejected.next_if(|(rejected, _)| *rejected == place) {
                None => self.state.book(&self.plan, &staged, sent_ns),
                Some((_, Rejection::QueueFull)) => self.state.returned.push_back(staged),
                Some((_, Rejection::Never(code))) => {
                    failed.push((outgoing(&self.plan, staged, sent_ns), outcome_text(*code)))
                }
            }
        }
        self.state.staged = handed_over;
        if !failed.is_empty() {
            self.tell(Note::Failed(failed));
        }
    }

    fn drop_event(&mut self, staged: Staged) {
        self.state.report.queue_full += 1;
        self.state.second.current.dropped += 1;
        let event = outgoing(&self.plan, staged, 0);
        self.tell(Note::Dropped(vec![event]));
    }

    /// Waits until the client's queue has room, and remembers that the generator is not to blame for this time.
    fn wait_for_room(&mut self) {
        self.state.report.queue_full += 1;
        let before_ns = self.now_ns();
        // Room for a few events comes up again and again; filling it each time would cost a call for a handful.
        let deadline = Instant::now() + ROOM_WAIT;
        let worth_while = WORTH_WHILE.min(self.plan.capacity / 4).max(1);
        while self.sink.room() < worth_while && Instant::now() < deadline {
            self.sink.wait_for_room(ROOM_WAIT);
        }
        self.was_blocked_since(before_ns);
    }

    /// Waits for the ceiling. What it delays is late at the profile's request, and not by the generator's fault.
    fn wait_below_the_ceiling(&mut self) {
        let before_ns = self.now_ns();
        std::thread::sleep(CEILING_WAIT);
        self.state.blocked_until_ns = self.now_ns();
        self.state.report.capped_ns += self.state.blocked_until_ns - before_ns;
    }

    /// Gives up on a client that still takes nothing after the end of the schedule and the profile's drain.
    fn give_up_after_the_drain(&mut self) {
        let deadline_ns = self.plan.schedule.curve().end_ns().saturating_add(self.plan.drain_ns);
        if self.state.taken_to_ns < self.now_ns().saturating_sub(1_000_000_000) && self.now_ns() > deadline_ns {
            self.state.report.gave_up = Some("the client accepted no more events until the drain was over".to_owned());
        }
    }

    fn begin_transaction(&mut self) {
        if let Err(error) = self.sink.begin_transaction() {
            self.state.report.gave_up = Some(error.to_string());
        }
        self.state.transaction_began_ns = self.now_ns();
        self.state.transaction_events = 0;
    }

    /// When the open transaction is to be committed, if anything is in it.
    fn commit_ns(&self) -> Option<u64> {
        let is_open = self.is_transactional() && self.state.transaction_events > 0;
        is_open.then(|| self.state.transaction_began_ns.saturating_add(self.plan.transaction_ns))
    }

    fn commit_when_it_is_time(&mut self) {
        if self.commit_ns().is_some_and(|commit_ns| self.now_ns() >= commit_ns) {
            self.commit();
            if self.state.report.gave_up.is_none() {
                self.begin_transaction();
            }
        }
    }

    fn commit(&mut self) {
        let before_ns = self.now_ns();
        let outcome = self.sink.commit_transaction(self.commit_timeout(before_ns));
        if let TransactionOutcome::Unknown(reason) = &outcome {
            self.state.report.gave_up = Some(reason.clone());
        }
        self.tell(Note::TransactionEnded(outcome));
        self.was_blocked_since(before_ns);
    }

    /// A commit may take time, but not past the end of the drain: a dead broker is not waited for any longer.
    fn commit_timeout(&self, now_ns: u64) -> Duration {
        let schedule_end_ns = if self.stop.is_set() { now_ns } else { self.plan.schedule.curve().end_ns() };
        let left_ns = schedule_end_ns.saturating_add(self.plan.drain_ns).saturating_sub(now_ns);
        Duration::from_nanos(left_ns).clamp(SHORTEST_COMMIT_TIMEOUT, COMMIT_TIMEOUT)
    }

    fn was_blocked_since(&mut self, before_ns: u64) {
        self.state.blocked_until_ns = self.now_ns();
        self.state.report.held_back_ns += self.state.blocked_until_ns - before_ns;
    }

    fn hand_in_second(&mut self, now_ns: u64) {
        if let Some((second, mut figures)) = self.state.second.over(now_ns) {
            let returned_ns = self.state.returned.front().map(|staged| staged.send.due_ns);
            let next_ns = self.next_due_ns().into_iter().chain(returned_ns).min();
            figures.behind_ns = next_ns.map_or(0, |next_ns| now_ns.saturating_sub(next_ns));
            self.send_figures(second, figures);
        }
    }

    fn send_figures(&mut self, second: u64, figures: SendFigures) {
        self.state.report.sent_bytes += figures.sent_bytes;
        self.state.report.due_to_sent.merge(figures.due_to_sent.clone());
        self.state.report.own_lateness.merge(figures.own_lateness.clone());
        // Nobody receives this any more when the run is being torn down; the report still holds everything.
        let _unheard = self.seconds.send(Figures { stream: self.plan.stream, second, figures });
    }

    fn tell(&self, note: Note) {
        // The other end lives until it is told that this worker is done.
        let _unheard = self.notes.send(note);
    }

    /// Counts what was due and never sent, ends the transaction, and waits for what is in flight.
    fn finish(mut self) -> WorkerReport {
        self.hand_over();
        self.drop_the_rest();
        if self.is_transactional() && self.state.transaction_events > 0 && self.state.report.gave_up.is_none() {
            self.commit();
        }
        let deadline = Instant::now() + Duration::from_nanos(self.plan.drain_ns);
        while self.sink.in_flight() > 0 && Instant::now() < deadline && !self.stop.is_set_twice() {
            self.sink.wait_for_room(Duration::from_millis(50));
            // The last second of sending is over long before a slow target has acknowledged it.
            self.hand_in_second(self.now_ns());
        }
        let planned = std::mem::take(&mut self.state.planned).into_iter().collect();
        self.tell(Note::Done { planned });
        let (second, figures) = std::mem::replace(&mut self.state.second, ByTheSecond::new()).last();
        self.send_figures(second, figures);
        self.state.report
    }

    /// Accounts for every event that was due when a run is stopped early.
    fn drop_the_rest(&mut self) {
        let now_ns = self.now_ns();
        let mut rest: Vec<Staged> = self.state.returned.drain(..).collect();
        for place in 0..self.cursors.len() {
            while self.cursors[place].due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
                rest.extend(self.take(place));
            }
            // Events that the profile moved past this moment, and copies: they belong to what was taken.
            let producer = self.cursors[place].producer();
            for send in self.cursors[place].give_up_waiting() {
                let staged = Staged { producer, send };
                self.state.count_taken(place, &staged);
                rest.push(staged);
            }
        }
        let dropped: Vec<Outgoing> = rest.into_iter().map(|staged| outgoing(&self.plan, staged, 0)).collect();
        if !dropped.is_empty() {
            self.state.second.current.dropped += dropped.len() as u64;
            self.tell(Note::Dropped(dropped));
        }
    }
}

fn outgoing(plan: &StreamPlan, staged: Staged, sent_ns: u64) -> Outgoing {
    let Staged { producer, send } = staged;
    Outgoing {
        producer,
        sequence: send.sequence,
        attempt: send.attempt,
        partition: send.partition,
        warmup: send.due_ns < plan.warmup_ns,
        phase: plan.schedule.phases().at(send.due_ns),
        sent_ns,
    }
}

fn event_id(plan: &StreamPlan, staged: Staged) -> EventId {
    let Staged { producer, send } = staged;
    EventId { run: plan.run, stream: plan.stream as u8, producer, partition: send.partition, sequence: send.sequence }
}
