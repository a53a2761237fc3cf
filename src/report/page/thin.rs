//! Seconds put together, so that a day fits on a screen: counts are added, levels keep their highest, nothing is left out.

use std::collections::BTreeMap;

use crate::mergeable::Merge;
use crate::results::TimelineRow;

/// The most points that a chart shows.
const MOST_POINTS: u64 = 1500;
/// The least points, however many streams share a page.
const LEAST_POINTS: u64 = 150;
/// The points of all stages together that a page has room for.
const POINTS_OF_A_PAGE: u64 = 15_000;
/// Widths that a person divides by: seconds, minutes, hours.
const WIDTHS_S: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/// How many seconds a point of a chart stands for, in a run of so many seconds that was observed in so many places.
#[must_use]
pub(super) fn width_s(seconds: u64, places: u64) -> u64 {
    width_for(seconds, (POINTS_OF_A_PAGE / places.max(1)).clamp(LEAST_POINTS, MOST_POINTS))
}

/// The least width with which so many points are enough.
#[must_use]
pub(super) fn width_for(seconds: u64, most_points: u64) -> u64 {
    let least = seconds.div_ceil(most_points.max(1)).max(1);
    let longest = WIDTHS_S[WIDTHS_S.len() - 1];
    WIDTHS_S.into_iter().find(|width| *width >= least).unwrap_or_else(|| least.div_ceil(longest) * longest)
}

/// What happened at a stage within a few seconds. Counts are sums; levels are the highest of these seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bin {
    /// How many seconds it holds.
    pub(super) seconds: f64,
    /// Sends that were due.
    pub(super) offered: f64,
    /// Sends that were handed to the client.
    pub(super) sent: f64,
    /// Sends that were acknowledged.
    pub(super) acked: f64,
    /// Events that were seen for the first time.
    pub(super) delivered: f64,
    /// Sends that the client gave up on.
    pub(super) failed: u64,
    /// Events that the generator dropped.
    pub(super) dropped: u64,
    /// The most sends without an acknowledgement.
    pub(super) unacked: u64,
    /// The most messages that were acknowledged and not seen.
    pub(super) unseen: u64,
}

impl Bin {
    fn of_second(row: &TimelineRow) -> Self {
        Bin {
            seconds: 1.0,
            offered: row.offered_per_s,
            sent: row.sent_per_s,
            acked: row.acked_per_s,
            delivered: row.delivered_per_s,
            failed: row.failed,
            dropped: row.dropped,
            unacked: row.outstanding,
            unseen: u64::try_from(row.lag_events).unwrap_or(0),
        }
    }
}

impl Merge for Bin {
    fn merge(&mut self, other: Self) {
        let Bin { seconds, offered, sent, acked, delivered, failed, dropped, unacked, unseen } = other;
        self.seconds += seconds;
        self.offered += offered;
        self.sent += sent;
        self.acked += acked;
        self.delivered += delivered;
        self.failed = self.failed.saturating_add(failed);
        self.dropped = self.dropped.saturating_add(dropped);
        self.unacked = self.unacked.max(unacked);
        self.unseen = self.unseen.max(unseen);
    }
}

/// A stage's bins, by the second at which each begins.
pub(super) type Bins = BTreeMap<u64, Bin>;

/// Puts a second where it belongs.
pub(super) fn add_row(bins: &mut Bins, row: &TimelineRow, width_s: u64) {
    bins.entry(start_of(row.second, width_s)).or_default().merge(Bin::of_second(row));
}

/// The second at which the bin begins that holds a second.
#[must_use]
pub(super) fn start_of(second: u64, width_s: u64) -> u64 {
    second - second % width_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Vec<TimelineRow>> {
        let row = (0..100_000_u32, 0..100_000_u32, 0..50_u64, 0..1_000_000_u64, -50..1_000_000_i64);
        prop::collection::vec(row, 1..400).prop_map(|rows| {
            let row = |(second, (offered, delivered, failed, outstanding, lag_events))| TimelineRow {
                second,
                offered_per_s: f64::from(offered),
                sent_per_s: f64::from(offered / 2),
                acked_per_s: f64::from(offered / 3),
                delivered_per_s: f64::from(delivered),
                failed,
                dropped: failed * 2,
                outstanding,
                lag_events,
                ..TimelineRow::default()
            };
            (0..).zip(rows).map(row).collect()
        })
    }

    fn thinned(rows: &[TimelineRow], width_s: u64) -> Bins {
        let mut bins = Bins::new();
        rows.iter().for_each(|row| add_row(&mut bins, row, width_s));
        bins
    }

    /// Everything in one bin.
    fn whole(bins: &Bins) -> Bin {
        let mut whole = Bin::default();
        bins.values().for_each(|bin| whole.merge(bin.clone()));
        whole
    }

    proptest! {
        #[test]
        fn thinning_conserves_counts_and_maxima(rows in rows(), width_s in 1..5000_u64) {
            let bins = thinned(&rows, width_s);
            let sum = |of: fn(&TimelineRow) -> f64| rows.iter().map(of).sum::<f64>();
            let (failed, dropped) = (rows.iter().map(|row| row.failed).sum(), rows.iter().map(|row| row.dropped).sum());
            let expected = Bin {
                seconds: sum(|_| 1.0),
                offered: sum(|row| row.offered_per_s),
                sent: sum(|row| row.sent_per_s),
                acked: sum(|row| row.acked_per_s),
                delivered: sum(|row| row.delivered_per_s),
                failed,
                dropped,
                unacked: rows.iter().map(|row| row.outstanding).max().unwrap(),
                unseen: rows.iter().map(|row| row.lag_events.max(0).unsigned_abs()).max().unwrap(),
            };
            prop_assert_eq!(whole(&bins), expected);
            prop_assert!(bins.iter().all(|(start, bin)| start % width_s == 0 && bin.seconds <= Bin::of_second(&rows[0]).seconds * 5000.0));
        }

        #[test]
        fn no_chart_has_more_points_than_it_has_room_for(seconds in 0..100_000_000_u64, places in 0..300_u64) {
            let width_s = width_s(seconds, places);
            let points = seconds.div_ceil(width_s);
            prop_assert!(points <= MOST_POINTS && (places <= 100 || points <= LEAST_POINTS), "{points} points of {width_s} s");
            prop_assert!(width_s == 1 || points * 5 >= LEAST_POINTS, "{points} points of {width_s} s are too few");
        }
    }

    #[test]
    fn a_point_of_a_day_is_a_minute_and_a_short_run_is_shown_second_by_second() {
        assert_eq!([width_s(86_400, 5), width_s(1500, 1), width_s(0, 0), width_s(3600, 200)], [60, 1, 1, 30]);
    }
}
