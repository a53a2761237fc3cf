//! Pass, fail or void: what the figures mean, and why.

pub(crate) mod judge;
mod reason;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use judge::{
    ClockFigures, GeneratorFigures, Judgement, Queue, Recovery, RunFigures, Sides, StageReading, StreamFigures,
    TimeFigures, WatermarkDrops, WindowFigures, judge, judge_time, judge_windows,
};
pub use reason::{Effect, Reason, ReasonCode};

/// What a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every limit was kept, and enough was measured to be sure.
    Pass,
    /// A limit was broken.
    Fail,
    /// No limit was certainly broken, but the measurement cannot support a pass.
    Void,
    /// A part of a run, sent or observed by one of several processes: `merge` gives the verdict.
    Part,
}

impl Verdict {
    /// Puts the strongest reasons first (among equals the order stays), each after the one that it follows from, and says what they make of a
    /// run.
    #[must_use]
    pub fn weigh(reasons: &mut [Reason]) -> Self {
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.code.effect()));
        reason::causes_first(reasons);
        Verdict::of(reasons)
    }

    /// What these reasons make of a run: the strongest of their effects.
    #[must_use]
    pub fn of(reasons: &[Reason]) -> Self {
        match reasons.iter().map(|reason| reason.code.effect()).max() {
            None | Some(Effect::Remark) => Verdict::Pass,
            Some(Effect::Part) => Verdict::Part,
            Some(Effect::Void | Effect::Environment) => Verdict::Void,
            Some(Effect::Fail) => Verdict::Fail,
        }
    }
}

/// One limit, and what was measured against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloResult {
    /// The limit's key in the profile.
    pub name: String,
    /// The limit: milliseconds for latencies, events for counts.
    pub limit: f64,
    /// What was measured, in the same unit; absent when too little was.
    pub observed: Option<f64>,
    /// Whether the limit was kept.
    pub ok: bool,
}
