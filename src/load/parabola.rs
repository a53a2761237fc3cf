//! The interpolation between the buckets of a captured curve: in each a parabola that keeps the bucket's mass.
//!
//! The piecewise parabolic method's interpolation and its limiter (Colella and Woodward, The Piecewise Parabolic Method for
//! gas-dynamical simulations, J. Comput. Phys. 54, 1984, equations 1.5 to 1.10), on an even grid.

/// A bucket's rate as a parabola over x from 0 to 1: from + x (to - from + bend (1 - x)). Monotone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parabola {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Six times the height of the mean above the straight line between the ends.
    pub(super) bend: f64,
}

impl Parabola {
    /// The same rate throughout the bucket.
    pub(super) fn flat(mean: f64) -> Self {
        Parabola { from: mean, to: mean, bend: 0.0 }
    }

    /// The rate at x.
    pub(super) fn at(self, x: f64) -> f64 {
        self.from + x * (self.to - self.from + self.bend * (1.0 - x))
    }

    /// The integral of the rate from 0 to x.
    pub(super) fn integral(self, x: f64) -> f64 {
        let slope = self.to - self.from;
        x * (self.from + x * ((slope + self.bend) / 2.0 - x * (self.bend / 3.0)))
    }

    /// Where the integral reaches `area`: Newton's steps inside a bracket that each of them narrows. Only additions, products and
    /// quotients, so that every machine computes the same bits.
    pub(super) fn inverse(self, area: f64) -> f64 {
        const MOST_STEPS: usize = 64;
        let whole = self.integral(1.0);
        if area <= 0.0 || whole <= 0.0 {
            return 0.0;
        }
        if area >= whole {
            return 1.0;
        }
        let (mut low, mut high, mut x) = (0.0, 1.0, area / whole);
        for _ in 0..MOST_STEPS {
            let excess = self.integral(x) - area;
            if excess > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let step = excess / self.at(x);
            let next = x - step;
            // Not within the bracket: where the rate is almost zero, halving the bracket is the better step.
            let next = if (low..=high).contains(&next) { next } else { 0.5 * (low + high) };
            let moved = (next - x).abs();
            x = next;
            // Newton's step squares the error: the next one would move x by less than a double can represent.
            if moved < 1e-9 {
                break;
            }
        }
        x
    }

    /// The part before x, stretched over the whole bucket.
    pub(super) fn before(self, x: f64) -> Self {
        Parabola { from: self.from, to: self.at(x), bend: self.bend * x * x }
    }
}

/// The parabola of a bucket with this mean, from the means of the two buckets before it and the two after it.
pub(super) fn parabola(before2: f64, before: f64, mean: f64, behind: f64, behind2: f64) -> Parabola {
    let slopes = [slope(before2, before, mean), slope(before, mean, behind), slope(mean, behind, behind2)];
    let from = edge(before, mean, slopes[0], slopes[1]);
    let to = edge(mean, behind, slopes[1], slopes[2]);
    limited(from, mean, to)
}

/// Equation 1.8: the mean slope over two buckets, no steeper than twice either side's, and zero at a peak or in a valley.
fn slope(before: f64, mean: f64, behind: f64) -> f64 {
    let (left, right) = (mean - before, behind - mean);
    if left * right <= 0.0 {
        return 0.0;
    }
    let most = 2.0 * left.abs().min(right.abs());
    (0.5 * (left + right)).clamp(-most, most)
}

/// Equation 1.6 on an even grid: the rate between two buckets, never outside of their means.
fn edge(left: f64, right: f64, left_slope: f64, right_slope: f64) -> f64 {
    let between = left + 0.5 * (right - left) - (right_slope - left_slope) / 6.0;
    between.clamp(left.min(right), left.max(right))
}

/// Equation 1.10: flat at a peak or in a valley; otherwise the ends moved so that the parabola does not turn inside the bucket.
fn limited(from: f64, mean: f64, to: f64) -> Parabola {
    if (to - mean) * (mean - from) <= 0.0 {
        return Parabola::flat(mean);
    }
    let across = to - from;
    let bend = 6.0 * (mean - 0.5 * (from + to));
    let (from, to) = if across * bend > across * across {
        (3.0 * mean - 2.0 * to, to)
    } else if across * bend < -across * across {
        (from, 3.0 * mean - 2.0 * from)
    } else {
        (from, to)
    };
    // Rounding may put an end that should be 0 just below it.
    let (from, to) = (from.max(0.0), to.max(0.0));
    Parabola { from, to, bend: 6.0 * (mean - 0.5 * (from + to)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rates of five buckets, some of them silent.
    fn means() -> impl Strategy<Value = [f64; 5]> {
        prop::array::uniform5(prop_oneof![1 => Just(0.0), 4 => 0.0..1e6_f64])
    }

    fn of([a, b, c, d, e]: [f64; 5]) -> Parabola {
        parabola(a, b, c, d, e)
    }

    proptest! {
        #[test]
        fn the_mass_is_the_buckets_own(means in means()) {
            prop_assert!((of(means).integral(1.0) - means[2]).abs() <= 1e-12 * means[2].max(1.0));
        }

        #[test]
        fn the_rate_is_never_negative_and_never_outside_of_its_neighbours(means in means(), x in 0.0..=1.0_f64) {
            let rate = of(means).at(x);
            let [_, before, mean, behind, _] = means;
            let slack = 1e-9 * before.max(mean).max(behind);
            prop_assert!(rate >= before.min(mean).min(behind) - slack && rate >= -1e-9, "{rate}");
            prop_assert!(rate <= before.max(mean).max(behind) + slack, "{rate}");
        }

        #[test]
        fn the_rate_goes_one_way_inside_a_bucket(means in means(), x in 0.0..=1.0_f64, y in 0.0..=1.0_f64) {
            let parabola = of(means);
            let (x, y) = (x.min(y), x.max(y));
            let rises = parabola.to >= parabola.from;
            let slack = 1e-9 * means[2].max(1.0);
            let (lower, upper) = if rises { (x, y) } else { (y, x) };
            prop_assert!(parabola.at(upper) >= parabola.at(lower) - slack);
        }

        #[test]
        fn the_inverse_undoes_the_integral_and_is_monotone(means in means(), share in 0.0..1.0_f64, more in 0.0..1e-6_f64) {
            prop_assume!(means[2] > 0.0);
            let parabola = of(means);
            let (area, next) = (share * means[2], (share + more).min(1.0) * means[2]);
            prop_assert!((parabola.integral(parabola.inverse(area)) - area).abs() <= 1e-14 * means[2]);
            prop_assert!(parabola.inverse(next) >= parabola.inverse(area));
        }

        #[test]
        fn the_part_before_a_place_is_the_same_curve(means in means(), cut in 0.01..1.0_f64, y in 0.0..1.0_f64) {
            let parabola = of(means);
            let slack = 1e-9 * means[1].max(means[2]).max(means[3]).max(1.0);
            prop_assert!((parabola.before(cut).at(y) - parabola.at(cut * y)).abs() <= slack);
        }
    }

    #[test]
    fn a_straight_ramp_stays_straight() {
        assert_eq!(of([10.0, 20.0, 30.0, 40.0, 50.0]), Parabola { from: 25.0, to: 35.0, bend: 0.0 });
    }
}
