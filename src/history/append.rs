//! Adds a line to a history: it is whole on the disk, or not there.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::Line;
use super::file::{broken_path, file_of};
use super::line_read::{End, Unread, line_of};
use crate::results::ResultsError;

/// What was wrong with a file's end, and was mended before a line was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repaired {
    /// A line was half written, as by a machine that lost power: it was moved aside.
    HalfLine {
        /// The file.
        file: PathBuf,
        /// How long the half line was, in bytes.
        bytes: usize,
    },
    /// The last line was whole but for its line end: it has one now.
    LineEnd {
        /// The file.
        file: PathBuf,
    },
}

impl fmt::Display for Repaired {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repaired::HalfLine { file, bytes } => write!(
                out,
                "the last line of `{}` was only half written: its {bytes} bytes were moved to `{}`, and all lines before it are whole",
                file.display(),
                broken_path(file).display()
            ),
            Repaired::LineEnd { file } => {
                write!(out, "the last line of `{}` lacked its line end, which was added", file.display())
            }
        }
    }
}

/// Adds a line to the history that it belongs to. When this returns, the line is on the disk; says what had to be mended before.
///
/// # Errors
/// When the system refuses, as on a full disk, or the line could not be read again: then the file has the lines that it had.
pub fn append(results: &Path, line: &Line) -> Result<Option<Repaired>, ResultsError> {
    let file = file_of(results, line);
    let text = text_of(line).map_err(|why| ResultsError::Unwritable { file: file.clone(), why })?;
    add(&file, &text).map_err(|system| ResultsError::CannotAdd { file, system })
}

/// The line as it stands in a file. One that nobody could read, as with a number that is none, is refused.
fn text_of(line: &Line) -> Result<Vec<u8>, String> {
    let mut text = serde_json::to_vec(line).map_err(|error| error.to_string())?;
    match line_of(&text) {
        Ok(_) => {
            text.push(b'\n');
            Ok(text)
        }
        Err(Unread::Malformed(why)) => Err(why),
        Err(other) => Err(format!("{other:?}")),
    }
}

fn add(path: &Path, line: &[u8]) -> io::Result<Option<Repaired>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let is_new = !path.exists();
    let mut file = File::options().read(true).append(true).create(true).open(path)?;
    lock(&file)?;
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    let repaired = mend(path, &file, &before)?;
    let mut text = Vec::new();
    if matches!(repaired, Some(Repaired::LineEnd { .. })) {
        text.push(b'\n');
    }
    text.extend_from_slice(line);
    write_or_take_back(&mut file, &text)?;
    if is_new {
        keep_names(path);
    }
    Ok(repaired)
}

/// Waits until no other process writes to the file. The lock ends with the file, or with the process.
fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            locked => return locked,
        }
    }
}

/// Moves a half line aside. It is on the disk there before it is gone here.
fn mend(path: &Path, file: &File, before: &[u8]) -> io::Result<Option<Repaired>> {
    let from = match End::of(before) {
        End::Whole => return Ok(None),
        End::Unended => return Ok(Some(Repaired::LineEnd { file: path.to_owned() })),
        End::Half(from) => from,
    };
    let mut aside = File::options().append(true).create(true).open(broken_path(path))?;
    aside.write_all(&[&before[from..], b"\n"].concat())?;
    aside.sync_all()?;
    file.set_len(from as u64)?;
    Ok(Some(Repaired::HalfLine { file: path.to_owned(), bytes: before.len() - from }))
}

/// Writes all of the text, or leaves the file as long as it was.
fn write_or_take_back(file: &mut File, text: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        // If this fails, too, a half line is left, which reading leaves out and the next line moves aside.
        let _half_line = file.set_len(length).and_then(|()| file.sync_all());
    }
    written
}

/// Makes the names of a new file, and of the folders that may be new with it, last.
fn keep_names(path: &Path) {
    for folder in path.ancestors().skip(1).take(3) {
        // Some file systems do not allow syncing a folder; then durability of names is up to them.
        let _unsynced = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests;
