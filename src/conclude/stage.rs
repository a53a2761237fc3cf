//! What one stage of a stream comes to: its counts, latencies and event times, and what it says for itself.

use super::event_times::event_times_of;
use super::facts::StreamRun;
use super::grouped::grouped;
use super::role::Role;
use super::watermarks::{watermark_of, watermark_of_some};
use super::windows::judge_windows_of;
use crate::check::{Delivered, LostRule, Produced, Reconciled, reconcile};
use crate::consume::EventTimeFigures;
use crate::load::StreamSchedule;
use crate::mergeable::Merge;
use crate::profile::{Slo, Stage, Stream};
use crate::results::summary::{EventTimeSummary, HopLatencies, StageSummary, Watermark};
use crate::results::windows::WindowsSummary;
use crate::verdict::{Judgement, RunFigures, Sides, StreamFigures, judge};

/// A stage of a stream, with what was measured there.
struct StageRun<'a> {
    run: StreamRun<'a>,
    /// Its place among the stream's.
    place: usize,
    stage: &'a Stage,
    /// What was seen, if anybody observed.
    delivered: Option<&'a Delivered>,
    event_times: Option<&'a EventTimeFigures>,
}

impl<'a> StageRun<'a> {
    fn at(run: StreamRun<'a>, place: usize) -> Self {
        let StreamRun { stream, measured, .. } = run;
        let stage = &stream.stages[place];
        let seen = measured.stages.get(place);
        let delivered = seen.and_then(|seen| seen.delivered.as_ref());
        let event_times = seen.and_then(|seen| seen.event_times.as_ref());
        StageRun { run, place, stage, delivered, event_times }
    }

    fn role(&self) -> Role {
        self.run.facts.role
    }

    /// What the event times came to, and what became of the events that were disturbed on purpose.
    fn event_times(&self) -> EventTimeSummary {
        let of_figures = |figures| event_times_of(figures, self.run.schedule);
        let mut summary = self.event_times.map(of_figures).unwrap_or_default();
        if self.role() != Role::Run || summary.lateness.is_some() {
            // Where no model reads, nothing is said of what became of the injected.
            summary.injections.merge(self.run.measured.injected.clone());
        }
        summary
    }

    /// What the engines that read here would drop.
    fn watermarks(&self) -> Vec<Watermark> {
        let Some(figures) = self.event_times else { return Vec::new() };
        let of = if figures.partitions.are_all() { watermark_of } else { watermark_of_some };
        figures.models.iter().map(|tally| of(tally, &self.stage.name)).collect()
    }

    /// What it says for itself. Limits on end-to-end latency hold at the last stage of events.
    fn judge(&self, reconciled: &Reconciled) -> Judgement {
        let (stream, role) = (self.run.stream, self.role());
        let is_last = self.place == stream.last_of_events();
        // What a watermark drops is judged once, for the stream.
        let slo = Slo { watermark_drops: None, ..slo_of_part(if is_last { role } else { Role::Produce }, stream.slo) };
        let acked = self.run.highest_acked();
        let nothing = Delivered::default();
        let delivered = self.delivered.unwrap_or(&nothing);
        let figures = StreamFigures {
            name: &stream.name,
            stage: self.stage.written_name(),
            phase: None,
            phases: &[],
            slo: &slo,
            delivery: stream.delivery,
            sides: sides_of(role),
            counts: &reconciled.counts,
            lost: &reconciled.lost,
            failed_but_delivered: reconciled.failed_but_delivered,
            due_to_consumed: role.observes().then_some(&delivered.due_to_consumed),
            untimed: delivered.untimed,
            observer_behind_ms: delivered.observer_behind.quantile_ms(1.0),
            sent_to_acked: None,
            generator: None,
            watermarks: &[],
            reading: self.run.reading(self.place, &acked),
        };
        judge(&RunFigures { streams: &[figures], interrupted: false, embedded: false, clocks: None })
    }
}

/// In the topic that it is sent to, an event is lost once readers are past it; a pipeline's output has to stay quiet first.
pub(super) fn lost_rule(stream: &Stream, place: usize) -> LostRule {
    if stream.stages[place].topic == stream.topic_name() { LostRule::ReadPast } else { LostRule::Quiet }
}

/// What the stage at a place of a stream comes to, where it shows events.
pub(super) fn conclude_stage(run: StreamRun<'_>, place: usize) -> (StageSummary, Reconciled) {
    let at = StageRun::at(run, place);
    let reconciled = reconcile_part(&at);
    let judgement = at.judge(&reconciled);
    let EventTimeSummary { lateness, findings, clocks, injections } = at.event_times();
    let nothing = Delivered::default();
    let seen = at.delivered.unwrap_or(&nothing);
    let summary = StageSummary {
        name: at.stage.name.clone(),
        topic: at.stage.topic.clone(),
        counts: reconciled.counts,
        latency_ms: latencies_of(run, seen),
        end_to_end_by: grouped(seen),
        observer_behind_ms: seen.observer_behind.summary(),
        watermarks: at.watermarks(),
        lateness,
        findings,
        clocks,
        injections,
        verdict: Some(judgement.verdict),
        reasons: judgement.reasons,
        slo: judgement.slo.into_iter().next().unwrap_or_default(),
        windows: None,
    };
    (summary, reconciled)
}

fn latencies_of(run: StreamRun<'_>, seen: &Delivered) -> HopLatencies {
    HopLatencies {
        due_to_sent: run.measured.due_to_sent.summary(),
        sent_to_acked: run.measured.sent_to_acked.summary(),
        sent_to_consumed: seen.sent_to_consumed.summary(),
        due_to_consumed: seen.due_to_consumed.summary(),
    }
}

/// A stage that shows a pipeline's windows has no events to be counted.
pub(super) fn conclude_windows(run: StreamRun<'_>, place: usize, windows: Option<WindowsSummary>) -> StageSummary {
    let stage = &run.stream.stages[place];
    let judgement = sees_windows_whole(run, place)
        .then(|| judge_windows_of(run.stream, &run.stream.slo, &stage.name, windows.as_ref()));
    StageSummary {
        name: stage.name.clone(),
        topic: stage.topic.clone(),
        verdict: judgement.as_ref().map(|judgement| judgement.verdict),
        reasons: judgement.iter().flat_map(|judgement| judgement.reasons.clone()).collect(),
        slo: judgement.into_iter().flat_map(|judgement| judgement.slo).flatten().collect(),
        windows,
        ..StageSummary::default()
    }
}

/// Who only sends sees no windows, and who reads some partitions sees no window whole.
fn sees_windows_whole(run: StreamRun<'_>, place: usize) -> bool {
    let is_whole = |place: usize| {
        let seen = run.measured.stages.get(place).and_then(|stage| stage.windows.as_ref());
        seen.is_none_or(|seen| seen.partitions.are_all())
    };
    run.facts.role.observes() && is_whole(place) && run.stream.own_stage().is_none_or(is_whole)
}

/// A part that only sent says nothing of deliveries; one that only observed says nothing of sends.
fn reconcile_part(stage: &StageRun<'_>) -> Reconciled {
    let StreamRun { schedule, measured, .. } = stage.run;
    let (nothing_sent, nothing_seen) = (Produced::default(), Delivered::default());
    let sent = measured.produced.as_ref().unwrap_or(&nothing_sent);
    let seen = stage.delivered.unwrap_or(&nothing_seen);
    let rule = lost_rule(stage.run.stream, stage.place);
    match stage.role() {
        Role::Run => reconcile(sent, seen, schedule, rule),
        Role::Produce => {
            let mut of_sent = reconcile(sent, &nothing_seen, schedule, rule);
            of_sent.counts.in_flight = 0;
            of_sent
        }
        Role::Consume => {
            let mut of_seen = reconcile(&any_of(schedule), seen, schedule, rule);
            let counts = &mut of_seen.counts;
            (counts.planned, counts.sent, counts.unresolved, counts.unresolved_delivered) = (0, 0, 0, 0);
            of_seen
        }
    }
}

/// Every event of the schedule, as one that may have been sent: then nothing that was seen is a phantom for having no sender here.
fn any_of(schedule: &StreamSchedule) -> Produced {
    let mut any = Produced::default();
    for producer in 0..schedule.producers() {
        any.producers.entry(producer).or_default().planned = schedule.planned_by(producer);
    }
    any
}

/// Which ends of the way a part watched.
pub(super) fn sides_of(role: Role) -> Sides {
    Sides { sent: role.sends(), seen: role.observes() }
}

/// The limits that a part can be judged by.
pub(super) fn slo_of_part(role: Role, slo: Slo) -> Slo {
    if role.observes() {
        return slo;
    }
    Slo {
        end_to_end_p50: None,
        end_to_end_p90: None,
        end_to_end_p95: None,
        end_to_end_p99: None,
        end_to_end_p999: None,
        end_to_end_max: None,
        watermark_drops: None,
        ..slo
    }
}
