//! Why a file cannot be made into a curve. Every message is one sentence with the place and the way out; the caller adds the file's name.

use super::{Format, Place, findings::Findings};
use crate::curve::{CurveError, CurveFileError};
use crate::units::Span;

/// So many names are listed; of more it is said how many there are.
const LISTED: usize = 20;

/// An import that came to nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// No bytes, or only blanks.
    #[error("the file is empty")]
    Empty,
    /// A header and nothing below.
    #[error("line {line}: there is a header and no row below it")]
    HeaderOnly {
        /// The header's line.
        line: u64,
    },
    /// One value, which does not say how long its bucket is.
    #[error(
        "{place}: there is one row only, which does not say how long its bucket is: say it with --step, as in --step 60s"
    )]
    OneRow {
        /// Where it stands.
        place: Place,
    },
    /// A running total needs two values for one bucket.
    #[error("{place}: one value of a running total makes no bucket: at least two are needed")]
    OneTotal {
        /// Where it stands.
        place: Place,
    },
    /// Bytes that are no text.
    #[error("line {line}: this is no text, but binary data; {}", hint_on_binary(found))]
    Binary {
        /// The line, from 1.
        line: usize,
        /// What it looks like, if that is known: `gzip`.
        found: Option<&'static str>,
    },
    /// No format that is known.
    #[error("line 1: the format is not recognised from `{start}`; say --format {}", Format::WORDS)]
    Unrecognised {
        /// How the text begins.
        start: String,
    },
    /// Text that is no JSON.
    #[error("line {line}, column {column}: this is no valid JSON: {why}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the reader said.
        why: String,
    },
    /// JSON that is not what the format's tool writes.
    #[error("{place}: {why}")]
    Shape {
        /// Where.
        place: Place,
        /// What is wrong and what to do.
        why: String,
    },
    /// A table whose columns cannot be told apart.
    #[error(
        "line {line}: `{text}` is one column only; a time and a value are expected, parted by a comma, a semicolon or a tab"
    )]
    OneColumn {
        /// The line, from 1.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// A row of another width.
    #[error("line {line}: {found} columns, and the header has {expected}; a number with a comma in it must be quoted")]
    Columns {
        /// The line, from 1.
        line: u64,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A table that cannot be read.
    #[error("line {line}: this row cannot be read: {why}")]
    Row {
        /// The line, from 1.
        line: u64,
        /// What the reader said.
        why: String,
    },
    /// A stamp that cannot be read.
    #[error("{place}: `{text}` is no time: {why}")]
    Stamp {
        /// Where.
        place: Place,
        /// What stands there.
        text: String,
        /// Why not.
        why: String,
    },
    /// A local time without a zone.
    #[error(
        "{place}: `{text}` does not say its zone: add --zone UTC, or the zone that the file was written in, as in --zone Europe/Berlin"
    )]
    ZoneWanted {
        /// Where.
        place: Place,
        /// What stands there.
        text: String,
    },
    /// A zone that does not exist.
    #[error("there is no time zone `{zone}`; zones are named as in UTC, Europe/Berlin or +02:00")]
    NoZone {
        /// What was asked for.
        zone: String,
    },
    /// A value that cannot be read.
    #[error("{place}: `{text}` is no number; {hint}")]
    Number {
        /// Where.
        place: Place,
        /// What stands there.
        text: String,
        /// What to do.
        hint: &'static str,
    },
    /// A comma that may be two things.
    #[error("{place}: the comma in `{text}` may part thousands or decimals: say --decimal point or --decimal comma")]
    DecimalWanted {
        /// Where.
        place: Place,
        /// What stands there.
        text: String,
    },
    /// Numbers that contradict each other.
    #[error(
        "line {point_line} has a decimal point and line {comma_line} a decimal comma: say --decimal point or --decimal comma"
    )]
    DecimalMixed {
        /// A line with a decimal point.
        point_line: u64,
        /// A line with a decimal comma.
        comma_line: u64,
    },
    /// No series at all.
    #[error("it holds no series: the query found nothing")]
    NoSeries,
    /// Several series.
    #[error("it holds {count} series: choose one with --series NAME: {names}")]
    SeriesWanted {
        /// How many.
        count: usize,
        /// Their names, as a list.
        names: String,
    },
    /// Another series.
    #[error("it holds no series `{asked}`, but {names}")]
    NoSuchSeries {
        /// What was asked for.
        asked: String,
        /// What there is, as a list.
        names: String,
    },
    /// Two series of one name.
    #[error("it holds several series `{asked}`: give them names of their own in the export")]
    SeriesTwice {
        /// What was asked for.
        asked: String,
    },
    /// Counts or rates.
    #[error(
        "{format} does not say what its values are: say --values counts (events in each bucket), rate-per-s, rate-per-min, or counter (a running total)"
    )]
    ValuesWanted {
        /// The file's format.
        format: Format,
    },
    /// Values without a number.
    #[error("the series `{name}` holds no number at all")]
    NoNumbers {
        /// The series.
        name: String,
    },
    /// Findings whose policy is to fail.
    #[error("{}", .0.stops())]
    Stopped(Findings),
    /// A span that would make too many buckets.
    #[error(
        "{first} to {last} in buckets of {step} are {buckets} buckets, and {most} are the most: is one stamp wrong? Otherwise choose longer buckets with --step"
    )]
    TooMany {
        /// The first stamp.
        first: String,
        /// The last stamp.
        last: String,
        /// A bucket's length.
        step: Span,
        /// How many they would be.
        buckets: u64,
        /// How many may be.
        most: u64,
    },
    /// Buckets that the file cannot give.
    #[error("buckets of {asked} cannot be made of the file's buckets of {found}: choose a multiple of those")]
    Finer {
        /// What was asked for.
        asked: Span,
        /// What the file has.
        found: Span,
    },
    /// A policy that fits no running total.
    #[error("--duplicates sum does not fit a running total (--values counter): say first or last")]
    SumOfTotals,
    /// Rates over buckets of several lengths.
    #[error(
        "{place}: the rows are not equally far apart, and without equal buckets only counts can be summed with --step: split the file there"
    )]
    MixedRates {
        /// Where it begins.
        place: Place,
    },
    /// A curve file with a fault.
    #[error(transparent)]
    CurveFile(#[from] CurveFileError),
    /// Counts that are no curve.
    #[error(transparent)]
    Curve(#[from] CurveError),
}

fn hint_on_binary(found: &Option<&'static str>) -> String {
    found.map_or_else(
        || "exports are CSV or JSON in UTF-8".to_owned(),
        |kind| format!("it looks like {kind}: unpack or export it as CSV or JSON first"),
    )
}

/// Names as a list of bounded length.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", one_line(name))).collect();
    let more = names.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

/// A text from a file without what would break the line of a message.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The start of a long cell, in one line.
pub(super) fn beginning(text: &str) -> String {
    let mut shown = one_line(&text.chars().take(60).collect::<String>());
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
