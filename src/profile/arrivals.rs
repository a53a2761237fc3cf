//! The arrival processes that a profile can ask for, and the rules of each. `load::arrivals` implements them.
//!
//! The doc comments of types and variants are what `floodmark schema profile` shows in an editor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bounds::{MAX_RATE_PER_S, too_high},
    fault::Faults,
    units::{Rate, Span},
};

/// How single events fall around the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Evenly spaced.
    #[default]
    Paced,
    /// Independent of each other: exponential gaps.
    Poisson,
    /// Poisson inside bursts, silence between them; see `on_off`.
    OnOff,
}

/// Bursts: each cycle lasts `on` + `off` and holds one burst at a random place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnOff {
    /// Length of a burst.
    pub on: Span,
    /// Silence in each cycle, before and after the burst.
    pub off: Span,
    /// What `rate` means: the rate inside a burst (`peak`, the default) or over the whole cycle (`mean`).
    #[serde(default)]
    pub keeps: Keeps,
}

/// What a stream's `rate` means under on-off arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// The rate inside a burst.
    #[default]
    Peak,
    /// The rate over the whole cycle.
    Mean,
}

/// Checks what the stream's process needs, and rejects what only another would use.
pub(super) fn check(arrivals: Arrivals, on_off: Option<OnOff>, base: Rate, faults: &mut Faults<'_>) {
    if arrivals != Arrivals::OnOff {
        return faults.only_with("on_off", on_off.is_some(), "arrivals = \"on-off\"");
    }
    match on_off {
        None => faults.add_help(
            "arrivals",
            "on-off arrivals need `on_off`, the lengths of a burst and of the silence",
            "add on_off = { on = \"2s\", off = \"8s\" }",
        ),
        Some(on_off) => check_on_off(on_off, base, &mut faults.at("on_off")),
    }
}

fn check_on_off(on_off: OnOff, base: Rate, faults: &mut Faults<'_>) {
    for (key, span) in [("on", on_off.on), ("off", on_off.off)] {
        if span == Span::default() {
            faults.add_help(
                key,
                format!("`{key}` is 0s"),
                "for arrivals without bursts or silence, set arrivals = \"poisson\"",
            );
        }
    }
    let cycle_s = on_off.on.as_secs_f64() + on_off.off.as_secs_f64();
    let peak = base.as_per_s() * cycle_s / on_off.on.as_secs_f64();
    if on_off.keeps == Keeps::Mean && peak.is_finite() && peak > MAX_RATE_PER_S {
        faults.add("keeps", format!("inside a burst, {}", too_high(Rate::per_s(peak))));
    }
}

/// Whether the stream's process can play a captured curve.
pub(super) fn check_beside_curve(arrivals: Arrivals, faults: &mut Faults<'_>) {
    if arrivals == Arrivals::OnOff {
        faults.add_help(
            "arrivals",
            "on-off `arrivals` cannot be combined with a curve",
            "set the bursts in the curve: detail = { kind = \"on-off\", on = \"200ms\", off = \"800ms\" }",
        );
    }
}
