//! The verdicts on a recorded stream: exact where it says how the engine read, else what is sure. Pure.

mod bounds;
mod notes;
mod reading;
mod replayed;
mod task_counts;

use self::bounds::bound;
use self::notes::notes_of;
pub use self::reading::Reading;
use self::replayed::replay;
use crate::consume::recorded::{Recorded, RowKind};
use crate::event_time::engines::Progress;
use crate::event_time::watermark::ModelSpec;
use crate::results::verdicts::{EventFate, MetricVerdict, WatermarkVerdicts};

/// The verdicts of one model.
#[must_use]
pub fn judge_recorded(spec: &ModelSpec, recorded: &Recorded, reading: Reading) -> WatermarkVerdicts {
    let mut verdicts = blank_verdicts(spec, recorded, reading);
    if let Some(exact) = replayed_by_any_tasks(spec, recorded, reading, &verdicts) {
        verdicts = exact;
    } else {
        verdicts.exact = false;
        bound(spec, recorded, &mut verdicts);
    }
    let without = verdicts.events.iter().filter(|event| event.verdict == EventFate::NoEventTime).count();
    verdicts.counts.without_event_time = without as u64;
    verdicts
}

/// Everything but what becomes of the events.
fn blank_verdicts(spec: &ModelSpec, recorded: &Recorded, reading: Reading) -> WatermarkVerdicts {
    WatermarkVerdicts {
        engine: spec.engine.name().to_owned(),
        scope: spec.scope().to_owned(),
        bound_ms: spec.tolerance_ms(),
        tolerance: spec.tolerances(),
        allowed_lateness_ms: spec.allowed_ms,
        window: spec.window_text(),
        exact: is_exact(spec, recorded, reading),
        notes: notes_of(spec, recorded),
        metric: MetricVerdict { name: spec.metric().to_owned(), ..MetricVerdict::default() },
        ..WatermarkVerdicts::default()
    }
}

/// Replays the file for every number of source tasks that may have read it, and keeps what holds for all of them; none where the file
/// does not tell enough, or where there are too many numbers.
fn replayed_by_any_tasks(
    spec: &ModelSpec,
    recorded: &Recorded,
    reading: Reading,
    blank: &WatermarkVerdicts,
) -> Option<WatermarkVerdicts> {
    let counts = if blank.exact { task_counts::counts_of(spec, recorded) } else { Vec::new() };
    let replayed = counts.iter().map(|tasks| {
        let mut verdicts = blank.clone();
        let spec = ModelSpec { source_tasks: Some(*tasks), ..*spec };
        replay(&spec, recorded, reading, &mut verdicts);
        verdicts
    });
    task_counts::joined(replayed.collect())
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
