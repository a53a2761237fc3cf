//! What the event times of a stage came to, as the summary holds it.

use super::watermarks::model_name;
use crate::check::Merge;
use crate::consume::EventTimeReport;
use crate::event_time::lateness::{
    Attention, InjectionLedger, Lateness, LogFigures, LogRule, ProducerSkew, Scope, advise, advised_ms, findings,
    max_skew_ms,
};
use crate::event_time::watermark::ModelTally;
use crate::results::stamp::rfc3339;
use crate::results::summary::{
    EventTimeSummary, FindingSummary, LatePartition, LatenessSummary, MOST_LISTED, WindowMissing,
};

/// What stands in the place of figures that only one reader of everything could know.
const SEVERAL_READERS: &str = "Several parts observed: how late events were is summed up exactly; advice, findings, windows and clocks are in \
     each part's own summary, for they do not add up.";

/// The summary of what a stage's event times came to.
#[must_use]
pub fn event_times_of(report: &EventTimeReport) -> EventTimeSummary {
    let EventTimeReport { models, lateness, log, clocks, injections, beyond: _ } = report;
    let found = findings(log, clocks, Attention::default()).into_iter().take(MOST_LISTED);
    EventTimeSummary {
        lateness: models.first().map(|model| lateness_of(model, lateness, log, clocks)),
        findings: found.map(|finding| FindingSummary { sentence: finding.to_string(), finding }).collect(),
        clocks: furthest_off(clocks),
        injections: injections.clone(),
    }
}

/// How late events were, by a model's rule, and the bounds that could be chosen.
pub fn lateness_of(
    model: &ModelTally,
    lateness: &Lateness,
    log: &LogFigures,
    clocks: &[ProducerSkew],
) -> LatenessSummary {
    let (spec, rule) = (model.spec(), LogRule::of_model(model.spec()));
    let scope = if spec.is_global() { Scope::AllPartitions } else { Scope::Partition };
    let candidates = advise(lateness, scope, max_skew_ms(clocks));
    let mut notes = Vec::new();
    if lateness.refused > 0 {
        notes.push(format!(
            "{} events lie more than an hour ahead of the clock: no bound helps against them. The advice is for a pipeline that refuses them.",
            lateness.refused
        ));
    }
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
        notes,
    }
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

/// The worst first, as many as a summary lists. The worst of the worst of parts are those of the whole.
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

/// The columns of a ledger that the sender knows, and those that the observer knows: what was merged comes apart again.
pub fn split(ledger: &InjectionLedger) -> (InjectionLedger, InjectionLedger) {
    let (mut sent, mut seen) = (ledger.clone(), ledger.clone());
    for counts in seen.kinds.values_mut() {
        counts.injected = 0;
    }
    for counts in sent.kinds.values_mut() {
        *counts = crate::event_time::lateness::InjectionCounts { injected: counts.injected, ..Default::default() };
    }
    (sent, seen)
}

impl Merge for EventTimeSummary {
    /// The other part observed other partitions, or nothing. What several readers together cannot know is left out, with a note.
    fn merge(&mut self, other: Self) {
        let EventTimeSummary { lateness, findings, clocks, injections } = other;
        self.injections.merge(injections);
        match (&mut self.lateness, lateness) {
            (Some(own), Some(other)) => {
                own.merge(other);
                self.findings.clear();
                self.clocks.clear();
            }
            (none @ None, other) => (*none, self.findings, self.clocks) = (other, findings, clocks),
            (Some(_), None) => {}
        }
    }
}

impl Merge for LatenessSummary {
    fn merge(&mut self, other: Self) {
        let LatenessSummary {
            model: _,
            scope: _,
            bound_ms: _,
            tolerance: _,
            records,
            late,
            refused,
            advised_ms: _,
            candidates: _,
            partitions,
            windows: _,
            notes: _,
        } = other;
        self.records += records;
        self.late += late;
        self.refused += refused;
        self.advised_ms = None;
        self.candidates.clear();
        self.partitions.extend(partitions);
        self.partitions = worst(std::mem::take(&mut self.partitions));
        self.windows.clear();
        self.notes = vec![SEVERAL_READERS.to_owned()];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event_time::lateness::{InjectionCounts, InjectionKind};

    /// A part that observed some partitions; or, without any, one that only sent.
    fn part(partitions: &[(u16, u64)], injected: u64) -> EventTimeSummary {
        let counts = |kind| (kind, InjectionCounts { injected, seen: injected / 2, ..InjectionCounts::default() });
        let of = |&(partition, late): &(u16, u64)| LatePartition {
            partition,
            records: late + 5,
            late,
            lateness_p99_ms: 1,
            lateness_max_ms: 2,
        };
        let lateness = LatenessSummary {
            model: "flink".to_owned(),
            scope: Scope::Partition,
            bound_ms: 5,
            tolerance: Vec::new(),
            records: partitions.len() as u64,
            late: partitions.iter().map(|(_, late)| late).sum(),
            refused: 1,
            advised_ms: Some(7),
            candidates: Vec::new(),
            partitions: worst(partitions.iter().map(of).collect()),
            windows: Vec::new(),
            notes: Vec::new(),
        };
        EventTimeSummary {
            lateness: (!partitions.is_empty()).then_some(lateness),
            injections: InjectionLedger { kinds: [counts(InjectionKind::Lateness)].into() },
            ..EventTimeSummary::default()
        }
    }

    proptest! {
        #[test]
        fn parts_merge_in_any_order(late in prop::collection::vec((0..3_usize, 0..50_u64), 0..120)) {
            let mut of_parts = vec![Vec::new(); 3];
            for (partition, (owner, late)) in (0..).zip(late) {
                of_parts[owner].push((partition, late));
            }
            let [a, b, c] = [0, 1, 2].map(|place: usize| part(&of_parts[place], place as u64));
            let join = |one: &EventTimeSummary, other: &EventTimeSummary| {
                let mut whole = one.clone();
                whole.merge(other.clone());
                whole
            };
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            let whole = join(&join(&a, &b), &c);
            prop_assert_eq!(&whole, &join(&a, &join(&b, &c)));
            let everything: Vec<_> = of_parts.concat();
            let alone = part(&everything, 3);
            let late_of = |of: &EventTimeSummary| of.lateness.as_ref().map(|of| (of.records, of.late, of.partitions.clone()));
            prop_assert_eq!(late_of(&whole), late_of(&alone));
        }
    }

    #[test]
    fn a_ledger_that_came_apart_is_whole_again() {
        let whole = part(&[], 9).injections;
        let (mut sent, seen) = split(&whole);
        assert_ne!(sent, whole);
        sent.merge(seen);
        assert_eq!(sent, whole);
    }

    #[test]
    fn an_observer_beside_a_sender_keeps_its_advice() {
        let (mut sender, observer) = (part(&[], 4), part(&[(0, 3)], 0));
        sender.merge(observer.clone());
        assert_eq!(sender.lateness, observer.lateness);
    }
}
