//! Which combinations nobody beats: the Pareto front of delivered throughput, p99 end to end and CPU per event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::point::Point;
use crate::compare::Side;

/// Fewer trials than this on a side, and nothing is sure: of three against three, chance alone puts all of one side below the other once in 20
/// times.
const ENOUGH: usize = 3;
/// Throughputs are equal when they are the same share of the highest, to this part: at one offered rate they differ by chance alone.
const STEPS: f64 = 100.0;

/// How a combination stands to the others in delivered throughput, p99 end to end and CPU per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// No other is at least as good in all three and better in one; none could be, as far as its trials vary.
    Front,
    /// The same, but another one could be, as far as the trials vary.
    FrontWithinNoise,
    /// Another one is at least as good in all three, but in none of them by more than the trials vary.
    BeatenWithinNoise,
    /// Another one is at least as good in all three, and in one of them by more than the trials vary.
    Beaten,
    /// One of the three was not measured.
    Unknown,
}

impl Standing {
    /// Whether no other is at least as good in all and better in one.
    pub(crate) fn is_front(self) -> bool {
        matches!(self, Standing::Front | Standing::FrontWithinNoise)
    }
}

/// What a combination costs, in three figures of which less is better.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    center: [f64; 3],
    least: [f64; 3],
    most: [f64; 3],
    is_enough: bool,
}

impl Cost {
    fn of(point: &Point, highest_per_s: f64) -> Option<Self> {
        let sides = [Figure::DeliveredPerS, Figure::EndToEndP99Ms, Figure::CpuUsPerEvent].map(|of| point.figure(of));
        let [delivered, p99, cpu] = sides;
        let [delivered, p99, cpu] = [*delivered?, *p99?, *cpu?];
        let missing = |per_s: f64| STEPS - (per_s / highest_per_s.max(f64::MIN_POSITIVE) * STEPS).round();
        let of = |take: fn(&Side) -> f64, best: fn(&Side) -> f64| [missing(best(&delivered)), take(&p99), take(&cpu)];
        Some(Cost {
            center: of(|side| side.center, |side| side.center),
            least: of(|side| side.min, |side| side.max),
            most: of(|side| side.max, |side| side.min),
            is_enough: point.counted >= ENOUGH,
        })
    }

    /// At least as good in all, and better in one.
    fn beats(&self, other: &Cost) -> bool {
        let pairs = || self.center.iter().zip(&other.center);
        pairs().all(|(own, other)| own <= other) && pairs().any(|(own, other)| own < other)
    }

    /// Better in one by more than the trials vary.
    fn is_surely_better_in_one(&self, other: &Cost) -> bool {
        let apart = || self.most.iter().zip(&other.least).any(|(own, other)| own < other);
        self.is_enough && other.is_enough && apart()
    }

    /// Whether it could beat the other, as far as the trials vary.
    fn could_beat(&self, other: &Cost) -> bool {
        !other.is_surely_better_in_one(self)
    }
}

/// How each combination stands.
pub(super) fn standings(points: &[Point]) -> Vec<Standing> {
    let delivered = points.iter().filter_map(|point| point.figure(Figure::DeliveredPerS));
    let highest_per_s = delivered.map(|side| side.center).fold(0.0, f64::max);
    let costs: Vec<Option<Cost>> = points.iter().map(|point| Cost::of(point, highest_per_s)).collect();
    (0..costs.len()).map(|at| standing(at, &costs)).collect()
}

fn standing(at: usize, costs: &[Option<Cost>]) -> Standing {
    let Some(own) = costs[at] else { return Standing::Unknown };
    let others = || costs.iter().enumerate().filter(|(other, _)| *other != at).filter_map(|(_, cost)| cost.as_ref());
    let beaten_by: Vec<&Cost> = others().filter(|other| other.beats(&own)).collect();
    if beaten_by.iter().any(|other| other.is_surely_better_in_one(&own)) {
        Standing::Beaten
    } else if !beaten_by.is_empty() {
        Standing::BeatenWithinNoise
    } else if others().any(|other| other.could_beat(&own)) {
        Standing::FrontWithinNoise
    } else {
        Standing::Front
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sweep::made_up::trial;
    use crate::sweep::point::points;

    /// Points with these costs, each in three trials that vary by a share.
    fn made(costs: &[(u8, u8)], vary: f64) -> Vec<Point> {
        let trials: Vec<_> = (1..=3)
            .flat_map(|round| {
                costs.iter().enumerate().map(move |(at, (p99, cpu))| {
                    let near = 1.0 + vary * (round as f64 - 2.0);
                    trial(round, at + 1, f64::from(*p99) * near, f64::from(*cpu) * near)
                })
            })
            .collect();
        points(costs.len(), &trials)
    }

    proptest! {
        #[test]
        fn nobody_beats_the_front_and_somebody_of_it_beats_every_other(
            costs in prop::collection::vec((1_u8..20, 1_u8..20), 1..12),
            vary in 0.0..0.5,
        ) {
            let found = standings(&made(&costs, vary));
            let beats = |one: (u8, u8), other: (u8, u8)| one.0 <= other.0 && one.1 <= other.1 && one != other;
            let front: Vec<usize> = (0..costs.len()).filter(|at| found[*at].is_front()).collect();
            prop_assert!(!front.is_empty());
            for at in 0..costs.len() {
                prop_assert!(!found[at].is_front() || costs.iter().all(|other| !beats(*other, costs[at])));
                prop_assert!(found[at].is_front() || front.iter().any(|of| beats(costs[*of], costs[at])));
            }
        }
    }

    #[test]
    fn differences_that_trials_show_by_chance_are_named() {
        let costs = [(10, 40), (20, 10), (21, 11), (40, 40)];
        use Standing::{Beaten, BeatenWithinNoise, Front, FrontWithinNoise};
        assert_eq!(standings(&made(&costs, 0.001)), [Front, Front, Beaten, Beaten]);
        assert_eq!(standings(&made(&costs, 0.1)), [Front, FrontWithinNoise, BeatenWithinNoise, Beaten]);
        let one_trial = |mut points: Vec<Point>| {
            points.iter_mut().for_each(|point| point.counted = 2);
            standings(&points)
        };
        let unsure = one_trial(made(&costs, 0.001));
        assert_eq!(unsure, [FrontWithinNoise, FrontWithinNoise, BeatenWithinNoise, BeatenWithinNoise]);
    }

    #[test]
    fn a_combination_that_delivers_less_is_beaten_and_one_percent_is_not_less() {
        let mut points = made(&[(10, 10), (10, 10), (10, 10)], 0.0);
        for (point, per_s) in points.iter_mut().zip([1000.0, 998.0, 800.0]) {
            let side = Side { runs: 3, center: per_s, min: per_s, max: per_s };
            point.figures.insert(Figure::DeliveredPerS, side);
        }
        assert_eq!(standings(&points), [Standing::FrontWithinNoise, Standing::FrontWithinNoise, Standing::Beaten]);
        points[0].figures.remove(&Figure::CpuUsPerEvent);
        assert_eq!(standings(&points)[0], Standing::Unknown);
    }
}
