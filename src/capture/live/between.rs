//! Which offsets of a topic lie between two moments.

use super::{CaptureProgress, RunReader, look_around};
use crate::capture::{EdgeOffsets, Edges, Run};
use crate::kafka::{ClientSettings, OffsetFinder, OffsetsError};

/// Of what a topic holds, the offsets between the first and the last of `edges`. The broker says where both moments lie; what hides behind
/// its answers is looked for, as a capture does.
///
/// # Errors
/// When the brokers do not say where the moments lie.
pub(crate) fn runs_between(
    settings: &ClientSettings,
    topic: &str,
    held: &[Run],
    edges: &Edges,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Vec<Run>, OffsetsError> {
    let finder = OffsetFinder::open(settings, topic)?;
    let first = offsets_at(&finder, held, edges.at_ms(0))?;
    let last = offsets_at(&finder, held, edges.at_ms(edges.buckets()))?;
    let offsets = EdgeOffsets::of(vec![first.clone(), last.clone()]);
    let (oldest, ends): (Vec<i64>, Vec<i64>) = held.iter().map(|run| (run.from, run.until)).unzip();
    let mut reader = RunReader::new(settings, topic, false);
    let around = look_around(&mut reader, edges, &offsets, &oldest, &ends, progress);
    let run = |(run, (from, until)): (&Run, (i64, i64))| Run { from, until: until.max(from), ..*run };
    let mut runs: Vec<Run> = held.iter().zip(first.into_iter().zip(last)).map(run).collect();
    for stretch in around.stretches.iter().map(|stretch| stretch.run) {
        if let Some(run) = runs.get_mut(stretch.partition) {
            run.until = run.until.max(stretch.until);
        }
    }
    Ok(runs)
}

/// Of each partition the first offset whose record is of this moment or later, within what it holds.
pub(super) fn offsets_at(finder: &OffsetFinder, held: &[Run], at_ms: i64) -> Result<Vec<i64>, OffsetsError> {
    let found = finder.at(at_ms)?;
    Ok(held.iter().zip(found).map(|(run, found)| found.unwrap_or(run.until).clamp(run.from, run.until)).collect())
}
