//! Why a file cannot be made into a curve. Every message is one sentence with the place and the fix; the caller adds the file's name.

use super::{Format, Place, findings::Findings};
use crate::curve::{CurveError, CurveFileError};
use crate::units::Span;

/// An import that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// No bytes, or only blanks.
    #[error("the file is empty")]
    Empty,
    /// A header and nothing below.
    #[error("line {line}: there is a header, but no row below it")]
    HeaderOnly {
        /// The header's line.
        line: u64,
    },
    /// A running total needs two values for one bucket.
    #[error("{place}: a running total with one value gives no bucket: it needs at least two")]
    OneTotal {
        /// Where it is.
        place: Place,
    },
    /// Bytes that are not text.
    #[error("line {line}: this is binary data, not text; {}", hint_on_binary(found))]
    Binary {
        /// The line, from 1.
        line: usize,
        /// What it looks like, if that is known: `gzip`.
        found: Option<&'static str>,
    },
    /// Not a known format.
    #[error("line 1: the format is not recognised from `{start}`; name it with --format {}", Format::WORDS)]
    Unrecognised {
        /// How the text begins.
        start: String,
    },
    /// Text that is not JSON.
    #[error("line {line}, column {column}: this is not valid JSON: {why}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The parser's message.
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
    /// A table whose columns cannot be identified.
    #[error(
        "line {line}: `{text}` is only one column; a time and a value are expected, separated by a comma, a semicolon or a tab"
    )]
    OneColumn {
        /// The line, from 1.
        line: u64,
        /// The text there.
        text: String,
    },
    /// A row with another number of columns.
    #[error(
        "line {line}: the row has {found} columns, but the header has {expected}; a number that contains a comma must be quoted"
    )]
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
        /// The parser's message.
        why: String,
    },
    /// A timestamp that cannot be read.
    #[error("{place}: `{text}` is not a time: {why}")]
    Stamp {
        /// Where.
        place: Place,
        /// The text there.
        text: String,
        /// Why not.
        why: String,
    },
    /// A zone that does not exist.
    #[error("`{zone}` is not a known time zone; write it like UTC, Europe/Berlin or +02:00")]
    NoZone {
        /// What was asked for.
        zone: String,
    },
    /// A value that cannot be read.
    #[error("{place}: `{text}` is not a number; {hint}")]
    Number {
        /// Where.
        place: Place,
        /// The text there.
        text: String,
        /// What to do.
        hint: &'static str,
    },
    /// Numbers that contradict each other.
    #[error(
        "line {point_line} has a decimal point, but line {comma_line} a decimal comma: add --decimal point or --decimal comma"
    )]
    DecimalMixed {
        /// A line with a decimal point.
        point_line: u64,
        /// A line with a decimal comma.
        comma_line: u64,
    },
    /// No series at all.
    #[error("it has no series: the query found nothing")]
    NoSeries,
    /// A series that is not in the file.
    #[error("it has no series `{asked}`, only {names}")]
    NoSuchSeries {
        /// What was asked for.
        asked: String,
        /// What there is, as a list.
        names: String,
    },
    /// Two series with the same name.
    #[error("it has several series named `{asked}`: give each its own name in the export")]
    SeriesTwice {
        /// What was asked for.
        asked: String,
    },
    /// Values that cannot be events.
    #[error("`{name}`: {why}")]
    Foreign {
        /// The series.
        name: String,
        /// What its values are, and what to do.
        why: String,
    },
    /// Rows as events, in a format whose rows are not events.
    #[error("--values events counts the rows of a CSV file, but this is {format}")]
    NoEvents {
        /// The file's format.
        format: Format,
    },
    /// Series in buckets of several lengths.
    #[error(
        "`{first}` has buckets of {step}, but `{other}` of {other_step}: to sum them, set --step to a multiple of both"
    )]
    SumOfSteps {
        /// A series.
        first: String,
        /// The length of its buckets.
        step: Span,
        /// Another one.
        other: String,
        /// The length of those.
        other_step: Span,
    },
    /// Values without a number.
    #[error("the series `{name}` has no numbers")]
    NoNumbers {
        /// The series.
        name: String,
    },
    /// Findings whose policy is to fail, and questions to the user: all of them.
    #[error("{}", .0.stops().join("; "))]
    Stopped(Findings),
    /// A fault, and the questions that will follow once it is fixed.
    #[error("{fault}; {}", findings.stops().join("; "))]
    Besides {
        /// The fault.
        fault: Box<ImportError>,
        /// What else stops the import.
        findings: Findings,
    },
    /// A span that would make too many buckets.
    #[error(
        "{first} to {last} in buckets of {step} would be {buckets} buckets (limit {most} for this file): if no time is wrong, choose longer buckets with --step"
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
    /// Buckets that cannot be made from the file's.
    #[error(
        "buckets of {asked} cannot be made from the file's buckets of {found}: choose a multiple of {found}, or add --gaps zero if the export leaves out buckets without events"
    )]
    Finer {
        /// What was asked for.
        asked: Span,
        /// What the file has.
        found: Span,
    },
    /// A policy that does not fit a running total.
    #[error("--duplicates sum does not fit a running total (--values counter): use first or last")]
    SumOfTotals,
    /// Rates over buckets of several lengths.
    #[error(
        "{place}: the rows are not evenly spaced, and only counts can be summed into equal buckets with --step: split the file there"
    )]
    MixedRates {
        /// Where it begins.
        place: Place,
    },
    /// A curve file with a fault.
    #[error(transparent)]
    CurveFile(#[from] CurveFileError),
    /// Counts that do not make a curve.
    #[error(transparent)]
    Curve(#[from] CurveError),
}

impl ImportError {
    /// What is wrong and what is missing, a sentence each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        match self {
            ImportError::Stopped(findings) => findings.stops(),
            ImportError::Besides { fault, findings } => {
                std::iter::once(fault.to_string()).chain(findings.stops()).collect()
            }
            other => vec![other.to_string()],
        }
    }
}

fn hint_on_binary(found: &Option<&'static str>) -> String {
    found.map_or_else(
        || "exports are CSV or JSON in UTF-8".to_owned(),
        |kind| format!("it looks like {kind}: unpack it, or export it as CSV or JSON"),
    )
}
