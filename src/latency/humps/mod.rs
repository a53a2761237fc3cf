//! Two humps in a distribution of latencies: two kinds of events, of which no percentile between them speaks.

mod dip;
mod rows;

use std::time::Duration;

use dip::{Point, dip};
pub(crate) use rows::{CELLS_PER_DECADE, Column, LEAST_NS, edges};

use super::LatencyHistogram;

/// A dip that a thousand events of one hump exceed once in a hundred samples (the 99 % point of the test's table is 0.0196).
const LEAST_DIP: f64 = 0.02;
/// With fewer events a dip may be chance.
const LEAST_EVENTS: u64 = 1000;

/// Where the two humps are, and how many events are in each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Humps {
    /// How far the distribution is from one hump.
    pub(crate) dip: f64,
    /// Where they are highest, in milliseconds.
    pub(crate) tops_ms: [f64; 2],
    /// The second hump begins here, in nanoseconds.
    pub(crate) valley_ns: u64,
    /// How many events are in each.
    pub(crate) events: [u64; 2],
}

impl Humps {
    /// Looks for two humps in the logarithms of latencies.
    pub(crate) fn of(latencies: &LatencyHistogram) -> Option<Self> {
        Humps::find(latencies, &rows::rows_of(latencies))
    }

    /// The same, where the rows of a heat map of these latencies are there already.
    pub(crate) fn find(latencies: &LatencyHistogram, rows: &Column) -> Option<Self> {
        if latencies.count() < LEAST_EVENTS {
            return None;
        }
        let dip = dip(&points(latencies));
        let (tops, valley) = deepest(rows).filter(|_| dip >= LEAST_DIP)?;
        let first = rows.range(..=valley).map(|(_, events)| events).sum();
        let second = rows.range(valley + 1..).map(|(_, events)| events).sum();
        Some(Humps {
            dip,
            tops_ms: tops.map(rows::middle_ms),
            valley_ns: rows::end_ns(valley),
            events: [first, second],
        })
    }
}

/// The distribution over the logarithm; within a bucket of the histogram it rises evenly.
fn points(latencies: &LatencyHistogram) -> Vec<Point> {
    let nanos = latencies.nanos();
    let x = |ns: u64| Duration::from_nanos(ns.max(1)).as_secs_f64().ln();
    let mut points: Vec<Point> = Vec::new();
    let mut push = |x: f64, share: f64| {
        if points.last().is_none_or(|last| last.x < x) {
            points.push(Point { x, before: share, upto: share });
        }
    };
    let mut before = 0.0;
    for step in nanos.iter_recorded() {
        let ns = step.value_iterated_to();
        push(x(nanos.lowest_equivalent(ns)), before);
        before = step.quantile();
        push(x(nanos.next_non_equivalent(ns)), before);
    }
    points
}

/// The two rows with the deepest valley between them, and the valley.
fn deepest(rows: &Column) -> Option<([usize; 2], usize)> {
    let (first, last) = (*rows.keys().next()?, *rows.keys().next_back()?);
    let events = |row: usize| rows.get(&row).copied().unwrap_or(0);
    let valley = |from: usize, to: usize| (from + 1..to).min_by_key(|row| events(*row));
    let pairs = (first..=last).flat_map(|from| (from + 2..=last).map(move |to| (from, to)));
    let depth = |(from, to): (usize, usize)| {
        let valley = valley(from, to)?;
        let depth = events(from).min(events(to)).checked_sub(events(valley)).filter(|depth| *depth > 0)?;
        // Of pairs with an equally deep valley, the one with the highest tops.
        Some(((depth, events(from) + events(to)), [from, to], valley))
    };
    pairs.filter_map(depth).max_by_key(|(depth, ..)| *depth).map(|(_, tops, valley)| (tops, valley))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(groups: &[(u32, i64)]) -> Option<Humps> {
        let mut latencies = LatencyHistogram::default();
        for (count, middle_ns) in groups {
            // Even on the logarithm, from a third below to a half above.
            for at in 0..*count {
                let factor = 0.66 * 2.25_f64.powf(f64::from(at) / f64::from(*count));
                let ns = Duration::from_nanos(middle_ns.unsigned_abs()).mul_f64(factor).as_nanos();
                latencies.record(i64::try_from(ns).unwrap());
            }
        }
        Humps::of(&latencies)
    }

    #[test]
    fn two_kinds_of_events_are_two_humps_with_their_shares() {
        let humps = found(&[(3000, 5_000_000), (1000, 2_000_000_000)]).unwrap();
        assert_eq!(humps.events, [3000, 1000]);
        assert!(humps.dip > 0.1, "{}", humps.dip);
        assert!((2.0..8.0).contains(&humps.tops_ms[0]) && (1300.0..3000.0).contains(&humps.tops_ms[1]), "{humps:?}");
        assert!((7_500_000..1_320_000_000).contains(&humps.valley_ns), "{humps:?}");
    }

    #[test]
    fn one_kind_of_events_a_few_stragglers_and_too_few_events_are_no_two_humps() {
        assert_eq!(found(&[(4000, 5_000_000)]), None);
        assert_eq!(found(&[(4000, 5_000_000), (40, 2_000_000_000)]), None);
        assert_eq!(found(&[(300, 5_000_000), (300, 2_000_000_000)]), None);
        assert_eq!(found(&[]), None);
    }
}
