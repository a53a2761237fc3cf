//! Event times that are not in milliseconds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Plausible years in milliseconds are numbers of this size; seconds, microseconds and nanoseconds of the same years are far from it.
const SECONDS: std::ops::Range<i64> = 1_000_000_000..10_000_000_000;
const MICROSECONDS: std::ops::Range<i64> = 1_000_000_000_000_000..10_000_000_000_000_000;
const NANOSECONDS: std::ops::Range<i64> = 1_000_000_000_000_000_000..i64::MAX;

/// The unit that an event time seems to be in, instead of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitDoubt {
    /// 1,760,000,000
    Seconds,
    /// 1,760,000,000,000,000
    Microseconds,
    /// 1,760,000,000,000,000,000
    Nanoseconds,
}

impl fmt::Display for UnitDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnitDoubt::Seconds => "seconds",
            UnitDoubt::Microseconds => "microseconds",
            UnitDoubt::Nanoseconds => "nanoseconds",
        })
    }
}

/// Whether a number that should be milliseconds since 1970 looks like another unit: the years 2001 to 2286 in it.
#[must_use]
pub(crate) fn unit_doubt(event_time_ms: i64) -> Option<UnitDoubt> {
    match event_time_ms {
        time if SECONDS.contains(&time) => Some(UnitDoubt::Seconds),
        time if MICROSECONDS.contains(&time) => Some(UnitDoubt::Microseconds),
        time if NANOSECONDS.contains(&time) => Some(UnitDoubt::Nanoseconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_not_taken_for_milliseconds() {
        assert_eq!(unit_doubt(1_760_000_000), Some(UnitDoubt::Seconds));
        assert_eq!(unit_doubt(1_760_000_000_000_000), Some(UnitDoubt::Microseconds));
        assert_eq!(unit_doubt(1_760_000_000_000_000_000), Some(UnitDoubt::Nanoseconds));
        for fine in [0, -5, 9_999, 1_760_000_000_000, i64::MIN, i64::MAX] {
            assert_eq!(unit_doubt(fine), None, "{fine}");
        }
    }
}
