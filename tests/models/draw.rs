//! Random streams with events close to the ends of windows.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::stream::Row;

/// The source of all randomness: the same seed, kind and number give the same stream.
pub(crate) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    pub(crate) fn of(seed: u64, kind: &str, number: u64) -> Self {
        Dice(Xoshiro256PlusPlus::seed_from_u64(xxhash_rust::xxh3::xxh3_64_with_seed(
            format!("{kind} {number}").as_bytes(),
            seed,
        )))
    }

    /// A number from `least` to `most`.
    pub(crate) fn from(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most)
    }

    /// Whether something happens that does so in `times` of a hundred cases.
    pub(crate) fn chance(&mut self, times: u32) -> bool {
        self.0.random_ratio(times, 100)
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all.choose(&mut self.0).expect("there is something to choose from").clone()
    }
}

/// The range of event times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Approximately the first event's.
    pub(crate) start_ms: i64,
    /// Fates change at distances that are multiples of this: the size of a window, its hop, a gap.
    pub(crate) grid_ms: i64,
    /// Other distances at which fates change: bound and lateness, and sums of them.
    pub(crate) edges_ms: [i64; 3],
    /// Whether times before 1970 are drawn.
    pub(crate) negative: bool,
}

/// Events of at most `most_partitions` partitions and three keys. `null_keys` in a hundred have none.
pub(crate) fn events(dice: &mut Dice, times: Times, most_partitions: i64, null_keys: u32) -> Vec<Row> {
    let (partitions, keys) = (dice.from(1, most_partitions), dice.from(1, 3));
    let mut seen = vec![times.start_ms.max(0)];
    let count = dice.from(1, 40);
    (0..count)
        .map(|_| {
            let mut time_ms = next_time(dice, times, &seen);
            if time_ms < 0 && !(times.negative && dice.chance(30)) {
                time_ms = -time_ms;
            }
            seen.push(time_ms);
            let key = (!dice.chance(null_keys)).then(|| dice.one_of(&["a", "b", "c"][..keys as usize]).to_owned());
            Row::Event { partition: dice.from(0, partitions - 1) as u32, key, time_ms }
        })
        .collect()
}

/// Mostly close to a decision: the end of a window, or a lateness behind the newest event, give or take a millisecond.
fn next_time(dice: &mut Dice, times: Times, seen: &[i64]) -> i64 {
    let newest = *seen.iter().max().unwrap_or(&0);
    let about = dice.from(-1, 1);
    let grid_ms = times.grid_ms.max(1);
    match dice.from(0, 9) {
        0 => dice.one_of(seen),
        1 => dice.one_of(seen) + about + dice.one_of(&[-grid_ms, grid_ms]),
        2 | 3 => newest + dice.from(0, grid_ms * 2),
        4 => newest.div_euclid(grid_ms).saturating_add(dice.from(-3, 2)) * grid_ms + about,
        5 | 6 => newest - dice.one_of(&times.edges_ms) + about,
        7 => newest - dice.one_of(&times.edges_ms) - dice.one_of(&times.edges_ms) + about,
        8 => newest - dice.one_of(&times.edges_ms) - grid_ms * dice.from(0, 2) + about,
        _ => newest + dice.from(-grid_ms * 4, grid_ms * 4),
    }
}
