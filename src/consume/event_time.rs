//! The event times at a stage: the engines' models, how late events are, whose clock is off, and what happened to injected events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::extract::Extracted;
use super::partitions_read::PartitionsRead;
use super::plan::StagePlan;
use crate::check::Class;
use crate::event::{EventId, Partition};
use crate::event_time::lateness::{
    AHEAD_LIMIT_MS, Disturbed, InjectionLedger, Lateness, LatenessMeter, LogFigures, LogRow, LogRule, Offsets,
    ProducerSkew, Timed, WatermarkLog,
};
use crate::event_time::watermark::{Claim, ModelTally, TimedRecord, Watermarks};
use crate::kafka::Record;
use crate::load::StreamSchedule;
use crate::mergeable::Merge;

/// Nanoseconds in a microsecond, the unit of times in payloads.
const NANOS_PER_US: u64 = 1000;

/// Follows the event times of one stage. The first model's windows and bound are the rule for what is late.
#[derive(Debug)]
pub(super) struct EventTimes {
    watermarks: Watermarks,
    meter: LatenessMeter,
    log: WatermarkLog,
    clocks: Offsets,
    injections: InjectionLedger,
    schedule: Arc<StreamSchedule>,
    /// Whether the schedule disturbs events at all.
    disturbs: bool,
    /// How many partitions the topic had when the reading began, which are all that the models know, and which are read here.
    partitions: PartitionsRead,
    /// How many records came from partitions that were added later.
    beyond: u64,
}

/// The figures of a stage's event times, as one observer measured them. Those of observers of different partitions merge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTimeFigures {
    /// What the engines would drop, model by model. A file keeps them separately, without their models.
    #[serde(skip)]
    pub models: Vec<ModelTally>,
    /// How late events were, by the first model's rule.
    pub lateness: Lateness,
    /// What the watermark log found.
    pub log: LogFigures,
    /// Every producer's offsets.
    pub offsets: Offsets,
    /// How many records are in no model, because they came from partitions that were added during the reading?
    pub beyond: u64,
    /// Which injected events were seen, and what the first model claims of each.
    pub injections: InjectionLedger,
    /// When the run started, in nanoseconds since 1970, if known.
    pub start_ns: Option<u64>,
    /// The partitions that these figures are of.
    pub partitions: PartitionsRead,
}

impl EventTimeFigures {
    /// Every producer's clock, beside what the stream's schedule injected.
    #[must_use]
    pub fn clocks(&self, schedule: &StreamSchedule) -> Vec<ProducerSkew> {
        let error_us = |producer: u16, at_us: i64| {
            let at_ns = u64::try_from(at_us).ok()?.saturating_mul(NANOS_PER_US);
            let error_ns = schedule.clock_error_ns(producer, at_ns.saturating_sub(self.start_ns?))?;
            Some(error_ns / NANOS_PER_US.cast_signed())
        };
        self.offsets.estimate(error_us)
    }
}

impl Merge for EventTimeFigures {
    fn merge(&mut self, other: Self) {
        let EventTimeFigures { models, lateness, log, offsets, beyond, injections, start_ns, partitions } = other;
        let mut others = models.into_iter();
        self.models.iter_mut().zip(&mut others).for_each(|(own, other)| own.merge(other));
        self.models.extend(others);
        self.lateness.merge(lateness);
        self.log.merge(log);
        self.offsets.merge(offsets);
        self.beyond += beyond;
        self.injections.merge(injections);
        self.start_ns = self.start_ns.into_iter().chain(start_ns).min();
        self.partitions.merge(partitions);
    }
}

/// A message of this run, as far as event times are concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    /// Which event it is.
    pub(super) id: EventId,
    /// Whether it is the event's first delivery or a further one.
    pub(super) class: Class,
    /// When it was due, in microseconds since 1970.
    pub(super) due_us: u64,
    /// The start of the run, in nanoseconds since 1970.
    pub(super) start_ns: u64,
}

impl EventTimes {
    /// For a stage with models; none for one without.
    pub(super) fn new(plan: &StagePlan) -> Option<Self> {
        let rule = LogRule::of_model(plan.models.first()?);
        let partitions = plan.partitions_read();
        Some(EventTimes {
            watermarks: Watermarks::new(&plan.models, usize::from(partitions.of)),
            meter: LatenessMeter::new(rule.late, Some(AHEAD_LIMIT_MS)),
            log: WatermarkLog::of_some(rule, partitions.of, &partitions.read),
            clocks: Offsets::default(),
            injections: InjectionLedger::default(),
            disturbs: Disturbed::any_of(&plan.schedule),
            partitions,
            beyond: 0,
            schedule: Arc::clone(&plan.schedule),
        })
    }

    /// Takes in a message. An engine counts every message that it reads, regardless of its sender and of repetitions.
    pub(super) fn see(&mut self, record: &Record<'_>, found: &Extracted, consumed_ns: u64, own: Option<Own>) {
        let partition = Partition::of_client(record.partition()).number();
        if partition >= self.partitions.of {
            self.beyond += 1;
            return;
        }
        let clock_ms = appended_ms(record, found, consumed_ns);
        self.meter.observe(partition, found.event_time_ms, clock_ms);
        let Some(event_time_ms) = found.event_time_ms else { return self.watermarks.observe_without_event_time() };
        let claim = self.watermarks.observe(&TimedRecord {
            partition,
            event_time_ms,
            appended_ms: Some(clock_ms),
            appended_by_ms: Some(appended_by_ms(record, consumed_ns)),
            key_hash: record.key().map(xxhash_rust::xxh3::xxh3_64),
        });
        let producer = own.map(|own| own.id.producer);
        self.log.observe(&Timed { partition, producer, event_time_ms, clock_ms });
        if let Some(own) = own {
            self.see_own(&own, event_time_ms, claim.unwrap_or(Claim::Race));
        }
    }

    fn see_own(&mut self, own: &Own, event_time_ms: i64, claim: Claim) {
        let EventId { producer, sequence, .. } = own.id;
        match own.class {
            Class::First => {
                self.clocks.observe(producer, sequence, event_time_ms, own.due_us);
                if self.disturbs {
                    let due_ns = own.due_us.saturating_mul(NANOS_PER_US).saturating_sub(own.start_ns);
                    self.injections.see(Disturbed::of(&self.schedule, producer, sequence, due_ns), claim);
                }
            }
            // The engines that are modelled count what they read; none removes duplicates by itself.
            Class::DuplicateInjected => self.injections.see_copy(claim, false),
            Class::DuplicateAccidental | Class::Foreign | Class::Phantom => {}
        }
    }

    /// Ends a second of the run. `now_ns` is the time, in nanoseconds since 1970.
    pub(super) fn end_second(&mut self, second: u64, now_ns: u64) -> Vec<LogRow> {
        let mut rows = Vec::new();
        self.log.end_second(second, (now_ns / 1_000_000).cast_signed(), |row| rows.push(*row));
        rows
    }

    /// The figures. `start_ns` is the start of the run, in nanoseconds since 1970.
    pub(super) fn finish(self, start_ns: Option<u64>) -> EventTimeFigures {
        EventTimeFigures {
            models: self.watermarks.finish(),
            lateness: self.meter.finish(),
            log: self.log.finish(),
            offsets: self.clocks,
            injections: self.injections,
            beyond: self.beyond,
            start_ns,
            partitions: self.partitions,
        }
    }
}

/// When a record was appended, as well as it is known: the broker's timestamp, else when it was sent, else when it was seen.
pub(crate) fn appended_ms(record: &Record<'_>, found: &Extracted, consumed_ns: u64) -> i64 {
    let by_broker = record.timestamp().filter(|timestamp| timestamp.by_broker).map(|timestamp| timestamp.ms);
    let sent_ms = || found.sent_us.map(|us| (us / 1000).cast_signed());
    by_broker.or_else(sent_ms).unwrap_or((consumed_ns / 1_000_000).cast_signed())
}

/// The latest moment at which a record can have been appended: the broker's timestamp, else when it was seen.
pub(crate) fn appended_by_ms(record: &Record<'_>, consumed_ns: u64) -> i64 {
    let by_broker = record.timestamp().filter(|timestamp| timestamp.by_broker).map(|timestamp| timestamp.ms);
    by_broker.unwrap_or((consumed_ns / 1_000_000).cast_signed())
}
