//! A sweep that stands in a folder: shown, and as a page.

use std::io::Write;
use std::path::Path;

use crate::commands::{CommandError, Outcome};
use crate::redact::sentence;
use crate::report::formats::Format;
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
use crate::trials::record_in;

/// The sweep in a folder; none when it has none.
///
/// # Errors
/// A file that cannot be read.
pub(in crate::commands) fn sweep_in(folder: &Path) -> Result<Option<SweepRecord>, ResultsError> {
    record_in(folder)
}

/// Prints a sweep.
///
/// # Errors
/// A form that a sweep does not have, or output that cannot be written.
pub(in crate::commands) fn print_sweep(
    record: &SweepRecord,
    form: &Format,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    match form.name {
        "text" => out.write_all(swept(record, Look::of_stdout()).as_bytes())?,
        "json" => {
            serde_json::to_writer_pretty(&mut *out, record).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        other => return Err(CommandError::Usage(format!("--format {other}: a sweep is printed as text or json"))),
    }
    Ok(super::outcome(record))
}

/// Writes the page of a sweep.
///
/// # Errors
/// A page that cannot be made or written.
pub(in crate::commands) fn write_sweep_report(record: &SweepRecord, file: &Path) -> Result<(), ResultsError> {
    let bytes = swept_page(record).map_err(|why| ResultsError::Unwritable { file: file.to_owned(), why })?;
    write_whole(file, &bytes)
}

/// Puts the page and the picture beside the trials. They stand without: what cannot be made is one sentence.
pub(super) fn write_page(folder: &Path, record: &SweepRecord) {
    if let Err(why) = write_sweep_report(record, &folder.join(REPORT)).and_then(|()| write_pictures(folder, record)) {
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
