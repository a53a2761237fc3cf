//! A hop's latencies over time: percentiles and a heat map by the second, and their distribution over the run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::thin::{start_of, width_for};
use crate::latency::LatencyHistogram;
use crate::latency::humps::Humps;
pub(super) use crate::latency::humps::{CELLS_PER_DECADE, Column, LEAST_NS, edges};
use crate::results::hlog::Decoded;

/// The most columns of a heat map: about one for each two pixels.
const MOST_COLUMNS: u64 = 600;
/// Points of a percentile curve for a tenth of the events that are left.
const POINTS_PER_NINE: u32 = 10;
/// The most nines of a percentile curve.
const MOST_NINES: u32 = 12;

/// Latencies within a few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Percentiles {
    /// How many were measured.
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// The p99 of the worst of these seconds: among the events of a minute, one bad second may be too few for the p99.
    pub(super) worst_p99_ms: f64,
}

impl Percentiles {
    fn of(latencies: &Spread, worst_p99_ns: u64) -> Self {
        let [p50_ms, p90_ms, p99_ms, max_ms] = latencies.at([500, 900, 990, 1000]);
        Percentiles { count: latencies.count, p50_ms, p90_ms, p99_ms, max_ms, worst_p99_ms: ms(worst_p99_ns) }
    }
}

/// What a log says about a hop.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct HopFigures {
    /// By the second at which each point begins.
    pub(super) points: BTreeMap<u64, Percentiles>,
    /// The seconds that a column of the heat map stands for.
    pub(super) column_s: u64,
    /// By the second at which each column begins.
    pub(super) columns: BTreeMap<u64, Column>,
    /// How many nines (1 is 90 %, 2 is 99 %), and the latency that so many events do not exceed, in milliseconds.
    pub(super) curve: Vec<(f64, f64)>,
    /// Whether there are two kinds of events.
    pub(super) humps: Option<Humps>,
}

impl HopFigures {
    /// Reads a log's intervals, which come in the order of time.
    ///
    /// # Errors
    /// What is wrong with an interval.
    pub(super) fn read(
        intervals: impl Iterator<Item = Result<Decoded, String>>,
        seconds: u64,
        width_s: u64,
    ) -> Result<Self, String> {
        // Where many streams share a page, there is no more room for columns than for points.
        let column_s = width_for(seconds, MOST_COLUMNS).max(width_s);
        let mut reading = Reading {
            edges: edges(),
            width_s,
            figures: HopFigures { column_s, ..HopFigures::default() },
            ..Reading::default()
        };
        for interval in intervals {
            reading.take(&interval?)?;
        }
        Ok(reading.end())
    }
}

/// A log that is being read.
#[derive(Default)]
struct Reading {
    edges: Vec<u64>,
    width_s: u64,
    figures: HopFigures,
    start: u64,
    open: Spread,
    /// The longest p99 of the seconds in `open`.
    worst_p99_ns: u64,
    whole: LatencyHistogram,
}

impl Reading {
    fn take(&mut self, interval: &Decoded) -> Result<(), String> {
        let second = interval.start.as_secs();
        let start = start_of(second, self.width_s);
        if start < self.start {
            return Err(format!("second {second} comes after a later one"));
        }
        if start > self.start {
            self.close();
            self.start = start;
        }
        let column = self.figures.columns.entry(start_of(second, self.figures.column_s)).or_default();
        let (mut seen, below_p99) = (0, rank(interval.nanos.len(), 990));
        for step in interval.nanos.iter_recorded() {
            let (ns, count) = (step.value_iterated_to(), step.count_at_value());
            *column.entry(self.edges.partition_point(|edge| *edge <= ns)).or_default() += count;
            self.open.add(ns, count);
            if seen < below_p99 {
                self.worst_p99_ns = self.worst_p99_ns.max(ns);
            }
            seen += count;
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.open.count > 0 {
            self.figures.points.insert(self.start, Percentiles::of(&self.open, std::mem::take(&mut self.worst_p99_ns)));
            let open = std::mem::take(&mut self.open);
            for (ns, count) in open.counts {
                self.whole.record_times(i64::try_from(ns).unwrap_or(i64::MAX), count);
            }
        }
    }

    fn end(mut self) -> HopFigures {
        self.close();
        self.figures.curve = curve(&self.whole);
        let mut rows = Column::new();
        self.figures.columns.values().flatten().for_each(|(row, count)| *rows.entry(*row).or_default() += count);
        self.figures.humps = Humps::find(&self.whole, &rows);
        self.figures
    }
}

/// The latency at each share of the events, as far as there are events to tell: the last point is the longest latency.
fn curve(latencies: &LatencyHistogram) -> Vec<(f64, f64)> {
    let mut curve = Vec::new();
    for point in 0..=MOST_NINES * POINTS_PER_NINE {
        let nines = f64::from(point) / f64::from(POINTS_PER_NINE);
        let ms = latencies.quantile_ms(1.0 - 10_f64.powf(-nines));
        curve.push((nines, ms));
        if ms >= latencies.quantile_ms(1.0) {
            break;
        }
    }
    if latencies.count() > 0 { curve } else { Vec::new() }
}

/// How many latencies there are of each length, in nanoseconds, to a histogram's precision.
#[derive(Debug, Default)]
struct Spread {
    counts: BTreeMap<u64, u64>,
    count: u64,
}

impl Spread {
    fn add(&mut self, ns: u64, count: u64) {
        *self.counts.entry(ns).or_default() += count;
        self.count += count;
    }

    /// The latencies that these shares of the events, in thousandths and rising, do not exceed, in milliseconds.
    fn at<const N: usize>(&self, thousandths: [u64; N]) -> [f64; N] {
        let mut steps = self.counts.iter();
        let (mut seen, mut latest_ns) = (0, 0);
        thousandths.map(|share| {
            let wanted = rank(self.count, share);
            while seen < wanted {
                let Some((ns, count)) = steps.next() else { break };
                (seen, latest_ns) = (seen + count, *ns);
            }
            ms(latest_ns)
        })
    }
}

/// How many events a share in thousandths stands for.
fn rank(count: u64, thousandths: u64) -> u64 {
    count.saturating_mul(thousandths).div_ceil(1000)
}

fn ms(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::hlog::Interval;
    use proptest::prelude::*;

    fn interval(second: u64, latencies_ns: &[i64]) -> Interval {
        let mut latencies = LatencyHistogram::default();
        latencies_ns.iter().for_each(|latency| latencies.record(*latency));
        Interval { start: Duration::from_secs(second), length: Duration::from_secs(1), latencies }
    }

    fn read(seconds: &[Vec<i64>], width_s: u64) -> HopFigures {
        let intervals = (0..).zip(seconds).filter(|(_, latencies)| !latencies.is_empty());
        HopFigures::read(intervals.map(|(second, latencies)| Ok(interval(second, latencies).into())), 90, width_s)
            .unwrap()
    }

    proptest! {
        // Each case makes dozens of histograms of 300 kB.
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn thinning_conserves_latencies_and_their_maxima(
            seconds in prop::collection::vec(prop::collection::vec(-5..100_000_000_000_i64, 0..12), 1..40), width_s in 1..30_u64,
        ) {
            let figures = read(&seconds, width_s);
            let all = interval(0, &seconds.concat()).latencies;
            let counts: u64 = figures.points.values().map(|point| point.count).sum();
            let cells: u64 = figures.columns.values().flat_map(|column| column.values()).sum();
            prop_assert_eq!((counts, cells), (all.count(), all.count()));
            let most = figures.points.values().map(|point| point.max_ms).fold(0.0, f64::max);
            prop_assert!((most - all.quantile_ms(1.0)).abs() <= most * 1e-9, "{most}");
            let p99_of = |latencies: &Vec<i64>| interval(0, latencies).latencies.quantile_ms(0.99);
            let worst = seconds.iter().map(p99_of).fold(0.0, f64::max);
            let kept = figures.points.values().map(|point| point.worst_p99_ms).fold(0.0, f64::max);
            prop_assert!((worst - kept).abs() <= worst * 1e-9, "{worst} {kept}");
            let middle = read(&seconds, 1000).points.get(&0).map_or(0.0, |point| point.p50_ms);
            prop_assert!((middle - all.quantile_ms(0.5)).abs() <= middle * 1e-9, "{middle}");
            let longest = figures.curve.last().map_or(0.0, |(_, ms)| *ms);
            prop_assert!((most - longest).abs() <= most * 1e-9, "{most} {longest}");
            prop_assert!(figures.curve.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1), "{:?}", figures.curve);
        }
    }

    #[test]
    fn a_point_of_several_seconds_has_the_percentile_of_all_its_events_and_not_a_mean_of_percentiles() {
        let calm: Vec<i64> = vec![1_000_000; 99];
        let figures = read(&[calm.clone(), calm, vec![900_000_000; 2]], 3);
        let point = figures.points[&0];
        assert_eq!((point.count, point.p50_ms < 1.1, point.max_ms > 899.0), (200, true, true));
        assert!(point.p99_ms < 1.1 && point.p90_ms < 1.1, "2 of 200 events are beyond p99: {point:?}");
        assert!(point.worst_p99_ms > 899.0, "and the second in which they were is not forgotten: {point:?}");
    }

    #[test]
    fn a_heat_maps_rows_are_tenths_of_a_decade_from_a_microsecond_on() {
        let edges = edges();
        assert_eq!([edges[0], edges[10], edges[30], edges[60]], [1000, 10_000, 1_000_000, 1_000_000_000]);
        let figures = read(&[vec![0, 999, 1_000_000, 1_000_000]], 1);
        let rows: Vec<_> = figures.columns[&0].iter().map(|(row, count)| (*row, *count)).collect();
        assert_eq!(rows, [(0, 2), (31, 2)]);
    }

    #[test]
    fn a_log_that_goes_back_in_time_is_damaged() {
        let back = [Ok(interval(7, &[1]).into()), Ok(interval(3, &[1]).into())];
        let told = HopFigures::read(back.into_iter(), 10, 1).unwrap_err();
        assert_eq!(told, "second 3 comes after a later one");
    }
}
