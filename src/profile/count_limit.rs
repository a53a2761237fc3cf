//! Limits on counts: a number of events, or a share of them.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::units::{UnitError, unit_error};

/// A limit on a number of events: a count, or a share as in `0.1%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CountLimit {
    /// This many events.
    Count(u64),
    /// This percentage of events.
    Percent(f64),
}

impl CountLimit {
    /// The largest allowed number out of `events`; for a share not a whole number.
    #[must_use]
    pub fn most(self, events: u64) -> f64 {
        match self {
            CountLimit::Count(count) => count as f64,
            CountLimit::Percent(percent) => events as f64 * percent / 100.0,
        }
    }

    /// How many events the limit needs to mean anything: enough that a share allows at least one. 0 for a count.
    #[must_use]
    pub fn events_needed(self) -> u64 {
        match self {
            CountLimit::Percent(percent) if percent > 0.0 => (100.0 / percent).ceil() as u64,
            CountLimit::Percent(_) | CountLimit::Count(_) => 0,
        }
    }
}

impl FromStr for CountLimit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const FORM: &str = "a number of events like `0`, or a share like `0.1%`";
        let trimmed = text.trim();
        let Some(percent) = trimmed.strip_suffix('%') else {
            let count = trimmed.parse().map_err(|_| unit_error(text, FORM, "it is neither"))?;
            return Ok(CountLimit::Count(count));
        };
        match percent.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(CountLimit::Percent(percent)),
            Ok(_) => Err(unit_error(text, FORM, "a share is from 0% to 100%")),
            Err(_) => Err(unit_error(text, FORM, "the part before the `%` is not a number")),
        }
    }
}

impl fmt::Display for CountLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CountLimit::Count(count) => count.fmt(f),
            CountLimit::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for CountLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CountLimit::Count(count) => serializer.serialize_u64(*count),
            CountLimit::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for CountLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountLimitVisitor)
    }
}

struct CountLimitVisitor;

impl de::Visitor<'_> for CountLimitVisitor {
    type Value = CountLimit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of events, or a share like \"0.1%\"")
    }
    fn visit_u64<E: de::Error>(self, count: u64) -> Result<CountLimit, E> {
        Ok(CountLimit::Count(count))
    }
    fn visit_i64<E: de::Error>(self, count: i64) -> Result<CountLimit, E> {
        u64::try_from(count).map(CountLimit::Count).map_err(|_| E::custom("a number of events cannot be negative"))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<CountLimit, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for CountLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CountLimit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "pattern": r"^\s*[0-9.]+\s*%?\s*$", "examples": [0, "0.1%"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_as_many_events_as_let_it_be_one() {
        let limit = |text: &str| text.parse::<CountLimit>().unwrap();
        assert_eq!(
            [limit("3"), limit("0%"), limit("0.01%"), limit("30%")].map(CountLimit::events_needed),
            [0, 0, 10_000, 4]
        );
        assert!((limit("0.1%").most(12_345) - 12.345).abs() < 1e-9);
        for (text, wrong) in [("-1", "neither"), ("101%", "from 0%"), ("a%", "number")] {
            assert!(text.parse::<CountLimit>().unwrap_err().to_string().contains(wrong), "{text}");
        }
    }
}
