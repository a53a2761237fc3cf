//! What a target held while more was offered than it can take, and how well that is known.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::trial::{Length, Outcome, Trial};

/// What the target held in the trials that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// The mean.
    pub(super) factor: f64,
    /// The mean's standard error.
    pub(super) error: f64,
    /// By how much it differs from trial to trial beyond what the seconds of each explain, as a standard deviation relative to the mean; 0 where
    /// chance explains it.
    pub(super) moves: f64,
}

/// Fewer trials do not show how much they differ.
const LEAST_TRIALS: usize = 3;
/// Chance is ruled out at this level.
const LEVEL: f64 = 0.01;

impl Held {
    /// By several trials, each weighted by how well it knows. Where they differ more than that explains, the target itself moves between them: by
    /// the random-effects estimate of R. DerSimonian and N. Laird (Meta-analysis in clinical trials, 1986), once Cochran's Q rules out chance.
    pub(super) fn pooled<'a>(trials: impl Iterator<Item = &'a Trial>) -> Option<Self> {
        // No trial knows it exactly.
        let each: Vec<(f64, f64)> = trials
            .filter_map(|trial| {
                let held = trial.held?;
                Some((held, trial.held_error.unwrap_or_default().max(held * 1e-3).powi(2)))
            })
            .collect();
        let between = variance_between(&each);
        let (mean, weights) = weighted(&each, between)?;
        Some(Held { factor: mean, error: (1.0 / weights).sqrt(), moves: between.sqrt() / mean })
    }
}

/// The mean of figures with their variances, weighted by these and by what is added to each; and the sum of the weights.
fn weighted(each: &[(f64, f64)], added: f64) -> Option<(f64, f64)> {
    let add = |(sum, weights): (f64, f64), (held, variance): &(f64, f64)| {
        let weight = 1.0 / (variance + added);
        (sum + weight * held, weights + weight)
    };
    let (sum, weights) = each.iter().fold((0.0, 0.0), add);
    (weights > 0.0).then(|| (sum / weights, weights))
}

/// The variance between trials, beside that within them.
fn variance_between(each: &[(f64, f64)]) -> f64 {
    let Some((mean, weights)) = weighted(each, 0.0).filter(|_| each.len() >= LEAST_TRIALS) else { return 0.0 };
    let freedom = each.len() as f64 - 1.0;
    let q: f64 = each.iter().map(|(held, variance)| (held - mean).powi(2) / variance).sum();
    let is_chance = ChiSquared::new(freedom).is_ok_and(|law| q <= law.inverse_cdf(1.0 - LEVEL));
    let squares: f64 = each.iter().map(|(_, variance)| variance.powi(-2)).sum();
    if is_chance { 0.0 } else { (q - freedom) / (weights - squares / weights) }
}

/// The trials that failed, short and long; the warm-up does not count.
pub(super) fn failed(trials: &[Trial]) -> impl Iterator<Item = &Trial> {
    trials.iter().filter(|trial| trial.outcome == Outcome::Fail && trial.length != Length::WarmUp)
}

/// The factor that the target held in the trials at a load that failed: the median.
pub(super) fn hint(trials: &[Trial], factor: f64) -> Option<f64> {
    let at = |trial: &&Trial| trial.factor.total_cmp(&factor).is_eq() && trial.outcome == Outcome::Fail;
    let mut held: Vec<f64> = trials.iter().filter(at).filter_map(|trial| trial.held).collect();
    held.sort_by(f64::total_cmp);
    held.get(held.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(factors: &[f64], error: f64) -> Held {
        let trial = |held: &f64| Trial { held: Some(*held), held_error: Some(error), ..Trial::default() };
        Held::pooled(factors.iter().map(trial).collect::<Vec<_>>().iter()).unwrap()
    }

    #[test]
    fn trials_that_differ_as_their_seconds_do_are_of_one_target() {
        let of = held(&[1.98, 2.0, 2.02, 2.01], 0.02);
        assert!((of.factor - 2.0025).abs() < 1e-9 && (of.error - 0.01).abs() < 1e-9, "{of:?}");
        assert!(of.moves.abs() < 1e-12, "{of:?}");
    }

    /// As at a broker under a limit on its CPU. With equal errors the estimate is what one learns first: the variance of what was held, less that of
    /// the errors.
    #[test]
    fn a_target_that_moves_is_told_from_chance() {
        let factors = [5.05, 4.15, 5.11, 4.44, 4.91, 4.37, 3.52];
        let of = held(&factors, 0.1);
        let mean = factors.iter().sum::<f64>() / 7.0;
        let variance = factors.iter().map(|held| (held - mean).powi(2)).sum::<f64>() / 6.0;
        assert!((of.moves - (variance - 0.01).sqrt() / mean).abs() < 1e-9, "{of:?}");
        assert!((of.error - (variance / 7.0).sqrt()).abs() < 1e-9, "{of:?}");
    }

    #[test]
    fn two_trials_say_nothing_of_that() {
        assert!(held(&[1.0, 3.0], 0.01).moves.abs() < 1e-12);
    }
}
