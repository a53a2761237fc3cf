//! Limits on counts, and what the counts leave open.

use super::{StreamFigures, duplicates_allowed};
use crate::check::LostEvent;
use crate::figures::count;
use crate::profile::CountLimit;
use crate::verdict::{Reason, ReasonCode, SloResult};

/// A limit on a count.
struct CountedLimit {
    key: &'static str,
    code: ReasonCode,
    limit: Option<CountLimit>,
    counted: Counted,
    /// The subject after the number: "lost".
    what: String,
}

impl CountedLimit {
    fn new(
        key: &'static str,
        code: ReasonCode,
        limit: Option<CountLimit>,
        counted: Counted,
        what: impl Into<String>,
    ) -> Self {
        CountedLimit { key, code, limit, counted, what: what.into() }
    }
}

/// How many events something happened to.
struct Counted {
    observed: u64,
    /// Of how many events a share is.
    of: u64,
    /// Whether the end of the way where this is counted was watched.
    is_counted: bool,
}

impl Counted {
    fn among_sends(stream: &StreamFigures<'_>, observed: u64) -> Self {
        Counted { observed, of: stream.counts.planned, is_counted: stream.sides.sent }
    }

    fn among_deliveries(stream: &StreamFigures<'_>, observed: u64) -> Self {
        Counted { observed, of: stream.counts.delivered, is_counted: stream.sides.seen }
    }

    /// A loss shows only where both ends were watched.
    fn lost(stream: &StreamFigures<'_>) -> Self {
        let StreamFigures { counts, sides, .. } = stream;
        let acked = counts.acked + counts.unresolved_delivered;
        Counted { observed: counts.lost, of: acked, is_counted: sides.sent && sides.seen }
    }
}

/// Limits on counts: what is over them is so for certain.
pub(super) fn judge_counts(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) -> Vec<SloResult> {
    limits(stream).iter().filter_map(|limit| judge_count(stream, limit, reasons)).collect()
}

fn judge_count(
    stream: &StreamFigures<'_>,
    CountedLimit { key, code, limit, counted, what }: &CountedLimit,
    reasons: &mut Vec<Reason>,
) -> Option<SloResult> {
    let Counted { observed, of, is_counted } = *counted;
    let limit = limit.filter(|_| is_counted)?;
    let most = limit.most(of).floor();
    let ok = observed as f64 <= most;
    let is_enough = !ok || of >= limit.events_needed();
    let about = |reason: Reason| reason.about(key).limit(most).observed(observed as f64);
    // With somebody else's events under this run's id, nobody can tell whose a copy is.
    let is_certain = *code == ReasonCode::Lost || !stream.reading.is_some_and(|reading| reading.is_shared());
    if !ok && is_certain {
        reasons.push(about(stream.reason(*code, &format!("{} {what} (limit {limit})", count(observed)))));
    } else if ok && !is_enough {
        let needed = count(limit.events_needed());
        let text = format!("{} events are too few for `{key} = {limit}` (it needs {needed})", count(of));
        reasons.push(about(stream.reason(ReasonCode::TooFewSamples, &text)));
    }
    let seen = (is_enough && (ok || is_certain)).then_some(observed as f64);
    Some(SloResult { name: (*key).to_owned(), limit: most, observed: seen, ok: ok && is_enough })
}

fn limits(stream: &StreamFigures<'_>) -> [CountedLimit; 6] {
    use ReasonCode as Code;
    let StreamFigures { slo, counts, .. } = stream;
    let planned = count(counts.planned);
    let duplicates = Counted::among_deliveries(stream, counts.duplicates_accidental);
    let reordered = Counted::among_deliveries(stream, counts.reordered_accidental);
    let failed = Counted::among_sends(stream, counts.failed);
    let dropped = Counted::among_sends(stream, counts.dropped);
    let phantoms = Counted::among_deliveries(stream, counts.phantom);
    let overtaken = "events came after a later one of their lane";
    let given_up = format!("of {planned} events failed: the client gave up on them");
    let by_generator = format!("of {planned} events dropped by the generator");
    let never_sent = "deliveries with an id that was never sent";
    let default = stream.not_one();
    let duplicates_limit = default.map_or(slo.duplicates, |_| duplicates_allowed(slo, stream.delivery));
    [
        CountedLimit::new("lost", Code::Lost, slo.lost.or(default), Counted::lost(stream), lost_text(stream)),
        CountedLimit::new("duplicates", Code::Duplicates, duplicates_limit, duplicates, "accidental duplicates"),
        CountedLimit::new("reordered", Code::Reordered, slo.reordered, reordered, overtaken),
        CountedLimit::new("failed", Code::Failed, slo.failed.or(default), failed, given_up),
        CountedLimit::new("dropped", Code::Dropped, slo.dropped, dropped, by_generator),
        CountedLimit::new("phantom", Code::Phantom, slo.phantom.or(default), phantoms, never_sent),
    ]
}

/// "of 1,000 events lost, the first: producer 2, sequence 417", or that nothing came at all.
fn lost_text(stream: &StreamFigures<'_>) -> String {
    let planned = count(stream.counts.planned);
    match &stream.reading {
        Some(reading) if reading.is_silent() => {
            format!("of {planned} events lost: nothing arrived in topic {}. Is the pipeline running?", reading.topic)
        }
        _ => format!("of {planned} events lost{}", named(stream.lost)),
    }
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
    reasons.extend(nothing_measured(stream));
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

/// That there is nothing to judge. A part that only observed planned nothing, and one that only sent saw nothing.
fn nothing_measured(stream: &StreamFigures<'_>) -> Option<Reason> {
    let counts = stream.counts;
    let (sent_here, seen_here) = (stream.generator.is_some(), stream.due_to_consumed.is_some());
    if counts.planned == 0 && sent_here {
        return Some(stream.reason(ReasonCode::NothingPlanned, "no event was planned, so nothing was measured"));
    }
    if counts.delivered + counts.lost + counts.in_flight > 0 || !seen_here {
        return None;
    }
    let of = if sent_here {
        format!("none of {} events was seen", count(counts.planned))
    } else {
        "no event was seen".to_owned()
    };
    Some(stream.reason(ReasonCode::NothingSeen, &format!("{of}, so nothing was measured")))
}
