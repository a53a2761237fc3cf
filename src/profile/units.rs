//! Quantities with their units: `200k/s`, `512B`, `1m30s`, `-40s`, `3x`.

use std::{fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time, not negative, in whole nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    nanos: u64,
}

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Span { nanos: secs.saturating_mul(1_000_000_000) }
    }
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Span { nanos: millis.saturating_mul(1_000_000) }
    }
    /// So many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Span { nanos }
    }
    /// In nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }
    /// In seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.nanos as f64 / 1e9
    }
    /// In milliseconds.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.nanos as f64 / 1e6
    }
    /// As the standard library's type.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }
}

/// A length of time with a sign, in whole nanoseconds; negative is back in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SignedSpan {
    nanos: i64,
}

impl SignedSpan {
    /// So many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        SignedSpan { nanos }
    }
    /// In nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.nanos
    }
}

/// Events per second, finite and not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate {
    per_s: f64,
}

impl Rate {
    /// So many events per second.
    #[must_use]
    pub const fn per_s(per_s: f64) -> Self {
        Rate { per_s }
    }
    /// In events per second.
    #[must_use]
    pub const fn as_per_s(self) -> f64 {
        self.per_s
    }
}

/// A phase's rate: of its own, or relative to the stream's base rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PhaseRate {
    /// `200k/s`
    Absolute(Rate),
    /// `3x`
    Relative(f64),
}

impl PhaseRate {
    /// The rate, given the stream's base rate.
    #[must_use]
    pub fn resolve(self, base: Rate) -> Rate {
        match self {
            PhaseRate::Absolute(rate) => rate,
            PhaseRate::Relative(factor) => Rate::per_s(base.as_per_s() * factor),
        }
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteSize {
    bytes: u64,
}

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        ByteSize { bytes }
    }
    /// In bytes.
    #[must_use]
    pub const fn as_bytes(self) -> u64 {
        self.bytes
    }
}

/// A quantity that could not be read: what was written, and the forms that are understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` is not {wanted}: {why}")]
pub struct UnitError {
    written: String,
    wanted: &'static str,
    why: String,
}

fn unit_error(written: &str, wanted: &'static str, why: impl Into<String>) -> UnitError {
    UnitError { written: written.to_owned(), wanted, why: why.into() }
}

/// What a number looks like in a profile: digits, with `_` between them and one decimal point.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// Reads `1_500k/s` as its number and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let (digits, tail) = split_number(text);
    let value: f64 = digits.replace('_', "").parse().ok()?;
    value.is_finite().then_some((value, tail))
}

/// A decimal number times a whole unit, exactly and rounded once; `None` when it is no number or needs more than 19 digits.
fn whole_units(digits: &str, unit: u64) -> Option<u128> {
    let digits = digits.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let all = format!("{whole}{fraction}");
    if all.len() > 19 {
        return None;
    }
    let value: u128 = all.parse().ok()?;
    let divisor = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some((value * u128::from(unit) + divisor / 2) / divisor)
}

const SPAN_FORM: &str = "a length of time like `250ms`, `20s` or `1m30s`";
const TOO_LONG: &str = "it is longer than 292 years";

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = |why: &str| unit_error(text, SPAN_FORM, why);
        let mut rest = text.trim();
        if rest.starts_with('-') {
            return Err(wrong("it is negative"));
        }
        if rest.is_empty() {
            return Err(wrong("it is empty"));
        }
        let mut nanos = 0_u128;
        while !rest.is_empty() {
            let (digits, tail) = split_number(rest);
            if digits.is_empty() {
                return Err(wrong(&format!("`{rest}` does not start with a number")));
            }
            let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
            let unit = span_unit(&tail[..end]).map_err(|why| wrong(&why))?;
            nanos += whole_units(digits, unit).ok_or_else(|| wrong(&format!("`{digits}` is no usable number")))?;
            rest = tail[end..].trim();
        }
        match u64::try_from(nanos) {
            Ok(nanos) if nanos <= i64::MAX as u64 => Ok(Span { nanos }),
            _ => Err(wrong(TOO_LONG)),
        }
    }
}

/// Nanoseconds in a unit of time.
fn span_unit(unit: &str) -> Result<u64, String> {
    const KNOWN: &str = "ns, us, ms, s, m, h or d";
    Ok(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "" => return Err(format!("it has no unit ({KNOWN})")),
        other => {
            let short = match other.to_ascii_lowercase().as_str() {
                "sec" | "secs" | "second" | "seconds" => "; write `s`",
                "mins" | "minute" | "minutes" => "; write `m`",
                "hr" | "hrs" | "hour" | "hours" => "; write `h`",
                "day" | "days" => "; write `d`",
                "millis" | "msec" | "milliseconds" => "; write `ms`",
                _ => "",
            };
            return Err(format!("`{other}` is no unit of time ({KNOWN}){short}"));
        }
    })
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.nanos;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, nanos) in [
            ("d", 86_400_000_000_000),
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ] {
            if rest >= nanos {
                write!(f, "{}{unit}", rest / nanos)?;
                rest %= nanos;
            }
        }
        Ok(())
    }
}

impl FromStr for SignedSpan {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        let (sign, magnitude) = match trimmed.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        const FORM: &str = "a shift in time like `-40s`, `250ms` or `1m30s`";
        let span: Span = magnitude.parse().map_err(|UnitError { why, .. }| unit_error(text, FORM, why))?;
        let nanos = i64::try_from(span.as_nanos()).map_err(|_| unit_error(text, FORM, TOO_LONG))?;
        Ok(SignedSpan { nanos: sign * nanos })
    }
}

impl fmt::Display for SignedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanos < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Span::from_nanos(self.nanos.unsigned_abs()))
    }
}

const RATE_FORM: &str = "a rate like `200k/s`, `1.5M/s` or `90/min`";

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(unit_error(text, RATE_FORM, "it is negative"));
        }
        let (value, tail) =
            number(trimmed).ok_or_else(|| unit_error(text, RATE_FORM, "it does not start with a number"))?;
        let (multiple, unit) = tail
            .split_once('/')
            .ok_or_else(|| unit_error(text, RATE_FORM, "it does not say per what: write `/s` behind it"))?;
        let multiple = decimal_multiple(multiple.trim()).map_err(|why| unit_error(text, RATE_FORM, why))?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            other => return Err(unit_error(text, RATE_FORM, format!("`/{other}` is none of /s, /min, /h and /d"))),
        };
        let per_s = value * multiple / seconds;
        if !per_s.is_finite() {
            return Err(unit_error(text, RATE_FORM, "it is too large to be counted"));
        }
        Ok(Rate { per_s })
    }
}

fn decimal_multiple(letter: &str) -> Result<f64, String> {
    Ok(match letter {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "m" => return Err("`m` is no multiple; a million is `M`".to_owned()),
        "g" | "B" | "b" => return Err(format!("`{letter}` is no multiple; a thousand million is `G`")),
        other => return Err(format!("`{other}` is no multiple (k, M or G)")),
    })
}

impl fmt::Display for Rate {
    /// The shortest form that reads back as the very same rate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, multiple) in [("M", 1e6), ("k", 1e3)] {
            let scaled = self.per_s / multiple;
            let short = self.per_s >= multiple && (scaled * 1000.0).fract() == 0.0;
            let exact = (scaled * multiple).to_bits() == self.per_s.to_bits();
            if short && exact {
                return write!(f, "{scaled}{letter}/s");
            }
        }
        write!(f, "{}/s", self.per_s)
    }
}

impl FromStr for PhaseRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const FORM: &str = "a phase's rate like `3x` or `200k/s`";
        let trimmed = text.trim();
        let Some(factor) = trimmed.strip_suffix(['x', 'X']) else {
            return trimmed.parse().map(PhaseRate::Absolute);
        };
        match number(factor.trim()) {
            Some((value, "")) => Ok(PhaseRate::Relative(value)),
            _ if factor.trim().starts_with('-') => Err(unit_error(text, FORM, "it is negative")),
            _ => Err(unit_error(text, FORM, "what stands before the `x` is not a number")),
        }
    }
}

impl fmt::Display for PhaseRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhaseRate::Absolute(rate) => rate.fmt(f),
            PhaseRate::Relative(factor) => write!(f, "{factor}x"),
        }
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const FORM: &str = "a size like `512B`, `4KiB` or `1MB`";
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(unit_error(text, FORM, "it is negative"));
        }
        let (digits, unit) = split_number(trimmed);
        if digits.is_empty() {
            return Err(unit_error(text, FORM, "it does not start with a number"));
        }
        let multiple = size_unit(unit).map_err(|why| unit_error(text, FORM, why))?;
        let bytes = whole_units(digits, multiple)
            .ok_or_else(|| unit_error(text, FORM, format!("`{digits}` is no usable number")))?;
        u64::try_from(bytes)
            .map(|bytes| ByteSize { bytes })
            .map_err(|_| unit_error(text, FORM, "it is too large to be counted"))
    }
}

/// Bytes in a unit of size.
fn size_unit(unit: &str) -> Result<u64, String> {
    const KNOWN: &str = "B, kB, KiB, MB, MiB, GB or GiB";
    Ok(match unit {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "" => return Err(format!("it has no unit ({KNOWN})")),
        "b" => return Err("`b` is no unit of size; a byte is `B`".to_owned()),
        "k" | "K" | "kb" | "Kb" => return Err(format!("`{unit}` is no unit of size; write `kB` or `KiB`")),
        "m" | "M" | "mb" | "Mb" => return Err(format!("`{unit}` is no unit of size; write `MB` or `MiB`")),
        other => return Err(format!("`{other}` is no unit of size ({KNOWN})")),
    })
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, bytes) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.bytes >= bytes && self.bytes.is_multiple_of(bytes) {
                return write!(f, "{}{unit}", self.bytes / bytes);
            }
        }
        write!(f, "{}B", self.bytes)
    }
}

/// Written and read as text, described in the schema by an example and a pattern.
macro_rules! as_text {
    ($type:ty, $name:literal, $pattern:literal, $example:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

as_text!(Span, "Span", r"^\s*([0-9._]*[0-9][0-9._]*\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "1m30s");
as_text!(SignedSpan, "SignedSpan", r"^\s*[+-]?([0-9._]*[0-9][0-9._]*\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "-40s");
as_text!(Rate, "Rate", r"^\s*[0-9._]*[0-9][0-9._]*\s*[kKMG]?\s*/\s*(s|sec|m|min|h|d)$", "200k/s");
as_text!(PhaseRate, "PhaseRate", r"^\s*[0-9._]*[0-9][0-9._]*\s*([xX]|[kKMG]?\s*/\s*(s|sec|m|min|h|d))$", "3x");
as_text!(ByteSize, "ByteSize", r"^\s*[0-9._]*[0-9][0-9._]*\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)$", "512B");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn why<T: FromStr<Err = UnitError> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().expect_err(text).to_string()
    }

    #[test]
    fn a_span_is_the_sum_of_its_parts() {
        let cases = [
            ("0s", 0),
            ("1ns", 1),
            ("2us", 2_000),
            ("2µs", 2_000),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000),
            (" 1m 30s ", 90_000_000_000),
            ("1_000ms", 1_000_000_000),
            ("2h", 7_200_000_000_000),
            ("1d", 86_400_000_000_000),
            ("0.1ns", 0),
            ("0.5ns", 1),
        ];
        for (text, nanos) in cases {
            assert_eq!(text.parse(), Ok(Span::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn a_span_that_cannot_be_read_says_why() {
        for (text, expected) in [
            ("", "empty"),
            ("10", "no unit"),
            ("-3s", "negative"),
            ("1m30", "no unit"),
            ("ten seconds", "does not start with a number"),
            ("10 seconds", "write `s`"),
            ("3 fortnights", "`fortnights` is no unit of time"),
            ("1..2s", "no usable number"),
            ("300_000d", "longer than 292 years"),
            ("99999999999999999999s", "no usable number"),
        ] {
            let error = why::<Span>(text);
            assert!(error.contains(expected) && error.contains("like `250ms`"), "{text}: {error}");
        }
    }

    #[test]
    fn a_shift_carries_its_sign() {
        for (text, nanos) in [("-40s", -40_000_000_000), ("+7ms", 7_000_000), ("0s", 0), ("-1m30s", -90_000_000_000)] {
            assert_eq!(text.parse(), Ok(SignedSpan::from_nanos(nanos)), "{text}");
        }
        assert!(why::<SignedSpan>("-40").contains("`-40` is not a shift in time"));
    }

    #[test]
    fn a_rate_is_events_per_second() {
        for (text, per_s) in [
            ("1000/s", 1e3),
            ("200k/s", 2e5),
            ("1.5M/s", 1.5e6),
            ("1G/s", 1e9),
            ("90/min", 1.5),
            ("90/m", 1.5),
            ("3600/h", 1.0),
            ("0/s", 0.0),
            (" 5 k / s ", 5e3),
            ("1_000/s", 1e3),
        ] {
            assert_eq!(text.parse(), Ok(Rate::per_s(per_s)), "{text}");
        }
    }

    #[test]
    fn a_rate_that_cannot_be_read_says_why() {
        for (text, expected) in [
            ("200k", "write `/s`"),
            ("-1/s", "negative"),
            ("k/s", "does not start with a number"),
            ("5m/s", "a million is `M`"),
            ("5x/s", "`x` is no multiple"),
            ("5/fortnight", "`/fortnight` is none of"),
            ("NaN/s", "does not start with a number"),
            ("inf/s", "does not start with a number"),
        ] {
            let error = why::<Rate>(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
        let huge = format!("1{}/s", "0".repeat(400));
        assert!(huge.parse::<Rate>().is_err());
        let huge = format!("1{}G/s", "0".repeat(305));
        assert!(why::<Rate>(&huge).contains("too large"));
    }

    #[test]
    fn a_phase_rate_is_relative_or_absolute() {
        assert_eq!("3x".parse(), Ok(PhaseRate::Relative(3.0)));
        assert_eq!("0.5 x".parse(), Ok(PhaseRate::Relative(0.5)));
        assert_eq!("5k/s".parse(), Ok(PhaseRate::Absolute(Rate::per_s(5e3))));
        assert!(why::<PhaseRate>("-3x").contains("negative"));
        assert!(why::<PhaseRate>("threex").contains("not a number"));
        assert!(why::<PhaseRate>("3").contains("`3` is not a phase's rate like `3x`"));
    }

    #[test]
    fn a_size_tells_powers_of_ten_from_powers_of_two() {
        for (text, bytes) in
            [("512B", 512), ("1kB", 1_000), ("1KiB", 1_024), ("1.5MiB", 1_572_864), ("2GB", 2_000_000_000)]
        {
            assert_eq!(text.parse(), Ok(ByteSize::from_bytes(bytes)), "{text}");
        }
        for (text, expected) in [
            ("512", "no unit"),
            ("512b", "a byte is `B`"),
            ("4k", "write `kB` or `KiB`"),
            ("-1B", "negative"),
            ("big", "does not start with a number"),
            ("9999999999GiB", "too large"),
        ] {
            let error = why::<ByteSize>(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_displayed_reads_back_as_the_same(
            nanos in 0..=i64::MAX as u64, signed in -i64::MAX..=i64::MAX, bytes: u64,
            per_s in 0.0..2e9_f64, steps in 0..2_000_000_u32,
        ) {
            let span = Span::from_nanos(nanos);
            prop_assert_eq!(span.to_string().parse(), Ok(span));
            let shift = SignedSpan::from_nanos(signed);
            prop_assert_eq!(shift.to_string().parse(), Ok(shift));
            let size = ByteSize::from_bytes(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
            for rate in [Rate::per_s(per_s), Rate::per_s(f64::from(steps) / 8.0), Rate::per_s(f64::from(steps) * 100.0)] {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
                prop_assert_eq!(PhaseRate::Absolute(rate).to_string().parse(), Ok(PhaseRate::Absolute(rate)));
            }
            let relative = PhaseRate::Relative(per_s / 1e6);
            prop_assert_eq!(relative.to_string().parse(), Ok(relative));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}", tail in "(ns|s|m|k/s|x|B|KiB|/min)?") {
            let text = text + &tail;
            let _ = (text.parse::<Span>(), text.parse::<SignedSpan>(), text.parse::<Rate>());
            let _ = (text.parse::<PhaseRate>(), text.parse::<ByteSize>());
        }

        #[test]
        fn what_is_read_is_finite(digits in "[0-9._]{1,400}", tail in "(k|M|G)?/(s|min|h|d)") {
            if let Ok(rate) = (digits + &tail).parse::<Rate>() {
                prop_assert!(rate.as_per_s().is_finite() && rate.as_per_s() >= 0.0);
            }
        }
    }
}
