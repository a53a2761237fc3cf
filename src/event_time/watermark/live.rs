//! What to expect of an engine that keeps up: it reads records in append order, and its watermark moves at its own interval.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::affected::AffectedWindows;
use super::append_order::InOrder;
use super::kept_up::KeptUp;
use super::metric_unit::Group;
use super::phases::{Maxima, PartitionLive, Phases};
use super::rule::{NO_HORIZON, Rule};
use super::spec::ModelSpec;
use super::timed::TimedRecord;
use crate::event_time::CountRange;
use crate::event_time::engines::Progress;

/// The most groups of one micro-batch that are counted separately; beyond them every row counts as a group of its own.
const MOST_GROUPS: usize = 1 << 18;

/// The expected range over the unknown phase of the engine's ticks and, for Flink, what its network buffers hold back (Spark: of its
/// micro-batches, and of their length unless it is set).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Events lost from all their windows.
    pub records: CountRange,
    /// (Event, window) pairs lost.
    pub pairs: CountRange,
    /// The engine's own metric.
    pub metric: CountRange,
}

#[derive(Debug, Clone, Default)]
struct PhaseCounts {
    records: u64,
    pairs: u64,
    metric: u64,
    /// Spark: groups whose rows were dropped in the batch that is being filled.
    groups: HashSet<Group>,
}

/// Follows one model in append order, in several phases at once.
///
/// With a stated `keeps_up` it also finds what is certainly dropped: an event that was appended at `a` is read after everything that was
/// appended up to `a - keeps_up`, and within one interval before it the watermark was emitted. So what the watermark of the moment `a -
/// keeps_up - interval` closes is lost.
#[derive(Debug)]
pub(crate) struct Live {
    rule: Rule,
    partitions: Vec<PartitionLive>,
    global: Option<i64>,
    first_appended_ms: Option<i64>,
    phases: Phases,
    counts: Vec<PhaseCounts>,
    /// What is lost in every phase.
    everywhere: PhaseCounts,
    /// Horizons of moments that are too recent to be certain.
    recent: VecDeque<(i64, i64)>,
    certain: i64,
    /// What is certainly kept although partitions may be idle.
    kept_up: Option<KeptUp>,
    pub(super) sure_drop: u64,
    pub(super) pairs_sure: u64,
    pub(super) affected: AffectedWindows,
}

impl Live {
    /// Nothing has been seen; none for models whose verdict does not depend on the order,
    /// or whose sessions would have to be kept open in every phase.
    pub(super) fn new(spec: &ModelSpec, partitions: usize) -> Option<Self> {
        match spec.progress() {
            Progress::StreamTime | Progress::Arrival => return None,
            Progress::SourceTasks | Progress::ReaderClock | Progress::MicroBatches if spec.merges_sessions() => {
                return None;
            }
            Progress::SourceTasks | Progress::ReaderClock | Progress::MicroBatches => {}
        }
        let rule = Rule::new(spec);
        let phases = Phases::new(&rule, partitions);
        Some(Live {
            partitions: vec![PartitionLive::default(); partitions],
            global: None,
            first_appended_ms: None,
            counts: vec![PhaseCounts::default(); phases.each.len()],
            everywhere: PhaseCounts::default(),
            phases,
            recent: VecDeque::new(),
            certain: NO_HORIZON,
            kept_up: KeptUp::new(spec),
            sure_drop: 0,
            pairs_sure: 0,
            affected: AffectedWindows::default(),
            rule,
        })
    }

    /// The next record in append order.
    #[inline]
    pub(super) fn observe(&mut self, next: &InOrder) {
        let InOrder { record, appended_ms, .. } = next;
        let (time, place) = (record.event_time_ms, usize::from(record.partition));
        if place >= self.partitions.len() {
            self.partitions.resize_with(place + 1, PartitionLive::default);
        }
        let first_appended_ms = *self.first_appended_ms.get_or_insert(*appended_ms);
        self.move_on(*appended_ms, first_appended_ms);
        if let Some(kept_up) = &mut self.kept_up {
            kept_up.observe(&self.rule, time, *appended_ms);
        }
        if self.rule.lost_windows(time, self.phases.furthest) > 0 {
            self.lose(next);
        }
        let partition = &mut self.partitions[place];
        partition.maximum = partition.maximum.max(Some(time));
        partition.last_appended_ms = Some(*appended_ms);
        self.global = self.global.max(Some(time));
    }

    fn move_on(&mut self, now_ms: i64, first_appended_ms: i64) {
        let maxima = Maxima { partitions: &self.partitions, global: self.global, first_appended_ms };
        let moved = self.phases.advance(&self.rule, now_ms, &maxima);
        if moved != 0 && self.rule.spec().progress().moves_at_batches() {
            let counts = self.counts.iter_mut().enumerate().filter(|(place, _)| moved & (1_u64 << place) != 0);
            counts.for_each(|(_, counts)| counts.groups.clear());
        }
        if let (true, Some(keeps_up_ms)) = (moved != 0, self.rule.spec().keeps_up_ms) {
            self.make_certain(now_ms, keeps_up_ms);
        }
    }

    /// Idle partitions are not left out here: certainty must not depend on the engine's having noticed them. A task of Flink's source
    /// without a partition holds the watermark at its minimum, for a while or for ever.
    fn make_certain(&mut self, now_ms: i64, keeps_up_ms: i64) {
        if self.rule.spec().source_tasks.is_some_and(|tasks| tasks as usize > self.partitions.len()) {
            return;
        }
        let horizons = self.partitions.iter().map(|partition| self.rule.horizon_at(partition.maximum, now_ms, None));
        self.recent.push_back((now_ms, horizons.min().unwrap_or(NO_HORIZON)));
        let interval_ms = self.rule.spec().interval_ms.unwrap_or(super::DEFAULT_INTERVAL_MS);
        let long_ago_ms = now_ms.saturating_sub(keeps_up_ms).saturating_sub(interval_ms);
        while let Some((at_ms, horizon)) = self.recent.front().copied()
            && at_ms <= long_ago_ms
        {
            self.recent.pop_front();
            self.certain = self.certain.max(horizon);
        }
    }

    #[cold]
    fn lose(&mut self, next: &InOrder) {
        let record = &next.record;
        let time = record.event_time_ms;
        let windows = self.rule.windows(time);
        let sure = if next.is_overtaken { 0 } else { self.rule.lost_windows(time, self.certain) };
        let unit = self.rule.spec().metric_unit();
        let mut most = windows;
        if !unit.is_grouped() && self.rule.lost_windows(time, self.phases.nearest) == windows {
            self.everywhere.lose(&self.rule, windows, windows);
        } else {
            most = 0;
            for (counts, phase) in self.counts.iter_mut().zip(&self.phases.each) {
                let lost = self.rule.lost_windows(time, phase.horizon);
                most = most.max(lost);
                counts.lose(&self.rule, lost, windows);
                if unit.is_grouped() {
                    counts.metric += counts.groups_lost(&self.rule, record, lost);
                }
            }
        }
        self.sure_drop += u64::from(sure == windows);
        self.pairs_sure += u64::from(sure);
        self.affected.add(&self.rule, time, sure, most);
    }

    /// Events that an engine that keeps up certainly keeps, although partitions may be idle.
    pub(super) fn kept(&self) -> u64 {
        self.kept_up.as_ref().map_or(0, |kept_up| kept_up.kept(&self.rule))
    }

    /// The range over all phases.
    #[must_use]
    pub(crate) fn expected(&self) -> Expected {
        let range = |count: fn(&PhaseCounts) -> u64| {
            let everywhere = count(&self.everywhere);
            CountRange {
                min: everywhere + self.counts.iter().map(count).min().unwrap_or(0),
                max: everywhere + self.counts.iter().map(count).max().unwrap_or(0),
            }
        };
        let mut metric = range(|counts| counts.metric);
        if self.rule.spec().sums_rows_first() {
            metric.min = metric.min.min(1);
        }
        Expected { records: range(|counts| counts.records), pairs: range(|counts| counts.pairs), metric }
    }

    /// How many partitions there are, and how many of them have events: in Flink a partition without events holds the watermark at its
    /// minimum, and nothing is ever dropped.
    pub(super) fn partitions(&self) -> (usize, usize) {
        let with_events = self.partitions.iter().filter(|partition| partition.maximum.is_some()).count();
        (self.partitions.len(), with_events)
    }
}

impl PhaseCounts {
    /// An event is lost from `lost` of its windows. Spark's metric is counted in [`PhaseCounts::groups_lost`].
    fn lose(&mut self, rule: &Rule, lost: u32, windows: u32) {
        self.records += u64::from(lost == windows);
        self.pairs += u64::from(lost);
        self.metric += rule.spec().metric_unit().of(lost, windows);
    }

    /// Rows after partial aggregation: one for each group of a batch.
    fn groups_lost(&mut self, rule: &Rule, record: &TimedRecord, lost: u32) -> u64 {
        let (unit, mut rows) = (rule.spec().metric_unit(), 0);
        for (_, span) in (0..lost).zip(rule.spans(record.event_time_ms)) {
            let is_told_apart = self.groups.len() < MOST_GROUPS;
            let group = unit.group(record.partition, record.key_hash.unwrap_or(0), span.start_ms);
            rows += u64::from(!is_told_apart || self.groups.insert(group));
        }
        rows
    }
}
