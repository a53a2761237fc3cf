//! `floodmark completions`: what a shell completes, and the manual page.

use std::io::{self, Write};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::{Cli, CommandError, Outcome};

/// Flags of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark completions bash > ~/.local/share/bash-completion/completions/floodmark
  floodmark completions man > floodmark.1")]
pub struct Args {
    /// A shell, or `man` for the manual page
    pub kind: Kind,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// For bash
    Bash,
    /// For elvish
    Elvish,
    /// For fish
    Fish,
    /// For PowerShell
    Powershell,
    /// For zsh
    Zsh,
    /// The manual page, in roff
    Man,
}

/// Prints the completions or the manual.
///
/// # Errors
/// When they cannot be printed.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let shell = match args.kind {
        Kind::Bash => Shell::Bash,
        Kind::Elvish => Shell::Elvish,
        Kind::Fish => Shell::Fish,
        Kind::Powershell => Shell::PowerShell,
        Kind::Zsh => Shell::Zsh,
        Kind::Man => {
            manual(out)?;
            return Ok(Outcome::Done);
        }
    };
    // Into memory first: the generator panics when its output cannot be written, as after `| head`.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "floodmark", &mut text);
    out.write_all(&text)?;
    Ok(Outcome::Done)
}

/// The page of the program, then one for each command.
fn manual(out: &mut dyn Write) -> io::Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut text = Vec::new();
    clap_mangen::Man::new(program.clone()).render(&mut text)?;
    for command in program.get_subcommands() {
        clap_mangen::Man::new(command.clone()).render(&mut text)?;
    }
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_names_every_command() {
        for kind in Kind::value_variants() {
            let mut out = Vec::new();
            run(&Args { kind: *kind }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{kind:?} {}", command.get_name());
            }
        }
    }
}
