//! Everything that was measured of a run, or of a part of it: what verdict and summary are made of.

use std::collections::BTreeMap;

use crate::check::{Delivered, Produced};
use crate::consume::EventTimeFigures;
use crate::consume::windows::WindowsSeen;
use crate::event_time::lateness::InjectionLedger;
use crate::incidents::{Incident, LeaderMove, Rebalance};
use crate::latency::LatencyHistogram;
use crate::mergeable::Merge;
use crate::verdict::Reason;

/// What was measured, stream by stream in the profile's order.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// One entry for each stream.
    pub streams: Vec<StreamMeasured>,
    /// The run was stopped by hand.
    pub interrupted: bool,
    /// What went wrong on the way and spoils the measurement.
    pub troubles: Vec<Reason>,
    /// Which leaders moved while a whole run watched its topics.
    pub(crate) leader_moves: Vec<LeaderMove>,
    /// When which consumer groups rebalanced while a whole run watched them.
    pub(crate) rebalances: Vec<Rebalance>,
    /// The profile's faults that were there, as they happened.
    pub(crate) faults: Vec<Incident>,
    /// CPU time that the process used, in nanoseconds, all parts together; absent where it is not known.
    pub cpu_ns: Option<u64>,
}

impl Measured {
    /// Moves its times from the seconds of this part to those of the whole run, which began earlier.
    pub(crate) fn move_seconds(&mut self, later_s: u64) {
        let stages = self.streams.iter_mut().flat_map(|stream| &mut stream.stages);
        for stall in stages.filter_map(|stage| stage.delivered.as_mut()).flat_map(|delivered| &mut delivered.stalls) {
            stall.move_seconds(later_s);
        }
        for fault in &mut self.faults {
            fault.from_s = fault.from_s.saturating_add(later_s);
            fault.to_s = fault.to_s.map(|to_s| to_s.saturating_add(later_s));
        }
        for stream in &mut self.streams {
            let throttled_ms = std::mem::take(&mut stream.throttled_ms).into_iter();
            stream.throttled_ms = throttled_ms.map(|(second, ms)| (second.saturating_add(later_s), ms)).collect();
        }
    }

    /// Whether anything was sent.
    pub(crate) fn was_sent(&self) -> bool {
        self.streams.iter().any(|stream| stream.produced.is_some())
    }

    /// Whether anything was observed.
    pub(crate) fn was_observed(&self) -> bool {
        self.streams.iter().flat_map(|stream| &stream.stages).any(|stage| stage.delivered.is_some())
    }
}

/// What was measured of one stream.
#[derive(Debug, Clone, Default)]
pub struct StreamMeasured {
    /// What was sent, if this part sent.
    pub produced: Option<Produced>,
    /// From due to handed over.
    pub due_to_sent: LatencyHistogram,
    /// The generator's own part of it.
    pub own_lateness: LatencyHistogram,
    /// From handed over to acknowledged.
    pub sent_to_acked: LatencyHistogram,
    /// Events handed to the client.
    pub sent_events: u64,
    /// Sends handed to the client, copies included.
    pub sent: u64,
    /// Bytes of keys and payloads handed to the client.
    pub sent_bytes: u64,
    /// How often an event was due while the client's queue was full.
    pub queue_full: u64,
    /// How long the client took nothing, in nanoseconds, over all workers.
    pub held_back_ns: u64,
    /// How long the profile's ceiling held sending back, in nanoseconds: the worst worker's.
    pub capped_ns: u64,
    /// How far behind its due time the last send was, in nanoseconds: the worst worker's.
    pub behind_at_end_ns: u64,
    /// The p99 of the generator's own lateness in the worst second of the worst process, in nanoseconds.
    pub worst_second_late_ns: u64,
    /// How many workers sent.
    pub workers: u64,
    /// How many events the clients' queues hold, over all workers; 0 where that is not known.
    pub queue_events: u64,
    /// How long a client waits for a batch to fill, in milliseconds.
    pub linger_ms: f64,
    /// How many sends ended in which error.
    pub errors: BTreeMap<String, u64>,
    /// By the second of the run: the longest that a broker asked a client to wait, in milliseconds.
    pub throttled_ms: BTreeMap<u64, u64>,
    /// What was disturbed on purpose among the events handed to the client; counted where an engine is modelled.
    pub injected: InjectionLedger,
    /// What was seen, stage by stage.
    pub stages: Vec<StageMeasured>,
}

/// What was measured at one stage.
#[derive(Debug, Clone, Default)]
pub struct StageMeasured {
    /// What was seen, if this part observed.
    pub delivered: Option<Delivered>,
    /// What the event times came to, where engines are modelled.
    pub event_times: Option<EventTimeFigures>,
    /// What was noted for a pipeline's windows, if anything was to be.
    pub windows: Option<WindowsSeen>,
}

impl Merge for Measured {
    fn merge(&mut self, other: Self) {
        let Measured { streams, interrupted, troubles, leader_moves, rebalances, faults, cpu_ns } = other;
        merge_each(&mut self.streams, streams);
        self.interrupted |= interrupted;
        self.troubles.extend(troubles);
        self.leader_moves.extend(leader_moves);
        self.rebalances.extend(rebalances);
        self.faults.extend(faults);
        self.cpu_ns = self.cpu_ns.zip(cpu_ns).map(|(own, other)| own + other).or(self.cpu_ns).or(cpu_ns);
    }
}

impl Merge for StreamMeasured {
    fn merge(&mut self, other: Self) {
        let StreamMeasured {
            produced,
            due_to_sent,
            own_lateness,
            sent_to_acked,
            sent_events,
            sent,
            sent_bytes,
            queue_full,
            held_back_ns,
            capped_ns,
            behind_at_end_ns,
            worst_second_late_ns,
            workers,
            queue_events,
            linger_ms,
            errors,
            throttled_ms,
            injected,
            stages,
        } = other;
        merge_option(&mut self.produced, produced);
        self.due_to_sent.merge(due_to_sent);
        self.own_lateness.merge(own_lateness);
        self.sent_to_acked.merge(sent_to_acked);
        self.sent_events += sent_events;
        self.sent += sent;
        self.sent_bytes += sent_bytes;
        self.queue_full += queue_full;
        self.held_back_ns += held_back_ns;
        self.capped_ns = self.capped_ns.max(capped_ns);
        self.behind_at_end_ns = self.behind_at_end_ns.max(behind_at_end_ns);
        self.worst_second_late_ns = self.worst_second_late_ns.max(worst_second_late_ns);
        self.workers += workers;
        self.queue_events += queue_events;
        self.linger_ms = self.linger_ms.max(linger_ms);
        for (error, times) in errors {
            *self.errors.entry(error).or_default() += times;
        }
        for (second, ms) in throttled_ms {
            let longest_ms = self.throttled_ms.entry(second).or_default();
            *longest_ms = ms.max(*longest_ms);
        }
        self.injected.merge(injected);
        merge_each(&mut self.stages, stages);
    }
}

impl Merge for StageMeasured {
    fn merge(&mut self, other: Self) {
        let StageMeasured { delivered, event_times, windows } = other;
        merge_option(&mut self.delivered, delivered);
        merge_option(&mut self.event_times, event_times);
        merge_option(&mut self.windows, windows);
    }
}

/// One by one, in their order; either may have more.
fn merge_each<T: Merge + Default>(own: &mut Vec<T>, other: Vec<T>) {
    own.resize_with(own.len().max(other.len()), T::default);
    for (own, other) in own.iter_mut().zip(other) {
        own.merge(other);
    }
}

fn merge_option<T: Merge>(own: &mut Option<T>, other: Option<T>) {
    match (own.as_mut(), other) {
        (Some(own), Some(other)) => own.merge(other),
        (None, other) => *own = other,
        (Some(_), None) => {}
    }
}
