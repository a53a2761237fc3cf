//! From what was measured to what it means: a pure function, the same for a run and for parts that were merged.

mod event_times;
mod facts;
mod grouped;
mod incidents;
mod ledgers;
mod measured;
mod model_notes;
mod phases;
mod role;
mod seconds;
mod stage;
mod stream;
mod unfinished;
mod watermarks;
mod windows;

pub(crate) use event_times::{injected_of, lateness_of};
pub use facts::Facts;
use facts::StreamRun;
use incidents::observed_incidents;
pub(crate) use incidents::seconds_of;
pub(crate) use ledgers::{make_ledger_folder, produced_of, stage_of, write_ledgers};
pub(crate) use measured::{Measured, StageMeasured, StreamMeasured};
pub(crate) use role::Role;
pub(crate) use seconds::tell_seconds;
use stream::Concluded;
pub use unfinished::read_run;
pub(crate) use unfinished::{Ended, empty_summary, summary_of_seconds};
pub(crate) use watermarks::{leave_open, models_at, models_of, watermark_of};
pub(crate) use windows::windows_plan;

use crate::check::Counts;
use crate::figures::count;
use crate::latency::LatencyHistogram;
use crate::mergeable::Merge;
use crate::profile::{Profile, Stream};
use crate::results::Summary;
use crate::results::summary::{GeneratorSummary, SUMMARY_SCHEMA, StreamSummary};
use crate::verdict::{Judgement, Reason, ReasonCode, RunFigures, StreamFigures, judge};

/// The summary of what was measured, with its verdict.
#[must_use]
pub fn conclude(facts: &Facts<'_>, measured: &Measured) -> Summary {
    let nothing = StreamMeasured::default();
    let streams = StreamRun::all(facts, measured, &nothing);
    let concluded: Vec<Concluded> = streams.iter().map(|stream| stream.conclude()).collect();
    let judgement = judge_run(facts, measured, &streams, &concluded);
    summarise(facts, measured, concluded, judgement)
}

fn judge_run(facts: &Facts<'_>, measured: &Measured, streams: &[StreamRun<'_>], concluded: &[Concluded]) -> Judgement {
    let wholes: Vec<StreamFigures<'_>> =
        streams.iter().zip(concluded).map(|(stream, concluded)| stream.figures(concluded)).collect();
    let nothing = LatencyHistogram::default();
    let of_phases = streams.iter().zip(concluded).zip(&wholes);
    let phases: Vec<Vec<StreamFigures<'_>>> = of_phases
        .map(|((stream, concluded), whole)| phases::figures_of(&concluded.phases, *stream, whole, &nothing))
        .collect();
    let with_phases = |(whole, phases)| StreamFigures { phases, ..whole };
    let figures: Vec<StreamFigures<'_>> =
        wholes.iter().copied().zip(phases.iter().map(Vec::as_slice)).map(with_phases).collect();
    let mut judgement = judge(&RunFigures {
        streams: &figures,
        interrupted: measured.interrupted,
        embedded: facts.run.embedded,
        clocks: facts.clocks,
    });
    if facts.role == Role::Run {
        add_stages(&mut judgement, concluded, &facts.profile.streams);
    }
    judgement.add(measured.troubles.iter().cloned());
    if !judgement.reasons.is_empty() {
        judgement.add(client_errors(facts.profile, measured));
    }
    judgement.add(part_of(facts.role).filter(|_| facts.is_alone));
    judgement
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

fn summarise(facts: &Facts<'_>, measured: &Measured, concluded: Vec<Concluded>, judgement: Judgement) -> Summary {
    let with_limits = |(concluded, (slo, of_phases)): (Concluded, _)| {
        let phases = phases::with_limits(concluded.phases, of_phases);
        StreamSummary { slo, phases, ..concluded.summary }
    };
    let judged = judgement.slo.into_iter().zip(judgement.phases);
    let streams: Vec<StreamSummary> = concluded.into_iter().zip(judged).map(with_limits).collect();
    let mut totals = Counts::default();
    streams.iter().for_each(|stream| totals.merge(stream.counts));
    Summary {
        schema: SUMMARY_SCHEMA,
        events: observed_incidents(facts.profile, measured),
        verdict: judgement.verdict,
        reasons: judgement.reasons,
        run: facts.run.clone(),
        totals,
        offered_per_s: streams.iter().map(|stream| stream.offered_per_s).sum(),
        achieved_per_s: streams.iter().map(|stream| stream.achieved_per_s).sum(),
        bytes: streams.iter().map(|stream| stream.bytes).sum(),
        streams,
        generator: generator_of(measured),
        interrupted: measured.interrupted,
        troubles: measured.troubles.clone(),
        partial: facts.role != Role::Run,
    }
}

/// How well the generators of all streams kept their schedules.
fn generator_of(measured: &Measured) -> GeneratorSummary {
    let mut lateness = LatencyHistogram::default();
    for stream in &measured.streams {
        lateness.merge(stream.own_lateness.clone());
    }
    GeneratorSummary {
        lateness_ms: lateness.summary(),
        queue_full: measured.streams.iter().map(|stream| stream.queue_full).sum(),
        cpu_s: measured.cpu_ns.map(|cpu_ns| cpu_ns as f64 / 1e9),
    }
}
