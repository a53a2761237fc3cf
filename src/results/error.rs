//! What can go wrong with a run's files. Every message names the file and the system's error, and says what to do.

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
        /// The system's error.
        system: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {system}; {}", file.display(), way_out(system))]
    CannotWrite {
        /// The file.
        file: PathBuf,
        /// The system's error.
        system: io::Error,
    },
    /// A line cannot be added to a history.
    #[error("cannot add a line to `{}`: {system}; {}all lines before are kept", file.display(), way_to_add(system))]
    CannotAdd {
        /// The file.
        file: PathBuf,
        /// The system's error.
        system: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`: {system}", file.display())]
    CannotRead {
        /// The file.
        file: PathBuf,
        /// The system's error.
        system: io::Error,
    },
    /// The folder is not a run's.
    #[error("`{}` has no floodmark run in it: manifest.toml is missing", folder.display())]
    NoRun {
        /// The folder that was asked for.
        folder: PathBuf,
    },
    /// A file exists, but is not what it should be.
    #[error("`{}` is damaged or was not written by floodmark: {why}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where, and what is wrong.
        why: String,
    },
    /// A file is not as the run wrote it.
    #[error("`{}` is not as the run left it: {why}; copy the whole folder again from where it ran", file.display())]
    NotWhole {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A captured curve that the run replayed is gone or has changed.
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
    /// A value cannot be written into a file.
    #[error("cannot put the figures into `{}`: {why}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The encoder's error.
        why: String,
    },
}

impl ResultsError {
    /// Whether the wrong folder or file was named, rather than refused by the system.
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
            | ResultsError::CannotAdd { .. }
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

/// What to do about a line that could not be added to a history.
fn way_to_add(system: &io::Error) -> &'static str {
    match system.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space and run the same command again; ",
        io::ErrorKind::FileTooLarge => {
            "raise the system's limit on file sizes, as with `ulimit -f unlimited`, and run the same command again; "
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory => {
            "choose a folder that you may write to with --results; "
        }
        _ => "",
    }
}
