//! Event logs: each row is one event, and counts in the bucket of its timestamp.

use super::{Findings, ImportError, Kind, Options, layout, repair, series::Sample};
use crate::curve::Curve;

/// The default bucket of a log.
const STEP_MS: i64 = 1000;

/// Events per bucket. Samples are in order of time. A bucket without a row is one without an event.
pub(super) fn counted(samples: &[Sample], options: &Options, findings: &mut Findings) -> Result<Curve, ImportError> {
    repair::look_ahead(samples, options.now_unix_ms, &options.policy, findings);
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Err(ImportError::NoSeries) };
    let step_ms = options.step_ms.and_then(|step_ms| i64::try_from(step_ms).ok()).unwrap_or(STEP_MS);
    let start = first.at_ms.div_euclid(step_ms);
    let start_ms = start.saturating_mul(step_ms);
    let buckets = layout::bounded(start_ms, step_ms, last.at_ms.div_euclid(step_ms) - start + 1, samples.len())?;
    let hint = if options.step_ms.is_none() { "; --step sets another length" } else { "" };
    let then =
        format!("counted in buckets of {}{hint}; the first and the last may be incomplete", layout::span(step_ms));
    findings.note(Kind::Events, None, "each row is one event", &then, false);
    if findings.stop() {
        return Err(ImportError::Stopped(findings.clone()));
    }
    let mut counts = vec![0.0; buckets];
    for sample in samples {
        let bucket = usize::try_from(sample.at_ms.div_euclid(step_ms) - start).ok();
        if let Some(count) = bucket.and_then(|bucket| counts.get_mut(bucket)) {
            *count += 1.0;
        }
    }
    Ok(Curve::new(Some(start_ms), step_ms.unsigned_abs(), counts)?)
}
