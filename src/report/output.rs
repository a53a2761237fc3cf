//! Standard error. A reader that went away (`floodmark plan | head`) is no error.

use std::io::{self, ErrorKind, Write};

use super::screen::clean;

/// Standard output as commands see it: it takes everything. A reader that went away is no error, and any other refusal waits for the
/// end, so that what a command found decides its exit code, whoever reads it.
#[derive(Debug)]
pub struct Outlet<W> {
    out: W,
    refusal: Option<io::Error>,
}

impl<W: Write> Outlet<W> {
    /// Writes to `out` as long as that takes something.
    pub fn new(out: W) -> Self {
        Outlet { out, refusal: None }
    }

    /// Why `out` did not take everything; `None` when it did, or when its reader went away.
    pub fn into_refusal(mut self) -> Option<io::Error> {
        let flushed = self.flush();
        self.refusal.or(flushed.err()).filter(|refusal| refusal.kind() != ErrorKind::BrokenPipe)
    }

    fn attempt(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.refusal.is_none() {
            self.refusal = write(&mut self.out).err();
        }
    }
}

impl<W: Write> Write for Outlet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|out| out.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush);
        Ok(())
    }
}

/// Writes to standard error, at once and cleaned.
///
/// # Errors
/// What the system said, unless the reader has gone away.
pub fn to_stderr(text: &str) -> io::Result<()> {
    write_all(&mut io::stderr().lock(), &clean(text))
}

/// Writes everything and flushes; a closed pipe counts as written.
///
/// # Errors
/// What the system said, unless the reader has gone away.
pub fn write_all(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refuses(ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_at_the_end_unless_the_reader_went_away() {
        for (kind, told) in [(ErrorKind::BrokenPipe, None), (ErrorKind::StorageFull, Some(ErrorKind::StorageFull))] {
            let mut outlet = Outlet::new(Refuses(kind));
            outlet.write_all(b"text").unwrap();
            outlet.flush().unwrap();
            assert_eq!(outlet.into_refusal().map(|refusal| refusal.kind()), told);
        }
        let mut written = Vec::new();
        let mut outlet = Outlet::new(&mut written);
        outlet.write_all(b"te").unwrap();
        outlet.write_all(b"xt").unwrap();
        assert!(outlet.into_refusal().is_none());
        assert_eq!(written, b"text");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        assert!(write_all(&mut Refuses(ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write_all(&mut Refuses(ErrorKind::StorageFull), "text").is_err());
    }
}
