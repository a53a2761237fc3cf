//! Whether a difference may be chance, over all figures together.
//!
//! If base and new are equal, it does not matter which runs stand on which side: every other way to deal the same runs into two sets of these
//! sizes was as likely. So deal them in every way, note each time the clearest difference of any figure, and see how often that is as clear
//! as the one found. Whole runs are dealt, never events, and all figures of a run stay together: however many figures there are, and however they
//! hang together, equal sets seem different no more often than stated (Westfall and Young, 1993: single-step max T).

use rand::{SeedableRng, seq::index};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::estimate::ways_to_deal;

/// The most ways that are tried; of more, this many are drawn.
const MOST_DEALS: usize = 2_000;
/// What they are drawn from: the same runs give the same answer.
const SEED: u64 = 0x00f1_00d3_a12c;
/// Two differences that rounding separates are equal.
const ROUNDING: f64 = 1e-9;

/// How often equal sets would show, in any figure, a difference as clear as this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    /// A rise as clear.
    pub(super) of_rise: f64,
    /// A fall as clear.
    pub(super) of_fall: f64,
}

/// The chance behind each figure. A figure has a number for each run, those of base first, and the same runs in each figure.
#[must_use]
pub(super) fn chances(figures: &[Vec<f64>], base: usize, new: usize) -> Vec<Chance> {
    let deals = deals(base, new);
    let mut extremes = vec![(f64::NEG_INFINITY, f64::INFINITY); deals.len()];
    let mut observed = Vec::with_capacity(figures.len());
    for values in figures {
        let figure = Centred::of(values);
        for (deal, (most, least)) in deals.iter().zip(&mut extremes) {
            let clarity = figure.clarity(deal);
            *most = most.max(clarity);
            *least = least.min(clarity);
        }
        let as_it_was: Vec<usize> = (base..base + new).collect();
        observed.push(figure.clarity(&as_it_was));
    }
    observed.into_iter().map(|clarity| chance_of(clarity, &extremes)).collect()
}

fn chance_of(clarity: f64, extremes: &[(f64, f64)]) -> Chance {
    let slack = if clarity.is_finite() { clarity.abs() * ROUNDING } else { 0.0 };
    let share = |as_clear: &dyn Fn(&(f64, f64)) -> bool| {
        extremes.iter().filter(|extreme| as_clear(extreme)).count() as f64 / extremes.len() as f64
    };
    Chance {
        of_rise: share(&|(most, _)| *most >= clarity - slack),
        of_fall: share(&|(_, least)| *least <= clarity + slack),
    }
}

/// Which runs are new, in every way or in many; the way it was is the first.
fn deals(base: usize, new: usize) -> Vec<Vec<usize>> {
    let as_it_was: Vec<usize> = (base..base + new).collect();
    if ways_to_deal(base, new) <= MOST_DEALS as f64 {
        let mut all = Vec::new();
        choose(base + new, new, &mut Vec::new(), &mut all);
        return all;
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let drawn = (0..MOST_DEALS).map(|_| index::sample(&mut random, base + new, new).into_vec());
    std::iter::once(as_it_was).chain(drawn).collect()
}

/// All ways to choose `more` runs besides the chosen ones, from those below `below`.
fn choose(below: usize, more: usize, chosen: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if more == 0 {
        all.push(chosen.clone());
        return;
    }
    for at in more - 1..below {
        chosen.push(at);
        choose(at, more - 1, chosen, all);
        chosen.pop();
    }
}

/// A figure's numbers around their mean, and the sum of their squares.
struct Centred {
    values: Vec<f64>,
    squares: f64,
}

impl Centred {
    fn of(values: &[f64]) -> Self {
        // From the first one, so that equal numbers are all exactly 0.
        let first = values.first().copied().unwrap_or_default();
        let mean = values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64;
        let values: Vec<f64> = values.iter().map(|value| value - first - mean).collect();
        let squares = values.iter().map(|value| value * value).sum();
        Centred { values, squares }
    }

    /// How clear the difference is when these runs are the new ones: Student's t, between the means of the two sets.
    fn clarity(&self, new: &[usize]) -> f64 {
        let of_new: f64 = new.iter().map(|at| self.values[*at]).sum();
        let (runs, new_runs) = (self.values.len() as f64, new.len() as f64);
        let base_runs = runs - new_runs;
        // The values add up to 0.
        let (new_mean, base_mean) = (of_new / new_runs, -of_new / base_runs);
        let apart = new_mean - base_mean;
        let inside = self.squares - new_runs * new_mean * new_mean - base_runs * base_mean * base_mean;
        if apart.abs() <= self.squares.sqrt() * ROUNDING {
            return 0.0;
        }
        if inside <= self.squares * ROUNDING {
            return apart.signum() * f64::INFINITY;
        }
        apart / (inside / (runs - 2.0) * (1.0 / new_runs + 1.0 / base_runs)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_tried_once_and_many_ways_are_drawn() {
        let mut all: Vec<Vec<usize>> = deals(5, 5);
        for deal in &mut all {
            deal.sort_unstable();
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 252);
        let drawn = deals(10, 10);
        assert_eq!((drawn.len(), &drawn[0]), (MOST_DEALS + 1, &(10..20).collect()));
        assert!(drawn.iter().all(|deal| deal.len() == 10));
        assert_eq!(drawn, deals(10, 10));
    }

    #[test]
    fn a_clear_rise_is_as_rare_as_the_runs_allow() {
        let rise = vec![1.0, 1.1, 1.2, 1.3, 1.4, 2.0, 2.1, 2.2, 2.3, 2.4];
        let [chance] = chances(&[rise], 5, 5)[..] else { panic!("one figure") };
        assert!((chance.of_rise - 1.0 / 252.0).abs() < 1e-12, "{chance:?}");
        assert!((chance.of_fall - 1.0).abs() < 1e-12, "{chance:?}");
    }

    #[test]
    fn a_figure_that_does_not_move_is_no_difference() {
        for constant in [0.0, 3.0, 2000_f64.ln(), 0.1] {
            let [chance] = chances(&[vec![constant; 10]], 5, 5)[..] else { panic!("one figure") };
            assert_eq!(chance, Chance { of_rise: 1.0, of_fall: 1.0 });
        }
    }

    #[test]
    fn more_figures_make_the_same_difference_less_rare() {
        let rise = vec![1.0, 1.1, 1.2, 1.3, 1.45, 1.4, 1.5, 1.6, 1.7, 1.8];
        let others: Vec<Vec<f64>> = (0..20)
            .map(|figure| (0..10).map(|run| f64::from((figure * 7 + run * (figure + 3) * 13) % 31)).collect())
            .collect();
        let alone = chances(std::slice::from_ref(&rise), 5, 5)[0].of_rise;
        let among = chances(&[vec![rise], others].concat(), 5, 5)[0].of_rise;
        assert!(alone < among, "{alone} {among}");
    }
}
