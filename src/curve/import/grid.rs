//! A series laid on a grid of equal buckets.

use super::{
    Findings, Gaps, ImportError, Kind, OffGrid, Options, Place, Stamps, Values, repair,
    series::{Sample, Series},
    steps::Steps,
};
use crate::curve::{Curve, moment_text};
use crate::units::Span;

/// The most buckets of a curve: a year in seconds, and some more.
const MOST_BUCKETS: i64 = 40_000_000;
const HOUR_MS: i64 = 3_600_000;

/// How a series is to be read.
#[derive(Debug)]
pub(super) struct Layout<'o> {
    pub(super) values: Values,
    pub(super) stamps: Stamps,
    /// Whether the format promises an order.
    pub(super) ordered: bool,
    /// Whether the stamps were local times.
    pub(super) local: bool,
    pub(super) options: &'o Options,
}

/// The buckets, those without a value not a number.
#[derive(Debug)]
struct Grid {
    start_ms: i64,
    step_ms: i64,
    values: Vec<f64>,
    /// Where the first and the last value stand.
    places: Vec<Place>,
}

/// The curve of a series, and how many buckets had to be filled.
pub(super) fn curve_of(
    series: Series,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<(Curve, usize), ImportError> {
    let policy = &layout.options.policy;
    let Series { name, mut samples, .. } = series;
    if samples.iter().all(|sample| sample.value.is_nan()) {
        return Err(ImportError::NoNumbers { name });
    }
    repair::sort(&mut samples, layout.ordered, policy, findings);
    repair::unite(&mut samples, layout.values, policy, findings)?;
    repair::look_ahead(&samples, layout.options.now_unix_ms, policy, findings);
    repair::look_at_values(&mut samples, layout.values, policy, findings);
    let grid = grid_of(&samples, layout, findings)?;
    if findings.stop() {
        return Err(ImportError::Stopped(findings.clone()));
    }
    let (curve, filled) = counts_of(grid, layout, findings)?;
    match layout.options.step_ms {
        Some(step_ms) => Ok((coarser(&curve, step_ms, findings)?, filled)),
        None => Ok((curve, filled)),
    }
}

fn grid_of(samples: &[Sample], layout: &Layout<'_>, findings: &mut Findings) -> Result<Grid, ImportError> {
    let asked_ms = layout.options.step_ms.and_then(|step_ms| i64::try_from(step_ms).ok());
    let Some(steps) = Steps::of(samples) else {
        let sample = samples.first().ok_or(ImportError::NoSeries)?;
        let step_ms = asked_ms.ok_or(ImportError::OneRow { place: sample.place })?;
        return Ok(Grid { start_ms: sample.at_ms, step_ms, values: vec![sample.value], places: vec![sample.place] });
    };
    match steps.changes {
        Some((row, step_ms)) => mixed(samples, &steps, samples[row].place, step_ms, layout, findings),
        None => equal(samples, &steps, layout, findings),
    }
}

/// Rows at one distance, with gaps.
fn equal(samples: &[Sample], steps: &Steps, layout: &Layout<'_>, findings: &mut Findings) -> Result<Grid, ImportError> {
    let step_ms = steps.usual_ms;
    let snapped = |at_ms: i64| (at_ms - steps.phase_ms + step_ms / 2).div_euclid(step_ms);
    let (first, last) = (snapped(samples[0].at_ms), snapped(samples[samples.len() - 1].at_ms));
    let mut grid = Grid::empty(first * step_ms + steps.phase_ms, step_ms, last - first + 1)?;
    let mut before: Option<(i64, Place)> = None;
    for sample in samples {
        let bucket = snapped(sample.at_ms) - first;
        note_off_grid(sample, steps, layout, findings);
        match before {
            Some((earlier, place)) if earlier == bucket => {
                let what = || format!("falls into the bucket of {place}");
                findings.note_with(
                    Kind::OffGrid,
                    sample.place,
                    what,
                    "say --step with a longer bucket that divides the distances",
                    true,
                );
            }
            Some((earlier, _)) if bucket - earlier > 1 => {
                note_gap(&grid, earlier + 1..bucket, sample.place, layout, findings)
            }
            _ => {}
        }
        before = Some((bucket, sample.place));
        if let Some(cell) = usize::try_from(bucket).ok().and_then(|bucket| grid.values.get_mut(bucket)) {
            *cell = sample.value;
        }
    }
    grid.places = vec![samples[0].place, samples[samples.len() - 1].place];
    Ok(grid)
}

fn note_off_grid(sample: &Sample, steps: &Steps, layout: &Layout<'_>, findings: &mut Findings) {
    let off_ms = (sample.at_ms - steps.phase_ms + steps.usual_ms / 2).rem_euclid(steps.usual_ms) - steps.usual_ms / 2;
    if off_ms == 0 {
        return;
    }
    let stops = layout.options.policy.off_grid == OffGrid::Fail;
    let then = if stops { "say --off-grid snap to move each to the nearest edge" } else { "moved to the nearest edge" };
    let what = || {
        let side = if off_ms > 0 { "behind" } else { "before" };
        format!(
            "{} is {} {side} the edge of a bucket of {}",
            moment_text(sample.at_ms),
            span(off_ms),
            span(steps.usual_ms)
        )
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
            "; exactly one hour: is it a change of the clocks, and --zone another one?"
        } else {
            ""
        };
        let step = span(grid.step_ms);
        format!("before this row {count} {noun} of {step} {have} no row, from {from}{hour}")
    };
    findings.note_with(Kind::Gap, place, what, &repair::gap_policy(policy), policy.gaps == Gaps::Fail);
}

/// Rows at several distances: counts can be summed into buckets that are long enough for all of them.
fn mixed(
    samples: &[Sample],
    steps: &Steps,
    place: Place,
    step_ms: i64,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Grid, ImportError> {
    let what = format!("from here the rows are {} apart, and most others {}", span(step_ms), span(steps.usual_ms));
    let Some(asked_ms) = layout.options.step_ms.map(|step_ms| step_ms as i64) else {
        let then =
            format!("say --step {} to sum counts into equal buckets, or split the file there", span(steps.largest_ms));
        findings.note(Kind::MixedSteps, Some(place), &what, &then, true);
        return Err(ImportError::Stopped(findings.clone()));
    };
    if layout.values != Values::Counts {
        return Err(ImportError::MixedRates { place });
    }
    if asked_ms < steps.largest_ms {
        return Err(ImportError::Finer { asked: span(asked_ms), found: span(steps.largest_ms) });
    }
    let then = format!("summed into buckets of {}; gaps shorter than that cannot be seen", span(asked_ms));
    findings.note(Kind::MixedSteps, Some(place), &what, &then, false);
    summed(samples, asked_ms, layout, findings)
}

fn summed(samples: &[Sample], step_ms: i64, layout: &Layout<'_>, findings: &mut Findings) -> Result<Grid, ImportError> {
    let (first, last) = (&samples[0], &samples[samples.len() - 1]);
    // A stamp at a bucket's end belongs to the time before it; the first one's length is that of the row behind.
    let (start_ms, back_ms) = match layout.stamps {
        Stamps::Start => (first.at_ms, 0),
        Stamps::End => (first.at_ms - (samples[1].at_ms - first.at_ms), 1),
    };
    let bucket_of = |at_ms: i64| (at_ms - back_ms - start_ms).div_euclid(step_ms);
    let mut grid = Grid::empty(start_ms, step_ms, bucket_of(last.at_ms) + 1)?;
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
    // As if all stamps were at the buckets' starts from here on, or at their ends.
    grid.start_ms += if layout.stamps == Stamps::End { step_ms } else { 0 };
    grid.places = vec![first.place, last.place];
    Ok(grid)
}

impl Grid {
    fn empty(start_ms: i64, step_ms: i64, buckets: i64) -> Result<Self, ImportError> {
        let too_many = || ImportError::TooMany {
            first: moment_text(start_ms),
            last: moment_text(start_ms.saturating_add(step_ms.saturating_mul(buckets - 1))),
            step: span(step_ms),
            buckets: buckets.unsigned_abs(),
            most: MOST_BUCKETS.unsigned_abs(),
        };
        let length = usize::try_from(buckets).ok().filter(|_| buckets <= MOST_BUCKETS).ok_or_else(too_many)?;
        Ok(Grid { start_ms, step_ms, values: vec![f64::NAN; length], places: Vec::new() })
    }
}

/// Values to events per bucket, gaps filled.
fn counts_of(grid: Grid, layout: &Layout<'_>, findings: &mut Findings) -> Result<(Curve, usize), ImportError> {
    let Grid { start_ms, step_ms, values, places } = grid;
    let gaps = layout.options.policy.gaps;
    let step_s = step_ms as f64 / 1e3;
    let factor = match layout.values {
        Values::Counts | Values::Counter => 1.0,
        Values::RatePerS => step_s,
        Values::RatePerMin => step_s / 60.0,
    };
    let (mut counts, shared, counted_start_ms) = if layout.values == Values::Counter {
        let reset = |bucket: usize, from: f64, to: f64| {
            let at = moment_text(start_ms.saturating_add(bucket as i64 * step_ms));
            findings.note(
                Kind::Reset,
                None,
                &format!("the total falls from {from} to {to} at {at}"),
                "taken as a restart from 0",
                false,
            );
        };
        let (counts, shared) = repair::differences(&values, gaps, reset);
        (counts, shared, start_ms)
    } else {
        let start_ms = if layout.stamps == Stamps::End { start_ms - step_ms } else { start_ms };
        (values.into_iter().map(|value| value * factor).collect(), 0, start_ms)
    };
    if counts.is_empty() {
        return Err(ImportError::OneTotal { place: places.first().copied().unwrap_or(Place::line(1)) });
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
        let what = format!("the last bucket holds {rest} of {factor} buckets of the file");
        findings.note(Kind::LastBucket, None, &what, "kept, so that no event is lost", false);
    }
    Ok(curve.coarser(factor))
}

fn span(ms: i64) -> Span {
    Span::from_millis(ms.unsigned_abs())
}
