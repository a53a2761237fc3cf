//! `floodmark completions`: what a shell completes.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, CommandError, Outcome};

/// Flags of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark completions bash > ~/.local/share/bash-completion/completions/floodmark
  floodmark completions zsh > ~/.zfunc/_floodmark
  floodmark completions fish > ~/.config/fish/completions/floodmark.fish")]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When they cannot be printed.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    // Into memory first: the generator panics when its output cannot be written, as after `| head`.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "floodmark", &mut text);
    out.write_all(&text)?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let mut out = Vec::new();
            run(&Args { shell: *shell }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell} {}", command.get_name());
            }
        }
    }
}
