//! A profile from a topic: what its messages look like through `inspect`, its rate, keys and sizes through `capture`.

use std::path::Path;

use super::Args;
use super::begun::{Begun, refuse_to_overwrite, seen_from};
use crate::capture::live::{Capture, CaptureError, CaptureRange, capture};
use crate::capture::sample::{KeepOrder, Kept};
use crate::capture::{Captured, Moment, ProfileParts, Traffic, profile_text, quoted};
use crate::commands::CommandError;
use crate::commands::capture::{curve_text, refuse_wrong_masks};
use crate::commands::inspect::{Asked, seen};
use crate::inspect::{Inspection, Shown, by_registry, rate_text, stream_text};
use crate::payload::template::value_at;
use crate::profile::Span;
use crate::report::figures;
use crate::report::terminal::capture::ProgressLine;

/// How many messages are looked at.
const LOOKED_AT: u64 = 200;
/// How many records are sampled, at least.
const SAMPLED: u64 = 2_000;
/// How many buckets the time is counted in.
const BUCKETS: u64 = 60;

/// A profile whose traffic is like the topic's.
pub(super) fn begin(args: &Args, topic: &str, profile: &Path) -> Result<Begun, CommandError> {
    let (curve, samples) = (profile.with_extension("csv"), profile.with_extension("jsonl"));
    let asked_for = [(true, profile), (args.curve, &curve), (args.keep_payloads > 0, &samples)];
    refuse_to_overwrite(asked_for.into_iter().filter(|(asked_for, _)| *asked_for).map(|(_, path)| path), args.force)?;
    refuse_wrong_masks(&args.mask)?;
    let registry = args.registry.as_deref();
    let looked = seen(&args.target, &Asked { topic, messages: LOOKED_AT, shown: Shown::Masked, registry })?;
    let Some(captured) = captured(args, topic)? else {
        return Ok(Begun::only(profile, without_figures(args, &looked)?));
    };
    let kept = captured.kept.as_ref().filter(|kept| !kept.lines.is_empty());
    if args.keep_payloads > 0 && kept.is_none() {
        return Err(CommandError::Usage(format!(
            "no payload of topic {topic} is JSON, so none can be kept: leave --keep-payloads away"
        )));
    }
    let payload = kept
        .map(|kept| Ok::<_, CommandError>(payload_line(&looked, kept, &seen_from(profile, &samples)?)))
        .transpose()?;
    let payload = payload.or_else(|| by_registry(&looked));
    let ((mean, fullest), curve_name) = (rates(&captured), seen_from(profile, &curve)?);
    let traffic =
        if args.curve { Traffic::Curve(&curve_name) } else { Traffic::Rate { mean: &mean, fullest: &fullest } };
    let text = profile_text(&ProfileParts {
        topic,
        partitions: captured.counted.per_partition.len(),
        range: &captured.counted.edges.to_string(),
        traffic,
        sample: captured.sample.as_ref(),
        payload: payload.as_deref(),
        made_by: "floodmark new",
    });
    let mut begun = Begun::only(profile, text + LIMITS);
    if args.curve {
        begun = begun.with(curve, curve_text(topic, &captured)?.into_bytes(), "the captured rate".to_owned());
    }
    if let Some(kept) = kept {
        let what = format!("{} messages", figures::count(kept.lines.len() as u64));
        begun = begun.with(samples, kept.text(), what);
    }
    Ok(begun)
}

/// Limits that hold for anybody; the user has others.
const LIMITS: &str = "\n# What you have promised: add a limit on the latency, as in end_to_end_p99 = \"500ms\".\nslo = { lost = 0, duplicates = 0 }\n";

/// The topic's records of the time asked for; nothing where there are none.
fn captured(args: &Args, topic: &str) -> Result<Option<Captured>, CommandError> {
    let order = Capture {
        settings: args.target.settings()?,
        allow_cluster: args.target.allow_cluster.clone(),
        topic: topic.to_owned(),
        range: CaptureRange::Past { from: Moment::Ago(args.since), to: Moment::Ago(Span::default()) },
        step: step_of(args.since),
        max_requests_per_s: 500,
        sample: args.keep_payloads.max(SAMPLED),
        event_time: None,
        keep: KeepOrder { payloads: args.keep_payloads, masked: args.mask.clone() },
    };
    let mut line = ProgressLine::default();
    let captured = capture(&order, &mut |progress| line.show(progress));
    line.close();
    match captured {
        Ok(captured) => Ok(Some(captured)),
        Err(CaptureError::NoCounts { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whole seconds, so that the time has about as many buckets as asked for.
fn step_of(since: Span) -> Span {
    Span::from_secs((since.as_nanos() / 1_000_000_000).div_ceil(BUCKETS).max(1))
}

/// A profile from the newest messages alone: in the time asked for there are none.
fn without_figures(args: &Args, looked: &Inspection) -> Result<String, CommandError> {
    if args.curve || args.keep_payloads > 0 {
        return Err(CommandError::Nothing(format!(
            "topic {} has no messages of the last {}: go further back with --since, as in --since 7d",
            looked.topic, args.since
        )));
    }
    let head = format!(
        "description = {}\nseed = 7\nduration = \"60s\"\nwarmup = \"3s\"            # sent and checked for loss, left out of latency\n\n",
        quoted(&format!("The traffic of {}", looked.topic))
    );
    Ok(head + &stream_text(looked) + LIMITS)
}

/// The mean rate, and that of the fullest bucket.
fn rates(captured: &Captured) -> (String, String) {
    let curve = &captured.counted.curve;
    let fullest = curve.counts().iter().copied().fold(0.0, f64::max);
    let mean = curve.total() / curve.counts().len().max(1) as f64;
    (rate_text(mean / curve.step_s()), rate_text(fullest / curve.step_s()))
}

/// The payload of a stream that sends what was kept, with the event's parts where all of it has a place for them, or else in headers.
fn payload_line(looked: &Inspection, kept: &Kept, file: &str) -> String {
    let texts: Vec<&str> = kept.lines.iter().filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let in_all = |pointer: &str, is_good: fn(&str) -> bool| {
        texts.iter().all(|text| value_at(text, pointer).is_some_and(|place| is_good(&text[place])))
    };
    let ids = looked.candidates.own_ids.iter().chain(&looked.candidates.ids);
    let id =
        ids.filter(|pointer| pointer.starts_with('/')).find(|pointer| in_all(pointer, |value| value.starts_with('"')));
    let mut times = looked.candidates.times.iter().map(|time| &time.path).filter(|pointer| pointer.starts_with('/'));
    let time = times.find(|pointer| in_all(pointer, |value| !value.starts_with(['n', '{', '['])));
    let mut parts = vec![format!("samples = {}", quoted(file))];
    parts.extend(id.map(|pointer| format!("id = {}", quoted(pointer))));
    parts.extend(time.map(|pointer| format!("event_time = {}", quoted(pointer))));
    let in_headers: Vec<&str> =
        [id.is_none().then_some("\"id\""), time.is_none().then_some("\"event-time\""), Some("\"sent\"")]
            .into_iter()
            .flatten()
            .collect();
    parts.push(format!("headers = [{}]", in_headers.join(", ")));
    format!("payload = {{ {} }}\n", parts.join(", "))
}
