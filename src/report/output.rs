//! Standard error. A reader that went away (`floodmark plan | head`) is no error.

use std::io::{self, ErrorKind, Write};

use super::screen::clean;

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
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        assert!(write_all(&mut Refuses(ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write_all(&mut Refuses(ErrorKind::StorageFull), "text").is_err());
    }
}
