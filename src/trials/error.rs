//! What can stop a series of trials.

use std::path::PathBuf;

use crate::results::ResultsError;

/// Why a series of trials cannot go on. The trials that were made stay in its folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    /// The folder holds other trials.
    #[error(
        "`{}` holds a {what} with another profile, other changes or other rules: choose another folder with --out, or remove this one",
        folder.display()
    )]
    OtherRecord {
        /// What they are trials of.
        what: &'static str,
        /// The folder.
        folder: PathBuf,
    },
    /// A trial reached another cluster than the ones before.
    #[error("the trials before were on cluster {known}, and this one is {found}: all of them need one target")]
    OtherCluster {
        /// The cluster of the first trial.
        known: String,
        /// The cluster now.
        found: String,
    },
    /// A run was refused.
    #[error("{text}")]
    Refused {
        /// Whether the command line or the profile is at fault.
        is_usage: bool,
        /// What the run said.
        text: String,
    },
    /// No broker of our own.
    #[error("no broker can be started on this machine: {0}")]
    NoBroker(String),
    /// The command before a trial did not end well.
    #[error(
        "--before ended with {status} before trial {number} ({settings}), so it was not made; what the command said is in {}",
        log.display()
    )]
    Before {
        /// How it ended.
        status: String,
        /// The trial's number.
        number: usize,
        /// The trial's settings.
        settings: String,
        /// The file of what it said.
        log: PathBuf,
    },
    /// No process could be started.
    #[error("a trial cannot be started: {0}")]
    Process(#[from] std::io::Error),
    /// A folder or file.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

impl TrialError {
    /// Whether the user can put it right on the command line or in the profile.
    #[must_use]
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            TrialError::OtherRecord { .. } => true,
            TrialError::Refused { is_usage, .. } => *is_usage,
            TrialError::Results(error) => error.is_usage(),
            TrialError::OtherCluster { .. }
            | TrialError::Before { .. }
            | TrialError::NoBroker(_)
            | TrialError::Process(_) => false,
        }
    }
}
