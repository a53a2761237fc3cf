//! The binary: parses the command line, runs one command, prints the one error and sets the exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use floodmark::commands::{Cli, CommandError};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version come this way, too; that nobody reads them is no error.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let mut out = io::stdout();
    let ended = cli.run(&mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match ended {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => report(&error, cli.wants_json()),
    }
}

fn report(error: &CommandError, plain: bool) -> ExitCode {
    if error.is_closed_pipe() {
        return ExitCode::SUCCESS;
    }
    // There is nowhere left to say that standard error cannot be written.
    let _ = error.print(plain, &mut io::stderr());
    ExitCode::from(error.exit_code())
}
