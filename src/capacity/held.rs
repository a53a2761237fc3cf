//! What a target held while more was offered than it can take, and how well that is known.

use super::trial::{Length, Outcome, Trial};

/// What the target held in the trials that failed.
pub(super) struct Held {
    /// The mean.
    pub(super) factor: f64,
    /// The mean's standard error.
    pub(super) error: f64,
}

impl Held {
    /// By several trials, each weighted by how well it knows.
    pub(super) fn pooled<'a>(trials: impl Iterator<Item = &'a Trial>) -> Option<Self> {
        // No trial knows it exactly.
        let known = trials.filter_map(|trial| {
            let held = trial.held?;
            Some((held, trial.held_error.unwrap_or_default().max(held * 1e-3)))
        });
        let (weighted, weights) = known.fold((0.0, 0.0), |(weighted, weights), (held, error)| {
            let weight = 1.0 / (error * error);
            (weighted + weight * held, weights + weight)
        });
        (weights > 0.0).then(|| Held { factor: weighted / weights, error: (1.0 / weights).sqrt() })
    }
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
