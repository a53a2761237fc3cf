//! What each phase of a stream comes to.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

use super::facts::StreamRun;
use super::role::Role;
use super::stage::{lost_rule, sides_of};
use crate::check::{Delivered, Produced, Reconciled, reconcile};
use crate::latency::LatencyHistogram;
use crate::load::StreamSchedule;
use crate::profile::Slo;
use crate::profile::phase_plan::PhasePlan;
use crate::results::summary::{HopLatencies, PhaseSummary};
use crate::verdict::{SloResult, StreamFigures};

/// Finding the events of more stretches than this, over all producers, would take longer than a run's end may.
const MOST_SEARCHES: usize = 200_000;

/// A phase, and what the verdict needs of it.
pub(super) struct PhaseConcluded {
    pub(super) summary: PhaseSummary,
    /// The phase's place in the plan.
    phase: u8,
    slo: Option<Slo>,
    reconciled: Reconciled,
}

/// The phases as they are planned, with nothing measured.
#[must_use]
pub(super) fn planned_phases(plan: &PhasePlan) -> Vec<PhaseSummary> {
    (0..).zip(plan.phases()).map(|(place, phase)| planned(plan, place, &phase.name)).collect()
}

fn planned(plan: &PhasePlan, place: u8, name: &str) -> PhaseSummary {
    let mut summary = PhaseSummary { name: name.to_owned(), ..PhaseSummary::default() };
    for stretch in plan.stretches_of(place) {
        let (from_s, to_s) = (stretch.from_ns as f64 / 1e9, stretch.to_ns as f64 / 1e9);
        summary.from_s = if summary.times == 0 { from_s } else { summary.from_s };
        summary.to_s = to_s;
        summary.times += 1;
        summary.lasts_s += to_s - from_s;
    }
    summary
}

impl StreamRun<'_> {
    /// Its phases, where figures are told for each; `place` is that of its last stage of events.
    pub(super) fn phases(self, place: usize) -> Vec<PhaseConcluded> {
        let plan = self.schedule.phases();
        let events = events_by_phase(self.schedule);
        let conclude = |(number, summary): (usize, PhaseSummary)| {
            let phase = u8::try_from(number).ok()?;
            let slo = plan.phases().get(number)?.slo;
            let events = events.get(number).filter(|_| self.facts.role == Role::Run);
            let reconciled = events.map(|events| self.reconcile_phase(place, events));
            let summary = PhaseSummary {
                offered_per_s: reconciled.as_ref().map(|of| of.counts.planned as f64 / summary.lasts_s.max(1e-9)),
                counts: reconciled.as_ref().map(|of| of.counts),
                latency_ms: Some(self.phase_latencies(place, phase)),
                ..summary
            };
            // A phase that the run's end cut off had no events.
            (summary.times > 0).then(|| PhaseConcluded {
                summary,
                phase,
                slo,
                reconciled: reconciled.unwrap_or_default(),
            })
        };
        planned_phases(plan).into_iter().enumerate().filter_map(conclude).collect()
    }

    fn reconcile_phase(self, place: usize, events: &BTreeMap<u16, RoaringTreemap>) -> Reconciled {
        let (nothing_sent, nothing_seen) = (Produced::default(), Delivered::default());
        let sent = self.measured.produced.as_ref().unwrap_or(&nothing_sent);
        let seen = self.delivered_at(place).unwrap_or(&nothing_seen);
        reconcile(&sent.of_events(events), &seen.of_events(events), self.schedule, lost_rule(self.stream, place))
    }

    fn delivered_at(&self, place: usize) -> Option<&Delivered> {
        self.measured.stages.get(place).and_then(|stage| stage.delivered.as_ref())
    }

    fn phase_latencies(self, place: usize, phase: u8) -> HopLatencies {
        let sent = self.measured.produced.as_ref().map(|produced| &produced.phases);
        let seen = self.delivered_at(place).map(|delivered| &delivered.phases);
        let summary = |of: Option<&LatencyHistogram>| of.map(|of| of.summary()).unwrap_or_default();
        HopLatencies {
            due_to_sent: summary(sent.and_then(|sent| sent.due_to_sent.of(phase))),
            sent_to_acked: summary(sent.and_then(|sent| sent.sent_to_acked.of(phase))),
            sent_to_consumed: summary(seen.and_then(|seen| seen.sent_to_consumed.of(phase))),
            due_to_consumed: summary(seen.and_then(|seen| seen.due_to_consumed.of(phase))),
        }
    }
}

impl PhaseConcluded {
    /// What the verdict on the phase's own limits is made of; nothing where it has none. `whole` are the figures of its stream.
    fn figures<'a>(
        &'a self,
        run: StreamRun<'a>,
        whole: &StreamFigures<'a>,
        nothing: &'a LatencyHistogram,
    ) -> Option<StreamFigures<'a>> {
        let slo = self.slo.as_ref()?;
        let measured = run.measured;
        let delivered = measured.stages.get(run.stream.last_of_events()).and_then(|stage| stage.delivered.as_ref());
        let acked = measured.produced.as_ref().map(|sent| sent.phases.sent_to_acked.of(self.phase).unwrap_or(nothing));
        Some(StreamFigures {
            phase: Some(&self.summary.name),
            slo,
            sides: sides_of(run.facts.role),
            counts: &self.reconciled.counts,
            lost: &self.reconciled.lost,
            failed_but_delivered: self.reconciled.failed_but_delivered,
            due_to_consumed: delivered.map(|seen| seen.phases.due_to_consumed.of(self.phase).unwrap_or(nothing)),
            sent_to_acked: acked,
            watermarks: &[],
            phases: &[],
            ..*whole
        })
    }
}

/// What the verdict on the limits of a stream's phases is made of.
pub(super) fn figures_of<'a>(
    phases: &'a [PhaseConcluded],
    run: StreamRun<'a>,
    whole: &StreamFigures<'a>,
    nothing: &'a LatencyHistogram,
) -> Vec<StreamFigures<'a>> {
    phases.iter().filter_map(|phase| phase.figures(run, whole, nothing)).collect()
}

/// The sequence numbers of each phase's events, by logical producer; empty where nobody asks, or where finding them would take too long.
fn events_by_phase(schedule: &StreamSchedule) -> Vec<BTreeMap<u16, RoaringTreemap>> {
    let plan = schedule.phases();
    let places = 0..u8::try_from(plan.phases().len()).unwrap_or(u8::MAX);
    let stretches: usize = places.clone().map(|phase| plan.stretches_of(phase).count()).sum();
    if stretches * usize::from(schedule.producers()) > MOST_SEARCHES {
        return Vec::new();
    }
    let of_producer = |phase: u8, producer: u16| {
        let mut events = RoaringTreemap::new();
        for stretch in plan.stretches_of(phase) {
            let first = schedule.events_before(producer, stretch.from_ns);
            events.insert_range(first..schedule.events_before(producer, stretch.to_ns));
        }
        events
    };
    let of_phase =
        |phase: u8| (0..schedule.producers()).map(|producer| (producer, of_producer(phase, producer))).collect();
    places.map(of_phase).collect()
}

/// The phases' summaries, with what was judged of those that have limits of their own.
#[must_use]
pub(super) fn with_limits(phases: Vec<PhaseConcluded>, judged: Vec<Vec<SloResult>>) -> Vec<PhaseSummary> {
    let mut judged = judged.into_iter();
    let with_own = |phase: PhaseConcluded| {
        let slo = phase.slo.and_then(|_| judged.next()).unwrap_or_default();
        PhaseSummary { slo, ..phase.summary }
    };
    phases.into_iter().map(with_own).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::check::{Counts, LostRule, ProducedRecorder};
    use crate::event::Partition;
    use crate::mergeable::Merge;
    use crate::profile::{Profile, Span};

    fn schedule(arrivals: &str) -> Arc<StreamSchedule> {
        let phases = "[{ for = \"2s\" }, { for = \"1s\", rate = \"3x\", ramp = \"300ms\" }, { for = \"777ms\", repeat = 2 }, { for = \"9s\" }]";
        let text = format!(
            "[[stream]]\nname = \"s\"\nrate = \"700/s\"\nproducers = 3\narrivals = \"{arrivals}\"\nphases = {phases}\n\
             retries = {{ share = 0.2, base = \"50ms\" }}"
        );
        let profile: Profile = toml::from_str(&text).unwrap();
        Arc::new(StreamSchedule::new(&profile.streams[0], 0, 7, Span::from_secs(8), 4))
    }

    /// Every event, with when it has its place in the schedule.
    fn places(schedule: &Arc<StreamSchedule>) -> Vec<(u16, u64, u64)> {
        let mut first = BTreeMap::new();
        for producer in 0..schedule.producers() {
            for send in schedule.sends(producer, 0) {
                first.entry((producer, send.sequence)).or_insert(send.due_ns);
            }
        }
        first.into_iter().map(|((producer, sequence), due_ns)| (producer, sequence, due_ns)).collect()
    }

    #[test]
    fn every_event_is_in_the_phase_of_its_place() {
        for arrivals in ["paced", "poisson"] {
            let schedule = schedule(arrivals);
            let by_phase = events_by_phase(&schedule);
            for (producer, sequence, due_ns) in places(&schedule) {
                let phase = schedule.phases().at(due_ns).unwrap();
                for (number, events) in (0..).zip(&by_phase) {
                    assert_eq!(
                        events[&producer].contains(sequence),
                        number == phase,
                        "{producer}/{sequence} at {due_ns}"
                    );
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn the_phases_counts_add_up_to_the_streams(fates in prop::collection::vec(0..6_u8, 64), again in 0..3_u64) {
            let schedule = schedule("poisson");
            let mut sent = ProducedRecorder::default();
            let mut seen = BTreeMap::<u16, crate::check::sequences::SequenceSet>::new();
            let mut delivered = Delivered { ended_quiet: 1, ..Delivered::default() };
            for (at, (producer, sequence, _)) in places(&schedule).into_iter().enumerate() {
                let partition = Partition::of_number(sequence, 4);
                sent.planned(producer, sequence + 1);
                let fate = fates[at % fates.len()];
                match fate {
                    0 => sent.failed(producer, sequence, 0),
                    1 => sent.dropped(producer, sequence, 0),
                    2 => sent.unresolved(producer, sequence, 0),
                    _ => sent.acked(producer, sequence, 0, partition, sequence),
                }
                let times = match fate { 3 | 4 => 1, 5 => again, _ => 0 };
                (0..times).for_each(|_| _ = seen.entry(producer).or_default().observe(sequence));
            }
            delivered.producers = seen.into_iter().map(|(producer, seen)| (producer, seen.finish())).collect();
            let sent = sent.finish();
            let whole = reconcile(&sent, &delivered, &schedule, LostRule::Quiet).counts;
            let mut sum = Counts::default();
            for events in events_by_phase(&schedule) {
                let of_phase = reconcile(&sent.of_events(&events), &delivered.of_events(&events), &schedule, LostRule::Quiet);
                sum.merge(of_phase.counts);
            }
            prop_assert_eq!(sum, whole);
        }
    }
}
