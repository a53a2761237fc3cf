//! The judgement: which limits were kept, and whether the measurement carries the claim.

mod watermarks;
mod windows;

use crate::profile::{Delivery, Slo};

pub use watermarks::WatermarkDrops;
pub use windows::{WindowFigures, judge_windows};

use super::{Counts, LatencyHistogram, LostEvent, SloResult, Verdict};

/// A generator is late when 1 % of its events are handed over later than this after due, in milliseconds.
pub const GENERATOR_LATE_P99_MS: f64 = 10.0;
/// Of the offered rate, a generator must reach this share.
pub const ACHIEVED_SHARE: f64 = 0.99;
/// The profile's ceiling may hold the generator back for so much of the time.
pub const CAPPED_SHARE: f64 = 0.01;
/// So many samples must lie beyond a quantile for it to be believed: a p99 needs 1,000 samples.
pub const SAMPLES_BEYOND: f64 = 10.0;

/// What a run has to say for itself. Streams are judged by their last stage.
#[derive(Debug, Clone, Copy)]
pub struct RunFigures<'a> {
    /// The streams, in the profile's order.
    pub streams: &'a [StreamFigures<'a>],
    /// Whether the run was ended before its schedule was.
    pub interrupted: bool,
    /// What stands against the clocks, if sending and observing took place in different processes; absent in one process.
    pub clocks: Option<ClockFigures>,
}

/// What was measured of one stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamFigures<'a> {
    /// Its name.
    pub name: &'a str,
    /// The limits, as the profile sets them.
    pub slo: &'a Slo,
    /// What the client was asked to guarantee: exactly-once limits duplicates to 0 by default.
    pub delivery: Delivery,
    /// How many events came to which end.
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
}

/// How well the generator kept its schedule.
#[derive(Debug, Clone, Copy)]
pub struct GeneratorFigures<'a> {
    /// From due to handed over, of the events that did not wait for the client: what the generator itself is late.
    pub lateness: &'a LatencyHistogram,
    /// Events per second that the schedule offered.
    pub offered_per_s: f64,
    /// Events per second that were handed over.
    pub achieved_per_s: f64,
    /// Whether the client held the generator back (its queue was full): then a low rate is the target's, not the generator's.
    pub held_back_by_client: bool,
    /// For which share of the time, 0 to 1, the profile's ceiling held the generator back.
    pub capped_share: f64,
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
pub struct Judgement {
    /// Pass, fail or void.
    pub verdict: Verdict,
    /// Why, a sentence each, what failed first; empty with a pass.
    pub reasons: Vec<String>,
    /// The limits of each stream, in the order of the streams.
    pub slo: Vec<Vec<SloResult>>,
}

/// Judges a run: a limit that is broken for certain fails it, and else whatever leaves the claim without support makes it void.
#[must_use]
pub fn judge(run: &RunFigures<'_>) -> Judgement {
    let mut findings = Findings::default();
    let slo = run.streams.iter().map(|stream| judge_stream(stream, run.clocks, &mut findings)).collect();
    if run.interrupted {
        let planned: u64 = run.streams.iter().map(|stream| stream.counts.planned).sum();
        findings.void(format!("The run was interrupted: the figures cover the {planned} events up to then."));
    }
    if run.streams.is_empty() {
        findings.void("0 streams were measured.".to_owned());
    }
    findings.into_judgement(slo)
}

#[derive(Debug, Default)]
struct Findings {
    failures: Vec<String>,
    voids: Vec<String>,
}

impl Findings {
    fn fail(&mut self, reason: String) {
        self.failures.push(reason);
    }
    fn void(&mut self, reason: String) {
        self.voids.push(reason);
    }

    fn into_judgement(self, slo: Vec<Vec<SloResult>>) -> Judgement {
        let Findings { failures, mut voids } = self;
        let verdict = match (failures.is_empty(), voids.is_empty()) {
            (false, _) => Verdict::Fail,
            (true, false) => Verdict::Void,
            (true, true) => Verdict::Pass,
        };
        let mut reasons = failures;
        reasons.append(&mut voids);
        Judgement { verdict, reasons, slo }
    }
}

fn judge_stream(stream: &StreamFigures<'_>, clocks: Option<ClockFigures>, findings: &mut Findings) -> Vec<SloResult> {
    let mut results = judge_counts(stream, findings);
    results.extend(judge_latencies(stream, clocks, findings));
    results.extend(watermarks::judge_drops(stream, findings));
    find_gaps(stream, findings);
    if let Some(generator) = &stream.generator {
        find_generator_faults(stream.name, generator, findings);
    }
    results
}

/// Limits on counts: what is over them is so for certain.
fn judge_counts(stream: &StreamFigures<'_>, findings: &mut Findings) -> Vec<SloResult> {
    let StreamFigures { name, slo, counts, .. } = stream;
    let duplicates = slo.duplicates.or((stream.delivery == Delivery::ExactlyOnce).then_some(0));
    let planned = counts.planned;
    let limits: [(&str, Option<u64>, u64, String); 6] = [
        (
            "lost",
            slo.lost.or(Some(0)),
            counts.lost,
            format!("of {planned} events of {name} were lost{}", named(stream.lost)),
        ),
        (
            "duplicates",
            duplicates,
            counts.duplicates_accidental,
            format!("deliveries of {name} were duplicates that nobody asked for"),
        ),
        (
            "reordered",
            slo.reordered,
            counts.reordered_accidental,
            format!("events of {name} came behind a later one of their lane"),
        ),
        (
            "failed",
            slo.failed.or(Some(0)),
            counts.failed,
            format!("of {planned} events of {name} were given up on by the client"),
        ),
        (
            "dropped",
            slo.dropped,
            counts.dropped,
            format!("of {planned} events of {name} were dropped by the generator"),
        ),
        (
            "phantom",
            slo.phantom.or(Some(0)),
            counts.phantom,
            format!("deliveries of {name} carried an id that no one sent"),
        ),
    ];
    let mut results = Vec::new();
    for (key, limit, observed, what) in limits {
        let Some(limit) = limit else { continue };
        let ok = observed <= limit;
        if !ok {
            let allowed = if limit == 0 { String::new() } else { format!(" (the limit is {limit})") };
            findings.fail(format!("{observed} {what}{allowed}."));
        }
        results.push(SloResult { name: key.to_owned(), limit: limit as f64, observed: Some(observed as f64), ok });
    }
    results
}

/// "; the first: producer 2, sequence 417, partition 1"
fn named(lost: &[LostEvent]) -> String {
    let Some(LostEvent { producer, sequence, partition }) = lost.first() else {
        return String::new();
    };
    let partition = partition.map(|partition| format!(", partition {partition}")).unwrap_or_default();
    format!("; the first: producer {producer}, sequence {sequence}{partition}")
}

/// A limit on a latency, in milliseconds. `quantile` 1 is the maximum.
struct LatencyLimit<'a> {
    key: &'static str,
    limit_ms: Option<f64>,
    quantile: f64,
    measured: Option<&'a LatencyHistogram>,
    /// Whether it ends at the observer, and so spans possibly different processes.
    is_observed: bool,
}

fn judge_latencies(
    stream: &StreamFigures<'_>,
    clocks: Option<ClockFigures>,
    findings: &mut Findings,
) -> Vec<SloResult> {
    let slo = stream.slo;
    let end_to_end = |key, limit: Option<crate::profile::units::Span>, quantile| LatencyLimit {
        key,
        limit_ms: limit.map(|span| span.as_millis_f64()),
        quantile,
        measured: stream.due_to_consumed,
        is_observed: true,
    };
    let limits = [
        end_to_end("end_to_end_p50", slo.end_to_end_p50, 0.5),
        end_to_end("end_to_end_p90", slo.end_to_end_p90, 0.9),
        end_to_end("end_to_end_p99", slo.end_to_end_p99, 0.99),
        end_to_end("end_to_end_p999", slo.end_to_end_p999, 0.999),
        end_to_end("end_to_end_max", slo.end_to_end_max, 1.0),
        LatencyLimit {
            key: "ack_p99",
            limit_ms: slo.ack_p99.map(|span| span.as_millis_f64()),
            quantile: 0.99,
            measured: stream.sent_to_acked,
            is_observed: false,
        },
    ];
    let judged = limits.iter().filter_map(|limit| judge_latency(stream, limit, clocks, findings));
    judged.collect()
}

fn judge_latency(
    stream: &StreamFigures<'_>,
    limit: &LatencyLimit<'_>,
    clocks: Option<ClockFigures>,
    findings: &mut Findings,
) -> Option<SloResult> {
    let limit_ms = limit.limit_ms?;
    let (name, key) = (stream.name, limit.key);
    let count = limit.measured.map_or(0, LatencyHistogram::count);
    let needed = samples_needed(limit.quantile);
    let Some(measured) = limit.measured.filter(|_| count >= needed) else {
        findings
            .void(format!("{count} latencies of {name} were measured, and {key} needs {needed}: too few to judge it."));
        return Some(SloResult { name: key.to_owned(), limit: limit_ms, observed: None, ok: false });
    };
    let observed_ms = measured.quantile_ms(limit.quantile);
    let ok = observed_ms <= limit_ms;
    let mut doubts = Vec::new();
    if limit.is_observed {
        doubts.extend(clock_doubts(name, key, observed_ms, measured, clocks));
        doubts.extend(observer_doubts(stream, key, observed_ms, limit_ms));
    }
    if doubts.is_empty() {
        if !ok {
            findings.fail(format!("{observed_ms:.3} ms is the {key} of {name}, over its limit of {limit_ms} ms."));
        }
    } else {
        doubts.into_iter().for_each(|doubt| findings.void(doubt));
    }
    Some(SloResult { name: key.to_owned(), limit: limit_ms, observed: Some(observed_ms), ok })
}

/// How many samples a quantile needs: ten beyond it, and one for a maximum.
fn samples_needed(quantile: f64) -> u64 {
    if quantile >= 1.0 { 1 } else { (SAMPLES_BEYOND / (1.0 - quantile)).round() as u64 }
}

/// Why the clocks do not carry a latency.
fn clock_doubts(
    name: &str,
    key: &str,
    observed_ms: f64,
    measured: &LatencyHistogram,
    clocks: Option<ClockFigures>,
) -> Vec<String> {
    let mut doubts = Vec::new();
    if measured.negative() > 0 {
        doubts.push(format!(
            "{} latencies of {name} were negative, by up to {:.3} ms: the clocks disagree, and {key} cannot be judged.",
            measured.negative(),
            measured.most_negative_ns() as f64 / 1e6
        ));
    }
    let Some(ClockFigures { synchronised, error_ms }) = clocks else {
        return doubts;
    };
    if !synchronised {
        doubts.push(format!(
            "{observed_ms:.3} ms is the {key} of {name} across clocks that the kernel does not call synchronised: it cannot be judged."
        ));
    } else if observed_ms < error_ms {
        doubts.push(format!(
            "{observed_ms:.3} ms is the {key} of {name}, below the clocks' estimated error of {error_ms:.3} ms: it cannot be judged."
        ));
    }
    doubts
}

/// Why the observer does not carry a latency. Its own delay only ever makes a latency longer, so that a limit that is kept is kept for certain.
fn observer_doubts(stream: &StreamFigures<'_>, key: &str, observed_ms: f64, limit_ms: f64) -> Vec<String> {
    let StreamFigures { name, untimed, observer_behind_ms: behind_ms, .. } = *stream;
    let mut doubts = Vec::new();
    if untimed > 0 {
        let delivered = stream.counts.delivered;
        doubts.push(format!(
            "{untimed} of {delivered} events of {name} were seen without their due time: {key} would be that of the others only; let the pipeline keep it, or say where it is (`due`)."
        ));
    }
    if observed_ms > limit_ms && observed_ms - behind_ms <= limit_ms {
        doubts.push(format!(
            "{observed_ms:.3} ms is the {key} of {name}, over its limit of {limit_ms} ms, but an event may have waited {behind_ms:.3} ms for the observer itself: it cannot be judged; observe from another machine."
        ));
    }
    doubts
}

/// What is missing for a pass.
fn find_gaps(stream: &StreamFigures<'_>, findings: &mut Findings) {
    let StreamFigures { name, counts, .. } = stream;
    // A part that only observed planned nothing, and one that only sent saw nothing.
    let (sent_here, seen_here) = (stream.generator.is_some(), stream.due_to_consumed.is_some());
    if counts.planned == 0 && sent_here {
        findings.void(format!("0 events of {name} were planned: nothing was measured."));
    } else if counts.delivered == 0 && counts.lost == 0 && seen_here {
        let of = if sent_here { format!(" of {}", counts.planned) } else { String::new() };
        findings.void(format!("0{of} events of {name} were seen: nothing was measured."));
    }
    if counts.in_flight > 0 {
        findings.void(format!(
            "{} acked events of {name} were still in flight when the reading ended: a longer drain would tell.",
            counts.in_flight
        ));
    }
    let unknown = counts.unresolved.saturating_sub(counts.unresolved_delivered);
    if unknown > 0 {
        findings.void(format!(
            "{unknown} events of {name} are unresolved: the client does not know whether they were written, and they were not seen."
        ));
    }
    if stream.failed_but_delivered > 0 {
        findings.void(format!(
            "{} events of {name} were called failed by the client and seen all the same: its reports cannot be relied on.",
            stream.failed_but_delivered
        ));
    }
}

fn find_generator_faults(name: &str, generator: &GeneratorFigures<'_>, findings: &mut Findings) {
    let late_ms = generator.lateness.quantile_ms(0.99);
    if late_ms > GENERATOR_LATE_P99_MS {
        findings.void(format!(
            "{late_ms:.3} ms is the p99 of the generator's own lateness for {name}, over {GENERATOR_LATE_P99_MS} ms: it could not keep its schedule."
        ));
    }
    let GeneratorFigures { offered_per_s, achieved_per_s, held_back_by_client, capped_share, .. } = *generator;
    if capped_share > CAPPED_SHARE {
        findings.void(format!(
            "For {:.1} % of the time the profile's `ceiling` held {name} back: the offered load was not tested; raise it, or lower the rate.",
            capped_share * 100.0
        ));
    } else if achieved_per_s < offered_per_s * ACHIEVED_SHARE {
        let why = if held_back_by_client {
            "the client's queue was full: the target took no more, or the queue is too small for it"
        } else {
            "the client did not hold the generator back"
        };
        findings.void(format!(
            "{achieved_per_s:.0} of {offered_per_s:.0} events/s were reached for {name}, below {:.0} %, so that the offered load was not tested; {why}.",
            ACHIEVED_SHARE * 100.0
        ));
    }
}

#[cfg(test)]
mod tests;
