//! Many figures at once: one of them looks worse by chance, the more of them there are.

/// Which of so many chances stand when all are judged together: Holm's step-down rule (1979). The chance that any of them is called without
/// cause is at most `level`, however they hang together.
#[must_use]
pub(super) fn stand(chances: &[Option<f64>], level: f64) -> Vec<bool> {
    let mut order: Vec<(usize, f64)> =
        chances.iter().enumerate().filter_map(|(at, chance)| chance.map(|chance| (at, chance))).collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut stands = vec![false; chances.len()];
    for (place, (at, chance)) in order.iter().enumerate() {
        if *chance > level / (order.len() - place) as f64 {
            break;
        }
        stands[*at] = true;
    }
    stands
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_must_be_rarer_the_more_there_are() {
        assert_eq!(stand(&[Some(0.004), None], 0.005), [true, false]);
        assert_eq!(stand(&[Some(0.004), Some(0.5)], 0.005), [false, false]);
        assert_eq!(stand(&[Some(0.002), Some(0.004), Some(0.9)], 0.005), [false, false, false]);
        assert_eq!(stand(&[Some(0.001), Some(0.0024), Some(0.9)], 0.005), [true, true, false]);
    }

    proptest! {
        /// What stands at a level stands at a looser one, and more rarely than Bonferroni nothing does.
        #[test]
        fn a_looser_level_lets_more_stand(chances in prop::collection::vec(0.0..1.0_f64, 1..40), level in 1e-4..0.2_f64) {
            let chances: Vec<Option<f64>> = chances.into_iter().map(|chance| Some(chance * chance * chance)).collect();
            let (strict, loose) = (stand(&chances, level), stand(&chances, 2.0 * level));
            for (at, chance) in chances.iter().enumerate() {
                prop_assert!(!strict[at] || loose[at]);
                prop_assert!(strict[at] || chance.unwrap() > level / chances.len() as f64);
            }
        }
    }
}
