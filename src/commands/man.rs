//! `floodmark man`: the manual pages.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::{Cli, CommandError, Outcome};
use crate::manual::{Page, pages};
use crate::nearest::nearest;
use crate::results::{ResultsError, pending::write_whole};

/// Flags of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Packages bring the pages along: `man floodmark-run`.

Examples:
  floodmark man run | man -l -
  floodmark man capacity plan > floodmark-capacity-plan.1
  floodmark man --out ~/.local/share/man/man1")]
pub struct Args {
    /// The command whose page is printed: run, capacity plan (default: floodmark's own)
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write the pages of all commands to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

/// Prints one page, or writes all of them.
///
/// # Errors
/// A command that there is not, or a folder that cannot be written to.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let pages = pages(Cli::command())?;
    match &args.out {
        None => out.write_all(&page_of(&pages, &args.command)?.text)?,
        Some(folder) => {
            write(&pages, folder)?;
            writeln!(out, "{} pages are in {}", pages.len(), folder.display())?;
        }
    }
    Ok(Outcome::Done)
}

fn page_of<'p>(pages: &'p [Page], command: &[String]) -> Result<&'p Page, CommandError> {
    let name = ["floodmark"].into_iter().chain(command.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    pages.iter().find(|page| page.name == name).ok_or_else(|| {
        let meant = nearest(&name, pages.iter().map(|page| page.name.as_str()));
        let way_out = meant
            .map_or_else(|| "`floodmark --help` lists the commands".to_owned(), |page| format!("did you mean {page}?"));
        CommandError::Usage(format!("there is no page {name}: {way_out}"))
    })
}

fn write(pages: &[Page], folder: &Path) -> Result<(), ResultsError> {
    fs::create_dir_all(folder).map_err(|system| ResultsError::CannotCreate { folder: folder.to_owned(), system })?;
    for page in pages {
        write_whole(&folder.join(page.file()), &page.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(command: &[&str]) -> Result<String, CommandError> {
        let mut out = Vec::new();
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        run(&Args { command, out: None }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_flag_of_every_command_stands_on_its_page() {
        fn check(command: &clap::Command, words: &[&str]) {
            let page = printed(words).unwrap();
            for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()).filter_map(clap::Arg::get_long) {
                let written = format!("\\fB\\-\\-{}\\fR", flag.replace('-', "\\-"));
                assert!(page.contains(&written), "{words:?} {flag}: {page}");
            }
            for inner in command.get_subcommands() {
                check(inner, &[words, &[inner.get_name()]].concat());
            }
        }
        check(&Cli::command(), &[]);
    }

    #[test]
    fn a_page_that_there_is_not_is_wrong_usage_and_the_nearest_is_named() {
        let error = printed(&["capacity", "plam"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().ends_with("did you mean floodmark-capacity-plan?"), "{error}");
    }

    #[test]
    fn all_pages_are_written_each_under_the_name_that_man_looks_for() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("man1");
        let mut out = Vec::new();
        run(&Args { command: Vec::new(), out: Some(folder.clone()) }, &mut out).unwrap();
        let run_page = fs::read_to_string(folder.join("floodmark-run.1")).unwrap();
        assert_eq!(run_page, printed(&["run"]).unwrap());
        assert!(folder.join("floodmark-capacity-plan.1").is_file());
    }
}
