//! The ledgers in a run's folder: what a stream sent, and what each stage showed, each kept so that parts can be joined.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::measured::{StageMeasured, StreamMeasured};
use super::watermarks::{models_at, models_of};
use super::windows::windows_plan;
use crate::check::{Delivered, Produced};
use crate::consume::EventTimeFigures;
use crate::consume::windows::WindowsSeen;
use crate::event_time::watermark::{KeptTally, ModelSpec, ModelTally};
use crate::ledger_files::{LedgerFileError, LedgerRole, read_figures, write_figures};
use crate::profile::Stream;
use crate::results::names::MANIFEST;
use crate::results::{ResultsError, RunWriter};

/// The folder of ledgers inside a run's.
const LEDGER: &str = "ledger";
/// What a stage's files hold, as their names say it.
const DELIVERED: &str = "delivered";
const EVENT_TIMES: &str = "event_times";
const WINDOWS: &str = "windows";

/// Makes the folder for them.
///
/// # Errors
/// When the system refuses it.
pub(crate) fn make_ledger_folder(run: &Path) -> Result<(), ResultsError> {
    let folder = run.join(LEDGER);
    fs::create_dir_all(&folder).map_err(|system| ResultsError::CannotCreate { folder, system })
}

/// Writes what one stream sent and showed. `stages` are the stages' names.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_ledgers(
    writer: &RunWriter,
    name: &str,
    stages: &[&str],
    measured: &StreamMeasured,
) -> Result<(), ResultsError> {
    if let Some(produced) = &measured.produced {
        write_ledger(writer, &produced_file(name), |bytes| produced.write_to(bytes))?;
    }
    for (stage, seen) in stages.iter().zip(&measured.stages) {
        write_stage(writer, |kind| stage_file(name, stage, kind), seen)?;
    }
    Ok(())
}

/// Writes what one stage showed. `file` names the file of a kind.
fn write_stage(
    writer: &RunWriter,
    file: impl Fn(&str) -> String,
    StageMeasured { delivered, event_times, windows }: &StageMeasured,
) -> Result<(), ResultsError> {
    if let Some(delivered) = delivered {
        write_ledger(writer, &file(DELIVERED), |bytes| delivered.write_to(bytes))?;
    }
    if let Some(figures) = event_times {
        write_ledger(writer, &file(EVENT_TIMES), |bytes| write_event_times(figures, bytes))?;
    }
    if let Some(windows) = windows {
        write_ledger(writer, &file(WINDOWS), |bytes| write_figures(LedgerRole::Windows, windows, bytes))?;
    }
    Ok(())
}

fn write_ledger(
    writer: &RunWriter,
    file: &str,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), LedgerFileError>,
) -> Result<(), ResultsError> {
    let unwritable =
        |error: LedgerFileError| ResultsError::Unwritable { file: writer.folder().join(file), why: error.to_string() };
    let mut bytes = Vec::new();
    encode(&mut bytes).map_err(unwritable)?;
    writer.file(file, &bytes)
}

fn write_event_times(figures: &EventTimeFigures, bytes: &mut Vec<u8>) -> Result<(), LedgerFileError> {
    let models: Vec<&KeptTally> = figures.models.iter().map(ModelTally::kept).collect();
    write_figures(LedgerRole::EventTimes, &(figures, models), bytes)
}

/// What the stage at `place` of a stream showed, as a run's folder keeps it. `stage` is the stage's name.
///
/// # Errors
/// When a file is damaged, or missing because an earlier floodmark wrote the folder.
pub(crate) fn stage_of(run: &Path, stream: &Stream, place: usize, stage: &str) -> Result<StageMeasured, ResultsError> {
    let file = |kind| run.join(stage_file(&stream.name, stage, kind));
    let delivered = read_ledger(&file(DELIVERED), Delivered::read_from)?;
    if delivered.is_none() {
        return Ok(StageMeasured::default());
    }
    let models = models_of(stream)
        .map_err(|fault| ResultsError::Malformed { file: run.join(MANIFEST), why: fault.to_string() })?;
    let read_here: Vec<ModelSpec> = models_at(stream, place).map(|at| models[at]).collect();
    let event_times = read_event_times(&file(EVENT_TIMES), &read_here)?;
    let windows: Option<WindowsSeen> = read_ledger(&file(WINDOWS), |from| read_figures(LedgerRole::Windows, from))?;
    let plan = windows_plan(stream, &models, place);
    let expected = [
        (EVENT_TIMES, event_times.is_some() || read_here.is_empty()),
        (WINDOWS, windows.is_some() || (plan.expects.is_empty() && plan.results.is_none())),
    ];
    if let Some((kind, _)) = expected.into_iter().find(|(_, is_there)| !is_there) {
        let why = "it is missing: an earlier floodmark wrote this folder without it. Merge the parts with the version that wrote them, or observe again";
        return Err(ResultsError::Malformed { file: file(kind), why: why.to_owned() });
    }
    Ok(StageMeasured { delivered, event_times, windows })
}

fn read_event_times(file: &Path, specs: &[ModelSpec]) -> Result<Option<EventTimeFigures>, ResultsError> {
    let read =
        read_ledger(file, |from| read_figures::<(EventTimeFigures, Vec<KeptTally>)>(LedgerRole::EventTimes, from))?;
    let Some((mut figures, kept)) = read else { return Ok(None) };
    if specs.len() != kept.len() {
        let why = format!("it holds {} models, and the profile has {} at this stage", kept.len(), specs.len());
        return Err(ResultsError::Malformed { file: file.to_owned(), why });
    }
    figures.models = specs.iter().zip(kept).map(|(spec, kept)| ModelTally::of_kept(*spec, kept)).collect();
    Ok(Some(figures))
}

/// What a stream sent, as a run's folder keeps it; none when that process did not send.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn produced_of(run: &Path, stream: &str) -> Result<Option<Produced>, ResultsError> {
    read_ledger(&run.join(produced_file(stream)), Produced::read_from)
}

fn produced_file(stream: &str) -> String {
    format!("{LEDGER}/{stream}.produced.ledger")
}

fn stage_file(stream: &str, stage: &str, kind: &str) -> String {
    format!("{LEDGER}/{stream}.{stage}.{kind}.ledger")
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

#[cfg(test)]
mod tests;
