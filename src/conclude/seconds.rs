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
    summary.events.extend(incidents_of(profile, rows));
    summary.events.sort_by_key(|incident| incident.from_s);
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
        let most_waiting = waiting(self.seconds).into_iter().max().unwrap_or(0);
        told.most_waiting = Some(most_waiting);
        let (slo, reasons) = judge_time(&TimeFigures {
            most_waiting,
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
            Recovery {
                took_s: over.map_or_else(|| self.falls_for_s(backlog), |over| over.figure),
                is_over: over.is_some(),
            }
        };
        of_kind(IncidentKind::Backlog).filter(begins).map(ended).collect()
    }
}

impl Told<'_> {
    /// For how long a backlog that was not gone had been falling when the run ended, in seconds.
    fn falls_for_s(&self, backlog: &Incident) -> f64 {
        let waiting = waiting(self.seconds);
        let from = usize::try_from(backlog.from_s).unwrap_or(usize::MAX);
        let of_backlog = waiting.iter().enumerate().skip(from);
        let highest = of_backlog.max_by_key(|(at, waits)| (**waits, *at)).map_or(waiting.len(), |(at, _)| at + 1);
        waiting.len().saturating_sub(highest) as f64
    }
}

/// How much of second number `at` lies in these spans, in seconds.
fn overlap_s(at: usize, spans: &[(f64, f64)]) -> f64 {
    let from_s = at as f64;
    spans.iter().map(|(begin_s, end_s)| (end_s.min(from_s + 1.0) - begin_s.max(from_s)).max(0.0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    /// A run of a stream of 100/s with a burst of 300/s from second 10 to 14 through a stage that holds 150/s.
    fn told(slo: &str, seconds: u64) -> Summary {
        let text = format!(
            "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\nslo = {{ {slo} }}\nphases = [{{ name = \"calm\", for = \"10s\" }}, \
             {{ name = \"burst\", for = \"4s\", rate = \"3x\", slo = {{ throughput = 0.9 }} }}, {{ name = \"after\", for = \"26s\" }}]"
        );
        let mut profile: Profile = toml::from_str(&text).unwrap();
        profile.imply_stages();
        let mut waiting = 0;
        let row = |second: u64| {
            let offered = if (10..14).contains(&second) { 300 } else { 100 };
            let delivered = (waiting + offered).min(150);
            waiting += offered - delivered;
            TimelineRow {
                second,
                stream: "orders".to_owned(),
                offered_per_s: offered as f64,
                sent_per_s: offered as f64,
                acked_per_s: offered as f64,
                delivered_per_s: delivered as f64,
                seen_per_s: delivered as f64,
                due_to_consumed_p99_ms: Some(5.0 + waiting as f64 * 1000.0 / 150.0),
                ..TimelineRow::default()
            }
        };
        let rows: Vec<TimelineRow> = (0..seconds).map(row).collect();
        let reason = Reason::new(ReasonCode::ClientError, "");
        let mut summary = Summary {
            streams: vec![StreamSummary { name: "orders".to_owned(), ..StreamSummary::default() }],
            reasons: Vec::new(),
            verdict: Verdict::Pass,
            ..crate::conclude::empty_summary(crate::results::summary::RunFacts::default(), reason)
        };
        tell_seconds(&mut summary, true, &profile, &rows);
        summary
    }

    fn observed(summary: &Summary, limit: &str) -> Option<f64> {
        summary.streams[0].slo.iter().find(|slo| slo.name == limit).and_then(|slo| slo.observed)
    }

    #[test]
    fn a_burst_shows_in_its_phase_and_breaks_the_limits_on_time() {
        let summary = told("max_lag = 599, recovers_within = \"10s\", throughput = 1.0", 40);
        let phases = &summary.streams[0].phases;
        let rates = phases.iter().map(|phase| (phase.offered_per_s, phase.delivered_per_s, phase.most_waiting));
        assert_eq!(
            rates.collect::<Vec<_>>(),
            [
                (Some(100.0), Some(100.0), Some(0)),
                (Some(300.0), Some(150.0), Some(600)),
                (Some(100.0), Some(100.0 + 600.0 / 26.0), Some(550)),
            ]
        );
        // Everything was delivered in the end, half of the burst while it lasted, and the backlog of 600 drained at 50/s: gone in second 25.
        assert_eq!([observed(&summary, "max_lag"), observed(&summary, "throughput")], [Some(600.0), Some(120.0)]);
        assert_eq!(observed(&summary, "recovers_within"), Some(11_000.0));
        let codes: Vec<_> = summary.reasons.iter().map(|reason| (reason.code, reason.phase.as_deref())).collect();
        assert_eq!(
            codes,
            [(ReasonCode::Throughput, Some("burst")), (ReasonCode::Lag, None), (ReasonCode::NotRecovered, None)]
        );
        assert_eq!(summary.verdict, Verdict::Fail);
    }

    #[test]
    fn a_run_that_ends_before_the_recovery_cannot_tell() {
        let code = |slo: &str, seconds| told(slo, seconds).reasons.iter().map(|reason| reason.code).next_back();
        assert_eq!(code("recovers_within = \"20s\"", 20), Some(ReasonCode::RecoveryUnknown));
        assert_eq!(code("recovers_within = \"3s\"", 20), Some(ReasonCode::NotRecovered));
        assert_eq!(code("recovers_within = \"20s\"", 40), Some(ReasonCode::Throughput), "the phase's own");
    }
}
