//! Rates, phases and the length of a run: what is planned must be finite and countable.

use crate::profile::{
    Phase, Profile, Stream, arrivals,
    bounds::{MAX_RATE_PER_S, SEQUENCE_BITS, too_high},
    fault::Faults,
    units::{PhaseRate, Rate, Span},
};

use super::LongPhases;

/// The run's duration, warm-up and ceiling.
pub(super) fn run_length(profile: &Profile, faults: &mut Faults<'_>) {
    let phased = profile
        .streams
        .iter()
        .any(|stream| !stream.phases.is_empty() || stream.curve.is_some() || stream.records.is_some());
    match profile.duration {
        None if !phased && !profile.streams.is_empty() => {
            faults.add_help(
                "duration",
                "the profile has no duration",
                "add duration = \"60s\", or give a stream phases",
            );
        }
        Some(duration) if duration == Span::default() => {
            faults.add("duration", "`duration` is 0s, so nothing would be sent")
        }
        _ => {}
    }
    let duration = profile.duration();
    if duration > Span::default() && profile.warmup >= duration {
        faults.add_help(
            "warmup",
            format!("`warmup` is {}, and the run lasts {duration}: nothing would be left to measure", profile.warmup),
            "shorten the warm-up (--set warmup=0s), or make the run longer",
        );
    }
    if profile.generator_late_p99 == Some(Span::default()) {
        let help = "remove it, or set the longest time that you accept";
        faults.add_help("generator_late_p99", "`generator_late_p99` is 0s, which no machine can meet", help);
    }
    if let Some(ceiling) = profile.ceiling
        && ceiling.as_per_s() <= 0.0
    {
        faults.add("ceiling", format!("`ceiling` is {ceiling}, so nothing would be sent"));
    }
}

/// A stream's rate, arrivals and phases.
pub(super) fn stream(profile: &Profile, stream: &Stream, long_phases: LongPhases, faults: &mut Faults<'_>) {
    let before = faults.len();
    base_rate(stream, faults);
    arrivals::check(stream.arrivals, stream.on_off, stream.base_rate(), faults);
    phases(&stream.phases, stream.base_rate(), faults);
    if faults.len() > before {
        return; // The sums below only mean something when each part is right.
    }
    if total_length(profile, stream, long_phases, faults) {
        planned_events(profile, stream, faults);
    }
}

fn base_rate(stream: &Stream, faults: &mut Faults<'_>) {
    let Some(base) = stream.rate else {
        if stream.curve.is_none() && stream.records.is_none() {
            faults.add_here("the stream has no `rate`", "add rate = \"200k/s\", or curve = { file = \"…\" }");
        }
        return;
    };
    let rate = base.as_per_s();
    if rate.is_nan() || rate <= 0.0 {
        faults.add_help(
            "rate",
            format!("`rate` is {base}, so nothing would be sent"),
            "for silence, add a phase: { for = \"10s\", rate = \"0/s\" }",
        );
    } else if rate > MAX_RATE_PER_S {
        faults.add("rate", too_high(base));
    }
}

fn phases(phases: &[Phase], base: Rate, faults: &mut Faults<'_>) {
    for (index, phase) in phases.iter().enumerate() {
        let mut faults = faults.at_index("phases", index);
        if phase.repeat == Some(0) {
            faults.add_help("repeat", "`repeat` is 0, so the phase would never run", "remove the phase, or `repeat`");
        }
        if let Some(slo) = &phase.slo {
            super::slo::of_phase(slo, &mut faults.at("slo"));
        }
        if phase.phases.is_empty() {
            hold(phase, base, &mut faults);
        } else {
            group(phase, base, &mut faults);
        }
    }
}

/// A single phase: a step or a ramp, then a hold.
fn hold(phase: &Phase, base: Rate, faults: &mut Faults<'_>) {
    match phase.lasts {
        None => faults.add_here("a phase has no length", "add for = \"20s\""),
        Some(lasts) if lasts == Span::default() => faults.add("for", "`for` is 0s, so the phase would do nothing"),
        Some(lasts) => {
            if let Some(ramp) = phase.ramp.filter(|&ramp| ramp > lasts) {
                let message = format!("the ramp of {ramp} is longer than its phase of {lasts}");
                faults.add_help("ramp", message, "`for` includes the ramp");
            }
        }
    }
    let Some(rate) = phase.rate else { return };
    let resolved = rate.resolve(base);
    if resolved.as_per_s().is_nan() || resolved.as_per_s() > MAX_RATE_PER_S {
        let of_base =
            if matches!(rate, PhaseRate::Relative(_)) { format!("{rate} of {base}: ") } else { String::new() };
        faults.add("rate", of_base + &too_high(resolved));
    }
}

/// A group of phases that repeats as one.
fn group(phase: &Phase, base: Rate, faults: &mut Faults<'_>) {
    for (key, present) in [
        ("for", phase.lasts.is_some()),
        ("rate", phase.rate.is_some()),
        ("ramp", phase.ramp.is_some()),
        ("slo", phase.slo.is_some()),
    ] {
        if present {
            let help = format!("move `{key}` into the phases of the group, or remove `phases`");
            faults.add_help(key, format!("a group of phases cannot have `{key}` itself"), help);
        }
    }
    phases(&phase.phases, base, faults);
}

/// Whether the phases end, and end within the run.
fn total_length(profile: &Profile, stream: &Stream, long_phases: LongPhases, faults: &mut Faults<'_>) -> bool {
    let length = stream.phases_length();
    let Some(span) = u64::try_from(length).ok().filter(|&nanos| i64::try_from(nanos).is_ok()).map(Span::from_nanos)
    else {
        faults.add_help("phases", "the phases, repeats included, last longer than 292 years", "lower `repeat`");
        return false;
    };
    if let Some(duration) = profile.duration
        && span > duration
        && long_phases == LongPhases::AreRefused
    {
        faults.add_help(
            "phases",
            format!("the phases take {span}, longer than the run's {duration}"),
            format!("set duration = \"{span}\", leave it out, or shorten the phases"),
        );
        return false;
    }
    true
}

/// Every producer's events must fit into the bits of a sequence number.
fn planned_events(profile: &Profile, stream: &Stream, faults: &mut Faults<'_>) {
    let producers = f64::from(stream.producers.max(1));
    let per_producer = stream.planned_events(profile.duration()) / producers;
    let most = 2_f64.powi(i32::try_from(SEQUENCE_BITS).unwrap_or(i32::MAX));
    if per_producer.is_nan() || per_producer >= most {
        faults.add_help(
            if stream.curve.is_some() { "curve" } else { "rate" },
            format!("each producer would send {per_producer:.1e} events; at most {most:.1e} can be numbered"),
            "lower the rate, shorten the run, or raise `producers`",
        );
    }
}
