//! The inventory of a run's folder: the length and hash of each file, so that `merge` can tell
//! a damaged, cut, missing or foreign file from what the run measured.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::ResultsError;
use super::names::MANIFEST;

/// The start of the manifest's last line: the hash of all lines above.
const SEAL: &str = "# xxh3 of the lines above: ";
/// Files with these endings are read by `merge`: one that is not in the inventory is not the run's.
const MEASURED: [&str; 5] = [".hlog", ".hlog.partial", ".ledger", ".csv", ".csv.partial"];

/// A file as the run wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its length.
    pub bytes: u64,
    /// The XXH3 hash (64 bits) of its content, in hexadecimal.
    pub xxh3: String,
}

/// Every file of a run's folder but the manifest, by its path in the folder.
pub(crate) type Inventory = BTreeMap<String, FileFacts>;

/// Takes the inventory of a folder. Files that were never completed are left out.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn take_stock(folder: &Path) -> Result<Inventory, ResultsError> {
    let mut inventory = Inventory::new();
    for name in files_of(folder)? {
        if name != MANIFEST && !name.ends_with(".partial") {
            inventory.insert(name.clone(), facts_of(&folder.join(&name))?);
        }
    }
    Ok(inventory)
}

/// Checks a folder against its inventory.
///
/// # Errors
/// [`ResultsError::NotWhole`] for the first file that is missing, has changed, or is not the run's.
pub(crate) fn verify(folder: &Path, inventory: &Inventory) -> Result<(), ResultsError> {
    let not_whole = |name: &str, why: String| ResultsError::NotWhole { file: folder.join(name), why };
    for (name, wanted) in inventory {
        if !folder.join(name).is_file() {
            return Err(not_whole(name, "it is missing".to_owned()));
        }
        let found = facts_of(&folder.join(name))?;
        if found.bytes != wanted.bytes {
            return Err(not_whole(name, format!("it has {} bytes instead of {}", found.bytes, wanted.bytes)));
        }
        if found.xxh3 != wanted.xxh3 {
            return Err(not_whole(name, "its content has changed".to_owned()));
        }
    }
    let is_measured = |name: &String| MEASURED.iter().any(|ending| name.ends_with(ending));
    match files_of(folder)?.into_iter().find(|name| is_measured(name) && !inventory.contains_key(name)) {
        Some(name) => Err(not_whole(&name, "the run did not complete this file".to_owned())),
        None => Ok(()),
    }
}

/// The manifest's text with its own hash as the last line.
#[must_use]
pub(crate) fn sealed(text: &str) -> String {
    format!(
        "{text}{SEAL}{}\n",
        hex(&{
            let mut hash = Xxh3::new();
            hash.update(text.as_bytes());
            hash
        })
    )
}

/// Checks a manifest's text against its last line.
///
/// # Errors
/// [`ResultsError::NotWhole`] when the line is missing or does not match.
pub(crate) fn verify_seal(file: &Path, text: &str) -> Result<(), ResultsError> {
    let body = text.rfind(SEAL).map_or("", |at| &text[..at]);
    if sealed(body) == text {
        return Ok(());
    }
    let why = "its last line is not the hash of the lines above it".to_owned();
    Err(ResultsError::NotWhole { file: file.to_owned(), why })
}

fn facts_of(file: &Path) -> Result<FileFacts, ResultsError> {
    let read = || -> io::Result<FileFacts> {
        let (mut opened, mut hash, mut bytes) = (File::open(file)?, Xxh3::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let taken = opened.read(&mut buffer)?;
            if taken == 0 {
                return Ok(FileFacts { bytes, xxh3: hex(&hash) });
            }
            bytes += taken as u64;
            hash.update(&buffer[..taken]);
        }
    };
    read().map_err(|system| ResultsError::CannotRead { file: file.to_owned(), system })
}

fn hex(hash: &Xxh3) -> String {
    format!("{:016x}", hash.digest())
}

/// The files of a folder and of the folders in it, by their paths in it.
fn files_of(folder: &Path) -> Result<Vec<String>, ResultsError> {
    let mut names = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        for (name, path) in entries_of(&path)? {
            let name = format!("{prefix}{name}");
            if path.is_dir() {
                folders.push((path, format!("{name}/")));
            } else {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn entries_of(folder: &Path) -> Result<Vec<(String, PathBuf)>, ResultsError> {
    let cannot_read = |system| ResultsError::CannotRead { file: folder.to_owned(), system };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot_read)? {
        let entry = entry.map_err(cannot_read)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ledger")).unwrap();
        for (name, text) in [("a.hlog", "aaaa"), ("timeline.csv", "t"), ("ledger/s.ledger", "ll"), (MANIFEST, "m")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn whatever_happens_to_a_file_is_noticed() {
        type Harm = fn(&Path);
        let harms: [(Harm, &str); 6] = [
            (|at| fs::write(at.join("a.hlog"), "aaab").unwrap(), "changed"),
            (|at| fs::write(at.join("a.hlog"), "aaa").unwrap(), "instead of 4"),
            (|at| fs::remove_file(at.join("a.hlog")).unwrap(), "missing"),
            (|at| fs::rename(at.join("a.hlog"), at.join("a.hlog.partial")).unwrap(), "missing"),
            (|at| fs::remove_file(at.join("ledger/s.ledger")).unwrap(), "missing"),
            (|at| fs::write(at.join("b.hlog"), "b").unwrap(), "did not complete this file"),
        ];
        for (harm, said) in harms {
            let folder = folder();
            let inventory = take_stock(folder.path()).unwrap();
            assert_eq!(inventory.len(), 3);
            verify(folder.path(), &inventory).unwrap();
            harm(folder.path());
            let why = verify(folder.path(), &inventory).unwrap_err().to_string();
            assert!(why.contains(said), "{why}");
        }
        let folder = folder();
        let inventory = take_stock(folder.path()).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        verify(folder.path(), &inventory).unwrap();
    }

    #[test]
    fn a_manifest_that_was_cut_or_changed_is_noticed() {
        let whole = sealed("a = 1\nb = 2\n");
        let check = |text: &str| verify_seal(Path::new("m"), text);
        check(&whole).unwrap();
        for harmed in
            [whole.replace('2', "3"), whole[..whole.len() - 2].to_owned(), "a = 1\n".to_owned(), String::new()]
        {
            assert!(check(&harmed).is_err(), "{harmed}");
        }
    }
}
