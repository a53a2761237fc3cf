//! The rate that a search confirmed, read from its folder, with what else its trial knows.

use std::path::{Path, PathBuf};

use super::record::record_in;
use crate::capacity::{Bound, Ended, Length, Outcome, SearchRecord, Trial};
use crate::conclude::read_run;
use crate::results::{ResultsError, RunFolder, Summary};

/// What a search measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasuredRate {
    /// Events in a second of the profile's busiest stretch, at the highest load that a long trial confirmed.
    pub(crate) per_s: f64,
    /// Whether more may be possible: no load failed.
    pub(crate) at_least: bool,
    /// Partitions of the topics that the load was sent to, together.
    pub(crate) partitions: u32,
    /// Bytes of an event's payload, on average; none where nothing was sent.
    pub(crate) event_bytes: Option<f64>,
}

/// Why a folder has no rate to plan with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unmeasured {
    /// No search there.
    #[error("`{}` has no search in it: `floodmark capacity PROFILE --out DIR` leaves one", folder.display())]
    NoSearch {
        /// The folder.
        folder: PathBuf,
    },
    /// A search that goes on, or was stopped.
    #[error("the search in `{}` is not finished: the same `floodmark capacity` with the same --out goes on", folder.display())]
    NotFinished {
        /// The folder.
        folder: PathBuf,
    },
    /// A search without a lower bound.
    #[error("the search in `{}` confirmed no load with a long trial that passed: search again from a lower --start", folder.display())]
    NoBound {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder or file.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// What the search in a folder measured.
///
/// # Errors
/// A folder that has no search, one that is not finished, or one that confirmed no load.
pub(crate) fn measured_rate(folder: &Path) -> Result<MeasuredRate, Unmeasured> {
    let record =
        record_in::<SearchRecord>(folder)?.ok_or_else(|| Unmeasured::NoSearch { folder: folder.to_owned() })?;
    let found = record.found.as_ref().ok_or_else(|| Unmeasured::NotFinished { folder: folder.to_owned() })?;
    let confirmed = found.lower.and_then(|lower| Some((lower, confirming(&record, &lower)?)));
    let (lower, trial) = confirmed.ok_or_else(|| Unmeasured::NoBound { folder: folder.to_owned() })?;
    let run = folder.join(&trial.folder);
    let summary = read_run(&run)?.summary;
    Ok(MeasuredRate {
        per_s: lower.offered_per_s,
        at_least: found.ended != Ended::Found,
        partitions: partitions(&RunFolder::open(&run)?, &summary),
        event_bytes: event_bytes(&summary),
    })
}

/// The last long trial that passed at a load.
fn confirming<'a>(record: &'a SearchRecord, bound: &Bound) -> Option<&'a Trial> {
    let at = |trial: &&Trial| trial.factor.total_cmp(&bound.load()).is_eq() && trial.length == Length::Long;
    record.trials.iter().rfind(|trial| at(trial) && trial.outcome == Outcome::Pass)
}

/// The partitions of the topics that streams were sent to, each topic once.
fn partitions(run: &RunFolder, summary: &Summary) -> u32 {
    let is_sent_to = |name: &str| summary.streams.iter().any(|stream| stream.topic == name);
    run.manifest().topics.iter().filter(|topic| is_sent_to(&topic.name)).map(|topic| topic.partitions).sum()
}

fn event_bytes(summary: &Summary) -> Option<f64> {
    let sends: u64 = summary.streams.iter().map(|stream| stream.sends).sum();
    (sends > 0 && summary.bytes > 0).then(|| summary.bytes as f64 / sends as f64)
}
