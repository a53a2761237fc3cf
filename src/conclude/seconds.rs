//! What a run's seconds add to its summary: what happened when, the rates of its phases, and the limits on time.

use super::incidents::{incidents_of, seconds_of};
use super::phases::planned_phases;
use crate::incidents::{Incident, IncidentKind, Second, waiting};
use crate::profile::phase_plan::PhasePlan;
use crate::profile::{Profile, Stream};
use crate::results::TimelineRow;
use crate::results::summary::{PhaseSummary, StreamSummary, Summary};
use crate::verdict::{Reason, ReasonCode, Recovery, TimeFigures, Verdict, judge_time};

/// Adds what the seconds say, and judges it. `is_whole` says whether sends and deliveries are both in the rows: a part of a run sees one side
/// only, and cannot tell what waits.
pub(crate) fn tell_seconds(summary: &mut Summary, is_whole: bool, profile: &Profile, rows: &[TimelineRow]) {
    if !is_whole {
        return;
    }
    summary.events = incidents_of(profile, rows);
    let mut reasons = Vec::new();
    let faults: Vec<Option<ReasonCode>> =
        profile.streams.iter().map(|of| own_fault(&summary.reasons, &of.name)).collect();
    for ((stream, told), own_fault) in profile.streams.iter().zip(&mut summary.streams).zip(faults) {
        let seconds = seconds_of(stream, stream.last_of_events(), rows);
        let plan = PhasePlan::of(stream, profile.duration());
        let mut at = Told { stream, events: &summary.events, seconds: &seconds, own_fault, reasons: &mut reasons };
        at.phases(told, &plan);
        at.whole(told, profile);
    }
    if !reasons.is_empty() {
        summary.reasons.append(&mut reasons);
        summary.verdict = Verdict::weigh(&mut summary.reasons);
    }
}

/// Why this machine may be to blame, if the run's own reasons say so of a stream.
fn own_fault(reasons: &[Reason], stream: &str) -> Option<ReasonCode> {
    let of_stream = |reason: &&Reason| reason.stream.as_deref().is_none_or(|of| of == stream);
    reasons.iter().filter(of_stream).map(|reason| reason.code).find(|code| code.is_of_this_machine())
}

/// A stream whose seconds are told, at its last stage of events.
struct Told<'a> {
    stream: &'a Stream,
    events: &'a [Incident],
    seconds: &'a [Second],
    own_fault: Option<ReasonCode>,
    reasons: &'a mut Vec<Reason>,
}

impl Told<'_> {
    /// The rates of each phase, and its own limits on time.
    fn phases(&mut self, told: &mut StreamSummary, plan: &PhasePlan) {
        if told.phases.is_empty() {
            let planned = planned_phases(plan).into_iter();
            told.phases = planned.filter(|phase| phase.times > 0).collect();
        }
        let waiting = waiting(self.seconds);
        for phase in &mut told.phases {
            let place = plan.phases().iter().position(|planned| planned.name == phase.name);
            let Some(number) = place.and_then(|place| u8::try_from(place).ok()) else { continue };
            let spans: Vec<(f64, f64)> = plan
                .stretches_of(number)
                .map(|stretch| (stretch.from_ns as f64 / 1e9, stretch.to_ns as f64 / 1e9))
                .collect();
            self.rates(phase, &spans, &waiting);
            if let Some(slo) = plan.phases()[usize::from(number)].slo {
                let judged = judge_time(&TimeFigures {
                    phase: Some(&phase.name),
                    slo: &slo,
                    most_waiting: phase.most_waiting.unwrap_or(0),
                    offered_per_s: phase.offered_per_s.unwrap_or(0.0),
                    delivered_per_s: phase.delivered_per_s.unwrap_or(0.0),
                    recoveries: &self.recoveries(&spans),
                    ..self.figures()
                });
                phase.slo.extend(judged.0);
                self.reasons.extend(judged.1);
            }
        }
    }

    fn rates(&self, phase: &mut PhaseSummary, spans: &[(f64, f64)], waiting: &[u64]) {
        let mean = |of: fn(&Second) -> u64| {
            let share = |(at, second): (usize, &Second)| of(second) as f64 * overlap_s(at, spans);
            self.seconds.iter().enumerate().map(share).sum::<f64>() / phase.lasts_s.max(1e-9)
        };
        let (offered, sent, delivered) =
            (mean(|second| second.offered), mean(|second| second.sent), mean(|second| second.delivered));
        let within = waiting.iter().enumerate().filter(|(at, _)| overlap_s(*at, spans) > 0.0);
        phase.most_waiting = Some(within.map(|(_, waits)| *waits).max().unwrap_or(0));
        phase.offered_per_s = phase.offered_per_s.or(Some(offered));
        (phase.achieved_per_s, phase.delivered_per_s) = (Some(sent), Some(delivered));
    }

    /// The stream's own limits on time.
    fn whole(&mut self, told: &mut StreamSummary, profile: &Profile) {
        let lasts_s = profile.duration().as_secs_f64().max(1e-9);
        let sending = [(0.0, lasts_s)];
        let rate = |of: fn(&Second) -> u64| {
            let share = |(at, second): (usize, &Second)| of(second) as f64 * overlap_s(at, &sending);
            self.seconds.iter().enumerate().map(share).sum::<f64>() / lasts_s
        };
        let (offered_per_s, delivered_per_s) = (rate(|second| second.offered), rate(|second| second.delivered));
        let (slo, reasons) = judge_time(&TimeFigures {
            most_waiting: waiting(self.seconds).into_iter().max().unwrap_or(0),
            offered_per_s,
            delivered_per_s,
            recoveries: &self.recoveries(&[(0.0, f64::INFINITY)]),
            ..self.figures()
        });
        told.slo.extend(slo);
        self.reasons.extend(reasons);
    }

    fn figures(&self) -> TimeFigures<'_> {
        TimeFigures {
            stream: &self.stream.name,
            phase: None,
            slo: &self.stream.slo,
            most_waiting: 0,
            offered_per_s: 0.0,
            delivered_per_s: 0.0,
            recoveries: &[],
            own_fault: self.own_fault,
        }
    }

    /// How the backlogs ended that began in one of these spans.
    fn recoveries(&self, spans: &[(f64, f64)]) -> Vec<Recovery> {
        let last = self.stream.stages.get(self.stream.last_of_events()).and_then(|stage| stage.written_name());
        let stage = last.filter(|_| self.stream.stages.len() > 1);
        let is_here = |incident: &&Incident| incident.stream == self.stream.name && incident.stage.as_deref() == stage;
        let of_kind = |kind| self.events.iter().filter(is_here).filter(move |incident| incident.kind == kind);
        let begins = |incident: &&Incident| {
            let from_s = incident.from_s as f64;
            spans.iter().any(|(begin_s, end_s)| *begin_s <= from_s && from_s < *end_s)
        };
        let ended = |backlog: &Incident| {
            let until_s = backlog.to_s.unwrap_or(u64::MAX);
            let over = of_kind(IncidentKind::Recovered).find(|of| (backlog.from_s..=until_s).contains(&of.from_s));
            // Without a recovery: since it was at its highest at the latest, which is not told apart from its beginning.
            let waited_s = || (self.seconds.len() as u64).saturating_sub(backlog.from_s) as f64;
            Recovery { took_s: over.map_or_else(waited_s, |over| over.figure), is_over: over.is_some() }
        };
        of_kind(IncidentKind::Backlog).filter(begins).map(ended).collect()
    }
}

/// How much of second number `at` lies in these spans, in seconds.
fn overlap_s(at: usize, spans: &[(f64, f64)]) -> f64 {
    let from_s = at as f64;
    spans.iter().map(|(begin_s, end_s)| (end_s.min(from_s + 1.0) - begin_s.max(from_s)).max(0.0)).sum()
}
