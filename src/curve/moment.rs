//! Moments of a curve as text.

use jiff::Timestamp;

/// A moment (milliseconds since 1970) in RFC 3339, UTC, with a fraction only if there
/// is one. One outside the calendar is written in milliseconds.
#[must_use]
pub fn moment_text(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms).map_or_else(|_| format!("{unix_ms} ms"), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_a_fraction_only_where_there_is_one() {
        assert_eq!(moment_text(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(moment_text(1_700_000_000_500), "2023-11-14T22:13:20.5Z");
        assert_eq!(moment_text(i64::MAX), "9223372036854775807 ms");
    }
}
