//! Limits that can be kept, and stages that can be read.

use crate::event::place::Place;
use crate::event::time_form::TimeForm;
use crate::profile::{AbortWhen, Slo, Stage, Stream, fault::Faults, units::Span};

use super::{names, schemas};

/// Limits on latency are above zero, and a higher percentile's limit is not below a lower one's.
pub(super) fn slo(slo: &Slo, faults: &mut Faults<'_>) {
    let end_to_end = [
        ("end_to_end_p50", slo.end_to_end_p50),
        ("end_to_end_p90", slo.end_to_end_p90),
        ("end_to_end_p95", slo.end_to_end_p95),
        ("end_to_end_p99", slo.end_to_end_p99),
        ("end_to_end_p999", slo.end_to_end_p999),
        ("end_to_end_max", slo.end_to_end_max),
    ];
    for (key, limit) in end_to_end.into_iter().chain([("ack_p99", slo.ack_p99)]) {
        if limit == Some(Span::default()) {
            let help = "remove it, or set the longest time that you accept";
            faults.add_help(key, format!("`{key}` is 0s, which no system can meet"), help);
        }
    }
    if let Some(share) = slo.throughput.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
        let message = format!("`throughput` is {share}, but it is a share of the offered rate");
        faults.add_help("throughput", message, "0.95 asks that 95 % of it are delivered while it is offered");
    }
    let mut lower: Option<(&str, Span)> = None;
    for (key, limit) in end_to_end.into_iter().filter_map(|(key, limit)| Some((key, limit?))) {
        if let Some((lower_key, lower_limit)) = lower
            && limit < lower_limit
        {
            let message = format!("`{key}` is {limit}, below `{lower_key}`, which is {lower_limit}");
            faults.add_help(key, message, format!("`{key}` covers more events, so its limit must be at least as long"));
        }
        lower = Some((key, limit));
    }
}

/// What ends a run is something that can be seen in a second.
pub(super) fn abort_when(when: &AbortWhen, faults: &mut Faults<'_>) {
    if when.is_empty() {
        faults.add_here("`abort_when` names no limit", "add end_to_end_p99 = \"30s\", or max_lag = 100000");
    }
    for (key, span) in [("end_to_end_p99", when.end_to_end_p99), ("for", Some(when.lasts))] {
        if span == Some(Span::default()) {
            faults.add_help(
                key,
                format!("`{key}` is 0s, so the run would end at once"),
                "remove it, or set a length of time",
            );
        }
    }
}

/// Limits of a phase are on events, latencies and time; what windows and watermarks miss is known of the stream only.
pub(super) fn of_phase(limits: &Slo, faults: &mut Faults<'_>) {
    slo(limits, faults);
    let of_stream = [("watermark_drops", limits.watermark_drops), ("windows_short", limits.windows_short)];
    let counted = [("reordered", limits.reordered), ("phantom", limits.phantom)];
    for (key, _) in of_stream.into_iter().chain(counted).filter(|(_, limit)| limit.is_some()) {
        faults.add_help(key, format!("`{key}` is not known by the phase"), "set it for the stream");
    }
}

/// The places where a stream is observed.
pub(super) fn stages(stream: &Stream, faults: &mut Faults<'_>) {
    for (index, stage) in stream.stages.iter().enumerate() {
        let mut faults = faults.at_index("stage", index);
        names::name(&stage.name, "name", &mut faults);
        names::topic(&stage.topic, "topic", &mut faults);
        if stream.stages[..index].iter().any(|other| other.name == stage.name) {
            faults.add("name", format!("stream `{}` has two stages named `{}`", stream.name, stage.name));
        }
        if stage.quiet == Span::default() {
            faults.add_help("quiet", "`quiet` is 0s, so every event would count as lost", "5s is usual");
        }
        pointers(stage, &mut faults);
        schemas::stage(stream, stage, &mut faults);
        if let Some(Err(error)) = stage.event_time_format.as_deref().map(str::parse::<TimeForm>) {
            faults.add_help(
                "event_time_format",
                format!("`event_time_format`: {error}"),
                "or remove it, and the form of each time is recognised",
            );
        }
    }
}

fn pointers(stage: &Stage, faults: &mut Faults<'_>) {
    let pointers = [("id", &stage.id), ("due", &stage.due), ("sent", &stage.sent), ("event_time", &stage.event_time)];
    for (key, pointer) in pointers.into_iter().filter_map(|(key, pointer)| Some((key, pointer.as_ref()?))) {
        let header = pointer.strip_prefix("header:");
        if header.is_some_and(str::is_empty) {
            faults.add_help(key, format!("`{key}` names no header"), "write \"header:NAME\"");
        } else if header.is_none() && !pointer.starts_with('/') && !(key == "id" && Place::parse_of_id(pointer).is_ok())
        {
            faults.add_help(
                key,
                format!("`{key}` is `{pointer}`, which is neither a JSON pointer nor a header"),
                format!("write \"/{pointer}\" for a field of the payload, \"header:{pointer}\" for a record header"),
            );
        }
    }
}
