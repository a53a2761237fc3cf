//! Limits on counts, and what the counts leave open.

use super::StreamFigures;
use crate::check::LostEvent;
use crate::figures::count;
use crate::profile::{CountLimit, Delivery};
use crate::verdict::{Reason, ReasonCode, SloResult};

/// A limit on a count.
struct CountedLimit {
    key: &'static str,
    code: ReasonCode,
    limit: Option<CountLimit>,
    observed: u64,
    /// Of how many events a share is.
    of: u64,
    /// Whether the end of the way where this is counted was watched.
    is_counted: bool,
    /// The subject after the number: "lost".
    what: String,
}

/// Limits on counts: what is over them is so for certain.
pub(super) fn judge_counts(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) -> Vec<SloResult> {
    let mut results = Vec::new();
    for CountedLimit { key, code, limit, observed, of, is_counted, what } in limits(stream) {
        let Some(limit) = limit.filter(|_| is_counted) else { continue };
        let most = limit.most(of).floor();
        let ok = observed as f64 <= most;
        let is_enough = !ok || of >= limit.events_needed();
        let about = |reason: Reason| reason.about(key).limit(most).observed(observed as f64);
        // With somebody else's events under this run's id, nobody can tell whose a copy is.
        let is_certain = code == ReasonCode::Lost || !stream.reading.is_some_and(|reading| reading.is_shared());
        if !ok && is_certain {
            reasons.push(about(stream.reason(code, &format!("{} {what} (limit {limit})", count(observed)))));
        } else if ok && !is_enough {
            let needed = count(limit.events_needed());
            let text = format!("{} events are too few for `{key} = {limit}` (it needs {needed})", count(of));
            reasons.push(about(stream.reason(ReasonCode::TooFewSamples, &text)));
        }
        let seen = (is_enough && (ok || is_certain)).then_some(observed as f64);
        results.push(SloResult { name: key.to_owned(), limit: most, observed: seen, ok: ok && is_enough });
    }
    results
}

fn limits(stream: &StreamFigures<'_>) -> [CountedLimit; 6] {
    let StreamFigures { slo, counts, sides, .. } = stream;
    let none = Some(CountLimit::Count(0));
    let planned = count(counts.planned);
    let acked = counts.acked + counts.unresolved_delivered;
    let at_the_sender = |key, code, limit, observed, what: String| CountedLimit {
        key,
        code,
        limit,
        observed,
        of: counts.planned,
        is_counted: sides.sent,
        what,
    };
    let at_the_observer = |key, code, limit, observed, what: &str| CountedLimit {
        key,
        code,
        limit,
        observed,
        of: counts.delivered,
        is_counted: sides.seen,
        what: what.to_owned(),
    };
    let duplicates = slo.duplicates.or(none.filter(|_| stream.delivery == Delivery::ExactlyOnce));
    let lost = match &stream.reading {
        Some(reading) if reading.is_silent() => {
            format!("of {planned} events lost: nothing arrived in topic {}. Is the pipeline running?", reading.topic)
        }
        _ => format!("of {planned} events lost{}", named(stream.lost)),
    };
    let failed = format!("of {planned} events failed: the client gave up on them");
    let dropped = format!("of {planned} events dropped by the generator");
    let (duplicated, reordered) = ("accidental duplicates", "events came after a later one of their lane");
    let phantoms = "deliveries with an id that was never sent";
    [
        CountedLimit {
            of: acked,
            is_counted: sides.sent && sides.seen,
            ..at_the_sender("lost", ReasonCode::Lost, slo.lost.or(none), counts.lost, lost)
        },
        at_the_observer("duplicates", ReasonCode::Duplicates, duplicates, counts.duplicates_accidental, duplicated),
        at_the_observer("reordered", ReasonCode::Reordered, slo.reordered, counts.reordered_accidental, reordered),
        at_the_sender("failed", ReasonCode::Failed, slo.failed.or(none), counts.failed, failed),
        at_the_sender("dropped", ReasonCode::Dropped, slo.dropped, counts.dropped, dropped),
        at_the_observer("phantom", ReasonCode::Phantom, slo.phantom.or(none), counts.phantom, phantoms),
    ]
}

/// ", the first: producer 2, sequence 417, partition 1"
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
    } else if counts.delivered == 0 && counts.lost + counts.in_flight == 0 && seen_here {
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
        "events were reported as failed by the client but were seen, so its reports cannot be trusted",
    );
}
