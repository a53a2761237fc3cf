//! The files of a new profile, before and after they are written.

use std::path::{Path, PathBuf};

use crate::commands::CommandError;
use crate::profile::Profile;
use crate::results::pending::write_whole;

/// A profile that is begun, and what it needs beside it.
pub(super) struct Begun {
    profile: PathBuf,
    text: String,
    /// More files, each with what it is in words.
    beside: Vec<(PathBuf, Vec<u8>, String)>,
}

impl Begun {
    /// A profile that needs nothing else.
    pub(super) fn only(profile: &Path, text: String) -> Self {
        Begun { profile: profile.to_owned(), text, beside: Vec::new() }
    }

    /// The same with a file beside it.
    pub(super) fn with(mut self, path: PathBuf, bytes: Vec<u8>, what: String) -> Self {
        self.beside.push((path, bytes, what));
        self
    }

    /// Writes what is needed first, so that the profile is whole when it is there.
    pub(super) fn write(&self) -> Result<(), CommandError> {
        let write = |path: &Path, bytes: &[u8]| {
            write_whole(path, bytes).map_err(|error| CommandError::Environment(error.to_string()))
        };
        for (path, bytes, _) in &self.beside {
            write(path, bytes)?;
        }
        write(&self.profile, self.text.as_bytes())?;
        Profile::from_file(&self.profile)?;
        Ok(())
    }

    /// What was written, and what to do next.
    pub(super) fn told(&self) -> String {
        let profile = self.profile.display();
        let mut text = format!("written  {profile}\n");
        for (path, _, what) in &self.beside {
            text += &format!("         {}: {what}\n", path.display());
        }
        text + &format!("next     floodmark plan {profile}\n         floodmark run {profile}\n")
    }
}

/// Refuses files that exist or have no folder, before anything else is done.
pub(super) fn refuse_to_overwrite<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
    force: bool,
) -> Result<(), CommandError> {
    for path in paths {
        let shown = path.display();
        if path.is_dir() || (path.exists() && !force) {
            return Err(CommandError::Usage(format!(
                "{shown} already exists: choose another name, or add --force to overwrite it"
            )));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return Err(CommandError::Usage(format!(
                "{shown} cannot be written: there is no folder {}",
                folder.display()
            )));
        }
    }
    Ok(())
}

/// A file as a profile names it: alone when both are in one folder, otherwise with its whole path.
pub(super) fn seen_from(profile: &Path, file: &Path) -> Result<String, CommandError> {
    if profile.parent() == file.parent()
        && let Some(name) = file.file_name()
    {
        return Ok(name.to_string_lossy().into_owned());
    }
    Ok(std::path::absolute(file)?.to_string_lossy().into_owned())
}
