//! What a worker remembers from one event to the next, and what it measured.

use std::collections::VecDeque;

use super::{BATCH_EVENTS, Staged};
use crate::by_the_second::ByTheSecond;
use crate::event_time::lateness::{Disturbed, InjectionLedger};
use crate::latency::{ByPhase, LatencyHistogram};
use crate::produce::figures::SendFigures;
use crate::produce::plan::StreamPlan;
use crate::produce::record::RecordWriter;

/// What was taken from a producer's schedule.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::produce) struct Taken {
    /// How many events: those with the sequence numbers below this.
    pub(in crate::produce) events: u64,
    /// How many further copies of events.
    pub(in crate::produce) copies: u64,
}

/// What a worker measured over the whole run, without the warm-up.
#[derive(Debug, Clone, Default)]
pub struct WorkerReport {
    /// From due to handed over.
    pub due_to_sent: LatencyHistogram,
    /// The same for each phase.
    pub(crate) due_to_sent_by_phase: ByPhase,
    /// The part of it that the generator itself caused.
    pub own_lateness: LatencyHistogram,
    /// Events handed to the client at least once.
    pub sent_events: u64,
    /// Sends handed to the client, copies included.
    pub sent: u64,
    /// Bytes of keys and payloads handed to the client.
    pub sent_bytes: u64,
    /// How late the last send was, in nanoseconds.
    pub behind_at_end_ns: u64,
    /// How long the client's queue was full, in nanoseconds.
    pub held_back_ns: u64,
    /// How often an event was due while the client's queue was full.
    pub queue_full: u64,
    /// How long the profile's ceiling held it back, in nanoseconds.
    pub capped_ns: u64,
    /// What the profile disturbed on purpose, if that is counted.
    pub injected: InjectionLedger,
    /// Why the worker stopped before the end of its schedule, if it did.
    pub gave_up: Option<String>,
}

/// What changes while a worker runs.
pub(in crate::produce) struct State {
    /// Everything due before this has been taken from the schedule.
    pub(super) taken_to_ns: u64,
    /// Until then the client's queue was full: lateness up to here is not the generator's.
    pub(super) blocked_until_ns: u64,
    /// What was taken from each producer's schedule, in the order of the cursors.
    pub(super) planned: Vec<(u16, Taken)>,
    /// The events of the batch that is being built.
    pub(super) staged: Vec<Staged>,
    /// When this batch was begun, in nanoseconds since 1970: the send time of all its events.
    pub(super) looked_ns: u64,
    /// What the client's queue could not take: to be sent first.
    pub(super) returned: VecDeque<Staged>,
    pub(super) records: RecordWriter,
    pub(super) second: ByTheSecond<SendFigures>,
    pub(super) report: WorkerReport,
    pub(super) transaction_began_ns: u64,
    pub(super) transaction_events: u64,
}

impl State {
    pub(in crate::produce) fn new(producers: impl Iterator<Item = u16>, records: RecordWriter) -> Self {
        State {
            taken_to_ns: 0,
            blocked_until_ns: 0,
            planned: producers.map(|producer| (producer, Taken::default())).collect(),
            staged: Vec::with_capacity(BATCH_EVENTS),
            looked_ns: 0,
            returned: VecDeque::new(),
            records,
            second: ByTheSecond::new(),
            report: WorkerReport::default(),
            transaction_began_ns: 0,
            transaction_events: 0,
        }
    }

    pub(super) fn count_taken(&mut self, place: usize, staged: &Staged) {
        let (_, taken) = &mut self.planned[place];
        let is_first = staged.send.attempt == 0;
        taken.events += u64::from(is_first);
        taken.copies += u64::from(!is_first);
        self.second.current.due += 1;
    }

    fn count_injected(&mut self, plan: &StreamPlan, staged: &Staged) {
        let Staged { producer, send } = staged;
        if send.attempt == 0 {
            let disturbed = Disturbed::of(&plan.schedule, *producer, send.sequence, send.due_ns);
            self.report.injected.inject(disturbed, 1);
        } else {
            self.report.injected.inject_copy();
        }
    }

    /// Records an event that the client took.
    pub(super) fn book(&mut self, plan: &StreamPlan, staged: &Staged, sent_ns: u64) {
        self.second.current.sent += 1;
        self.report.sent += 1;
        self.report.sent_events += u64::from(staged.send.attempt == 0);
        self.transaction_events += 1;
        let due_ns = staged.send.due_ns;
        if plan.counts_injected {
            self.count_injected(plan, staged);
        }
        let sent_from_start_ns = sent_ns.cast_signed() - plan.start_ns.cast_signed();
        let late_ns = sent_from_start_ns - due_ns.cast_signed();
        self.report.behind_at_end_ns = late_ns.max(0).cast_unsigned();
        if due_ns < plan.warmup_ns {
            return;
        }
        self.second.current.due_to_sent.record(late_ns);
        self.report.due_to_sent_by_phase.record(plan.schedule.phases().at(due_ns), late_ns, 1);
        // What was due while the client's queue was full is late for that reason, even while catching up.
        if due_ns >= self.blocked_until_ns {
            self.second.current.own_lateness.record(late_ns);
        }
    }
}
