//! Whether the offered load was offered, and who held it back.

use super::{ACHIEVED_SHARE, CAPPED_SHARE, GeneratorFigures, HELD_BACK_SHARE, Queue, StreamFigures};
use crate::figures::{count, latency, rate};
use crate::verdict::{Reason, ReasonCode};

/// Why the offered load was not tested: one finding, with the figures. What a machine that sends late does to a latency is judged with that latency;
/// here it is the load itself that is in doubt, because its bursts were flattened or its events never sent.
pub(super) fn held_back(stream: &StreamFigures<'_>) -> Option<Reason> {
    let generator = stream.generator.as_ref()?;
    let GeneratorFigures { offered_per_s, achieved_per_s, capped_share, .. } = *generator;
    let (code, text) = if capped_share > CAPPED_SHARE {
        (ReasonCode::HeldBackByCeiling, ceiling_text(capped_share))
    } else if is_short(stream, generator) {
        let (code, why) = slowed_by(stream, generator);
        (code, format!("sent {} of {} offered: {why}", rate(achieved_per_s), rate(offered_per_s)))
    } else {
        return late(stream, generator);
    };
    Some(stream.reason(code, &text).limit(offered_per_s * ACHIEVED_SHARE).observed(achieved_per_s))
}

fn ceiling_text(capped_share: f64) -> String {
    format!(
        "the profile's `ceiling` held the load back for {} of the time, so the offered load was not tested. Raise the ceiling, or lower the rate.",
        percent(capped_share)
    )
}

/// Who is the reason that events are missing from the load: this machine where the client's queue had room, and else what the queue waited for.
fn slowed_by(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>) -> (ReasonCode, String) {
    let waited = generator.held_back_share >= HELD_BACK_SHARE;
    let dropped_share = stream.counts.dropped as f64 / stream.counts.planned.max(1) as f64;
    // A generator that drops does not wait: events that find the queue full are counted, and not the time.
    let full = if waited {
        format!("for {} of the time", percent(generator.held_back_share))
    } else if generator.drops_when_full && dropped_share > 1.0 - ACHIEVED_SHARE {
        format!("when {} of the events were due, and they were dropped", percent(dropped_share))
    } else {
        let text = format!("this machine was too slow{}. Free some CPU, or send from another host.", busy(generator));
        return (ReasonCode::HeldBackByMachine, text);
    };
    let (code, why) = full_queue(stream, generator);
    (code, format!("the client's queue was full {full}{why}"))
}

/// Why the queue was full: it cannot carry the rate even when acknowledgements come as fast as the fastest did, or the target's were slower.
fn full_queue(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>) -> (ReasonCode, String) {
    let GeneratorFigures { queue, peak_per_s, .. } = *generator;
    let Some(acked) = stream.sent_to_acked.filter(|acked| acked.count() > 0) else {
        return (ReasonCode::HeldBackByTarget, ", and the target acknowledged nothing.".to_owned());
    };
    let (fastest_ms, median_ms) = (acked.quantile_ms(0.0).max(0.0), acked.quantile_ms(0.5));
    let took = format!("acknowledgements took {} (p50), {} at best", latency(median_ms), latency(fastest_ms));
    let carries_per_s = queue.carries_per_s(fastest_ms);
    let held = carries_text(queue, carries_per_s);
    if queue.events == 0 {
        let what = "Either the target accepted no more, or the queue (`queue.buffering.max.messages`) is too small.";
        (ReasonCode::HeldBackByTarget, format!("; {took}. {what}"))
    } else if carries_per_s < peak_per_s {
        (ReasonCode::HeldBackByQueue, small_queue_text(&took, &held, peak_per_s))
    } else {
        let text = format!(" because the target accepted no more: {took}, and with the fastest of them {held}.");
        (ReasonCode::HeldBackByTarget, text)
    }
}

fn carries_text(queue: Queue, carries_per_s: f64) -> String {
    format!(
        "a queue of {} events with linger.ms = {} carries at most {}",
        count(queue.events),
        queue.linger_ms,
        rate(carries_per_s)
    )
}

fn small_queue_text(took: &str, held: &str, peak_per_s: f64) -> String {
    format!(
        " because it is too small: {took}, and {held}, below the peak of {}. Raise `queue.buffering.max.messages` (and `queue.buffering.max.kbytes`), or lower `linger.ms`.",
        rate(peak_per_s)
    )
}

/// Whether events are missing from the load: sending ended later than the load's shape allows, or many were never sent.
fn is_short(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>) -> bool {
    let GeneratorFigures { offered_per_s, achieved_per_s, behind_at_end_ms, may_be_late_ms, .. } = *generator;
    let counts = stream.counts;
    let few_were_dropped = counts.dropped as f64 <= counts.planned as f64 * (1.0 - ACHIEVED_SHARE);
    achieved_per_s < offered_per_s * ACHIEVED_SHARE && (behind_at_end_ms > may_be_late_ms || !few_were_dropped)
}

/// Whether the load was sent so late that it no longer had its shape.
fn late(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>) -> Option<Reason> {
    let GeneratorFigures { worst_second_late_ms: late_ms, may_be_late_ms, .. } = *generator;
    (late_ms > may_be_late_ms).then(|| {
        let text = format!(
            "this machine sent late (p99 {} in the worst second, allowed {}){}, so bursts were flattened. Free some CPU, or send from another host; `generator_late_p99` sets what is allowed.",
            latency(late_ms),
            latency(may_be_late_ms),
            busy(generator)
        );
        stream.reason(ReasonCode::GeneratorLate, &text).limit(may_be_late_ms).observed(late_ms)
    })
}

/// What a broken limit says when the embedded broker shares the machine that was asked for too much: nothing of any pipeline.
pub(super) fn not_the_pipelines(reason: Reason) -> Reason {
    let by_slowness = [ReasonCode::Latency, ReasonCode::Failed, ReasonCode::Dropped];
    if !by_slowness.contains(&reason.code) {
        return reason;
    }
    let text = format!(
        "{}: this machine cannot carry more with the broker on it, so this tells nothing about a pipeline",
        reason.text
    );
    Reason { code: ReasonCode::EmbeddedBroker, text, ..reason }
}

fn busy(generator: &GeneratorFigures<'_>) -> String {
    let cores = generator.cores.filter(|(used, _)| *used > 0.0);
    cores.map_or_else(String::new, |(used, of)| format!(" ({used:.1} of {of} cores used)"))
}

/// A share of the time, which is never more than all of it.
fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0))
}
