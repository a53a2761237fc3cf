//! What the user has to say: what the values are, and what may be repaired. Each kind of finding has its own policy, and fails by default.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What the values of an export are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// Events in each bucket.
    Counts,
    /// Events per second, on average over the bucket.
    RatePerS,
    /// Events per minute, on average over the bucket.
    RatePerMin,
    /// A running total. A fall is a restart from 0, as Prometheus' `increase` takes it.
    Counter,
    /// Each row is one event; its values are ignored.
    Events,
}

/// Which end of its bucket a timestamp means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stamps {
    /// The bucket begins there.
    Start,
    /// The bucket ends there.
    End,
}

/// The decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

/// Buckets without a row or without a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gaps {
    /// Refuse the file.
    #[default]
    Fail,
    /// The count of the last bucket before.
    Hold,
    /// No events.
    Zero,
    /// On the straight line between the counts on both sides of the gap.
    Interpolate,
}

/// Rows with one and the same stamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// Refuse the file.
    #[default]
    Fail,
    /// All of them together.
    Sum,
    /// The first in the file.
    First,
    /// The last in the file.
    Last,
}

/// Rows that are not sorted by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsorted {
    /// Refuse the file.
    #[default]
    Fail,
    /// Put them in order.
    Sort,
}

/// Values below 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Negative {
    /// Refuse the file.
    #[default]
    Fail,
    /// No events.
    Zero,
    /// As if the row had no number: a gap.
    Gap,
}

/// Timestamps between the buckets' edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffGrid {
    /// Refuse the file.
    #[default]
    Fail,
    /// Move each to the nearest edge.
    Snap,
}

/// An answer that says it is incomplete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partial {
    /// Refuse the file.
    #[default]
    Fail,
    /// Take what there is.
    Keep,
}

/// Timestamps in the future.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Future {
    /// Refuse the file.
    #[default]
    Fail,
    /// Take them as they are.
    Keep,
}

/// All policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Buckets without a row or without a number.
    pub gaps: Gaps,
    /// Rows with one and the same stamp.
    pub duplicates: Duplicates,
    /// Rows that are not sorted by time.
    pub unsorted: Unsorted,
    /// Values below 0.
    pub negative: Negative,
    /// Timestamps between the buckets' edges.
    pub off_grid: OffGrid,
    /// Timestamps in the future.
    pub future: Future,
    /// An answer that says it is incomplete.
    pub partial: Partial,
}

/// A choice by its word, as on the command line.
///
/// # Errors
/// The valid words.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| error.to_string())
}

/// The word of a choice.
pub(super) fn word_of<T: Serialize>(choice: &T) -> String {
    // A choice without fields is a text in JSON.
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word_of(self))
    }
}

impl fmt::Display for Stamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word_of(self))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Policy { gaps, duplicates, unsorted, negative, off_grid, future, partial } = self;
        write!(f, "gaps={} duplicates={} ", word_of(gaps), word_of(duplicates))?;
        write!(f, "unsorted={} negative={} ", word_of(unsorted), word_of(negative))?;
        write!(f, "off-grid={} future={} partial={}", word_of(off_grid), word_of(future), word_of(partial))
    }
}
