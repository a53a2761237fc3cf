//! What a format's reader returns.

use std::{collections::HashMap, fmt};

use super::{Stamps, Values};

/// A place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    line: u32,
    point: u32,
}

impl Place {
    /// A line, from 1.
    #[must_use]
    pub fn line(line: u64) -> Self {
        Place { line: u32::try_from(line).unwrap_or(u32::MAX), point: 0 }
    }

    /// A point of a series, from 1, and its line: JSON is often one long line.
    #[must_use]
    pub fn point(line: usize, point: usize) -> Self {
        Place { line: u32::try_from(line).unwrap_or(u32::MAX), point: u32::try_from(point).unwrap_or(u32::MAX) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if self.point > 0 { write!(f, ", point {}", self.point) } else { Ok(()) }
    }
}

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) place: Place,
    /// Milliseconds since 1970.
    pub(super) at_ms: i64,
    /// NaN if the file has no number.
    pub(super) value: f64,
}

/// One series of an export.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) samples: Vec<Sample>,
    /// What the values are, if the file says.
    pub(super) values: Option<Values>,
    /// The length of a bucket, if the file says, in milliseconds.
    pub(super) step_ms: Option<i64>,
    /// Why the values cannot be events, if the file says.
    pub(super) foreign: Option<Foreign>,
}

/// Why values are not events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    /// They never can be: a ratio.
    Never(String),
    /// They are of another unit, unless the user knows better.
    Unit(String),
}

/// The content of an export.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Export {
    pub(super) series: Vec<Series>,
    /// Which end of its bucket a timestamp means in this format.
    pub(super) stamps: Stamps,
    /// Whether the tool guarantees an order: if it does not, a mixed order is normal.
    pub(super) ordered: bool,
    pub(super) rows: Rows,
    /// The form of the timestamps, for people.
    pub(super) stamp_form: String,
    /// Whether the timestamps were local times.
    pub(super) local: bool,
}

/// What is known of a series' rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// One step for the whole answer, exactly kept: what is missing was left out.
    OneStep,
    /// Rows from anywhere.
    Free,
    /// Rows from anywhere, where a row without a value may belong to another series.
    Joined,
}

/// Adds a further page, which continues series of the same name.
pub(super) fn join_page(all: &mut Vec<Series>, page: Vec<Series>) {
    let known: HashMap<String, usize> = all.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
    for one in page {
        match known.get(&one.name).and_then(|at| all.get_mut(*at)) {
            Some(known) => known.samples.extend(one.samples),
            None => all.push(one),
        }
    }
}
