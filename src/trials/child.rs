//! A process of its own: a run, or a command before it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::stop::{StopFlag, ends_with_this_process};
use crate::surroundings::hand_over;

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(100);

/// How a run's process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It left a folder.
    Ran,
    /// It could not run.
    Refused {
        /// Its exit code; 4 where a signal ended it.
        code: i32,
        /// What it said.
        text: String,
    },
}

/// A process that goes on.
pub(super) struct Child {
    process: std::process::Child,
}

/// What a run prints when it could not start.
#[derive(Deserialize)]
struct Printed {
    error: Option<PrintedError>,
}

#[derive(Deserialize)]
struct PrintedError {
    text: String,
}

impl Child {
    /// Starts this very program once more. What it says for people is dropped: its folder says more.
    pub(super) fn start(arguments: &[OsString]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        hand_over(&mut command, arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        ends_with_this_process(&mut command);
        Ok(Child { process: command.spawn()? })
    }

    /// Starts a line of shell. What it says goes to a file: what it leaves running would keep a pipe open.
    pub(super) fn shell(line: &str, variables: &[(String, String)], log: &Path) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new("sh");
        command.args(["-c", line]).envs(variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Child { process: command.spawn()? })
    }

    /// Waits until a run is over, as [`Child::output`] does.
    pub(super) fn wait(self, stop: &StopFlag) -> io::Result<Ended> {
        self.output(stop).map(|output| ended(&output))
    }

    /// Waits until it is over. A stop is passed on. A terminal's Ctrl-C has reached the run by itself, and then this is its second: it ends at
    /// once, as nobody waits for its figures.
    pub(super) fn output(self, stop: &StopFlag) -> io::Result<Output> {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let (over, is_over) = channel();
        let waits = thread::Builder::new().name("trial".to_owned());
        waits.spawn(move || {
            // Nobody waits for it any more when the trials themselves are over.
            let _unheard = over.send(self.process.wait_with_output());
        })?;
        let mut has_told = false;
        loop {
            match is_over.recv_timeout(TICK) {
                Ok(output) => return output,
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("its process was lost")),
                Err(RecvTimeoutError::Timeout) if stop.is_set() && !has_told => {
                    has_told = true;
                    // A process that is over cannot be told, and need not be.
                    let _over = pid.map(|pid| kill_process(pid, Signal::TERM));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn ended(output: &Output) -> Ended {
    let printed = serde_json::from_slice::<Printed>(&output.stdout).ok().and_then(|printed| printed.error);
    match (printed, output.status.code()) {
        (Some(error), code) => Ended::Refused { code: code.unwrap_or(4), text: error.text },
        (None, Some(_)) => Ended::Ran,
        (None, None) => {
            Ended::Refused { code: 4, text: format!("a trial's process was ended from outside ({})", output.status) }
        }
    }
}
