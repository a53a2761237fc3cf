//! Rates against rates: how many of a thing hold a load, and how long a backlog lasts.

/// A quotient that is whole but for rounding is whole.
const ROUNDING: f64 = 1e-9;

/// The next whole number, at least 1.
#[must_use]
pub(super) fn whole(exact: f64) -> f64 {
    (exact - exact.abs() * ROUNDING).ceil().max(1.0)
}

/// Seconds until a backlog is gone: `outage × arriving / (taken − arriving)`; none when no more is taken than arrives.
#[must_use]
pub(super) fn catch_up_s(outage_s: f64, arriving_per_s: f64, taken_per_s: f64) -> Option<f64> {
    let gained_per_s = taken_per_s - arriving_per_s;
    (gained_per_s > arriving_per_s * ROUNDING).then(|| outage_s * arriving_per_s / gained_per_s)
}

/// What must be taken in a second to be done with a backlog in time: the same formula, solved for it.
#[must_use]
pub(super) fn taken_to_catch_up_per_s(outage_s: f64, arriving_per_s: f64, within_s: f64) -> f64 {
    arriving_per_s * (1.0 + outage_s / within_s)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A queue by the tick: what arrives is added and what can be taken is taken, from the moment when reading begins again.
    fn simulated_s(outage_s: f64, arriving_per_s: f64, taken_per_s: f64, tick_s: f64) -> f64 {
        let (mut waiting, mut ticks) = (outage_s * arriving_per_s, 0_u32);
        while waiting > 0.0 {
            waiting += (arriving_per_s - taken_per_s) * tick_s;
            ticks += 1;
        }
        f64::from(ticks) * tick_s
    }

    #[test]
    fn a_whole_quotient_stays_whole() {
        assert_eq!(
            [0.0, 0.2, 3.0, 3.000_000_1, 0.3 / 0.1].map(|exact| Some(whole(exact))),
            [1.0, 1.0, 3.0, 4.0, 3.0].map(Some)
        );
    }

    #[test]
    fn nothing_is_caught_up_without_a_surplus() {
        assert_eq!(catch_up_s(3600.0, 100.0, 100.0), None);
        assert_eq!(catch_up_s(3600.0, 100.0, 99.0), None);
        assert_eq!(catch_up_s(3600.0, 100.0, 150.0), Some(7200.0));
    }

    proptest! {
        #[test]
        fn the_formula_is_what_a_queue_does(outage_s in 1.0..4000.0_f64, arriving in 0.1..1e5_f64, surplus in 0.05..4.0_f64) {
            let taken = arriving * (1.0 + surplus);
            let said = catch_up_s(outage_s, arriving, taken).unwrap();
            let tick_s = said / 1e4;
            let happened = simulated_s(outage_s, arriving, taken, tick_s);
            prop_assert!((happened - said).abs() <= 2.0 * tick_s, "{said} {happened}");
        }

        #[test]
        fn who_takes_enough_is_done_in_time(outage_s in 1.0..1e6_f64, arriving in 0.1..1e6_f64, within_s in 1.0..1e6_f64) {
            let taken = taken_to_catch_up_per_s(outage_s, arriving, within_s);
            let said = catch_up_s(outage_s, arriving, taken).unwrap();
            prop_assert!((said - within_s).abs() <= 1e-6 * within_s, "{said} {within_s}");
        }
    }
}
