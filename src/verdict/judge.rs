//! The judgement: which limits were kept, and whether the measurement carries the claim.

mod counts;
mod delivery;
mod generator;
mod latencies;
mod time;
mod watermarks;
mod windows;

use crate::profile::{CountLimit, Delivery, Slo};

pub(crate) use delivery::StageReading;
pub(crate) use time::{Recovery, TimeFigures, judge_time};
pub(crate) use watermarks::WatermarkDrops;
pub(crate) use windows::{WindowFigures, judge_windows};

use super::{Reason, ReasonCode, SloResult, Verdict};
use crate::check::{Counts, LostEvent};
use crate::figures::count;
use crate::latency::LatencyHistogram;

/// Of the offered rate, a generator must reach this share.
pub(crate) const ACHIEVED_SHARE: f64 = 0.99;
/// The profile's ceiling may hold the generator back for this share of the time.
pub(crate) const CAPPED_SHARE: f64 = 0.01;
/// A client that took nothing for this share of the time held the load back.
pub(crate) const HELD_BACK_SHARE: f64 = 0.05;
/// So many samples must lie beyond a quantile for it to be believed: a p99 needs 1,000 samples.
pub(crate) const SAMPLES_BEYOND: f64 = 10.0;
/// The limit on what must not happen even once, where the profile sets none.
const NOT_ONE: Option<CountLimit> = Some(CountLimit::Count(0));

/// What a run has to say for itself. Streams are judged by their last stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunFigures<'a> {
    /// The streams, in the profile's order.
    pub streams: &'a [StreamFigures<'a>],
    /// Whether the run was ended before its schedule was.
    pub interrupted: bool,
    /// Whether the target was the embedded broker, which shares this machine.
    pub embedded: bool,
    /// What stands against the clocks, if sending and observing took place in different processes; absent in one process.
    pub clocks: Option<ClockFigures>,
}

/// What was measured of one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamFigures<'a> {
    /// Its name.
    pub name: &'a str,
    /// At which of several stages, where one is judged for itself.
    pub stage: Option<&'a str>,
    /// In which phase, where one is judged for itself.
    pub phase: Option<&'a str>,
    /// Its phases that have limits of their own, in order.
    pub phases: &'a [StreamFigures<'a>],
    /// The limits, as the profile sets them.
    pub slo: &'a Slo,
    /// What the client was asked to guarantee: exactly-once limits duplicates to 0 by default.
    pub delivery: Delivery,
    /// Which ends of the way were watched: a limit on the other end is not judged.
    pub sides: Sides,
    /// What became of the events.
    pub counts: &'a Counts,
    /// The first lost events.
    pub lost: &'a [LostEvent],
    /// How many events that the client called failed were seen all the same?
    pub failed_but_delivered: u64,
    /// From due to consumed; absent where the stage does not show the times.
    pub due_to_consumed: Option<&'a LatencyHistogram>,
    /// How many deliveries carried no due time?
    pub untimed: u64,
    /// For how long an event may have waited for the observer itself, at most, in milliseconds: so much of a latency may not be the target's.
    pub observer_behind_ms: f64,
    /// From sent to acked; absent when nothing was sent by this run.
    pub sent_to_acked: Option<&'a LatencyHistogram>,
    /// How well the generator kept its schedule; absent when another process sent.
    pub generator: Option<GeneratorFigures<'a>>,
    /// What the stream's watermark models drop.
    pub watermarks: &'a [WatermarkDrops],
    /// How the stage was read, and what was found there; absent where nothing was observed.
    pub reading: Option<StageReading<'a>>,
}

/// How well the generator kept its schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GeneratorFigures<'a> {
    /// From due to handed over, of the events that did not wait for the client: what the generator itself is late.
    pub lateness: &'a LatencyHistogram,
    /// The p99 of it in its worst second, in milliseconds.
    pub worst_second_late_ms: f64,
    /// How late that may be before the load no longer has its shape, in milliseconds.
    pub may_be_late_ms: f64,
    /// How far behind its due time the last send was, in milliseconds.
    pub behind_at_end_ms: f64,
    /// Events per second that the schedule offered.
    pub offered_per_s: f64,
    /// Events per second that were handed over.
    pub achieved_per_s: f64,
    /// For which share of the time, 0 to 1, the client took nothing (its queue was full): then a low rate is the target's, not the generator's.
    pub held_back_share: f64,
    /// The client's queue.
    pub queue: Queue,
    /// Events that find it full are dropped, as the profile says, and wait for nothing.
    pub drops_when_full: bool,
    /// The highest rate that the schedule offered, in events per second.
    pub peak_per_s: f64,
    /// For which share of the time, 0 to 1, the profile's ceiling held the generator back.
    pub capped_share: f64,
    /// Cores that the process used while sending, and cores that it may use; absent where that is not known.
    pub cores: Option<(f64, u64)>,
}

/// The queue between the generator and the target.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Queue {
    /// How many events it holds, over all workers; 0 where that is not known.
    pub events: u64,
    /// How long the client waits for a batch to fill, in milliseconds.
    pub linger_ms: f64,
}

impl Queue {
    /// The most events per second that pass it when an acknowledgement takes so long: it holds an event until then (Little's law).
    #[must_use]
    pub(crate) fn carries_per_s(&self, acknowledged_ms: f64) -> f64 {
        self.events as f64 / ((self.linger_ms + acknowledged_ms).max(1e-3) / 1e3)
    }
}

/// Which ends of the events' way were watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides {
    /// What was sent is known.
    pub sent: bool,
    /// What arrived is known.
    pub seen: bool,
}

/// How far the clocks of the processes can be trusted.
#[derive(Debug, Clone, Copy)]
pub struct ClockFigures {
    /// Whether the kernels of all hosts call their clocks synchronised.
    pub synchronised: bool,
    /// The kernels' estimated errors, summed over the two hosts that a latency spans, in milliseconds; 0 on one host.
    pub error_ms: f64,
}

/// What the figures mean.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judgement {
    /// Pass, fail or void.
    pub verdict: Verdict,
    /// Why, what failed first; empty with a pass.
    pub reasons: Vec<Reason>,
    /// The limits of each stream, in the order of the streams.
    pub slo: Vec<Vec<SloResult>>,
    /// The limits of each stream's phases, in the order of the streams and of [`StreamFigures::phases`].
    pub phases: Vec<Vec<Vec<SloResult>>>,
}

impl Judgement {
    /// Takes in further reasons, and lets them count.
    pub(crate) fn add(&mut self, reasons: impl IntoIterator<Item = Reason>) {
        self.reasons.extend(reasons);
        self.verdict = Verdict::weigh(&mut self.reasons);
    }
}

impl StreamFigures<'_> {
    /// The limit that the stream has by default on what must not happen; its phases have only those that the profile sets.
    fn not_one(&self) -> Option<CountLimit> {
        NOT_ONE.filter(|_| self.phase.is_none())
    }

    /// A reason that concerns this stream, at the stage that is judged; its text begins with the name.
    fn reason(&self, code: ReasonCode, text: &str) -> Reason {
        let place = match self.stage {
            Some(stage) if stage != self.name => format!("{} at {stage}", self.name),
            _ => self.name.to_owned(),
        };
        let place = match self.phase {
            Some(phase) => format!("{place} in {phase}"),
            None => place,
        };
        let reason = Reason::new(code, format!("{place}: {text}")).of_stream(self.name).at_stage(self.stage);
        Reason { phase: self.phase.map(str::to_owned), ..reason }
    }
}

/// Judges a run: a limit that is broken for certain fails it, and else whatever leaves the claim without support makes it void.
#[must_use]
pub(crate) fn judge(run: &RunFigures<'_>) -> Judgement {
    let mut reasons = Vec::new();
    let held_back: Vec<Option<Reason>> = run.streams.iter().map(generator::held_back).collect();
    let is_over_asked = held_back.iter().flatten().any(|reason| reason.code != ReasonCode::HeldBackByCeiling);
    let (mut slo, mut phases) = (Vec::new(), Vec::new());
    for (stream, held_back) in run.streams.iter().zip(held_back) {
        let mut own = Vec::new();
        slo.push(judge_stream(stream, run.clocks, &mut own));
        phases.push(stream.phases.iter().map(|phase| judge_phase(phase, run.clocks, &mut own)).collect());
        if run.embedded && is_over_asked {
            own = own.into_iter().map(generator::not_the_pipelines).collect();
        }
        reasons.extend(own.into_iter().chain(held_back));
    }
    reasons.extend(interruption(run));
    if run.streams.is_empty() {
        reasons.push(Reason::new(ReasonCode::NoStreams, "No stream was measured."));
    }
    Judgement { phases, ..judgement(reasons, slo) }
}

fn interruption(run: &RunFigures<'_>) -> Option<Reason> {
    run.interrupted.then(|| {
        let planned: u64 = run.streams.iter().map(|stream| stream.counts.planned).sum();
        let planned = count(planned);
        let text = format!("The run was interrupted; the figures cover the {planned} events until then.");
        Reason::new(ReasonCode::Interrupted, text)
    })
}

/// How many duplicates are allowed: none by default where the client was asked for exactly-once.
fn duplicates_allowed(slo: &Slo, delivery: Delivery) -> Option<CountLimit> {
    slo.duplicates.or(NOT_ONE.filter(|_| delivery == Delivery::ExactlyOnce))
}

fn judgement(reasons: Vec<Reason>, slo: Vec<Vec<SloResult>>) -> Judgement {
    let mut judgement = Judgement { verdict: Verdict::Pass, reasons: Vec::new(), slo, phases: Vec::new() };
    judgement.add(reasons);
    judgement
}

/// A phase is judged by its own limits alone: what the stream leaves open is said of the stream.
fn judge_phase(phase: &StreamFigures<'_>, clocks: Option<ClockFigures>, reasons: &mut Vec<Reason>) -> Vec<SloResult> {
    let mut results = counts::judge_counts(phase, reasons);
    results.extend(latencies::judge_latencies(phase, clocks, reasons));
    results
}

fn judge_stream(stream: &StreamFigures<'_>, clocks: Option<ClockFigures>, reasons: &mut Vec<Reason>) -> Vec<SloResult> {
    let mut results = counts::judge_counts(stream, reasons);
    results.extend(latencies::judge_latencies(stream, clocks, reasons));
    results.extend(watermarks::judge_drops(stream, reasons));
    counts::find_gaps(stream, reasons);
    delivery::explain_in_flight(stream, reasons);
    delivery::find_strangers(stream, reasons);
    results
}

#[cfg(test)]
mod tests;
