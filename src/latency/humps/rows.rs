//! Latencies by rows of equal height on the logarithm: those of a heat map.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::latency::LatencyHistogram;

/// Cells of a heat map for a tenfold latency.
pub(crate) const CELLS_PER_DECADE: u32 = 10;
/// The least latency that a heat map tells apart: what is shorter stands in its lowest row.
pub(crate) const LEAST_NS: u64 = 1000;
/// From a microsecond to more than a day.
const CELLS: u32 = 11 * CELLS_PER_DECADE + 1;

/// How many events of a column are in each row of a heat map.
pub(crate) type Column = BTreeMap<usize, u64>;

/// Where the rows of a heat map end, in nanoseconds.
pub(crate) fn edges() -> Vec<u64> {
    (0..CELLS).map(edge_ns).collect()
}

fn edge_ns(row: u32) -> u64 {
    let edge = Duration::from_nanos(LEAST_NS).mul_f64(10_f64.powf(f64::from(row) / f64::from(CELLS_PER_DECADE)));
    u64::try_from(edge.as_nanos()).unwrap_or(u64::MAX)
}

/// Where a row ends, in nanoseconds.
pub(super) fn end_ns(row: usize) -> u64 {
    u32::try_from(row).ok().filter(|row| *row < CELLS).map_or(u64::MAX, edge_ns)
}

/// The middle of a row, in milliseconds.
pub(super) fn middle_ms(row: usize) -> f64 {
    let row = u32::try_from(row).unwrap_or(CELLS);
    Duration::from_nanos(LEAST_NS).as_secs_f64()
        * 1e3
        * 10_f64.powf((f64::from(row) - 0.5) / f64::from(CELLS_PER_DECADE))
}

/// How many latencies are in each row.
pub(super) fn rows_of(latencies: &LatencyHistogram) -> Column {
    let edges = edges();
    let mut rows = Column::new();
    for (ns, count) in latencies.recorded() {
        *rows.entry(edges.partition_point(|edge| *edge <= ns)).or_default() += count;
    }
    rows
}
