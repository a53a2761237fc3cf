//! From a run to what it says about its load: pass, fail, or nothing.

use super::lag::{PilesUp, piles_up};
use super::trial::{Binding, Outcome, Worst};
use crate::conclude::seconds_of;
use crate::figures::{latency, rate};
use crate::incidents::{Incident, IncidentKind};
use crate::profile::{Profile, Stream};
use crate::results::summary::StreamSummary;
use crate::results::{Summary, TimelineRow};
use crate::verdict::{Effect, Reason, ReasonCode, Verdict};

/// What a run says about its load.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// Pass, fail or invalid.
    pub(crate) outcome: Outcome,
    /// Why, unless it passed.
    pub(crate) because: Option<Binding>,
    /// Whether it is invalid because this machine did not send in time.
    pub(crate) sender_late: bool,
    /// The share of what was offered that the target kept up with, where events piled up.
    pub(crate) held_share: Option<f64>,
    /// Its standard error.
    pub(crate) held_error: Option<f64>,
}

/// How a run went at the stream whose end-to-end p99 was the worst.
#[must_use]
pub(crate) fn worst(summary: &Summary) -> Option<Worst> {
    let latency = |stream: &StreamSummary| stream.latency_ms.due_to_consumed.p99;
    let measured = summary.streams.iter().filter(|stream| stream.latency_ms.due_to_consumed.count > 0);
    let stream = measured.max_by(|one, other| latency(one).total_cmp(&latency(other)))?;
    Some(Worst {
        stream: stream.name.clone(),
        p50_ms: stream.latency_ms.due_to_consumed.p50,
        p99_ms: latency(stream),
        p99_limit_ms: stream.slo.iter().find(|limit| limit.name == "end_to_end_p99").map(|limit| limit.limit),
        most_waiting: stream.most_waiting,
    })
}

/// Judges a run by its verdict and its seconds. `profile` is the one that ran.
#[must_use]
pub(crate) fn judged(profile: &Profile, summary: &Summary, rows: &[TimelineRow]) -> Judged {
    let piled = profile.streams.iter().flat_map(|stream| piled_up(profile, stream, rows));
    let worst = piled.min_by(|(_, one), (_, other)| one.delivered_share.total_cmp(&other.delivered_share));
    let held_share = worst.as_ref().map(|(_, piled)| piled.delivered_share);
    let held_error = worst.as_ref().map(|(_, piled)| piled.share_error);
    let strongest = summary.reasons.first();
    let disturbed = disturbance(summary);
    let (outcome, because) = match (summary.verdict, worst) {
        (Verdict::Fail, _) if disturbed.is_some() => (Outcome::Invalid, disturbed),
        (Verdict::Fail, _) => (Outcome::Fail, strongest.map(|reason| placed(binding_of(reason), reason, summary))),
        (Verdict::Void, _) if strongest.is_some_and(is_the_senders) => (Outcome::Invalid, strongest.map(binding_of)),
        (_, Some(_)) if disturbed.is_some() => (Outcome::Invalid, disturbed),
        (_, Some((binding, _))) => (Outcome::Fail, Some(binding)),
        (Verdict::Pass, None) => (Outcome::Pass, None),
        (Verdict::Void | Verdict::Part, None) => match strongest {
            Some(reason) if reason.code == ReasonCode::HeldBackByTarget => (Outcome::Fail, Some(binding_of(reason))),
            reason => (Outcome::Invalid, reason.map(binding_of)),
        },
    };
    let because = match outcome {
        Outcome::Fail => because.map(|binding| with_throttling(binding, summary)),
        Outcome::Pass | Outcome::Invalid => because,
    };
    let sender_late = outcome == Outcome::Invalid && strongest.is_some_and(|reason| is_slow_sender(reason.code));
    Judged { outcome, because, sender_late, held_share, held_error }
}

/// Whether the reason is this machine's own weakness, or an accident: nothing was learnt about the target.
#[must_use]
pub(crate) fn is_the_senders(reason: &Reason) -> bool {
    let is_accident = matches!(reason.code, ReasonCode::Interrupted | ReasonCode::Unfinished);
    is_slow_sender(reason.code) || is_accident || reason.code.effect() == Effect::Environment
}

fn is_slow_sender(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::GeneratorLate
            | ReasonCode::HeldBackByCeiling
            | ReasonCode::HeldBackByQueue
            | ReasonCode::HeldBackByMachine
    )
}

/// What changed in the cluster or its pipelines meanwhile, so that what broke may be that: partitions got another leader, or a consumer group
/// shared its partitions anew.
#[must_use]
pub(crate) fn disturbance(summary: &Summary) -> Option<Binding> {
    let of_kind = |kind| summary.events.iter().find(|incident| incident.kind == kind);
    let binding = |what: &str, text: String| Binding { what: what.to_owned(), stream: None, stage: None, text };
    let moved = || binding("leader_moved", "partitions got another leader during the trial".to_owned());
    let shared = |incident: &Incident| {
        let group = incident.group.as_deref().unwrap_or_default();
        binding("rebalanced", format!("consumer group {group} rebalanced during the trial"))
    };
    of_kind(IncidentKind::LeaderMoved).map(|_| moved()).or_else(|| of_kind(IncidentKind::Rebalanced).map(shared))
}

/// Where brokers asked the client to wait, a quota is what bound.
fn with_throttling(binding: Binding, summary: &Summary) -> Binding {
    let is_of_it = |incident: &&Incident| binding.stream.as_ref().is_none_or(|stream| incident.stream == *stream);
    let throttled = summary.events.iter().filter(|incident| incident.kind == IncidentKind::Throttled).filter(is_of_it);
    match throttled.map(|incident| incident.figure).max_by(f64::total_cmp) {
        Some(longest_ms) => {
            let text = format!("{}; a quota held the client back, at longest {}", binding.text, latency(longest_ms));
            Binding { text, ..binding }
        }
        None => binding,
    }
}

/// A reason as what broke.
#[must_use]
pub(crate) fn binding_of(reason: &Reason) -> Binding {
    let what = reason.slo.clone().unwrap_or_else(|| name_of(reason.code));
    Binding { what, stream: reason.stream.clone(), stage: reason.stage.clone(), text: reason.text.clone() }
}

/// A latency is judged at the last stage; it binds at the stage on the way to which most of it arises.
fn placed(binding: Binding, reason: &Reason, summary: &Summary) -> Binding {
    let stream = summary.streams.iter().find(|stream| Some(&stream.name) == reason.stream.as_ref());
    let is_of_stream = reason.code == ReasonCode::Latency && reason.stage.is_none();
    match stream.filter(|_| is_of_stream).and_then(slowest_stage) {
        Some(stage) => {
            let text = format!("{}, most of it on the way to {stage}", binding.text);
            Binding { stage: Some(stage.to_owned()), text, ..binding }
        }
        None => binding,
    }
}

/// The stage whose p99 is the furthest above that of the stage before it; none where there is one stage alone.
fn slowest_stage(stream: &StreamSummary) -> Option<&str> {
    let measured = stream.stages.iter().filter(|stage| stage.latency_ms.due_to_consumed.count > 0);
    let grown = measured.scan(0.0, |before, stage| {
        let p99 = stage.latency_ms.due_to_consumed.p99;
        Some((stage.name.as_str(), p99 - std::mem::replace(before, p99)))
    });
    grown.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(name, _)| name)
}

/// The code as it stands in files.
fn name_of(code: ReasonCode) -> String {
    serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Where events piled up: every stage of events.
fn piled_up(profile: &Profile, stream: &Stream, rows: &[TimelineRow]) -> Vec<(Binding, PilesUp)> {
    let warmup_s = usize::try_from(profile.warmup.as_nanos().div_ceil(1_000_000_000)).unwrap_or(usize::MAX);
    let at_stage = |place: usize| {
        let stage = stream.stages.get(place).filter(|stage| stage.results.is_none())?;
        let piled = piles_up(&seconds_of(stream, place, rows), warmup_s)?;
        let several = stream.stages.len() > 1;
        let place = if several { format!("{} at {}", stream.name, stage.name) } else { stream.name.clone() };
        let text = format!(
            "{place}: {} more waited with each second, of {} offered",
            rate(piled.slope_per_s).trim_end_matches("/s"),
            rate(piled.offered_per_s)
        );
        let stage = several.then(|| stage.name.clone());
        Some((Binding { what: "lag".to_owned(), stream: Some(stream.name.clone()), stage, text }, piled))
    };
    (0..stream.stages.len()).filter_map(at_stage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conclude::empty_summary;
    use crate::results::summary::{RunFacts, StageSummary};

    /// A run of 20 s at 1,000 events/s that delivers `delivered_per_s`.
    fn judged_of(code: Option<ReasonCode>, delivered_per_s: f64) -> Judged {
        let text = "duration = \"20s\"\n[[stream]]\nname = \"orders\"\nrate = \"1000/s\"\n";
        let profile = Profile::from_text(text, "judged.toml").unwrap().profile;
        let row = |second| TimelineRow {
            second,
            stream: "orders".to_owned(),
            offered_per_s: 1000.0,
            sent_per_s: 1000.0,
            acked_per_s: 1000.0,
            delivered_per_s,
            ..TimelineRow::default()
        };
        let rows: Vec<TimelineRow> = (0..20).map(row).collect();
        let mut summary = empty_summary(RunFacts::default(), Reason::new(ReasonCode::Unfinished, "-"));
        summary.reasons = code.map(|code| Reason::new(code, "why").about("end_to_end_p99")).into_iter().collect();
        summary.verdict = Verdict::of(&summary.reasons);
        judged(&profile, &summary, &rows)
    }

    #[test]
    fn what_piles_up_fails_whatever_the_limits_say() {
        let kept = judged_of(None, 1000.0);
        assert_eq!((kept.outcome, kept.because, kept.held_share), (Outcome::Pass, None, None));
        let piled = judged_of(None, 900.0);
        assert_eq!((piled.outcome, piled.because.map(|because| because.what)), (Outcome::Fail, Some("lag".to_owned())));
        assert!((piled.held_share.unwrap() - 0.9).abs() < 1e-6, "{:?}", piled.held_share);
    }

    fn incident(kind: IncidentKind, figure: f64) -> Incident {
        let group = (kind == IncidentKind::Rebalanced).then(|| "orders-app".to_owned());
        Incident { group, ..Incident::new(kind, ("orders", None), (3, Some(5)), figure) }
    }

    #[test]
    fn what_broke_in_a_rebalance_is_not_counted_and_a_quota_is_named() {
        let text = "duration = \"20s\"\n[[stream]]\nname = \"orders\"\nrate = \"1000/s\"\n";
        let profile = Profile::from_text(text, "judged.toml").unwrap().profile;
        let mut summary = empty_summary(RunFacts::default(), Reason::new(ReasonCode::Unfinished, "-"));
        summary.reasons = vec![Reason::new(ReasonCode::Latency, "slow").of_stream("orders").about("end_to_end_p99")];
        summary.verdict = Verdict::Fail;
        let with = |events: Vec<Incident>| judged(&profile, &Summary { events, ..summary.clone() }, &[]);
        let quota = with(vec![incident(IncidentKind::Throttled, 80.0), incident(IncidentKind::Throttled, 1_200.0)]);
        assert_eq!(quota.outcome, Outcome::Fail);
        assert_eq!(quota.because.unwrap().text, "slow; a quota held the client back, at longest 1.2 s");
        let shared = with(vec![incident(IncidentKind::Throttled, 80.0), incident(IncidentKind::Rebalanced, 2.0)]);
        assert_eq!(shared.outcome, Outcome::Invalid);
        assert_eq!(shared.because.unwrap().text, "consumer group orders-app rebalanced during the trial");
    }

    #[test]
    fn a_latency_binds_at_the_stage_where_it_arises() {
        let text = "duration = \"20s\"\n[[stream]]\nname = \"orders\"\nrate = \"1000/s\"\n";
        let profile = Profile::from_text(text, "judged.toml").unwrap().profile;
        let mut summary = empty_summary(RunFacts::default(), Reason::new(ReasonCode::Unfinished, "-"));
        summary.reasons = vec![Reason::new(ReasonCode::Latency, "slow").of_stream("orders").about("end_to_end_p99")];
        summary.verdict = Verdict::Fail;
        let place = |p99s: &[f64]| {
            let stage = |(name, p99): (&str, &f64)| {
                let mut stage = StageSummary { name: name.to_owned(), ..StageSummary::default() };
                (stage.latency_ms.due_to_consumed.count, stage.latency_ms.due_to_consumed.p99) = (9, *p99);
                stage
            };
            let stages = ["input", "joined", "output"].into_iter().zip(p99s).map(stage).collect();
            let stream = StreamSummary { name: "orders".to_owned(), stages, ..StreamSummary::default() };
            let because = judged(&profile, &Summary { streams: vec![stream], ..summary.clone() }, &[]).because.unwrap();
            (because.stage, because.text)
        };
        assert_eq!(place(&[20.0, 1_500.0, 1_600.0]).0.as_deref(), Some("joined"));
        assert_eq!(place(&[900.0, 950.0, 1_600.0]).1, "slow, most of it on the way to input");
        // The same events need not have the same percentile: a stage after a slower one may have a lower.
        assert_eq!(place(&[20.0, 1_500.0, 1_400.0]).0.as_deref(), Some("joined"));
        assert_eq!(place(&[]), (None, "slow".to_owned()));
    }

    #[test]
    fn a_broken_limit_fails_and_what_says_nothing_is_not_counted() {
        use ReasonCode::{
            GeneratorLate, HeldBackByMachine, HeldBackByTarget, InFlight, Interrupted, Latency, TooFewSamples,
        };
        let outcome = |code, delivered_per_s| judged_of(Some(code), delivered_per_s).outcome;
        assert_eq!(outcome(Latency, 1000.0), Outcome::Fail);
        assert_eq!(outcome(HeldBackByTarget, 1000.0), Outcome::Fail);
        assert_eq!(outcome(InFlight, 900.0), Outcome::Fail);
        for code in [InFlight, TooFewSamples] {
            assert_eq!(outcome(code, 1000.0), Outcome::Invalid, "{code:?}");
        }
        // This machine's weakness says nothing of the target, even where events piled up.
        for code in [GeneratorLate, HeldBackByMachine, Interrupted] {
            assert_eq!(outcome(code, 900.0), Outcome::Invalid, "{code:?}");
            assert_eq!(judged_of(Some(code), 900.0).sender_late, code != Interrupted);
        }
        assert_eq!(judged_of(Some(Latency), 1000.0).because.unwrap().what, "end_to_end_p99");
    }
}
