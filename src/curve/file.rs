//! The curve file: CSV with the columns `timestamp,count`, a row for each bucket. `timestamp` is the bucket's start, RFC 3339.
//! Lines that begin with `#` at the top say where it comes from.

use super::{Curve, CurveError};

/// The first line that is no comment.
const HEADER: &str = "timestamp,count";

/// What makes a text no curve file. The message says where; which file it is, the caller knows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CurveFileError {
    /// Nothing, or only comments.
    #[error("it is empty; a curve file has the columns `timestamp,count`")]
    Empty,
    /// Bytes that are no text.
    #[error("line {line} is not UTF-8 text")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
    /// Other columns.
    #[error(
        "line {line}: the columns are `{found}`, not `timestamp,count`; `floodmark curve import` reads other forms"
    )]
    Header {
        /// The line, from 1.
        line: usize,
        /// The start of what stands there.
        found: String,
    },
    /// No or one row: the length of a bucket is the time between two rows.
    #[error("it holds {}; a curve needs at least two, whose distance is the length of a bucket", match rows { 0 => "a header and no row", _ => "one row" })]
    TooShort {
        /// How many rows there are.
        rows: usize,
    },
    /// A row that cannot be read.
    #[error(
        "line {line}: `{row}` is not of the form `2030-01-31T11:00:00Z,1200`; `floodmark curve import` reads other forms"
    )]
    Row {
        /// The line, from 1.
        line: usize,
        /// The start of what stands there.
        row: String,
    },
    /// A repetition, or a step back.
    #[error("line {line}: `{stamp}` does not lie behind the row before it; `floodmark curve import` can repair that")]
    Order {
        /// The line, from 1.
        line: usize,
        /// The stamp that stands there.
        stamp: String,
    },
    /// A gap.
    #[error(
        "line {line}: `{stamp}` is {off_ms} ms after the row before it, and the rows are {step_ms} ms apart; `floodmark curve import` can repair that"
    )]
    Step {
        /// The line, from 1.
        line: usize,
        /// The stamp that stands there.
        stamp: String,
        /// Milliseconds from the row before.
        off_ms: i64,
        /// Milliseconds between the first two rows.
        step_ms: i64,
    },
    /// Rows that are no curve.
    #[error("line {line}: {source}")]
    Counts {
        /// The line, from 1.
        line: usize,
        /// Why not.
        source: CurveError,
    },
}

impl Curve {
    /// Reads a curve file.
    ///
    /// # Errors
    /// [`CurveFileError`], with the line at fault.
    pub fn read(bytes: &[u8]) -> Result<Self, CurveFileError> {
        let mut rows = Rows::default();
        let text = text_of(bytes)?;
        let mut lines = (1..).zip(text.lines()).skip_while(|(_, line)| line.starts_with('#') || line.trim().is_empty());
        let (line, header) = lines.next().ok_or(CurveFileError::Empty)?;
        if header.trim() != HEADER {
            return Err(CurveFileError::Header { line, found: shortened(header) });
        }
        for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
            rows.add(line, row)?;
        }
        rows.curve(line + 1)
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, CurveFileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        CurveFileError::NotText { line: good.iter().filter(|&&byte| byte == b'\n').count() + 1 }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The rows read so far.
#[derive(Default)]
struct Rows {
    start_ms: i64,
    last_ms: i64,
    step_ms: i64,
    counts: Vec<f64>,
}

impl Rows {
    fn add(&mut self, line: usize, row: &str) -> Result<(), CurveFileError> {
        let wrong = || CurveFileError::Row { line, row: shortened(row) };
        let (stamp, count) = row.split_once(',').ok_or_else(wrong)?;
        let at_ms = stamp.trim().parse::<jiff::Timestamp>().map_err(|_| wrong())?.as_millisecond();
        let count = count.trim().parse::<f64>().map_err(|_| wrong())?;
        let off_ms = at_ms - self.last_ms;
        match self.counts.len() {
            0 => self.start_ms = at_ms,
            _ if off_ms <= 0 => return Err(CurveFileError::Order { line, stamp: stamp.trim().to_owned() }),
            1 => self.step_ms = off_ms,
            _ if off_ms == self.step_ms => {}
            _ => {
                let stamp = stamp.trim().to_owned();
                return Err(CurveFileError::Step { line, stamp, off_ms, step_ms: self.step_ms });
            }
        }
        self.last_ms = at_ms;
        self.counts.push(count);
        Ok(())
    }

    fn curve(self, first_line: usize) -> Result<Curve, CurveFileError> {
        if self.counts.len() < 2 {
            return Err(CurveFileError::TooShort { rows: self.counts.len() });
        }
        Curve::new(Some(self.start_ms), self.step_ms.unsigned_abs(), self.counts).map_err(|source| {
            let bucket = if let CurveError::Count { bucket, .. } = source { bucket } else { 0 };
            CurveFileError::Counts { line: first_line + bucket, source }
        })
    }
}

/// The start of a long line.
fn shortened(line: &str) -> String {
    line.chars().take(60).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_file_gives_start_step_and_counts() {
        let text = "# step 60 s\n# from a test\ntimestamp,count\n2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,2.5\n\n";
        let curve = Curve::read(text.as_bytes()).unwrap();
        assert_eq!((curve.step_ms(), curve.counts()), (60_000, [5.0, 2.5].as_slice()));
        assert_eq!(curve.start_unix_ms(), Some(1_896_087_600_000));
        let windows = text.replace('\n', "\r\n");
        assert_eq!(Curve::read(format!("\u{feff}{windows}").as_bytes()).unwrap(), curve);
    }

    #[test]
    fn what_is_no_curve_file_is_refused_with_its_line() {
        let rows = |rows: &str| format!("# c\ntimestamp,count\n{rows}");
        for (text, expected) in [
            (String::new(), "it is empty"),
            ("# only\n# comments\n".to_owned(), "it is empty"),
            ("timestamp;count\n".to_owned(), "line 1: the columns are `timestamp;count`"),
            (rows(""), "a header and no row"),
            (rows("2030-01-31T11:00:00Z,5\n"), "one row"),
            (rows("2030-01-31 11:00:00,5\n"), "line 3: `2030-01-31 11:00:00,5` is not of the form"),
            (rows("2030-01-31T11:00:00Z\n"), "line 3: `2030-01-31T11:00:00Z` is not"),
            (rows("2030-01-31T11:00:00Z,x\n"), "line 3: "),
            (rows("2030-01-31T11:00:00Z,1\n2030-01-31T11:00:00Z,1\n"), "line 4: `2030-01-31T11:00:00Z` does not lie"),
            (
                rows("2030-01-31T11:00:00Z,1\n2030-01-31T11:01:00Z,1\n2030-01-31T11:03:00Z,1\n"),
                "line 5: `2030-01-31T11:03:00Z` is 120000 ms after the row before it, and the rows are 60000 ms apart",
            ),
            (rows("2030-01-31T11:00:00Z,1\n2030-01-31T11:01:00Z,-1\n"), "line 4: bucket 1 holds -1 events"),
            (rows("2030-01-31T11:00:00Z,NaN\n2030-01-31T11:01:00Z,1\n"), "line 3: bucket 0 holds NaN events"),
        ] {
            let error = Curve::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
        let error = Curve::read(b"timestamp,count\n\xff\xfe").unwrap_err().to_string();
        assert_eq!(error, "line 2 is not UTF-8 text");
    }
}
