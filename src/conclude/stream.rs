//! What a stream comes to: its stages, what its generator did, and what the verdict needs of it.

use std::collections::BTreeMap;

use super::facts::StreamRun;
use super::phases::PhaseConcluded;
use super::role::Role;
use super::stage::{conclude_stage, conclude_windows, sides_of, slo_of_part};
use super::windows::windows_of;
use crate::check::{Counts, Reconciled};
use crate::event_time::watermark::tolerance_text;
use crate::profile::{Slo, Stage, WhenFull};
use crate::results::summary::{CountRange, StageSummary, StreamSummary, Watermark};
use crate::verdict::{GeneratorFigures, Queue, StreamFigures, WatermarkDrops};

/// What became of a stream, and what the verdict needs to know beside it.
pub(super) struct Concluded {
    pub(super) summary: StreamSummary,
    /// At the last stage of events.
    reconciled: Reconciled,
    slo: Slo,
    drops: Vec<WatermarkDrops>,
    acked: BTreeMap<u16, u64>,
    pub(super) phases: Vec<PhaseConcluded>,
}

impl<'a> StreamRun<'a> {
    /// The stream's summary, without its limits, and what they are judged by.
    pub(super) fn conclude(self) -> Concluded {
        let (summaries, mut reconciled): (Vec<_>, Vec<_>) = self.stages().into_iter().unzip();
        let place = self.stream.last_of_events();
        let summary = self.summary(summaries, place);
        Concluded {
            drops: summary.watermarks.iter().map(drops_of).collect(),
            summary,
            reconciled: reconciled.swap_remove(place),
            slo: slo_of_part(self.facts.role, self.stream.slo),
            acked: self.highest_acked(),
            phases: self.phases(place),
        }
    }

    /// What each stage comes to; one that shows windows has no events to reconcile.
    fn stages(self) -> Vec<(StageSummary, Reconciled)> {
        let mut windows = windows_of(self.stream, &self.measured.stages);
        let at = |(place, stage): (usize, &Stage)| {
            if stage.results.is_some() {
                return (conclude_windows(self, place, windows.remove(&place)), Reconciled::default());
            }
            conclude_stage(self, place)
        };
        self.stream.stages.iter().enumerate().map(at).collect()
    }

    /// A stream's counts and latencies are those of its last stage of events, which is at this place. Event times are told where the
    /// stream's first model reads; without any, at the same stage.
    fn summary(self, stages: Vec<StageSummary>, place: usize) -> StreamSummary {
        let last = &stages[place];
        let timed = stages.iter().find(|stage| stage.lateness.is_some()).unwrap_or(last).clone();
        let sending = self.sending(last.counts);
        StreamSummary {
            latency_ms: last.latency_ms,
            observer_behind_ms: last.observer_behind_ms,
            watermarks: stages.iter().flat_map(|stage| stage.watermarks.clone()).collect(),
            lateness: timed.lateness,
            findings: timed.findings,
            clocks: timed.clocks,
            injections: timed.injections,
            end_to_end_by: last.end_to_end_by.clone().filter(|_| stages.len() == 1),
            stages: if stages.len() > 1 { stages } else { Vec::new() },
            ..sending
        }
    }

    /// What was sent and how it was paced, of a stream with these counts.
    fn sending(self, counts: Counts) -> StreamSummary {
        let StreamRun { facts, stream, measured, .. } = self;
        let seconds = (facts.sending_ns as f64 / 1e9).max(1e-9);
        StreamSummary {
            name: stream.name.clone(),
            topic: stream.topic_name(),
            counts,
            offered_per_s: (counts.planned + counts.copies_planned) as f64 / seconds,
            achieved_per_s: measured.sent as f64 / (seconds + measured.behind_at_end_ns as f64 / 1e9),
            bytes: measured.sent_bytes,
            sends: measured.sent,
            queue_full: measured.queue_full,
            held_back_s: measured.held_back_ns as f64 / 1e9,
            capped_s: measured.capped_ns as f64 / 1e9,
            behind_at_end_ms: measured.behind_at_end_ns as f64 / 1e6,
            worst_second_late_ms: measured.worst_second_late_ns as f64 / 1e6,
            may_be_late_ms: facts.profile.generator_may_be_late(stream).as_millis_f64(),
            workers: measured.workers,
            queue_events: measured.queue_events,
            linger_ms: measured.linger_ms,
            ..StreamSummary::default()
        }
    }

    /// What the verdict is made of.
    pub(super) fn figures(self, concluded: &'a Concluded) -> StreamFigures<'a> {
        let StreamRun { facts, stream, measured, .. } = self;
        let Concluded { summary, reconciled, slo, drops, acked, phases: _ } = concluded;
        let sends = measured.produced.is_some() && facts.role != Role::Consume;
        let place = stream.last_of_events();
        let delivered = measured.stages.get(place).and_then(|stage| stage.delivered.as_ref());
        StreamFigures {
            name: &stream.name,
            stage: None,
            phase: None,
            phases: &[],
            slo,
            delivery: stream.delivery,
            sides: sides_of(facts.role),
            counts: &reconciled.counts,
            lost: &reconciled.lost,
            failed_but_delivered: reconciled.failed_but_delivered,
            due_to_consumed: delivered.map(|delivered| &delivered.due_to_consumed),
            untimed: delivered.map_or(0, |delivered| delivered.untimed),
            observer_behind_ms: summary.observer_behind_ms.max,
            sent_to_acked: sends.then_some(&measured.sent_to_acked),
            generator: sends.then(|| self.generator(summary)),
            watermarks: drops,
            reading: self.reading(place, acked),
        }
    }

    fn generator(self, summary: &StreamSummary) -> GeneratorFigures<'a> {
        let StreamRun { facts, stream, measured, .. } = self;
        // Sending goes on after the schedule's end when it is behind: what held it back is a share of all that time.
        let sending_s = (facts.sending_ns as f64 / 1e9 + measured.behind_at_end_ns as f64 / 1e9).max(1e-9);
        GeneratorFigures {
            lateness: &measured.own_lateness,
            offered_per_s: summary.offered_per_s,
            achieved_per_s: summary.achieved_per_s,
            worst_second_late_ms: summary.worst_second_late_ms,
            may_be_late_ms: summary.may_be_late_ms,
            behind_at_end_ms: summary.behind_at_end_ms,
            held_back_share: summary.held_back_s / sending_s / measured.workers.max(1) as f64,
            queue: Queue { events: measured.queue_events, linger_ms: measured.linger_ms },
            drops_when_full: stream.when_full == WhenFull::Drop,
            peak_per_s: summary.offered_per_s * self.peak_factor(),
            cores: facts.cores,
            capped_share: summary.capped_s / sending_s,
        }
    }

    /// How many times the mean rate the highest one is.
    fn peak_factor(self) -> f64 {
        let mean_per_s = self.schedule.planned() as f64 / self.facts.profile.duration().as_secs_f64().max(1e-9);
        if mean_per_s > 0.0 { self.schedule.peak_per_s() / mean_per_s } else { 1.0 }
    }
}

/// What a model says, for the judgement.
fn drops_of(watermark: &Watermark) -> WatermarkDrops {
    let window = watermark.window.as_ref().map(|window| format!(", {window}")).unwrap_or_default();
    WatermarkDrops {
        model: format!("{}{window}, {}", watermark.engine, tolerance_text(&watermark.tolerance)),
        records: watermark.records,
        dropped: CountRange { min: watermark.dropped_sure, max: watermark.dropped_possible },
        expected: watermark.expected.map(|expected| expected.records),
    }
}
