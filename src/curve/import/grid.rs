//! A series on a grid of equal buckets.

use super::{
    Findings, Gaps, ImportError, Kind, OffGrid, Place, Stamps, Values,
    layout::{Layout, bounded, span},
    repair,
    series::{Rows, Sample, Series},
    steps::{Spacing, Steps},
};
use crate::curve::{Curve, moment_text};
use crate::units::Span;

const HOUR_MS: i64 = 3_600_000;
/// A requested length this close to that of the rows is the one that their jitter is around.
const NOMINAL: f64 = 0.25;

/// The buckets; those without a value are NaN.
#[derive(Debug)]
struct Grid {
    start_ms: i64,
    step_ms: i64,
    values: Vec<f64>,
    /// The place of the first value.
    first: Place,
}

/// A series on its grid.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) curve: Curve,
    /// What the values were taken to be.
    pub(super) values: Values,
    /// How many buckets had to be filled.
    pub(super) filled: usize,
}

/// The curve of a series.
pub(super) fn curve_of(series: Series, layout: &Layout<'_>, findings: &mut Findings) -> Result<Laid, ImportError> {
    let policy = &layout.options.policy;
    let Series { name, mut samples, step_ms: stated_ms, .. } = series;
    if samples.iter().all(|sample| sample.value.is_nan()) {
        return Err(ImportError::NoNumbers { name });
    }
    repair::sort(&mut samples, layout.ordered, policy, findings);
    if layout.values == Values::Events {
        let curve = super::events::counted(&samples, layout.options, findings)?;
        return Ok(Laid { curve, values: Values::Events, filled: 0 });
    }
    let all_ones = samples.iter().all(|sample| (sample.value - 1.0).abs() < f64::EPSILON);
    let mut once = samples.clone();
    once.dedup_by_key(|sample| sample.at_ms);
    let spacing = spacing_of(&once, layout.rows, stated_ms);
    drop(once);
    if all_ones && layout.rows == Rows::Free && layout.options.values.is_none() && is_irregular(&spacing) {
        let curve = super::events::counted(&samples, layout.options, findings)?;
        return Ok(Laid { curve, values: Values::Events, filled: 0 });
    }
    if layout.rows == Rows::Joined
        && let Spacing::Steps(steps) = &spacing
    {
        samples.retain(|sample| !sample.value.is_nan() || steps.off_ms(sample.at_ms) == 0);
    }
    repair::unite(&mut samples, layout.values, policy, findings)?;
    repair::look_ahead(&samples, layout.options.now_unix_ms, policy, findings);
    repair::look_at_values(&mut samples, layout.values, policy, findings);
    let grid = grid_of(&samples, &spacing, layout, findings)?;
    if findings.stop() {
        return Err(ImportError::Stopped(findings.clone()));
    }
    let (curve, filled) = counts_of(grid, layout, findings)?;
    let curve = match layout.options.step_ms {
        Some(step_ms) => coarser(&curve, step_ms, findings)?,
        None => curve,
    };
    Ok(Laid { curve, values: layout.values, filled })
}

/// The spacing of the rows; where rows may be another series', of the rows with a number.
fn spacing_of(once: &[Sample], rows: Rows, stated_ms: Option<i64>) -> Spacing {
    if rows == Rows::Joined {
        let own: Vec<Sample> = once.iter().copied().filter(|sample| !sample.value.is_nan()).collect();
        return Spacing::of(&own, rows, stated_ms);
    }
    Spacing::of(once, rows, stated_ms)
}

fn is_irregular(spacing: &Spacing) -> bool {
    matches!(spacing, Spacing::Irregular { .. })
}

fn grid_of(
    samples: &[Sample],
    spacing: &Spacing,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Grid, ImportError> {
    let first = *samples.first().ok_or(ImportError::NoSeries)?;
    let asked_ms = layout.options.step_ms.and_then(|step_ms| i64::try_from(step_ms).ok());
    match (spacing, asked_ms) {
        (Spacing::OneRow, None) => {
            let then = "set it with --step, as in --step 60s";
            let what = "there is only one row, so the length of its bucket is unknown";
            findings.note(Kind::StepWanted, Some(first.place), what, then, true);
            Err(ImportError::Stopped(findings.clone()))
        }
        (Spacing::OneRow, Some(step_ms)) => {
            Ok(Grid { start_ms: first.at_ms, step_ms, values: vec![first.value], first: first.place })
        }
        (Spacing::Irregular { shortest_ms, longest_ms }, None) => {
            let what = format!("the rows are {} to {} apart, in no fixed step", span(*shortest_ms), span(*longest_ms));
            let then = "set the length of a bucket with --step, or use --values events if each row is one event";
            findings.note(Kind::StepWanted, Some(first.place), &what, then, true);
            Err(ImportError::Stopped(findings.clone()))
        }
        (Spacing::Irregular { .. }, Some(step_ms)) => irregular(samples, step_ms, layout, findings),
        (Spacing::Steps(steps), None) => match steps.changes {
            Some(change) => {
                note_change(samples, steps, change, None, findings);
                Err(ImportError::Stopped(findings.clone()))
            }
            None => equal(samples, steps, layout, findings),
        },
        (Spacing::Steps(steps), Some(step_ms)) => as_asked(samples, steps, step_ms, layout, findings),
    }
}

/// Rows on a grid, into buckets of a requested length.
fn as_asked(
    samples: &[Sample],
    steps: &Steps,
    asked_ms: i64,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Grid, ImportError> {
    // Silence between rows means buckets without events only if the user says so: otherwise rows far apart are longer buckets.
    let silent = layout.options.policy.gaps == Gaps::Zero && layout.values != Values::Counter;
    let finer = || ImportError::Finer { asked: span(asked_ms), found: span(steps.largest_ms) };
    if let Some(change) = steps.changes
        && !(silent && asked_ms % steps.step_ms == 0 && asked_ms < steps.largest_ms)
    {
        let place = samples.get(change.0).map_or(Place::line(1), |sample| sample.place);
        if layout.values != Values::Counts {
            return Err(ImportError::MixedRates { place });
        }
        if asked_ms < steps.largest_ms {
            return Err(finer());
        }
        note_change(samples, steps, change, Some(asked_ms), findings);
        return summed(samples, asked_ms, samples[0].at_ms, layout, findings);
    }
    if asked_ms % steps.step_ms == 0 {
        return equal(samples, steps, layout, findings);
    }
    if is_nominal(samples, steps, asked_ms) {
        return equal(samples, &Steps::of_length(samples, asked_ms), layout, findings);
    }
    if asked_ms < steps.step_ms && silent {
        return equal(samples, &Steps::of_length(samples, asked_ms), layout, findings);
    }
    Err(finer())
}

/// Whether the rows are around a grid rather than on it, and the requested length is the one that they are around.
fn is_nominal(samples: &[Sample], steps: &Steps, asked_ms: i64) -> bool {
    let off = samples.iter().filter(|sample| steps.off_ms(sample.at_ms) != 0).count();
    off * 2 > samples.len() && (asked_ms as f64 / steps.step_ms as f64 - 1.0).abs() <= NOMINAL
}

/// Rows without a step, into buckets of a requested length.
fn irregular(
    samples: &[Sample],
    step_ms: i64,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Grid, ImportError> {
    let (first, last) = (&samples[0], &samples[samples.len() - 1]);
    let mean_ms = (last.at_ms - first.at_ms) as f64 / (samples.len() as f64 - 1.0).max(1.0);
    if (step_ms as f64 / mean_ms - 1.0).abs() <= NOMINAL {
        return equal(samples, &Steps::of_length(samples, step_ms), layout, findings);
    }
    if layout.values != Values::Counts {
        return Err(ImportError::MixedRates { place: first.place });
    }
    let then = format!("each row is counted in the bucket of {} in which its time falls", span(step_ms));
    findings.note(Kind::Irregular, Some(first.place), "the rows have no fixed step", &then, false);
    let back_ms = i64::from(layout.stamps == Stamps::End);
    summed(samples, step_ms, (first.at_ms - back_ms).div_euclid(step_ms) * step_ms + back_ms, layout, findings)
}

/// Rows at one distance, with gaps.
fn equal(samples: &[Sample], steps: &Steps, layout: &Layout<'_>, findings: &mut Findings) -> Result<Grid, ImportError> {
    let step_ms = steps.step_ms;
    let (first, last) = (steps.nearest(samples[0].at_ms), steps.nearest(samples[samples.len() - 1].at_ms));
    let mut grid = Grid::empty(first * step_ms + steps.phase_ms, step_ms, last - first + 1, samples)?;
    let mut before: Option<(i64, Place)> = None;
    for sample in samples {
        let bucket = steps.nearest(sample.at_ms) - first;
        note_off_grid(sample, steps, layout, findings);
        let earlier = before.filter(|(earlier, _)| *earlier == bucket).map(|(_, place)| place);
        if let Some((before, _)) = before.filter(|(before, _)| bucket - before > 1) {
            note_gap(&grid, before + 1..bucket, sample.place, layout, findings);
        }
        before = Some((bucket, sample.place));
        if let Some(cell) = usize::try_from(bucket).ok().and_then(|bucket| grid.values.get_mut(bucket)) {
            *cell = match earlier {
                Some(place) => repair::two_in_a_bucket(*cell, sample, place, layout, findings),
                None => sample.value,
            };
        }
    }
    Ok(grid)
}

fn note_off_grid(sample: &Sample, steps: &Steps, layout: &Layout<'_>, findings: &mut Findings) {
    let off_ms = steps.off_ms(sample.at_ms);
    if off_ms == 0 {
        return;
    }
    let stops = layout.options.policy.off_grid == OffGrid::Fail;
    let then = if stops { "add --off-grid snap to move each to the nearest edge" } else { "moved to the nearest edge" };
    let what = || {
        let side = if off_ms > 0 { "after" } else { "before" };
        let step = span(steps.step_ms);
        format!("{} is {} {side} the edge of a bucket of {step}", moment_text(sample.at_ms), span(off_ms))
    };
    findings.note_with(Kind::OffGrid, sample.place, what, then, stops);
}

fn note_gap(grid: &Grid, buckets: std::ops::Range<i64>, place: Place, layout: &Layout<'_>, findings: &mut Findings) {
    let policy = &layout.options.policy;
    let count = buckets.end - buckets.start;
    let what = || {
        let (noun, have) = if count == 1 { ("bucket", "has") } else { ("buckets", "have") };
        let from = moment_text(grid.start_ms + buckets.start * grid.step_ms);
        let hour = if layout.local && count * grid.step_ms == HOUR_MS {
            "; exactly one hour, as when clocks change: check --zone"
        } else {
            ""
        };
        let step = span(grid.step_ms);
        format!("{count} {noun} of {step} {have} no row before this one, from {from}{hour}")
    };
    findings.note_with(Kind::Gap, place, what, &repair::gap_policy(policy), policy.gaps == Gaps::Fail);
}

/// Records that rows are at several distances, and what can be made of that.
fn note_change(
    samples: &[Sample],
    steps: &Steps,
    (row, distance_ms): (usize, i64),
    asked_ms: Option<i64>,
    findings: &mut Findings,
) {
    let place = samples.get(row).map(|sample| sample.place);
    let [step, largest] = [steps.step_ms, steps.largest_ms].map(span);
    let what = format!("from here the rows are {} apart, others {step}", span(distance_ms));
    let then = match asked_ms {
        None => format!(
            "add --step {largest} to sum counts into equal buckets, or --step {step} --gaps zero if buckets without events were left out, or split the file there"
        ),
        Some(asked_ms) => format!("summed into buckets of {}; gaps shorter than that cannot be seen", span(asked_ms)),
    };
    findings.note(Kind::MixedSteps, place, &what, &then, asked_ms.is_none());
}

/// Counts into the buckets of their timestamps; the first bucket begins at `from_ms`.
fn summed(
    samples: &[Sample],
    step_ms: i64,
    from_ms: i64,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Grid, ImportError> {
    let (first, last) = (&samples[0], &samples[samples.len() - 1]);
    // A timestamp at a bucket's end belongs to the time before it; the first one's length is that of the next row.
    let (start_ms, back_ms) = match layout.stamps {
        Stamps::Start => (from_ms, 0),
        Stamps::End => (from_ms - samples.get(1).map_or(step_ms, |second| second.at_ms - first.at_ms), 1),
    };
    let bucket_of = |at_ms: i64| (at_ms - back_ms - start_ms).div_euclid(step_ms);
    let mut grid = Grid::empty(start_ms, step_ms, bucket_of(last.at_ms) + 1, samples)?;
    let mut before = 0;
    for sample in samples {
        let bucket = bucket_of(sample.at_ms);
        if bucket - before > 1 {
            note_gap(&grid, before + 1..bucket, sample.place, layout, findings);
        }
        before = bucket;
        if let Some(cell) = usize::try_from(bucket).ok().and_then(|bucket| grid.values.get_mut(bucket))
            && !sample.value.is_nan()
        {
            *cell = if cell.is_nan() { sample.value } else { *cell + sample.value };
        }
    }
    // From here on as if all timestamps were at the buckets' starts, or at their ends.
    grid.start_ms += if layout.stamps == Stamps::End { step_ms } else { 0 };
    Ok(grid)
}

impl Grid {
    fn empty(start_ms: i64, step_ms: i64, buckets: i64, samples: &[Sample]) -> Result<Self, ImportError> {
        let length = bounded(start_ms, step_ms, buckets, samples.len())?;
        Ok(Grid { start_ms, step_ms, values: vec![f64::NAN; length], first: samples[0].place })
    }
}

/// Values to events per bucket, gaps filled.
fn counts_of(grid: Grid, layout: &Layout<'_>, findings: &mut Findings) -> Result<(Curve, usize), ImportError> {
    let Grid { start_ms, step_ms, values, first } = grid;
    let gaps = layout.options.policy.gaps;
    let step_s = step_ms as f64 / 1e3;
    let factor = match layout.values {
        Values::Counts | Values::Counter | Values::Events => 1.0,
        Values::RatePerS => step_s,
        Values::RatePerMin => step_s / 60.0,
    };
    let (mut counts, shared, counted_start_ms) = if layout.values == Values::Counter {
        let reset = |bucket: usize, from: f64, to: f64| {
            let at = moment_text(start_ms.saturating_add(bucket as i64 * step_ms));
            let what = format!("the total falls from {from} to {to} at {at}");
            findings.note(Kind::Reset, None, &what, "taken as a restart from 0", false);
        };
        let (counts, shared) = repair::differences(&values, gaps, reset);
        (counts, shared, start_ms)
    } else {
        let start_ms = if layout.stamps == Stamps::End { start_ms - step_ms } else { start_ms };
        (values.into_iter().map(|value| value * factor).collect(), 0, start_ms)
    };
    if counts.is_empty() {
        return Err(ImportError::OneTotal { place: first });
    }
    let filled = shared + repair::fill(&mut counts, gaps);
    Ok((Curve::new(Some(counted_start_ms), step_ms.unsigned_abs(), counts)?, filled))
}

/// The curve in longer buckets, if they are a multiple of its own.
pub(super) fn coarser(curve: &Curve, step_ms: u64, findings: &mut Findings) -> Result<Curve, ImportError> {
    let found_ms = curve.step_ms();
    if step_ms == 0 || !step_ms.is_multiple_of(found_ms) {
        return Err(ImportError::Finer { asked: Span::from_millis(step_ms), found: Span::from_millis(found_ms) });
    }
    let factor = usize::try_from(step_ms / found_ms).unwrap_or(usize::MAX);
    let rest = curve.counts().len() % factor;
    if rest > 0 {
        let what = format!("the last bucket has only {rest} of {factor} buckets of the file");
        findings.note(Kind::LastBucket, None, &what, "kept, so no event is lost", false);
    }
    Ok(curve.coarser(factor))
}
