//! `watermarks.csv`: a row for each second, stream, stage and partition where a model reads.

use serde::{Deserialize, Serialize};

use crate::event_time::lateness::StallCause;

/// A partition's watermark at the end of a second, by the stage's first model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WatermarkRow {
    /// The second's start, RFC 3339.
    pub time: String,
    /// The second's number, from the start of the run.
    pub second: u64,
    /// The stream's name.
    pub stream: String,
    /// The stage's name.
    pub stage: String,
    /// The partition; empty for the minimum over all partitions, which is what windows wait for.
    pub partition: Option<u16>,
    /// Records in this second.
    pub records: u64,
    /// The largest event time so far, in milliseconds since 1970; empty before the first record (for all: while any partition has none).
    pub max_event_time_ms: Option<i64>,
    /// That minus the model's bound. (Flink's own number is 1 ms lower.)
    pub watermark_ms: Option<i64>,
    /// How far the watermark is behind the clock, in milliseconds; negative when it is ahead.
    pub lag_ms: Option<i64>,
    /// Why the watermark did not move although another partition's did: `idle`, `old_times` or `future_event`.
    pub stalled: Option<StallCause>,
}

/// Appends a row to a file's bytes, and the column names before the first one.
///
/// # Errors
/// Only if the encoder fails, which no row of this type causes.
pub(crate) fn append_row(file: &mut Vec<u8>, row: &WatermarkRow, first: bool) -> Result<(), csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(first).from_writer(file);
    writer.serialize(row)?;
    writer.flush()?;
    Ok(())
}

/// Reads the rows. A last line without its end (the process was killed while writing) is left out.
///
/// # Errors
/// The line and what is wrong with it.
pub(crate) fn read_rows(file: &[u8]) -> Result<Vec<WatermarkRow>, csv::Error> {
    csv::Reader::from_reader(super::whole_lines(file)).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_written_but_for_a_torn_last_one() {
        let rows = [
            WatermarkRow {
                time: super::super::stamp::rfc3339(1),
                stream: "a,\"b".to_owned(),
                stage: "in".to_owned(),
                partition: Some(3),
                records: 17,
                max_event_time_ms: Some(-5),
                watermark_ms: Some(-5005),
                lag_ms: Some(1_760_000_000_000),
                stalled: Some(StallCause::OldTimes),
                ..WatermarkRow::default()
            },
            WatermarkRow { second: 1, ..WatermarkRow::default() },
        ];
        let mut file = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            append_row(&mut file, row, place == 0).unwrap();
        }
        assert_eq!(read_rows(&file).unwrap(), rows);
        assert_eq!(read_rows(&file[..file.len() - 1]).unwrap(), rows[..1]);
        assert!(read_rows(b"").unwrap().is_empty());
    }
}
