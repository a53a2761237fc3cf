//! Reads the sample of a capture: chunk by chunk, each partition one at a time.

use std::time::Duration;

use super::{CaptureProgress, CaptureStep};
use crate::capture::Counted;
use crate::capture::sample::{Chunk, SampleFigures, Sighting, Tally, chunks};
use crate::clock::Clock;
use crate::consume::extract::{Extractor, Place};
use crate::kafka::{ClientSettings, Record, Source, SourceEvent};
use crate::session::SessionError;
use crate::session::reading::{Wanted, read_until_done};

/// How long nothing may come before the end of a chunk.
const PATIENCE: Duration = Duration::from_secs(20);
/// Read ahead little: a chunk is short, and the next one is elsewhere. What the user set wins.
const READ_LITTLE: [(&str, &str); 3] =
    [("queued.min.messages", "1"), ("fetch.message.max.bytes", "65536"), ("queued.max.messages.kbytes", "1024")];

/// What is sampled.
pub(super) struct SampleOrder<'a> {
    pub(super) settings: &'a ClientSettings,
    pub(super) topic: &'a str,
    /// About so many records.
    pub(super) records: u64,
    pub(super) event_time: Option<Place>,
    /// The curve, and the offsets that it is of.
    pub(super) counted: &'a Counted,
    /// Whether a bucket is about timestamps, rather than about when it was polled.
    pub(super) stamps_are_bucketed: bool,
}

/// Reads records spread over the curve's time and partitions.
///
/// # Errors
/// When reading fails, or nothing comes for too long.
pub(super) fn take_sample(
    order: &SampleOrder<'_>,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<SampleFigures, SessionError> {
    let offsets = &order.counted.offsets;
    let (first, last) = (offsets.row(0), offsets.row(offsets.edges().saturating_sub(1)));
    let ranges: Vec<(i64, i64)> = first.iter().copied().zip(last.iter().copied()).collect();
    let rounds = chunks(&ranges, order.records);
    let wanted: u64 = rounds.iter().flatten().map(|chunk| chunk.records).sum();
    let mut reader = Reader {
        order,
        extractor: order.event_time.clone().map(Extractor::of_event_time),
        tally: Tally::new(order.event_time.is_some(), order.stamps_are_bucketed),
    };
    let mut source: Option<Source> = None;
    let clock = Clock::anchored_now();
    for round in rounds {
        let from: Vec<(i32, i64)> = round.iter().map(|chunk| (chunk.partition as i32, chunk.from)).collect();
        match &mut source {
            Some(source) => source.jump(order.topic, &from)?,
            none => *none = Some(Source::open(&order.settings.sampler(&READ_LITTLE), order.topic, &from)?),
        }
        if let Some(source) = &mut source {
            reader.read_round(round, source, &clock)?;
        }
        progress(CaptureProgress {
            doing: CaptureStep::Sampling,
            done: reader.tally.records().min(wanted),
            of: wanted,
        });
    }
    Ok(reader.tally.figures(order.counted.per_partition.iter().sum()))
}

/// A chunk that is being read.
struct Open {
    chunk: Chunk,
    read: u64,
    last: Option<i64>,
}

struct Reader<'a> {
    order: &'a SampleOrder<'a>,
    extractor: Option<Extractor>,
    tally: Tally,
}

impl Reader<'_> {
    /// Reads one chunk of each partition of a round.
    fn read_round(&mut self, round: Vec<Chunk>, source: &mut Source, clock: &Clock) -> Result<(), SessionError> {
        let mut open: Vec<Open> = round.into_iter().map(|chunk| Open { chunk, read: 0, last: None }).collect();
        if open.is_empty() {
            return Ok(());
        }
        read_until_done(source, clock, self.order.topic, PATIENCE, |event| {
            match event {
                SourceEvent::Record { record, .. } => self.see(&record, &mut open),
                SourceEvent::End { partition, .. } => {
                    self.close(&mut open, |chunk| chunk.partition == partition as usize);
                }
                SourceEvent::Error { .. } => {}
            }
            Wanted::while_open(&open)
        })
    }

    fn see(&mut self, record: &Record<'_>, open: &mut Vec<Open>) {
        let (partition, offset) = (record.partition() as usize, record.offset());
        let Some(at) = open.iter().position(|open| open.chunk.partition == partition) else { return };
        let found = &mut open[at];
        if offset < found.chunk.from {
            return;
        }
        if offset < found.chunk.below {
            found.read += 1;
            found.last = Some(offset);
            self.tally.see(&self.sighting(record), &self.order.counted.edges, &self.order.counted.offsets);
        }
        if offset + 1 >= found.chunk.below || found.read >= found.chunk.records {
            self.close(open, |chunk| chunk.partition == partition);
        }
    }

    fn sighting<'r>(&self, record: &Record<'r>) -> Sighting<'r> {
        let event_time_ms = self
            .extractor
            .as_ref()
            .and_then(|extractor| extractor.extract(record.payload(), |name| record.header(name)).event_time_ms);
        Sighting {
            partition: record.partition() as usize,
            offset: record.offset(),
            stamp_ms: record.timestamp().map(|timestamp| timestamp.ms),
            key: record.key(),
            payload: record.payload(),
            event_time_ms,
        }
    }

    fn close(&mut self, open: &mut Vec<Open>, is_over: impl Fn(&Chunk) -> bool) {
        open.retain(|Open { chunk, read, last }| {
            let over = is_over(chunk);
            if over {
                self.tally.chunk_ended(chunk, *read, *last);
            }
            !over
        });
    }
}
