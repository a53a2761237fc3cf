//! Quantities with their units: `200k/s`, `512B`, `1m30s`, `-40s`, `3x`.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time, not negative, in whole nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    nanos: u64,
}

impl Span {
    /// This many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Span { nanos: secs.saturating_mul(1_000_000_000) }
    }
    /// This many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Span { nanos: millis.saturating_mul(1_000_000) }
    }
    /// This many nanoseconds.
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
}

/// A length of time with a sign, in whole nanoseconds; negative is back in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SignedSpan {
    nanos: i64,
}

impl SignedSpan {
    /// This many nanoseconds.
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
    /// This many events per second.
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

/// A phase's rate: absolute, or relative to the stream's base rate.
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
    /// This many bytes.
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

/// Bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRate {
    per_s: ByteSize,
}

impl ByteRate {
    /// In bytes per second.
    #[must_use]
    pub const fn as_bytes_per_s(self) -> u64 {
        self.per_s.as_bytes()
    }
}

/// A quantity that could not be read: the text, and the valid forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` is not {wanted}: {why}")]
pub struct UnitError {
    written: String,
    wanted: &'static str,
    why: String,
}

pub(super) fn unit_error(written: &str, wanted: &'static str, why: impl Into<String>) -> UnitError {
    UnitError { written: written.to_owned(), wanted, why: why.into() }
}

/// The form of a number in a profile: digits, with `_` between them and one decimal point.
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

/// A decimal number times a whole unit, exact and rounded once; `None` when it is not a number or needs more than 20 digits.
fn whole_units(digits: &str, unit: u64) -> Option<u128> {
    let digits = digits.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let all = format!("{whole}{fraction}");
    if all.len() > 20 {
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
            if end == 0 {
                return Err(wrong(&format!(
                    "it has no unit; write `{digits}ms`, `{digits}s` or `{digits}m` ({SPAN_UNITS})"
                )));
            }
            let unit = span_unit(&tail[..end]).map_err(|why| wrong(&why))?;
            let part = whole_units(digits, unit).ok_or_else(|| wrong(&format!("`{digits}` is not a valid number")))?;
            nanos = nanos.saturating_add(part);
            rest = tail[end..].trim();
        }
        match u64::try_from(nanos) {
            Ok(nanos) if nanos <= i64::MAX as u64 => Ok(Span { nanos }),
            _ => Err(wrong(TOO_LONG)),
        }
    }
}

/// The units of time.
const SPAN_UNITS: &str = "ns, us, ms, s, m, h or d";

/// Nanoseconds in a unit of time.
fn span_unit(unit: &str) -> Result<u64, String> {
    Ok(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        other => {
            let short = match other.to_ascii_lowercase().as_str() {
                "sec" | "secs" | "second" | "seconds" => "; write `s`",
                "mins" | "minute" | "minutes" => "; write `m`",
                "hr" | "hrs" | "hour" | "hours" => "; write `h`",
                "day" | "days" => "; write `d`",
                "millis" | "msec" | "milliseconds" => "; write `ms`",
                _ => "",
            };
            return Err(format!("`{other}` is not a unit of time ({SPAN_UNITS}){short}"));
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
            .ok_or_else(|| unit_error(text, RATE_FORM, format!("it has no unit; write `{trimmed}/s`")))?;
        let multiple = decimal_multiple(multiple.trim()).map_err(|why| unit_error(text, RATE_FORM, why))?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            other => return Err(unit_error(text, RATE_FORM, format!("`/{other}` is not one of /s, /min, /h and /d"))),
        };
        let per_s = value * multiple / seconds;
        if !per_s.is_finite() {
            return Err(unit_error(text, RATE_FORM, "it is too large"));
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
        "m" => return Err("`m` is not a multiple; write `M` for a million".to_owned()),
        "g" | "B" | "b" => return Err(format!("`{letter}` is not a multiple; write `G` for a billion")),
        other => return Err(format!("`{other}` is not a multiple (k, M or G)")),
    })
}

impl fmt::Display for Rate {
    /// The shortest form that reads back as exactly the same rate.
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
            return trimmed
                .parse()
                .map(PhaseRate::Absolute)
                .map_err(|UnitError { why, .. }| unit_error(text, FORM, why));
        };
        match number(factor.trim()) {
            Some((value, "")) => Ok(PhaseRate::Relative(value)),
            _ if factor.trim().starts_with('-') => Err(unit_error(text, FORM, "it is negative")),
            _ => Err(unit_error(text, FORM, "the part before the `x` is not a number")),
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
            .ok_or_else(|| unit_error(text, FORM, format!("`{digits}` is not a valid number")))?;
        u64::try_from(bytes).map(|bytes| ByteSize { bytes }).map_err(|_| unit_error(text, FORM, "it is too large"))
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
        "b" => return Err("`b` is not a unit of size; write `B` for bytes".to_owned()),
        "k" | "K" | "kb" | "Kb" => return Err(format!("`{unit}` is not a unit of size; write `kB` or `KiB`")),
        "m" | "M" | "mb" | "Mb" => return Err(format!("`{unit}` is not a unit of size; write `MB` or `MiB`")),
        other => return Err(format!("`{other}` is not a unit of size ({KNOWN})")),
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

impl FromStr for ByteRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const FORM: &str = "an amount per second like `1MB/s` or `64KiB/s`";
        let Some((size, unit)) = text.rsplit_once('/') else {
            return Err(unit_error(text, FORM, "it does not end in `/s`"));
        };
        if unit.trim() != "s" {
            return Err(unit_error(text, FORM, format!("`/{}` is not `/s`", unit.trim())));
        }
        let per_s = size.parse().map_err(|error: UnitError| unit_error(text, FORM, error.why))?;
        Ok(ByteRate { per_s })
    }
}

impl fmt::Display for ByteRate {
    /// Rates are mostly written in powers of ten.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes_per_s();
        let decimal = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
        match decimal.into_iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
            Some((unit, size)) => write!(f, "{}{unit}/s", bytes / size),
            None => write!(f, "{}/s", self.per_s),
        }
    }
}

/// Written and read as text; the schema describes it by an example and a pattern.
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

pub(super) use as_text;

as_text!(Span, "Span", r"^\s*([0-9._]*[0-9][0-9._]*\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "1m30s");
as_text!(SignedSpan, "SignedSpan", r"^\s*[+-]?([0-9._]*[0-9][0-9._]*\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "-40s");
as_text!(Rate, "Rate", r"^\s*[0-9._]*[0-9][0-9._]*\s*[kKMG]?\s*/\s*(s|sec|m|min|h|d)$", "200k/s");
as_text!(PhaseRate, "PhaseRate", r"^\s*[0-9._]*[0-9][0-9._]*\s*([xX]|[kKMG]?\s*/\s*(s|sec|m|min|h|d))$", "3x");
as_text!(ByteRate, "ByteRate", r"^\s*[0-9._]*[0-9][0-9._]*\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)\s*/\s*s$", "1MB/s");
as_text!(ByteSize, "ByteSize", r"^\s*[0-9._]*[0-9][0-9._]*\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)$", "512B");

#[cfg(test)]
mod tests;
