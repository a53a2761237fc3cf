//! A run's folder, read again: finished, interrupted, still running, or left behind by a killed process.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Manifest, ResultsError, RunState, Summary, TimelineRow,
    hlog::{LogKey, LogReader},
    inventory::{verify, verify_seal},
    manifest::MANIFEST_SCHEMA,
    names::{MANIFEST, SUMMARY, TIMELINE, WATERMARKS},
    pending::partial_path,
    summary::SUMMARY_SCHEMA,
    timeline::read_rows,
    watermark_rows::{self, WatermarkRow},
};
use crate::latency::LatencyHistogram;

/// A run's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFolder {
    path: PathBuf,
    manifest: Manifest,
}

impl RunFolder {
    /// Opens a folder by its manifest; the other files are read on demand.
    ///
    /// # Errors
    /// When there is no manifest, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, ResultsError> {
        let file = path.join(MANIFEST);
        if !file.exists() {
            return Err(ResultsError::NoRun { folder: path.to_owned() });
        }
        Ok(RunFolder { path: path.to_owned(), manifest: read_manifest(&file)? })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What ran.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether the run ended normally. If not, its process was killed, or is still running.
    #[must_use]
    pub fn ended_in_order(&self) -> bool {
        self.manifest.state != RunState::Running
    }

    /// The run's state, in a sentence for people.
    #[must_use]
    pub fn standing(&self) -> &'static str {
        match self.manifest.state {
            RunState::Finished => "the run is complete",
            RunState::Interrupted => "the run was interrupted; its results end there",
            RunState::Running => "the run is still going, or its process was killed; its files end at its last second",
        }
    }

    /// Checks every file against its length and hash in the manifest, and the manifest against its own last line.
    ///
    /// # Errors
    /// When a file is missing, cut, changed or not the run's, or the run did not end normally.
    pub fn verify(&self) -> Result<(), ResultsError> {
        let file = self.path.join(MANIFEST);
        let text =
            fs::read_to_string(&file).map_err(|system| ResultsError::CannotRead { file: file.clone(), system })?;
        verify_seal(&file, &text)?;
        verify(&self.path, &self.manifest.files)
    }

    /// What the run found; `None` if it did not end normally.
    ///
    /// # Errors
    /// When the file is damaged, or of a later schema.
    pub fn summary(&self) -> Result<Option<Summary>, ResultsError> {
        let file = self.path.join(SUMMARY);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(system) => return Err(ResultsError::CannotRead { file, system }),
        };
        #[derive(serde::Deserialize)]
        struct Head {
            schema: u32,
        }
        let malformed =
            |error: serde_json::Error| ResultsError::Malformed { file: file.clone(), why: error.to_string() };
        let Head { schema } = serde_json::from_slice(&bytes).map_err(malformed)?;
        refuse_other_schema(&file, schema, SUMMARY_SCHEMA)?;
        serde_json::from_slice(&bytes).map(Some).map_err(malformed)
    }

    /// The timeline, as far as it goes; empty when nothing was written yet.
    ///
    /// # Errors
    /// When a line is damaged.
    pub fn timeline(&self) -> Result<Vec<TimelineRow>, ResultsError> {
        let file = self.path.join(TIMELINE);
        let Some((file, bytes)) = read_whole_or_partial(&file)? else {
            return Ok(Vec::new());
        };
        read_rows(&bytes).map_err(|error| ResultsError::Malformed { file, why: error.to_string() })
    }

    /// The watermark log, as far as it goes; empty where no model reads.
    ///
    /// # Errors
    /// When a line is damaged.
    pub fn watermarks(&self) -> Result<Vec<WatermarkRow>, ResultsError> {
        let Some((file, bytes)) = read_whole_or_partial(&self.path.join(WATERMARKS))? else {
            return Ok(Vec::new());
        };
        watermark_rows::read_rows(&bytes).map_err(|error| ResultsError::Malformed { file, why: error.to_string() })
    }

    /// Every interval log, in the order of their files' names.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn logs(&self) -> Result<Vec<LogFile>, ResultsError> {
        let mut logs = Vec::new();
        for name in self.log_names()? {
            logs.extend(self.log(&name)?);
        }
        Ok(logs)
    }

    /// The names of all interval logs, in order: a day's logs are read one by one.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn log_names(&self) -> Result<Vec<String>, ResultsError> {
        let cannot_read = |system| ResultsError::CannotRead { file: self.path.clone(), system };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(cannot_read)? {
            let name = entry.map_err(cannot_read)?.file_name();
            let Some(name) = name.to_str() else { continue };
            let whole = name.strip_suffix(".partial").unwrap_or(name);
            if whole.ends_with(".hlog") {
                names.push(whole.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// An interval log by its name, as far as it goes; `None` when nothing was written yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn log(&self, name: &str) -> Result<Option<LogFile>, ResultsError> {
        log_at(&self.path.join(name))
    }

    /// One log summed up: the run's histogram of a hop. Empty when nothing was measured.
    ///
    /// # Errors
    /// When the log is damaged.
    pub fn latencies(&self, key: &LogKey) -> Result<LatencyHistogram, ResultsError> {
        let Some(log) = log_at(&self.path.join(key.file_name()))? else { return Ok(LatencyHistogram::default()) };
        log.open()?.sum().map_err(|why| log.malformed(why))
    }
}

/// The folders of runs that a path stands for: itself, or the runs that it holds, by name.
///
/// # Errors
/// When it is no run and holds none, or cannot be read.
pub fn runs_at(path: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    if path.join(MANIFEST).exists() {
        return Ok(vec![path.to_owned()]);
    }
    if !path.is_dir() {
        return Err(ResultsError::NoRun { folder: path.to_owned() });
    }
    let cannot_read = |system| ResultsError::CannotRead { file: path.to_owned(), system };
    let mut runs = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot_read)? {
        let folder = entry.map_err(cannot_read)?.path();
        if folder.join(MANIFEST).exists() {
            runs.push(folder);
        }
    }
    runs.sort_unstable();
    if runs.is_empty() { Err(ResultsError::NoRun { folder: path.to_owned() }) } else { Ok(runs) }
}

/// The bytes of an interval log.
#[derive(Debug)]
pub struct LogFile {
    file: PathBuf,
    bytes: Vec<u8>,
}

impl LogFile {
    /// Reads its beginning.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn open(&self) -> Result<LogReader<'_>, ResultsError> {
        LogReader::open(&self.bytes).map_err(|why| self.malformed(why))
    }

    /// An error about something wrong in it.
    #[must_use]
    pub fn malformed(&self, why: String) -> ResultsError {
        ResultsError::Malformed { file: self.file.clone(), why }
    }
}

fn log_at(file: &Path) -> Result<Option<LogFile>, ResultsError> {
    // A file that was opened but not yet written to, or whose header is cut, holds nothing.
    let found = read_whole_or_partial(file)?.filter(|(_, bytes)| super::whole_lines(bytes).contains(&b'"'));
    Ok(found.map(|(file, bytes)| LogFile { file, bytes }))
}

/// Reads a file, or what there is of it if it was never completed.
fn read_whole_or_partial(file: &Path) -> Result<Option<(PathBuf, Vec<u8>)>, ResultsError> {
    for file in [file.to_owned(), partial_path(file)] {
        match fs::read(&file) {
            Ok(bytes) => return Ok(Some((file, bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(system) => return Err(ResultsError::CannotRead { file, system }),
        }
    }
    Ok(None)
}

/// Reads a manifest.
pub(super) fn read_manifest(file: &Path) -> Result<Manifest, ResultsError> {
    let text = fs::read_to_string(file).map_err(|system| ResultsError::CannotRead { file: file.to_owned(), system })?;
    let malformed = |why: String| ResultsError::Malformed { file: file.to_owned(), why };
    let table: toml::Table = toml::from_str(&text).map_err(|error| malformed(error.to_string().trim().to_owned()))?;
    let schema = table.get("schema").and_then(toml::Value::as_integer).and_then(|schema| u32::try_from(schema).ok());
    let schema = schema.ok_or_else(|| malformed("`schema` is missing or not a number".to_owned()))?;
    refuse_other_schema(file, schema, MANIFEST_SCHEMA)?;
    toml::from_str(&text).map_err(|error| malformed(error.to_string().trim().to_owned()))
}

fn refuse_other_schema(file: &Path, found: u32, known: u32) -> Result<(), ResultsError> {
    if found == known { Ok(()) } else { Err(ResultsError::OtherSchema { file: file.to_owned(), found, known }) }
}
