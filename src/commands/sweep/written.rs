//! A sweep that stands in a folder: shown, and as a page.

use std::io::Write;
use std::path::Path;

use crate::commands::{CommandError, Outcome};
use crate::redact::sentence;
use crate::report::output::to_stderr;
use crate::report::screen::shortened;
use crate::report::swept::picture::{FrontPicture, png, svg};
use crate::report::swept::swept_page;
use crate::report::terminal::Look;
use crate::report::terminal::sweep::swept;
use crate::results::ResultsError;
use crate::results::names::REPORT;
use crate::results::pending::write_whole;
use crate::sweep::SweepRecord;
use crate::trials::{TrialError, has_record, recorded};

/// Whether a folder is a sweep's.
pub(in crate::commands) fn is_sweep(folder: &Path) -> bool {
    has_record::<SweepRecord>(folder)
}

/// Prints the sweep in a folder.
///
/// # Errors
/// A file that cannot be read, or output that cannot be written.
pub(in crate::commands) fn show_sweep(
    folder: &Path,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let record = recorded::<SweepRecord>(folder).map_err(TrialError::from)?;
    if as_json {
        print_json(&record, out)?;
    } else {
        out.write_all(swept(&record, Look::of_stdout()).as_bytes())?;
    }
    Ok(super::outcome(&record))
}

/// Writes the page of the sweep in a folder.
///
/// # Errors
/// A file that cannot be read or written.
pub(in crate::commands) fn report_sweep(folder: &Path, file: &Path) -> Result<(), ResultsError> {
    write(file, &recorded::<SweepRecord>(folder)?)
}

/// Puts the page and the picture beside the trials. They stand without: what cannot be made is one sentence.
pub(super) fn write_page(folder: &Path, record: &SweepRecord) {
    if let Err(why) = write(&folder.join(REPORT), record).and_then(|()| write_pictures(folder, record)) {
        let why = shortened(&sentence(&why.to_string()));
        let _unwritten =
            to_stderr(&format!("note: the page and the picture are not complete, everything else is: {why}\n"));
    }
}

fn write_pictures(folder: &Path, record: &SweepRecord) -> Result<(), ResultsError> {
    let Some(picture) = FrontPicture::of(record) else { return Ok(()) };
    for (name, bytes) in [("sweep.svg", svg(&picture).map(String::into_bytes)), ("sweep.png", png(&picture))] {
        let file = folder.join(name);
        let bytes = bytes.map_err(|why| ResultsError::Unwritable { file: file.clone(), why: why.to_string() })?;
        write_whole(&file, &bytes)?;
    }
    Ok(())
}

fn write(file: &Path, record: &SweepRecord) -> Result<(), ResultsError> {
    let bytes = swept_page(record).map_err(|why| ResultsError::Unwritable { file: file.to_owned(), why })?;
    write_whole(file, &bytes)
}

/// Prints it for programs.
///
/// # Errors
/// When it cannot be printed.
pub(super) fn print_json(record: &SweepRecord, out: &mut dyn Write) -> Result<(), CommandError> {
    serde_json::to_writer_pretty(&mut *out, record).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
