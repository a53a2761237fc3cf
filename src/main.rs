//! The binary: parses the command line, runs one command, prints the one error and sets the exit code.

use std::{
    io::{self, Write},
    panic,
    process::ExitCode,
};

use clap::Parser;
use floodmark::commands::{Cli, CommandError, usage_instead_of_a_result};
use floodmark::faults::{guard, is_guard};
use floodmark::limits::outlive_full_files;
use floodmark::redact::sentence;
use floodmark::report::output::Outlet;
use floodmark::report::screen::{Screen, shortened};
use floodmark::report::terminal::Look;
use floodmark::stop::end_with_parent;

fn main() -> ExitCode {
    panic::set_hook(Box::new(|fault| say_fault(&fault.to_string())));
    panic::catch_unwind(run).unwrap_or(ExitCode::from(BROKEN))
}

/// The exit code when floodmark itself fails: nothing was judged.
const BROKEN: u8 = 4;

/// Reports in one sentence that floodmark failed. The results stay readable up to the last second, as after a kill.
fn say_fault(fault: &str) {
    let fault = fault.lines().collect::<Vec<_>>().join(" ");
    let mut screen = Screen::new(io::stderr(), false);
    let text = format!("error: this is a bug in floodmark, please report it: {}\n", shortened(&sentence(&fault)));
    // If standard error cannot be written to, there is nowhere left to report it.
    let _ = screen.write_all(text.as_bytes()).and_then(|()| screen.flush());
}

fn run() -> ExitCode {
    if is_guard(std::env::args_os()) {
        return guard();
    }
    outlive_full_files();
    end_with_parent();
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version come this way, too; it is not an error if they cannot be written.
            let _ = print_answer(&answer);
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let mut out = Outlet::new(Screen::new(io::stdout(), Look::of_stdout().colour));
    let mut code = match cli.run(&mut out) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            let _ = out.write_all(&cli.instead_of_a_result(&error));
            report(&error, cli.wants_json())
        }
    };
    // The command's result decides the code; but a pass that could not be printed is not a pass.
    if let Some(refusal) = out.into_refusal() {
        let unwritten = report(&CommandError::Output(refusal), cli.wants_json());
        code = if code == 0 { unwritten } else { code };
    }
    ExitCode::from(code)
}

/// Prints help, the version, or what is wrong with the command line, which may contain anything.
fn print_answer(answer: &clap::Error) -> io::Result<()> {
    if answer.use_stderr() {
        let arguments: Vec<String> =
            std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let text = answer.render().to_string();
        let text = text.trim().trim_start_matches("error: ");
        let (text, help) = text.split_once("\n\n").map_or((text, None), |(text, help)| (text, Some(help.trim())));
        let mut screen = Screen::new(io::stdout(), false);
        screen.write_all(&usage_instead_of_a_result(&arguments, text, help)).and_then(|()| screen.flush())?;
    }
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

/// Reports an error on standard error, and returns its exit code.
fn report(error: &CommandError, plain: bool) -> u8 {
    // If standard error cannot be written to, there is nowhere left to report it.
    let mut screen = Screen::new(io::stderr(), Look::of_stderr().colour);
    let _ = error.print(plain, &mut screen).and_then(|()| screen.flush());
    error.exit_code()
}
