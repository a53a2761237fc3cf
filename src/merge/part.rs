//! One part of a run: a folder, and what it holds.

use std::path::{Path, PathBuf};

use crate::conclude::{Measured, Role, StreamMeasured, injected_of, produced_of, stage_of};
use crate::incidents::IncidentKind;
use crate::latency::Hop;
use crate::load::Shard;
use crate::profile::{Profile, Stream};
use crate::results::manifest::Manifest;
use crate::results::summary::StreamSummary;
use crate::results::{LogKey, ResultsError, RunFolder, Summary};

/// A folder with one part of a run, opened.
pub(super) struct Part {
    pub(super) folder: RunFolder,
    pub(super) summary: Summary,
    /// Moves into the whole.
    pub(super) measured: Measured,
    /// Whether it sent.
    pub(super) sends: bool,
    /// Its part of the partitions, if it observed.
    pub(super) observes: Option<Shard>,
}

impl Part {
    /// Reads the part of a run that a folder holds.
    pub(super) fn read(path: &Path, profile: &Profile) -> Result<Self, ResultsError> {
        let (folder, summary) = open(path)?;
        let streams = profile.streams.iter().zip(&summary.streams);
        let measured = Measured {
            interrupted: summary.interrupted,
            troubles: summary.troubles.clone(),
            leader_moves: Vec::new(),
            rebalances: Vec::new(),
            faults: summary.events.iter().filter(|of| of.kind == IncidentKind::Fault).cloned().collect(),
            cpu_ns: summary.generator.cpu_s.map(|cpu_s| (cpu_s * 1e9) as u64),
            streams: streams.map(|(stream, found)| read_stream(&folder, stream, found)).collect::<Result<_, _>>()?,
        };
        let observes = measured.was_observed().then(|| observed_by(folder.manifest()));
        Ok(Part { sends: measured.was_sent(), observes, folder, summary, measured })
    }

    /// Where it stands.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// When its first second began, in nanoseconds since 1970.
    pub(super) fn start_unix_ns(&self) -> u64 {
        let started = self.summary.run.started.parse::<jiff::Timestamp>().map_or(0, |at| at.as_nanosecond());
        u64::try_from(started).unwrap_or(0)
    }
}

/// Opens a folder whose run ended in order, with all its files as they were written.
fn open(path: &Path) -> Result<(RunFolder, Summary), ResultsError> {
    let folder = RunFolder::open(path)?;
    let unreadable = |why: &str| ResultsError::Malformed { file: path.to_owned(), why: why.to_owned() };
    if !folder.ended_in_order() {
        let why = "its manifest says `running`: the process was killed before it could account for its events; `floodmark show` prints what is known, second by second";
        return Err(unreadable(why));
    }
    folder.verify()?;
    let summary = folder.summary()?.ok_or_else(|| unreadable("it has no summary.json"))?;
    Ok((folder, summary))
}

/// What was measured of one stream: its summary's figures, its logs and its ledgers.
fn read_stream(folder: &RunFolder, stream: &Stream, found: &StreamSummary) -> Result<StreamMeasured, ResultsError> {
    let name = &stream.name;
    let mut measured = StreamMeasured {
        due_to_sent: folder.latencies(&LogKey::new(name, None, Hop::DueToSent))?,
        own_lateness: folder.latencies(&LogKey::of_generator(name))?,
        sent_to_acked: folder.latencies(&LogKey::new(name, None, Hop::SentToAcked))?,
        produced: produced_of(folder.path(), name)?,
        injected: injected_of(&found.injections),
        ..figures_of(found)
    };
    for (place, stage) in stage_names(stream).into_iter().enumerate() {
        measured.stages.push(stage_of(folder.path(), stream, place, stage)?);
    }
    Ok(measured)
}

/// What a summary says of the sending.
fn figures_of(found: &StreamSummary) -> StreamMeasured {
    StreamMeasured {
        sent_events: found.counts.sent,
        sent: found.sends,
        sent_bytes: found.bytes,
        queue_full: found.queue_full,
        held_back_ns: (found.held_back_s * 1e9) as u64,
        capped_ns: (found.capped_s * 1e9) as u64,
        behind_at_end_ns: (found.behind_at_end_ms * 1e6) as u64,
        worst_second_late_ns: (found.worst_second_late_ms * 1e6) as u64,
        workers: found.workers,
        queue_events: found.queue_events,
        linger_ms: found.linger_ms,
        ..StreamMeasured::default()
    }
}

/// Which partitions a process observed. The shard of one that sends is of the senders.
fn observed_by(manifest: &Manifest) -> Shard {
    let shard = manifest.shard.as_deref().filter(|_| manifest.command == Role::Consume.name());
    shard.and_then(|shard| shard.parse().ok()).unwrap_or(Shard::WHOLE)
}

/// The names of the places where a stream is observed, in their order.
pub(super) fn stage_names(stream: &Stream) -> Vec<&str> {
    stream.stages.iter().map(|stage| stage.name.as_str()).collect()
}
