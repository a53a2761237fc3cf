//! The guard of a fault: floodmark once more, as a process of its own that runs the fault's commands.
//!
//! A run writes its orders to the guard's standard input. When that ends, the run is over or was killed, and the guard undoes what it began:
//! nobody else runs the commands, so the undoing never races with the fault. It has a session of its own and minds no signal that can be minded:
//! a Ctrl-C on the terminal, a closed terminal, or a signal to the whole process group ends the run, and not the guard.

use std::ffi::OsStr;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::setsid;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::command::{Ending, run};
use crate::figures::seconds;

/// The one argument of a guard.
pub(super) const GUARD: &str = "fault-guard";
/// How long undoing may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// What a guard does when it is told: the first line that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commands {
    pub(super) name: String,
    pub(super) start: Vec<String>,
    pub(super) stop: Vec<String>,
}

/// A line to a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    Start,
    Stop,
}

/// A line from a guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It listens, and minds no signals.
    Ready,
    /// The fault is there.
    Started,
    /// It is not: a sentence. None where it was no longer wanted.
    NotStarted(Option<String>),
    /// It was undone, or never began.
    Undone,
    /// It was not: a sentence.
    NotUndone(String),
}

/// Whether these arguments start a guard.
pub fn is_guard<S: AsRef<OsStr>>(mut arguments: impl Iterator<Item = S>) -> bool {
    arguments.nth(1).is_some_and(|first| first.as_ref() == GUARD) && arguments.next().is_none()
}

/// Is the guard of a fault until the fault is undone.
pub fn guard() -> ExitCode {
    // It fails only for the leader of a group, which is out of reach of a terminal's signals as well.
    let _already_apart = setsid();
    mind_no_signals();
    let orders = hear_lines();
    let Ok(commands) = orders.recv().map_err(|_| ()).and_then(|line| serde_json::from_str(&line).map_err(|_| ()))
    else {
        return ExitCode::from(2);
    };
    serve(&commands, &Orders(orders), &mut answer)
}

fn mind_no_signals() {
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        // Without it the signal ends the guard, as it would any process.
        let _minded = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

/// The lines of standard input. The channel ends with them.
fn hear_lines() -> Receiver<String> {
    let (tell, told) = channel();
    let listen = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    };
    // Without the thread nothing is ever heard, and the guard ends before it begins.
    let _unheard = thread::Builder::new().name("orders".to_owned()).spawn(listen);
    told
}

/// Tells the run; whether it still listens.
fn answer(answer: &Answer) -> bool {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, answer).is_ok() && writeln!(out).is_ok() && out.flush().is_ok()
}

/// What a run orders, and that it is gone.
struct Orders(Receiver<String>);

impl Orders {
    /// Waits for the next order; a run that is gone wants everything undone.
    fn next(&self) -> Order {
        self.0.recv().ok().and_then(|line| serde_json::from_str(&line).ok()).unwrap_or(Order::Stop)
    }

    /// Whether something was ordered meanwhile: nothing but a stop can be.
    fn say_stop(&self) -> bool {
        !matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }
}

fn serve(commands: &Commands, orders: &Orders, answer: &mut dyn FnMut(&Answer) -> bool) -> ExitCode {
    answer(&Answer::Ready);
    if orders.next() == Order::Stop {
        return ExitCode::SUCCESS;
    }
    let mut is_stopped = false;
    let started = run(&commands.start, || {
        is_stopped = is_stopped || orders.say_stop();
        is_stopped
    });
    let has_run = !matches!(started, Ending::NotRun(_));
    answer(&match started {
        Ending::Done => Answer::Started,
        Ending::NotRun(why) | Ending::Failed(why) => Answer::NotStarted(Some(why)),
        Ending::CutShort => Answer::NotStarted(None),
    });
    if !is_stopped {
        orders.next();
    }
    let undone = if has_run { undo(&commands.stop) } else { Answer::Undone };
    if !answer(&undone) && has_run {
        say_alone(&commands.name, &undone);
    }
    ExitCode::SUCCESS
}

fn undo(stop: &[String]) -> Answer {
    let begun = Instant::now();
    match run(stop, || begun.elapsed() > PATIENCE) {
        Ending::Done => Answer::Undone,
        Ending::NotRun(why) | Ending::Failed(why) => Answer::NotUndone(why),
        Ending::CutShort => {
            let text =
                format!("`{}` did not return within {}", crate::profile::typed(stop), seconds(PATIENCE.as_secs_f64()));
            Answer::NotUndone(text)
        }
    }
}

/// Prints what became of the fault on standard error: floodmark itself has ended and cannot.
fn say_alone(name: &str, undone: &Answer) {
    let text = match undone {
        Answer::NotUndone(why) => format!("floodmark ended during the fault {name}, which is not undone: {why}\n"),
        _ => format!("floodmark ended during the fault {name}, which is undone now\n"),
    };
    // If standard error cannot be written to, there is nowhere left to report it.
    let _unheard = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a guard of these commands answers to these orders: one after each answer. After the last the run is gone.
    fn answers(start: &str, stop: &str, orders: &[Order]) -> Vec<Answer> {
        let (tell, told) = channel();
        let sh = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
        let commands = Commands { name: "f".to_owned(), start: sh(start), stop: sh(stop) };
        let (mut tell, mut orders, mut said) = (Some(tell), orders.iter().peekable(), Vec::new());
        serve(&commands, &Orders(told), &mut |answer| {
            said.push(answer.clone());
            if let (Some(tell), Some(order)) = (&tell, orders.next()) {
                tell.send(serde_json::to_string(order).unwrap()).unwrap();
            }
            tell = tell.take().filter(|_| orders.peek().is_some());
            true
        });
        said
    }

    #[test]
    fn what_was_begun_is_undone_with_and_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        let (start, stop) = (format!("touch {}", file.display()), format!("rm -f {}", file.display()));
        for orders in [&[Order::Start, Order::Stop][..], &[Order::Start]] {
            let said = answers(&start, &stop, orders);
            assert_eq!(said.first(), Some(&Answer::Ready));
            assert_eq!(said.last(), Some(&Answer::Undone), "{said:?}");
            assert!(!file.exists());
        }
    }

    #[test]
    fn what_never_began_is_not_undone() {
        assert_eq!(answers("exit 9", "exit 9", &[]), [Answer::Ready]);
        assert_eq!(answers("exit 9", "exit 9", &[Order::Stop]), [Answer::Ready]);
    }

    #[test]
    fn a_fault_that_fails_is_undone_all_the_same() {
        let said = answers("exit 1", "exit 0", &[Order::Start, Order::Stop]);
        let failed = Answer::NotStarted(Some("`sh -c 'exit 1'` exited with 1".to_owned()));
        assert_eq!(said, [Answer::Ready, failed, Answer::Undone]);
        let said = answers("exit 0", "echo no >&2; exit 1", &[Order::Start, Order::Stop]);
        assert!(matches!(said.last(), Some(Answer::NotUndone(why)) if why.ends_with("exited with 1: no")), "{said:?}");
    }

    #[test]
    fn a_command_that_does_not_return_is_killed_when_the_run_is_gone() {
        assert_eq!(
            answers("sleep 600", "exit 0", &[Order::Start]),
            [Answer::Ready, Answer::NotStarted(None), Answer::Undone]
        );
    }

    #[test]
    fn only_the_one_argument_makes_a_guard() {
        assert!(is_guard(["floodmark", GUARD].iter()));
        for other in [&["floodmark"][..], &["floodmark", "run", GUARD], &["floodmark", GUARD, "x"], &[GUARD]] {
            assert!(!is_guard(other.iter()), "{other:?}");
        }
    }
}
