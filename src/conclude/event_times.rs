//! What the event times of a stage came to, as the summary holds it.

use super::watermarks::model_name;
use crate::consume::{EventTimeFigures, PartitionsRead};
use crate::event_time::lateness::{
    Attention, InjectionCounts, InjectionLedger, Lateness, LogFigures, LogRule, ProducerSkew, Scope, advise,
    advised_ms, findings, max_skew_ms,
};
use crate::event_time::watermark::ModelTally;
use crate::load::StreamSchedule;
use crate::results::stamp::rfc3339;
use crate::results::summary::{
    EventTimeSummary, FindingSummary, LatePartition, LatenessSummary, MOST_LISTED, WindowMissing,
};

/// The summary of what a stage's event times came to, in a stream of this schedule.
#[must_use]
pub(super) fn event_times_of(figures: &EventTimeFigures, schedule: &StreamSchedule) -> EventTimeSummary {
    let EventTimeFigures { models, lateness, log, injections, partitions, .. } = figures;
    let clocks = figures.clocks(schedule);
    let found = findings(log, &clocks, Attention::default()).into_iter().take(MOST_LISTED);
    let of_model = |model| seen_by(partitions, model, lateness_of(model, lateness, log, &clocks));
    EventTimeSummary {
        lateness: models.first().map(of_model),
        findings: found.map(|finding| FindingSummary { sentence: finding.to_string(), finding }).collect(),
        clocks: furthest_off(&clocks),
        injections: injections.clone(),
    }
}

/// Leaves out what only an observer of all partitions could know, and says so.
fn seen_by(partitions: &PartitionsRead, model: &ModelTally, mut lateness: LatenessSummary) -> LatenessSummary {
    let PartitionsRead { of, read, observers } = partitions;
    if *observers < 2 && partitions.are_all() {
        return lateness;
    }
    if !partitions.are_all() {
        let read = read.len();
        lateness.notes.push(format!("{read} of {of} partitions were observed here; these figures are theirs alone."));
    }
    if *observers > 1 {
        lateness.notes.push(format!(
            "{observers} observers shared the partitions: whether one stood still or fell behind is judged among those of the same observer."
        ));
    }
    if lateness.scope == Scope::AllPartitions {
        (lateness.advised_ms, lateness.candidates) = (None, Vec::new());
    }
    if model.follows_whole_stream() {
        lateness.windows.clear();
        lateness.notes.push(format!(
            "The watermark of {} depends on all partitions, which no observer saw together: what depends on it is left open. Let one process observe to know it.",
            lateness.model
        ));
    }
    lateness
}

/// How late events were, by a model's rule, and the bounds that could be chosen.
pub(crate) fn lateness_of(
    model: &ModelTally,
    lateness: &Lateness,
    log: &LogFigures,
    clocks: &[ProducerSkew],
) -> LatenessSummary {
    let (spec, rule) = (model.spec(), LogRule::of_model(model.spec()));
    let scope = if spec.is_global() { Scope::AllPartitions } else { Scope::Partition };
    let candidates = advise(lateness, scope, max_skew_ms(clocks));
    LatenessSummary {
        model: model_name(spec),
        scope,
        bound_ms: rule.bound_ms,
        tolerance: spec.tolerances(),
        records: lateness.records() + lateness.refused,
        late: log.partitions.values().map(|of| of.late).sum(),
        refused: lateness.refused,
        advised_ms: advised_ms(&candidates, lateness, scope, &rule.late),
        candidates,
        partitions: late_partitions(lateness, log),
        windows: missing_most(model),
        notes: note_on_refused(lateness).into_iter().collect(),
    }
}

fn note_on_refused(lateness: &Lateness) -> Option<String> {
    (lateness.refused > 0).then(|| {
        format!(
            "{} events are more than an hour ahead of the clock. No bound helps against them; the advice is for a pipeline that refuses them.",
            lateness.refused
        )
    })
}

fn late_partitions(lateness: &Lateness, log: &LogFigures) -> Vec<LatePartition> {
    let late = |partition| log.partitions.get(partition).map_or(0, |of| of.late);
    let partitions = lateness.partitions.iter().map(|(partition, of)| LatePartition {
        partition: *partition,
        records: of.records(),
        late: late(partition),
        lateness_p99_ms: of.lateness.quantile_ms(0.99),
        lateness_max_ms: of.lateness.longest_ms(),
    });
    worst(partitions.collect())
}

/// The worst first, as many as a summary lists.
fn worst(mut partitions: Vec<LatePartition>) -> Vec<LatePartition> {
    partitions.sort_by_key(|of| (std::cmp::Reverse(of.late), of.partition));
    partitions.truncate(MOST_LISTED);
    partitions
}

fn missing_most(model: &ModelTally) -> Vec<WindowMissing> {
    let mut windows: Vec<_> = model.affected().iter().collect();
    windows.sort_by_key(|(span, loss)| (std::cmp::Reverse((loss.max, loss.min)), *span));
    windows.truncate(MOST_LISTED);
    windows
        .into_iter()
        .map(|(span, loss)| WindowMissing {
            start: in_rfc3339(span.start_ms),
            start_ms: span.start_ms,
            end_ms: span.end_ms,
            missing_sure: loss.min,
            missing_possible: loss.max,
        })
        .collect()
}

/// Beyond the years that the format holds it is the nearest of them.
fn in_rfc3339(ms: i64) -> String {
    rfc3339(u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000))
}

/// By how much the clock is off, or something else moves its events: whichever is more.
fn off_ms(skew: &ProducerSkew) -> f64 {
    skew.median_ms.abs().max(skew.unexplained_ms.unwrap_or(0.0).abs())
}

fn furthest_off(clocks: &[ProducerSkew]) -> Vec<ProducerSkew> {
    let mut clocks = clocks.to_vec();
    clocks.sort_by(|one, other| off_ms(other).total_cmp(&off_ms(one)));
    clocks.truncate(MOST_LISTED);
    clocks
}

/// What the sender knows of a ledger that holds what was seen as well.
pub(crate) fn injected_of(ledger: &InjectionLedger) -> InjectionLedger {
    let injected =
        |counts: &InjectionCounts| InjectionCounts { injected: counts.injected, ..InjectionCounts::default() };
    InjectionLedger { kinds: ledger.kinds.iter().map(|(kind, counts)| (*kind, injected(counts))).collect() }
}

#[cfg(test)]
pub(super) mod tests;
