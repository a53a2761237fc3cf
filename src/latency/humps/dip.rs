//! The dip of a distribution: how far it is, at its furthest, from the nearest distribution with one hump.
//!
//! J. A. Hartigan and P. M. Hartigan, "The Dip Test of Unimodality", The Annals of Statistics 13 (1985), pages 70 to 84; written from the
//! steps in its section 3.

/// A point of a distribution: what share lies before `x`, and up to and including it. Where nothing stands at `x` itself both are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) before: f64,
    pub(super) upto: f64,
}

/// The dip of a distribution, given by points with rising `x`.
#[must_use]
pub(super) fn dip(points: &[Point]) -> f64 {
    let Some(last) = points.len().checked_sub(1).filter(|last| *last > 0) else { return 0.0 };
    let (mut low, mut high) = (0, last);
    // Twice the dip: the furthest that the fits outside the modal interval are from the distribution.
    let mut furthest = points.iter().map(|point| point.upto - point.before).fold(0.0, f64::max);
    loop {
        let fits = Fits::of(points, low, high);
        let (apart, inner_low, inner_high) = fits.widest();
        if apart <= furthest {
            break;
        }
        furthest = furthest.max(fits.beside(points, inner_low, inner_high));
        if (inner_low, inner_high) == (low, high) {
            break;
        }
        (low, high) = (inner_low, inner_high);
    }
    furthest / 2.0
}

/// The fits from `low` to `high`: the greatest convex one below the distribution and the least concave one above it.
struct Fits {
    low: usize,
    below: Vec<f64>,
    above: Vec<f64>,
    /// Where they touch the distribution.
    touched_below: Vec<usize>,
    touched_above: Vec<usize>,
}

impl Fits {
    fn of(points: &[Point], low: usize, high: usize) -> Self {
        let within = &points[low..=high];
        let touched_below = hull(within, |point| point.before);
        // What is concave from above is convex upside down.
        let touched_above = hull(within, |point| -point.upto);
        Fits {
            low,
            below: along(within, &touched_below, |point| point.before),
            above: along(within, &touched_above, |point| point.upto),
            touched_below,
            touched_above,
        }
    }

    /// The most that the fits are apart where one of them touches the distribution, and the modal interval that this leaves.
    fn widest(&self) -> (f64, usize, usize) {
        let apart = |at: &usize| (*at, self.above[*at] - self.below[*at]);
        let most = |touched: &[usize]| {
            touched.iter().map(apart).fold((0, -1.0), |most, next| if next.1 > most.1 { next } else { most })
        };
        let (below, above) = (most(&self.touched_below), most(&self.touched_above));
        let (apart, low, high) = if below.1 > above.1 {
            let next = self.touched_above.iter().find(|at| **at >= below.0);
            (below.1, below.0, next.copied().unwrap_or(below.0))
        } else {
            let earlier = self.touched_below.iter().rev().find(|at| **at <= above.0);
            (above.1, earlier.copied().unwrap_or(above.0), above.0)
        };
        (apart, self.low + low, self.low + high)
    }

    /// The furthest that the fits are from the distribution beside the modal interval: the convex one before it, the concave one after it.
    fn beside(&self, points: &[Point], low: usize, high: usize) -> f64 {
        let last = self.low + self.below.len() - 1;
        let before = (self.low..=low).map(|at| points[at].upto - self.below[at - self.low]);
        let after = (high..=last).map(|at| self.above[at - self.low] - points[at].before);
        before.chain(after).fold(0.0, f64::max)
    }
}

/// The corners of the greatest convex line below the points.
fn hull(points: &[Point], height: impl Fn(&Point) -> f64) -> Vec<usize> {
    let mut corners: Vec<usize> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        while let [.., before, middle] = corners.as_slice() {
            let (first, second) = (&points[*before], &points[*middle]);
            let turn = (height(second) - height(first)) * (point.x - first.x)
                - (height(point) - height(first)) * (second.x - first.x);
            if turn < 0.0 {
                break;
            }
            corners.pop();
        }
        corners.push(at);
    }
    corners
}

/// The height at each point of the line through the corners.
fn along(points: &[Point], corners: &[usize], height: impl Fn(&Point) -> f64) -> Vec<f64> {
    let mut heights = vec![height(&points[corners[0]])];
    for pair in corners.windows(2) {
        let (from, to) = (&points[pair[0]], &points[pair[1]]);
        let slope = (height(to) - height(from)) / (to.x - from.x);
        heights.extend(points[pair[0] + 1..=pair[1]].iter().map(|point| height(from) + slope * (point.x - from.x)));
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distribution of a sample without equal values.
    fn sample(mut values: Vec<f64>) -> Vec<Point> {
        values.sort_by(f64::total_cmp);
        let share =
            |number: usize| f64::from(u32::try_from(number).unwrap()) / f64::from(u32::try_from(values.len()).unwrap());
        let point = |(at, x): (usize, &f64)| Point { x: *x, before: share(at), upto: share(at + 1) };
        values.iter().enumerate().map(point).collect()
    }

    /// Numbers from 0 to 1 by the linear congruential generator of the C standard's example (31 bits), from 7 on.
    fn drawn(count: usize) -> Vec<f64> {
        let next = |state: &u64| Some((state * 1_103_515_245 + 12_345) % (1 << 31));
        let states = std::iter::successors(next(&7), next);
        states.take(count).map(|state| f64::from(u32::try_from(state).unwrap()) / f64::from(1_u32 << 31)).collect()
    }

    #[test]
    fn dips_are_those_of_the_reference() {
        let steps = |of: fn(f64) -> f64, count: u32| (1..=count).map(|at| of(f64::from(at))).collect::<Vec<f64>>();
        let two = vec![0.0, 0.1, 0.2, 0.3, 0.4, 5.0, 5.1, 5.2, 5.3, 5.4];
        let uneven = vec![1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.5, 27.0];
        let three = vec![0.0, 0.5, 0.9, 1.0, 1.1, 4.0, 4.2, 4.3, 4.4, 4.6, 9.0, 9.1, 9.15, 9.3, 9.8];
        let humps = drawn(200).into_iter().enumerate().map(|(at, x)| if at % 3 == 0 { x + 1.5 } else { x }).collect();
        // dipstat(sorted, allow_zero=False) of the Python package diptest 0.12.0, which wraps the C code of R's diptest.
        let cases = [
            (steps(|at| at, 10), 0.05),
            (steps(|at| at * at, 20), 0.025),
            (two, 0.229_999_999_999_999_98),
            (uneven, 0.112_781_954_887_218_05),
            (three, 0.141_025_641_025_641),
            (drawn(200), 0.019_577_400_778_551_725),
            (humps, 0.062_156_096_690_039_18),
        ];
        for (values, expected) in cases {
            let found = dip(&sample(values.clone()));
            assert!((found - expected).abs() < 1e-9, "{found} and not {expected}: {values:?}");
        }
    }

    #[test]
    fn one_point_and_none_have_no_dip() {
        assert!(dip(&[]).abs() < 1e-12 && dip(&sample(vec![3.0])).abs() < 1e-12);
    }
}
