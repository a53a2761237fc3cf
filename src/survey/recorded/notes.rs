//! What a person should know of a recorded stream beside the verdicts, a sentence each.

use crate::consume::recorded::{Recorded, RowKind};
use crate::event_time::watermark::{ModelSpec, unit_doubt};

/// What "dropped" means where a job may adjust times.
const ADJUSTED: &str = "Dropped here means dropped or adjusted, depending on the job's policy.";
/// Most sentences about single rows.
const MOST_PROBLEMS: usize = 20;

/// All of them, the file's own first.
pub(super) fn notes_of(spec: &ModelSpec, recorded: &Recorded) -> Vec<String> {
    let mut notes = unreadable_times(recorded);
    notes.extend(doubtful_unit(recorded));
    if spec.judges_events() {
        notes.push(format!("A file does not tell when events arrived, so only the out-of-order tolerance is judged, not late or early arrival. {ADJUSTED}"));
    }
    if spec.depends_on_record_cache() {
        let note = "Whether a closed window is still found depends on the record cache: for exact verdicts, set --record-cache true or false.";
        notes.push(note.to_owned());
    }
    notes.extend(ignored_rows(spec, recorded));
    notes
}

fn unreadable_times(recorded: &Recorded) -> Vec<String> {
    let mut notes: Vec<String> = recorded.problems.iter().take(MOST_PROBLEMS).cloned().collect();
    if recorded.problems.len() > MOST_PROBLEMS {
        notes.push(format!("{} more events have no readable time.", recorded.problems.len() - MOST_PROBLEMS));
    }
    notes
}

/// That the first time of this kind looks as if it were not in milliseconds.
fn doubtful_unit(recorded: &Recorded) -> Option<String> {
    recorded.rows.iter().find_map(|row| {
        let RowKind::Event(Some(time_ms)) = row.kind else { return None };
        let unit = unit_doubt(time_ms)?;
        Some(format!("line {}: {time_ms} looks like {unit}; times must be in milliseconds since 1970.", row.line))
    })
}

fn ignored_rows(spec: &ModelSpec, recorded: &Recorded) -> Option<String> {
    let is_ignored = |kind: RowKind| match kind {
        RowKind::Event(_) => false,
        RowKind::Watermark(_) | RowKind::Tick(_) | RowKind::Idle => !spec.progress().moves_at_ticks(),
        RowKind::Batch => !spec.progress().moves_at_batches(),
    };
    let ignored = recorded.rows.iter().filter(|row| is_ignored(row.kind)).count();
    (ignored > 0).then(|| {
        format!(
            "{ignored} rows (ticks, watermarks, batches or idleness) do not apply to {} and were ignored.",
            spec.engine
        )
    })
}
