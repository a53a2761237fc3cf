//! The value in the middle.

/// The median of `values`, between the two in the middle where there are two; none without a value.
#[must_use]
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let is_odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| !is_odd);
    Some(lower.map_or(*upper, |lower| f64::midpoint(lower, *upper)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_sorting_finds(values in prop::collection::vec(-1e9_f64..1e9, 0..40)) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let expected = match sorted.len() {
                0 => None,
                n if n % 2 == 1 => Some(sorted[n / 2]),
                n => Some(f64::midpoint(sorted[n / 2 - 1], sorted[n / 2])),
            };
            prop_assert_eq!(median(values), expected);
        }
    }
}
