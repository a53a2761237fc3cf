//! What a folder of trials holds beside them: one file that is written whole after each.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::results::ResultsError;
use crate::results::pending::write_whole;

/// What was asked and found, as a file.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The file's name.
    const FILE: &str;
    /// The number of its form; one with a higher number is not read.
    const SCHEMA: u32;

    /// The number of the form that it was written in.
    fn schema(&self) -> u32;
}

/// The record in a folder that is to be written to; none when there is no folder, or an empty one.
///
/// # Errors
/// A folder that holds something else, or a file that cannot be read.
pub(super) fn read_record<R: Record>(out: &Path) -> Result<Option<R>, ResultsError> {
    let record = record_in(out)?;
    let is_taken = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if record.is_none() && is_taken() { Err(ResultsError::NotEmpty { folder: out.to_owned() }) } else { Ok(record) }
}

/// The record in a folder; none when it has no such file.
///
/// # Errors
/// A file that cannot be read, is something else, or is of a later version.
pub(crate) fn record_in<R: Record>(folder: &Path) -> Result<Option<R>, ResultsError> {
    let file = folder.join(R::FILE);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(system) => return Err(ResultsError::CannotRead { file, system }),
    };
    let record: R = serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Malformed { file: file.clone(), why: error.to_string() })?;
    if record.schema() > R::SCHEMA {
        let why = format!("its schema is {}, and this version reads up to {}", record.schema(), R::SCHEMA);
        return Err(ResultsError::Malformed { file, why });
    }
    Ok(Some(record))
}

/// Writes the record, whole.
///
/// # Errors
/// When the system refuses.
pub(crate) fn write_record<R: Record>(out: &Path, record: &R) -> Result<(), ResultsError> {
    fs::create_dir_all(out.join("trials"))
        .map_err(|system| ResultsError::CannotCreate { folder: out.to_owned(), system })?;
    let file = out.join(R::FILE);
    let mut bytes = serde_json::to_vec_pretty(record)
        .map_err(|error| ResultsError::CannotWrite { file: file.clone(), system: error.into() })?;
    bytes.push(b'\n');
    write_whole(&file, &bytes)
}
