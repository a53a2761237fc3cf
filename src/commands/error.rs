//! Why a command could not do its work, and the exit code for it.

use std::io::{self, Write};

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::kafka::SettingsError;
use crate::profile::ProfileError;
use crate::redact::sentence;
use crate::report::formats::{Format, NoResult};
use crate::report::screen::shortened;
use crate::results::ResultsError;

/// The one error that a command ends in.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// The profile is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The client's settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There was nothing to read or to judge: nobody is at fault, and no figure stands for it.
    #[error("{0}")]
    Nothing(String),
    /// Something outside does not work: a broker, a disk.
    #[error("{0}")]
    Environment(String),
    /// What was to be printed could not be.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl From<ResultsError> for CommandError {
    fn from(error: ResultsError) -> Self {
        let text = error.to_string();
        if error.is_usage() { CommandError::Usage(text) } else { CommandError::Environment(text) }
    }
}

impl CommandError {
    /// 2 where the user can put it right on the command line or in the profile, 3 where there was nothing to judge, 4 where the environment is at fault.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::Usage(_) | CommandError::Profile(_) | CommandError::Settings(_) => 2,
            CommandError::Nothing(_) => 3,
            CommandError::Environment(_) | CommandError::Output(_) => 4,
        }
    }

    /// A name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CommandError::Usage(_) => "usage",
            CommandError::Profile(_) => "profile",
            CommandError::Settings(_) => "settings",
            CommandError::Nothing(_) => "nothing",
            CommandError::Environment(_) => "environment",
            CommandError::Output(_) => "output",
        }
    }

    /// The way out, where it does not stand in the text.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            CommandError::Profile(error) => error.problems().next().and_then(|problem| problem.way_out()),
            _ => None,
        }
    }

    /// The error as JSON, for `--json`: `{"error": {"code", "text", "help"}}`, with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        error_json(self.code(), &self.to_string(), self.help())
    }

    /// The error in the place of a result, in a form that has a way to say it.
    pub(super) fn in_form(&self, form: &Format) -> Vec<u8> {
        error_in_form(form, self.code(), &self.to_string())
    }

    /// Prints the error: a profile's with the lines at fault, unless `plain`; any other in one line.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, plain: bool, out: &mut dyn Write) -> io::Result<()> {
        match self {
            CommandError::Profile(error) if !plain => print_with_lines(error, out),
            other => writeln!(out, "error: {}", shortened(&sentence(&other.to_string()))),
        }
    }
}

/// An error as JSON, with a line end. `help` is the way out, where the text does not say it.
fn error_json(code: &str, text: &str, help: Option<&str>) -> String {
    let error = serde_json::json!({ "error": { "code": code, "text": shortened(&sentence(text)), "help": help.map(sentence) } });
    format!("{error:#}\n")
}

fn error_in_form(form: &Format, code: &'static str, text: &str) -> Vec<u8> {
    let text = shortened(&sentence(text));
    let printed = form.print_error.map(|print| print(&NoResult { code, text: &text }));
    // No text makes a form fail; if one did, standard error still has the sentence.
    printed.and_then(Result::ok).unwrap_or_default()
}

/// What a command line that cannot be read leaves on standard output, in the form that it asks for as far as that can be told.
#[must_use]
pub fn usage_instead_of_a_result(arguments: &[String], text: &str, help: Option<&str>) -> Vec<u8> {
    if arguments.iter().any(|argument| argument == "--json") {
        return error_json("usage", text, help).into_bytes();
    }
    let after = arguments.windows(2).filter(|pair| pair[0] == "--format").map(|pair| pair[1].as_str());
    let joined = arguments.iter().filter_map(|argument| argument.strip_prefix("--format="));
    let form = after.chain(joined).find_map(Format::named);
    form.map(|form| error_in_form(form, "usage", text)).unwrap_or_default()
}

fn print_with_lines(error: &ProfileError, out: &mut dyn Write) -> io::Result<()> {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::default()).with_context_lines(1);
    for problem in error.problems() {
        let mut text = String::new();
        match handler.render_report(&mut text, problem) {
            // A line or value that fills the screen is not shown with its surroundings.
            Ok(()) if shortened(&text) == text => write!(out, "{text}")?,
            _ => writeln!(out, "error: {}", shortened(&problem.one_line()))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn who_can_put_it_right_decides_the_exit_code() {
        let text = || "so it is".to_owned();
        for (error, code, name) in [
            (CommandError::Usage(text()), 2, "usage"),
            (CommandError::Nothing(text()), 3, "nothing"),
            (CommandError::Environment(text()), 4, "environment"),
        ] {
            assert_eq!((error.exit_code(), error.code()), (code, name));
        }
    }

    #[test]
    fn an_error_is_shown_with_its_line_or_in_one_line() {
        let text = "duration = \"10s\"\n[[stream]]\nname = \"a\"\nrat = \"1/s\"\n";
        let error = CommandError::from(Profile::from_text(text, "p.toml").unwrap_err());
        let shown = |plain| {
            let mut out = Vec::new();
            error.print(plain, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(true).lines().count(), 1, "{}", shown(true));
        assert!(shown(true).starts_with("error: p.toml, line "), "{}", shown(true));
        assert!(shown(false).contains("rat = \"1/s\""), "{}", shown(false));
        assert_eq!(error.exit_code(), 2);
        let json: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(json["error"]["code"], "profile");
        assert_eq!(json["error"]["help"], "did you mean `rate`?");
        assert!(json["error"]["text"].as_str().unwrap().starts_with("p.toml, line "), "{json}");
    }
}
