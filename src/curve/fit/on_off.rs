//! Bursts and silence inside a bucket.

use serde::Serialize;

use super::dispersion::CHANCE;

/// A cycle of a burst and silence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct OnOff {
    /// How long a burst is.
    pub on_s: f64,
    /// How long the silence around it is. Burst and silence together last one bucket, so that every bucket keeps its events.
    pub off_s: f64,
}

impl OnOff {
    /// The burst whose seconds have the dispersion D, in a cycle of length c, one bucket.
    ///
    /// A window of 1 s at a random place of a cycle with one burst of the share d has a mean squared overlap with it of d − 1 / 3c s² (if
    /// the burst is no shorter than the window); with the rate m / d inside, D = 1 + m (1 / d − 1 / (3 c d²) − 1). This is solved for 1 /
    /// d.
    pub(super) fn of(cycle_s: f64, mean_per_s: f64, dispersion: f64) -> Option<Self> {
        if dispersion <= 1.0 + CHANCE || mean_per_s <= 0.0 {
            return None;
        }
        let wanted = 1.0 + (dispersion - 1.0) / mean_per_s;
        let root = 1.0 - 4.0 * wanted / (3.0 * cycle_s);
        if root < 0.0 {
            return None;
        }
        let one_over_duty = 1.5 * cycle_s * (1.0 - root.sqrt());
        let on_s = cycle_s / one_over_duty;
        (on_s >= 1.0 && one_over_duty > 1.0).then_some(OnOff { on_s, off_s: cycle_s - on_s })
    }
}
