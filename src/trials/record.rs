//! `capacity.json` in a search's folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::capacity::{CAPACITY_SCHEMA, SearchRecord};
use crate::results::ResultsError;
use crate::results::pending::write_whole;

fn path(out: &Path) -> PathBuf {
    out.join("capacity.json")
}

/// The search in a folder; none when there is no folder, or an empty one.
///
/// # Errors
/// A folder that holds something else, or a file that cannot be read.
pub(super) fn read_record(out: &Path) -> Result<Option<SearchRecord>, ResultsError> {
    let record = search_in(out)?;
    let is_taken = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if record.is_none() && is_taken() {
        return Err(ResultsError::NotEmpty { folder: out.to_owned() });
    }
    Ok(record)
}

/// The search in a folder; none when it has no `capacity.json`.
///
/// # Errors
/// A file that cannot be read, or is not a search.
pub(super) fn search_in(folder: &Path) -> Result<Option<SearchRecord>, ResultsError> {
    let file = path(folder);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(system) => return Err(ResultsError::CannotRead { file, system }),
    };
    let record: SearchRecord = serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Malformed { file: file.clone(), why: error.to_string() })?;
    if record.schema > CAPACITY_SCHEMA {
        let why = format!("its schema is {}, and this version reads up to {CAPACITY_SCHEMA}", record.schema);
        return Err(ResultsError::Malformed { file, why });
    }
    Ok(Some(record))
}

/// Writes the search, whole.
///
/// # Errors
/// When the system refuses.
pub(super) fn write_record(out: &Path, record: &SearchRecord) -> Result<(), ResultsError> {
    fs::create_dir_all(out.join("trials"))
        .map_err(|system| ResultsError::CannotCreate { folder: out.to_owned(), system })?;
    let file = path(out);
    let mut bytes = serde_json::to_vec_pretty(record)
        .map_err(|error| ResultsError::CannotWrite { file: file.clone(), system: error.into() })?;
    bytes.push(b'\n');
    write_whole(&file, &bytes)
}
