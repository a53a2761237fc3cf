//! Wakes a thread that waits for sockets.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::cluster::Sleeper;

/// A socket of its own among those that the thread waits for.
#[derive(Debug)]
pub(super) struct Wake {
    bell: UnixStream,
    ear: UnixStream,
}

impl Wake {
    /// # Errors
    /// When the system has no more sockets.
    pub(super) fn new() -> io::Result<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Wake { bell, ear })
    }

    /// Wakes the thread.
    pub(super) fn wake(&self) {
        // A full socket wakes it as well.
        let _ = (&self.bell).write(&[1]);
    }

    /// Takes in that it was woken. Returns whether it was.
    pub(super) fn is_heard(&self) -> bool {
        let (mut space, mut was_woken) = ([0; 64], false);
        while let Ok(read) = (&self.ear).read(&mut space) {
            was_woken = true;
            if read < space.len() {
                break;
            }
        }
        was_woken
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ear.as_fd()
    }
}

impl Sleeper for Wake {
    fn wake(&self) {
        Wake::wake(self);
    }
}
