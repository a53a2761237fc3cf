//! A profile that cannot be used: what is wrong, in which line, and how to fix it.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::sources::Place;

/// Everything that is wrong with a profile; at least one problem.
#[derive(Debug)]
pub struct ProfileError {
    first: Box<Problem>,
    others: Vec<Problem>,
}

impl ProfileError {
    /// A profile that could not be read at all.
    pub(super) fn unreadable(message: String, help: Option<String>) -> Self {
        ProfileError { first: Box::new(Problem { message, help, place: None, source: None }), others: Vec::new() }
    }

    /// From all problems, in any order; `None` when there are none. Sorted by position.
    pub(super) fn from_problems(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.span.start));
        let mut problems = problems.into_iter();
        let first = Box::new(problems.next()?);
        Some(ProfileError { first, others: problems.collect() })
    }

    /// The problems, in the order of the file.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&*self.first).chain(&self.others)
    }
}

impl fmt::Display for ProfileError {
    /// One line: file, line and the first problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.one_line())?;
        match self.others.len() {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more problem)"),
            more => write!(f, " (and {more} more problems)"),
        }
    }
}

impl std::error::Error for ProfileError {}

impl Diagnostic for ProfileError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first.help()
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.first.source_code()
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.first.labels()
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.others.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// One thing that is wrong.
#[derive(Debug)]
pub struct Problem {
    message: String,
    help: Option<String>,
    place: Option<Place>,
    source: Option<NamedSource<String>>,
}

impl Problem {
    pub(super) fn new(message: String, help: Option<String>, place: Option<Place>) -> Self {
        let source =
            place.as_ref().map(|place| NamedSource::new(&place.name, place.text.to_string()).with_language("TOML"));
        Problem { message, help, place, source }
    }

    /// The line in the file, from 1; `None` for the command line, or when there is no text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().and_then(|place| place.line)
    }

    /// The bytes of the text that are wrong.
    #[must_use]
    pub fn span(&self) -> Option<std::ops::Range<usize>> {
        self.place.as_ref().map(|place| place.span.clone())
    }

    /// The text that is wrong.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.place.as_ref().map(|place| &place.text[place.span.clone()])
    }

    /// How to fix it, when the message does not say it.
    #[must_use]
    pub fn way_out(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// File, line, message and fix, in one line.
    #[must_use]
    pub fn one_line(&self) -> String {
        let place = match &self.place {
            Some(Place { name, line: Some(line), .. }) => format!("{name}, line {line}: "),
            Some(Place { text, .. }) => format!("{text}: "),
            None => String::new(),
        };
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{place}{}{help}", self.message).replace('\n', " ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::underline(place.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
