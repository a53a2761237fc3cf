//! Checks the broker's answers against records: if any hide after an answer, the stretch is read, and counts by their timestamps.

use super::runs::RunReader;
use super::{CaptureProgress, CaptureStep};
use crate::capture::{EdgeOffsets, Edges, Run, Stretch, Suspect, hides, is_past, runs, suspects};
use crate::consume::reading::ReadError;

/// How many records are read after an answer.
const LOOK_AT: i64 = 20;
/// The most answers that are checked, those that may hide most first.
const MOST_SUSPECTS: usize = 400;
/// About this many records are read of all stretches together; longer ones are sampled.
const READ_IN_ALL: u64 = 200_000;
/// At least this many records are read of a stretch.
const READ_OF_EACH: u64 = 500;

/// The result.
#[derive(Debug, Default)]
pub(crate) struct Around {
    pub stretches: Vec<Stretch>,
    /// Answers that were checked.
    pub looked_behind: usize,
    /// Offsets after answers that were not checked.
    pub not_looked_at: u64,
    /// Why records cannot be read at all, if so: no permission, or they were deleted meanwhile.
    pub unreadable: Option<String>,
}

/// A suspect, and how far its stretch is known.
struct Open {
    suspect: Suspect,
    /// The next offset to look at.
    at: i64,
    /// The distance to the one after that.
    leap: i64,
}

/// Checks what is after the answers at `offsets`; `oldest` and `ends` are where the partitions begin and end. That nothing can be read is
/// not an error here: counts are of offsets, and what may hide goes into the error bar.
pub(crate) fn look_around(
    reader: &mut RunReader<'_>,
    edges: &Edges,
    offsets: &EdgeOffsets,
    oldest: &[i64],
    ends: &[i64],
    progress: &mut dyn FnMut(CaptureProgress),
) -> Around {
    let mut all = suspects(offsets, oldest, ends);
    let left = all.split_off(all.len().min(MOST_SUSPECTS));
    let mut around = Around {
        looked_behind: all.len(),
        not_looked_at: left.iter().map(|suspect| suspect.offsets() - 1).sum(),
        ..Around::default()
    };
    let (mut hidden, of) = (Vec::new(), all.len() as u64);
    while !all.is_empty() && around.unreadable.is_none() {
        let wave = take_wave(&mut all);
        match look_behind(reader, edges, &wave) {
            Ok(found) => hidden.extend(found),
            Err(error) => around.give_up(&error, wave.iter().chain(&all).map(Suspect::offsets).sum()),
        }
        progress(CaptureProgress { doing: CaptureStep::Checking, done: of - all.len() as u64, of });
    }
    let total: u64 = hidden.iter().map(length).sum();
    let mut done = 0;
    for run in hidden {
        match read_stretch(reader, run, total) {
            Ok(stretch) => around.stretches.push(stretch),
            Err(error) => around.give_up(&error, length(&run)),
        }
        done += length(&run);
        progress(CaptureProgress { doing: CaptureStep::ReadingAround, done, of: total });
    }
    around
}

impl Around {
    fn give_up(&mut self, error: &ReadError, offsets: u64) {
        self.not_looked_at += offsets;
        self.unreadable = Some(error.to_string());
    }
}

fn length(run: &Run) -> u64 {
    (run.until - run.from).max(0) as u64
}

/// The first suspect of each partition.
fn take_wave(all: &mut Vec<Suspect>) -> Vec<Suspect> {
    let mut wave: Vec<Suspect> = Vec::new();
    all.retain(|suspect| {
        let is_first = wave.iter().all(|taken| taken.partition != suspect.partition);
        if is_first {
            wave.push(*suspect);
        }
        !is_first
    });
    wave
}

/// The stretches in which records hide: from the answer to where most records have timestamps of the requested moment or later.
fn look_behind(reader: &mut RunReader<'_>, edges: &Edges, wave: &[Suspect]) -> Result<Vec<Run>, ReadError> {
    let mut open: Vec<Open> =
        wave.iter().map(|suspect| Open { suspect: *suspect, at: suspect.from, leap: LOOK_AT }).collect();
    let mut hidden = Vec::new();
    while !open.is_empty() {
        let run = |open: &Open| Run {
            partition: open.suspect.partition,
            from: open.at,
            until: (open.at + LOOK_AT).min(open.suspect.until),
        };
        let looks: Vec<Run> = open.iter().map(run).collect();
        let stamps = stamps_of(reader, &looks)?;
        let mut next = Vec::new();
        for ((mut suspect, look), records) in open.into_iter().zip(looks).zip(stamps) {
            let Suspect { partition, from, until, edge } = suspect.suspect;
            let at_ms = edges.at_ms(edge);
            let after: Vec<_> =
                records.iter().filter(|(offset, _)| *offset > from).map(|(_, stamp_ms)| *stamp_ms).collect();
            if look.from == from && !hides(&after, at_ms) {
                continue;
            }
            let stamps_ms: Vec<_> = records.into_iter().map(|(_, stamp_ms)| stamp_ms).collect();
            if look.until >= until || is_past(&stamps_ms, at_ms) {
                hidden.push(Run { partition, from, until: look.until });
                continue;
            }
            suspect.at = (suspect.at + suspect.leap).min(until - 1);
            suspect.leap *= 2;
            next.push(suspect);
        }
        open = next;
    }
    Ok(hidden)
}

/// A record's offset and timestamp.
type Stamped = (i64, Option<i64>);

fn stamps_of(reader: &mut RunReader<'_>, looks: &[Run]) -> Result<Vec<Vec<Stamped>>, ReadError> {
    let mut stamps = vec![Vec::new(); looks.len()];
    let wanted: Vec<(Run, u64)> = looks.iter().map(|run| (*run, u64::MAX)).collect();
    reader.read(&wanted, |place, record| {
        if let Some(of) = stamps.get_mut(place) {
            of.push((record.offset(), record.timestamp().map(|timestamp| timestamp.ms)));
        }
    })?;
    Ok(stamps)
}

/// Reads a stretch, whole or, if all of them together are too long, in runs.
fn read_stretch(reader: &mut RunReader<'_>, whole: Run, total: u64) -> Result<Stretch, ReadError> {
    let length = (whole.until - whole.from) as u64;
    let share = u128::from(length) * u128::from(READ_IN_ALL) / u128::from(total.max(1));
    let wanted = if total <= READ_IN_ALL { length } else { (share as u64).max(READ_OF_EACH) };
    let mut stretch = Stretch::new(whole);
    for (run, stands_for) in runs(whole, wanted) {
        let stamps: Vec<_> = stamps_of(reader, &[run])?.into_iter().flatten().map(|(_, stamp_ms)| stamp_ms).collect();
        stretch.read(run, stands_for, &stamps);
    }
    Ok(stretch)
}

/// Whether none of the last records of any partition has a timestamp.
pub(super) fn none_is_stamped(reader: &mut RunReader<'_>, oldest: &[i64], ends: &[i64]) -> Result<bool, ReadError> {
    let last = |(partition, (oldest, end)): (usize, (&i64, &i64))| Run {
        partition,
        from: (end - LOOK_AT).max(*oldest),
        until: *end,
    };
    let looks: Vec<Run> = oldest.iter().zip(ends).enumerate().map(last).collect();
    let stamps = stamps_of(reader, &looks)?;
    let mut all = stamps.iter().flatten().peekable();
    Ok(all.peek().is_some() && all.all(|(_, stamp_ms)| stamp_ms.is_none()))
}
