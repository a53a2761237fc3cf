//! The exact replay: events in the order in which the engine reads them, with its ticks, micro-batches and watermarks.

use std::collections::{BTreeMap, HashSet};

use super::metric_unit::Group;
use super::rule::{NO_HORIZON, Rule};
use super::sessions::OpenSessions;
use super::source_tasks::SourceTasks;
use super::spec::{ModelSpec, WindowMs};
use super::streams::{StreamsTask, Taken};
use crate::event_time::engines::Progress;
use crate::event_time::windows::WindowSpan;

/// When the watermark follows the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emission {
    /// After every event.
    PerRecord,
    /// At ticks only, and when a watermark is given.
    AtTicks,
}

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// None of its windows had fired.
    OnTime,
    /// A window had fired, and at least one took it in.
    LateAllowed,
    /// Lost from all its windows.
    Dropped,
    /// The engine rejects such events (Kafka Streams: negative times, no key).
    Refused,
}

/// The counts of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReplayTally {
    /// Events.
    pub events: u64,
    /// Events that the engine rejects.
    pub refused: u64,
    /// Events lost from all their windows.
    pub dropped: u64,
    /// Events kept although one of their windows had fired.
    pub late_allowed: u64,
    /// (Event, window) pairs.
    pub pairs: u64,
    /// Pairs lost.
    pub pairs_lost: u64,
    /// What the engine's own metric shows, see [`ModelSpec::metric`].
    pub metric: u64,
    /// The minimum that it shows: less than `metric` where it depends on the query's plan, see [`ModelSpec::sums_rows_first`].
    pub metric_least: u64,
}

/// One partition, as the engine's watermark generator sees it.
#[derive(Debug, Clone, Copy)]
struct Partition {
    maximum: Option<i64>,
    /// The horizon that was emitted last.
    sent: i64,
    /// Its watermarks are given; then only they count.
    is_given: bool,
    is_idle: bool,
    was_active: bool,
    /// The first tick since which nothing came.
    inactive_since_ms: Option<i64>,
}

/// An event being read.
struct Read {
    partition: usize,
    event_time_ms: i64,
    key_hash: u64,
}

/// Nothing has arrived.
const EMPTY: Partition = Partition {
    maximum: None,
    sent: NO_HORIZON,
    is_given: false,
    is_idle: false,
    was_active: false,
    inactive_since_ms: None,
};

/// Replays one model. All partitions that the engine reads are listed at the start: one without events holds Flink's watermark back.
///
/// For Flink and Beam the watermark is the minimum over partitions that are not idle, or the maximum over all when all are (Flink: in a
/// task of its source; the tasks are joined by a valve that leaves one out that comes back from idle, until it has caught up);
/// Spark's is one over all and moves per micro-batch; Kafka Streams and Azure have one for each partition.
/// Beam's partitions are never left out: one that is marked idle has been read to its end, and follows the clock of the next tick.
#[derive(Debug)]
pub(crate) struct Replay {
    rule: Rule,
    emission: Emission,
    partitions: Vec<Partition>,
    horizon: i64,
    /// Flink's source, and what it emits to the windows.
    source: Option<SourceTasks>,
    batches: Batches,
    /// Flink SQL: the slices of each key that events were dropped from.
    dropped_slices: HashSet<(u64, i64)>,
    sessions: OpenSessions,
    /// Kafka Streams, windows that depend on the events: those of each task.
    streams: Vec<StreamsTask>,
    windows: BTreeMap<WindowSpan, u64>,
    tally: ReplayTally,
}

/// Spark: after batch n, W(n+1) = max(W(n), M - delay); the late filter of batch n uses W(n-1).
#[derive(Debug, Default)]
struct Batches {
    maximum: Option<i64>,
    /// W(n), for the batch that is being filled.
    current: i64,
    /// W(n-1).
    before: i64,
    /// Groups of which rows were dropped in this batch: the metric counts rows after partial aggregation.
    dropped_groups: HashSet<Group>,
}

impl Replay {
    /// Nothing has been read.
    #[cfg(test)]
    pub(crate) fn new(spec: &ModelSpec, partitions: usize, emission: Emission) -> Self {
        let numbers: Vec<u32> = (0..).take(partitions).collect();
        Replay::numbered(spec, &numbers, emission)
    }

    /// Nothing has been read of partitions with these numbers: the number decides which task of Flink's source reads it
    /// ([`ModelSpec::source_tasks`], one if it is not stated).
    #[must_use]
    pub(crate) fn numbered(spec: &ModelSpec, numbers: &[u32], emission: Emission) -> Self {
        let partitions = numbers.len();
        let tasks = spec.source_tasks.unwrap_or(1);
        let has_tasks = spec.progress().has_source_tasks();
        Replay {
            rule: Rule::new(spec),
            emission,
            partitions: vec![EMPTY; partitions],
            horizon: NO_HORIZON,
            source: has_tasks.then(|| SourceTasks::new(&Rule::new(spec), numbers, tasks)),
            batches: Batches::default(),
            dropped_slices: HashSet::new(),
            sessions: OpenSessions::default(),
            // Its cache is on unless an application turns it off.
            streams: (0..partitions)
                .filter_map(|_| StreamsTask::of(spec, spec.record_cache.unwrap_or(true)))
                .map(StreamsTask::with_results)
                .collect(),
            windows: BTreeMap::new(),
            tally: ReplayTally::default(),
        }
    }

    /// The engine reads an event. It never affects its own lateness, except in Kafka Streams, where that makes no difference.
    #[cfg(test)]
    pub(crate) fn event(&mut self, partition: usize, event_time_ms: i64, key_hash: u64) -> Fate {
        self.keyed_event(partition, event_time_ms, Some(key_hash))
    }

    /// The engine reads an event, which may have no key.
    pub(crate) fn keyed_event(&mut self, partition: usize, event_time_ms: i64, key_hash: Option<u64>) -> Fate {
        self.tally.events += 1;
        if self.rule.refuses(event_time_ms, key_hash) {
            self.tally.refused += 1;
            self.tally.metric += 1;
            return Fate::Refused;
        }
        let key_hash = key_hash.unwrap_or(0);
        if let Some(task) = self.streams.get_mut(partition) {
            let taken = task.take(event_time_ms, key_hash);
            return self.count_taken(taken);
        }
        if self.rule.spec().progress().is_stream_time() {
            self.advance(partition, event_time_ms);
        }
        let horizon = self.horizon_for(partition);
        let fate = self.judge(&Read { partition, event_time_ms, key_hash }, horizon);
        self.advance(partition, event_time_ms);
        self.batches.maximum = self.batches.maximum.max(Some(event_time_ms));
        if let Some(source) = &mut self.source {
            source.event(partition, event_time_ms);
        }
        if self.emission == Emission::PerRecord {
            self.send_on(partition);
        }
        fate
    }

    fn send_on(&mut self, partition: usize) {
        if let Some(source) = &mut self.source {
            source.send(partition);
        } else {
            self.generate(partition);
            self.combine();
        }
    }

    /// A periodic emission at this moment of the engine's clock: the watermark is emitted, and partitions are checked for idleness (silence
    /// is timed from the first tick without events, and has to be strictly longer than the timeout).
    pub(crate) fn tick(&mut self, now_ms: Option<i64>) {
        if let Some(source) = &mut self.source {
            return source.tick(now_ms);
        }
        let idleness_ms = self.rule.spec().idleness_ms;
        for partition in &mut self.partitions {
            if std::mem::take(&mut partition.was_active) {
                partition.inactive_since_ms = None;
            } else if let (Some(idleness_ms), Some(now_ms)) = (idleness_ms, now_ms) {
                let since_ms = *partition.inactive_since_ms.get_or_insert(now_ms);
                partition.is_idle |= now_ms.saturating_sub(since_ms) > idleness_ms;
            }
        }
        match now_ms.filter(|_| self.rule.spec().follows_clock()) {
            Some(now_ms) => self.generate_by_clock(now_ms),
            None => (0..self.partitions.len()).for_each(|partition| self.generate(partition)),
        }
        self.combine();
    }

    /// A Spark micro-batch ends. Two in a row are a batch without data, as Spark runs one on a quiet stream after the watermark moved.
    pub(crate) fn batch(&mut self) {
        let next = self.batches.current.max(self.rule.horizon(self.batches.maximum));
        self.batches.before = std::mem::replace(&mut self.batches.current, next);
        self.batches.dropped_groups.clear();
    }

    /// Whether a data-less batch would follow on a quiet stream: the watermark has moved.
    #[must_use]
    pub(crate) fn batch_moved_watermark(&self) -> bool {
        self.batches.current > self.batches.before
    }

    /// A watermark is given: a partition's, or without a partition the engine's own.
    pub(crate) fn watermark(&mut self, partition: Option<usize>, watermark_ms: i64) {
        let horizon = self.rule.horizon_of_watermark(watermark_ms);
        if let Some(source) = &mut self.source {
            return match partition {
                Some(partition) => source.give_split(partition, horizon),
                None => source.give(horizon),
            };
        }
        match partition {
            Some(partition) => {
                let of = &mut self.partitions[partition];
                of.sent = of.sent.max(horizon);
                of.is_given = true;
                of.is_idle = false;
                self.combine();
            }
            None => self.horizon = self.horizon.max(horizon),
        }
    }

    /// A partition is marked idle: it no longer holds the watermark back, until its next event. (Beam: it was found to be read to its end,
    /// and follows the clock of the next tick.)
    pub(crate) fn idle(&mut self, partition: usize) {
        if let Some(source) = &mut self.source {
            return source.idle(partition);
        }
        self.partitions[partition].is_idle = true;
        self.combine();
    }

    /// The counts so far.
    #[must_use]
    pub(crate) fn tally(&self) -> ReplayTally {
        let sums_first = self.rule.spec().sums_rows_first();
        ReplayTally {
            metric_least: if sums_first { self.dropped_slices.len() as u64 } else { self.tally.metric },
            ..self.tally
        }
    }

    /// Every window that took in an event, and how many.
    #[must_use]
    pub(crate) fn windows(&self) -> BTreeMap<WindowSpan, u64> {
        let mut windows = self.windows.clone();
        for session in self.sessions.open() {
            *windows.entry(session.span).or_default() += session.events;
        }
        for (span, events) in self.streams.iter().flat_map(StreamsTask::windows) {
            *windows.entry(span).or_default() += events;
        }
        windows
    }

    fn advance(&mut self, partition: usize, event_time_ms: i64) {
        let of = &mut self.partitions[partition];
        of.maximum = of.maximum.max(Some(event_time_ms));
        of.is_idle = false;
        of.was_active = true;
    }

    fn horizon_for(&self, partition: usize) -> i64 {
        match self.rule.spec().progress() {
            Progress::SourceTasks => self.source.as_ref().map_or(NO_HORIZON, SourceTasks::horizon),
            Progress::ReaderClock => self.horizon,
            Progress::MicroBatches if self.rule.spec().allow_multiple => self.batches.before,
            Progress::MicroBatches => self.batches.current,
            Progress::StreamTime | Progress::Arrival => self.rule.horizon(self.partitions[partition].maximum),
        }
    }

    fn generate(&mut self, partition: usize) {
        let of = &mut self.partitions[partition];
        if !of.is_given {
            of.sent = of.sent.max(self.rule.horizon(of.maximum));
        }
    }

    /// At a moment of the reader's clock. That a partition was read to its end is known for this moment, not for the next.
    fn generate_by_clock(&mut self, now_ms: i64) {
        let rule = self.rule;
        for of in self.partitions.iter_mut().filter(|of| !of.is_given) {
            let checked_ms = std::mem::take(&mut of.is_idle).then_some(now_ms);
            // KafkaIO's reader takes the minimum of its partitions' current watermarks; only the whole never goes back.
            of.sent = rule.horizon_at(of.maximum, now_ms, checked_ms);
        }
    }

    fn combine(&mut self) {
        let leaves_out = |partition: &Partition| partition.is_idle && !self.rule.spec().follows_clock();
        let all_idle = self.partitions.iter().all(leaves_out);
        let sent = self.partitions.iter().filter(|partition| all_idle || !leaves_out(partition)).map(|of| of.sent);
        let combined = if all_idle { sent.max() } else { sent.min() };
        self.horizon = self.horizon.max(combined.unwrap_or(NO_HORIZON));
    }

    fn count_taken(&mut self, taken: Taken) -> Fate {
        let Taken { windows, lost, refused_by_store } = taken;
        let is_dropped = lost == windows;
        self.tally.pairs += u64::from(windows);
        self.tally.pairs_lost += u64::from(lost);
        self.tally.metric += u64::from(lost) + u64::from(refused_by_store);
        self.tally.dropped += u64::from(is_dropped);
        if is_dropped { Fate::Dropped } else { Fate::OnTime }
    }

    fn judge(&mut self, read: &Read, horizon: i64) -> Fate {
        let (windows, lost, is_late) = if matches!(self.rule.spec().window, WindowMs::Session { .. }) {
            self.judge_session(read, horizon)
        } else {
            self.judge_windows(read, horizon)
        };
        self.tally.pairs += u64::from(windows);
        self.tally.pairs_lost += u64::from(lost);
        let fate = match (lost, is_late) {
            (lost, _) if lost == windows => Fate::Dropped,
            (_, true) => Fate::LateAllowed,
            (_, false) => Fate::OnTime,
        };
        self.tally.dropped += u64::from(fate == Fate::Dropped);
        if fate == Fate::Dropped && self.rule.spec().sums_rows_first() {
            self.dropped_slices.insert((read.key_hash, self.rule.last_end_ms(read.event_time_ms)));
        }
        self.tally.late_allowed += u64::from(fate == Fate::LateAllowed);
        // Grouped rows are counted where groups are distinguished.
        self.tally.metric += self.rule.spec().metric_unit().of(lost, windows);
        fate
    }

    fn judge_windows(&mut self, read: &Read, horizon: i64) -> (u32, u32, bool) {
        let event_time_ms = read.event_time_ms;
        let (mut windows, mut lost, mut is_late) = (0, 0, false);
        for span in self.rule.spans(event_time_ms) {
            windows += 1;
            is_late |= horizon != NO_HORIZON && span.end_ms <= horizon;
            if self.rule.is_lost_from(event_time_ms, &span, horizon) {
                lost += 1;
                self.count_dropped_group(read, span);
            } else if !matches!(self.rule.spec().window, WindowMs::None) {
                *self.windows.entry(span).or_default() += 1;
            }
        }
        (windows, lost, is_late)
    }

    fn judge_session(&mut self, read: &Read, horizon: i64) -> (u32, u32, bool) {
        let (event_time_ms, key_hash) = (read.event_time_ms, read.key_hash);
        let Some(own) = self.rule.spans(event_time_ms).next() else { return (0, 0, false) };
        if !self.rule.spec().merges_sessions() && self.rule.is_lost_from(event_time_ms, &own, horizon) {
            self.count_dropped_group(read, own);
            return (1, 1, true);
        }
        let windows = &mut self.windows;
        let closed = |session: super::sessions::Session| *windows.entry(session.span).or_default() += session.events;
        let joined = self.sessions.join(&self.rule, key_hash, own, horizon, closed);
        let is_late = joined.is_some_and(|span| horizon != NO_HORIZON && span.end_ms <= horizon);
        (1, u32::from(joined.is_none()), is_late)
    }

    fn count_dropped_group(&mut self, read: &Read, span: WindowSpan) {
        let unit = self.rule.spec().metric_unit();
        let group = unit.group(read.partition as u16, read.key_hash, span.start_ms);
        if unit.is_grouped() && self.batches.dropped_groups.insert(group) {
            self.tally.metric += 1;
        }
    }
}
