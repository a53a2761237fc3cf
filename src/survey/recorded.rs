//! The verdicts on a recorded stream: exact where it says how the engine read, else what is sure. Pure.

mod task_counts;

use std::collections::BTreeMap;

use crate::consume::recorded::{Recorded, RecordedRow, RowKind};
use crate::event_time::CountRange;
use crate::event_time::engines::Progress;
use crate::event_time::watermark::{
    Certain, Claim, Emission, Fate, ModelSpec, Replay, Rule, TimedRecord, Watermarks, WindowSpan, unit_doubt,
};
use crate::results::verdicts::{EventFate, EventVerdict, MetricVerdict, VerdictCounts, WatermarkVerdicts, WindowCount};

/// What "dropped" means where a job may adjust times.
const ADJUSTED: &str = "Dropped here means dropped or adjusted, depending on the job's policy.";
/// Most sentences about single rows.
const MOST_PROBLEMS: usize = 20;

/// How a file is to be read, beside what it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// The watermark follows every event, in the file's order.
    pub per_record: bool,
    /// Spark: a batch without data follows every batch that moved the watermark.
    pub quiet_stream: bool,
}

/// The verdicts of one model.
#[must_use]
pub fn judge_recorded(spec: &ModelSpec, recorded: &Recorded, reading: Reading) -> WatermarkVerdicts {
    let mut verdicts = WatermarkVerdicts {
        engine: spec.engine.name().to_owned(),
        scope: spec.scope().to_owned(),
        bound_ms: spec.tolerance_ms(),
        tolerance: spec.tolerances(),
        allowed_lateness_ms: spec.allowed_ms,
        window: spec.window_text(),
        exact: is_exact(spec, recorded, reading),
        notes: notes_of(spec, recorded),
        ..WatermarkVerdicts::default()
    };
    verdicts.metric.name = spec.metric().to_owned();
    let counts = if verdicts.exact { task_counts::counts_of(spec, recorded) } else { Vec::new() };
    let replayed = counts.iter().map(|tasks| {
        let mut verdicts = verdicts.clone();
        let spec = ModelSpec { source_tasks: Some(*tasks), ..*spec };
        replay(&spec, recorded, reading, &mut verdicts);
        verdicts
    });
    if let Some(all) = task_counts::joined(replayed.collect()) {
        verdicts = all;
    } else {
        verdicts.exact = false;
        bound(spec, recorded, &mut verdicts);
    }
    let without = verdicts.events.iter().filter(|event| event.verdict == EventFate::NoEventTime).count();
    verdicts.counts.without_event_time = without as u64;
    verdicts
}

/// Whether the file says what this engine's watermark follows.
fn is_exact(spec: &ModelSpec, recorded: &Recorded, reading: Reading) -> bool {
    let has = |wanted: fn(&RowKind) -> bool| recorded.rows.iter().any(|row| wanted(&row.kind));
    let ticks = has(|kind| matches!(kind, RowKind::Tick(_) | RowKind::Watermark(_)));
    let batches = has(|kind| *kind == RowKind::Batch);
    match spec.progress() {
        Progress::SourceTasks => (ticks || reading.per_record) && task_counts::times_idleness(spec, recorded, reading),
        // Its watermark follows the clock: what it was at a moment that is not told cannot be known.
        Progress::ReaderClock => ticks && !has(|kind| *kind == RowKind::Tick(None)),
        Progress::MicroBatches => batches,
        // Its stream time follows each record of a partition; nothing else is to be told.
        Progress::StreamTime => spec.is_exact_by_partition(),
        // The out-of-order tolerance follows the order of each partition; moments of arrival are not in the file, which a note says.
        Progress::Arrival => true,
    }
}

fn notes_of(spec: &ModelSpec, recorded: &Recorded) -> Vec<String> {
    let mut notes: Vec<String> = recorded.problems.iter().take(MOST_PROBLEMS).cloned().collect();
    if recorded.problems.len() > MOST_PROBLEMS {
        notes.push(format!("{} more events have no readable time.", recorded.problems.len() - MOST_PROBLEMS));
    }
    let times = recorded.rows.iter().filter_map(|row| match row.kind {
        RowKind::Event(Some(time_ms)) => Some((row.line, time_ms, unit_doubt(time_ms)?)),
        _ => None,
    });
    if let Some((line, time_ms, unit)) = times.into_iter().next() {
        notes.push(format!("line {line}: {time_ms} looks like {unit}; times must be in milliseconds since 1970."));
    }
    if spec.judges_events() {
        notes.push(format!("A file does not tell when events arrived, so only the out-of-order tolerance is judged, not late or early arrival. {ADJUSTED}"));
    }
    if spec.depends_on_record_cache() {
        let note = "Whether a closed window is still found depends on the record cache: for exact verdicts, set --record-cache true or false.";
        notes.push(note.to_owned());
    }
    let ignored = recorded.rows.iter().filter(|row| match row.kind {
        RowKind::Event(_) => false,
        RowKind::Watermark(_) | RowKind::Tick(_) | RowKind::Idle => !spec.progress().moves_at_ticks(),
        RowKind::Batch => !spec.progress().moves_at_batches(),
    });
    let ignored = ignored.count();
    if ignored > 0 {
        notes.push(format!(
            "{ignored} rows (ticks, watermarks, batches or idleness) do not apply to {} and were ignored.",
            spec.engine
        ));
    }
    notes
}

/// A partition's place among those that the file names.
fn place(recorded: &Recorded, partition: Option<u32>) -> usize {
    recorded.partitions.binary_search(&partition.unwrap_or(0)).unwrap_or(0)
}

fn verdict_of(row: &RecordedRow, time_ms: Option<i64>, verdict: EventFate) -> EventVerdict {
    EventVerdict { line: row.line, partition: row.partition.unwrap_or(0), time_ms, verdict }
}

fn replay(spec: &ModelSpec, recorded: &Recorded, reading: Reading, verdicts: &mut WatermarkVerdicts) {
    let emission = if reading.per_record { Emission::PerRecord } else { Emission::AtTicks };
    let mut replay = Replay::numbered(spec, &recorded.partitions, emission);
    for row in &recorded.rows {
        match row.kind {
            RowKind::Event(None) => verdicts.events.push(verdict_of(row, None, EventFate::NoEventTime)),
            RowKind::Event(Some(time_ms)) => {
                let fate = match replay.keyed_event(place(recorded, row.partition), time_ms, row.key_hash) {
                    Fate::OnTime => EventFate::Kept,
                    Fate::LateAllowed => EventFate::LateAllowed,
                    Fate::Dropped => EventFate::Dropped,
                    Fate::Refused => EventFate::Refused,
                };
                verdicts.events.push(verdict_of(row, Some(time_ms), fate));
            }
            RowKind::Watermark(time_ms) => {
                replay.watermark(row.partition.map(|_| place(recorded, row.partition)), time_ms);
            }
            RowKind::Tick(now_ms) => replay.tick(now_ms),
            RowKind::Batch => {
                replay.batch();
                if reading.quiet_stream && replay.batch_moved_watermark() {
                    replay.batch();
                }
            }
            RowKind::Idle => replay.idle(place(recorded, row.partition)),
        }
    }
    let tally = replay.tally();
    let count = |(span, count): (WindowSpan, u64)| WindowCount {
        start_ms: span.start_ms,
        end_ms: span.end_ms,
        count,
        count_max: None,
    };
    verdicts.windows = replay.windows().into_iter().map(count).collect();
    if tally.metric_least == tally.metric {
        verdicts.metric.value = Some(tally.metric);
    } else {
        (verdicts.metric.min, verdicts.metric.max) = (Some(tally.metric_least), Some(tally.metric));
        verdicts.notes.extend(spec.description().metric.sums_rows_first.map(str::to_owned));
    }
    verdicts.counts = VerdictCounts {
        events: tally.events,
        refused: tally.refused,
        late_allowed: tally.late_allowed,
        dropped: CountRange::exactly(tally.dropped),
        pairs: tally.pairs,
        pairs_lost: CountRange::exactly(tally.pairs_lost),
        ..VerdictCounts::default()
    };
}

fn bound(spec: &ModelSpec, recorded: &Recorded, verdicts: &mut WatermarkVerdicts) {
    let times =
        recorded.rows.iter().filter_map(|row| if let RowKind::Event(time_ms) = row.kind { time_ms } else { None });
    let maximum = times.max();
    let partitions = recorded.partitions.len();
    let mut certain = Certain::new(spec, partitions).knowing(maximum);
    let mut counting = Watermarks::new(std::slice::from_ref(spec), partitions);
    let mut windows = WindowBounds::new(spec, maximum, partitions);
    let ticks_tell = spec.progress().has_source_tasks() && task_counts::all_have_partitions(spec, recorded);
    for row in &recorded.rows {
        match row.kind {
            RowKind::Event(None) => verdicts.events.push(verdict_of(row, None, EventFate::NoEventTime)),
            RowKind::Event(Some(event_time_ms)) => {
                let partition = place(recorded, row.partition) as u16;
                let record = TimedRecord {
                    partition,
                    event_time_ms,
                    appended_ms: None,
                    appended_by_ms: None,
                    key_hash: row.key_hash,
                };
                counting.observe(&record);
                let fate = match certain.observe(&record) {
                    Claim::SureKeep => EventFate::SureKeep,
                    Claim::SureDrop => EventFate::SureDrop,
                    Claim::Race => EventFate::Race,
                    Claim::Refused => EventFate::Refused,
                };
                windows.add(event_time_ms, row.key_hash);
                verdicts.events.push(verdict_of(row, Some(event_time_ms), fate));
            }
            // What stands before a tick has been read, and moved the watermark: whenever that was.
            RowKind::Tick(_) if ticks_tell => {
                counting.barrier();
                certain.barrier();
            }
            RowKind::Watermark(_) | RowKind::Tick(_) | RowKind::Batch | RowKind::Idle => {}
        }
    }
    verdicts.windows = windows.finish(&certain);
    for tally in counting.finish() {
        let (dropped, pairs_lost, metric) = (tally.dropped(), tally.pairs_lost(), tally.metric());
        verdicts.counts = VerdictCounts {
            events: tally.records(),
            refused: tally.refused(),
            dropped,
            pairs: tally.pairs(),
            pairs_lost,
            ..VerdictCounts::default()
        };
        verdicts.metric =
            MetricVerdict { name: spec.metric().to_owned(), value: None, min: Some(metric.min), max: Some(metric.max) };
    }
}

/// Events of each window. Sessions that events may join, and single events, are no windows that could be told.
struct WindowBounds {
    rule: Rule,
    counted: bool,
    /// What the whole stream's maximum closes, for an engine that has one over all partitions.
    global_horizon: Option<i64>,
    events: BTreeMap<WindowSpan, u64>,
}

impl WindowBounds {
    fn new(spec: &ModelSpec, maximum: Option<i64>, partitions: usize) -> Self {
        let may_idle = spec.idleness_ms.is_some() && partitions > 1;
        let follows_whole_stream = spec.is_global() || may_idle;
        let rule = Rule::new(spec);
        WindowBounds {
            rule,
            counted: spec.has_fixed_windows(),
            global_horizon: follows_whole_stream.then(|| rule.horizon(maximum)),
            events: BTreeMap::new(),
        }
    }

    fn add(&mut self, event_time_ms: i64, key_hash: Option<u64>) {
        if self.counted && !self.rule.refuses(event_time_ms, key_hash) {
            self.rule.spans(event_time_ms).for_each(|span| *self.events.entry(span).or_default() += 1);
        }
    }

    fn finish(self, certain: &Certain) -> Vec<WindowCount> {
        let missing: BTreeMap<WindowSpan, (u64, u64)> =
            certain.affected().iter().map(|(span, loss)| (span, (loss.min, loss.max))).collect();
        let count = |(span, events): (&WindowSpan, &u64)| {
            let (sure, possible) = match self.global_horizon {
                Some(horizon) if self.rule.is_closed(span.end_ms, horizon) => (0, *events),
                Some(_) => (0, 0),
                None => missing.get(span).copied().unwrap_or_default(),
            };
            let (count, most) = (events - possible, events - sure);
            WindowCount { start_ms: span.start_ms, end_ms: span.end_ms, count, count_max: Some(most) }
        };
        self.events.iter().map(count).collect()
    }
}
