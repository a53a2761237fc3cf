//! Floodmark's verdicts on a stream: as a file, and as a topic of which only each partition's order is known.

use floodmark::consume::recorded::{RowKind, read_recorded};
use floodmark::event_time::CountRange;
use floodmark::event_time::watermark::{Claim, ModelSpec, TimedRecord, Watermarks};
use floodmark::results::verdicts::WatermarkVerdicts;
use floodmark::survey::{Reading, judge_recorded};

use super::stream::{Row, Stream};

/// The claims of a topic's reader.
#[derive(Debug)]
pub(crate) struct Claims {
    /// One for each row, nothing for what is not an event.
    pub(crate) of: Vec<Option<Claim>>,
    pub(crate) dropped: CountRange,
    /// (Event, window) pairs.
    pub(crate) pairs: u64,
    pub(crate) pairs_lost: CountRange,
    pub(crate) metric: CountRange,
}

/// The verdicts on the file.
pub(crate) fn of_file(stream: &Stream) -> WatermarkVerdicts {
    judged(stream, &stream.csv())
}

/// The verdicts on the file without the times of its ticks.
pub(crate) fn of_untimed_file(stream: &Stream) -> WatermarkVerdicts {
    judged(stream, &stream.untimed_csv())
}

fn judged(stream: &Stream, csv: &str) -> WatermarkVerdicts {
    let recorded = read_recorded(csv.as_bytes()).unwrap();
    let reading = Reading { per_record: stream.per_record, quiet_stream: stream.quiet_stream };
    judge_recorded(&spec(stream), &recorded, reading)
}

/// The claims without ticks, batches or marks of idleness.
pub(crate) fn of_topic(stream: &Stream) -> Claims {
    let spec = spec(stream);
    let recorded = read_recorded(stream.csv().as_bytes()).unwrap();
    let partitions = stream.partitions();
    let times = stream.rows.iter().filter_map(|row| match row {
        Row::Event { time_ms, .. } => Some(*time_ms),
        Row::Tick(_) | Row::Batch | Row::Idle(_) => None,
    });
    let mut single = floodmark::event_time::watermark::Certain::new(&spec, partitions).knowing(times.max());
    let mut counting = Watermarks::new(&[spec], partitions);
    let mut of = Vec::new();
    let mut clock_ms = 0;
    for row in &recorded.rows {
        if let RowKind::Tick(Some(now_ms)) = row.kind {
            clock_ms = now_ms;
        }
        let RowKind::Event(Some(event_time_ms)) = row.kind else {
            of.push(None);
            continue;
        };
        let record = TimedRecord {
            partition: row.partition.unwrap_or(0) as u16,
            event_time_ms,
            appended_ms: None,
            // What was found to be read to its end at the tick before did not hold it yet.
            appended_by_ms: Some(clock_ms),
            key_hash: row.key_hash,
        };
        counting.observe(&record);
        of.push(Some(single.observe(&record)));
    }
    let tally = counting.finish().remove(0);
    let (pairs, pairs_lost) = (tally.pairs(), tally.pairs_lost());
    Claims { of, dropped: tally.dropped(), pairs, pairs_lost, metric: tally.metric() }
}

fn spec(stream: &Stream) -> ModelSpec {
    ModelSpec::of(&stream.model).unwrap_or_else(|fault| panic!("{fault}: {}", stream.command()))
}
