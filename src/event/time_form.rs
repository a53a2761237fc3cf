//! How messages write their event times: numbers in four units, RFC 3339 and similar forms, or a pattern of the user's. Pure.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Times from 2000 to 2100 are plausible, in seconds since 1970. In the four units these ranges do not overlap.
const PLAUSIBLE_S: std::ops::Range<i128> = 946_684_800..4_102_444_800;

/// What a number counts since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl Unit {
    const ALL: [Unit; 4] = [Unit::S, Unit::Ms, Unit::Us, Unit::Ns];

    /// How many there are in a second.
    fn per_second(self) -> i128 {
        match self {
            Unit::S => 1,
            Unit::Ms => 1_000,
            Unit::Us => 1_000_000,
            Unit::Ns => 1_000_000_000,
        }
    }

    /// The unit in which a whole number is a moment between 2000 and 2100.
    fn plausible(number: i128) -> Option<Self> {
        Unit::ALL.into_iter().find(|unit| PLAUSIBLE_S.contains(&number.div_euclid(unit.per_second())))
    }

    /// In whole microseconds, rounded down.
    fn in_us(self, number: i128) -> Option<i128> {
        Some(number.checked_mul(1_000_000)?.div_euclid(self.per_second()))
    }
}

/// How event times are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TimeForm {
    /// Each by its form: a number by its size (one that is not between 2000 and 2100 in
    /// any unit is taken as milliseconds), a text by its form.
    #[default]
    Recognised,
    /// A number, or a text of digits.
    Number(Unit),
    /// RFC 3339 and similar: a space for the T, no zone (UTC), `+0000`, a comma before the fraction, `[Europe/Berlin]` at the end.
    Rfc3339,
    /// A text of this pattern, in the letters of strptime. Without a zone it is UTC.
    Pattern(String),
}

/// A form that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time format: write s, ms, us, ns, rfc3339, or a pattern like `%d.%m.%Y %H:%M:%S`")]
pub struct TimeFormError(String);

impl FromStr for TimeForm {
    type Err = TimeFormError;

    fn from_str(text: &str) -> Result<Self, TimeFormError> {
        Ok(match text {
            "s" => TimeForm::Number(Unit::S),
            "ms" => TimeForm::Number(Unit::Ms),
            "us" | "µs" => TimeForm::Number(Unit::Us),
            "ns" => TimeForm::Number(Unit::Ns),
            "rfc3339" => TimeForm::Rfc3339,
            pattern if pattern.contains('%') => TimeForm::Pattern(pattern.to_owned()),
            _ => return Err(TimeFormError(text.chars().take(40).collect())),
        })
    }
}

impl fmt::Display for TimeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeForm::Recognised => "recognised for each",
            TimeForm::Number(Unit::S) => "epoch seconds",
            TimeForm::Number(Unit::Ms) => "epoch milliseconds",
            TimeForm::Number(Unit::Us) => "epoch microseconds",
            TimeForm::Number(Unit::Ns) => "epoch nanoseconds",
            TimeForm::Rfc3339 => "RFC 3339",
            TimeForm::Pattern(pattern) => pattern,
        })
    }
}

impl TimeForm {
    /// The time in a JSON value, in milliseconds since 1970, rounded down, as engines do.
    #[must_use]
    pub fn of_json(&self, value: &Value) -> Option<i64> {
        in_ms(self.us_of_json(value)?)
    }

    /// The time in a text, in milliseconds since 1970, rounded down, as engines do.
    #[must_use]
    pub fn of_text(&self, text: &str) -> Option<i64> {
        in_ms(self.us_of_text(text)?)
    }

    /// The time in a header, in milliseconds since 1970, rounded down: a text, or a number of 8 bytes, big-endian. (8 bytes that are all digits
    /// would be a date some 100,000 years ahead.)
    #[must_use]
    pub fn of_bytes(&self, bytes: &[u8]) -> Option<i64> {
        in_ms(self.us_of_bytes(bytes)?)
    }

    /// The time in a JSON value, in microseconds since 1970.
    pub(crate) fn us_of_json(&self, value: &Value) -> Option<i128> {
        match value {
            Value::String(text) => self.us_of_text(text),
            Value::Number(number) => match self {
                TimeForm::Number(_) | TimeForm::Recognised => self.of_number(&number.to_string()),
                TimeForm::Rfc3339 | TimeForm::Pattern(_) => None,
            },
            _ => None,
        }
    }

    fn us_of_text(&self, text: &str) -> Option<i128> {
        let text = text.trim();
        match self {
            TimeForm::Number(_) => self.of_number(text),
            TimeForm::Rfc3339 => near_rfc3339(text),
            TimeForm::Recognised => self.of_number(text).or_else(|| near_rfc3339(text)),
            TimeForm::Pattern(pattern) => by_pattern(pattern, text),
        }
    }

    /// The time in a header, in microseconds since 1970.
    pub(crate) fn us_of_bytes(&self, bytes: &[u8]) -> Option<i128> {
        let text = std::str::from_utf8(bytes).ok().and_then(|text| self.us_of_text(text));
        text.or_else(|| self.of_whole(i128::from(i64::from_be_bytes(bytes.try_into().ok()?))))
    }

    fn of_number(&self, text: &str) -> Option<i128> {
        if let Ok(whole) = text.parse::<i128>() {
            return self.of_whole(whole);
        }
        let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
        // A double resolves fractions to whole nanoseconds at best, and with 16 digits less: read plain digits from the text.
        let unit = self.unit_of(number.floor() as i128);
        match text.split_once('.').filter(|_| !text.contains(['e', 'E'])) {
            Some((whole, fraction)) => with_fraction(unit, whole, fraction),
            None => unit.in_us(number.floor() as i128),
        }
    }

    fn of_whole(&self, number: i128) -> Option<i128> {
        // Beyond 64 bits of any unit it is not a time.
        (number.unsigned_abs() < 1 << 64).then(|| self.unit_of(number).in_us(number)).flatten()
    }

    fn unit_of(&self, number: i128) -> Unit {
        match self {
            TimeForm::Number(unit) => *unit,
            _ => Unit::plausible(number).unwrap_or(Unit::Ms),
        }
    }

    /// The form of a value, if it is a plausible time.
    #[must_use]
    pub fn recognise(value: &Value) -> Option<TimeForm> {
        match value {
            Value::Number(number) => recognise_number(&number.to_string()),
            Value::String(text) => TimeForm::recognise_text(text),
            _ => None,
        }
    }

    /// The form of a text, if it is a plausible time.
    #[must_use]
    pub fn recognise_text(text: &str) -> Option<TimeForm> {
        let text = text.trim();
        recognise_number(text).or_else(|| near_rfc3339(text).map(|_| TimeForm::Rfc3339))
    }

    /// The form of a header's bytes, if they are a plausible time.
    #[must_use]
    pub fn recognise_bytes(bytes: &[u8]) -> Option<TimeForm> {
        let text = std::str::from_utf8(bytes).ok().and_then(TimeForm::recognise_text);
        let number = || Unit::plausible(i128::from(i64::from_be_bytes(bytes.try_into().ok()?))).map(TimeForm::Number);
        text.or_else(number)
    }
}

fn recognise_number(text: &str) -> Option<TimeForm> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    Unit::plausible(whole.parse().ok()?).map(TimeForm::Number)
}

fn in_ms(us: i128) -> Option<i64> {
    i64::try_from(us.div_euclid(1_000)).ok()
}

/// A number with a fraction of its unit, rounded down to whole microseconds.
fn with_fraction(unit: Unit, whole: &str, fraction: &str) -> Option<i128> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let (whole_billions, part) = (whole.parse::<i128>().unwrap_or(0) * 1_000_000_000, digits.parse::<i128>().ok()?);
    let billionths = if whole.starts_with('-') { whole_billions - part } else { whole_billions + part };
    Some(billionths.checked_mul(1_000_000)?.div_euclid(unit.per_second() * 1_000_000_000))
}

fn near_rfc3339(text: &str) -> Option<i128> {
    // Not every date: a text must include a time of day.
    if !text.contains(':') {
        return None;
    }
    let at = text.parse::<Timestamp>().ok().or_else(|| with_a_word_for_utc(text)).or_else(|| in_utc(text));
    at.map(|at| i128::from(at.as_microsecond()))
}

/// `2030-01-31 11:00:00 UTC`, `… +0000`, and Go's `… +0000 UTC`.
fn with_a_word_for_utc(text: &str) -> Option<Timestamp> {
    let rest = text.strip_suffix("UTC").or_else(|| text.strip_suffix("GMT")).map(str::trim_end);
    let (rest, is_named) = rest.map_or((text, false), |rest| (rest, true));
    if let Some((local, offset)) = rest.rsplit_once(' ').filter(|(_, offset)| offset.starts_with(['+', '-'])) {
        return format!("{}{offset}", local.trim_end()).parse().ok();
    }
    if is_named { in_utc(rest) } else { None }
}

fn in_utc(text: &str) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(local).ok()
}

fn by_pattern(pattern: &str, text: &str) -> Option<i128> {
    let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
    let at = parsed.to_timestamp().ok().or_else(|| TimeZone::UTC.to_timestamp(parsed.to_datetime().ok()?).ok())?;
    Some(i128::from(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// 2030-01-31T11:00:30.5Z
    const AT_MS: i64 = 1_896_087_630_500;

    #[test]
    fn moments_are_read_as_people_write_them() {
        for text in [
            "2030-01-31T11:00:30.5Z",
            "2030-01-31t11:00:30.500z",
            "2030-01-31 11:00:30.500",
            "2030-01-31T11:00:30,5",
            "2030-01-31 11:00:30.500+0000",
            "2030-01-31 11:00:30.500 +0000",
            "2030-01-31 11:00:30.5 +0000 UTC",
            "2030-01-31 11:00:30.5 UTC",
            "2030-01-31T12:00:30.500999+01:00",
            "2030-01-31T12:00:30.5+01",
            "2030-01-31T12:00:30.5+01:00[Europe/Berlin]",
            "1896087630500",
            "1896087630.5",
            "1896087630.500999",
            "1896087630500000",
            "1896087630500000000",
            " 1896087630500 ",
        ] {
            assert_eq!(TimeForm::Recognised.of_text(text), Some(AT_MS), "{text}");
            assert_eq!(TimeForm::Recognised.of_bytes(text.as_bytes()), Some(AT_MS), "{text}");
        }
        for value in [json!(1_896_087_630_500_i64), json!(1_896_087_630.5), json!(1_896_087_630_500_000_i64)] {
            assert_eq!(TimeForm::Recognised.of_json(&value), Some(AT_MS), "{value}");
        }
        assert_eq!(TimeForm::Recognised.of_bytes(&AT_MS.to_be_bytes()), Some(AT_MS));
    }

    #[test]
    fn what_is_no_moment_is_not_taken_for_one() {
        for text in
            ["", "yesterday", "2030-01-31", "11:00:30", "0x12", "NaN", "inf", "2030-13-31T11:00:30Z", "12:ab:cd"]
        {
            assert_eq!(TimeForm::Recognised.of_text(text), None, "{text}");
        }
        for value in [json!(true), json!(null), json!({ "at": 5 }), json!([2030, 1, 31])] {
            assert_eq!(TimeForm::Recognised.of_json(&value), None, "{value}");
        }
        assert_eq!(TimeForm::Rfc3339.of_json(&json!(AT_MS)), None, "a form that is given is not left");
        assert_eq!(TimeForm::Number(Unit::Ms).of_text("2030-01-31T11:00:30Z"), None);
    }

    #[test]
    fn a_form_that_is_given_is_kept() {
        let form = |text: &str| text.parse::<TimeForm>();
        assert_eq!(form("s").unwrap().of_json(&json!(5)), Some(5_000));
        assert_eq!(form("us").unwrap().of_json(&json!(-1)), Some(-1), "rounded down, as engines do");
        assert_eq!(form("ns").unwrap().of_text("1896087630500000000"), Some(AT_MS));
        assert_eq!(form("%d.%m.%Y %H:%M:%S").unwrap().of_text("31.01.2030 11:00:30"), Some(AT_MS - 500));
        assert_eq!(form("%Y/%m/%d %H:%M:%S%.f %z").unwrap().of_text("2030/01/31 12:00:30.5 +0100"), Some(AT_MS));
        assert!(form("seconds").unwrap_err().to_string().contains("rfc3339"));
    }

    #[test]
    fn an_absurd_number_counts_milliseconds() {
        for (number, expected) in
            [(0_i64, 0), (-5, -5), (4_102_444_800_001, 4_102_444_800_001), (86_400_000, 86_400_000)]
        {
            assert_eq!(TimeForm::Recognised.of_json(&json!(number)), Some(expected), "{number}");
        }
    }

    proptest! {
        #[test]
        fn the_unit_is_told_by_the_size(at_s in 946_684_800..4_102_444_800_i64, part in 0..1000_i64) {
            let at_ms = at_s * 1000 + part;
            for (number, unit) in [
                (at_s, Unit::S), (at_ms, Unit::Ms), (at_ms * 1000 + 7, Unit::Us), (at_ms.saturating_mul(1_000_000), Unit::Ns),
            ] {
                prop_assert_eq!(TimeForm::recognise(&json!(number)), Some(TimeForm::Number(unit)));
                let expected = if unit == Unit::S { at_s * 1000 } else { at_ms };
                prop_assert_eq!(TimeForm::Recognised.of_json(&json!(number)), Some(expected));
            }
            let text = Timestamp::from_millisecond(at_ms).unwrap().to_string();
            prop_assert_eq!(TimeForm::recognise_text(&text), Some(TimeForm::Rfc3339));
            prop_assert_eq!(TimeForm::Recognised.of_text(&text), Some(at_ms));
        }

        #[test]
        fn nothing_that_comes_stops_it(text in ".{0,40}", digits in "-?[0-9]{0,45}", bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            for form in ["s", "ms", "us", "ns"].map(|form| form.parse::<TimeForm>().unwrap()).iter().chain([&TimeForm::Recognised]) {
                let _read = form.of_text(&digits);
            }
            let _read = (TimeForm::Recognised.of_text(&text), TimeForm::Recognised.of_bytes(&bytes));
            let _by_pattern = TimeForm::Pattern(text.clone()).of_text(&text);
        }
    }
}
