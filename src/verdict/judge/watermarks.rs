//! Limits on what a watermark drops: certain drops fail, possible ones leave the claim without support.

use super::StreamFigures;
use crate::event_time::CountRange;
use crate::figures::count;
use crate::verdict::{Reason, ReasonCode, SloResult};

/// The limit's key in a profile.
const KEY: &str = "watermark_drops";

/// What one model drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatermarkDrops {
    /// The model, as a person calls it.
    pub model: String,
    /// Events that were judged.
    pub records: u64,
    /// Events that it drops, at least and at most.
    pub dropped: CountRange,
    /// What to expect of an engine that keeps up.
    pub expected: Option<CountRange>,
}

/// The worst model decides. What is observed is what is certain: absent when only possible drops are over the limit.
pub(super) fn judge_drops(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) -> Option<SloResult> {
    let limit = stream.slo.watermark_drops?;
    let (mut observed, mut shown_limit, mut is_open, mut ok) = (0, f64::INFINITY, stream.watermarks.is_empty(), true);
    let mut add = |code, text: &str, most: Option<f64>, observed: u64| {
        let reason = stream.reason(code, text).about(KEY).observed(observed as f64);
        reasons.push(Reason { limit: most, ..reason });
    };
    if is_open {
        let text = "no watermark model was calculated, so watermark_drops is not judged";
        add(ReasonCode::WatermarkUnknown, text, None, 0);
    }
    for drops in stream.watermarks {
        let WatermarkDrops { model, records, dropped, expected } = drops;
        let most = limit.most(*records);
        shown_limit = most.min(shown_limit);
        let of = format!("of {} events", count(*records));
        if *records == 0 {
            is_open = true;
            let text = format!("no event was checked against {model}, so watermark_drops is not judged");
            add(ReasonCode::WatermarkUnknown, &text, Some(most), 0);
        } else if dropped.min as f64 > most {
            (ok, observed) = (false, observed.max(dropped.min));
            let text = format!("{model} drops at least {} {of} (limit {limit})", count(dropped.min));
            add(ReasonCode::WatermarkDrops, &text, Some(most), dropped.min);
        } else if dropped.max as f64 > most {
            is_open = true;
            let expected = expected
                .map(|CountRange { min, max }| {
                    format!("; expected of an engine that keeps up: {} to {}", count(min), count(max))
                })
                .unwrap_or_default();
            let text = format!(
                "{model} may drop up to {} {of}, but only {} for certain (limit {limit}){expected}",
                count(dropped.max),
                count(dropped.min)
            );
            add(ReasonCode::WatermarkPossible, &text, Some(most), dropped.max);
        } else {
            observed = observed.max(dropped.max);
        }
    }
    let limit = if shown_limit.is_finite() { shown_limit } else { limit.most(0) };
    let is_open = is_open && ok;
    let observed = (!is_open).then_some(observed as f64);
    Some(SloResult { name: KEY.to_owned(), limit, observed, ok: ok && !is_open })
}
