//! When a series that changed did so.

use super::energy::{Energy, Split};

/// The index in `from..=to` at which splitting the series leaves the two parts farthest apart: the likely first value after a change that is known
/// to be there, however few values came after it. None where there is no such index with values on both sides, or a value is not finite.
///
/// The energy statistic dates the newest changes better than the largest t does. By simulation, for a step of three deviations in 40 values of
/// normal noise and nine places to choose from, within ±1 of the truth: with one value after the change 94 % (t: 87 %), with two 96 % (94 %), with
/// three 94 % (95 %), with five 96 % (96 %). It takes a single value for a part without any distances within, and so prefers the last place
/// a little. An alarm comes late for a small step and at once for a large one, which levels that: on the night of the alarm (a night, or the mean
/// of three, 3.9 standard errors off) both date such a step within ±1 in 95 %, with heavy tails and a first autocorrelation of 0.3 in 94 % (t: 91 %).
#[must_use]
pub(crate) fn most_likely(values: &[f64], from: usize, to: usize) -> Option<usize> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let energy = Energy::of(values);
    let places = from.max(1)..=to.min(values.len().checked_sub(1)?);
    let apart = places.map(|at| (at, energy.apart(Split { from: 0, at, to: values.len() })));
    apart.reduce(|one, other| if other.1 > one.1 { other } else { one }).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Thirty values of a small wobble, and so many more that are higher.
    fn step(after: usize) -> Vec<f64> {
        (0..30 + after).map(|at| ((at * 7 % 11) as f64 - 5.0) / 3.0 + if at < 30 { 0.0 } else { 8.0 }).collect()
    }

    #[test]
    fn a_change_is_dated_on_the_night_itself_and_later() {
        for after in 1..8 {
            assert_eq!(most_likely(&step(after), 20, 29 + after), Some(30), "{after} after it");
        }
    }

    #[test]
    fn only_places_between_values_are_named() {
        assert_eq!(most_likely(&step(3), 0, 500), Some(30));
        assert_eq!([most_likely(&[], 0, 9), most_likely(&[1.0], 0, 9), most_likely(&step(3), 33, 40)], [None; 3]);
        assert_eq!(most_likely(&[1.0, f64::NAN, 2.0], 0, 2), None);
    }

    proptest! {
        #[test]
        fn the_place_is_one_of_those_asked_for(values in prop::collection::vec(-9.0..9.0_f64, 2..40), from in 0..40_usize, more in 0..10_usize) {
            let place = most_likely(&values, from, from + more);
            prop_assert_eq!(place.is_some(), from < values.len() && from + more > 0);
            prop_assert!(place.is_none_or(|at| (from..=from + more).contains(&at)));
        }
    }
}
