//! Ctrl-C, SIGTERM and SIGHUP (a closed terminal): the first stops sending, the second stops waiting. A run with the live view on its
//! terminal outlives the terminal: there SIGHUP stops nothing.

use std::fs;
use std::io;
use std::sync::mpsc::channel;
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{HangUp, StopFlag};

/// Listens in its own thread for as long as the process lives, and returns when it does. With `hung_up`, a closed terminal is told there and
/// stops nothing. If signals cannot be received, the system's default applies: the process ends.
pub(crate) fn listen(stop: &StopFlag, hung_up: Option<&HangUp>) {
    let (stop, hung_up) = (stop.clone(), hung_up.cloned());
    let (listening, listens) = channel();
    let heard = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut asked) = Asked::listen() else { return };
            drop(listening);
            while let Some(signal) = asked.next().await {
                match (&hung_up, signal) {
                    (Some(hung_up), Wish::HangUp) => hung_up.set(),
                    _ => stop.set(),
                }
            }
        });
    };
    // Without the thread the first signal ends the process, and its results stay readable up to the last second.
    if thread::Builder::new().name("signals".to_owned()).spawn(heard).is_ok() {
        // Nothing is ever sent: the other end is dropped when signals are heard, or cannot be.
        let _listens: Result<(), _> = listens.recv();
    }
}

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To stop.
    Stop,
    /// That the terminal was closed.
    HangUp,
}

/// The signals that ask a command to stop.
pub(crate) struct Asked {
    interrupt: Signal,
    terminate: Signal,
    /// None under `nohup`, whose purpose is that a closed terminal stops nothing.
    hang_up: Option<Signal>,
}

impl Asked {
    /// Listens from now on. Must be called inside a runtime.
    ///
    /// # Errors
    /// When the system does not allow listening.
    pub(crate) fn listen() -> io::Result<Self> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hang_up = if ignores_hang_up(&status) { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Asked { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hang_up })
    }

    /// Waits for the next one; `None` if no more can come.
    pub(crate) async fn next(&mut self) -> Option<Wish> {
        let Asked { interrupt, terminate, hang_up } = self;
        let hung_up = async {
            match hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            asked = interrupt.recv() => asked.map(|()| Wish::Stop),
            asked = terminate.recv() => asked.map(|()| Wish::Stop),
            asked = hung_up => asked.map(|()| Wish::HangUp),
        }
    }
}

/// By the kernel's mask of ignored signals, whose first bit is SIGHUP. Known only on Linux.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_respected() {
        assert!(ignores_hang_up("Name:\tfloodmark\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hang_up("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hang_up(""));
    }
}
