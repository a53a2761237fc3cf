//! From what was measured to what it means: a pure function, the same for a run and for parts that were merged.

mod event_times;
mod incidents;
mod ledgers;
mod measured;
mod role;
mod unfinished;
mod watermarks;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use event_times::event_times_of;
pub(crate) use event_times::{injected_of, lateness_of};
pub(crate) use incidents::incidents_of;
pub(crate) use ledgers::{make_ledger_folder, produced_of, stage_of, write_ledgers};
pub(crate) use measured::{Measured, StageMeasured, StreamMeasured};
pub(crate) use role::Role;
pub use unfinished::read_run;
pub(crate) use unfinished::{Ended, empty_summary, summary_of_seconds};
use watermarks::watermark_of_some;
pub(crate) use watermarks::{leave_open, models_at, models_of, watermark_of};
pub(crate) use windows::windows_plan;
use windows::{judge_windows_of, windows_of};

use crate::check::{Counts, Delivered, LatencyHistogram, LostEvent, LostRule, Merge, Produced, Reconciled, reconcile};
use crate::consume::EventTimeFigures;
use crate::event_time::watermark::tolerance_text;
use crate::figures::count;
use crate::load::StreamSchedule;
use crate::profile::{Profile, Slo, Stage, Stream, WhenFull};
use crate::results::Summary;
use crate::results::summary::{
    CountRange, EventTimeSummary, GeneratorSummary, HopLatencies, RunFacts, SUMMARY_SCHEMA, StageSummary,
    StreamSummary, Watermark,
};
use crate::results::windows::WindowsSummary;
use crate::verdict::{
    ClockFigures, GeneratorFigures, Judgement, Queue, Reason, ReasonCode, RunFigures, Sides, StageReading,
    StreamFigures, WatermarkDrops, judge,
};

/// What is known of a run beside its measurements.
pub struct Facts<'a> {
    /// Which run this is.
    pub run: RunFacts,
    /// Its profile.
    pub profile: &'a Profile,
    /// The streams' schedules.
    pub schedules: Vec<Arc<StreamSchedule>>,
    /// Which part of the run the measurements cover.
    pub role: Role,
    /// Whether they are one process's: of several that are merged, what is missing is said by the merge.
    pub is_alone: bool,
    /// Cores that the one process kept busy, and cores that it may use.
    pub cores: Option<(f64, u64)>,
    /// How long was sent, in nanoseconds.
    pub sending_ns: u64,
    /// What stands against the clocks, when several processes took part.
    pub clocks: Option<ClockFigures>,
}

/// A stream with its verdict's material.
struct Concluded {
    summary: StreamSummary,
    lost: Vec<LostEvent>,
    failed_but_delivered: u64,
    slo: Slo,
    due_to_consumed: Option<LatencyHistogram>,
    untimed: u64,
    observer_behind_ms: f64,
    drops: Vec<WatermarkDrops>,
    acked: BTreeMap<u16, u64>,
}

/// The summary of what was measured, with its verdict.
#[must_use]
pub fn conclude(facts: &Facts<'_>, measured: &Measured) -> Summary {
    let nothing = StreamMeasured::default();
    let of_stream = |index: usize| measured.streams.get(index).unwrap_or(&nothing);
    let concluded: Vec<Concluded> = facts
        .profile
        .streams
        .iter()
        .enumerate()
        .map(|(index, stream)| conclude_stream(facts, index, stream, of_stream(index)))
        .collect();
    let figures: Vec<StreamFigures<'_>> = concluded
        .iter()
        .zip(&facts.profile.streams)
        .enumerate()
        .map(|(index, (concluded, stream))| {
            figures_of(facts, concluded, stream, &facts.schedules[index], of_stream(index))
        })
        .collect();
    let run = RunFigures {
        streams: &figures,
        interrupted: measured.interrupted,
        embedded: facts.run.embedded,
        clocks: facts.clocks,
    };
    let mut judgement = judge(&run);
    if facts.role == Role::Run {
        add_stages(&mut judgement, &concluded, &facts.profile.streams);
    }
    judgement.add(measured.troubles.iter().cloned());
    if !judgement.reasons.is_empty() {
        judgement.add(client_errors(facts.profile, measured));
    }
    judgement.add(part_of(facts.role).filter(|_| facts.is_alone));
    summarise(facts, measured, concluded, judgement)
}

/// Where a run did not pass: what the client reported of the events that were not acknowledged.
fn client_errors(profile: &Profile, measured: &Measured) -> Vec<Reason> {
    let most_often = |(stream, measured): (&Stream, &StreamMeasured)| {
        let (error, times) = measured.errors.iter().max_by_key(|(_, times)| **times)?;
        let text =
            format!("{}: {} sends were not acknowledged; the client reported: {error}", stream.name, count(*times));
        Some(Reason::new(ReasonCode::ClientError, text).of_stream(&stream.name).observed(*times as f64))
    };
    profile.streams.iter().zip(&measured.streams).filter_map(most_often).collect()
}

/// A part claims no pass, however well it went: the other half of the truth is elsewhere.
fn part_of(role: Role) -> Option<Reason> {
    match role {
        Role::Run => None,
        Role::Produce => Some(Reason::new(
            ReasonCode::OnlySent,
            "This part only sent. `floodmark merge` joins it with what was observed, and gives the verdict.",
        )),
        Role::Consume => Some(Reason::new(
            ReasonCode::OnlyObserved,
            "This part only observed. `floodmark merge` joins it with what was sent, and gives the verdict.",
        )),
    }
}

fn conclude_stream(facts: &Facts<'_>, index: usize, stream: &Stream, measured: &StreamMeasured) -> Concluded {
    let schedule = &facts.schedules[index];
    let mut windows = windows_of(stream, &measured.stages);
    let stage_at = |(place, stage): (usize, &Stage)| {
        if stage.results.is_some() {
            let windows = windows.remove(&place);
            return (conclude_windows(facts.role, stream, place, measured, windows), Reconciled::default());
        }
        conclude_stage(facts.role, schedule, stream, place, measured)
    };
    let stages: Vec<(StageSummary, Reconciled)> = stream.stages.iter().enumerate().map(stage_at).collect();
    let own = stream.last_of_events();
    let delivered = measured.stages.get(own).and_then(|stage| stage.delivered.as_ref());
    let seconds = (facts.sending_ns as f64 / 1e9).max(1e-9);
    let behind_s = measured.behind_at_end_ns as f64 / 1e9;
    let (last, reconciled) = stages.get(own).cloned().unwrap_or_default();
    // Event times are told where the stream's first model reads; without any, at the last stage.
    let timed = stages.iter().map(|(stage, _)| stage).find(|stage| stage.lateness.is_some()).unwrap_or(&last).clone();
    let summary = StreamSummary {
        name: stream.name.clone(),
        topic: stream.topic_name(),
        counts: last.counts,
        latency_ms: last.latency_ms,
        observer_behind_ms: last.observer_behind_ms,
        offered_per_s: (last.counts.planned + last.counts.copies_planned) as f64 / seconds,
        achieved_per_s: measured.sent as f64 / (seconds + behind_s),
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
        watermarks: stages.iter().flat_map(|(summary, _)| summary.watermarks.clone()).collect(),
        lateness: timed.lateness,
        findings: timed.findings,
        clocks: timed.clocks,
        injections: timed.injections,
        stages: if stages.len() > 1 { stages.into_iter().map(|(summary, _)| summary).collect() } else { Vec::new() },
        ..StreamSummary::default()
    };
    Concluded {
        drops: summary.watermarks.iter().map(drops_of).collect(),
        summary,
        lost: reconciled.lost,
        failed_but_delivered: reconciled.failed_but_delivered,
        slo: slo_of_part(facts.role, stream.slo),
        due_to_consumed: delivered.map(|delivered| delivered.due_to_consumed.clone()),
        untimed: delivered.map_or(0, |delivered| delivered.untimed),
        observer_behind_ms: last.observer_behind_ms.max,
        acked: highest_acked(measured),
    }
}

fn highest_acked(measured: &StreamMeasured) -> BTreeMap<u16, u64> {
    measured.produced.as_ref().map(Produced::highest_acked).unwrap_or_default()
}

/// How the stage at a place of a stream was read, if it was.
fn reading_of<'a>(
    stream: &'a Stream,
    place: usize,
    topic: &'a str,
    measured: &'a StreamMeasured,
    acked: &'a BTreeMap<u16, u64>,
) -> Option<StageReading<'a>> {
    let delivered = measured.stages.get(place)?.delivered.as_ref()?;
    Some(StageReading { topic, is_input: topic == stream.topic_name(), delivered, acked })
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

fn conclude_stage(
    role: Role,
    schedule: &Arc<StreamSchedule>,
    stream: &Stream,
    place: usize,
    measured: &StreamMeasured,
) -> (StageSummary, Reconciled) {
    let stage = &stream.stages[place];
    let (name, topic) = (stage.name.clone(), stage.topic.clone());
    let rule = if topic == stream.topic_name() { LostRule::ReadPast } else { LostRule::Quiet };
    let nothing = StageMeasured::default();
    let seen = measured.stages.get(place).unwrap_or(&nothing);
    let delivered = seen.delivered.as_ref();
    let event_times = seen.event_times.as_ref().map(|figures| event_times_of(figures, schedule));
    let EventTimeSummary { lateness, findings, clocks, mut injections } = event_times.unwrap_or_default();
    if role != Role::Run || lateness.is_some() {
        // Where no model reads, nothing is said of what became of the injected.
        injections.merge(measured.injected.clone());
    }
    let reconciled = reconcile_part(role, measured.produced.as_ref(), delivered, schedule, rule);
    let no_delivery = Delivered::default();
    let delivered = delivered.unwrap_or(&no_delivery);
    let latency_ms = HopLatencies {
        due_to_sent: measured.due_to_sent.summary(),
        sent_to_acked: measured.sent_to_acked.summary(),
        sent_to_consumed: delivered.sent_to_consumed.summary(),
        due_to_consumed: delivered.due_to_consumed.summary(),
    };
    let is_last = place == stream.last_of_events();
    let acked = highest_acked(measured);
    let reading = reading_of(stream, place, &topic, measured, &acked);
    let judgement = judge_stage(role, stream, stage, is_last, &reconciled, (delivered, reading));
    let watermarks = seen.event_times.as_ref().map(|figures| watermarks_of(figures, &name)).unwrap_or_default();
    let summary = StageSummary {
        name,
        topic,
        counts: reconciled.counts,
        latency_ms,
        observer_behind_ms: delivered.observer_behind.summary(),
        watermarks,
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

/// What the engines that read at a stage would drop.
fn watermarks_of(figures: &EventTimeFigures, stage: &str) -> Vec<Watermark> {
    let of = if figures.partitions.are_all() { watermark_of } else { watermark_of_some };
    figures.models.iter().map(|tally| of(tally, stage)).collect()
}

/// A stage that shows a pipeline's windows has no events to be counted.
fn conclude_windows(
    role: Role,
    stream: &Stream,
    place: usize,
    measured: &StreamMeasured,
    windows: Option<WindowsSummary>,
) -> StageSummary {
    let stage = &stream.stages[place];
    let is_whole = |place: usize| {
        let seen = measured.stages.get(place).and_then(|stage| stage.windows.as_ref());
        seen.is_none_or(|seen| seen.partitions.are_all())
    };
    let judgement = match role {
        // Who only sends sees no windows, and who reads some partitions sees no window whole.
        Role::Produce => None,
        _ if !(is_whole(place) && stream.own_stage().is_none_or(is_whole)) => None,
        Role::Run | Role::Consume => Some(judge_windows_of(stream, &stream.slo, &stage.name, windows.as_ref())),
    };
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

/// What one stage says for itself. Limits on end-to-end latency hold at the last one.
fn judge_stage(
    role: Role,
    stream: &Stream,
    stage: &Stage,
    is_last: bool,
    reconciled: &Reconciled,
    (delivered, reading): (&Delivered, Option<StageReading<'_>>),
) -> Judgement {
    // What a watermark drops is judged once, for the stream.
    let slo = Slo { watermark_drops: None, ..slo_of_part(if is_last { role } else { Role::Produce }, stream.slo) };
    let figures = StreamFigures {
        name: &stream.name,
        stage: stage.written_name(),
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
        reading,
    };
    judge(&RunFigures { streams: &[figures], interrupted: false, embedded: false, clocks: None })
}

/// A stream is judged by its last stage of events; what the other stages say counts, too.
fn add_stages(judgement: &mut Judgement, concluded: &[Concluded], streams: &[Stream]) {
    for ((stream, profile), slo) in concluded.iter().zip(streams).zip(&mut judgement.slo) {
        let own = profile.last_of_events();
        let others = stream.summary.stages.iter().enumerate().filter(|(place, _)| *place != own);
        for (_, stage) in others.filter(|(_, stage)| stage.windows.is_some()) {
            slo.extend(stage.slo.iter().cloned());
        }
    }
    for (stream, profile) in concluded.iter().zip(streams) {
        let own = profile.last_of_events();
        let others = stream.summary.stages.iter().enumerate().filter(|(place, _)| *place != own);
        judgement.add(others.flat_map(|(_, stage)| stage.reasons.iter().cloned()));
    }
}

/// A part that only sent says nothing of deliveries; one that only observed says nothing of sends.
fn reconcile_part(
    role: Role,
    produced: Option<&Produced>,
    delivered: Option<&Delivered>,
    schedule: &Arc<StreamSchedule>,
    rule: LostRule,
) -> Reconciled {
    let (nothing_sent, nothing_seen) = (Produced::default(), Delivered::default());
    match role {
        Role::Run => reconcile(produced.unwrap_or(&nothing_sent), delivered.unwrap_or(&nothing_seen), schedule, rule),
        Role::Produce => {
            let mut sent = reconcile(produced.unwrap_or(&nothing_sent), &nothing_seen, schedule, rule);
            sent.counts.in_flight = 0;
            sent
        }
        Role::Consume => {
            // Every event of the schedule may have been sent: nothing seen is a phantom for having no sender here.
            let mut any = Produced::default();
            for producer in 0..schedule.producers() {
                any.producers.entry(producer).or_default().planned = schedule.planned_by(producer);
            }
            let mut seen = reconcile(&any, delivered.unwrap_or(&nothing_seen), schedule, rule);
            let counts = &mut seen.counts;
            (counts.planned, counts.sent, counts.unresolved, counts.unresolved_delivered) = (0, 0, 0, 0);
            seen
        }
    }
}

/// Which ends of the way a part watched.
fn sides_of(role: Role) -> Sides {
    Sides { sent: role.sends(), seen: role.observes() }
}

/// The limits that a part can be judged by.
fn slo_of_part(role: Role, slo: Slo) -> Slo {
    if role != Role::Produce {
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

fn figures_of<'a>(
    facts: &Facts<'_>,
    concluded: &'a Concluded,
    stream: &'a Stream,
    schedule: &StreamSchedule,
    measured: &'a StreamMeasured,
) -> StreamFigures<'a> {
    let sends = measured.produced.is_some() && facts.role != Role::Consume;
    let place = stream.last_of_events();
    let topic = &stream.stages[place].topic;
    // Sending goes on after the schedule's end when it is behind: what held it back is a share of all that time.
    let sending_s = (facts.sending_ns as f64 / 1e9 + measured.behind_at_end_ns as f64 / 1e9).max(1e-9);
    StreamFigures {
        name: &stream.name,
        stage: None,
        slo: &concluded.slo,
        delivery: stream.delivery,
        sides: sides_of(facts.role),
        counts: &concluded.summary.counts,
        lost: &concluded.lost,
        failed_but_delivered: concluded.failed_but_delivered,
        due_to_consumed: concluded.due_to_consumed.as_ref(),
        untimed: concluded.untimed,
        observer_behind_ms: concluded.observer_behind_ms,
        sent_to_acked: sends.then_some(&measured.sent_to_acked),
        generator: sends.then_some(GeneratorFigures {
            lateness: &measured.own_lateness,
            offered_per_s: concluded.summary.offered_per_s,
            achieved_per_s: concluded.summary.achieved_per_s,
            worst_second_late_ms: concluded.summary.worst_second_late_ms,
            may_be_late_ms: concluded.summary.may_be_late_ms,
            behind_at_end_ms: concluded.summary.behind_at_end_ms,
            held_back_share: concluded.summary.held_back_s / sending_s / measured.workers.max(1) as f64,
            queue: Queue { events: measured.queue_events, linger_ms: measured.linger_ms },
            drops_when_full: stream.when_full == WhenFull::Drop,
            peak_per_s: concluded.summary.offered_per_s * peak_factor(facts, schedule),
            cores: facts.cores,
            capped_share: concluded.summary.capped_s / sending_s,
        }),
        watermarks: &concluded.drops,
        reading: reading_of(stream, place, topic, measured, &concluded.acked),
    }
}

/// How many times the mean rate the highest one is.
fn peak_factor(facts: &Facts<'_>, schedule: &StreamSchedule) -> f64 {
    let mean_per_s = schedule.planned() as f64 / facts.profile.duration().as_secs_f64().max(1e-9);
    if mean_per_s > 0.0 { schedule.peak_per_s() / mean_per_s } else { 1.0 }
}

fn summarise(facts: &Facts<'_>, measured: &Measured, concluded: Vec<Concluded>, judgement: Judgement) -> Summary {
    let mut totals = Counts::default();
    let mut lateness = LatencyHistogram::default();
    let mut streams = Vec::new();
    for (concluded, slo) in concluded.into_iter().zip(judgement.slo) {
        totals.merge(concluded.summary.counts);
        streams.push(StreamSummary { slo, ..concluded.summary });
    }
    for stream in &measured.streams {
        lateness.merge(stream.own_lateness.clone());
    }
    Summary {
        schema: SUMMARY_SCHEMA,
        events: Vec::new(),
        verdict: judgement.verdict,
        reasons: judgement.reasons,
        run: facts.run.clone(),
        totals,
        offered_per_s: streams.iter().map(|stream| stream.offered_per_s).sum(),
        achieved_per_s: streams.iter().map(|stream| stream.achieved_per_s).sum(),
        bytes: streams.iter().map(|stream| stream.bytes).sum(),
        streams,
        generator: GeneratorSummary {
            lateness_ms: lateness.summary(),
            queue_full: measured.streams.iter().map(|stream| stream.queue_full).sum(),
            cpu_s: measured.cpu_ns.map(|cpu_ns| cpu_ns as f64 / 1e9),
        },
        interrupted: measured.interrupted,
        troubles: measured.troubles.clone(),
        partial: facts.role != Role::Run,
    }
}
