//! Moments in a form for people and tools.

use jiff::Timestamp;

/// A moment (nanoseconds since 1970) in RFC 3339, UTC, to the millisecond.
#[must_use]
pub(crate) fn rfc3339(unix_ns: u64) -> String {
    // u64 nanoseconds end in the year 2554, well inside jiff's range.
    let moment = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}

/// Now, by the wall clock, in the same form.
#[must_use]
pub(crate) fn now_rfc3339() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_to_the_millisecond() {
        assert_eq!(rfc3339(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert!(rfc3339(u64::MAX).starts_with("2554-"));
    }
}
