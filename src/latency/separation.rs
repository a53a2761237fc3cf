//! How much of the difference between two kinds of events a way to group them explains.

/// A group of events, and how many of them are of the second kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Part {
    pub(crate) events: u64,
    pub(crate) second: u64,
}

impl Part {
    /// The share of the second kind.
    fn share(self) -> f64 {
        fraction(self.second, self.events)
    }
}

impl std::iter::Sum for Part {
    fn sum<I: Iterator<Item = Part>>(parts: I) -> Part {
        let add = |sum: Part, part: Part| Part { events: sum.events + part.events, second: sum.second + part.second };
        parts.fold(Part::default(), add)
    }
}

/// The share of the variance between the two kinds that the groups explain: eta squared, the sum over groups of n_g (s_g - s)^2, divided by
/// n s (1 - s), where s is the share of the second kind. 1 when each group is of one kind, 0 when all have the same share; nothing when
/// there are fewer than two groups or only one kind.
#[must_use]
pub(crate) fn explained(groups: &[Part]) -> Option<f64> {
    let all: Part = groups.iter().copied().sum();
    let within = all.share() * (1.0 - all.share());
    let between = |group: &Part| fraction(group.events, all.events) * (group.share() - all.share()).powi(2);
    (groups.len() > 1 && within > 0.0).then(|| groups.iter().map(between).sum::<f64>() / within)
}

/// A part of a whole, to a billionth.
fn fraction(part: u64, whole: u64) -> f64 {
    const BILLION: u32 = 1_000_000_000;
    let billionths = u128::from(part) * u128::from(BILLION) / u128::from(whole.max(1));
    f64::from(u32::try_from(billionths).unwrap_or(BILLION)) / f64::from(BILLION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(events: u64, second: u64) -> Part {
        Part { events, second }
    }

    #[test]
    fn groups_of_one_kind_explain_all_and_equal_shares_nothing() {
        let near = |groups: &[Part], expected: f64| (explained(groups).unwrap() - expected).abs() < 1e-6;
        assert!(near(&[part(600, 0), part(300, 300), part(100, 100)], 1.0));
        assert!(near(&[part(600, 240), part(400, 160)], 0.0));
        // By hand: s = 0.5, so (0.5 * 0.16 + 0.5 * 0.16) / 0.25.
        assert!(near(&[part(1000, 100), part(1000, 900)], 0.64));
        assert_eq!(
            [&[][..], &[part(10, 5)], &[part(10, 0), part(10, 0)], &[part(10, 10), part(9, 9)]].map(explained),
            [None; 4]
        );
    }

    proptest! {
        #[test]
        fn it_is_the_squared_correlation_ratio_of_the_events_themselves(
            groups in prop::collection::vec((1..200_u64, 0.0..=1.0_f64), 2..12),
        ) {
            let parts: Vec<Part> =
                groups.iter().map(|(events, share)| part(*events, (*events as f64 * share) as u64)).collect();
            let events: Vec<(usize, f64)> = parts.iter().enumerate().flat_map(|(group, part)| {
                (0..part.events).map(move |at| (group, if at < part.second { 1.0 } else { 0.0 }))
            }).collect();
            let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
            let all: Vec<f64> = events.iter().map(|(_, kind)| *kind).collect();
            let total: f64 = all.iter().map(|kind| (kind - mean(&all)).powi(2)).sum();
            let of_group = |group: usize| mean(&events.iter().filter(|of| of.0 == group).map(|of| of.1).collect::<Vec<_>>());
            let means: Vec<f64> = (0..parts.len()).map(of_group).collect();
            let between: f64 = events.iter().map(|(group, _)| (means[*group] - mean(&all)).powi(2)).sum();
            match explained(&parts) {
                Some(found) => prop_assert!((found - between / total).abs() < 1e-5, "{found} {}", between / total),
                None => prop_assert!(total < 1e-9),
            }
        }
    }
}
