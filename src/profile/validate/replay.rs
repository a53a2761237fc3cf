//! Captured curves: a replay must be possible.

use crate::profile::{
    Arrivals, Detail, DetailKind, Profile, Replay, Stream, arrivals,
    bounds::MAX_RATE_PER_S,
    fault::Faults,
    units::{Rate, Span},
};

use super::LongPhases;

/// The most buckets of one stream, repetitions included: 50 days of seconds. Each takes 56 bytes.
const MAX_BUCKETS: u64 = 1 << 22;
/// The shortest bucket in the run.
const MIN_STEP_NS: f64 = 1e6;

/// A stream's curve: what it excludes, its own keys, and the curve that results.
pub(super) fn stream(profile: &Profile, stream: &Stream, long: LongPhases, faults: &mut Faults<'_>) {
    let Some(replay) = &stream.curve else { return };
    let before = faults.len();
    excluded(stream, faults);
    keys(replay, &mut faults.at("curve"));
    if let Some(detail) = &replay.detail {
        if stream.arrivals != Arrivals::default() {
            faults.add_help(
                "arrivals",
                "`arrivals` and the curve's `detail` cannot be set together",
                "remove `arrivals`",
            );
        }
        self::detail(detail, &mut faults.at("curve").at("detail"));
    }
    if faults.len() > before || replay.captured().is_none() {
        return;
    }
    let mut faults = faults.at("curve");
    if let Err(why) = replay.buckets() {
        faults.add("window", why);
        return;
    }
    played(profile, replay, long, &mut faults);
}

fn excluded(stream: &Stream, faults: &mut Faults<'_>) {
    if !stream.phases.is_empty() {
        faults.add_help("phases", "`phases` and `curve` cannot be set together", "remove one of them");
    }
    if stream.rate.is_some() {
        faults.add_help(
            "rate",
            "`rate` and `curve` cannot be set together",
            "remove `rate`; set the curve's height with scale, target_peak or target_mean",
        );
    }
    arrivals::check_beside_curve(stream.arrivals, faults);
}

fn keys(replay: &Replay, faults: &mut Faults<'_>) {
    for (key, factor) in [("scale", replay.scale), ("speed", replay.speed)] {
        if let Some(factor) = factor {
            faults.positive(key, factor, 1e9);
        }
    }
    for (key, rate) in [("target_peak", replay.target_peak), ("target_mean", replay.target_mean), ("clip", replay.clip)]
    {
        if rate.is_some_and(|rate| rate.as_per_s() <= 0.0) {
            faults.add(key, format!("`{key}` is 0/s, so nothing would be sent"));
        }
    }
    let heights = [
        ("target_mean", replay.target_mean.is_some()),
        ("target_peak", replay.target_peak.is_some()),
        ("scale", replay.scale.is_some()),
    ];
    let mut set = heights.iter().filter(|(_, is_set)| *is_set);
    if let (Some((key, _)), Some((other, _))) = (set.next(), set.next()) {
        let message = format!("`{key}` and `{other}` both set the curve's height");
        faults.add_help(key, message, "remove one of them");
    }
    if !matches!(replay.window.len(), 0 | 2) {
        let message = format!("`window` needs two times, not {}", replay.window.len());
        faults.add_help("window", message, "write window = [\"11:00\", \"13:00\"]");
    }
}

/// Each law's own parameters, and no other's.
fn detail(detail: &Detail, faults: &mut Faults<'_>) {
    let is = |kind| detail.kind == kind;
    let wants = |key: &'static str, present: bool, kind: DetailKind, word: &str, faults: &mut Faults<'_>| {
        if !is(kind) {
            faults.only_with(key, present, &format!("kind = \"{word}\""));
        } else if !present {
            faults.add_help(
                "kind",
                format!("\"{word}\" needs `{key}`"),
                "`floodmark curve fit` estimates it from a curve",
            );
        }
    };
    wants("dispersion", detail.dispersion.is_some(), DetailKind::Overdispersed, "overdispersed", faults);
    wants("bias", detail.bias.is_some(), DetailKind::BModel, "b-model", faults);
    wants("on", detail.on.is_some(), DetailKind::OnOff, "on-off", faults);
    wants("off", detail.off.is_some(), DetailKind::OnOff, "on-off", faults);
    faults.only_with("finest", detail.finest.is_some() && !is(DetailKind::BModel), "kind = \"b-model\"");
    if let Some(dispersion) = detail.dispersion
        && !(dispersion > 1.0 && dispersion <= 1e9)
    {
        let message = format!("`dispersion` is {dispersion}; it must be above 1");
        faults.add_help("dispersion", message, "for a dispersion of 1, set kind = \"poisson-exact\"");
    }
    if let Some(bias) = detail.bias
        && !(0.5..1.0).contains(&bias)
    {
        let message = format!("`bias` is {bias}; it must be at least 0.5 and below 1");
        faults.add_help("bias", message, "0.5 is even, 0.7 is bursty");
    }
    for (key, span) in [("on", detail.on), ("off", detail.off), ("finest", detail.finest)] {
        if span == Some(Span::default()) {
            faults.add(key, format!("`{key}` is 0s"));
        }
    }
}

/// The played part: it must not be empty or too large, and must end in time.
fn played(profile: &Profile, replay: &Replay, long: LongPhases, faults: &mut Faults<'_>) {
    let Some(played) = replay.played() else { return };
    if played.total() <= 0.0 {
        let key = if replay.window.is_empty() { "file" } else { "window" };
        faults.add(key, "the curve has no events there, so nothing would be sent");
        return;
    }
    if played.step_ns() < MIN_STEP_NS {
        let step = Span::from_nanos(played.captured_step_ns() as u64);
        let message = format!("at {} times the speed, buckets of {step} would be shorter than 1ms", replay.speed());
        faults.add_help("speed", message, "lower `speed`, or import the curve with longer buckets");
        return;
    }
    heights(profile, replay, played.peak_per_s(), faults);
    let length = Span::from_nanos(played.length_ns());
    match profile.duration {
        None if replay.loops => {
            faults.add_help(
                "loop",
                "a curve with `loop` never ends by itself",
                "add duration = \"10m\" to the profile",
            );
        }
        Some(duration) if !replay.loops && length > duration && long == LongPhases::AreRefused => {
            faults.add_help(
                "file",
                format!("the curve takes {length}, longer than the run's {duration}"),
                format!("set duration = \"{length}\", leave it out, cut a `window`, or raise `speed`"),
            );
        }
        _ => {}
    }
    let most_ns = if replay.loops { profile.duration().as_nanos() } else { length.as_nanos() };
    let buckets = (most_ns as f64 / played.step_ns()) as u64;
    if buckets > MAX_BUCKETS {
        let message = format!("{buckets} buckets would be played (limit {MAX_BUCKETS})");
        faults.add_help(
            if replay.loops { "loop" } else { "file" },
            message,
            "import the curve with longer buckets, or shorten the run",
        );
    }
}

/// A computed rate with six digits.
fn shown(per_s: f64) -> Rate {
    let unit = 10_f64.powi((per_s.max(1e-12).log10().floor() as i32 - 5).clamp(-12, 12));
    let rounded = (per_s / unit).round();
    // Dividing by a power of ten gives the nearest decimal; multiplying by a fraction does not.
    Rate::per_s(if unit < 1.0 { rounded / (1.0 / unit).round() } else { rounded * unit })
}

/// A curve that the ceiling would cut is not the curve that was asked for.
fn heights(profile: &Profile, replay: &Replay, peak_per_s: f64, faults: &mut Faults<'_>) {
    let key = match (replay.target_peak, replay.target_mean, replay.scale) {
        (Some(_), _, _) => "target_peak",
        (_, Some(_), _) => "target_mean",
        (_, _, Some(_)) => "scale",
        _ if replay.speed.is_some() => "speed",
        _ => "file",
    };
    let peak = shown(peak_per_s);
    if peak_per_s.is_nan() || peak_per_s > MAX_RATE_PER_S {
        let message = format!(
            "the fullest bucket would be played at {peak}, above the highest possible rate, {}",
            Rate::per_s(MAX_RATE_PER_S)
        );
        faults.add_help(key, message, "lower scale or speed, or set target_peak");
    } else if let Some(ceiling) = profile.ceiling.filter(|ceiling| ceiling.as_per_s() > 0.0)
        && peak_per_s > ceiling.as_per_s() * (1.0 + 1e-9)
    {
        let message = format!("the fullest bucket would be played at {peak}, above the profile's ceiling of {ceiling}");
        faults.add_help(key, message, format!("raise `ceiling`, or set target_peak or clip = \"{ceiling}\""));
    }
}
