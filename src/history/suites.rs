//! Which suites have a history in a folder of results.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What every line has, whatever its version.
#[derive(Deserialize)]
struct OfSuite {
    suite: String,
}

/// The suites' names, sorted. What cannot be read has none.
#[must_use]
pub(crate) fn suites(results: &Path) -> Vec<String> {
    let names: BTreeSet<String> = files_in(&results.join("history")).iter().filter_map(|file| suite_of(file)).collect();
    names.into_iter().collect()
}

/// The files of lines in a folder, and in the folders in it.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = entries(folder).flat_map(|path| if path.is_dir() { entries(&path).collect() } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect()
}

/// The suite that a file's first whole line names.
fn suite_of(file: &Path) -> Option<String> {
    let lines = BufReader::new(File::open(file).ok()?).lines().map_while(Result::ok);
    lines.into_iter().find_map(|line| serde_json::from_str::<OfSuite>(&line).ok()).map(|of| of.suite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_those_that_the_lines_name() {
        let results = tempfile::tempdir().unwrap();
        assert!(suites(results.path()).is_empty());
        let folder = results.path().join("history");
        fs::create_dir_all(folder.join("staging")).unwrap();
        fs::write(folder.join("a.jsonl"), "{\"cut\n{\"suite\": \"peak\", \"schema\": 9}\n").unwrap();
        fs::write(folder.join("staging").join("b.jsonl"), "{\"suite\": \"staging\"}\n").unwrap();
        fs::write(folder.join("staging.html"), "{\"suite\": \"page\"}\n").unwrap();
        assert_eq!(suites(results.path()), ["peak", "staging"]);
    }
}
