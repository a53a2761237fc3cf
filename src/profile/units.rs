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

/// Splits `1_500k/s` into its number and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let value = text[..end].replace('_', "").parse().ok()?;
    Some((value, text[end..].trim()))
}

const SPAN_FORM: &str = "a length of time like `250ms`, `20s` or `1m30s`";

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let mut rest = text.trim();
        if rest.starts_with('-') {
            return Err(unit_error(text, SPAN_FORM, "it is negative"));
        }
        if rest.is_empty() {
            return Err(unit_error(text, SPAN_FORM, "it is empty"));
        }
        let mut nanos = 0.0_f64;
        while !rest.is_empty() {
            let (value, tail) = number(rest).ok_or_else(|| unit_error(text, SPAN_FORM, "a number is missing"))?;
            let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
            nanos += value * span_unit(&tail[..end]).map_err(|why| unit_error(text, SPAN_FORM, why))?;
            rest = tail[end..].trim();
        }
        if nanos >= i64::MAX as f64 {
            return Err(unit_error(text, SPAN_FORM, "it is longer than 292 years"));
        }
        Ok(Span { nanos: nanos.round() as u64 })
    }
}

/// Nanoseconds in a unit of time.
fn span_unit(unit: &str) -> Result<f64, String> {
    Ok(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        "d" => 86_400e9,
        "" => return Err("it has no unit (ns, us, ms, s, m, h or d)".to_owned()),
        other => return Err(format!("`{other}` is no unit of time (ns, us, ms, s, m, h or d)")),
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
        let span: Span = magnitude.parse()?;
        let nanos =
            i64::try_from(span.as_nanos()).map_err(|_| unit_error(text, SPAN_FORM, "it is longer than 292 years"))?;
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
        let multiple = decimal_multiple(multiple.trim())
            .ok_or_else(|| unit_error(text, RATE_FORM, format!("`{}` is no multiple (k, M or G)", multiple.trim())))?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            other => return Err(unit_error(text, RATE_FORM, format!("`/{other}` is none of /s, /min, /h and /d"))),
        };
        Ok(Rate { per_s: value * multiple / seconds })
    }
}

fn decimal_multiple(letter: &str) -> Option<f64> {
    Some(match letter {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    })
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, multiple) in [("M", 1e6), ("k", 1e3)] {
            if self.per_s >= multiple && (self.per_s / multiple * 1000.0).fract() == 0.0 {
                return write!(f, "{}{letter}/s", self.per_s / multiple);
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
        let (value, unit) = number(trimmed).ok_or_else(|| unit_error(text, FORM, "it does not start with a number"))?;
        let multiple = match unit {
            "B" => 1.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "KiB" => 1024.0,
            "MiB" => 1024.0 * 1024.0,
            "GiB" => 1024.0 * 1024.0 * 1024.0,
            "" => return Err(unit_error(text, FORM, "it has no unit (B, kB, KiB, MB, MiB, GB or GiB)")),
            other => {
                return Err(unit_error(
                    text,
                    FORM,
                    format!("`{other}` is no unit of size (B, kB, KiB, MB, MiB, GB or GiB)"),
                ));
            }
        };
        Ok(ByteSize { bytes: (value * multiple).round() as u64 })
    }
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

as_text!(Span, "Span", r"^\s*([0-9._]+\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "1m30s");
as_text!(SignedSpan, "SignedSpan", r"^\s*[+-]?([0-9._]+\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+$", "-40s");
as_text!(Rate, "Rate", r"^\s*[0-9._]+\s*[kKMG]?\s*/\s*(s|sec|m|min|h|d)$", "200k/s");
as_text!(PhaseRate, "PhaseRate", r"^\s*[0-9._]+\s*([xX]|[kKMG]?\s*/\s*(s|sec|m|min|h|d))$", "3x");
as_text!(ByteSize, "ByteSize", r"^\s*[0-9._]+\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)$", "512B");
