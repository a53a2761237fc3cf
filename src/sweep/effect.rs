//! What a value of a key changes against the key's first value, the other keys held: trials of one round in pairs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::record::{Key, SweepTrial};
use crate::compare::PairedRatio;

/// What a value changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Effect {
    /// The key.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: String,
    /// The key's first value, which it is compared with.
    pub(crate) against: String,
    /// How often larger each figure is; one that was 0, or in no pair, is absent.
    pub(crate) ratios: BTreeMap<Figure, PairedRatio>,
}

/// The effect of every value of every key but the first ones.
pub(super) fn effects(keys: &[Key], combinations: &[Vec<String>], trials: &[SweepTrial]) -> Vec<Effect> {
    let of_key = |(at, key): (usize, &Key)| {
        let Some((against, others)) = key.values.split_first() else { return Vec::new() };
        let of_value = |value: &String| Effect {
            key: key.name.clone(),
            value: value.clone(),
            against: against.clone(),
            ratios: ratios(&partners(combinations, at, against, value), trials),
        };
        others.iter().map(of_value).collect::<Vec<_>>()
    };
    keys.iter().enumerate().flat_map(of_key).collect()
}

/// The combinations, from 1, that differ in one key alone: the one with the first value, and the one with the other.
fn partners(combinations: &[Vec<String>], key: usize, against: &str, value: &str) -> Vec<(usize, usize)> {
    let with = |of: &[String], value: &str| {
        let mut with = of.to_vec();
        if let Some(own) = with.get_mut(key) {
            value.clone_into(own);
        }
        with
    };
    let base = combinations.iter().enumerate().filter(|(_, of)| of.get(key).is_some_and(|own| own == against));
    let partner = |(at, of): (usize, &Vec<String>)| {
        let wanted = with(of, value);
        let other = combinations.iter().position(|other| *other == wanted)?;
        Some((at + 1, other + 1))
    };
    base.filter_map(partner).collect()
}

/// Each figure's ratio over the pairs of trials of the same round.
fn ratios(partners: &[(usize, usize)], trials: &[SweepTrial]) -> BTreeMap<Figure, PairedRatio> {
    let mut pairs: BTreeMap<Figure, Vec<(f64, f64)>> = BTreeMap::new();
    for base in trials.iter().filter(|trial| trial.round > 0) {
        let others = partners.iter().filter(|(one, _)| *one == base.combination).map(|(_, other)| *other);
        for other in others.filter_map(|other| in_round(trials, base.round, other)) {
            let (Some(base), Some(other)) = (&base.figures, &other.figures) else { continue };
            for (figure, value) in base {
                if let Some(new) = other.get(figure) {
                    pairs.entry(*figure).or_default().push((*value, *new));
                }
            }
        }
    }
    pairs.into_iter().filter_map(|(figure, pairs)| Some((figure, PairedRatio::of(&pairs)?))).collect()
}

fn in_round(trials: &[SweepTrial], round: usize, combination: usize) -> Option<&SweepTrial> {
    trials.iter().find(|trial| trial.round == round && trial.combination == combination)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::made_up::{key, trial};

    /// Two keys with three and two values; the p99 is 10 ms, doubled by the second value of `a`, tripled by the third, halved by the second of
    /// `b`, and each round is slower than the one before.
    fn made_up(repeat: usize) -> (Vec<Key>, Vec<Vec<String>>, Vec<SweepTrial>) {
        let keys = vec![key("a", &["1", "2", "3"]), key("b", &["x", "y"])];
        let combinations: Vec<Vec<String>> =
            ["1", "2", "3"].iter().flat_map(|a| ["x", "y"].map(|b| vec![(*a).to_owned(), b.to_owned()])).collect();
        let p99 = |round: usize, at: usize| {
            let noise = 1.0 + 0.001 * ((round * 7 + at * 3) % 5) as f64;
            10.0 * (at / 2 + 1) as f64 * if at % 2 == 1 { 0.5 } else { 1.0 } * (1 << round) as f64 * noise
        };
        let trials =
            (1..=repeat).flat_map(|round| (0..6).rev().map(move |at| trial(round, at + 1, p99(round, at), 1.0)));
        (keys, combinations, trials.collect())
    }

    #[test]
    fn the_effects_of_a_made_up_table_are_found_whatever_drifts() {
        let (keys, combinations, trials) = made_up(3);
        let effects = effects(&keys, &combinations, &trials);
        let found: Vec<(String, f64, usize)> = effects
            .iter()
            .map(|effect| {
                let ratio = &effect.ratios[&Figure::EndToEndP99Ms];
                (format!("{}={}", effect.key, effect.value), ratio.ratio, ratio.pairs)
            })
            .collect();
        for ((name, ratio, pairs), (known, truth, of)) in
            found.iter().zip([("a=2", 2.0, 6), ("a=3", 3.0, 6), ("b=y", 0.5, 9)])
        {
            assert_eq!((name.as_str(), *pairs), (known, of));
            assert!((ratio / truth - 1.0).abs() < 0.005, "{name}: {ratio}");
        }
        let interval = effects[2].ratios[&Figure::EndToEndP99Ms].interval.unwrap();
        assert!(interval.from <= 0.5 && 0.5 <= interval.to && interval.misrate <= 0.01, "{interval:?}");
    }

    #[test]
    fn a_trial_that_says_nothing_leaves_its_pair_out() {
        let (keys, combinations, mut trials) = made_up(3);
        trials
            .iter_mut()
            .filter(|trial| trial.round == 2 && trial.combination == 1)
            .for_each(|trial| trial.figures = None);
        let effects = effects(&keys, &combinations, &trials);
        assert_eq!(
            effects.iter().map(|effect| effect.ratios[&Figure::EndToEndP99Ms].pairs).collect::<Vec<_>>(),
            [5, 5, 8]
        );
    }

    #[test]
    fn a_list_compares_only_what_differs_in_one_key() {
        let (keys, _, _) = made_up(1);
        let combinations: Vec<Vec<String>> =
            [["1", "x"], ["2", "y"], ["1", "y"]].iter().map(|of| of.map(str::to_owned).to_vec()).collect();
        let trials: Vec<SweepTrial> = (1..=3).map(|at| trial(1, at, 10.0 * at as f64, 1.0)).collect();
        let effects = effects(&keys, &combinations, &trials);
        let pairs = effects.iter().map(|effect| effect.ratios.get(&Figure::EndToEndP99Ms).map(|ratio| ratio.pairs));
        assert_eq!(pairs.collect::<Vec<_>>(), [Some(1), None, Some(1)]);
    }
}
