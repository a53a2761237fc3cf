//! A recorded stream: a CSV file with the columns kind, partition, time_ms and key, in the order of the stream.

use std::io::Read;

/// The most partitions that a file may name.
const MOST_PARTITIONS: usize = 16_384;

/// The content of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// An event with this time; none if it cannot be read.
    Event(Option<i64>),
    /// A watermark: a partition's, or without a partition the engine's own.
    Watermark(i64),
    /// The watermark is emitted, at this moment of the engine's clock if the file gives one.
    Tick(Option<i64>),
    /// A Spark micro-batch ends.
    Batch,
    /// A partition is marked idle.
    Idle,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its content.
    pub kind: RowKind,
    /// The partition as the file calls it; an event without one is in partition 0.
    pub partition: Option<u32>,
    /// A hash of its key; nothing without one. If no event of the file has a key, keys are unknown, and all events are taken to share one.
    pub key_hash: Option<u64>,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// The rows, in the file's order.
    pub rows: Vec<RecordedRow>,
    /// The partitions that it names, in order.
    pub partitions: Vec<u32>,
    /// Sentences about events whose time cannot be read; they are counted nevertheless.
    pub problems: Vec<String>,
}

/// A file that is not a recorded stream.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// It does not begin with the names of its columns.
    #[error("line 1 must name the columns `kind,partition,time_ms,key`; `{0}` is missing")]
    NoColumn(&'static str),
    /// A row that is wrong.
    #[error("line {line}: {why}")]
    Row {
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it, and how to fix it.
        why: String,
    },
    /// It cannot be read.
    #[error("the file cannot be read as CSV: {0}")]
    Csv(#[from] csv::Error),
}

/// Where the columns are.
struct Columns {
    kind: usize,
    partition: Option<usize>,
    time_ms: usize,
    key: Option<usize>,
}

/// Reads a recorded stream.
///
/// # Errors
/// [`RecordedError`], which names the line. An event whose time cannot be read is not an error: it is among the `problems`.
pub fn read_recorded(mut source: impl Read) -> Result<Recorded, RecordedError> {
    let mut text = Vec::new();
    source.read_to_end(&mut text).map_err(csv::Error::from)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_slice());
    let columns = Columns::find(reader.headers()?)?;
    let mut recorded = Recorded::default();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, |position| line_at(&text, position));
        let row = columns.row(line, &record, &mut recorded.problems)?;
        let named = if matches!(row.kind, RowKind::Event(_)) { row.partition.or(Some(0)) } else { row.partition };
        if let Some(Err(place)) = named.map(|partition| recorded.partitions.binary_search(&partition)) {
            recorded.partitions.insert(place, named.unwrap_or(0));
        }
        if recorded.partitions.len() > MOST_PARTITIONS {
            let why = format!("the file names more than {MOST_PARTITIONS} partitions");
            return Err(RecordedError::Row { line, why });
        }
        recorded.rows.push(row);
    }
    if recorded.rows.iter().all(|row| row.key_hash.is_none()) {
        recorded.rows.iter_mut().for_each(|row| row.key_hash = Some(0));
    }
    Ok(recorded)
}

/// The line of a record: empty lines before it count as lines, although the reader places the record before them.
fn line_at(text: &[u8], position: &csv::Position) -> u64 {
    let rest = text.get(position.byte() as usize..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count();
    position.line() + empty as u64
}

impl Columns {
    fn find(names: &csv::StringRecord) -> Result<Self, RecordedError> {
        let find = |name: &str| names.iter().position(|found| found.trim_start_matches('\u{feff}') == name);
        Ok(Columns {
            kind: find("kind").ok_or(RecordedError::NoColumn("kind"))?,
            partition: find("partition"),
            time_ms: find("time_ms").ok_or(RecordedError::NoColumn("time_ms"))?,
            key: find("key"),
        })
    }

    fn row(
        &self,
        line: u64,
        record: &csv::StringRecord,
        problems: &mut Vec<String>,
    ) -> Result<RecordedRow, RecordedError> {
        let wrong = |why: String| RecordedError::Row { line, why };
        let text = |column: Option<usize>| column.and_then(|at| record.get(at)).unwrap_or_default();
        let time = text(Some(self.time_ms));
        let needed = |what: &str| time.parse::<i64>().map_err(|_| wrong(not_a_time(time, what)));
        let kind = match text(Some(self.kind)) {
            "event" => RowKind::Event(time.parse().ok()),
            "watermark" => RowKind::Watermark(needed("a watermark")?),
            "tick" if time.is_empty() => RowKind::Tick(None),
            "tick" => RowKind::Tick(Some(needed("a tick")?)),
            "batch" => RowKind::Batch,
            "idle" => RowKind::Idle,
            other => {
                return Err(wrong(format!(
                    "`{other}` is not a kind of row: choose one of event, watermark, tick, batch, idle"
                )));
            }
        };
        let partition = match text(self.partition) {
            "" => None,
            digits => Some(
                digits
                    .parse()
                    .map_err(|_| wrong(format!("`{digits}` is not a partition: write its number, from 0")))?,
            ),
        };
        if kind == RowKind::Idle && partition.is_none() {
            return Err(wrong("an idle row must name the partition that is idle".to_owned()));
        }
        if kind == RowKind::Event(None) {
            problems.push(format!("line {line}: {}", not_a_time(time, "an event")));
        }
        let key = text(self.key);
        let key_hash = (!key.is_empty()).then(|| xxhash_rust::xxh3::xxh3_64(key.as_bytes()));
        Ok(RecordedRow { line, kind, partition, key_hash })
    }
}

fn not_a_time(text: &str, what: &str) -> String {
    if text.is_empty() {
        format!("{what} has no time_ms")
    } else {
        format!("`{text}` is not the time of {what}: it must be a whole number of milliseconds since 1970")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_in_order_with_their_lines() {
        let text = "kind,partition,time_ms,key\nevent,1,5,a\n\r\ntick,,200,\nidle,3,,\nevent,,-7,\nbatch\n";
        let recorded = read_recorded(text.as_bytes()).unwrap();
        let kinds: Vec<_> = recorded.rows.iter().map(|row| (row.line, row.kind, row.partition)).collect();
        let expected = [
            (2, RowKind::Event(Some(5)), Some(1)),
            (4, RowKind::Tick(Some(200)), None),
            (5, RowKind::Idle, Some(3)),
            (6, RowKind::Event(Some(-7)), None),
            (7, RowKind::Batch, None),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(recorded.partitions, [0, 1, 3]);
    }

    #[test]
    fn keys_are_missing_only_where_others_have_them() {
        let keys = |rows: &str| {
            let recorded = read_recorded(format!("kind,time_ms,key\n{rows}").as_bytes()).unwrap();
            recorded.rows.iter().map(|row| row.key_hash.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(keys("event,1,a\nevent,2,\n"), [true, false]);
        assert_eq!(keys("event,1,\nevent,2,\n"), [true, true]);
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        for (row, expected) in [
            ("evnt,0,1,", "line 2: `evnt` is not a kind of row"),
            ("event,x,1,", "line 2: `x` is not a partition"),
            ("watermark,0,soon,", "line 2: `soon` is not the time of a watermark"),
            ("idle,,,", "line 2: an idle row must name"),
        ] {
            let said =
                read_recorded(format!("kind,partition,time_ms,key\n{row}\n").as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
        }
        let said = read_recorded("event,0,1,\n".as_bytes()).unwrap_err().to_string();
        assert!(said.contains("line 1 must name the columns"), "{said}");
    }

    #[test]
    fn an_event_without_a_time_is_counted() {
        let recorded = read_recorded("kind,time_ms\nevent,\nevent,1.5\n".as_bytes()).unwrap();
        assert_eq!(recorded.rows.len(), 2);
        assert_eq!(recorded.problems.len(), 2, "{:?}", recorded.problems);
        assert!(recorded.problems[1].starts_with("line 3: `1.5` is not the time of an event"));
    }
}
