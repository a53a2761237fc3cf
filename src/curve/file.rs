//! The curve file: CSV with the columns `timestamp,count`, a row for each bucket. A timestamp is the bucket's start, in RFC 3339 and UTC.
//!
//! Lines at the top that begin with `#` say where the curve comes from. `# step:` is read, too: a curve of one bucket needs it.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Curve, CurveError, moment_text};
use crate::units::Span;

/// The first line of a curve file that floodmark wrote.
pub(crate) const FIRST_LINE: &str = "# floodmark curve";
const HEADER: &str = "timestamp,count";
const STEP: &str = "step:";
const UNDATED: &str = "undated";

/// Where a curve comes from: the comments of its file, in their order. Control characters are not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Lines of the form `source: checkout.json (Prometheus query_range)`.
    pub lines: Vec<String>,
}

/// Why bytes are not a curve file. The message has the line; the caller knows the file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CurveFileError {
    /// Nothing, or only comments.
    #[error("the file is empty; a curve file has the columns `timestamp,count`")]
    Empty,
    /// Bytes that are not text.
    #[error("line {line} is not UTF-8 text")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
    /// Other columns.
    #[error("line {line}: the columns are `{found}`, not `{HEADER}`; `floodmark curve import` reads other forms")]
    Header {
        /// The line, from 1.
        line: usize,
        /// The start of the line.
        found: String,
    },
    /// A header alone.
    #[error("the file has no rows after its header")]
    NoRow,
    /// One row, and no length for its bucket.
    #[error("there is only one row, so the length of its bucket must be set with a comment like `# step: 60s`")]
    OneRow,
    /// A row that cannot be read.
    #[error(
        "line {line}: `{row}` is not a row like `2030-01-31T11:00:00Z,1200`; `floodmark curve import` reads other forms"
    )]
    Row {
        /// The line, from 1.
        line: usize,
        /// The start of the row.
        row: String,
    },
    /// A row that is not one bucket after the row before.
    #[error(
        "line {line}: {stamp} should be {expected}, one bucket of {step} after the row before; `floodmark curve import` reads files with gaps"
    )]
    Step {
        /// The line, from 1.
        line: usize,
        /// The timestamp there.
        stamp: String,
        /// The timestamp expected.
        expected: String,
        /// The length of a bucket.
        step: Span,
    },
    /// A step that is not valid.
    #[error("line {line}: `{text}` is not a bucket's length like `60s`, in whole milliseconds")]
    NoStep {
        /// The line, from 1.
        line: usize,
        /// The text there.
        text: String,
    },
    /// A count that is not valid.
    #[error("line {line}: {source}")]
    Count {
        /// The line, from 1.
        line: usize,
        /// Why not.
        source: CurveError,
    },
    /// A curve outside the calendar, which cannot be written.
    #[error("the curve reaches beyond the years that RFC 3339 can write")]
    NoDate,
}

impl Curve {
    /// Reads a curve file.
    ///
    /// # Errors
    /// [`CurveFileError`], with the line at fault.
    pub fn read(bytes: &[u8]) -> Result<Self, CurveFileError> {
        let text = text_of(bytes)?;
        let mut rows = Rows::default();
        let mut header_seen = false;
        for (line, row) in (1..).zip(text.lines()) {
            match row.trim() {
                "" => {}
                comment if !header_seen && comment.starts_with('#') => rows.comment(line, comment)?,
                row if header_seen => rows.row(line, row)?,
                HEADER => header_seen = true,
                other => return Err(CurveFileError::Header { line, found: beginning(other) }),
            }
        }
        if header_seen { rows.curve() } else { Err(CurveFileError::Empty) }
    }

    /// Writes a curve file. [`Curve::read`] returns exactly this curve.
    ///
    /// # Errors
    /// [`CurveFileError::NoDate`] for dates that RFC 3339 cannot write.
    pub fn write(&self, origin: &Origin) -> Result<String, CurveFileError> {
        let mut text = String::with_capacity(64 + self.counts().len() * 28);
        let step = Span::from_millis(self.step_ms());
        let undated = if self.start_unix_ms().is_none() { format!("# {UNDATED}\n") } else { String::new() };
        // Writing into a string cannot fail.
        let _ = write!(text, "{FIRST_LINE}\n# {STEP} {step}\n{undated}");
        for line in &origin.lines {
            let _ = writeln!(text, "# {}", line.replace(char::is_control, " "));
        }
        let _ = writeln!(text, "{HEADER}");
        for (bucket, count) in self.counts().iter().enumerate() {
            let start =
                Timestamp::from_millisecond(self.bucket_start_ms(bucket)).map_err(|_| CurveFileError::NoDate)?;
            let _ = writeln!(text, "{start},{count}");
        }
        Ok(text)
    }
}

/// The text, without a byte order mark.
fn text_of(bytes: &[u8]) -> Result<&str, CurveFileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        CurveFileError::NotText { line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The start of a long line.
fn beginning(line: &str) -> String {
    line.chars().take(60).collect()
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Rows {
    stated_step_ms: Option<u64>,
    step_ms: Option<i64>,
    undated: bool,
    start_ms: i64,
    last_ms: i64,
    counts: Vec<f64>,
}

impl Rows {
    fn comment(&mut self, line: usize, comment: &str) -> Result<(), CurveFileError> {
        let comment = comment.trim_start_matches('#').trim();
        self.undated |= comment == UNDATED;
        if let Some(step) = comment.strip_prefix(STEP) {
            let wrong = || CurveFileError::NoStep { line, text: beginning(step.trim()) };
            let step: Span = step.trim().parse().map_err(|_| wrong())?;
            if step.as_nanos() == 0 || !step.as_nanos().is_multiple_of(1_000_000) {
                return Err(wrong());
            }
            self.stated_step_ms = Some(step.as_nanos() / 1_000_000);
            self.step_ms = i64::try_from(step.as_nanos() / 1_000_000).ok();
        }
        Ok(())
    }

    fn row(&mut self, line: usize, row: &str) -> Result<(), CurveFileError> {
        let wrong = || CurveFileError::Row { line, row: beginning(row) };
        let (stamp, count) = row.split_once(',').ok_or_else(wrong)?;
        let at_ms = stamp.trim().parse::<Timestamp>().map_err(|_| wrong())?.as_millisecond();
        let count: f64 = count.trim().parse().map_err(|_| wrong())?;
        if !count.is_finite() || count < 0.0 {
            let source = CurveError::Count { bucket: self.counts.len(), count };
            return Err(CurveFileError::Count { line, source });
        }
        match (self.counts.is_empty(), self.step_ms) {
            (true, _) => self.start_ms = at_ms,
            (false, None) if at_ms > self.last_ms => self.step_ms = Some(at_ms - self.last_ms),
            (false, Some(step_ms)) if at_ms - self.last_ms == step_ms => {}
            (false, step_ms) => return Err(self.off(line, at_ms, step_ms.unwrap_or(1))),
        }
        self.last_ms = at_ms;
        self.counts.push(count);
        Ok(())
    }

    fn off(&self, line: usize, at_ms: i64, step_ms: i64) -> CurveFileError {
        let step = Span::from_millis(step_ms.unsigned_abs());
        let expected = moment_text(self.last_ms.saturating_add(step_ms));
        CurveFileError::Step { line, stamp: moment_text(at_ms), expected, step }
    }

    fn curve(self) -> Result<Curve, CurveFileError> {
        if self.counts.is_empty() {
            return Err(CurveFileError::NoRow);
        }
        let step_ms = self.stated_step_ms.or(self.step_ms.map(i64::unsigned_abs)).ok_or(CurveFileError::OneRow)?;
        let start_ms = (!self.undated).then_some(self.start_ms);
        // Every count was checked when its line was read.
        Curve::new(start_ms, step_ms, self.counts).map_err(|source| CurveFileError::Count { line: 1, source })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_curve_file_is_a_table_that_people_can_read() {
        let curve = Curve::new(Some(1_896_087_600_000), 60_000, vec![5.0, 2.5]).unwrap();
        let origin = Origin { lines: vec!["source: a\nb.json".to_owned(), "policy: gaps=fail".to_owned()] };
        let text = curve.write(&origin).unwrap();
        assert_eq!(
            text,
            "# floodmark curve\n# step: 1m\n# source: a b.json\n# policy: gaps=fail\ntimestamp,count\n\
             2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,2.5\n"
        );
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(Curve::read(windows.as_bytes()), Ok(curve));
    }

    #[test]
    fn what_is_no_curve_file_is_refused_with_its_line() {
        let under = |rows: &str| format!("# c\ntimestamp,count\n{rows}");
        let minute = "2030-01-31T11:00:00Z,1\n2030-01-31T11:01:00Z,1\n";
        for (text, expected) in [
            (String::new(), "is empty"),
            ("# only\n# comments\n".to_owned(), "is empty"),
            ("timestamp;count\n".to_owned(), "line 1: the columns are `timestamp;count`"),
            (under(""), "no rows after its header"),
            (under("2030-01-31T11:00:00Z,5\n"), "one row"),
            (under("2030-01-31 11:00:00,5\n"), "line 3: `2030-01-31 11:00:00,5` is not a row like"),
            (under("2030-01-31T11:00:00Z\n"), "line 3: "),
            (under("2030-01-31T11:00:00Z,x\n"), "line 3: "),
            (under(&minute.replace(":01:", ":00:")), "line 4: 2030-01-31T11:00:00Z should be"),
            (
                under(&format!("{minute}2030-01-31T11:03:00Z,1\n")),
                "line 5: 2030-01-31T11:03:00Z should be 2030-01-31T11:02:00Z, one bucket of 1m",
            ),
            (under(&minute.replace(",1", ",-1")), "line 3: bucket 0 has a count of -1"),
            (under(&minute.replace(",1", ",NaN")), "line 3: bucket 0 has a count of NaN"),
            (format!("# step: soon\n{}", under(minute)), "line 1: `soon` is not a bucket's length"),
            (format!("# step: 0s\n{}", under(minute)), "line 1: `0s` is not a bucket's length"),
            (format!("# step: 2m\n{}", under(minute)), "line 5: "),
        ] {
            let error = Curve::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
        assert_eq!(Curve::read(b"timestamp,count\n\xff\xfe"), Err(CurveFileError::NotText { line: 2 }));
    }

    #[test]
    fn a_curve_outside_the_calendar_is_not_written() {
        let curve = Curve::new(Some(i64::MAX), 60_000, vec![5.0, 2.5]).unwrap();
        assert_eq!(curve.write(&Origin::default()), Err(CurveFileError::NoDate));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_exactly(
            start_ms in proptest::option::of(-10_000_000_000_000_i64..10_000_000_000_000),
            step_ms in 1_u64..1_000_000_000,
            counts in prop::collection::vec(prop_oneof![(0_u32..9999).prop_map(f64::from), 0.0..1e14_f64], 1..50),
        ) {
            let curve = Curve::new(start_ms, step_ms, counts).unwrap();
            prop_assert_eq!(Curve::read(curve.write(&Origin::default()).unwrap().as_bytes()), Ok(curve));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Curve::read(&bytes);
        }
    }
}
