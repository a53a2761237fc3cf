//! The paper's own test of a point: shuffled values, for comparison. Another seed may give other points.

use std::ops::Range;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::energy::{Energy, Split};
use super::spikes::beside_spikes;

const LEAST: usize = 3;

/// The first values after the changes of a series, each so large that of `rounds` shuffles of the stretches between the points before it at most a
/// share of `level` has a larger one.
pub(super) fn by_permutation(values: &[f64], level: f64, rounds: usize, seed: u64) -> Vec<usize> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let kept = beside_spikes(values, LEAST);
    let calm: Vec<f64> = kept.iter().map(|at| values[*at]).collect();
    let mut points = Vec::new();
    while let Some((split, apart)) = farthest(&calm, &stretches(&points, calm.len())) {
        let mut shuffled = calm.clone();
        let as_far = (0..rounds).filter(|_| {
            let stretches = stretches(&points, calm.len());
            stretches.iter().for_each(|stretch| shuffled[stretch.clone()].shuffle(&mut random));
            farthest(&shuffled, &stretches).is_some_and(|(_, other)| other >= apart)
        });
        if (as_far.count() + 1) as f64 / (rounds + 1) as f64 > level {
            break;
        }
        points.push(split.at);
        points.sort_unstable();
    }
    points.into_iter().map(|at| kept[at]).collect()
}

fn stretches(points: &[usize], count: usize) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(points.iter().copied());
    starts.zip(points.iter().copied().chain([count])).map(|(start, end)| start..end).collect()
}

fn farthest(values: &[f64], stretches: &[Range<usize>]) -> Option<(Split, f64)> {
    let energy = Energy::of(values);
    let splits = stretches.iter().filter_map(|stretch| energy.strongest(stretch.clone(), LEAST));
    splits.map(|split| (split, energy.apart(split))).max_by(|one, other| one.1.total_cmp(&other.1))
}
