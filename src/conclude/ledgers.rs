//! The ledgers in a run's folder: what a stream sent, and what each stage showed, each kept so that parts can be joined.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::measured::{StageMeasured, StreamMeasured};
use crate::check::{Delivered, Produced};
use crate::results::{ResultsError, RunWriter};

/// The folder of ledgers inside a run's.
const LEDGER: &str = "ledger";

/// Makes the folder for them.
///
/// # Errors
/// When the system refuses it.
pub fn make_ledger_folder(run: &Path) -> Result<(), ResultsError> {
    let folder = run.join(LEDGER);
    fs::create_dir_all(&folder).map_err(|system| ResultsError::CannotCreate { folder, system })
}

/// Writes what one stream sent and showed. `stages` are the stages' names.
///
/// # Errors
/// When a file cannot be written.
pub fn write_ledgers(
    writer: &RunWriter,
    name: &str,
    stages: &[&str],
    measured: &StreamMeasured,
) -> Result<(), ResultsError> {
    let unwritable = |file: &str, why: String| ResultsError::Unwritable { file: writer.folder().join(file), why };
    if let Some(produced) = &measured.produced {
        let (file, mut bytes) = (produced_file(name), Vec::new());
        produced.write_to(&mut bytes).map_err(|error| unwritable(&file, error.to_string()))?;
        writer.file(&file, &bytes)?;
    }
    for (stage, StageMeasured { delivered, .. }) in stages.iter().zip(&measured.stages) {
        let Some(delivered) = delivered else { continue };
        let (file, mut bytes) = (delivered_file(name, stage), Vec::new());
        delivered.write_to(&mut bytes).map_err(|error| unwritable(&file, error.to_string()))?;
        writer.file(&file, &bytes)?;
    }
    Ok(())
}

/// What a stream sent, as a run's folder keeps it; none when that process did not send.
///
/// # Errors
/// When the file is damaged.
pub fn produced_of(run: &Path, stream: &str) -> Result<Option<Produced>, ResultsError> {
    read_ledger(&run.join(produced_file(stream)), Produced::read_from)
}

/// What a stage showed, as a run's folder keeps it; none when that process did not observe.
///
/// # Errors
/// When the file is damaged.
pub fn delivered_of(run: &Path, stream: &str, stage: &str) -> Result<Option<Delivered>, ResultsError> {
    read_ledger(&run.join(delivered_file(stream, stage)), Delivered::read_from)
}

fn produced_file(stream: &str) -> String {
    format!("{LEDGER}/{stream}.produced.ledger")
}

fn delivered_file(stream: &str, stage: &str) -> String {
    format!("{LEDGER}/{stream}.{stage}.delivered.ledger")
}

fn read_ledger<T, E: std::fmt::Display>(
    file: &Path,
    read: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<Option<T>, ResultsError> {
    let malformed = |why: String| ResultsError::Malformed { file: file.to_owned(), why };
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(malformed(error.to_string())),
    };
    read(&mut opened).map(Some).map_err(|error| malformed(error.to_string()))
}
