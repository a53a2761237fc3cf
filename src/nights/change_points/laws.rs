//! What holds for the change points of any series.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::energy::{Energy, Split};
use super::permuted::by_permutation;
use super::spikes::beside_spikes;
use super::{ChangePoint, Search, WEAK, change_points};

const LEVEL: f64 = 0.001;
const LEAST: usize = 3;
const NONE: [usize; 0] = [];

/// About normal, with a deviation of 1: the sum of twelve uniform numbers.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..count).map(|_| (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0).collect()
}

/// Noise, and from each place on the level that stands beside it.
fn stepped(count: usize, steps: &[(usize, f64)], seed: u64) -> Vec<f64> {
    let level = |at: usize| steps.iter().rev().find(|(from, _)| *from <= at).map_or(0.0, |(_, level)| *level);
    noise(count, seed).iter().enumerate().map(|(at, value)| value + level(at)).collect()
}

fn places(points: &[ChangePoint]) -> Vec<usize> {
    points.iter().map(|point| point.at).collect()
}

fn found(values: &[f64]) -> Vec<usize> {
    places(&change_points(values, LEVEL, LEAST))
}

/// The definitions, word for word.
mod word_for_word {
    use statrs::distribution::{ContinuousCDF, StudentsT};

    /// Matteson and James, equations 5 and 6, with the exponent 1.
    pub(super) fn apart(left: &[f64], right: &[f64]) -> f64 {
        let (m, n) = (left.len() as f64, right.len() as f64);
        let between: f64 = left.iter().flat_map(|one| right.iter().map(move |other| (one - other).abs())).sum();
        m * n / (m + n) * (2.0 / (m * n) * between - within(left) - within(right))
    }

    fn within(values: &[f64]) -> f64 {
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (at, one) in values.iter().enumerate() {
            for other in &values[at + 1..] {
                sum += (one - other).abs();
                pairs += 1.0;
            }
        }
        if pairs > 0.0 { sum / pairs } else { 0.0 }
    }

    pub(super) fn p(left: &[f64], right: &[f64]) -> f64 {
        let (m, n) = (left.len() as f64, right.len() as f64);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let variance = |values: &[f64]| {
            values.iter().map(|value| (value - mean(values)).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
        };
        let pooled = ((m - 1.0) * variance(left) + (n - 1.0) * variance(right)) / (m + n - 2.0);
        let t = (mean(left) - mean(right)) / (pooled / m + pooled / n).sqrt();
        2.0 * StudentsT::new(0.0, 1.0, m + n - 2.0).unwrap().cdf(-t.abs())
    }

    /// All weak points of the values from `start` on, which are a stretch of a longer series.
    pub(super) fn weak(values: &[f64], start: usize, level: f64, least: usize) -> Vec<usize> {
        let end = values.len();
        let mut best: Option<(f64, [usize; 3])> = None;
        for at in 0..=end {
            for from in 0..=end {
                for to in 0..=end {
                    if from + least <= at && at + least <= to && (from == 0 || to == end) {
                        let apart = apart(&values[from..at], &values[at..to]);
                        if best.is_none_or(|(most, _)| apart > most) {
                            best = Some((apart, [from, at, to]));
                        }
                    }
                }
            }
        }
        let Some((_, [from, at, to])) =
            best.filter(|(_, [from, at, to])| p(&values[*from..*at], &values[*at..*to]) <= level)
        else {
            return Vec::new();
        };
        debug_assert!(from < at && at < to);
        let left = weak(&values[..at], start, level, least);
        let right = weak(&values[at..], start + at, level, least);
        left.into_iter().chain([start + at]).chain(right).collect()
    }

    pub(super) fn merged(values: &[f64], mut points: Vec<usize>, level: f64) -> Vec<usize> {
        loop {
            let bounds: Vec<usize> = [&[0], &points[..], &[values.len()]].concat();
            let of = |place: usize| {
                p(&values[bounds[place]..bounds[place + 1]], &values[bounds[place + 1]..bounds[place + 2]])
            };
            let weakest = (0..points.len()).max_by(|one, other| of(*one).total_cmp(&of(*other)));
            match weakest.filter(|place| of(*place) > level) {
                Some(place) => points.remove(place),
                None => return points,
            };
        }
    }
}

/// Noise with up to three levels.
fn series() -> impl Strategy<Value = Vec<f64>> {
    (0..40_usize, any::<u64>(), prop::collection::vec((0..40_usize, -6.0..6.0_f64), 0..4)).prop_map(
        |(count, seed, mut steps)| {
            steps.sort_by_key(|(from, _)| *from);
            stepped(count, &steps, seed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_of_distances_give_what_the_paper_defines(values in series()) {
        let energy = Energy::of(&values);
        for (from, at, to) in (0..values.len()).flat_map(|from| (from + 1..values.len()).flat_map(move |at| [(from, at, at + 1), (from, at, from + 40)])) {
            let to = to.min(values.len());
            let defined = word_for_word::apart(&values[from..at], &values[at..to]);
            let apart = energy.apart(Split { from, at, to });
            prop_assert!((apart - defined).abs() < 1e-9 * (1.0 + defined.abs()), "{} {}", apart, defined);
        }
    }

    #[test]
    fn the_points_are_those_of_the_definition_word_for_word(mut values in series()) {
        values.truncate(28);
        let kept = beside_spikes(&values, LEAST);
        let calm: Vec<f64> = kept.iter().map(|at| values[*at]).collect();
        let weak = word_for_word::weak(&calm, 0, LEVEL * WEAK, LEAST);
        let defined: Vec<usize> = word_for_word::merged(&calm, weak, LEVEL).into_iter().map(|at| kept[at]).collect();
        prop_assert_eq!(found(&values), defined);
    }

    /// Factors that change no digit of a value, so that no tie is broken another way.
    #[test]
    fn another_unit_has_the_same_points(values in series(), power in -20..20_i32) {
        let scaled: Vec<f64> = values.iter().map(|value| value * 2.0_f64.powi(power)).collect();
        prop_assert_eq!(found(&scaled), found(&values));
    }

    #[test]
    fn another_zero_has_the_same_points(values in series(), by in -1e4..1e4_f64, factor in 0.1..10.0_f64) {
        let moved: Vec<f64> = values.iter().map(|value| value * factor + by).collect();
        prop_assert_eq!(found(&moved), found(&values));
    }

    #[test]
    fn a_mirrored_series_has_mirrored_points(values in series()) {
        let mirrored: Vec<f64> = values.iter().rev().copied().collect();
        let kept = beside_spikes(&values, LEAST);
        let first_from = |at: usize| kept.iter().copied().find(|kept| *kept >= at).unwrap();
        let points: Vec<usize> = found(&mirrored).iter().rev().map(|at| first_from(values.len() - at)).collect();
        prop_assert_eq!(points, found(&values));
    }

    /// Several may be equally far apart: two pairs of values, one inside the other, are so wherever they stand. Then rounding chooses.
    #[test]
    fn the_farthest_stretches_of_a_mirrored_series_are_as_far_apart(values in series(), least in 1..5_usize) {
        let count = values.len();
        let energy = Energy::of(&values);
        let mirrored = Energy::of(&values.iter().rev().copied().collect::<Vec<f64>>());
        let back = |split: Split| Split { from: count - split.to, at: count - split.at, to: count - split.from };
        let [farthest, of_mirrored] = [
            energy.strongest(0..count, least),
            mirrored.strongest(0..count, least).map(back),
        ].map(|split| split.map(|split| energy.apart(split)));
        prop_assert_eq!(of_mirrored.is_some(), farthest.is_some());
        if let (Some(one), Some(other)) = (farthest, of_mirrored) {
            prop_assert!((one - other).abs() < 1e-9 * (1.0 + one.abs()), "{} {}", one, other);
        }
    }

    #[test]
    fn points_keep_their_distance_and_their_level(values in series(), least in 1..6_usize, level in 1e-6..0.5_f64) {
        let points = change_points(&values, level, least);
        let bounds: Vec<usize> = std::iter::once(0).chain(places(&points)).chain([values.len()]).collect();
        prop_assert!(points.is_empty() || bounds.windows(2).all(|pair| pair[0] + least <= pair[1]), "{:?}", bounds);
        prop_assert!(points.iter().all(|point| point.p <= level));
        let meets = |pair: &[ChangePoint]| (pair[0].after - pair[1].before).abs() < 1e-9;
        prop_assert!(points.windows(2).all(meets));
    }

    #[test]
    fn what_is_constant_never_changed(value in -1e9..1e9_f64, count in 0..60_usize, least in 0..5_usize) {
        prop_assert_eq!(change_points(&vec![value; count], 0.5, least), Vec::new());
    }
}

#[test]
fn a_step_of_five_deviations_is_found_in_its_place() {
    for seed in 0..200 {
        let found = found(&stepped(40, &[(20, 5.0)], seed));
        assert!(found.iter().any(|at| at.abs_diff(20) <= 1), "{seed}: {found:?}");
    }
}

#[test]
fn a_spike_is_no_change_wherever_it_is() {
    let calm = (0..9).map(|seed| noise(40, seed)).filter(|values| found(values).is_empty());
    for values in calm.take(3) {
        for (at, height) in (0..40).flat_map(|at| [(at, 12.0), (at, -50.0)]) {
            let mut values = values.clone();
            values[at] += height;
            assert_eq!(found(&values), NONE, "{height} at {at}");
        }
    }
}

#[test]
fn a_level_that_comes_back_is_two_changes() {
    let right = (0..200).filter(|seed| {
        let found = found(&stepped(60, &[(20, 4.0), (32, 0.0)], *seed));
        found.len() == 2 && found[0].abs_diff(20) <= 1 && found[1].abs_diff(32) <= 1
    });
    assert!(right.clone().count() >= 180, "{} of 200", right.count());
}

#[test]
fn a_change_shows_its_means() {
    let values: Vec<f64> = (0..30).map(|at| if at < 12 { 10.0 } else { 12.0 } + f64::from(at % 2) * 0.1).collect();
    let [point] = change_points(&values, LEVEL, LEAST)[..] else { panic!("one change") };
    assert_eq!(point.at, 12);
    assert!((point.before - 10.05).abs() < 1e-9 && (point.after - 12.05).abs() < 1e-9 && point.p < 1e-20, "{point:?}");
}

#[test]
fn a_change_counts_with_the_third_value_after_it() {
    let seen = |after: usize| found(&stepped(30 + after, &[(30, 12.0)], 0));
    assert_eq!([seen(1), seen(2), seen(3), seen(4)], [vec![], vec![], vec![30], vec![30]]);
}

#[test]
fn what_is_not_finite_has_no_points() {
    let mut values = stepped(40, &[(20, 9.0)], 1);
    values[3] = f64::NAN;
    assert_eq!(found(&values), NONE);
}

#[test]
fn shuffles_and_the_t_test_agree_where_a_case_is_clear() {
    for seed in 0..6 {
        let near = |found: &[usize], steps: &[(usize, f64)]| {
            steps.iter().all(|(at, _)| found.iter().any(|point| point.abs_diff(*at) <= 1))
        };
        for steps in [&[(20, 5.0)][..], &[(15, 6.0), (30, -2.0)]] {
            let values = stepped(45, steps, seed);
            let (shuffled, tested) = (by_permutation(&values, 0.01, 99, seed), found(&values));
            assert!(near(&shuffled, steps) && near(&tested, steps), "{seed}: {shuffled:?} {tested:?}");
        }
    }
}

/// How often, follows from measuring thousands of series: the t test sees a change in about 3 % of those with 50 values, shuffles at their level.
#[test]
fn noise_alone_changes_now_and_then() {
    let tested = (0..200).filter(|seed| !found(&noise(45, *seed)).is_empty()).count();
    let shuffled = (0..20).filter(|seed| !by_permutation(&noise(45, *seed), 0.01, 99, 1).is_empty()).count();
    assert!(tested <= 16 && shuffled <= 2, "{tested} of 200, {shuffled} of 20");
    let at_a_smaller_level = (0..200).filter(|seed| !change_points(&noise(45, *seed), 1e-5, LEAST).is_empty()).count();
    assert!(at_a_smaller_level <= 2, "{at_a_smaller_level} of 200");
}

/// A step of four deviations, three values before the end.
#[test]
fn what_two_pieces_say_weakly_the_whole_series_may_say_surely() {
    let level = 1e-5;
    let is_only_weak = |values: &Vec<f64>| {
        let mut sure = Vec::new();
        Search { values, energy: Energy::of(values), level, least: LEAST }.divide(0..values.len(), &mut sure);
        sure.is_empty()
    };
    let all = (0..400).map(|seed| stepped(50, &[(47, 4.0)], seed));
    let whole = all.filter(|values| beside_spikes(values, LEAST).len() == values.len());
    assert!(whole.filter(is_only_weak).any(|values| !change_points(&values, level, LEAST).is_empty()));
}
