//! One command of a fault: run without a shell, in a process group of its own, until it is over or no longer wanted.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::profile::typed;

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(10);
/// How long what a command said is waited for when it is over: what it left running may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How much of what a command says is kept.
const MOST_SAID: usize = 4096;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// With exit code 0.
    Done,
    /// It never ran, and so changed nothing: a sentence.
    NotRun(String),
    /// With another exit code or by a signal: a sentence.
    Failed(String),
    /// It was killed because it was no longer wanted.
    CutShort,
}

/// Runs a command; `is_over` is asked again and again whether it should end now.
pub(super) fn run(words: &[String], mut is_over: impl FnMut() -> bool) -> Ending {
    let Some((program, arguments)) = words.split_first() else {
        return Ending::NotRun("no program is named".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) => return Ending::NotRun(format!("`{}` cannot be started: {error}", typed(words))),
    };
    let said = hear(&mut process);
    loop {
        match process.try_wait() {
            Ok(Some(status)) if status.success() => return Ending::Done,
            Ok(Some(status)) => return Ending::Failed(sentence(words, status, &last_words(&said))),
            Ok(None) if is_over() => {
                kill(&mut process);
                return Ending::CutShort;
            }
            Ok(None) => thread::sleep(TICK),
            Err(error) => return Ending::Failed(format!("`{}` was lost: {error}", typed(words))),
        }
    }
}

/// Kills the command and what it started, unless that left its process group.
fn kill(process: &mut Child) {
    // One that is over meanwhile cannot be killed, and need not be.
    let _over =
        i32::try_from(process.id()).ok().and_then(Pid::from_raw).map(|pid| kill_process_group(pid, Signal::KILL));
    let _reaped = process.wait();
}

/// What a command says on standard error, piece by piece. The pipe is read for as long as somebody holds it: what a command leaves running
/// must be able to write.
fn hear(process: &mut Child) -> Receiver<Vec<u8>> {
    let (tell, told) = channel();
    if let Some(mut stderr) = process.stderr.take() {
        let mut buffer = [0; MOST_SAID];
        let listen = move || {
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                // Nobody listens any more when the command is over.
                let _unheard = tell.send(buffer[..count].to_vec());
            }
        };
        let _unheard = thread::Builder::new().spawn(listen);
    }
    told
}

/// The last line that it said.
fn last_words(said: &Receiver<Vec<u8>>) -> String {
    let mut bytes = Vec::new();
    while let Ok(more) = said.recv_timeout(LAST_WORDS) {
        bytes.extend(more);
        bytes.drain(..bytes.len().saturating_sub(MOST_SAID));
    }
    let text = String::from_utf8_lossy(&bytes);
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn sentence(words: &[String], status: ExitStatus, said: &str) -> String {
    let ended = status.code().map_or_else(|| format!("was ended by {status}"), |code| format!("exited with {code}"));
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    format!("`{}` {ended}{said}", typed(words))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sh(line: &str) -> Vec<String> {
        ["sh", "-c", line].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_command_is_done_fails_with_its_last_words_or_never_runs() {
        assert_eq!(run(&sh("exit 0"), || false), Ending::Done);
        let failed = run(&sh("echo one >&2; echo 'no broker 9' >&2; exit 3"), || false);
        assert_eq!(
            failed,
            Ending::Failed(
                "`sh -c 'echo one >&2; echo '\\''no broker 9'\\'' >&2; exit 3'` exited with 3: no broker 9".to_owned()
            )
        );
        let none = run(&["/nowhere/at-all".to_owned()], || false);
        assert!(
            matches!(&none, Ending::NotRun(why) if why.starts_with("`/nowhere/at-all` cannot be started: ")),
            "{none:?}"
        );
        let killed = run(&sh("kill -9 $$"), || false);
        assert!(matches!(&killed, Ending::Failed(why) if why.contains("was ended by signal: 9")), "{killed:?}");
    }

    #[test]
    fn what_a_command_leaves_running_holds_nobody_up() {
        let begun = Instant::now();
        assert!(matches!(run(&sh("sleep 60 & exit 1"), || false), Ending::Failed(_)));
        assert!(begun.elapsed() < Duration::from_secs(30), "it waited for the one that was left");
    }

    #[test]
    fn a_command_that_is_no_longer_wanted_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        let line = format!("sleep 60 & echo $! > {}.new; mv {0}.new {0}; wait", mark.display());
        let mut is_there = || mark.exists();
        assert_eq!(run(&sh(&line), &mut is_there), Ending::CutShort);
        let pid = std::fs::read_to_string(&mark).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        while lives() {
            assert!(Instant::now() < deadline, "its child lives on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
