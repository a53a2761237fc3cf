//! Manual pages: one of the program, and one of each of its commands, from what the command line says about itself.

mod closing;
mod page;

use std::io;

use clap::Command;

/// A manual page, in roff.
#[derive(Debug)]
pub(crate) struct Page {
    /// What `man` calls it: `floodmark-capacity-plan`.
    pub(crate) name: String,
    /// The roff.
    pub(crate) text: Vec<u8>,
}

impl Page {
    /// The file that `man` looks for, in a folder `man1`.
    pub(crate) fn file(&self) -> String {
        format!("{}.1", self.name)
    }
}

/// The page of the program, then those of its commands, each followed by its own commands'.
pub(crate) fn pages(program: Command) -> io::Result<Vec<Page>> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
    let mut pages = Vec::new();
    add_pages(&mut pages, &program, &[], &source)?;
    Ok(pages)
}

/// `above`: the pages of the commands that it is a command of, the nearest first.
fn add_pages(pages: &mut Vec<Page>, command: &Command, above: &[String], source: &str) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    pages.push(Page { text: page::of(command, &name, above, source)?, name: name.clone() });
    let above = [&[name], above].concat();
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        add_pages(pages, inner, &above, source)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn program() -> Command {
        let inner =
            Command::new("plan").about("What to order").arg(Arg::new("peak").long("peak").help("The user's peak"));
        let outer = Command::new("capacity").about("How much").subcommand(inner).after_help(
            "It takes a while.\n\nExamples:\n  floodmark capacity a.toml\n  floodmark capacity b.toml   again\n\nExit codes: 0 found; 3 not\nfound; 4 the environment",
        );
        Command::new("floodmark").version("1.2.3").about("Loads Kafka").subcommand(outer)
    }

    fn text_of(name: &str) -> String {
        let pages = pages(program()).unwrap();
        let page = pages.into_iter().find(|page| page.name == name).unwrap();
        String::from_utf8(page.text).unwrap()
    }

    #[test]
    fn each_command_has_its_page_the_inner_ones_too() {
        let files: Vec<String> = pages(program()).unwrap().iter().map(Page::file).collect();
        assert_eq!(files, ["floodmark.1", "floodmark-capacity.1", "floodmark-capacity-plan.1"]);
    }

    #[test]
    fn a_page_is_of_the_program_and_names_the_pages_above_it() {
        let text = text_of("floodmark-capacity-plan");
        assert!(text.contains(".TH FLOODMARK-CAPACITY-PLAN 1  \"floodmark 1.2.3\" floodmark"), "{text}");
        assert!(text.ends_with(".SH \"SEE ALSO\"\n\\fBfloodmark\\-capacity\\fR(1), \\fBfloodmark\\fR(1)\n"), "{text}");
        assert!(text.contains("\\fBfloodmark capacity plan\\fR"), "{text}");
    }

    #[test]
    fn examples_keep_their_lines_and_codes_are_a_list() {
        let text = text_of("floodmark-capacity");
        let examples =
            ".SH EXAMPLES\n.RS 4\n.nf\nfloodmark capacity a.toml\nfloodmark capacity b.toml   again\n.fi\n.RE\n";
        assert!(text.contains(examples), "{text}");
        assert!(text.contains(".SH \"EXIT STATUS\"\n.TP\n\\fB0\\fR\nfound\n.TP\n\\fB3\\fR\nnot found\n"), "{text}");
        assert!(text.contains(".SH DESCRIPTION\nHow much\n.PP\nIt takes a while.\n.SH"), "{text}");
    }
}
