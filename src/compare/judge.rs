//! Whether a figure got worse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deals::Chance;
use super::estimate::{Apart, Interval};
use super::figure::Figure;

/// How often equal sets may be called different, over all figures together: once in 200 comparisons.
pub const FAMILY_MISRATE: f64 = 0.005;

/// What can be said of a figure. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Worse by more than the threshold.
    Worse,
    /// Better by more than the threshold.
    Better,
    /// Not worse by more than the threshold.
    NotWorse,
    /// The interval reaches from a difference that does not matter to one that does.
    Unclear,
    /// The interval is beyond the threshold on the bad side, but with this many figures and this few runs, that can be chance.
    MayBeChance,
    /// Too few runs for a judgement.
    TooFewRuns,
    /// Some runs did not measure it.
    NotMeasured,
    /// It is only shown.
    Shown,
}

/// The figure's judgement: worse or better only if the whole interval is beyond the threshold, and chance over all figures does not explain it.
pub(super) fn judge(figure: Figure, apart: &Apart, base_center: f64, threshold: f64, chance: Chance) -> Judgement {
    let Some(interval) = &apart.interval else { return Judgement::TooFewRuns };
    let harm = Harm::of(figure, interval, base_center, threshold);
    let (of_worse, of_better) =
        if figure.less_is_worse() { (chance.of_fall, chance.of_rise) } else { (chance.of_rise, chance.of_fall) };
    if harm.least > harm.matters {
        if of_worse <= FAMILY_MISRATE { Judgement::Worse } else { Judgement::MayBeChance }
    } else if harm.most < -harm.matters && of_better <= FAMILY_MISRATE {
        Judgement::Better
    } else if harm.most <= harm.matters {
        Judgement::NotWorse
    } else {
        Judgement::Unclear
    }
}

/// An interval turned so that more is worse: a share of base, or the figure's own unit where base may be 0.
struct Harm {
    least: f64,
    most: f64,
    matters: f64,
}

impl Harm {
    fn of(figure: Figure, interval: &Interval, base_center: f64, threshold: f64) -> Self {
        let ([least, most], matters) = match interval.ratio {
            Some([least, most]) => ([least - 1.0, most - 1.0], threshold),
            None => (interval.shift, threshold * base_center.abs()),
        };
        if figure.less_is_worse() {
            Harm { least: -most, most: -least, matters }
        } else {
            Harm { least, most, matters }
        }
    }
}
