//! The files that grow second by second, of several parts: their logs become one log each, and their timelines one timeline.
//!
//! A second's histograms are merged bucket by bucket and its figures are read from the merged one: no percentile comes from percentiles.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::latency::{Hop, LatencyHistogram};
use crate::mergeable::Merge;
use crate::results::hlog::{GENERATOR, Interval, LogReader};
use crate::results::{LogFile, LogKey, ResultsError, RunFolder, RunWriter, TimelineRow, WatermarkRow};

/// A part, and how many seconds after the whole run it began.
pub(super) struct Joining<'a> {
    pub(super) folder: &'a RunFolder,
    pub(super) later_s: u64,
}

/// A stream's name and the names of its stages, in the profile's order.
pub(super) type StageNames<'a> = (&'a str, Vec<&'a str>);

/// Where a row stands within its second: the stream's place in the profile, and the stage's in the stream.
type StagePlace = (usize, usize);

/// Writes the logs and the timeline of the whole.
///
/// # Errors
/// When a part's file is damaged.
pub(super) fn join_seconds(
    writer: &mut RunWriter,
    parts: &[Joining<'_>],
    streams: &[StageNames<'_>],
) -> Result<(), ResultsError> {
    let figures = join_logs(writer, parts)?;
    let mut unseen: BTreeMap<StagePlace, f64> = BTreeMap::new();
    for ((second, place), mut row) in join_rows(parts, streams)? {
        let behind = unseen.entry(place).or_default();
        *behind += row.acked_per_s - row.seen_per_s;
        row.lag_events = behind.max(0.0) as i64;
        set_figures(&mut row, second, &figures);
        writer.row(&row);
    }
    join_watermarks(writer, parts, streams)?;
    writer.flush();
    Ok(())
}

/// The rows of all parts, by second and stage.
fn join_rows(
    parts: &[Joining<'_>],
    streams: &[StageNames<'_>],
) -> Result<BTreeMap<(u64, StagePlace), TimelineRow>, ResultsError> {
    let mut rows = BTreeMap::new();
    for part in parts {
        for row in part.folder.timeline()? {
            let row = TimelineRow { second: row.second + part.later_s, ..row };
            let place = place_of(&row.stream, &row.stage, streams);
            let whole = rows.entry((row.second, place)).or_insert_with(|| named_like(&row));
            add(whole, row);
        }
    }
    Ok(rows)
}

/// Where a row of a watermark log stands: by second, stream and stage, the partitions before the least over all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowPlace {
    second: u64,
    stage: StagePlace,
    is_all: bool,
    partition: Option<u16>,
}

/// The watermark logs of all parts, in the order of their seconds. Each partition has one observer. The least over all partitions is known to
/// an observer of all alone: where several observed a stage, those rows are left out.
fn join_watermarks(
    writer: &mut RunWriter,
    parts: &[Joining<'_>],
    streams: &[StageNames<'_>],
) -> Result<(), ResultsError> {
    let mut rows: Vec<(RowPlace, WatermarkRow)> = Vec::new();
    let mut observers: BTreeMap<StagePlace, usize> = BTreeMap::new();
    for part in parts {
        let of_part = watermark_rows(part, streams)?;
        let stages: BTreeSet<_> = of_part.iter().map(|(place, _)| place.stage).collect();
        stages.into_iter().for_each(|stage| *observers.entry(stage).or_default() += 1);
        rows.extend(of_part);
    }
    rows.sort_by_key(|(place, _)| *place);
    let is_known = |place: &RowPlace| !place.is_all || observers[&place.stage] == 1;
    rows.iter().filter(|(place, _)| is_known(place)).for_each(|(_, row)| writer.watermark_row(row));
    Ok(())
}

/// A part's rows, at their places in the whole.
fn watermark_rows(
    part: &Joining<'_>,
    streams: &[StageNames<'_>],
) -> Result<Vec<(RowPlace, WatermarkRow)>, ResultsError> {
    let placed = |row: WatermarkRow| {
        let (second, stage) = (row.second + part.later_s, place_of(&row.stream, &row.stage, streams));
        let place = RowPlace { second, stage, is_all: row.partition.is_none(), partition: row.partition };
        (place, WatermarkRow { second, ..row })
    };
    Ok(part.folder.watermarks()?.into_iter().map(placed).collect())
}

/// What a second's histogram says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SecondFigures {
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl SecondFigures {
    fn of(latencies: &LatencyHistogram) -> Self {
        let [p50_ms, p99_ms, max_ms] = [0.5, 0.99, 1.0].map(|at| latencies.measured_quantile_ms(at));
        SecondFigures { p50_ms, p99_ms, max_ms }
    }
}

type FiguresBySecond = BTreeMap<(LogKey, u64), SecondFigures>;

fn join_logs(writer: &mut RunWriter, parts: &[Joining<'_>]) -> Result<FiguresBySecond, ResultsError> {
    let mut files: Vec<(LogFile, u64)> = Vec::new();
    for part in parts {
        files.extend(part.folder.logs()?.into_iter().map(|file| (file, part.later_s)));
    }
    let mut keys = BTreeSet::new();
    for (file, _) in &files {
        keys.insert(file.open()?.key);
    }
    let mut figures = FiguresBySecond::new();
    for key in keys {
        let mut logs = logs_of(&key, &files)?;
        while let Some(interval) = next_second(&mut logs)? {
            figures.insert((key.clone(), interval.start.as_secs()), SecondFigures::of(&interval.latencies));
            writer.interval(&key, &interval);
        }
        writer.flush();
    }
    Ok(figures)
}

/// The logs of one hop, of all parts that hold one.
fn logs_of<'a>(key: &LogKey, files: &'a [(LogFile, u64)]) -> Result<Vec<PartLog<'a>>, ResultsError> {
    let mut logs = Vec::new();
    for (file, later_s) in files {
        let reader = file.open()?;
        if reader.key == *key {
            logs.push(PartLog::begin(file, reader, *later_s)?);
        }
    }
    Ok(logs)
}

/// A part's log, with the interval that comes next.
struct PartLog<'a> {
    file: &'a LogFile,
    reader: LogReader<'a>,
    later_s: u64,
    next: Option<Interval>,
}

impl<'a> PartLog<'a> {
    fn begin(file: &'a LogFile, reader: LogReader<'a>, later_s: u64) -> Result<Self, ResultsError> {
        let mut log = PartLog { file, reader, later_s, next: None };
        log.advance()?;
        Ok(log)
    }

    /// Gives the interval that comes next, at its place in the whole run.
    fn advance(&mut self) -> Result<Option<Interval>, ResultsError> {
        let next = self.reader.next().transpose().map_err(|why| self.file.malformed(why))?;
        let later = Duration::from_secs(self.later_s);
        let next = next.map(|interval| Interval { start: interval.start + later, ..interval });
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn second(&self) -> Option<u64> {
        self.next.as_ref().map(|interval| interval.start.as_secs())
    }
}

/// The earliest second of all logs, with what each of them holds of it.
fn next_second(logs: &mut [PartLog<'_>]) -> Result<Option<Interval>, ResultsError> {
    let Some(second) = logs.iter().filter_map(PartLog::second).min() else { return Ok(None) };
    let mut latencies = LatencyHistogram::default();
    let mut length = Duration::ZERO;
    for log in logs {
        while log.second() == Some(second) {
            let Some(interval) = log.advance()? else { break };
            latencies.merge(interval.latencies);
            length = length.max(interval.length);
        }
    }
    Ok(Some(Interval { start: Duration::from_secs(second), length, latencies }))
}

fn place_of(stream: &str, stage: &str, streams: &[StageNames<'_>]) -> StagePlace {
    let stream = streams.iter().position(|(name, _)| *name == stream);
    let stages = stream.map_or(&[][..], |stream| &streams[stream].1);
    let stage = stages.iter().position(|name| *name == stage);
    (stream.unwrap_or(usize::MAX), stage.unwrap_or(0))
}

fn named_like(row: &TimelineRow) -> TimelineRow {
    TimelineRow {
        time: row.time.clone(),
        second: row.second,
        stream: row.stream.clone(),
        stage: row.stage.clone(),
        ..TimelineRow::default()
    }
}

/// Adds a part's second to the whole's: rates and levels are sums; figures of latencies are not, and come from the logs.
fn add(whole: &mut TimelineRow, part: TimelineRow) {
    let TimelineRow {
        time,
        second: _,
        stream: _,
        stage: _,
        offered_per_s,
        sent_per_s,
        acked_per_s,
        delivered_per_s,
        seen_per_s,
        lag_events: _,
        failed,
        dropped,
        outstanding,
        sent_bytes,
        due_to_consumed_p50_ms: _,
        due_to_consumed_p99_ms: _,
        due_to_consumed_max_ms: _,
        sent_to_acked_p99_ms: _,
        generator_lateness_p99_ms: _,
        generator_lateness_max_ms: _,
    } = part;
    if time < whole.time {
        whole.time = time;
    }
    whole.offered_per_s += offered_per_s;
    whole.sent_per_s += sent_per_s;
    whole.acked_per_s += acked_per_s;
    whole.delivered_per_s += delivered_per_s;
    whole.seen_per_s += seen_per_s;
    whole.failed += failed;
    whole.dropped += dropped;
    whole.outstanding += outstanding;
    whole.sent_bytes += sent_bytes;
}

fn set_figures(row: &mut TimelineRow, second: u64, figures: &FiguresBySecond) {
    let of = |stage: Option<&str>, hop| figures.get(&(LogKey::new(&row.stream, stage, hop), second)).copied();
    let seen = of(Some(row.stage.as_str()).filter(|stage| !stage.is_empty()), Hop::DueToConsumed);
    let acked = of(None, Hop::SentToAcked);
    let own = of(Some(GENERATOR), Hop::DueToSent);
    row.due_to_consumed_p50_ms = seen.and_then(|seen| seen.p50_ms);
    row.due_to_consumed_p99_ms = seen.and_then(|seen| seen.p99_ms);
    row.due_to_consumed_max_ms = seen.and_then(|seen| seen.max_ms);
    row.sent_to_acked_p99_ms = acked.and_then(|acked| acked.p99_ms);
    row.generator_lateness_p99_ms = own.and_then(|own| own.p99_ms);
    row.generator_lateness_max_ms = own.and_then(|own| own.max_ms);
}
