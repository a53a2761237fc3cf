//! `timeline.csv`: a row for each second and stream (and stage, when there are several).

use serde::{Deserialize, Serialize};

/// What happened to a stream within one second. Rates are for this second; levels are at its end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TimelineRow {
    /// The second's start, RFC 3339.
    pub time: String,
    /// The second's number, from the start of the run.
    pub second: u64,
    /// The stream's name.
    pub stream: String,
    /// The stage's name; empty when the stream is observed in one place only.
    pub stage: String,
    /// What the schedule asked for.
    pub offered_per_s: f64,
    /// What was handed to the client.
    pub sent_per_s: f64,
    /// What the broker acknowledged.
    pub acked_per_s: f64,
    /// What was seen at the stage for the first time.
    pub delivered_per_s: f64,
    /// What was seen at the stage, further copies included.
    #[serde(default)]
    pub seen_per_s: f64,
    /// The consumer's lag: acked and not yet seen, further copies included; below zero while acknowledgements arrive after their events.
    pub lag_events: i64,
    /// Given up on in this second.
    pub failed: u64,
    /// Dropped by the generator in this second.
    pub dropped: u64,
    /// Handed to the client and neither acked nor given up on yet.
    pub outstanding: u64,
    /// Payload bytes handed to the client in this second.
    pub sent_bytes: u64,
    /// Median of due to consumed; empty when nothing was measured.
    pub due_to_consumed_p50_ms: Option<f64>,
    /// 99 % of events are consumed within this, counted from due.
    pub due_to_consumed_p99_ms: Option<f64>,
    /// The longest due to consumed.
    pub due_to_consumed_max_ms: Option<f64>,
    /// 99 % of events are acked within this, counted from sent.
    pub sent_to_acked_p99_ms: Option<f64>,
    /// 99 % of events were handed to the client at most this late.
    pub generator_lateness_p99_ms: Option<f64>,
    /// How late the latest event was handed to the client.
    pub generator_lateness_max_ms: Option<f64>,
}

/// Appends a row to a file's bytes, and the column names before the first one.
///
/// # Errors
/// Only if the encoder fails, which no row of this type causes.
pub(crate) fn append_row(file: &mut Vec<u8>, row: &TimelineRow, first: bool) -> Result<(), csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(first).from_writer(file);
    writer.serialize(row)?;
    writer.flush()?;
    Ok(())
}

/// Reads a timeline. A last line without its end (the process was killed while writing) is left out.
///
/// # Errors
/// The line and what is wrong with it.
pub(crate) fn read_rows(file: &[u8]) -> Result<Vec<TimelineRow>, csv::Error> {
    csv::Reader::from_reader(super::whole_lines(file)).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = TimelineRow> {
        let latency = || prop::option::of(-1e6..1e9_f64);
        (
            (any::<u64>(), "[a-z,\"]{0,8}", "[a-z ]{0,8}", 0.0..1e9_f64, any::<i64>(), any::<u64>()),
            (latency(), latency(), latency(), latency()),
        )
            .prop_map(|((second, stream, stage, rate, lag, count), (p50, p99, max, lateness))| TimelineRow {
                time: super::super::stamp::rfc3339(second),
                second,
                stream,
                stage,
                offered_per_s: rate,
                sent_per_s: rate / 3.0,
                lag_events: lag,
                failed: count,
                due_to_consumed_p50_ms: p50,
                due_to_consumed_p99_ms: p99,
                due_to_consumed_max_ms: max,
                generator_lateness_max_ms: lateness,
                ..TimelineRow::default()
            })
    }

    fn file_of(rows: &[TimelineRow]) -> Vec<u8> {
        let mut file = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            append_row(&mut file, row, number == 0).unwrap();
        }
        file
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were_written(rows in prop::collection::vec(row(), 0..8)) {
            prop_assert_eq!(read_rows(&file_of(&rows)).unwrap(), rows);
        }

        #[test]
        fn a_file_cut_anywhere_keeps_every_whole_row(rows in prop::collection::vec(row(), 1..6), cut in 0.0..1.0_f64) {
            let file = file_of(&rows);
            let kept = &file[..(file.len() as f64 * cut) as usize];
            let whole = kept.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
            prop_assert_eq!(read_rows(kept).unwrap(), &rows[..whole]);
        }
    }

    #[test]
    fn the_columns_carry_their_units() {
        let file = String::from_utf8(file_of(&[TimelineRow::default()])).unwrap();
        insta::assert_snapshot!(file.lines().next().unwrap(), @"time,second,stream,stage,offered_per_s,sent_per_s,acked_per_s,delivered_per_s,seen_per_s,lag_events,failed,dropped,outstanding,sent_bytes,due_to_consumed_p50_ms,due_to_consumed_p99_ms,due_to_consumed_max_ms,sent_to_acked_p99_ms,generator_lateness_p99_ms,generator_lateness_max_ms");
    }
}
