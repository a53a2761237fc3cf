//! Reads the files of a suite.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::file::folder_of;
use super::file_read::FileRead;
use super::merged::{History, merged};
use crate::results::ResultsError;

/// Reads the history of a suite; an empty one when there is none. `today` is the last night that there can be, like `2026-11-25`.
///
/// # Errors
/// When a folder or file cannot be read. What is wrong inside a file is left out with a remark.
pub fn read(results: &Path, suite: &str, today: &str) -> Result<History, ResultsError> {
    let mut files = Vec::new();
    for file in files_of(&folder_of(results, suite))? {
        let bytes = bytes_of(&file).map_err(|system| ResultsError::CannotRead { file: file.clone(), system })?;
        files.push(FileRead::of(&file, &bytes, suite, today));
    }
    Ok(merged(files))
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let cannot_read = |system| ResultsError::CannotRead { file: folder.to_owned(), system };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(cannot_read)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let is_of_lines = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
    Ok(paths.map_err(cannot_read)?.into_iter().filter(is_of_lines).collect())
}

/// A file's bytes, while nobody is adding to it.
fn bytes_of(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut opened = File::open(file)?;
    // A file system without locks has no second writer either; at worst a line is left out that is being written now.
    let _unlocked = opened.lock_shared();
    let mut bytes = Vec::new();
    opened.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::append;
    use super::super::examples::{accepted, night};
    use super::super::line::Line;
    use super::*;

    #[test]
    fn what_was_added_is_read_and_a_suite_without_nights_is_empty() {
        let results = tempfile::tempdir().unwrap();
        assert_eq!(read(results.path(), "staging", "2026-11-27").unwrap(), History::default());
        for line in [night("2026-11-25", "average", "b"), night("2026-11-24", "average", "a")] {
            append(results.path(), &Line::Night(line)).unwrap();
        }
        append(results.path(), &Line::Accepted(accepted("2026-11-25"))).unwrap();
        let folder = results.path().join("history").join("staging");
        fs::write(folder.join("average.jsonl.broken"), "half").unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
        let history = read(results.path(), "staging", "2026-11-27").unwrap();
        assert_eq!(history.nights, [night("2026-11-24", "average", "a"), night("2026-11-25", "average", "b")]);
        assert_eq!((history.accepted, history.remarks), (vec![accepted("2026-11-25")], Vec::new()));
        assert_eq!(read(results.path(), "other", "2026-11-27").unwrap(), History::default());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
        let results = tempfile::tempdir().unwrap();
        let folder = results.path().join("history").join("staging");
        fs::create_dir_all(folder.join("average.jsonl")).unwrap();
        let said = read(results.path(), "staging", "2026-11-27").unwrap_err().to_string();
        assert!(said.starts_with("cannot read `") && said.contains("average.jsonl"), "{said}");
    }
}
