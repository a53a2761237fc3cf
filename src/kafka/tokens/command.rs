//! Runs the user's command that prints a token. What it prints is shown to nobody: it may hold the token, or a secret of its own.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::token::NoToken;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// The most that is read of what it prints, in bytes.
const MOST: u64 = 64 * 1024;

/// Why a command gave no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandFailed {
    #[error("cannot be started: {0}")]
    Start(#[from] io::Error),
    #[error("{0}; run it by hand to see what it says")]
    Ended(String),
    #[error("did not end within {} s, and was ended", PATIENCE.as_secs())]
    Slow,
    #[error(transparent)]
    NoToken(#[from] NoToken),
}

/// What the command prints on its standard output; it is run by the shell, in a group of its own, so that Ctrl-C does not end it half-way.
pub(super) fn printed_by(command: &str) -> Result<String, CommandFailed> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = shell.spawn()?;
    let (told, heard) = channel();
    let stdout = child.stdout.take();
    let read = move || {
        let mut text = String::new();
        let read = stdout.map(|stdout| stdout.take(MOST).read_to_string(&mut text));
        // Nobody waits any more once the command took too long.
        let _unheard = told.send(read.map(|read| read.map(|_| text)));
    };
    thread::Builder::new().name("token".to_owned()).spawn(read)?;
    let Ok(text) = heard.recv_timeout(PATIENCE) else {
        end(&mut child);
        return Err(CommandFailed::Slow);
    };
    // It has closed its output, so nothing is left for it to do.
    let status = child.wait()?;
    if !status.success() {
        return Err(CommandFailed::Ended(how(status)));
    }
    // Bytes that are no text are no token either.
    Ok(text.and_then(Result::ok).unwrap_or_default())
}

fn end(child: &mut Child) {
    // One that has ended meanwhile needs no signal.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ended = kill_process_group(group, Signal::KILL);
    }
    let _reaped = child.wait();
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "did not end as programs do".to_owned(),
    }
}

/// The program that a command runs: its arguments, and variables before it, may be secret.
pub(super) fn program_of(command: &str) -> &str {
    command.split_whitespace().find(|word| !word.contains('=')).unwrap_or("sh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_read_and_how_it_failed_is_said() {
        assert_eq!(printed_by("echo one; echo two >&2").unwrap(), "one\n");
        let failed = |command: &str| printed_by(command).unwrap_err().to_string();
        assert_eq!(failed("echo hush; exit 3"), "ended with exit code 3; run it by hand to see what it says");
        assert_eq!(failed("kill -9 $$"), "was ended by signal 9; run it by hand to see what it says");
        assert!(failed("no-such-program-anywhere").starts_with("ended with exit code 127"));
    }

    #[test]
    fn only_the_program_of_a_command_is_named() {
        for (command, program) in [
            ("curl -d secret=hush https://login", "curl"),
            ("TOKEN=hush  /usr/bin/mint --for me", "/usr/bin/mint"),
            ("A=1", "sh"),
        ] {
            assert_eq!(program_of(command), program);
        }
    }
}
