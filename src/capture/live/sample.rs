//! Reads the sample of a capture: chunk by chunk, one at a time in each partition.

use super::runs::RunReader;
use super::{CaptureProgress, CaptureStep};
use crate::capture::sample::{Chunk, KeepOrder, Kept, SampleFigures, Sighting, Tally, chunks};
use crate::capture::{Counted, Run};
use crate::consume::extract::{Extractor, Place};
use crate::consume::reading::ReadError;
use crate::kafka::{ClientSettings, Record};

/// What to sample.
pub(super) struct SampleOrder<'a> {
    pub(super) settings: &'a ClientSettings,
    pub(super) topic: &'a str,
    /// About how many records.
    pub(super) records: u64,
    pub(super) event_time: Option<Place>,
    /// Which payloads to keep.
    pub(super) keep: &'a KeepOrder,
    /// The curve, and the offsets that it is based on.
    pub(super) counted: &'a Counted,
    /// Whether buckets are of timestamps, not of when they were polled.
    pub(super) stamps_are_bucketed: bool,
    /// Whether the topic is compacted: then most offsets of a chunk may be empty, and it is read until it has as many records as wanted.
    pub(super) compacted: bool,
}

/// Reads records spread over the curve's time and partitions: all of them, then only committed ones.
///
/// # Errors
/// When reading fails, or nothing comes for too long.
pub(super) fn take_sample(
    order: &SampleOrder<'_>,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<(SampleFigures, Kept), ReadError> {
    let rounds = chunks(&order.counted.ranges(), order.records);
    let wanted: u64 = rounds.iter().flatten().map(|chunk| chunk.records).sum();
    let extractor = order.event_time.clone().map(Extractor::of_event_time);
    let mut tally = Tally::new(order.event_time.is_some(), order.stamps_are_bucketed);
    let mut kept = Kept::default();
    let mut reader = RunReader::new(order.settings, order.topic, false);
    for round in &rounds {
        let mut read = vec![0; round.len()];
        let reached = reader.read(&runs_of(order, round), |place, record| {
            read[place] += 1;
            kept.see(order.keep, wanted, record.payload());
            tally.see(&sighting(extractor.as_ref(), record), order.counted);
        })?;
        for ((chunk, reached), read) in round.iter().zip(reached).zip(read) {
            tally.chunk_ended(chunk, reached, read);
        }
        let done = tally.records().min(wanted);
        progress(CaptureProgress { doing: CaptureStep::Sampling, done, of: wanted });
    }
    if !order.compacted {
        count_committed(order, &rounds, &mut tally, wanted, progress)?;
    }
    Ok((tally.figures(order.counted.per_partition.iter().sum()), kept))
}

/// Reads the same chunks as a committed reader: what that does not get was aborted.
fn count_committed(
    order: &SampleOrder<'_>,
    rounds: &[Vec<Chunk>],
    tally: &mut Tally,
    of: u64,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<(), ReadError> {
    let mut reader = RunReader::new(order.settings, order.topic, true);
    let mut done = 0;
    for round in rounds {
        let mut read = vec![0; round.len()];
        let reached = reader.read(&runs_of(order, round), |place, _| read[place] += 1)?;
        done += read.iter().sum::<u64>();
        for (reached, read) in reached.into_iter().zip(read) {
            tally.chunk_committed(reached, read);
        }
        progress(CaptureProgress { doing: CaptureStep::Committed, done: done.min(of), of });
    }
    Ok(())
}

/// The offsets that a round reads. If the offsets are not known to be mostly records, a chunk is as long as necessary.
///
/// Otherwise it is a stretch of offsets that is fixed before it is read: one that ends with a record would omit the markers after it.
fn runs_of(order: &SampleOrder<'_>, round: &[Chunk]) -> Vec<(Run, u64)> {
    let run = |chunk: &Chunk| {
        let until = if order.compacted { chunk.below } else { chunk.from + chunk.records as i64 };
        let most = if order.compacted { chunk.records } else { u64::MAX };
        (Run { partition: chunk.partition, from: chunk.from, until }, most)
    };
    round.iter().map(run).collect()
}

pub(super) fn sighting<'r>(extractor: Option<&Extractor>, record: &Record<'r>) -> Sighting<'r> {
    let event_time_ms =
        extractor.and_then(|extractor| extractor.extract(record.payload(), |name| record.header(name)).event_time_ms);
    Sighting {
        partition: record.partition() as usize,
        offset: record.offset(),
        stamp_ms: record.timestamp().map(|timestamp| timestamp.ms),
        key: record.key(),
        payload: record.payload(),
        event_time_ms,
    }
}
