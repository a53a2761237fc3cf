//! Targets that move: what they take differs from trial to trial, and from search to search. Two searches, one after the other, are right when
//! their intervals overlap.
//! `cargo test -p floodmark --lib simulated::moving -- --nocapture` prints the figures.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::search::next;
use super::super::step::{Conclusion, Rules, Step};
use super::super::trial::{Length, Outcome, Trial};
use super::RULES;

/// A target whose capacity's logarithm wanders around a mean.
struct Moving {
    /// Its standard deviation.
    spread: f64,
    /// How much of it stays until the next trial: 0 for none, 1 for all.
    stays: f64,
    /// How far it is from the mean now, in standard deviations.
    off: f64,
    rng: Xoshiro256PlusPlus,
}

/// How well a trial knows what was held.
const ERROR: f64 = 0.01;
/// So many trials' time lies between two searches.
const BETWEEN: usize = 10;

impl Moving {
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.rng.random::<f64>()).sum::<f64>() - 6.0
    }

    fn moves(&mut self) {
        self.off = self.stays * self.off + (1.0 - self.stays * self.stays).sqrt() * self.normal();
    }

    fn tried(&mut self, factor: f64, length: Length, later: bool) -> Trial {
        self.moves();
        let seen = 3.0 * (self.spread * self.off).exp();
        let fails = factor > seen;
        let held = fails.then(|| seen * (1.0 + ERROR * self.normal()));
        let outcome = if fails { Outcome::Fail } else { Outcome::Pass };
        Trial {
            factor,
            length,
            outcome,
            later,
            held,
            held_error: held.map(|held| held * ERROR),
            offered_per_s: factor * 1e3,
            ..Trial::default()
        }
    }

    fn searched(&mut self, rules: &Rules) -> (Conclusion, usize) {
        (0..BETWEEN).for_each(|_| self.moves());
        let mut trials = Vec::new();
        loop {
            match next(rules, &trials) {
                Step::Try { factor, length, later } => {
                    if later && !trials.iter().any(|trial: &Trial| trial.later) {
                        // The recovery from a burst takes the time of a few trials.
                        (0..4).for_each(|_| self.moves());
                    }
                    let trial = self.tried(factor, length, later);
                    trials.push(trial);
                }
                Step::End(conclusion) => return (conclusion, trials.len()),
            }
        }
    }
}

/// Of 400 pairs of searches: how many of all searches found an interval, how many of the pairs that did overlap, the median width, and the median of
/// the trials.
fn tally(spread: f64, stays: f64, rules: &Rules) -> (usize, [usize; 2], f64, usize) {
    let (mut found, mut pairs, mut widths, mut lengths) = (0, [0, 0], Vec::new(), Vec::new());
    for seed in 0..400 {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut target = Moving { spread, stays, off: 0.0, rng };
        let intervals: Vec<[f64; 2]> = (0..2)
            .filter_map(|_| {
                let (end, trials) = target.searched(rules);
                lengths.push(trials);
                let Conclusion::Between { lower, upper, .. } = end else { return None };
                Some([lower, upper])
            })
            .collect();
        found += intervals.len();
        widths.extend(intervals.iter().map(|[lower, upper]| upper / lower - 1.0));
        if let [[one_lower, one_upper], [other_lower, other_upper]] = intervals[..] {
            pairs[1] += 1;
            pairs[0] += usize::from(one_lower <= other_upper && other_lower <= one_upper);
        }
    }
    widths.sort_by(f64::total_cmp);
    lengths.sort_unstable();
    (found, pairs, widths[widths.len() / 2], lengths[lengths.len() / 2])
}

/// The tally without and with a second look at the bounds, printed.
fn tallies(spread: f64, stays: f64) -> [[usize; 2]; 2] {
    [false, true].map(|recheck| {
        let (found, pairs, width, trials) = tally(spread, stays, &Rules { recheck, ..RULES });
        let [overlap, of] = pairs;
        let (recheck, width) = (if recheck { "yes" } else { "no" }, width * 100.0);
        println!("| {spread} | {stays} | {recheck} | {overlap} of {of} | {width:.1} % | {trials} |");
        assert_eq!(found, 800, "spread {spread}, stays {stays}");
        pairs
    })
}

#[test]
fn two_searches_of_a_target_that_differs_from_trial_to_trial_overlap() {
    for stays in [0.0, 0.7] {
        for spread in [0.02, 0.05, 0.12] {
            let [once, twice] = tallies(spread, stays);
            assert!(
                once[0] * 100 >= once[1] * 85 && twice[0] * 100 >= twice[1] * 93,
                "{spread} {stays}: {once:?} {twice:?}"
            );
        }
    }
}

/// What changes more slowly than a search goes is seen only by what comes later, and only as far as it went by then.
#[test]
fn a_second_look_sees_some_of_what_moves_slowly() {
    for spread in [0.05, 0.12] {
        let [once, twice] = tallies(spread, 0.95);
        assert!(twice[0] > once[0] + 20, "{spread}: {once:?} {twice:?}");
    }
}
