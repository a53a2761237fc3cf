//! The binary: parses the command line, runs one command, prints the one error and sets the exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use floodmark::commands::{Cli, CommandError};
use floodmark::report::screen::{Screen, shortened};
use floodmark::report::terminal::Look;
use floodmark::results::redact::sentence;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version come this way, too; that nobody reads them is no error.
            let _ = print_answer(&answer);
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let mut out = Screen::new(io::stdout(), Look::of_stdout().colour);
    let ended = cli.run(&mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match ended {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => report(&error, cli.wants_json()),
    }
}

/// Prints help, the version, or what is wrong with the command line, which may hold anything.
fn print_answer(answer: &clap::Error) -> io::Result<()> {
    let (out, look): (Box<dyn Write>, Look) = if answer.use_stderr() {
        (Box::new(io::stderr()), Look::of_stderr())
    } else {
        (Box::new(io::stdout()), Look::of_stdout())
    };
    let text = if look.colour { answer.render().ansi().to_string() } else { answer.render().to_string() };
    let mut screen = Screen::new(out, look.colour);
    let asked_for = answer.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let text = if answer.use_stderr() && !asked_for { shortened(&sentence(&text)) } else { text };
    screen.write_all(text.as_bytes())?;
    screen.flush()
}

fn report(error: &CommandError, plain: bool) -> ExitCode {
    if error.is_closed_pipe() {
        return ExitCode::SUCCESS;
    }
    // There is nowhere left to say that standard error cannot be written.
    let mut screen = Screen::new(io::stderr(), Look::of_stderr().colour);
    let _ = error.print(plain, &mut screen).and_then(|()| screen.flush());
    ExitCode::from(error.exit_code())
}
