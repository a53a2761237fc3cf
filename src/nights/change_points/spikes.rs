//! Values that stand alone.

use crate::median::median;

/// A value is a spike when it is farther than so many deviations from its neighbourhood.
const FAR: f64 = 5.0;
/// The median distance of normal values from the median of the five around them, in standard deviations. Of three it is 0.31, of seven 0.55.
const MEDIAN_DISTANCE: f64 = 0.49;

/// The indices of the values that are no spikes: not far from their neighbourhood, the median of the 2·`least` − 1 values around them. So fewer
/// than `least` wild values together are left out, and a level that lasts for `least` values stays, at the ends of the series as well.
pub(super) fn beside_spikes(values: &[f64], least: usize) -> Vec<usize> {
    let far: Vec<f64> =
        (0..values.len()).map(|at| (values[at] - neighbourhood(values, at, 2 * least - 1)).abs()).collect();
    let most = FAR * median(far.clone()).unwrap_or(0.0) / MEDIAN_DISTANCE;
    (0..values.len()).filter(|at| far[*at] <= most).collect()
}

fn neighbourhood(values: &[f64], at: usize, width: usize) -> f64 {
    let from = at.saturating_sub(width / 2).min(values.len().saturating_sub(width));
    let to = (from + width).min(values.len());
    median(values[from..to].to_vec()).unwrap_or(values[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: [f64; 12] = [1.0, 1.2, 0.9, 1.1, 0.8, 1.0, 1.3, 0.9, 1.0, 1.1, 0.9, 1.2];

    fn wild(from: usize, many: usize) -> [f64; 12] {
        let mut values = CALM;
        values[from..from + many].fill(9.0);
        values
    }

    #[test]
    fn one_or_two_wild_values_go_wherever_they_are_and_three_stay() {
        let all: Vec<usize> = (0..12).collect();
        assert_eq!(beside_spikes(&CALM, 3), all);
        for (from, many) in [(0, 1), (5, 1), (11, 1), (0, 2), (6, 2), (10, 2)] {
            let others: Vec<usize> = (0..from).chain(from + many..12).collect();
            assert_eq!(beside_spikes(&wild(from, many), 3), others, "{many} from {from} on");
        }
        for from in [0, 5, 9] {
            assert_eq!(beside_spikes(&wild(from, 3), 3), all, "from {from} on");
        }
    }

    #[test]
    fn a_level_of_one_value_is_a_level_where_one_is_enough() {
        assert_eq!(beside_spikes(&wild(11, 1), 1).len(), 12);
    }
}
