//! What can go wrong with a run's files. Every message names the file, says what the system said, and shows a way out.

use std::{io, path::PathBuf};

/// A run's files could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The folder holds another run.
    #[error(
        "`{}` already has the results of run {run_id}: choose another folder with --out, or move this one away",
        folder.display()
    )]
    Occupied {
        /// The folder that was asked for.
        folder: PathBuf,
        /// The run that it holds.
        run_id: String,
    },
    /// The folder holds something else.
    #[error("`{}` is not empty and has no floodmark run in it: choose another folder with --out", folder.display())]
    NotEmpty {
        /// The folder that was asked for.
        folder: PathBuf,
    },
    /// The folder cannot be made.
    #[error("cannot create the results folder `{}`: {system}; choose one that you may write to with --out", folder.display())]
    CannotCreate {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What the system said.
        system: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {system}; {}", file.display(), way_out(system))]
    CannotWrite {
        /// The file.
        file: PathBuf,
        /// What the system said.
        system: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`: {system}", file.display())]
    CannotRead {
        /// The file.
        file: PathBuf,
        /// What the system said.
        system: io::Error,
    },
    /// The folder is not a run's.
    #[error("`{}` has no floodmark run in it: manifest.toml is missing", folder.display())]
    NoRun {
        /// The folder that was asked for.
        folder: PathBuf,
    },
    /// A file is there, and is not what it should be.
    #[error("`{}` is damaged or was not written by floodmark: {why}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where, and what is wrong.
        why: String,
    },
    /// A file is not as the run left it.
    #[error("`{}` is not as the run left it: {why}; copy the whole folder again from where it ran", file.display())]
    NotWhole {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A captured curve that the run replayed is not where it was, or not what it was.
    #[error("the run of `{}` replayed a curve: {why}; put the curve file back", file.display())]
    Curve {
        /// The manifest that names it.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file was written by a later floodmark.
    #[error("`{}` has schema {found}, but this version of floodmark reads schema {known}: use the version that wrote it", file.display())]
    OtherSchema {
        /// The file.
        file: PathBuf,
        /// The schema that it states.
        found: u32,
        /// The schema that this program reads.
        known: u32,
    },
    /// A value cannot be put into a file.
    #[error("cannot put the figures into `{}`: {why}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the encoder said.
        why: String,
    },
}

impl ResultsError {
    /// Whether the folder or file that was named is the wrong one, and not the system that refuses it.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            ResultsError::Occupied { .. }
            | ResultsError::NotEmpty { .. }
            | ResultsError::NoRun { .. }
            | ResultsError::Malformed { .. }
            | ResultsError::NotWhole { .. }
            | ResultsError::Curve { .. }
            | ResultsError::OtherSchema { .. } => true,
            ResultsError::CannotCreate { .. }
            | ResultsError::CannotWrite { .. }
            | ResultsError::CannotRead { .. }
            | ResultsError::Unwritable { .. } => false,
        }
    }
}

/// What to do about a failed write.
fn way_out(system: &io::Error) -> &'static str {
    match system.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space or choose another disk with --out; what was written before is kept"
        }
        io::ErrorKind::FileTooLarge => {
            "the system's limit on file sizes was reached: raise it, as with `ulimit -f unlimited`; what was written before is kept"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to with --out"
        }
        _ => "what was written before is kept",
    }
}
