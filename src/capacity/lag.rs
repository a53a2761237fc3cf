//! Whether a stage's backlog grows while the offered rate is steady. If it does, the load is above the capacity, even where a short trial
//! keeps its latency limits.

use crate::incidents::{Second, waiting};
use crate::median::median;

/// Less than this is not looked at, in seconds: no trend of five points is sure.
const LEAST_SECONDS: usize = 6;
/// How much must have piled up for it to matter: the events of a tenth of a second.
const LEAST_PILED_S: f64 = 0.1;
/// The one-sided 1 % point of the normal distribution.
const SURE: f64 = 2.326;
/// Of the variance of steps that take turns, at least this share is chance.
const LEAST_CHANCE: f64 = 0.02;
/// A rate is steady when its busiest second has at most this many times the events of its median one.
const STEADY: f64 = 1.25;

/// What piles up at a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PilesUp {
    /// Events that come on top in each second: the median slope of all pairs of seconds (H. Theil 1950, P. K. Sen 1968).
    pub(super) slope_per_s: f64,
    /// Events offered in a second.
    pub(super) offered_per_s: f64,
    /// The share of what is offered that is delivered.
    pub(super) delivered_share: f64,
    /// Its standard error, by how much single seconds differ.
    pub(super) share_error: f64,
}

/// What piles up in the seconds from `from` on, as long as something is offered. `seconds` are those of a run, from its start.
#[must_use]
pub(super) fn piles_up(seconds: &[Second], from: usize) -> Option<PilesUp> {
    let to = seconds.iter().rposition(|second| second.offered > 0)?;
    // The last second of sending may be a part of one.
    let window = from..to;
    let within = seconds.get(window.clone())?;
    if within.len() < LEAST_SECONDS {
        return None;
    }
    let offered: Vec<f64> = within.iter().map(|second| second.offered as f64).collect();
    let offered_per_s = offered.iter().sum::<f64>() / offered.len() as f64;
    let piled: Vec<f64> = waiting(seconds)[window].iter().map(|waiting| *waiting as f64).collect();
    if !is_steady(&offered) {
        return left_over(within, &piled, offered_per_s);
    }
    let slope_per_s = median_slope(&piled)?;
    let grows = slope_per_s * piled.len() as f64 >= offered_per_s * LEAST_PILED_S && trend(&piled) > SURE;
    let share_error = step_error(&piled) / offered_per_s;
    grows.then(|| PilesUp {
        slope_per_s,
        offered_per_s,
        delivered_share: 1.0 - slope_per_s / offered_per_s,
        share_error,
    })
}

fn is_steady(offered: &[f64]) -> bool {
    let most = offered.iter().copied().fold(0.0, f64::max);
    median(offered.to_vec()).is_some_and(|median| most <= median * STEADY)
}

/// With bursts a backlog comes and goes: it piles up when more than a second's events are left at the end of what was empty before.
fn left_over(within: &[Second], piled: &[f64], offered_per_s: f64) -> Option<PilesUp> {
    let (first, last) = (piled.first()?, piled.last()?);
    let slope_per_s = (last - first) / piled.len() as f64;
    let delivered: u64 = within.iter().map(|second| second.delivered).sum();
    let offered: u64 = within.iter().map(|second| second.offered).sum();
    let is_left = *last > *first && last - first > offered_per_s;
    let delivered_share = delivered as f64 / offered.max(1) as f64;
    // What a burst leaves says little about the rate that was held.
    is_left.then_some(PilesUp { slope_per_s, offered_per_s, delivered_share, share_error: 0.1 })
}

/// The median of the slopes of all pairs, per step.
fn median_slope(values: &[f64]) -> Option<f64> {
    let pairs = (0..values.len()).flat_map(|one| (one + 1..values.len()).map(move |other| (one, other)));
    median(pairs.map(|(one, other)| (values[other] - values[one]) / (other - one) as f64).collect())
}

/// How surely values rise: the statistic of H. B. Mann (1945) and M. G. Kendall (1975), about normal when they do not, ties considered.
fn trend(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let pairs = (0..values.len()).flat_map(|one| (one + 1..values.len()).map(move |other| (one, other)));
    let score: f64 = pairs.map(|(one, other)| sign(values[other] - values[one])).sum();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tied: f64 =
        sorted.chunk_by(|one, other| one.total_cmp(other).is_eq()).map(|same| variance(same.len() as f64)).sum();
    let deviation = (variance(n) - tied).sqrt();
    if deviation > 0.0 { (score - 1.0).max(0.0) / deviation } else { 0.0 }
}

/// The standard error of the mean step between values, by the median of how much neighbouring steps differ (of normal ones 0.954 standard
/// deviations): a rate that changes once, as when a quota sets in, and single accidents are no noise. Nor is what comes in lumps, a batch in this
/// second and none in the next: such steps take turns, and their mean is known the better.
fn step_error(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let n = steps.len() as f64;
    let mean = steps.iter().sum::<f64>() / n;
    let variance: f64 = steps.iter().map(|step| (step - mean).powi(2)).sum();
    let together: f64 = steps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    let takes_turns = if variance > 0.0 { (1.0 + 2.0 * together / variance).clamp(LEAST_CHANCE, 1.0) } else { 1.0 };
    let differ = steps.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    median(differ).unwrap_or_default() / 0.954 * (takes_turns / n).sqrt()
}

fn sign(of: f64) -> f64 {
    if of > 0.0 {
        1.0
    } else if of < 0.0 {
        -1.0
    } else {
        0.0
    }
}

fn variance(n: f64) -> f64 {
    n * (n - 1.0) * (2.0 * n + 5.0) / 18.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::seconds;
    use super::*;

    #[test]
    fn the_trend_of_a_published_series_is_its() {
        // scipy.stats.kendalltau's S with the normal approximation of Mann and Kendall, by hand: S = 8 of 10 pairs, variance 16.67.
        assert!((trend(&[1.0, 2.0, 4.0, 3.0, 5.0]) - 7.0 / (50.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(trend(&[5.0; 9]).abs() < 1e-12);
        assert!(trend(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]).abs() < 1e-12);
    }

    #[test]
    fn a_burst_that_is_worked_off_does_not_pile_up() {
        let burst = [100, 100, 100, 300, 300, 100, 100, 100, 100, 100, 100, 100];
        assert_eq!(piles_up(&seconds(&burst, 200), 0), None);
        assert!(piles_up(&seconds(&burst, 110), 0).is_some());
    }

    proptest! {
        #[test]
        fn what_is_above_the_capacity_piles_up_and_nothing_else(
            rate in 100..100_000_u64, share in 0.5..2.0_f64, noise in prop::collection::vec(-0.01..0.01_f64, 30), length in 10..30_usize,
        ) {
            let offered: Vec<u64> = noise[..length].iter().map(|noise| (rate as f64 * (1.0 + noise)) as u64).collect();
            let capacity = (rate as f64 * share) as u64;
            let found = piles_up(&seconds(&offered, capacity), 2);
            if share < 0.98 - 0.15 / (length - 3) as f64 {
                let found = found.unwrap();
                prop_assert!((found.delivered_share - share).abs() < 0.02, "{} of {}", found.delivered_share, share);
            } else if share > 1.02 {
                prop_assert_eq!(found, None);
            }
        }
    }
}
