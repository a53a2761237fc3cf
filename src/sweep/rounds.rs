//! In which order trials are made: every round plays each combination once, in an order of its own. What changes on the machine or the
//! target meanwhile hits all combinations alike.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

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
}
