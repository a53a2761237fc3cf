//! Which change the noise of a figure would have let the rule find: a silence is worth as much as that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::noise::{Noise, Usual};
use super::shift::Law;
use super::{FAMILY_LEVEL, WINDOWS};

/// Nine of ten lie above a normal distribution's middle less so many deviations.
const NINE_OF_TEN: f64 = 1.2816;
/// What the machine may explain is not held against the target, and costs about so much (by simulation).
const OF_THE_GUARD: f64 = 1.1;
/// A figure that would let only larger changes be found is too noisy to be judged.
const TOO_NOISY: f64 = 0.25;
/// More repetitions than this are no way out.
const MOST_REPETITIONS: usize = 40;

/// The smallest change that would be found in 9 of 10, within three nights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CouldSee {
    /// As a share of the usual.
    pub share: f64,
    /// Whether that is so much that the figure is too noisy to be judged.
    pub is_too_noisy: bool,
    /// With how many repetitions it would not be; absent when it is not, or no number of them helps: the nights themselves differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetitions: Option<usize>,
}

/// What could be seen, among `figures` that are judged together.
#[must_use]
pub(super) fn could_see(usual: &Usual, noise: &Noise, least: f64, repetitions: usize, figures: usize) -> CouldSee {
    let share = |times: f64| found(usual, noise, least, figures, times).exp_m1();
    let now = share(1.0);
    let is_too_noisy = now > TOO_NOISY;
    let enough = |more: &usize| share(repetitions.max(1) as f64 / *more as f64) <= TOO_NOISY;
    let repetitions = is_too_noisy.then(|| (repetitions + 1..=MOST_REPETITIONS).find(enough)).flatten();
    CouldSee { share: now, is_too_noisy, repetitions }
}

/// The change, as a logarithm: by one of the windows that three nights fill. It must be beyond what chance explains, and be measured as large
/// enough to matter.
fn found(usual: &Usual, noise: &Noise, least: f64, figures: usize, repetitions: f64) -> f64 {
    let within = WINDOWS.iter().filter(|(nights, _)| *nights <= super::LASTING_NIGHTS);
    let by_window = within.map(|(nights, part)| {
        let law = Law::of(usual, noise, *nights, repetitions);
        let critical = law.quantile(FAMILY_LEVEL * part / figures.max(1) as f64).max(least.ln_1p());
        critical + NINE_OF_TEN * law.error
    });
    by_window.fold(f64::INFINITY, f64::min) * OF_THE_GUARD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(repetition_error: f64) -> Usual {
        Usual { nights: 30, repetition_error, repetitions: 5.0, ..Usual::default() }
    }

    fn noise(deviation: f64) -> Noise {
        Noise { deviation, known: 100.0, tails: 50.0, persistence: 0.1 }
    }

    #[test]
    fn more_noise_and_more_figures_hide_larger_changes() {
        let share = |deviation, figures| could_see(&usual(0.0), &noise(deviation), 0.05, 5, figures).share;
        assert!(share(0.02, 36) < share(0.05, 36) && share(0.05, 1) < share(0.05, 36));
        assert!(share(0.001, 1) > 0.05);
    }

    #[test]
    fn noise_of_the_repetitions_is_mended_by_more_of_them_and_noise_of_the_nights_is_not() {
        let of_repetitions = could_see(&usual(0.058), &noise(0.06), 0.05, 5, 36);
        assert!(
            of_repetitions.is_too_noisy && of_repetitions.repetitions.is_some_and(|more| more > 5),
            "{of_repetitions:?}"
        );
        let of_nights = could_see(&usual(0.01), &noise(0.3), 0.05, 5, 36);
        assert!(of_nights.is_too_noisy && of_nights.repetitions.is_none(), "{of_nights:?}");
        assert!(!could_see(&usual(0.01), &noise(0.03), 0.05, 5, 36).is_too_noisy);
    }
}
