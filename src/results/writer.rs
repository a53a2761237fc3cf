//! A run's folder while the run is going on.
//!
//! From the first second there is a manifest that says `running`; the timeline and the interval logs grow in partial files every second. A
//! process that is killed leaves exactly that, and [`super::RunFolder`] reads it. A disk that fills up stops nothing: what it does not
//! accept waits in memory, and the end of the run reports it once.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Manifest, ResultsError, RunState, Summary, TimelineRow,
    folder::read_manifest,
    hlog::{Interval, LogEncoder, LogKey},
    inventory::{sealed, take_stock},
    names::{MANIFEST, SUMMARY, TIMELINE, WATERMARKS},
    pending::{GrowingFile, partial_path, write_whole},
    timeline::append_row,
    watermark_rows::{self, WatermarkRow},
};

/// Writes a run's folder.
#[derive(Debug)]
pub(crate) struct RunWriter {
    folder: PathBuf,
    manifest: Manifest,
    start_unix_ns: u64,
    /// None once it is complete.
    timeline: Option<GrowingFile>,
    any_row: bool,
    /// None before the first row: most runs model no engine.
    watermarks: Option<GrowingFile>,
    logs: BTreeMap<LogKey, GrowingFile>,
    encoder: LogEncoder,
    trouble: Option<ResultsError>,
}

impl RunWriter {
    /// Creates the folder with the manifest, in the state `running`.
    /// `start_unix_ns` is the moment that seconds are counted from, in nanoseconds since 1970.
    ///
    /// # Errors
    /// When the folder holds anything, or cannot be written to.
    pub(crate) fn create(folder: &Path, mut manifest: Manifest, start_unix_ns: u64) -> Result<Self, ResultsError> {
        refuse_occupied(folder)?;
        manifest.files.clear();
        fs::create_dir_all(folder)
            .map_err(|system| ResultsError::CannotCreate { folder: folder.to_owned(), system })?;
        manifest.state = RunState::Running;
        let timeline = GrowingFile::new(folder.join(TIMELINE));
        let writer = RunWriter {
            folder: folder.to_owned(),
            manifest,
            start_unix_ns,
            timeline: Some(timeline),
            any_row: false,
            watermarks: None,
            logs: BTreeMap::new(),
            encoder: LogEncoder::default(),
            trouble: None,
        };
        writer.save_manifest()?;
        Ok(writer)
    }

    /// Where the results are.
    #[must_use]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The manifest, to be completed with what becomes known during the run. [`RunWriter::save_manifest`] writes it.
    pub(crate) fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.manifest
    }

    /// Writes the manifest as it is now.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn save_manifest(&self) -> Result<(), ResultsError> {
        let file = self.folder.join(MANIFEST);
        let text = self
            .manifest
            .to_toml()
            .map_err(|error| ResultsError::Unwritable { file: file.clone(), why: error.to_string() })?;
        write_whole(&file, sealed(&text).as_bytes())
    }

    /// Adds a row of the timeline; the next flush writes it.
    pub(crate) fn row(&mut self, row: &TimelineRow) {
        let Some(timeline) = &mut self.timeline else { return };
        let appended = append_row(timeline.buffer(), row, !self.any_row);
        self.any_row = true;
        self.remember_unwritable(TIMELINE, appended.map_err(|error| error.to_string()));
    }

    /// Adds a row of the watermark log; the next flush writes it.
    pub(crate) fn watermark_row(&mut self, row: &WatermarkRow) {
        let is_first = self.watermarks.is_none();
        let path = self.folder.join(WATERMARKS);
        let file = self.watermarks.get_or_insert_with(|| GrowingFile::new(path));
        let appended = watermark_rows::append_row(file.buffer(), row, is_first);
        self.remember_unwritable(WATERMARKS, appended.map_err(|error| error.to_string()));
    }

    /// Adds the latencies of an interval; the next flush writes them. An empty interval adds nothing.
    pub(crate) fn interval(&mut self, key: &LogKey, interval: &Interval) {
        if interval.latencies.count() == 0 {
            return;
        }
        let RunWriter { logs, encoder, folder, manifest, start_unix_ns, .. } = self;
        let mut begun = Ok(());
        let log = logs.entry(key.clone()).or_insert_with(|| {
            let mut log = GrowingFile::new(folder.join(key.file_name()));
            begun = encoder.begin(log.buffer(), key, &manifest.run_id, *start_unix_ns);
            log
        });
        let appended = begun.and_then(|()| encoder.append(log.buffer(), interval));
        self.remember_unwritable(&key.file_name(), appended);
    }

    /// Writes what was added since the last flush; call it every second. What the disk does not accept waits for the next one.
    pub(crate) fn flush(&mut self) {
        let first_refusal = self
            .timeline
            .iter_mut()
            .chain(&mut self.watermarks)
            .chain(self.logs.values_mut())
            .filter_map(|file| file.flush().err())
            .fold(None, |first, error| first.or(Some(error)));
        if self.trouble.is_none() {
            self.trouble = first_refusal;
        }
    }

    /// The first error, if there was one. It may be over: only [`RunWriter::finish`] knows.
    #[cfg(test)]
    fn trouble(&self) -> Option<&ResultsError> {
        self.trouble.as_ref()
    }

    /// Writes another file of the run, such as `report.html`, in one piece.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> Result<(), ResultsError> {
        write_whole(&self.folder.join(name), bytes)
    }

    /// Writes the rest of the growing files, and gives every file its name. Each is tried,
    /// even after another one failed. Nothing may be added after this.
    ///
    /// # Errors
    /// The system's first error.
    pub(crate) fn complete(&mut self) -> Result<(), ResultsError> {
        // An error of the system during the run is forgiven if the disk accepted everything in the end; an encoder's is not.
        let mut outcome = match self.trouble.take() {
            Some(error @ ResultsError::Unwritable { .. }) => Err(error),
            _ => Ok(()),
        };
        let growing = self.timeline.take().into_iter().chain(self.watermarks.take());
        for file in growing.chain(std::mem::take(&mut self.logs).into_values()) {
            outcome = outcome.and(file.complete());
        }
        outcome
    }

    /// Completes what is not complete yet, writes the summary, and records how the run ended (`ended` is RFC 3339), and the length and hash
    /// of each file. The manifest is the last: as long as it says `running`, the rest may be missing.
    ///
    /// # Errors
    /// The system's first error. The manifest still says `running` only if it is the file that could not be written.
    pub(crate) fn finish(mut self, state: RunState, ended: &str, summary: &Summary) -> Result<(), ResultsError> {
        let completed = self.complete();
        let encoded = summary
            .to_json()
            .map_err(|error| ResultsError::Unwritable { file: self.folder.join(SUMMARY), why: error.to_string() });
        let summary_written = encoded.and_then(|text| self.file(SUMMARY, text.as_bytes()));
        self.manifest.state = state;
        self.manifest.ended = Some(ended.to_owned());
        let inventory = take_stock(&self.folder).map(|files| self.manifest.files = files);
        completed.and(summary_written).and(inventory).and(self.save_manifest())
    }

    fn remember_unwritable(&mut self, name: &str, appended: Result<(), String>) {
        if let (Err(why), None) = (appended, &self.trouble) {
            self.trouble = Some(ResultsError::Unwritable { file: self.folder.join(name), why });
        }
    }
}

/// Results are never overwritten: the folder must not exist, or be empty.
///
/// # Errors
/// When it holds anything, or cannot be read.
pub(crate) fn refuse_occupied(folder: &Path) -> Result<(), ResultsError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(system) => return Err(ResultsError::CannotCreate { folder: folder.to_owned(), system }),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let manifest = folder.join(MANIFEST);
    if !manifest.exists() && !partial_path(&manifest).exists() {
        return Err(ResultsError::NotEmpty { folder: folder.to_owned() });
    }
    let run_id = read_manifest(&manifest).map_or_else(|_| "(unreadable)".to_owned(), |manifest| manifest.run_id);
    Err(ResultsError::Occupied { folder: folder.to_owned(), run_id })
}

#[cfg(test)]
mod tests;
