//! Limits on latencies, and what the clocks and the observer leave open about them.

use super::delivery::other_runs;
use super::{ClockFigures, SAMPLES_BEYOND, StreamFigures};
use crate::figures::{count, latency};
use crate::latency::LatencyHistogram;
use crate::profile::Span;
use crate::verdict::{Reason, ReasonCode, SloResult};

/// A limit on a latency, in milliseconds. `quantile` 1 is the maximum.
struct LatencyLimit<'a> {
    key: &'static str,
    limit_ms: Option<f64>,
    quantile: f64,
    measured: Option<&'a LatencyHistogram>,
    /// Whether it ends at the observer, and so spans possibly different processes.
    is_observed: bool,
}

/// Limits on latencies: one that is over is so for certain only when nothing speaks against the measurement.
pub(super) fn judge_latencies(
    stream: &StreamFigures<'_>,
    clocks: Option<ClockFigures>,
    reasons: &mut Vec<Reason>,
) -> Vec<SloResult> {
    limits(stream).iter().filter_map(|limit| judge_latency(stream, limit, clocks, reasons)).collect()
}

fn limits<'a>(stream: &StreamFigures<'a>) -> [LatencyLimit<'a>; 7] {
    let slo = stream.slo;
    let of = |key, limit: Option<Span>, quantile, measured, is_observed| LatencyLimit {
        key,
        limit_ms: limit.map(|span| span.as_millis_f64()),
        quantile,
        measured,
        is_observed,
    };
    let end_to_end = |key, limit, quantile| of(key, limit, quantile, stream.due_to_consumed, true);
    [
        end_to_end("end_to_end_p50", slo.end_to_end_p50, 0.5),
        end_to_end("end_to_end_p90", slo.end_to_end_p90, 0.9),
        end_to_end("end_to_end_p95", slo.end_to_end_p95, 0.95),
        end_to_end("end_to_end_p99", slo.end_to_end_p99, 0.99),
        end_to_end("end_to_end_p999", slo.end_to_end_p999, 0.999),
        end_to_end("end_to_end_max", slo.end_to_end_max, 1.0),
        of("ack_p99", slo.ack_p99, 0.99, stream.sent_to_acked, false),
    ]
}

fn judge_latency(
    stream: &StreamFigures<'_>,
    limit: &LatencyLimit<'_>,
    clocks: Option<ClockFigures>,
    reasons: &mut Vec<Reason>,
) -> Option<SloResult> {
    let limit_ms = limit.limit_ms?;
    let key = limit.key;
    let result = |observed, ok| SloResult { name: key.to_owned(), limit: limit_ms, observed, ok };
    let samples = limit.measured.map_or(0, LatencyHistogram::count);
    let needed = samples_needed(limit.quantile);
    let Some(measured) = limit.measured.filter(|_| samples >= needed) else {
        let text = format!("{} latencies measured, too few for {key} (it needs {})", count(samples), count(needed));
        reasons.push(stream.reason(ReasonCode::TooFewSamples, &text).about(key).limit(limit_ms));
        return Some(result(None, false));
    };
    let observed_ms = measured.quantile_ms(limit.quantile);
    let judged = Judged { key, limit_ms, observed_ms, quantile: limit.quantile };
    let doubts = if limit.is_observed { doubts_of(stream, judged, measured, clocks) } else { Vec::new() };
    if doubts.is_empty() && !judged.is_kept() {
        reasons.push(judged.reason(stream, ReasonCode::Latency, ""));
    }
    reasons.extend(doubts);
    Some(result(Some(observed_ms), judged.is_kept()))
}

/// What speaks against a latency that ends at the observer.
fn doubts_of(
    stream: &StreamFigures<'_>,
    judged: Judged,
    measured: &LatencyHistogram,
    clocks: Option<ClockFigures>,
) -> Vec<Reason> {
    let mut doubts = Vec::new();
    doubts.extend(negative_doubt(stream, judged, measured));
    doubts.extend(clocks.and_then(|clocks| clock_doubt(stream, judged, clocks)));
    doubts.extend(untimed_doubt(stream, judged));
    doubts.extend(own_delay_doubt(stream, judged, measured));
    doubts.extend(load_doubt(stream, judged));
    doubts.extend(unseen_doubt(stream, judged, measured));
    doubts
}

/// A limit beside what was measured.
#[derive(Debug, Clone, Copy)]
struct Judged {
    key: &'static str,
    limit_ms: f64,
    observed_ms: f64,
    quantile: f64,
}

impl Judged {
    fn is_kept(self) -> bool {
        self.observed_ms <= self.limit_ms
    }

    /// "orders: end_to_end_p99 is 312 ms (limit 250 ms)", and more.
    fn reason(self, stream: &StreamFigures<'_>, code: ReasonCode, more: &str) -> Reason {
        let Judged { key, limit_ms, observed_ms, .. } = self;
        let text = format!("{key} is {} (limit {}){more}", latency(observed_ms), latency(limit_ms));
        stream.reason(code, &text).about(key).limit(limit_ms).observed(observed_ms)
    }
}

/// How many samples a quantile needs: ten beyond it, and one for a maximum.
pub(super) fn samples_needed(quantile: f64) -> u64 {
    if quantile >= 1.0 { 1 } else { (SAMPLES_BEYOND / (1.0 - quantile)).round() as u64 }
}

/// Latencies below zero show that the clocks disagree.
fn negative_doubt(stream: &StreamFigures<'_>, judged: Judged, measured: &LatencyHistogram) -> Option<Reason> {
    let negative = Some(measured.negative()).filter(|negative| *negative > 0)?;
    let text = format!(
        "{} latencies are negative, by up to {}: the clocks disagree, so {} is not judged",
        count(negative),
        latency(measured.most_negative_ns() as f64 / 1e6),
        judged.key,
    );
    Some(stream.reason(ReasonCode::NegativeLatency, &text).about(judged.key).observed(negative as f64))
}

/// Why the clocks of several hosts do not carry a latency.
fn clock_doubt(stream: &StreamFigures<'_>, judged: Judged, clocks: ClockFigures) -> Option<Reason> {
    let ClockFigures { synchronised, error_ms } = clocks;
    if !synchronised {
        let more = ", measured across clocks that the kernel does not report as synchronised: not judged";
        Some(judged.reason(stream, ReasonCode::ClocksUnsynchronised, more))
    } else if judged.observed_ms < error_ms {
        let more = format!(", below the clocks' estimated error of {}: not judged", latency(error_ms));
        Some(judged.reason(stream, ReasonCode::BelowClockError, &more))
    } else {
        None
    }
}

/// The unit that claims of due times seem to be written in, where it is not floodmark's.
fn claimed_unit(stream: &StreamFigures<'_>) -> String {
    let contradiction = stream.reading.and_then(|reading| reading.delivered.contradiction);
    let unit = contradiction.and_then(|contradiction| contradiction.unit());
    unit.map(|unit| format!("; their `due` looks like {unit}, but floodmark writes microseconds")).unwrap_or_default()
}

/// A latency over its limit under the load of another run as well.
fn load_doubt(stream: &StreamFigures<'_>, judged: Judged) -> Option<Reason> {
    let reading = stream.reading.filter(|reading| !judged.is_kept() && reading.has_other_load())?;
    let others = other_runs(&reading.delivered.strangers, reading.topic);
    let more = format!(", but {others} meanwhile: not judged");
    Some(judged.reason(stream, ReasonCode::OtherRunLoad, &more))
}

/// A latency that is kept by the events that were seen, while others were not seen yet and will have taken longer.
fn unseen_doubt(stream: &StreamFigures<'_>, judged: Judged, measured: &LatencyHistogram) -> Option<Reason> {
    let unseen = Some(stream.counts.in_flight).filter(|unseen| *unseen > 0 && judged.is_kept())?;
    let seen = measured.count();
    // If the unseen took longer than all others, the quantile over all of them is this one of those that were seen.
    let of_seen = judged.quantile * (seen + unseen) as f64 / seen as f64;
    if of_seen <= 1.0 && measured.quantile_ms(of_seen) <= judged.limit_ms {
        return None;
    }
    let more = format!(
        " for the {} events that were seen, but {} others were not seen yet: not judged",
        count(seen),
        count(unseen)
    );
    Some(judged.reason(stream, ReasonCode::NotAllSeen, &more))
}

/// That the latencies are those of some events only.
fn untimed_doubt(stream: &StreamFigures<'_>, judged: Judged) -> Option<Reason> {
    let untimed = stream.untimed;
    (untimed > 0).then(|| {
        let text = format!(
            "{} of {} events have no known due time, so {} would cover only the others. Let the pipeline keep `due`, set `due` to where it is, or give the start of the run with --start-at{}.",
            count(untimed),
            count(stream.counts.delivered),
            judged.key,
            claimed_unit(stream)
        );
        stream.reason(ReasonCode::WithoutDueTime, &text).about(judged.key).observed(untimed as f64)
    })
}

/// Whether a broken limit would have been kept without floodmark's own delays. They only ever make a latency longer, so that a limit that is
/// kept with them is kept for certain.
fn own_delay_doubt(stream: &StreamFigures<'_>, judged: Judged, measured: &LatencyHistogram) -> Option<Reason> {
    let none = LatencyHistogram::default();
    let lateness = stream.generator.map_or(&none, |generator| generator.lateness);
    let behind_ms = stream.observer_behind_ms;
    let is_sure = |limit_ms: f64, lateness| is_surely_over(measured, judged.quantile, limit_ms, lateness);
    if judged.is_kept() || is_sure(judged.limit_ms + behind_ms, lateness) {
        return None;
    }
    let late = format!("this machine's own lateness (p99 {})", latency(lateness.quantile_ms(0.99)));
    let slow = format!("the observer's own delay (at most {})", latency(behind_ms));
    let (code, whose) = if !is_sure(judged.limit_ms + behind_ms, &none) && is_sure(judged.limit_ms, lateness) {
        (ReasonCode::ObserverSlow, slow)
    } else if !is_sure(judged.limit_ms, lateness) {
        (ReasonCode::GeneratorLate, late)
    } else {
        (ReasonCode::GeneratorLate, format!("{late} and {slow}"))
    };
    let more = format!(", but it may have been kept without {whose}. Free some CPU, or use another machine.");
    Some(judged.reason(stream, code, &more))
}

/// Whether a latency's quantile is over its limit even without what the generator was late: each late event may be any of the slow ones.
/// For any lateness x, at most those later than x can have been lifted over `limit + x` by more than x.
fn is_surely_over(measured: &LatencyHistogram, quantile: f64, limit_ms: f64, lateness: &LatencyHistogram) -> bool {
    let within = (quantile * measured.count() as f64 - 1e-9).ceil() as u64;
    let may_be_over = measured.count().saturating_sub(within);
    let is_over = |late_ms: f64| {
        let later = lateness.count_over_ms(late_ms);
        measured.count_over_ms(limit_ms + late_ms) > may_be_over.saturating_add(later)
    };
    lateness.count() == 0 && is_over(0.0)
        || LATENESS_QUANTILES.iter().any(|quantile| is_over(lateness.quantile_ms(*quantile)))
}

/// Where a lateness is tried as the x of [`is_surely_over`].
const LATENESS_QUANTILES: [f64; 9] = [1.0, 0.9999, 0.999, 0.995, 0.99, 0.95, 0.9, 0.5, 0.0];
