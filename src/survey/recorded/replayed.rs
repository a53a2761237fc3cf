//! The exact verdicts: the rows replayed as the engine read them.

use super::reading::{Reading, place, verdict_of};
use crate::consume::recorded::{Recorded, RecordedRow, RowKind};
use crate::event_time::CountRange;
use crate::event_time::watermark::{Emission, Fate, ModelSpec, Replay, WindowSpan};
use crate::results::verdicts::{EventFate, EventVerdict, VerdictCounts, WatermarkVerdicts, WindowCount};

/// Replays all rows, and writes down what becomes of events and windows.
pub(super) fn replay(spec: &ModelSpec, recorded: &Recorded, reading: Reading, verdicts: &mut WatermarkVerdicts) {
    let emission = if reading.per_record { Emission::PerRecord } else { Emission::AtTicks };
    let mut replay = Replay::numbered(spec, &recorded.partitions, emission);
    let events = recorded.rows.iter().filter_map(|row| play(&mut replay, recorded, reading, row));
    verdicts.events = events.collect();
    verdicts.windows = replay.windows().into_iter().map(window_count).collect();
    set_metric(spec, &replay, verdicts);
    let tally = replay.tally();
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

/// Plays one row; an event gets its verdict.
fn play(replay: &mut Replay, recorded: &Recorded, reading: Reading, row: &RecordedRow) -> Option<EventVerdict> {
    match row.kind {
        RowKind::Event(None) => return Some(verdict_of(row, None, EventFate::NoEventTime)),
        RowKind::Event(Some(time_ms)) => {
            let fate = replay.keyed_event(place(recorded, row.partition), time_ms, row.key_hash);
            return Some(verdict_of(row, Some(time_ms), verdict_on(fate)));
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
    None
}

fn verdict_on(fate: Fate) -> EventFate {
    match fate {
        Fate::OnTime => EventFate::Kept,
        Fate::LateAllowed => EventFate::LateAllowed,
        Fate::Dropped => EventFate::Dropped,
        Fate::Refused => EventFate::Refused,
    }
}

fn window_count((span, count): (WindowSpan, u64)) -> WindowCount {
    WindowCount { start_ms: span.start_ms, end_ms: span.end_ms, count, count_max: None }
}

/// The engine's own metric: one figure where its rows do not depend on how they are put together, else its bounds.
fn set_metric(spec: &ModelSpec, replay: &Replay, verdicts: &mut WatermarkVerdicts) {
    let tally = replay.tally();
    if tally.metric_least == tally.metric {
        verdicts.metric.value = Some(tally.metric);
    } else {
        (verdicts.metric.min, verdicts.metric.max) = (Some(tally.metric_least), Some(tally.metric));
        verdicts.notes.extend(spec.description().metric.sums_rows_first.map(str::to_owned));
    }
}
