//! The curves of all of a profile's streams: read, compared with each other, and recorded so that they can be found again.

use std::path::{Path, PathBuf};

use super::{
    Profile, Stream,
    fault::{Fault, Faults},
};
use crate::curve::moment_text;

impl Profile {
    /// Reads the curve files of all streams. Paths are relative to `folder`.
    ///
    /// # Errors
    /// Every file that is not a curve or whose counts do not match its fingerprint, at its key.
    pub fn read_curves(&mut self, folder: &Path) -> Result<(), Vec<Fault>> {
        let mut list = Vec::new();
        let mut faults = Faults::new(&mut list);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            if let Some(replay) = &mut stream.curve {
                replay.read(folder, &mut faults.at_index("stream", index).at("curve"));
            }
        }
        if list.is_empty() { Ok(()) } else { Err(list) }
    }
}

/// This many streams are listed; of more, only the number is given.
const LISTED: usize = 5;

/// A note that streams replay curves of different times together: each begins with the run, whenever it was captured.
pub(super) fn other_moments(profile: &Profile) -> Option<String> {
    let begins = |stream: &Stream| {
        let replay = stream.curve.as_ref()?;
        let curve = replay.captured().filter(|curve| curve.start_unix_ms().is_some())?;
        Some((stream.name.clone(), curve.bucket_start_ms(replay.buckets().ok()?.start)))
    };
    let begun: Vec<(String, i64)> = profile.streams.iter().filter_map(begins).collect();
    if begun.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        return None;
    }
    let each = |(name, at_ms): &(String, i64)| format!("`{name}` {}", moment_text(*at_ms));
    let mut listed: Vec<String> = begun.iter().take(LISTED).map(each).collect();
    if begun.len() > LISTED {
        listed.push(format!("and {} more", begun.len() - LISTED));
    }
    let listed = listed.join(", ");
    Some(format!(
        "the streams replay curves from different times, each starting when the run starts: {listed}; to line them up, set `window`"
    ))
}

/// Adds to a profile's table what is needed to find the same counts again from any folder: the file's full path, and the fingerprint.
pub(super) fn note_curves(profile: &Profile, folder: &Path, table: &mut toml::Table) {
    let streams = table.get_mut("stream").and_then(toml::Value::as_array_mut);
    for (stream, written) in profile.streams.iter().zip(streams.into_iter().flatten()) {
        let (Some(replay), Some(curve)) = (&stream.curve, written.get_mut("curve").and_then(toml::Value::as_table_mut))
        else {
            continue;
        };
        if replay.shipped(folder).is_none() {
            let path = folder.join(&replay.file);
            let path: PathBuf = std::path::absolute(&path).unwrap_or(path);
            curve.insert("file".to_owned(), path.display().to_string().into());
        }
        if let Some(captured) = replay.captured() {
            curve.insert("fingerprint".to_owned(), captured.fingerprint().into());
        }
    }
}
