//! A phase, as its author writes it.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::slo::Slo;
use super::units::{PhaseRate, Span};

/// A part of a stream's rate over time: a hold, a step, a ramp, or a group that repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The phase's name in reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long it lasts, ramp included. Not with `phases`.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// A multiple of the base rate (`3x`), or an absolute rate (`0/s` is silence). Default 1x. Not with `phases`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<PhaseRate>,
    /// How long the straight ramp from the previous rate takes. Default none: a step. Not with `phases`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Span>,
    /// How many times the phase, or the group in `phases`, runs. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// Limits on what is due in this phase alone, beside the stream's own. Not with `phases`, and not on windows or watermarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    /// A group of phases, to be repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
}
