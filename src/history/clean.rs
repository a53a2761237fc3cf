//! Removes the folders of old nights' runs: only those that a night of this suite made, and never a line of the history.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::cleanable::{NightFolder, cleanable};
use crate::figures::bytes;
use crate::results::ResultsError;

/// What a night writes of itself into its folder.
const RECORD: &str = "nightly.json";

/// What of it says whose folder it is.
#[derive(Deserialize)]
struct Record {
    suite: String,
    night: String,
    #[serde(default)]
    is_complete: bool,
}

/// Removes what is old of `nightly/SUITE/NIGHT/`, and says what it did, left alone, or could not do.
///
/// # Errors
/// When the suite's folder cannot be read.
pub fn clean(
    results: &Path,
    suite: &str,
    tonight: &str,
    keep_nights: usize,
    keep_bytes: Option<u64>,
) -> Result<Vec<String>, ResultsError> {
    let (nights, mut said) = nights_in(&results.join("nightly").join(suite), suite)?;
    let mut removed: Vec<&NightFolder> = Vec::new();
    for night in cleanable(&nights, tonight, keep_nights, keep_bytes) {
        match remove(&night.folder) {
            Ok(()) => removed.push(night),
            Err(error) => said.push(format!("`{}` is old and cannot be removed: {error}", night.folder.display())),
        }
    }
    said.extend(sentence(&removed));
    Ok(said)
}

/// The folders of nights, and a sentence for each other folder.
fn nights_in(folder: &Path, suite: &str) -> Result<(Vec<NightFolder>, Vec<String>), ResultsError> {
    let cannot_read = |system| ResultsError::CannotRead { file: folder.to_owned(), system };
    let (mut nights, mut said) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((nights, said)),
        entries => entries.map_err(cannot_read)?,
    };
    for entry in entries {
        let entry = entry.map_err(cannot_read)?;
        // A link is no folder of ours, wherever it leads.
        if !entry.file_type().map_err(cannot_read)?.is_dir() {
            continue;
        }
        match night_at(&entry.path(), suite) {
            Some(night) => nights.push(night),
            None => said.push(format!(
                "`{}` is left alone: it has no {RECORD} of a night of the suite {suite}",
                entry.path().display()
            )),
        }
    }
    said.sort();
    Ok((nights, said))
}

/// A folder's night, if its record says that it is this suite's and the folder has its name.
fn night_at(folder: &Path, suite: &str) -> Option<NightFolder> {
    let file = folder.join(RECORD);
    let record: Record = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
    if record.suite != suite || folder.file_name()? != record.night.as_str() {
        return None;
    }
    let unfinished_for = (!record.is_complete).then(|| age(&file));
    Some(NightFolder { folder: folder.to_owned(), night: record.night, bytes: bytes_in(folder), unfinished_for })
}

/// How long ago a file was written; 0 where that is not known, or after now.
fn age(file: &Path) -> Duration {
    let written = fs::metadata(file).and_then(|facts| facts.modified()).ok();
    written.and_then(|written| SystemTime::now().duration_since(written).ok()).unwrap_or_default()
}

/// The bytes of all files in a folder, as far as they can be read. Links are not followed.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| entry.metadata().ok().map(|facts| (entry, facts)));
    sizes.map(|(entry, facts)| if facts.is_dir() { bytes_in(&entry.path()) } else { facts.len() }).sum()
}

/// Removes a night's folder, its record last: what is left after a kill is still known as ours.
fn remove(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == RECORD {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(folder.join(RECORD))?;
    fs::remove_dir(folder)
}

fn sentence(removed: &[&NightFolder]) -> Option<String> {
    let (first, last) = (removed.first()?, removed.last()?);
    let freed = bytes(removed.iter().map(|of| of.bytes).sum());
    let of = match removed.len() {
        1 => format!("night {}", first.night),
        several => format!("{several} nights, {} to {},", first.night, last.night),
    };
    Some(format!("the runs of {of} were removed, {freed}; their lines stay in the history"))
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::path::PathBuf;

    use super::*;

    fn made(results: &Path, night: &str, record: &str) -> PathBuf {
        let folder = results.join("nightly/staging").join(night);
        fs::create_dir_all(folder.join("trials/average-1")).unwrap();
        fs::write(folder.join("trials/average-1/summary.json"), [b' '; 990]).unwrap();
        fs::write(folder.join(RECORD), record).unwrap();
        folder
    }

    fn of(suite: &str, night: &str, is_complete: bool) -> String {
        format!("{{\"suite\":\"{suite}\",\"night\":\"{night}\",\"is_complete\":{is_complete},\"schema\":1}}")
    }

    fn left(results: &Path) -> Vec<String> {
        let entries = fs::read_dir(results.join("nightly/staging")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn old_runs_go_and_the_history_and_what_is_not_ours_stay() {
        let temporary = tempfile::tempdir().unwrap();
        let results = temporary.path();
        for night in ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"] {
            made(results, night, &of("staging", night, true));
        }
        made(results, "2026-11-01", &of("other", "2026-11-01", true));
        made(results, "2026-11-02", &of("staging", "2026-11-22", true));
        made(results, "2026-11-03", "{");
        fs::create_dir(results.join("nightly/staging/mine")).unwrap();
        fs::write(results.join("nightly/staging/lock"), "").unwrap();
        std::os::unix::fs::symlink(
            results.join("nightly/staging/2026-11-23"),
            results.join("nightly/staging/2026-11-04"),
        )
        .unwrap();
        fs::create_dir_all(results.join("history/staging")).unwrap();
        fs::write(results.join("history/staging/average.jsonl"), "{}\n").unwrap();

        let said = clean(results, "staging", "2026-11-23", 2, None).unwrap();
        let stay = ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04", "2026-11-22", "2026-11-23", "lock", "mine"];
        assert_eq!(left(results), stay);
        assert!(results.join("history/staging/average.jsonl").is_file());
        assert_eq!(said.len(), 5, "{said:?}");
        assert!(said[0].ends_with(
            "nightly/staging/2026-11-01` is left alone: it has no nightly.json of a night of the suite staging"
        ));
        assert_eq!(
            said[4],
            "the runs of 2 nights, 2026-11-20 to 2026-11-21, were removed, 2.12 kB; their lines stay in the history"
        );
        assert_eq!(clean(results, "staging", "2026-11-23", 2, None).unwrap().len(), 4);
    }

    #[test]
    fn a_night_that_was_killed_stays_for_a_day() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = made(temporary.path(), "2026-11-20", &of("staging", "2026-11-20", false));
        let clean = || clean(temporary.path(), "staging", "2026-11-23", 0, None).unwrap();
        assert_eq!(clean(), [""; 0]);
        let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
        File::options()
            .write(true)
            .open(folder.join(RECORD))
            .and_then(|file| file.set_times(FileTimes::new().set_modified(two_days_ago)))
            .unwrap();
        assert_eq!(clean().len(), 1);
        assert!(!folder.exists());
    }

    #[test]
    fn a_suite_that_never_ran_has_nothing_to_clean() {
        let temporary = tempfile::tempdir().unwrap();
        assert_eq!(clean(temporary.path(), "staging", "2026-11-23", 2, None).unwrap(), [""; 0]);
    }
}
