//! Limits on what a watermark drops: certain drops fail, possible ones leave the claim without support.

use super::StreamFigures;
use crate::event_time::CountRange;
use crate::figures::count;
use crate::profile::CountLimit;
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

/// What is known of one model's drops beside the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// No more than these: the limit is kept.
    Kept(u64),
    /// At least these: the limit is broken.
    Broken(u64),
    /// It may be either.
    Open,
}

/// The worst model decides. What is observed is what is certain: absent when only possible drops are over the limit.
pub(super) fn judge_drops(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) -> Option<SloResult> {
    let limit = stream.slo.watermark_drops?;
    if stream.watermarks.is_empty() {
        let text = "no watermark model was calculated, so watermark_drops is not judged";
        reasons.push(stream.reason(ReasonCode::WatermarkUnknown, text).about(KEY).observed(0.0));
    }
    let judge = |drops: &WatermarkDrops| judge_model(stream, limit, drops, reasons);
    let findings: Vec<Finding> = stream.watermarks.iter().map(judge).collect();
    let is_broken = findings.iter().any(|finding| matches!(finding, Finding::Broken(_)));
    let is_open = !is_broken && (findings.is_empty() || findings.contains(&Finding::Open));
    let certain = findings.iter().map(|finding| match finding {
        Finding::Kept(dropped) | Finding::Broken(dropped) => *dropped,
        Finding::Open => 0,
    });
    let observed = certain.max().filter(|_| !is_open).map(|dropped| dropped as f64);
    let lowest = stream.watermarks.iter().map(|drops| limit.most(drops.records)).reduce(f64::min);
    let limit = lowest.unwrap_or_else(|| limit.most(0));
    Some(SloResult { name: KEY.to_owned(), limit, observed, ok: !is_broken && !is_open })
}

fn judge_model(
    stream: &StreamFigures<'_>,
    limit: CountLimit,
    drops: &WatermarkDrops,
    reasons: &mut Vec<Reason>,
) -> Finding {
    let WatermarkDrops { model, records, dropped, .. } = drops;
    let most = limit.most(*records);
    let mut add = |code, text: &str, observed: u64| {
        reasons.push(stream.reason(code, text).about(KEY).limit(most).observed(observed as f64));
    };
    if *records == 0 {
        let text = format!("no event was checked against {model}, so watermark_drops is not judged");
        add(ReasonCode::WatermarkUnknown, &text, 0);
        Finding::Open
    } else if dropped.min as f64 > most {
        let (least, records) = (count(dropped.min), count(*records));
        let text = format!("{model} drops at least {least} of {records} events (limit {limit})");
        add(ReasonCode::WatermarkDrops, &text, dropped.min);
        Finding::Broken(dropped.min)
    } else if dropped.max as f64 > most {
        add(ReasonCode::WatermarkPossible, &possible_text(drops, limit), dropped.max);
        Finding::Open
    } else {
        Finding::Kept(dropped.max)
    }
}

fn possible_text(drops: &WatermarkDrops, limit: CountLimit) -> String {
    let WatermarkDrops { model, records, dropped, expected } = drops;
    let expected = expected
        .map(|CountRange { min, max }| {
            format!("; expected of an engine that keeps up: {} to {}", count(min), count(max))
        })
        .unwrap_or_default();
    format!(
        "{model} may drop up to {} of {} events, but only {} for certain (limit {limit}){expected}",
        count(dropped.max),
        count(*records),
        count(dropped.min)
    )
}
