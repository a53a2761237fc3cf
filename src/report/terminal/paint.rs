//! How text may look where it goes: how wide, and whether in colour.

use std::env;

use console::Term;

/// How text may look where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns that a line may take.
    pub width: usize,
    /// Whether escape sequences for colour are welcome.
    pub colour: bool,
    /// Whether somebody watches it grow: then the live line is drawn over itself.
    pub terminal: bool,
}

/// The width where none is known: in a file or a pipe.
const PLAIN_WIDTH: usize = 100;
/// Narrower than this, lines break anyway.
const LEAST_WIDTH: usize = 40;

impl Look {
    /// Plain text, for files and pipes.
    pub const PLAIN: Look = Look { width: PLAIN_WIDTH, colour: false, terminal: false };

    /// How standard output may look.
    #[must_use]
    pub fn of_stdout() -> Self {
        Look::of(&Term::stdout())
    }

    /// How standard error may look.
    #[must_use]
    pub fn of_stderr() -> Self {
        Look::of(&Term::stderr())
    }

    fn of(term: &Term) -> Self {
        if !term.is_term() {
            return Look::PLAIN;
        }
        let width = term.size_checked().map_or(PLAIN_WIDTH, |(_, columns)| usize::from(columns));
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        // https://no-color.org: set and not empty means no colour.
        Look { width: width.max(LEAST_WIDTH), colour: !set("NO_COLOR") && !dumb, terminal: !dumb }
    }
}

/// What a colour means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// As it should be.
    Good,
    /// Broken.
    Bad,
    /// To be looked at.
    Doubt,
    /// A heading.
    Strong,
    /// Of less weight.
    Faint,
}

/// Text in a colour, if the look allows it.
#[must_use]
pub(crate) fn paint(text: &str, ink: Ink, look: Look) -> String {
    if !look.colour || text.is_empty() {
        return text.to_owned();
    }
    let code = match ink {
        Ink::Good => "1;32",
        Ink::Bad => "1;31",
        Ink::Doubt => "1;33",
        Ink::Strong => "1",
        Ink::Faint => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
