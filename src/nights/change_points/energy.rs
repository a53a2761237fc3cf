//! The distance between two stretches of a series as energy statistics have it (Székely and Rizzo 2013, with the exponent 1): how much larger
//! the distances between them are than those within them.

use std::ops::Range;

/// The sums of all distances between values of a series, so that each distance of stretches takes four of them and no loop.
#[derive(Debug)]
pub(super) struct Energy {
    count: usize,
    /// At (row, column): the sum of the distances between each of the first `row` values and each of the first `column`.
    sums: Vec<f64>,
}

/// Two stretches that lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    /// Where the left one begins.
    pub(super) from: usize,
    /// Where the right one begins.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) to: usize,
}

impl Energy {
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len();
        let mut sums = vec![0.0; (count + 1) * (count + 1)];
        for (row, one) in values.iter().enumerate() {
            let mut of_row = 0.0;
            for (column, other) in values.iter().enumerate() {
                of_row += (one - other).abs();
                sums[(row + 1) * (count + 1) + column + 1] = sums[row * (count + 1) + column + 1] + of_row;
            }
        }
        Energy { count, sums }
    }

    fn between(&self, rows: &Range<usize>, columns: &Range<usize>) -> f64 {
        let sum = |row: usize, column: usize| self.sums[row * (self.count + 1) + column];
        sum(rows.end, columns.end) - sum(rows.start, columns.end) - sum(rows.end, columns.start)
            + sum(rows.start, columns.start)
    }

    /// The mean distance of two values of a stretch; 0 of a single one.
    fn within(&self, stretch: &Range<usize>) -> f64 {
        let count = stretch.len() as f64;
        if count < 2.0 { 0.0 } else { self.between(stretch, stretch) / (count * (count - 1.0)) }
    }

    /// The paper's Q: the mean distances, weighted by mn/(m + n) so that long stretches count for more than short ones.
    pub(super) fn apart(&self, Split { from, at, to }: Split) -> f64 {
        let (left, right) = (from..at, at..to);
        let (m, n) = (left.len() as f64, right.len() as f64);
        let distance = 2.0 * self.between(&left, &right) / (m * n) - self.within(&left) - self.within(&right);
        m * n / (m + n) * distance
    }

    /// The two stretches that are farthest apart: together they begin where `within` begins, or end where it ends. None when it is too short
    /// for `least` values in each.
    pub(super) fn strongest(&self, within: Range<usize>, least: usize) -> Option<Split> {
        let Range { start, end } = within;
        let places = start + least..(end + 1).saturating_sub(least);
        let splits = places.flat_map(|at| {
            let to_any_end = (at + least..=end).map(move |to| Split { from: start, at, to });
            let from_any_start = (start + 1..=at - least).map(move |from| Split { from, at, to: end });
            to_any_end.chain(from_any_start)
        });
        splits
            .map(|split| (split, self.apart(split)))
            .reduce(|one, other| if other.1 > one.1 { other } else { one })
            .map(|(split, _)| split)
    }
}
