//! Files that grow while a run is going on, and files that appear complete.
//!
//! Both are written as `name.partial`, and renamed when they are complete. A growing file keeps in memory what the disk does not accept,
//! and retries with every flush, so that a full disk never stops a measurement.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::ResultsError;

/// The path of a file until it is complete.
#[must_use]
pub(crate) fn partial_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Writes a complete file under another name and renames it, so that no reader ever sees half of it. A link stays and leads to the new
/// file; a device or a pipe is written to.
///
/// # Errors
/// When the system refuses; then the file is unchanged.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    let written = match fs::metadata(file) {
        Ok(facts) if facts.is_file() => fs::canonicalize(file).and_then(|file| write_aside(&file, bytes)),
        Ok(_) => OpenOptions::new().write(true).open(file).and_then(|mut opened| opened.write_all(bytes)),
        Err(_) => write_aside(file, bytes),
    };
    written.map_err(|system| ResultsError::CannotWrite { file: file.to_owned(), system })
}

fn write_aside(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_new(file, |opened| opened.write_all(bytes))
}

/// Writes a file that is not there yet, piece by piece, under another name, and renames it when `write` is done. `E` is what that may end in.
///
/// # Errors
/// What `write` ends in, or that the system refuses; then there is no file.
pub(crate) fn write_new<T, E: From<io::Error>>(
    file: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let aside = partial_path(file);
    let mut opened = File::create(&aside)?;
    let written = write(&mut opened).and_then(|made| Ok(give_name(&opened, &aside, file).map(|()| made)?));
    if written.is_err() {
        // The partial file is of no use; if it cannot be removed either, nothing changes.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Renames a written file durably: its content is on the disk before its name is, and its name before this returns. Otherwise a machine
/// that loses power may keep the name of an empty file.
fn give_name(written: &File, aside: &Path, file: &Path) -> io::Result<()> {
    written.sync_all()?;
    fs::rename(aside, file)?;
    match file.parent() {
        // Some file systems do not allow opening or syncing a folder; then durability of names is up to them.
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(())),
        None => Ok(()),
    }
}

/// Bytes waiting to be written to a file.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
}

impl Pending {
    /// Writes as much as `out` accepts; the rest stays, in order.
    fn hand_over(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut done = 0;
        let outcome = loop {
            if done == self.bytes.len() {
                break Ok(());
            }
            match out.write(&self.bytes[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => done += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.bytes.drain(..done);
        outcome
    }
}

/// A file that grows every second.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    path: PathBuf,
    file: Option<File>,
    pending: Pending,
}

impl GrowingFile {
    /// A file that will be at `path` when it is complete. Nothing is written before the first flush.
    #[must_use]
    pub(crate) fn new(path: PathBuf) -> Self {
        GrowingFile { path, file: None, pending: Pending::default() }
    }

    /// The buffer that the next flush writes: append to it.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending.bytes
    }

    /// Writes what has been appended.
    ///
    /// # Errors
    /// When the system refuses; what was not written waits for the next flush.
    pub(crate) fn flush(&mut self) -> Result<(), ResultsError> {
        let GrowingFile { path, file, pending } = self;
        let written = open_aside(file, path).and_then(|file| pending.hand_over(file));
        written.map_err(|system| self.refusal(system))
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// When the system refuses; then the partial file stays, with everything written so far.
    pub(crate) fn complete(mut self) -> Result<(), ResultsError> {
        self.flush()?;
        let aside = partial_path(&self.path);
        let named = match &self.file {
            Some(file) => give_name(file, &aside, &self.path),
            None => fs::rename(&aside, &self.path),
        };
        named.map_err(|system| self.refusal(system))
    }

    fn refusal(&self, system: io::Error) -> ResultsError {
        ResultsError::CannotWrite { file: self.path.clone(), system }
    }
}

/// The partial file, created at its first use: an older one is never written to.
fn open_aside<'a>(file: &'a mut Option<File>, path: &Path) -> io::Result<&'a mut File> {
    match file {
        Some(open) => Ok(open),
        none => Ok(none.insert(OpenOptions::new().write(true).create_new(true).open(partial_path(path))?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A disk that accepts this many bytes and is then full, until space is freed.
    #[derive(Default)]
    struct SmallDisk {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(&bytes[..fits]);
            self.room -= fits;
            Ok(fits)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn a_disk_that_is_full_for_a_while_costs_no_byte(rooms in prop::collection::vec(0_usize..20, 1..30)) {
            let mut disk = SmallDisk::default();
            let mut pending = Pending::default();
            let mut all = Vec::new();
            for (second, room) in rooms.iter().enumerate() {
                let line = format!("second {second}\n");
                all.extend_from_slice(line.as_bytes());
                pending.bytes.extend_from_slice(line.as_bytes());
                disk.room = *room;
                let _ = pending.hand_over(&mut disk);
                let mut kept = disk.taken.clone();
                kept.extend_from_slice(&pending.bytes);
                prop_assert_eq!(&kept, &all);
            }
            disk.room = all.len();
            prop_assert!(pending.hand_over(&mut disk).is_ok());
            prop_assert_eq!(disk.taken, all);
        }
    }

    #[test]
    fn a_growing_file_stays_aside_until_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timeline.csv");
        let mut file = GrowingFile::new(path.clone());
        file.buffer().extend_from_slice(b"first\n");
        file.flush().unwrap();
        assert_eq!(fs::read(partial_path(&path)).unwrap(), b"first\n");
        assert!(!path.exists());
        file.buffer().extend_from_slice(b"second\n");
        file.complete().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first\nsecond\n");
        assert!(!partial_path(&path).exists());
    }

    #[test]
    fn a_device_is_written_to_and_a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        fs::write(of("file"), "old").unwrap();
        for (link, target) in [("to-file", of("file")), ("to-full", PathBuf::from("/dev/full"))] {
            std::os::unix::fs::symlink(target, of(link)).unwrap();
        }
        write_whole(&of("to-file"), b"new").unwrap();
        assert_eq!(fs::read(of("file")).unwrap(), b"new");
        let refused = write_whole(&of("to-full"), b"new").unwrap_err().to_string();
        assert!(refused.contains("No space left on device"), "{refused}");
        for link in ["to-file", "to-full"] {
            assert!(fs::symlink_metadata(of(link)).unwrap().is_symlink(), "{link}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left aside");
    }

    #[test]
    fn a_refused_write_names_the_file_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no-such-folder").join("summary.json");
        let text = write_whole(&path, b"{}").unwrap_err().to_string();
        assert!(text.contains("no-such-folder/summary.json"), "{text}");
    }

    #[test]
    fn a_full_disk_says_so_and_shows_a_way_out() {
        let error = ResultsError::CannotWrite {
            file: "results/r1/timeline.csv".into(),
            system: io::Error::from_raw_os_error(libc::ENOSPC),
        };
        assert_eq!(
            error.to_string(),
            "cannot write `results/r1/timeline.csv`: No space left on device (os error 28); \
             free some space or choose another disk with --out; what was written before is kept"
        );
    }
}
