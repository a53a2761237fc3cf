//! A run's end of a guard: orders go out, answers come back.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::guard::{Answer, Commands, GUARD, Order};
use crate::stop::apart_from_parents;

/// How long a guard may take to stand ready.
const READY: Duration = Duration::from_secs(30);

/// A guard that stands ready. When it is dropped, the guard undoes what it began.
pub(super) struct Guarded {
    orders: ChildStdin,
    answers: Receiver<Answer>,
}

impl Guarded {
    /// Starts this very program once more, as the guard of these commands.
    pub(super) fn start(commands: &Commands) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(GUARD).stdin(Stdio::piped()).stdout(Stdio::piped());
        apart_from_parents(&mut command);
        let mut process = command.spawn()?;
        let (Some(orders), Some(said)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (tell, answers) = channel();
        let listen = move || {
            let lines = BufReader::new(said).lines().map_while(Result::ok);
            for answer in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if tell.send(answer).is_err() {
                    break;
                }
            }
            let _reaped = process.wait();
        };
        thread::Builder::new().name("guard".to_owned()).spawn(listen)?;
        let mut guarded = Guarded { orders, answers };
        guarded.write(&serde_json::to_string(commands)?)?;
        match guarded.answers.recv_timeout(READY) {
            Ok(Answer::Ready) => Ok(guarded),
            _ => Err(io::Error::other("it does not answer")),
        }
    }

    /// Gives an order. A guard that is gone shows in its answers.
    pub(super) fn order(&mut self, order: Order) {
        let _gone = serde_json::to_string(&order).map_err(io::Error::from).and_then(|line| self.write(&line));
    }

    /// The next answer, if it comes within `patience`; an error when the guard is gone.
    pub(super) fn answer(&self, patience: Duration) -> Result<Option<Answer>, GuardGone> {
        match self.answers.recv_timeout(patience) {
            Ok(answer) => Ok(Some(answer)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(GuardGone),
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.orders.write_all(format!("{line}\n").as_bytes())?;
        self.orders.flush()
    }
}

/// Somebody killed the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GuardGone;
