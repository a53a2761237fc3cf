//! What is sure of a recorded stream that does not say how the engine read it.

use std::collections::BTreeMap;

use super::reading::{place, verdict_of};
use super::task_counts;
use crate::consume::recorded::{Recorded, RecordedRow, RowKind};
use crate::event_time::watermark::{Certain, Claim, ModelSpec, Rule, TimedRecord, Watermarks, WindowSpan};
use crate::results::verdicts::{EventFate, EventVerdict, VerdictCounts, WatermarkVerdicts, WindowCount};

/// Writes down what is sure of events and windows.
pub(super) fn bound(spec: &ModelSpec, recorded: &Recorded, verdicts: &mut WatermarkVerdicts) {
    let mut bounds = Bounds::new(spec, recorded);
    verdicts.events = recorded.rows.iter().filter_map(|row| bounds.take_in(row)).collect();
    verdicts.windows = bounds.windows.finish(&bounds.certain);
    for tally in bounds.counting.finish() {
        let metric = tally.metric();
        (verdicts.metric.min, verdicts.metric.max) = (Some(metric.min), Some(metric.max));
        verdicts.counts = VerdictCounts {
            events: tally.records(),
            refused: tally.refused(),
            dropped: tally.dropped(),
            pairs: tally.pairs(),
            pairs_lost: tally.pairs_lost(),
            ..VerdictCounts::default()
        };
    }
}

/// Asks of each event what becomes of it, however the rows were read.
struct Bounds<'a> {
    recorded: &'a Recorded,
    certain: Certain,
    counting: Watermarks,
    windows: WindowBounds,
    /// What stands before a tick has been read by then, and moved the watermark.
    ticks_tell: bool,
}

impl<'a> Bounds<'a> {
    fn new(spec: &ModelSpec, recorded: &'a Recorded) -> Self {
        let times =
            recorded.rows.iter().filter_map(|row| if let RowKind::Event(time_ms) = row.kind { time_ms } else { None });
        let maximum = times.max();
        let partitions = recorded.partitions.len();
        Bounds {
            recorded,
            certain: Certain::new(spec, partitions).knowing(maximum),
            counting: Watermarks::new(std::slice::from_ref(spec), partitions),
            windows: WindowBounds::new(spec, maximum, partitions),
            ticks_tell: spec.progress().has_source_tasks() && task_counts::all_have_partitions(spec, recorded),
        }
    }

    /// Takes in one row; an event gets its verdict.
    fn take_in(&mut self, row: &RecordedRow) -> Option<EventVerdict> {
        match row.kind {
            RowKind::Event(None) => return Some(verdict_of(row, None, EventFate::NoEventTime)),
            RowKind::Event(Some(time_ms)) => return Some(verdict_of(row, Some(time_ms), self.event(row, time_ms))),
            RowKind::Tick(_) if self.ticks_tell => {
                self.counting.barrier();
                self.certain.barrier();
            }
            RowKind::Watermark(_) | RowKind::Tick(_) | RowKind::Batch | RowKind::Idle => {}
        }
        None
    }

    fn event(&mut self, row: &RecordedRow, event_time_ms: i64) -> EventFate {
        let record = TimedRecord {
            partition: place(self.recorded, row.partition) as u16,
            event_time_ms,
            appended_ms: None,
            appended_by_ms: None,
            key_hash: row.key_hash,
        };
        self.counting.observe(&record);
        self.windows.add(event_time_ms, row.key_hash);
        match self.certain.observe(&record) {
            Claim::SureKeep => EventFate::SureKeep,
            Claim::SureDrop => EventFate::SureDrop,
            Claim::Race => EventFate::Race,
            Claim::Refused => EventFate::Refused,
        }
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
