//! How a load spreads over brokers that keep copies of it.

use super::queue::whole;

/// What all brokers carry together: the first copy of everything, and each further one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Load {
    /// The leaders' part.
    pub(super) first: f64,
    /// A follower's part, for each copy.
    pub(super) copy: f64,
}

impl Load {
    /// The load of all brokers with this number of copies.
    fn with(self, copies: f64) -> f64 {
        self.first + self.copy * (copies - 1.0)
    }

    /// What each of `up` brokers carries. A broker never has two copies of one partition, so fewer brokers than copies keep fewer of them.
    #[must_use]
    pub(super) fn on_each(self, replication: f64, up: f64) -> f64 {
        self.with(replication.min(up)) / up
    }

    /// The fewest brokers of which none carries more than `most`: with as many as there are copies or fewer each has a copy of everything,
    /// with more they share.
    #[must_use]
    pub(super) fn fewest(self, replication: f64, most: f64) -> f64 {
        let few = (1..=replication as u32).map(f64::from);
        let fits = |up: &f64| self.on_each(replication, *up) <= most * (1.0 + 1e-9);
        few.into_iter().find(fits).unwrap_or_else(|| whole(self.with(replication) / most))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_brokers_with_three_copies_each_hold_everything() {
        let disk = Load { first: 100.0, copy: 100.0 };
        assert_eq!(
            [1.0, 2.0, 3.0, 4.0, 6.0].map(|up| Some(disk.on_each(3.0, up))),
            [100.0, 100.0, 100.0, 75.0, 50.0].map(Some)
        );
        assert_eq!([100.0, 99.0, 50.0, 10.0].map(|most| Some(disk.fewest(3.0, most))), [1.0, 4.0, 6.0, 30.0].map(Some));
    }

    proptest! {
        #[test]
        fn the_fewest_hold_the_load_and_one_less_does_not(
            first in 0.1..1e9_f64, share in 0.0..1.0_f64, replication in 1..6_u32, most in 1.0..1e6_f64,
        ) {
            let (load, replication) = (Load { first, copy: first * share }, f64::from(replication));
            let fewest = load.fewest(replication, most);
            prop_assert!(load.on_each(replication, fewest) <= most * 1.000_001);
            if fewest > 1.0 {
                prop_assert!(load.on_each(replication, fewest - 1.0) > most * 0.999_999);
            }
        }

        #[test]
        fn more_load_never_needs_fewer_brokers(
            first in 0.1..1e9_f64, more in 1.0..10.0_f64, replication in 1..6_u32, most in 1.0..1e6_f64,
        ) {
            let replication = f64::from(replication);
            let of = |first: f64| Load { first, copy: first }.fewest(replication, most);
            prop_assert!(of(first * more) >= of(first));
        }
    }
}
