//! The forms that the end of a run, of a search or of a night is printed in. A form is a file here and a line in [`FORMATS`]: the command line, its help and its errors ask them.

mod json;
mod junit;
mod markdown;
mod places;
mod text;

use std::path::Path;

use super::terminal::Look;
use crate::capacity::SearchRecord;
use crate::nightly::NightDecision;
use crate::results::Summary;

/// A run that has ended, and what the form may use to show it.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// What it found.
    pub summary: &'a Summary,
    /// Where its results are.
    pub folder: &'a Path,
    /// Whether everything is to be said, beyond what fits on a screen.
    pub is_whole: bool,
    /// What the place takes that the bytes go to.
    pub look: Look,
}

/// A search, over or not, and what the form may use to show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Searched<'a> {
    /// What it found.
    pub(crate) record: &'a SearchRecord,
    /// Where its trials are.
    pub(crate) folder: &'a Path,
    /// What the place takes that the bytes go to.
    pub(crate) look: Look,
}

/// A night that was judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Night<'a> {
    /// What was found.
    pub(crate) decision: &'a NightDecision,
    /// What the place takes that the bytes go to.
    pub(crate) look: Look,
}

/// Why there is no result.
#[derive(Debug, Clone, Copy)]
pub struct NoResult<'a> {
    /// What kind of error it was, as a name for programs.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub text: &'a str,
}

/// Turns a search into bytes; an error is one sentence.
pub(crate) type PrintSearch = fn(&Searched<'_>) -> Result<Vec<u8>, String>;
/// Turns a night into bytes; an error is one sentence.
pub(crate) type PrintNight = fn(&Night<'_>) -> Result<Vec<u8>, String>;
/// Turns an error into bytes; an error of its own is one sentence.
pub(crate) type PrintError = fn(&NoResult<'_>) -> Result<Vec<u8>, String>;

/// A form.
pub struct Format {
    /// What a user writes to choose it.
    pub name: &'static str,
    /// Whether machines read it: errors are then JSON, too.
    pub is_for_machines: bool,
    /// Turns the end of a run into bytes; an error is one sentence.
    pub print: fn(&Ending<'_>) -> Result<Vec<u8>, String>,
    /// Turns a search into bytes.
    pub(crate) print_search: PrintSearch,
    /// Turns a night into bytes.
    pub(crate) print_night: PrintNight,
    /// Prints an error where the result would be, for readers that would take an empty output for success.
    pub print_error: Option<PrintError>,
}

/// All of them, the default first.
pub(crate) static FORMATS: [Format; 4] = [text::TEXT, json::JSON, junit::JUNIT, markdown::MARKDOWN];

impl Format {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_form() {
        for format in &FORMATS {
            assert!(Format::named(format.name).is_some_and(|found| std::ptr::eq(found, format)), "{}", format.name);
            assert_eq!(FORMATS.iter().filter(|other| other.name == format.name).count(), 1);
        }
        assert!(Format::named("xml").is_none());
    }
}
