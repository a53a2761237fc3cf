//! Limits on counts, and what the counts leave open.

use super::StreamFigures;
use crate::check::{LostEvent, Reason, ReasonCode, SloResult};
use crate::figures::count;
use crate::profile::Delivery;

/// A limit on a count.
struct CountLimit {
    key: &'static str,
    code: ReasonCode,
    limit: Option<u64>,
    observed: u64,
    /// The subject after the number: "lost".
    what: String,
}

/// Limits on counts: what is over them is so for certain.
pub(super) fn judge_counts(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) -> Vec<SloResult> {
    let mut results = Vec::new();
    for CountLimit { key, code, limit, observed, what } in limits(stream) {
        let Some(limit) = limit else { continue };
        let ok = observed <= limit;
        let limit = limit as f64;
        // With somebody else's events under this run's id, nobody can tell whose a copy is.
        let is_certain = code == ReasonCode::Lost || !stream.reading.is_some_and(|reading| reading.is_shared());
        if !ok && is_certain {
            let reason = stream.reason(code, &format!("{} {what} (limit {})", count(observed), count(limit as u64)));
            reasons.push(reason.about(key).limit(limit).observed(observed as f64));
        }
        results.push(SloResult {
            name: key.to_owned(),
            limit,
            observed: Some(observed as f64).filter(|_| ok || is_certain),
            ok,
        });
    }
    results
}

fn limits(stream: &StreamFigures<'_>) -> [CountLimit; 6] {
    let StreamFigures { slo, counts, .. } = stream;
    let of = |key, code, limit, observed, what: String| CountLimit { key, code, limit, observed, what };
    let planned = count(counts.planned);
    let duplicates = slo.duplicates.or((stream.delivery == Delivery::ExactlyOnce).then_some(0));
    let lost = match &stream.reading {
        Some(reading) if reading.is_silent() => {
            format!(
                "of {planned} events lost: nothing at all came to topic {}. Is the pipeline running?",
                reading.topic
            )
        }
        _ => format!("of {planned} events lost{}", named(stream.lost)),
    };
    [
        of("lost", ReasonCode::Lost, slo.lost.or(Some(0)), counts.lost, lost),
        of(
            "duplicates",
            ReasonCode::Duplicates,
            duplicates,
            counts.duplicates_accidental,
            "accidental duplicates".to_owned(),
        ),
        of(
            "reordered",
            ReasonCode::Reordered,
            slo.reordered,
            counts.reordered_accidental,
            "events came after a later one of their lane".to_owned(),
        ),
        of(
            "failed",
            ReasonCode::Failed,
            slo.failed.or(Some(0)),
            counts.failed,
            format!("of {planned} events failed: the client gave up on them"),
        ),
        of(
            "dropped",
            ReasonCode::Dropped,
            slo.dropped,
            counts.dropped,
            format!("of {planned} events dropped by the generator"),
        ),
        of(
            "phantom",
            ReasonCode::Phantom,
            slo.phantom.or(Some(0)),
            counts.phantom,
            "deliveries with an id that no one sent".to_owned(),
        ),
    ]
}

/// "; the first: producer 2, sequence 417, partition 1"
fn named(lost: &[LostEvent]) -> String {
    let Some(LostEvent { producer, sequence, partition }) = lost.first() else {
        return String::new();
    };
    let partition = partition.map(|partition| format!(", partition {partition}")).unwrap_or_default();
    format!(", the first: producer {producer}, sequence {sequence}{partition}")
}

/// What is missing for a pass.
pub(super) fn find_gaps(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) {
    let counts = stream.counts;
    // A part that only observed planned nothing, and one that only sent saw nothing.
    let (sent_here, seen_here) = (stream.generator.is_some(), stream.due_to_consumed.is_some());
    if counts.planned == 0 && sent_here {
        reasons.push(stream.reason(ReasonCode::NothingPlanned, "no event was planned, so nothing was measured"));
    } else if counts.delivered == 0 && counts.lost == 0 && seen_here {
        let of = if sent_here {
            format!("none of {} events was seen", count(counts.planned))
        } else {
            "no event was seen".to_owned()
        };
        reasons.push(stream.reason(ReasonCode::NothingSeen, &format!("{of}, so nothing was measured")));
    }
    let mut open = |code, number: u64, text: &str| {
        if number > 0 {
            reasons.push(stream.reason(code, &format!("{} {text}", count(number))).observed(number as f64));
        }
    };
    open(
        ReasonCode::Unresolved,
        counts.unresolved.saturating_sub(counts.unresolved_delivered),
        "events are unresolved: the client does not know whether they were written, and they were not seen",
    );
    open(
        ReasonCode::FailedButSeen,
        stream.failed_but_delivered,
        "events were reported as failed by the client and were seen all the same, so its reports cannot be relied on",
    );
}
