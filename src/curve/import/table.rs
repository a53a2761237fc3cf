//! CSV tables: the delimiter, the columns, and the rows with their lines.

use csv::{ReaderBuilder, StringRecord};

use super::{
    Decimal, Findings, ImportError, Kind, Options, Place, Values,
    numbers::{Convention, number},
    quoted::beginning,
    series::{Sample, Series},
    stamps::{StampReader, bare, is_stamp},
};

/// A table and its header.
#[derive(Debug)]
pub(super) struct Table<'t> {
    text: &'t str,
    delimiter: u8,
    pub(super) header: Vec<String>,
    header_line: u64,
    /// Whether the first row already has values.
    headless: bool,
}

impl<'t> Table<'t> {
    /// Reads the header.
    pub(super) fn open(text: &'t str, options: &Options) -> Result<Self, ImportError> {
        let delimiter = delimiter_of(text);
        let mut table = Table { text, delimiter, header: Vec::new(), header_line: 0, headless: false };
        let mut header = Vec::new();
        let mut header_line = 1;
        table.each_record(|line, record| {
            header_line = line;
            header = record.iter().map(|cell| bare(cell).to_owned()).collect();
            Ok(false)
        })?;
        if header.is_empty() {
            return Err(ImportError::Empty);
        }
        table.headless = header.first().is_some_and(|cell| is_stamp(cell, options.time_format.as_deref()));
        if header.len() < 2 && !table.headless && !table.begins_with_stamps(options)? {
            return Err(ImportError::OneColumn { line: header_line, text: beginning(&header[0]) });
        }
        if table.headless {
            header = (1..=header.len()).map(|number| format!("column {number}")).collect();
        }
        (table.header, table.header_line) = (header, header_line);
        Ok(table)
    }

    /// Whether the first row under a header begins with a time.
    fn begins_with_stamps(&self, options: &Options) -> Result<bool, ImportError> {
        let (mut number, mut found) = (0, false);
        self.each_record(|_, record| {
            number += 1;
            found = number == 2 && is_stamp(record.get(0).unwrap_or_default(), options.time_format.as_deref());
            Ok(number < 2)
        })?;
        Ok(found)
    }

    /// Calls `row` with each row under the header and its line.
    pub(super) fn each_row(
        &self,
        mut row: impl FnMut(u64, &StringRecord) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let mut header_to_come = !self.headless;
        let mut rows = 0_u64;
        self.each_record(|line, record| {
            if header_to_come {
                header_to_come = false;
                return Ok(true);
            }
            if record.len() != self.header.len() {
                return Err(ImportError::Columns { line, found: record.len(), expected: self.header.len() });
            }
            rows += 1;
            row(line, record)?;
            Ok(true)
        })?;
        if rows == 0 { Err(ImportError::HeaderOnly { line: self.header_line }) } else { Ok(()) }
    }

    /// Calls `each` with each record and its line until it returns that this is enough.
    fn each_record(
        &self,
        mut each: impl FnMut(u64, &StringRecord) -> Result<bool, ImportError>,
    ) -> Result<(), ImportError> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .comment(Some(b'#'))
            .from_reader(self.text.as_bytes());
        let mut record = StringRecord::new();
        let mut lines = LineCount { text: self.text, counted: 0, line: 1 };
        loop {
            let read = reader.read_record(&mut record);
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            match read {
                Ok(false) => return Ok(()),
                // Blank lines and rows of empty cells, as spreadsheets leave them at the end.
                Ok(true) if record.iter().all(|cell| bare(cell).is_empty()) => {}
                Ok(true) => {
                    if !each(line, &record)? {
                        return Ok(());
                    }
                }
                Err(error) => return Err(ImportError::Row { line, why: error.to_string() }),
            }
        }
    }

    /// What the commas and points in these columns mean.
    fn convention(&self, columns: &[usize]) -> Result<Convention, ImportError> {
        let mut convention = Convention::default();
        // Without quotes there is no comma inside a column of a comma-separated table.
        if self.delimiter != b',' || self.text.contains('"') {
            self.each_row(|line, record| {
                columns
                    .iter()
                    .filter_map(|column| record.get(*column))
                    .for_each(|cell| convention.learn(bare(cell), line));
                Ok(())
            })?;
        }
        Ok(convention)
    }

    /// The decimal mark in these columns, as requested or as they show it; and the finding that commas separate thousands.
    pub(super) fn decimal(
        &self,
        columns: &[usize],
        options: &Options,
        findings: &mut Findings,
    ) -> Result<Decimal, ImportError> {
        if let Some(decimal) = options.decimal {
            return Ok(decimal);
        }
        let convention = self.convention(columns)?;
        let decimal = convention.settle(self.delimiter, findings)?;
        if convention.commas_part_thousands(decimal) {
            let what = "commas in numbers are read as thousands separators";
            findings.note(Kind::Commas, None, what, "if they are decimal commas, add --decimal comma", false);
        }
        Ok(decimal)
    }

    /// The series in the columns besides the one with the time. Of several, only those that were asked for are read, or the first.
    pub(super) fn series(
        &self,
        time: usize,
        options: &Options,
        findings: &mut Findings,
    ) -> Result<(Vec<Series>, StampReader), ImportError> {
        let columns: Vec<usize> = (0..self.header.len()).filter(|column| *column != time).collect();
        let name = |column: &usize| self.header.get(*column).cloned().unwrap_or_default();
        let asked = |column: &usize| options.asks_for(&name(column));
        let mut read: Vec<usize> = columns.iter().filter(|column| asked(column)).copied().collect();
        if options.series.is_empty() {
            read.truncate(1);
        }
        let mut series: Vec<Series> =
            columns.iter().map(|column| Series { name: name(column), ..Series::default() }).collect();
        let decimal = self.decimal(&read, options, findings)?;
        let mut stamps = StampReader::new(options)?;
        self.each_row(|line, record| {
            let place = Place::line(line);
            let at_ms = stamps.read(record.get(time).unwrap_or_default(), place)?;
            for &column in &read {
                let value = number(record.get(column).unwrap_or_default(), decimal, place)?;
                if let Some(one) = columns.iter().position(|known| *known == column).and_then(|at| series.get_mut(at)) {
                    one.samples.push(Sample { place, at_ms, value });
                }
            }
            Ok(())
        })?;
        findings.take(&mut stamps.findings);
        Ok((series, stamps))
    }

    /// The times of the rows: each is one event.
    pub(super) fn events(
        &self,
        time: usize,
        options: &Options,
        findings: &mut Findings,
    ) -> Result<(Vec<Series>, StampReader), ImportError> {
        let mut stamps = StampReader::new(options)?;
        let mut samples = Vec::new();
        self.each_row(|line, record| {
            let place = Place::line(line);
            let at_ms = stamps.read(record.get(time).unwrap_or_default(), place)?;
            samples.push(Sample { place, at_ms, value: 1.0 });
            Ok(())
        })?;
        findings.take(&mut stamps.findings);
        let name = "rows".to_owned();
        Ok((vec![Series { name, samples, values: Some(Values::Events), ..Series::default() }], stamps))
    }
}

/// The lines of rows. The reader reports where it began to look for a row; blank lines and comments may follow before it.
struct LineCount<'t> {
    text: &'t str,
    counted: usize,
    line: u64,
}

impl LineCount<'_> {
    /// The line of the first row from this byte on.
    fn at(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let mut start = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.counted, bytes.len());
        while let Some(first) = bytes.get(start) {
            match first {
                b'\n' | b'\r' => start += 1,
                b'#' => start += bytes[start..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - start),
                _ => break,
            }
        }
        self.line += bytes[self.counted..start].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = start;
        self.line
    }
}

/// The most frequent of the usual delimiters in the first line, outside quotes.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty()).unwrap_or_default();
    let outside: String = header.split('"').step_by(2).collect();
    let count = |mark: char| outside.matches(mark).count();
    let marks = [',', ';', '\t'];
    let best = marks.into_iter().max_by_key(|mark| (count(*mark), *mark == ','));
    best.map_or(b',', |mark| mark as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_mark_that_the_header_is_full_of() {
        for (text, delimiter) in [
            ("a,b\n", b','),
            ("a;b\n", b';'),
            ("a\tb\n", b'\t'),
            ("\"a,x,y\";b\n", b';'),
            ("# c;;;\na,b\n", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter_of(text), delimiter, "{text}");
        }
    }
}
