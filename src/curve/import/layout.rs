//! How a series is laid out, and how many buckets a curve may have.

use super::{ImportError, Options, Stamps, Values, series::Rows};
use crate::curve::moment_text;
use crate::units::Span;

/// The most buckets of a curve: a year in seconds, and a few more.
const MOST_BUCKETS: i64 = 40_000_000;
/// A curve may have this many buckets, however few its rows,
const FREE_BUCKETS: i64 = 1_000_000;
/// and this many more for each of its rows: otherwise a few bytes would fill the memory.
const BUCKETS_PER_ROW: i64 = 100;

/// How a series is to be read.
#[derive(Debug)]
pub(super) struct Layout<'o> {
    pub(super) values: Values,
    pub(super) stamps: Stamps,
    /// Whether the format guarantees an order.
    pub(super) ordered: bool,
    pub(super) rows: Rows,
    /// Whether the timestamps were local times.
    pub(super) local: bool,
    pub(super) options: &'o Options,
}

/// How many buckets there are, if a curve may have that many.
pub(super) fn bounded(start_ms: i64, step_ms: i64, buckets: i64, rows: usize) -> Result<usize, ImportError> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let most = FREE_BUCKETS.saturating_add(rows.saturating_mul(BUCKETS_PER_ROW)).min(MOST_BUCKETS);
    let too_many = || ImportError::TooMany {
        first: moment_text(start_ms),
        last: moment_text(start_ms.saturating_add(step_ms.saturating_mul(buckets - 1))),
        step: span(step_ms),
        buckets: buckets.unsigned_abs(),
        most: most.unsigned_abs(),
    };
    usize::try_from(buckets).ok().filter(|_| buckets <= most).ok_or_else(too_many)
}

/// A length in milliseconds, without its sign.
pub(super) fn span(ms: i64) -> Span {
    Span::from_millis(ms.unsigned_abs())
}
