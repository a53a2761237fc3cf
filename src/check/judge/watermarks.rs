//! Limits on what a watermark drops: certain drops fail, possible ones leave the claim without support.

use super::{Findings, StreamFigures};
use crate::check::SloResult;
use crate::check::watermark::Bounds;

/// What one model drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatermarkDrops {
    /// The model, as a person calls it.
    pub model: String,
    /// Events that were judged.
    pub records: u64,
    /// Events that it drops, at least and at most.
    pub dropped: Bounds,
    /// What to expect of an engine that keeps up.
    pub expected: Option<Bounds>,
}

/// The worst model decides. What is observed is what is certain: absent when only possible drops are over the limit.
pub(super) fn judge_drops(stream: &StreamFigures<'_>, findings: &mut Findings) -> Option<SloResult> {
    let limit = stream.slo.watermark_drops?;
    let (mut observed, mut shown_limit, mut is_open, mut ok) = (0, f64::INFINITY, stream.watermarks.is_empty(), true);
    if is_open {
        findings.void(format!("No watermark model of {} was computed: watermark_drops cannot be judged.", stream.name));
    }
    for drops in stream.watermarks {
        let WatermarkDrops { model, records, dropped, expected } = drops;
        let most = limit.most(*records);
        shown_limit = most.min(shown_limit);
        let of = format!("of {records} events of {}", stream.name);
        if *records == 0 {
            is_open = true;
            findings.void(format!(
                "0 events of {} were held against {model}: watermark_drops cannot be judged.",
                stream.name
            ));
        } else if dropped.min as f64 > most {
            (ok, observed) = (false, observed.max(dropped.min));
            findings.fail(format!("{} {of} are dropped for certain by {model} (the limit is {limit}).", dropped.min));
        } else if dropped.max as f64 > most {
            is_open = true;
            let expected = expected
                .map(|expected| {
                    format!("; {} to {} are expected of an engine that keeps up", expected.min, expected.max)
                })
                .unwrap_or_default();
            findings.void(format!(
                "Up to {} {of} may be dropped by {model}, and only {} are certain (the limit is {limit}){expected}.",
                dropped.max, dropped.min
            ));
        } else {
            observed = observed.max(dropped.max);
        }
    }
    let limit = if shown_limit.is_finite() { shown_limit } else { limit.most(0) };
    let is_open = is_open && ok;
    let observed = (!is_open).then_some(observed as f64);
    Some(SloResult { name: "watermark_drops".to_owned(), limit, observed, ok: ok && !is_open })
}
