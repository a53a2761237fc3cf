//! The folders of trials, below the one that they belong to.

use std::path::{Path, PathBuf};

use super::TrialError;

/// The folder of a trial. One that was interrupted has left its own: it stays, and the trial gets another.
pub(super) fn free_folder(out: &Path, name: &str) -> PathBuf {
    let named = |again: usize| match again {
        0 => out.join("trials").join(name),
        again => out.join("trials").join(format!("{name}-{again}")),
    };
    (0..usize::MAX).map(named).find(|folder| !folder.exists()).unwrap_or_else(|| named(0))
}

/// A trial's folder as it is written down: below the one that it belongs to, which may be moved.
pub(super) fn below(out: &Path, folder: &Path) -> String {
    folder.strip_prefix(out).unwrap_or(folder).display().to_string()
}

/// Refuses a trial that reached another cluster than the ones before; the first one's is remembered.
pub(super) fn same_cluster(known: &mut Option<String>, found: &str) -> Result<(), TrialError> {
    let known = known.get_or_insert_with(|| found.to_owned());
    if known == found {
        Ok(())
    } else {
        Err(TrialError::OtherCluster { known: known.clone(), found: found.to_owned() })
    }
}
