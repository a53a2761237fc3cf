//! What a reader can claim for certain that knows the order within each partition, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::affected::AffectedWindows;
use super::arrival::Arrivals;
use super::claim::Claim;
use super::clock::ClockBound;
use super::rule::{NO_HORIZON, Rule};
use super::spec::{ModelSpec, WindowMs};
use super::streams::StreamsClaims;
use super::timed::TimedRecord;
use crate::event_time::CountRange;
use crate::event_time::engines::Progress;
use crate::mergeable::Merge;

/// Into how many steps the span from an event to its window's closing is divided, where a claim waits for the end of the stream.
const WAITING_STEPS: i64 = 1024;

#[derive(Debug, Clone, Copy, Default)]
struct Partition {
    maximum: Option<i64>,
    clock: ClockBound,
    arrivals: Arrivals,
}

/// Makes the claims of one model over records in each partition's order.
///
/// Flink, Flink SQL, Beam: an event is certainly kept if it is the first of its partition, or if its last window closes after M(its
/// partition, before it) - B: the watermark is a minimum over partitions, so it can never be ahead of this one's. **This holds only as long
/// as the partition does not go idle.** Where idleness is configured, it may have been idle before its first event and
/// whenever the engine did not read it for a while, and the watermark is then that of the others; with several source tasks it stays so
/// until the partition has caught up. So there the claim waits for the end of the stream (except for a topic of one partition, which no
/// other can be ahead of): no watermark is ever ahead of the maximum of all events - B. [`super::live::Live`] knows more of an engine that
/// keeps up. Beam's watermark follows the clock: there an event is compared with the moment of its append, too (`clock`). An event is
/// certainly dropped if everything before a barrier had been read ([`Certain::barrier`]) and closed all its windows, as a file with ticks
/// shows; for a topic that is known only of an engine that is stated to keep up ([`super::live::Live`]).
///
/// Kafka Streams: exact, as long as records are not repartitioned and the task does not restart; sessions and sliding windows if it is
/// known whether a closed window can still be found (`StreamsClaims`).
///
/// Azure: exact, as far as the arrival times are known (`arrival`).
///
/// Spark: its maximum is over all partitions, and the engine may have read others to their end before this event. After a repartition topic
/// the same holds in Kafka Streams. (There no drop is certain either: which records of a partition meet in a task depends on the new keys.)
/// So the claim waits for the end of the stream: what no maximum of the stream closes is certainly kept.
#[derive(Debug)]
pub struct Certain {
    rule: Rule,
    partitions: Vec<Partition>,
    barrier: i64,
    /// The maximum of the whole stream, if it is known beforehand.
    final_maximum: Option<i64>,
    /// Kafka Streams, windows that depend on the events: those of each partition.
    streams: Vec<StreamsClaims>,
    pub(super) counts: CertainCounts,
}

/// What the claims add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertainCounts {
    pub(super) records: u64,
    pub(super) refused: u64,
    pub(super) sure_keep: u64,
    pub(super) sure_drop: u64,
    pub(super) race: u64,
    pub(super) pairs: u64,
    pub(super) pairs_sure: u64,
    pub(super) pairs_possible: u64,
    /// Beam: events that may be lost because it is not known when they were appended.
    pub(super) unclocked: u64,
    /// Azure: events whose arrival time is unknown.
    pub(super) without_arrival: u64,
    /// Azure: what its metric counts, for certain and at most.
    pub(super) out_of_order: CountRange,
    /// Kafka Streams: what its store refuses and its metric counts, although nothing is lost.
    pub(super) refused_by_store_sure: u64,
    pub(super) refused_by_store_possible: u64,
    pub(super) affected: AffectedWindows,
    pub(super) waiting: Waiting,
}

/// Events whose claim waits for the end of the stream, by the horizon that would close them, in coarse steps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    /// The maximum of the whole stream, as far as it was seen.
    maximum: Option<i64>,
    /// By the start of a step: how many events close in it.
    by_closing_ms: BTreeMap<i64, u64>,
}

impl Certain {
    /// Nothing has been seen. `partitions` is how many the topic has.
    #[must_use]
    pub fn new(spec: &ModelSpec, partitions: usize) -> Self {
        Certain {
            rule: Rule::new(spec),
            partitions: vec![Partition::default(); partitions],
            barrier: NO_HORIZON,
            final_maximum: None,
            streams: (0..partitions).filter_map(|_| StreamsClaims::of(spec)).collect(),
            counts: CertainCounts::default(),
        }
    }

    /// For a stream whose maximum event time is known, so that no claim has to wait.
    #[must_use]
    pub fn knowing(mut self, final_maximum: Option<i64>) -> Self {
        self.final_maximum = final_maximum;
        self
    }

    /// The next record of its partition. In a model whose maximum is over all partitions, the claim is [`Claim::Race`] until the end,
    /// unless the stream's maximum is known.
    #[inline]
    pub fn observe(&mut self, record: &TimedRecord) -> Claim {
        self.counts.records += 1;
        if usize::from(record.partition) >= self.partitions.len() {
            self.make_room(usize::from(record.partition) + 1);
        }
        if self.rule.refuses(record.event_time_ms, record.key_hash) {
            self.counts.refused += 1;
            return Claim::Refused;
        }
        let time = record.event_time_ms;
        match self.rule.spec().progress() {
            Progress::SourceTasks if self.may_idle() => self.observe_idling(record),
            Progress::SourceTasks | Progress::ReaderClock => self.observe_partitioned(record),
            Progress::Arrival => self.observe_arriving(record),
            Progress::StreamTime if !self.rule.spec().repartitioned => self.observe_streams(record),
            Progress::MicroBatches | Progress::StreamTime => {
                let windows = self.rule.windows(time);
                let claim = self.claim_globally(record);
                self.count(claim, windows, 0, if claim == Claim::SureKeep { windows - 1 } else { windows });
                claim
            }
        }
    }

    /// The engine has read everything observed so far, and has emitted its watermark since.
    ///
    /// It means nothing for a watermark that follows the clock: an event ahead of the clock takes it no further.
    pub fn barrier(&mut self) {
        if self.rule.spec().follows_clock() {
            return;
        }
        let horizons = self.partitions.iter().map(|partition| self.rule.horizon(partition.maximum));
        self.barrier = self.barrier.max(horizons.min().unwrap_or(NO_HORIZON));
    }

    /// The topic has more partitions than stated.
    #[cold]
    fn make_room(&mut self, partitions: usize) {
        self.partitions.resize_with(partitions, Partition::default);
        let spec = *self.rule.spec();
        self.streams.extend((self.streams.len()..partitions).filter_map(|_| StreamsClaims::of(&spec)));
    }

    /// Whether the watermark may be ahead of a partition because that partition is idle.
    pub(super) fn may_idle(&self) -> bool {
        self.rule.spec().idleness_ms.is_some() && self.partitions.len() > 1
    }

    fn observe_idling(&mut self, record: &TimedRecord) -> Claim {
        let time = record.event_time_ms;
        let partition = &mut self.partitions[usize::from(record.partition)];
        partition.maximum = partition.maximum.max(Some(time));
        let windows = self.rule.windows(time);
        // The watermark is never behind the minimum of the partitions, idle or not.
        let sure = if self.rule.spec().merges_sessions() { 0 } else { self.rule.lost_windows(time, self.barrier) };
        let kept = self.claim_globally(record);
        let claim = if kept == Claim::SureKeep { kept } else { claim_of(sure, windows, windows) };
        self.count(claim, windows, sure, if claim == Claim::SureKeep { windows - 1 } else { windows });
        claim
    }

    #[inline]
    fn observe_partitioned(&mut self, record: &TimedRecord) -> Claim {
        let time = record.event_time_ms;
        let partition = &mut self.partitions[usize::from(record.partition)];
        let horizon = if self.rule.spec().follows_clock() {
            partition.clock.before(&self.rule, partition.maximum, record)
        } else {
            Some(self.rule.horizon(partition.maximum))
        };
        partition.maximum = partition.maximum.max(Some(time));
        let windows = self.rule.windows(time);
        let possible = horizon.map_or(windows, |horizon| self.rule.lost_windows(time, horizon));
        if possible == 0 {
            self.counts.sure_keep += 1;
            self.counts.pairs += u64::from(windows);
            return Claim::SureKeep;
        }
        // A session that is still open may take a late event in: then only keeping is certain.
        let sure = if self.rule.spec().merges_sessions() { 0 } else { self.rule.lost_windows(time, self.barrier) };
        let claim = claim_of(sure, possible, windows);
        self.counts.unclocked += u64::from(horizon.is_none());
        self.counts.affected.add(&self.rule, time, sure, possible);
        self.count(claim, windows, sure, possible);
        claim
    }

    fn observe_streams(&mut self, record: &TimedRecord) -> Claim {
        let (time, place) = (record.event_time_ms, usize::from(record.partition));
        let partition = &mut self.partitions[place];
        partition.maximum = partition.maximum.max(Some(time));
        let horizon = self.rule.horizon(partition.maximum);
        let Some(claims) = self.streams.get_mut(place) else {
            let (windows, lost) = (self.rule.windows(time), self.rule.lost_windows(time, horizon));
            if lost > 0 {
                self.counts.affected.add(&self.rule, time, lost, lost);
            }
            let claim = claim_of(lost, lost, windows);
            self.count(claim, windows, lost, lost);
            return claim;
        };
        let affected = &mut self.counts.affected;
        let judged = claims.judge(time, record.key_hash.unwrap_or(0), |missed| {
            affected.add_window(missed.window, missed.is_sure);
        });
        self.counts.refused_by_store_sure += u64::from(judged.refused_sure);
        self.counts.refused_by_store_possible += u64::from(judged.refused_possible);
        self.count(judged.claim, judged.windows, judged.sure, judged.possible);
        judged.claim
    }

    /// Azure: an event's fate depends on its partition's order and on when it arrived.
    fn observe_arriving(&mut self, record: &TimedRecord) -> Claim {
        let (time, windows) = (record.event_time_ms, self.rule.windows(record.event_time_ms));
        let found = self.partitions[usize::from(record.partition)].arrivals.observe(&self.rule, record);
        self.counts.without_arrival += u64::from(record.appended_ms.is_none());
        self.counts.out_of_order.min += u64::from(found.out_of_order.sure);
        self.counts.out_of_order.max += u64::from(found.out_of_order.possible);
        let lost = |is_lost: bool| if is_lost { windows } else { 0 };
        let (sure, possible) = (lost(found.lost.sure), lost(found.lost.possible));
        if possible > 0 {
            self.counts.affected.add(&self.rule, time, sure, possible);
        }
        let claim = claim_of(sure, possible, windows);
        self.count(claim, windows, sure, possible);
        claim
    }

    fn claim_globally(&mut self, record: &TimedRecord) -> Claim {
        let time = record.event_time_ms;
        let closes_ms = self.rule.last_end_ms(time).saturating_add(self.rule.spec().allowed_ms);
        if self.final_maximum.is_some() {
            let is_kept = closes_ms > self.rule.horizon(self.final_maximum);
            return if is_kept { Claim::SureKeep } else { Claim::Race };
        }
        self.counts.waiting.add(&self.rule, time, closes_ms);
        Claim::Race
    }

    fn count(&mut self, claim: Claim, windows: u32, sure: u32, possible: u32) {
        let counts = &mut self.counts;
        match claim {
            Claim::SureKeep => counts.sure_keep += 1,
            Claim::SureDrop => counts.sure_drop += 1,
            Claim::Race => counts.race += 1,
            Claim::Refused => counts.refused += 1,
        }
        counts.pairs += u64::from(windows);
        counts.pairs_sure += u64::from(sure);
        counts.pairs_possible += u64::from(possible);
    }

    /// The windows that may miss events, so far.
    #[must_use]
    pub fn affected(&self) -> &AffectedWindows {
        &self.counts.affected
    }
}

fn claim_of(sure: u32, possible: u32, windows: u32) -> Claim {
    if possible < windows {
        Claim::SureKeep
    } else if sure == windows {
        Claim::SureDrop
    } else {
        Claim::Race
    }
}

impl Waiting {
    fn add(&mut self, rule: &Rule, event_time_ms: i64, closes_ms: i64) {
        if self.maximum < Some(event_time_ms) {
            self.maximum = Some(event_time_ms);
            self.forget_closed(rule);
        }
        // Rounded down, so that a claim is never said to close later than it does.
        let step_ms = step_ms(rule.spec());
        let step = closes_ms.div_euclid(step_ms).saturating_mul(step_ms);
        if step > rule.horizon(self.maximum) {
            *self.by_closing_ms.entry(step).or_default() += 1;
        }
    }

    fn forget_closed(&mut self, rule: &Rule) {
        let horizon = rule.horizon(self.maximum);
        while self.by_closing_ms.first_key_value().is_some_and(|(step, _)| *step <= horizon) {
            self.by_closing_ms.pop_first();
        }
    }

    /// How many events no horizon of the stream closed.
    fn kept(&self) -> u64 {
        self.by_closing_ms.values().sum()
    }
}

/// The width of a step: the longest wait, from an event to when it may be closed, in about a thousand parts.
pub(super) fn step_ms(spec: &ModelSpec) -> i64 {
    let window_ms = match spec.window {
        WindowMs::None => 0,
        WindowMs::Aligned(shape) => shape.size_ms(),
        WindowMs::Sliding { size_ms } => size_ms,
        WindowMs::Session { gap_ms } => gap_ms,
    };
    (window_ms.saturating_add(spec.bound_ms).saturating_add(spec.allowed_ms) / WAITING_STEPS).max(1)
}

impl CertainCounts {
    /// Adds another part of the stream: other partitions of it.
    pub(super) fn merge(&mut self, spec: &ModelSpec, other: Self) {
        let CertainCounts {
            records,
            refused,
            sure_keep,
            sure_drop,
            race,
            pairs,
            pairs_sure,
            pairs_possible,
            unclocked,
            without_arrival,
            out_of_order,
            refused_by_store_sure,
            refused_by_store_possible,
            affected,
            waiting,
        } = other;
        self.records += records;
        self.refused += refused;
        self.sure_keep += sure_keep;
        self.sure_drop += sure_drop;
        self.race += race;
        self.pairs += pairs;
        self.pairs_sure += pairs_sure;
        self.pairs_possible += pairs_possible;
        self.unclocked += unclocked;
        self.without_arrival += without_arrival;
        self.out_of_order.min += out_of_order.min;
        self.out_of_order.max += out_of_order.max;
        self.refused_by_store_sure += refused_by_store_sure;
        self.refused_by_store_possible += refused_by_store_possible;
        self.affected.merge(affected);
        let Waiting { maximum, by_closing_ms } = waiting;
        self.waiting.maximum = self.waiting.maximum.max(maximum);
        for (step, events) in by_closing_ms {
            *self.waiting.by_closing_ms.entry(step).or_default() += events;
        }
        self.waiting.forget_closed(&Rule::new(spec));
    }

    /// The claims, with those that waited for the end of the stream decided: this is the end.
    pub(super) fn at_the_end(&self) -> CertainCounts {
        let kept = self.waiting.kept();
        CertainCounts {
            sure_keep: self.sure_keep + kept,
            race: self.race - kept,
            // What is kept is taken in by its last window.
            pairs_possible: self.pairs_possible - kept,
            ..self.clone()
        }
    }
}
