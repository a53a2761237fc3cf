//! From a run to the figures of its settings, or to why it says nothing of them.

use super::figure::{Figure, Figures};
use crate::capacity::{Binding, binding_of, disturbance, worst};
use crate::conclude::seconds_of;
use crate::figures::latency;
use crate::profile::{Profile, Stream};
use crate::results::summary::StreamSummary;
use crate::results::{Summary, TimelineRow};
use crate::verdict::{Effect, Reason, ReasonCode, Verdict};

/// The share of the end-to-end p99 that may be this machine's own lateness, and how late it may be in any case.
const MOST_OWN: f64 = 0.5;
const LEAST_OWN_MS: f64 = 10.0;

/// What a run says of its settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measurement {
    /// The figures; absent where it says nothing.
    pub(crate) figures: Option<Figures>,
    /// Why it says nothing, or which limit it broke.
    pub(crate) because: Option<Binding>,
}

/// Measures a run by its summary and its seconds. `profile` is the one that ran.
#[must_use]
pub(crate) fn measured(profile: &Profile, summary: &Summary, rows: &[TimelineRow]) -> Measurement {
    if let Some(reason) = summary.reasons.iter().find(|reason| says_nothing(reason)) {
        return Measurement { figures: None, because: Some(binding_of(reason)) };
    }
    if let Some(because) = disturbance(summary).or_else(|| summary.streams.iter().find_map(own_part)) {
        return Measurement { figures: None, because: Some(because) };
    }
    let broken = summary.reasons.first().filter(|_| summary.verdict == Verdict::Fail);
    Measurement { figures: Some(figures(profile, summary, rows)), because: broken.map(binding_of) }
}

/// Whether the run measured this machine, an accident or somebody else's load, and not its settings. A queue that is too small for the rate is a
/// setting, and so is what a slow target does.
fn says_nothing(reason: &Reason) -> bool {
    let is_accident = matches!(
        reason.code,
        ReasonCode::HeldBackByCeiling
            | ReasonCode::Interrupted
            | ReasonCode::Unfinished
            | ReasonCode::TopicChanged
            | ReasonCode::SameRunId
            | ReasonCode::OtherRunLoad
            | ReasonCode::NothingPlanned
            | ReasonCode::NothingSeen
    );
    is_accident || reason.code.is_of_this_machine() || reason.code.effect() == Effect::Environment
}

/// Whether much of a stream's latency is this machine's own: it sent late, or read late. A client whose queue was full sent late for the target's
/// sake or its settings'.
fn own_part(stream: &StreamSummary) -> Option<Binding> {
    let end_to_end_ms = stream.latency_ms.due_to_consumed.p99;
    let most_ms = LEAST_OWN_MS.max(end_to_end_ms * MOST_OWN);
    let sent_ms = if stream.queue_full == 0 { stream.latency_ms.due_to_sent.p99 } else { 0.0 };
    let parts = [("generator_late", "sent", sent_ms), ("observer_slow", "read", stream.observer_behind_ms.p99)];
    let (code, what, own_ms) = parts.into_iter().find(|(_, _, own_ms)| *own_ms > most_ms)?;
    let (own, whole) = (latency(own_ms), latency(end_to_end_ms));
    let text = format!("{}: this machine {what} late (p99 {own}, beside {whole} end to end)", stream.name);
    Some(Binding { what: code.to_owned(), stream: Some(stream.name.clone()), stage: None, text })
}

fn figures(profile: &Profile, summary: &Summary, rows: &[TimelineRow]) -> Figures {
    let window = window(profile, summary.run.duration_s);
    let rates = profile.streams.iter().map(|stream| rates(stream, rows, window)).fold([0.0; 3], add);
    let worst = worst(summary);
    let acks = summary.streams.iter().map(|stream| stream.latency_ms.sent_to_acked).filter(|acked| acked.count > 0);
    let sent = summary.totals.sent;
    let measured = [
        (Figure::OfferedPerS, Some(rates[0])),
        (Figure::AckedPerS, Some(rates[1])),
        (Figure::DeliveredPerS, Some(rates[2])),
        (Figure::PayloadBytesPerS, Some(summary.bytes as f64 / summary.run.duration_s)),
        (Figure::EndToEndP50Ms, worst.as_ref().map(|worst| worst.p50_ms)),
        (Figure::EndToEndP99Ms, worst.as_ref().map(|worst| worst.p99_ms)),
        (Figure::AckP99Ms, acks.map(|acked| acked.p99).reduce(f64::max)),
        (Figure::CpuUsPerEvent, summary.generator.cpu_s.filter(|_| sent > 0).map(|cpu_s| cpu_s * 1e6 / sent as f64)),
    ];
    measured
        .into_iter()
        .filter_map(|(figure, value)| Some((figure, value.filter(|value| value.is_finite())?)))
        .collect()
}

/// The whole seconds after the warm-up in which events are sent; of a run without one, all that it has.
fn window(profile: &Profile, duration_s: f64) -> (usize, usize) {
    let warmup_s = profile.warmup.as_nanos().div_ceil(1_000_000_000) as usize;
    let end_s = duration_s.floor() as usize;
    if warmup_s < end_s { (warmup_s, end_s) } else { (0, end_s.max(1)) }
}

/// Offered, acknowledged and delivered in a second, at the last stage that shows events. More than is offered is a backlog of the warm-up's that
/// is worked off, and no throughput.
fn rates(stream: &Stream, rows: &[TimelineRow], (from, to): (usize, usize)) -> [f64; 3] {
    let place = stream.stages.iter().rposition(|stage| stage.results.is_none()).unwrap_or(0);
    let seconds = seconds_of(stream, place, rows);
    let within = seconds.get(from.min(seconds.len())..to.min(seconds.len())).unwrap_or_default();
    let counts = within.iter().map(|second| [second.offered, second.acked, second.delivered].map(|count| count as f64));
    let [offered, acked, delivered] = counts.fold([0.0; 3], add).map(|sum| sum / (to - from) as f64);
    [offered, acked.min(offered), delivered.min(offered)]
}

fn add(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
    [one[0] + other[0], one[1] + other[1], one[2] + other[2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conclude::empty_summary;
    use crate::results::summary::RunFacts;

    /// A run of 8 s, 2 of them warm-up, at 1,000 events/s of which `delivered` come in time; the rest comes in the drain.
    fn run(delivered: f64, code: Option<ReasonCode>) -> Measurement {
        let text = "duration = \"8s\"\nwarmup = \"2s\"\n[[stream]]\nname = \"orders\"\nrate = \"1000/s\"\n";
        let profile = Profile::from_text(text, "measured.toml").unwrap().profile;
        let row = |second| TimelineRow {
            second,
            stream: "orders".to_owned(),
            offered_per_s: if second < 8 { 1000.0 } else { 0.0 },
            acked_per_s: 1000.0,
            delivered_per_s: if second < 2 { 7.0 } else { delivered },
            ..TimelineRow::default()
        };
        let rows: Vec<TimelineRow> = (0..20).map(row).collect();
        let mut summary = empty_summary(RunFacts::default(), Reason::new(ReasonCode::Unfinished, "-"));
        summary.run.duration_s = 8.0;
        summary.reasons = code.map(|code| Reason::new(code, "why")).into_iter().collect();
        summary.verdict = Verdict::of(&summary.reasons);
        summary.totals.sent = 8_000;
        summary.bytes = 800_000;
        summary.generator.cpu_s = Some(0.4);
        let mut stream = StreamSummary { name: "orders".to_owned(), ..StreamSummary::default() };
        stream.latency_ms.due_to_consumed.count = 100;
        stream.latency_ms.due_to_consumed.p99 = 12.0;
        summary.streams = vec![stream];
        measured(&profile, &summary, &rows)
    }

    #[test]
    fn throughput_is_what_comes_while_events_are_offered() {
        let figures = run(500.0, None).figures.unwrap();
        // A backlog that is worked off is no throughput.
        let worked_off = run(1100.0, None).figures.unwrap();
        assert_eq!((figures[&Figure::DeliveredPerS], worked_off[&Figure::DeliveredPerS]), (500.0, 1000.0));
        assert_eq!((figures[&Figure::OfferedPerS], figures[&Figure::AckedPerS]), (1000.0, 1000.0));
        assert_eq!((figures[&Figure::PayloadBytesPerS], figures[&Figure::EndToEndP99Ms]), (100_000.0, 12.0));
        assert!((figures[&Figure::CpuUsPerEvent] - 50.0).abs() < 1e-9);
        assert!(!figures.contains_key(&Figure::AckP99Ms), "nothing was acknowledged in a known time");
    }

    #[test]
    fn lateness_of_this_machine_is_no_latency_of_the_settings() {
        let part = |sent_ms: f64, read_ms: f64, whole_ms: f64, queue_full| {
            let mut stream = StreamSummary { name: "orders".to_owned(), queue_full, ..StreamSummary::default() };
            stream.latency_ms.due_to_sent.p99 = sent_ms;
            stream.observer_behind_ms.p99 = read_ms;
            stream.latency_ms.due_to_consumed.p99 = whole_ms;
            own_part(&stream).map(|because| because.text)
        };
        assert_eq!([part(2.0, 2.0, 3.0, 0), part(40.0, 1.0, 100.0, 0), part(240.0, 0.0, 450.0, 7)], [None, None, None]);
        let sent = part(240.0, 0.0, 450.0, 0).unwrap();
        assert_eq!(sent, "orders: this machine sent late (p99 240 ms, beside 450 ms end to end)");
        assert!(part(1.0, 300.0, 450.0, 0).unwrap().contains("read late (p99 300 ms"));
    }

    #[test]
    fn a_trial_of_this_machine_says_nothing_and_a_broken_limit_is_a_measurement() {
        use ReasonCode::{
            GeneratorLate, HeldBackByMachine, HeldBackByQueue, HeldBackByTarget, Interrupted, Latency, TooFewSamples,
        };
        for code in [GeneratorLate, HeldBackByMachine, Interrupted] {
            let measurement = run(900.0, Some(code));
            assert!(measurement.figures.is_none() && measurement.because.is_some(), "{code:?}");
        }
        for code in [HeldBackByTarget, HeldBackByQueue, TooFewSamples] {
            assert!(run(900.0, Some(code)).figures.is_some(), "{code:?}");
        }
        let failed = run(900.0, Some(Latency));
        assert_eq!((failed.figures.is_some(), failed.because.unwrap().what.as_str()), (true, "latency"));
    }
}
