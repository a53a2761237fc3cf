//! Takes in a stage's records, wherever they come from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::event_time::{EventTimes, Own};
use super::extract::Extracted;
use super::plan::StagePlan;
use super::progress::Progress;
use super::unreadable::{Look, look_into, sample};
use super::windows::{WindowsPlan, WindowsSeen};
use crate::check::{
    Class, Delivered, Due, DueCheck, DueContradiction, DueWord, Observation, Observer, Suspicion, Unidentified,
};
use crate::event::{EventId, Partition};
use crate::kafka::{Record, SourceEvent};
use crate::load::{DueTimes, StreamSchedule};
use crate::payload::schema::FRAME_HEADER;

/// Nanoseconds in a microsecond, the unit of times in payloads.
const NANOS_PER_US: u64 = 1000;
/// The most first deliveries that are held until the start of the run is known.
const MOST_HELD: usize = 8192;

/// What the other threads of the run may know of a stage while it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// When the run starts, in nanoseconds since 1970; 0 before it is known.
    pub(super) told_start_ns: Arc<AtomicU64>,
    /// The latest moment at which the observed run can have begun, judging by its events; 0 before any was seen.
    pub(super) begun_ns: Arc<AtomicU64>,
    /// How many events with this run's id came before its start was announced.
    pub(super) before_start: Arc<AtomicU64>,
}

/// Batches that could not be read: events in them are neither seen nor lost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    /// How many.
    pub batches: u64,
    /// How many events may be in them, at most; [`u64::MAX`] where a batch does not say.
    pub events: u64,
    /// The first of them, and why.
    pub first: Option<String>,
}

impl Unread {
    fn note(&mut self, reason: String, events: u64) {
        self.batches += 1;
        self.events = self.events.saturating_add(events);
        self.first.get_or_insert(reason);
    }
}

pub(super) struct Intake {
    pub(super) observer: Observer<Arc<StreamSchedule>>,
    /// None if no engine is modelled.
    pub(super) event_times: Option<EventTimes>,
    /// None if no pipeline's windows are observed.
    pub(super) windows: Option<WindowsSeen>,
    pub(super) progress: Progress,
    pub(super) reached_end: BTreeMap<i32, bool>,
    pub(super) last_error: Option<String>,
    pub(super) unread: Unread,
    pub(super) is_broken: bool,
    pub(super) shared: Shared,
    pub(super) topic_changes: u64,
    due: DueCheck,
    /// First deliveries whose due time was not settled: event, claimed due time, and the observation.
    held: Vec<(EventId, Option<u64>, Observation)>,
    /// What messages claim while the start is unknown, beside when they were seen.
    unsettled: Option<DueContradiction>,
    start_ns: Option<u64>,
}

impl Intake {
    pub(super) fn new(plan: &StagePlan) -> Self {
        let times = DueTimes::of(Arc::clone(&plan.schedule));
        Intake {
            observer: Observer::new(Arc::clone(&plan.schedule), plan.observed),
            event_times: EventTimes::new(plan),
            windows: windows_seen(plan),
            progress: Progress::starting_at(plan.from.iter().copied()),
            reached_end: plan.from.iter().map(|(partition, _)| (*partition, false)).collect(),
            last_error: None,
            unread: Unread::default(),
            is_broken: false,
            shared: Shared::default(),
            topic_changes: 0,
            due: DueCheck::new(times, plan.start_ns, plan.schedule.producers(), plan.warmup_ns)
                .rounded_to(plan.extractor.due_rounding_us()),
            held: Vec::new(),
            unsettled: None,
            start_ns: plan.start_ns,
        }
    }

    pub(super) fn take(&mut self, plan: &StagePlan, event: SourceEvent<'_>) {
        match event {
            SourceEvent::Record { record, consumed_ns, behind_ns } => self.see(plan, &record, consumed_ns, behind_ns),
            SourceEvent::End { partition, offset } => {
                self.progress.advance(partition, offset);
                self.reached_end.insert(partition, true);
            }
            SourceEvent::Unread { reason, events } => self.unread.note(reason, events),
            SourceEvent::Error { reason, fatal } => {
                self.last_error = Some(reason);
                self.is_broken |= fatal;
            }
        }
    }

    fn see(&mut self, plan: &StagePlan, record: &Record<'_>, consumed_ns: u64, behind_ns: u64) {
        self.progress.advance(record.partition(), record.offset() + 1);
        if let Some((places, _)) = &plan.windows.results {
            self.progress.news(consumed_ns);
            let decoded = decoded(plan, record).and_then(Result::ok);
            let payload = decoded.as_deref().or(record.payload());
            return self.windows.iter_mut().for_each(|windows| windows.result(plan.stage, places, payload, record));
        }
        let found = plan.extractor.extract(record.payload(), |name| record.header(name));
        self.hear_of_the_start();
        let due = self.due_of(plan, &found, consumed_ns);
        let seen = self.observation(plan, record, &found, due, (consumed_ns, behind_ns));
        let class = self.observer.observe(&seen);
        self.hold(&found, &seen, class);
        if let Some(event_times) = &mut self.event_times {
            event_times.see(record, &found, consumed_ns, own_event(&found, due, class));
        }
        if let Some(windows) = &mut self.windows {
            windows.event(record, &found, class);
        }
        if found.id.is_ok_and(|id| id.run == plan.observed.run) {
            self.progress.news(consumed_ns);
            let before_start = &self.shared.before_start;
            before_start.fetch_add(u64::from(self.start_ns.is_none()), Ordering::Relaxed);
        }
    }

    /// When the event of a message was due, if it is one of this stream's.
    fn due_of(&mut self, plan: &StagePlan, found: &Extracted, consumed_ns: u64) -> Option<Due> {
        let id = found.id.ok().filter(|id| id.run == plan.observed.run && id.stream == plan.observed.stream)?;
        let due = self.due.judge(id.producer, id.sequence, found.due_us)?;
        let begun = &self.shared.begun_ns;
        if due.ns.is_some() || begun.load(Ordering::Relaxed) == 0 {
            // The run began before an event of it was seen, by at least the time from the start to when that event was due.
            let begun_ns = due.ns.unwrap_or(consumed_ns).saturating_sub(due.offset_ns);
            begun.store(self.due.start_ns().unwrap_or(begun_ns), Ordering::Relaxed);
        }
        Some(due)
    }

    fn observation(
        &mut self,
        plan: &StagePlan,
        record: &Record<'_>,
        found: &Extracted,
        due: Option<Due>,
        (consumed_ns, behind_ns): (u64, u64),
    ) -> Observation {
        Observation {
            id: found.id,
            partition: Partition::of_client(record.partition()),
            key_hash: record.key().map(xxhash_rust::xxh3::xxh3_64),
            due_ns: due.and_then(|due| due.ns),
            due_offset_ns: due.map_or(0, |due| due.offset_ns),
            due_word: due.map_or(DueWord::Agrees, |due| due.word),
            sent_ns: found.sent_us.map(|us| us.saturating_mul(NANOS_PER_US)),
            consumed_ns,
            behind_ns,
            payload_bytes: record.payload().map_or(0, <[u8]>::len),
            warmup: due.is_some_and(|due| due.warmup),
            phase: due.and_then(|due| plan.schedule.phases().at(due.offset_ns)),
            suspicion: if found.id == Err(Unidentified::Unreadable) {
                self.suspect(plan, record, found)
            } else {
                Suspicion::None
            },
        }
    }

    /// Examines a message without a readable id, and keeps one as a sample.
    fn suspect(&mut self, plan: &StagePlan, record: &Record<'_>, found: &Extracted) -> Suspicion {
        let decoded = decoded(plan, record);
        let payload = match &decoded {
            Some(Ok(json)) => Some(json.as_slice()),
            _ => record.payload(),
        };
        let Look { suspicion, id_at } = look_into(payload, |name| record.header(name), plan.observed.run);
        if self.observer.wants_sample(suspicion) {
            let place = (Partition::of_client(record.partition()).number(), record.offset().max(0).cast_unsigned());
            let mut fault = found.fault.map(|fault| fault.to_string()).unwrap_or_default();
            if let Some(Err(why)) = &decoded {
                fault = format!("{fault}: {why}");
            }
            self.observer.sample(sample(place, payload, fault, id_at));
        }
        suspicion
    }

    /// Holds a first delivery until its due time is settled, and releases those that are.
    fn hold(&mut self, found: &Extracted, seen: &Observation, class: Class) {
        if let (Class::First, DueWord::Unsettled, Ok(id)) = (class, seen.due_word, seen.id) {
            self.held.push((id, found.due_us, *seen));
            if self.held.len() > MOST_HELD {
                self.release(true);
            }
        } else if !self.held.is_empty() && seen.due_ns.is_some() {
            self.release(false);
        }
    }

    /// Takes in what is settled by now; the rest keeps waiting or, with `all`, stays without a due time.
    fn release(&mut self, all: bool) {
        for (id, claimed_us, seen) in std::mem::take(&mut self.held) {
            let due = self.due.judge(id.producer, id.sequence, claimed_us);
            let Some(due) = due.filter(|due| all || due.word != DueWord::Unsettled) else {
                self.held.push((id, claimed_us, seen));
                continue;
            };
            if let (DueWord::Unsettled, Some(claimed_us)) = (due.word, claimed_us) {
                let seen_us = seen.consumed_ns / NANOS_PER_US;
                self.unsettled.get_or_insert(DueContradiction { claimed_us, due_us: seen_us });
            }
            let (due_ns, due_offset_ns, due_word) = (due.ns, due.offset_ns, due.word);
            self.observer.time(&Observation { due_ns, due_offset_ns, due_word, ..seen });
        }
    }

    pub(super) fn hear_of_the_start(&mut self) {
        if self.start_ns.is_some() {
            return;
        }
        let told_ns = self.shared.told_start_ns.load(Ordering::Relaxed);
        if told_ns > 0 {
            self.due.start_at(told_ns);
            self.start_ns = Some(told_ns);
        }
    }

    /// When the run starts, in nanoseconds since 1970, if known: as announced, or as the messages agree.
    pub(super) fn start_ns(&self) -> Option<u64> {
        self.start_ns.or_else(|| self.due.start_ns())
    }

    /// The ledger of what was seen. `quiet` says whether the configured quiet time had passed when the reading ended.
    pub(super) fn finish(mut self, quiet: bool) -> (Delivered, Option<EventTimes>, Option<WindowsSeen>) {
        self.release(true);
        for (partition, position) in self.progress.positions() {
            self.observer.position(Partition::of_client(*partition), (*position).max(0).cast_unsigned());
        }
        let mut ledger = self.observer.finish(quiet);
        ledger.contradiction = self.due.contradiction().or(self.unsettled);
        ledger.twin = self.due.other_run();
        ledger.topic_changes = self.topic_changes;
        ledger.unread = self.unread.events;
        (ledger, self.event_times, self.windows)
    }
}

/// A message that is written by a schema as JSON, or why it cannot be decoded.
fn decoded(plan: &StagePlan, record: &Record<'_>) -> Option<Result<Vec<u8>, String>> {
    let (decoder, payload) = plan.extractor.decoder().zip(record.payload().filter(|payload| !payload.is_empty()))?;
    let json = decoder.decode(payload, record.header(FRAME_HEADER));
    Some(json.map(|json| json.to_string().into_bytes()))
}

/// The event that a message is, if it is one of this stream's. While the start is unknown, its claim is taken as its due time.
fn own_event(found: &Extracted, due: Option<Due>, class: Class) -> Option<Own> {
    let is_own = !matches!(class, Class::Foreign | Class::Phantom);
    let (id, due) = (found.id.ok().filter(|_| is_own)?, due?);
    let due_ns = due.ns.or_else(|| found.due_us.map(|us| us.saturating_mul(NANOS_PER_US)))?;
    Some(Own { id, class, due_us: due_ns / NANOS_PER_US, start_ns: due_ns.saturating_sub(due.offset_ns) })
}

fn windows_seen(plan: &StagePlan) -> Option<WindowsSeen> {
    let WindowsPlan { expects, results } = &plan.windows;
    (!expects.is_empty() || results.is_some())
        .then(|| WindowsSeen::new(&plan.windows, plan.stage, plan.partitions_read()))
}
