//! Several series as one curve: each is put on its grid, and their counts are added bucket by bucket.

use super::{
    Findings, Gaps, ImportError, Kind, OffGrid,
    grid::{self, Laid},
    layout::{self, Layout, span},
    repair,
    series::Series,
};
use crate::curve::{Curve, moment_text};
use crate::units::Span;

/// The curve of one series, or the sum of several.
pub(super) fn curve_of(
    mut series: Vec<Series>,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> Result<Laid, ImportError> {
    if series.len() == 1 {
        let only = series.remove(0);
        return grid::curve_of(only, layout, findings);
    }
    let mut parts = Vec::with_capacity(series.len());
    for one in series {
        let name = one.name.clone();
        let mut own = Findings::default();
        let laid = grid::curve_of(one, layout, &mut own);
        findings.take(&mut own.said_of(&name));
        match laid {
            Ok(laid) => parts.push((name, laid)),
            // What stops one series is reported together with what stops the others.
            Err(ImportError::Stopped(_)) => {}
            Err(other) => return Err(other),
        }
    }
    if findings.stop() {
        return Err(ImportError::Stopped(findings.clone()));
    }
    added(&parts, layout, findings)
}

fn added(parts: &[(String, Laid)], layout: &Layout<'_>, findings: &mut Findings) -> Result<Laid, ImportError> {
    let Some((first, of_first)) = parts.first() else { return Err(ImportError::NoSeries) };
    let (step_ms, values) = (of_first.curve.step_ms(), of_first.values);
    if let Some((other, of_other)) = parts.iter().find(|(_, laid)| laid.curve.step_ms() != step_ms) {
        return Err(ImportError::SumOfSteps {
            first: super::quoted::one_line(first),
            step: Span::from_millis(step_ms),
            other: super::quoted::one_line(other),
            other_step: Span::from_millis(of_other.curve.step_ms()),
        });
    }
    let step = i64::try_from(step_ms).unwrap_or(i64::MAX);
    let anchor_ms = of_first.curve.bucket_start_ms(0);
    let bucket_of = |curve: &Curve| (curve.bucket_start_ms(0) - anchor_ms + step / 2).div_euclid(step);
    let from = parts.iter().map(|(_, laid)| bucket_of(&laid.curve)).min().unwrap_or(0);
    let to = |laid: &Laid| bucket_of(&laid.curve) + laid.curve.counts().len() as i64;
    let length = parts.iter().map(|(_, laid)| to(laid)).max().unwrap_or(0) - from;
    let rows = parts.iter().map(|(_, laid)| laid.curve.counts().len()).sum();
    let start_ms = anchor_ms + from * step;
    let buckets = layout::bounded(start_ms, step, length, rows)?;
    let mut sum = vec![0.0; buckets];
    let mut filled = 0;
    for (name, laid) in parts {
        note_offset(name, (laid.curve.bucket_start_ms(0) - anchor_ms).rem_euclid(step), step, layout, findings);
        filled += laid.filled;
        let before = usize::try_from(bucket_of(&laid.curve) - from).unwrap_or(0);
        filled += add(&mut sum, before, laid, name, layout, findings);
    }
    if findings.stop() {
        return Err(ImportError::Stopped(findings.clone()));
    }
    Ok(Laid { curve: Curve::new(Some(start_ms), step_ms, sum)?, values, filled })
}

/// Buckets of one series that begin at other times than those of the first.
fn note_offset(name: &str, off_ms: i64, step_ms: i64, layout: &Layout<'_>, findings: &mut Findings) {
    if off_ms == 0 {
        return;
    }
    let stops = layout.options.policy.off_grid == OffGrid::Fail;
    let what = format!(
        "the buckets of `{}` begin {} after those of the first series",
        super::quoted::one_line(name),
        span(off_ms)
    );
    let then = if stops { "add --off-grid snap to move them, or set longer buckets with --step" } else { "moved" };
    findings.note(Kind::OffGrid, None, &format!("{what}, of {}", span(step_ms)), then, stops);
}

/// Adds a series; if it begins later or ends earlier than others, it has gaps. Returns how many buckets had to be filled.
fn add(sum: &mut [f64], before: usize, laid: &Laid, name: &str, layout: &Layout<'_>, findings: &mut Findings) -> usize {
    let counts = laid.curve.counts();
    let missing = sum.len().saturating_sub(counts.len());
    if missing > 0 && laid.values != super::Values::Events {
        let gaps = layout.options.policy.gaps;
        let name = super::quoted::one_line(name);
        let [from, to] = [0, counts.len()].map(|bucket| moment_text(laid.curve.bucket_start_ms(bucket)));
        let outside = if missing == 1 {
            "1 bucket of the sum lies".to_owned()
        } else {
            format!("{missing} buckets of the sum lie")
        };
        let what = format!("`{name}` covers {from} to {to}, and {outside} outside");
        findings.note(Kind::Gap, None, &what, &repair::gap_policy(&layout.options.policy), gaps == Gaps::Fail);
    }
    let (lowest, highest) = match layout.options.policy.gaps {
        Gaps::Hold | Gaps::Interpolate => (counts.first().copied(), counts.last().copied()),
        Gaps::Zero | Gaps::Fail => (None, None),
    };
    for (bucket, cell) in sum.iter_mut().enumerate() {
        let outside = if bucket < before { lowest } else { highest };
        let inside = bucket.checked_sub(before).and_then(|place| counts.get(place).copied());
        *cell += inside.or(outside).unwrap_or(0.0);
    }
    missing
}
