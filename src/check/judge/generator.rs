//! Whether the offered load was offered, and who held it back.

use super::{ACHIEVED_SHARE, CAPPED_SHARE, GENERATOR_LATE_P99_MS, GeneratorFigures, StreamFigures};
use crate::check::{Reason, ReasonCode};
use crate::figures::{latency, rate};

/// What the generator did that leaves the offered load untested.
pub(super) fn find_faults(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>, reasons: &mut Vec<Reason>) {
    let late_ms = generator.lateness.quantile_ms(0.99);
    if late_ms > GENERATOR_LATE_P99_MS {
        let text = format!(
            "This machine sent late (p99 {}, allowed {}). Free some CPU, or send from another host.",
            latency(late_ms),
            latency(GENERATOR_LATE_P99_MS)
        );
        let reason = Reason::new(ReasonCode::GeneratorLate, text).of_stream(stream.name);
        reasons.push(reason.limit(GENERATOR_LATE_P99_MS).observed(late_ms));
    }
    reasons.extend(held_back(stream, generator));
}

fn held_back(stream: &StreamFigures<'_>, generator: &GeneratorFigures<'_>) -> Option<Reason> {
    let GeneratorFigures { offered_per_s, achieved_per_s, held_back_by_client, capped_share, .. } = *generator;
    let least_per_s = offered_per_s * ACHIEVED_SHARE;
    let of = |code, text: &str| stream.reason(code, text).limit(least_per_s).observed(achieved_per_s);
    if capped_share > CAPPED_SHARE {
        let text = format!(
            "the profile's `ceiling` held the load back for {:.1} % of the time, so the offered load was not tested. Raise it, or lower the rate.",
            capped_share * 100.0
        );
        return Some(of(ReasonCode::HeldBackByCeiling, &text));
    }
    if achieved_per_s >= least_per_s {
        return None;
    }
    let sent = format!("sent {} of {} offered", rate(achieved_per_s), rate(offered_per_s));
    Some(if held_back_by_client {
        let text = format!("{sent}: the client's queue was full. The target took no more, or the queue is too small.");
        of(ReasonCode::HeldBackByTarget, &text)
    } else {
        let text = format!("{sent}: this machine was too slow. Free some CPU, or send from another host.");
        of(ReasonCode::HeldBackByMachine, &text)
    })
}
