//! Numbers for people: thousands separators, three significant digits, units that fit.
//!
//! One style on every screen: a count is `1,234`, a range `0 to 864`, a length of time `5 s`, `2m 20s` or `3.4 days`. Settings are shown as
//! in a profile: `5s`, `200k/s`.

/// A count with thousands separators: `1,234,567`.
#[must_use]
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that may have fractions, as of events that were made from rates: to the next whole one.
#[must_use]
pub(crate) fn rounded(number: f64) -> String {
    if number < 1e15 { count(number.round() as u64) } else { format!("{number:e}") }
}

/// A count with its sign.
#[must_use]
pub(crate) fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// The bounds of a count: `0 to 864`, or a single number.
#[must_use]
pub(crate) fn range(least: u64, most: u64) -> String {
    if least == most { count(least) } else { format!("{} to {}", count(least), count(most)) }
}

/// A rate: `199,998/s`, `12.5/s`; one below 0.01/s per minute, hour or day: `18/h`.
#[must_use]
pub(crate) fn rate(per_s: f64) -> String {
    if let Some(text) = small_rate(per_s) {
        return text;
    }
    if per_s >= 100.0 { format!("{}/s", count(per_s.round() as u64)) } else { format!("{}/s", three_digits(per_s)) }
}

/// A rate in little space: `200k/s`, `1.5M/s`.
#[must_use]
pub(crate) fn short_rate(per_s: f64) -> String {
    if let Some(text) = small_rate(per_s) {
        return text;
    }
    let (value, letter) = match per_s {
        big if big >= 999_500.0 => (big / 1e6, "M"),
        big if big >= 999.5 => (big / 1e3, "k"),
        small => (small, ""),
    };
    format!("{}{letter}/s", three_digits(value))
}

/// A rate close to 0 per second, in the first unit in which it is 1 or more.
fn small_rate(per_s: f64) -> Option<String> {
    if per_s <= 0.0 || per_s >= 0.01 || per_s.is_nan() {
        return None;
    }
    let units = [("min", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let (unit, length_s) = units.into_iter().find(|(_, length_s)| per_s * length_s >= 0.9995).unwrap_or(units[2]);
    let number = per_s * length_s;
    let text = if number >= 0.01 { three_digits(number) } else { format!("{number:.1e}") };
    Some(format!("{text}/{unit}"))
}

/// Milliseconds in the unit that fits: `850 ns`, `412 µs`, `12.3 ms`, `1.80 s`.
#[must_use]
pub(crate) fn latency(ms: f64) -> String {
    let (value, unit) = match ms.abs() {
        long if long >= 999.5 => (ms / 1e3, "s"),
        medium if medium >= 0.9995 => (ms, "ms"),
        short if short >= 0.000_999_5 => (ms * 1e3, "µs"),
        none if none < 1e-9 => return "0".to_owned(),
        _ => (ms * 1e6, "ns"),
    };
    format!("{} {unit}", three_digits(value))
}

/// Milliseconds, or a dash when nothing was measured.
#[must_use]
pub(crate) fn latency_or_dash(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), latency)
}

/// Bytes in decimal units: `30.7 MB`.
#[must_use]
pub(crate) fn bytes(number: u64) -> String {
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1e3;
    let mut unit = "kB";
    for larger in ["MB", "GB", "TB", "PB", "EB"] {
        if value < 999.5 {
            break;
        }
        value /= 1e3;
        unit = larger;
    }
    format!("{} {unit}", three_digits(value))
}

/// Seconds: `4.2 s`, `1m 30s`, `2h 05m`, `3.4 days`, `6.9 years`.
#[must_use]
pub(crate) fn seconds(secs: f64) -> String {
    const DAY_S: u64 = 86_400;
    const YEAR_S: f64 = 365.25 * 86_400.0;
    let whole = secs.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{} s", tenths(secs)),
        60..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        3600..=172_800 => format!("{}h {:02}m", whole / 3600, whole / 60 % 60),
        days if days < 730 * DAY_S => format!("{} days", tenths(secs / DAY_S as f64)),
        _ => format!("{} years", tenths(secs / YEAR_S)),
    }
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// An approximate length: `250 ms`, and from a second on as [`seconds`].
#[must_use]
pub(crate) fn length(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { seconds(ms as f64 / 1e3) }
}

/// A length to the millisecond, to be copied into a setting: `250 ms`, `51.733 s`, `140 s`, `12m 20.5s`. Up to ten minutes it is in
/// seconds, so that a column of them can be compared.
#[must_use]
pub(crate) fn exact_length(ms: u64) -> String {
    let rest_s = (ms % 60_000) as f64 / 1e3;
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..600_000 => format!("{} s", ms as f64 / 1e3),
        600_000..3_600_000 => format!("{}m {rest_s}s", ms / 60_000),
        _ => format!("{}h {}m {rest_s}s", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// Seconds as on a clock, in whole ones: `0:07`, `12:30`, `1:00:00`.
#[must_use]
pub(crate) fn stopwatch(secs: f64) -> String {
    let whole = secs.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A share of a whole, cut (never rounded up) to two decimals: only all of it is `100 %`.
#[must_use]
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    if part == whole || part == 0 {
        return if part == 0 { "0 %" } else { "100 %" }.to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    if hundredths == 0 {
        return "< 0.01 %".to_owned();
    }
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Three significant digits, without an exponent.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        big if big >= 99.95 => 0,
        medium if medium >= 9.995 => 1,
        small if small >= 0.0005 => 2,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') && text.ends_with('0') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_separators_and_units_that_fit() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567), signed(-12_345)],
            ["0", "999", "1,000", "1,234,567", "-12,345"]
        );
        assert_eq!([rate(199_998.4), rate(12.5), rate(0.0)], ["199,998/s", "12.5/s", "0/s"]);
        assert_eq!([0.01, 0.005, 0.000_3, 2.0 / 86_400.0].map(rate), ["0.01/s", "18/h", "1.08/h", "2/d"]);
        assert_eq!([short_rate(0.005), rate(1e-9)], ["18/h", "8.6e-5/d"]);
        assert_eq!(
            [0.0, 950.0, 1000.0, 200_000.0, 1.5e6, 999_999.0].map(short_rate),
            ["0/s", "950/s", "1k/s", "200k/s", "1.5M/s", "1M/s"]
        );
        assert_eq!(
            [0.0, 0.0005, 0.4123, 0.9999, 12.34, 999.9, 1800.0, -40_000.0].map(latency),
            ["0", "500 ns", "412 µs", "1 ms", "12.3 ms", "1 s", "1.8 s", "-40 s"]
        );
        assert_eq!([0, 999, 1000, 30_720_000, 999_999_999].map(bytes), ["0 B", "999 B", "1 kB", "30.7 MB", "1 GB"]);
        assert_eq!([4.25, 60.0, 90.0, 7500.0].map(seconds), ["4.3 s", "1m 00s", "1m 30s", "2h 05m"]);
        assert_eq!([180_000.0, 293_760.0, 2.178e8].map(seconds), ["2.1 days", "3.4 days", "6.9 years"]);
        assert_eq!([250, 20_040, 140_000, 9_000_000].map(length), ["250 ms", "20 s", "2m 20s", "2h 30m"]);
        assert_eq!(
            [0, 250, 5000, 51_733, 140_500, 740_500, 3_725_000].map(exact_length),
            ["0 ms", "250 ms", "5 s", "51.733 s", "140.5 s", "12m 20.5s", "1h 2m 5s"]
        );
        assert_eq!([range(0, 864), range(7, 7), range(999, 1000)], ["0 to 864", "7", "999 to 1,000"]);
        assert_eq!([7.9, 750.0, 3600.0].map(stopwatch), ["0:07", "12:30", "1:00:00"]);
    }

    #[test]
    fn a_share_never_rounds_a_loss_away() {
        assert_eq!(share(1_000_000_000, 1_000_000_000), "100 %");
        assert_eq!(share(999_999_999, 1_000_000_000), "99.99 %");
        assert_eq!(share(1, 1_000_000_000), "< 0.01 %");
        assert_eq!(share(0, 10), "0 %");
        assert_eq!(share(0, 0), "");
    }
}
