//! A recorded stream that any number of source tasks may have read (Flink with idleness): what holds for all of these numbers.

use std::collections::BTreeMap;

use super::reading::Reading;
use crate::consume::recorded::{Recorded, RowKind};
use crate::event_time::CountRange;
use crate::event_time::watermark::ModelSpec;
use crate::results::verdicts::{EventFate, MetricVerdict, WatermarkVerdicts, WindowCount};

/// Up to how many tasks every number is tried.
const MOST_TASKS: u32 = 64;

/// Whether the file says when partitions fall idle, as far as that matters: idleness is timed at ticks, by their clock.
pub(super) fn times_idleness(spec: &ModelSpec, recorded: &Recorded, reading: Reading) -> bool {
    if spec.idleness_ms.is_none() {
        return true;
    }
    let mut ticks = recorded.rows.iter().filter_map(|row| match row.kind {
        RowKind::Tick(now_ms) => Some(now_ms.is_some()),
        _ => None,
    });
    let (has_ticks, are_timed) = (ticks.clone().next().is_some(), ticks.all(|is_timed| is_timed));
    are_timed && (has_ticks || !reading.per_record)
}

/// The numbers of tasks to be tried: more than one where the number is not known and matters; none where there are too many.
pub(super) fn counts_of(spec: &ModelSpec, recorded: &Recorded) -> Vec<u32> {
    let may_idle = spec.idleness_ms.is_some() || recorded.rows.iter().any(|row| row.kind == RowKind::Idle);
    // Up to one for each partition: those of one remainder are read by one task.
    let most = recorded.partitions.last().map_or(1, |last| last.saturating_add(1));
    match spec.source_tasks {
        Some(tasks) => vec![tasks],
        None if !spec.progress().has_source_tasks() || !may_idle => vec![1],
        None if most > MOST_TASKS => Vec::new(),
        None => (1..=most).collect(),
    }
}

/// Whether every task of the source has a partition of the file, however many tasks there may be: one without may hold the watermark at its minimum.
pub(super) fn all_have_partitions(spec: &ModelSpec, recorded: &Recorded) -> bool {
    let partitions = &recorded.partitions;
    match spec.source_tasks {
        Some(tasks) if tasks as usize > partitions.len() => false,
        Some(tasks) => (0..tasks).all(|task| partitions.iter().any(|partition| partition % tasks == task)),
        None => (0..).zip(partitions).all(|(place, partition)| place == *partition),
    }
}

/// Verdicts that hold for each of several replays: exact where all of them agree.
pub(super) fn joined(replays: Vec<WatermarkVerdicts>) -> Option<WatermarkVerdicts> {
    let mut replays = replays.into_iter();
    let first = replays.next()?;
    let others: Vec<_> = replays.collect();
    if others.iter().all(|other| *other == first) {
        return Some(first);
    }
    let mut all = first;
    all.exact = false;
    let mut windows = Windows::default();
    windows.add(&all.windows);
    for other in &others {
        windows.add(&other.windows);
        for (own, other) in all.events.iter_mut().zip(&other.events) {
            own.verdict = both(own.verdict, other.verdict);
        }
        all.counts.dropped = hull(all.counts.dropped, other.counts.dropped);
        all.counts.pairs_lost = hull(all.counts.pairs_lost, other.counts.pairs_lost);
        all.metric = hull_of_metrics(&all.metric, &other.metric);
    }
    all.counts.late_allowed = 0;
    all.events.iter_mut().for_each(|event| event.verdict = sure(event.verdict));
    all.windows = windows.finish();
    Some(all)
}

/// Of two numbers of tasks.
fn both(one: EventFate, other: EventFate) -> EventFate {
    use EventFate::{Dropped, Kept, LateAllowed, Race};
    match (one, other) {
        (one, other) if one == other => one,
        (Kept | LateAllowed, Kept | LateAllowed) => Kept,
        (Kept | LateAllowed | Dropped | Race, _) => Race,
        (one, _) => one,
    }
}

/// Of all numbers of tasks.
fn sure(fate: EventFate) -> EventFate {
    match fate {
        EventFate::Kept | EventFate::LateAllowed => EventFate::SureKeep,
        EventFate::Dropped => EventFate::SureDrop,
        other => other,
    }
}

fn hull(one: CountRange, other: CountRange) -> CountRange {
    CountRange { min: one.min.min(other.min), max: one.max.max(other.max) }
}

fn hull_of_metrics(one: &MetricVerdict, other: &MetricVerdict) -> MetricVerdict {
    let range = |of: &MetricVerdict| CountRange {
        min: of.value.or(of.min).unwrap_or(0),
        max: of.value.or(of.max).unwrap_or(0),
    };
    let CountRange { min, max } = hull(range(one), range(other));
    MetricVerdict { name: one.name.clone(), value: None, min: Some(min), max: Some(max) }
}

/// The least and the most events that a window takes in; nothing where a replay does not have it.
#[derive(Default)]
struct Windows {
    replays: u32,
    found: BTreeMap<(i64, i64), (u32, u64, u64)>,
}

impl Windows {
    fn add(&mut self, windows: &[WindowCount]) {
        self.replays += 1;
        for window in windows {
            let most = window.count_max.unwrap_or(window.count);
            let (seen, least, all) =
                self.found.entry((window.start_ms, window.end_ms)).or_insert((0, window.count, most));
            (*seen, *least, *all) = (*seen + 1, (*least).min(window.count), (*all).max(most));
        }
    }

    fn finish(self) -> Vec<WindowCount> {
        let count = |((start_ms, end_ms), (seen, least, most))| WindowCount {
            start_ms,
            end_ms,
            count: if seen == self.replays { least } else { 0 },
            count_max: Some(most),
        };
        self.found.into_iter().map(count).collect()
    }
}
