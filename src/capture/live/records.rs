//! Reads the records of a topic's range, and writes each into a file as it comes: nothing is held in memory.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::time::Duration;

use super::between::offsets_at;
use super::sample::sighting;
use super::{CONNECT_TIMEOUT, CaptureError, CaptureProgress, CaptureStep, OpenRuns, now_ms, runs_between};
use crate::capture::{Edges, Moment, RecordRows, RowCounts, Run, last_moment, moments};
use crate::clock::Clock;
use crate::consume::reading::{ReadError, Wanted, read_until_done};
use crate::curve::moment_text;
use crate::kafka::{ClientSettings, OffsetFinder, Operation, Source, SourceEvent, Target, TargetError};
use crate::profile::Isolation;
use crate::results::ResultsError;
use crate::results::pending::write_new;

/// How long nothing may come before the end of the range.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a broker may take to say where partitions end.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(20);
/// What the client reads ahead, so that memory is bounded. The user's settings take precedence.
const READ_AHEAD: [(&str, &str); 2] = [("queued.min.messages", "2000"), ("queued.max.messages.kbytes", "16384")];
/// How many records pass between two reports of the progress.
const SHOW_EVERY: u64 = 2000;

/// Which records to take, and where to.
#[derive(Debug, Clone)]
pub(crate) struct RecordsOrder<'a> {
    /// The client's settings.
    pub settings: &'a ClientSettings,
    /// The cluster that may be used although it is not on this machine.
    pub allow_cluster: Option<&'a str>,
    /// The topic.
    pub topic: &'a str,
    /// The beginning.
    pub from: Moment,
    /// The end.
    pub to: Moment,
    /// The most records, the first by time; all if none.
    pub most: Option<u64>,
    /// JSON pointers to values that are replaced by others of their kind and length.
    pub masked: &'a [String],
    /// The file, which does not exist yet.
    pub file: &'a Path,
}

/// What was taken.
#[derive(Debug, Clone)]
pub(crate) struct RecordsTaken {
    /// The cluster's id.
    pub cluster_id: String,
    /// How many partitions the topic has.
    pub partitions: usize,
    /// The beginning of the time, in milliseconds since 1970.
    pub from_ms: i64,
    /// Its end: earlier than was asked for where that holds too many records.
    pub to_ms: i64,
    /// Whether it ends earlier than was asked for.
    pub is_limited: bool,
    /// What the file holds.
    pub counts: RowCounts,
}

/// Takes the records whose timestamps are in the range. Only what is committed is read.
///
/// # Errors
/// [`CaptureError`], with the topic named; then there is no file.
pub(crate) fn take_records(
    order: &RecordsOrder<'_>,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<RecordsTaken, CaptureError> {
    let topic = || order.topic.to_owned();
    let (from_ms, until_ms) =
        moments(order.from, order.to, now_ms()).map_err(|why| CaptureError::Range { topic: topic(), why })?;
    let target = Target::connect(order.settings, CONNECT_TIMEOUT)
        .map_err(TargetError::from)
        .and_then(|target| {
            target.confirm(order.allow_cluster)?;
            target.require(&[(order.topic, Operation::Read)])?;
            Ok(target)
        })
        .map_err(|why| CaptureError::Cluster { topic: topic(), why })?;
    let finder = OffsetFinder::open(order.settings, order.topic)?;
    let held = held(&target, order.topic, finder.partitions())?;
    let to_ms = match order.most {
        Some(most) => last_moment_of(&finder, &held, (from_ms, until_ms), most)?,
        None => until_ms,
    };
    let edges = Edges::one(from_ms, to_ms);
    let runs = runs_between(order.settings, order.topic, &held, &edges, progress)?;
    let counts = write_new(order.file, |file| write_rows(order, (from_ms, to_ms), &runs, file, progress))
        .map_err(|stopped| stopped.of_file(order.file))?;
    let is_limited = to_ms < until_ms;
    let cluster_id = target.cluster_id().to_owned();
    Ok(RecordsTaken { cluster_id, partitions: held.len(), from_ms, to_ms, is_limited, counts })
}

/// What a committed reader is shown of each partition.
fn held(target: &Target, topic: &str, partitions: usize) -> Result<Vec<Run>, CaptureError> {
    let held = target
        .ranges(topic, partitions as u32, Isolation::ReadCommitted, OFFSETS_TIMEOUT)
        .map_err(|error| CaptureError::Cluster { topic: topic.to_owned(), why: error.into() })?;
    let run = |range: crate::kafka::PartitionRange| Run {
        partition: range.partition as usize,
        from: range.start,
        until: range.end,
    };
    let held: Vec<Run> = held.into_iter().map(run).collect();
    if held.iter().all(|run| run.from >= run.until) {
        return Err(CaptureError::Empty { topic: topic.to_owned() });
    }
    Ok(held)
}

/// The latest end for which all partitions together hold at most `most` records since the beginning.
fn last_moment_of(
    finder: &OffsetFinder,
    held: &[Run],
    (from_ms, to_ms): (i64, i64),
    most: u64,
) -> Result<i64, CaptureError> {
    let first = offsets_at(finder, held, from_ms)?;
    let records_before = |at_ms: i64| {
        let at = offsets_at(finder, held, at_ms)?;
        Ok::<_, CaptureError>(first.iter().zip(at).map(|(first, at)| (at - first).max(0) as u64).sum())
    };
    last_moment((from_ms, to_ms), most, records_before)
}

/// Why writing stopped.
enum Stopped {
    Capture(CaptureError),
    System(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(system: io::Error) -> Self {
        Stopped::System(system)
    }
}

impl From<ReadError> for Stopped {
    fn from(error: ReadError) -> Self {
        Stopped::Capture(error.into())
    }
}

impl Stopped {
    fn of_file(self, file: &Path) -> CaptureError {
        match self {
            Stopped::Capture(error) => error,
            Stopped::System(system) => ResultsError::CannotWrite { file: file.to_owned(), system }.into(),
        }
    }
}

fn write_rows(
    order: &RecordsOrder<'_>,
    between_ms: (i64, i64),
    runs: &[Run],
    file: &mut File,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<RowCounts, Stopped> {
    let mut rows = RecordRows::new(BufWriter::new(file), between_ms, order.most.unwrap_or(u64::MAX), order.masked)?;
    read(order, runs, &mut rows, progress)?;
    let counts = rows.finish()?;
    if counts.records > 0 {
        return Ok(counts);
    }
    Err(Stopped::Capture(CaptureError::NoRecords {
        topic: order.topic.to_owned(),
        from: moment_text(between_ms.0),
        to: moment_text(between_ms.1),
        left_out: counts.left_out().unwrap_or_else(|| "there are none".to_owned()),
    }))
}

/// Reads the runs, all partitions at once.
fn read(
    order: &RecordsOrder<'_>,
    runs: &[Run],
    rows: &mut RecordRows<BufWriter<&mut File>>,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<(), Stopped> {
    let mut open = OpenRuns::of(runs);
    if open.runs().is_empty() {
        return Ok(());
    }
    let of = runs.iter().map(|run| (run.until - run.from).max(0) as u64).sum();
    let settings = order.settings.sampler(Isolation::ReadCommitted, &READ_AHEAD);
    let mut source = Source::open(&settings, order.topic, &open.beginnings()).map_err(ReadError::from)?;
    let (mut seen, mut refused) = (0, None);
    let take = |event: SourceEvent<'_>| {
        if let SourceEvent::Record { record, .. } = &event
            && open.wants(record)
            && refused.is_none()
        {
            refused = rows.see(&sighting(None, record)).err();
            seen += 1;
            if seen % SHOW_EVERY == 0 {
                progress(CaptureProgress { doing: CaptureStep::Recording, done: seen.min(of), of });
            }
        }
        open.ended_by(&event);
        if refused.is_some() { Wanted::Nothing } else { Wanted::while_open(open.runs()) }
    };
    read_until_done(&mut source, &Clock::anchored_now(), order.topic, PATIENCE, take)?;
    refused.map_or(Ok(()), |system| Err(system.into()))
}
