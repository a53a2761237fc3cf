//! Parts that cannot be joined, and why.

use std::path::PathBuf;

use super::part::{Part, stage_names};
use crate::conclude::{Measured, StageMeasured, StreamMeasured};
use crate::load::Shard;
use crate::profile::{Profile, Stream};
use crate::results::{ResultsError, RunFolder};

/// Why parts cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A folder cannot be read, or the result not written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The parts are not of one run.
    #[error("{path} is of run {found}, but {first_path} is of run {wanted}: only parts of one run can be merged", path = path.display(), first_path = first_path.display())]
    AnotherRun {
        /// The folder.
        path: PathBuf,
        /// Its run.
        found: String,
        /// The first folder.
        first_path: PathBuf,
        /// The first folder's run.
        wanted: String,
    },
    /// The parts were made with different profiles.
    #[error("{path} and {first_path} were made with different profiles (seed, rates or overrides differ), so their events do not belong together", path = path.display(), first_path = first_path.display())]
    AnotherProfile {
        /// The folder.
        path: PathBuf,
        /// The first folder.
        first_path: PathBuf,
    },
    /// A folder is given twice, or two parts sent the same logical producers' events.
    #[error("{path} and another part both sent for logical producer {producer} of stream {stream}: a folder or a shard was given twice", path = path.display())]
    SentTwice {
        /// The folder.
        path: PathBuf,
        /// The stream.
        stream: String,
        /// The logical producer.
        producer: u16,
    },
    /// A folder is given twice, or two parts observed the same partition.
    #[error("{path} and another part both observed partition {partition} of stage {stage}: a folder was given twice, or two observers ran without `--shard`", path = path.display())]
    SeenTwice {
        /// The folder.
        path: PathBuf,
        /// The stage.
        stage: String,
        /// The partition.
        partition: u16,
    },
    /// The parts that observed did not divide the partitions among as many observers.
    #[error("{path} is observer {found}, and another part observer {first}: observers of one run are divided alike", path = path.display())]
    DividedOtherwise {
        /// The folder.
        path: PathBuf,
        /// Its part of the partitions.
        found: Shard,
        /// Another folder's.
        first: Shard,
    },
    /// A part that observed began too late.
    #[error("{path} observed topic {topic}, partition {partition}, only from offset {began}, but sending began at offset {sent_from}: the events between cannot be told from lost ones; start `consume` before `produce`", path = path.display())]
    ObservedLate {
        /// The folder.
        path: PathBuf,
        /// The topic.
        topic: String,
        /// The partition.
        partition: usize,
        /// Where the observing began.
        began: i64,
        /// Where the sending began.
        sent_from: i64,
    },
    /// A part that sent is not given: its events would look as if no one had sent them.
    #[error("no part sent for logical producer {producer} of stream {stream}: the folder of a shard is missing")]
    NotSent {
        /// The stream.
        stream: String,
        /// The logical producer.
        producer: u16,
    },
}

/// All parts are of the first one's run, with its profile.
pub(super) fn refuse_strangers(first: &RunFolder, part: &Part) -> Result<(), MergeError> {
    let (wanted, found) = (first.manifest(), part.folder.manifest());
    let (path, first_path) = (part.path(), first.path().to_owned());
    if found.run_id != wanted.run_id {
        let (found, wanted) = (found.run_id.clone(), wanted.run_id.clone());
        return Err(MergeError::AnotherRun { path, found, first_path, wanted });
    }
    if found.profile_anywhere() != wanted.profile_anywhere() {
        return Err(MergeError::AnotherProfile { path, first_path });
    }
    Ok(())
}

/// No logical producer may have sent in two parts, and no partition been observed in two. `whole` are the parts before this one.
pub(super) fn refuse_twice(profile: &Profile, whole: &Measured, part: &Part) -> Result<(), MergeError> {
    for ((own, other), stream) in whole.streams.iter().zip(&part.measured.streams).zip(&profile.streams) {
        if let Some(producer) = sent_twice(own, other) {
            return Err(MergeError::SentTwice { path: part.path(), stream: stream.name.clone(), producer });
        }
        if let Some((stage, partition)) = seen_twice(stream, own, other) {
            return Err(MergeError::SeenTwice { path: part.path(), stage: stage.to_owned(), partition });
        }
    }
    Ok(())
}

fn sent_twice(own: &StreamMeasured, other: &StreamMeasured) -> Option<u16> {
    let (sent, more) = own.produced.as_ref().zip(other.produced.as_ref())?;
    more.producers.keys().find(|producer| sent.producers.contains_key(producer)).copied()
}

fn seen_twice<'a>(stream: &'a Stream, own: &StreamMeasured, other: &StreamMeasured) -> Option<(&'a str, u16)> {
    let shared = |own: &StageMeasured, other: &StageMeasured| {
        let (seen, more) = own.delivered.as_ref().zip(other.delivered.as_ref())?;
        more.positions.keys().find(|partition| seen.positions.contains_key(partition)).copied()
    };
    let mut stages = stage_names(stream).into_iter().zip(own.stages.iter().zip(&other.stages));
    stages.find_map(|(name, (own, other))| Some((name, shared(own, other)?)))
}

/// An observer's part needs the parts of all producers that may have sent what it saw.
pub(super) fn refuse_missing_shards(profile: &Profile, whole: &Measured) -> Result<(), MergeError> {
    for (stream, measured) in profile.streams.iter().zip(&whole.streams) {
        let sent_for =
            |producer: &u16| measured.produced.as_ref().is_some_and(|sent| sent.producers.contains_key(producer));
        if let Some(producer) = (0..stream.producers).find(|producer| !sent_for(producer)) {
            return Err(MergeError::NotSent { stream: stream.name.clone(), producer });
        }
    }
    Ok(())
}

/// Whoever observed has to have begun before anyone sent.
pub(super) fn refuse_late_observers(parts: &[Part]) -> Result<(), MergeError> {
    for observer in parts {
        let Some(observes) = observer.observes else { continue };
        for sender in parts.iter().filter(|part| part.sends) {
            refuse_later(observer, observes, sender)?;
        }
    }
    Ok(())
}

fn refuse_later(observer: &Part, observes: Shard, sender: &Part) -> Result<(), MergeError> {
    let topics = observer.folder.manifest().topics.iter().zip(&sender.folder.manifest().topics);
    for (seen, sent) in topics {
        let late = (0..)
            .zip(seen.start_offsets.iter().zip(&sent.start_offsets))
            .find(|(partition, (began, sent_from))| began > sent_from && observes.reads(*partition));
        if let Some((partition, (&began, &sent_from))) = late {
            let (path, topic, partition) = (observer.path(), seen.name.clone(), partition as usize);
            return Err(MergeError::ObservedLate { path, topic, partition, began, sent_from });
        }
    }
    Ok(())
}
