//! In which order trials are made: every round plays each combination once, in an order of its own. What changes on the machine or the
//! target meanwhile hits all combinations alike.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::record::SweepTrial;

/// What a trial takes beside its sending, in seconds: a process, topics, the last events, files.
pub(crate) const BESIDE_S: f64 = 1.3;

/// A trial to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which round, from 1; 0 is the warm-up before them, which counts for nothing.
    pub(crate) round: usize,
    /// Which combination, from 0.
    pub(crate) combination: usize,
}

/// All trials: a warm-up, then `repeat` rounds over so many combinations.
#[must_use]
pub(crate) fn turns(combinations: usize, repeat: usize, seed: u64) -> Vec<Turn> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut turns: Vec<Turn> = vec![Turn { round: 0, combination: 0 }];
    for round in 1..=repeat {
        let mut order: Vec<usize> = (0..combinations).collect();
        order.shuffle(&mut random);
        turns.extend(order.into_iter().map(|combination| Turn { round, combination }));
    }
    turns
}

/// The next trial: of each round those that are left, then once more those that said nothing of their settings. None when all are made.
#[must_use]
pub(crate) fn next_turn(turns: &[Turn], trials: &[SweepTrial]) -> Option<Turn> {
    turns.get(trials.len()).or_else(|| turns.iter().find(|turn| says_nothing_yet(**turn, trials))).copied()
}

/// How many trials are to be made in all, as far as is known.
#[must_use]
pub(crate) fn trials_in_all(turns: &[Turn], trials: &[SweepTrial]) -> usize {
    let repeated = trials.len().saturating_sub(turns.len());
    turns.len() + repeated + turns.iter().filter(|turn| says_nothing_yet(**turn, trials)).count()
}

/// Whether it was made, once, and says nothing; a warm-up need not.
fn says_nothing_yet(turn: Turn, trials: &[SweepTrial]) -> bool {
    let mut of_turn =
        trials.iter().filter(|trial| (trial.round, trial.combination) == (turn.round, turn.combination + 1));
    let first = of_turn.next();
    turn.round > 0 && first.is_some_and(|trial| trial.figures.is_none()) && of_turn.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::figure::Figures;
    use super::*;
    use crate::verdict::Verdict;

    proptest! {
        #[test]
        fn every_round_plays_each_combination_once(combinations in 1_usize..30, repeat in 1_usize..6, seed: u64) {
            let turns = turns(combinations, repeat, seed);
            prop_assert_eq!(turns.len(), 1 + combinations * repeat);
            for (at, round) in turns[1..].chunks(combinations).enumerate() {
                let played: BTreeSet<usize> = round.iter().map(|turn| turn.combination).collect();
                prop_assert_eq!(played, (0..combinations).collect::<BTreeSet<_>>());
                prop_assert!(round.iter().all(|turn| turn.round == at + 1));
            }
        }
    }

    #[test]
    fn the_order_is_the_seeds_and_rounds_differ() {
        assert_eq!(turns(9, 3, 7), turns(9, 3, 7));
        assert_ne!(turns(9, 3, 7), turns(9, 3, 8));
        let of =
            |round| turns(9, 3, 7).into_iter().filter(move |turn| turn.round == round).map(|turn| turn.combination);
        assert!(!of(1).eq(of(2)));
    }

    fn trial(turn: Turn, says: bool) -> SweepTrial {
        SweepTrial {
            round: turn.round,
            combination: turn.combination + 1,
            verdict: Verdict::Pass,
            figures: says.then(Figures::default),
            because: None,
            took_s: 7.0,
            folder: String::new(),
        }
    }

    #[test]
    fn what_said_nothing_is_made_once_more_at_the_end() {
        let turns = turns(2, 2, 7);
        let mut trials: Vec<SweepTrial> = Vec::new();
        // The warm-up, the second and the fourth say nothing; the fourth says nothing again.
        let says = [false, true, false, true, false, true, false];
        let mut made = Vec::new();
        for says in says {
            let turn = next_turn(&turns, &trials).unwrap();
            made.push(turn);
            trials.push(trial(turn, says));
        }
        assert_eq!(made[..5], turns[..]);
        assert_eq!(made[5..], [turns[2], turns[4]]);
        assert_eq!((next_turn(&turns, &trials), trials_in_all(&turns, &trials)), (None, 7));
        assert_eq!(trials_in_all(&turns, &trials[..5]), 7);
        assert_eq!(trials_in_all(&turns, &trials[..1]), 5, "a warm-up counts for nothing");
    }
}
