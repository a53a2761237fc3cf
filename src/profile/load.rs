//! From a file and the command line's changes to a profile that can be run.

use std::{io, path::Path as FilePath};

use serde::Deserialize;

use super::{
    Profile, curves,
    error::{Problem, ProfileError},
    fault::Fault,
    key_record,
    overrides::{Overrides, Refusal},
    schema, schemas, shape,
    sources::Sources,
    templates,
    tree::{Node, Value, table},
    units::Span,
    validate::{self, LongPhases},
};
use crate::shipped;

/// A profile that is ready to run, and what else is known about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The profile, overrides applied.
    pub profile: Profile,
    /// The same as TOML, as written and with overrides: for the manifest.
    pub table: toml::Table,
    /// The file's name without its extension.
    pub name: String,
    /// What a user should know before the run, a sentence each.
    pub notices: Vec<String>,
}

impl Profile {
    /// Reads a profile from a file.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong in it, line by line.
    pub fn from_file(path: &FilePath) -> Result<Loaded, ProfileError> {
        Self::from_file_with(path, &Overrides::default())
    }

    /// Reads a profile from a file, or the one inside the program of that name, and applies the overrides.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong in it or in an override.
    pub fn from_file_with(path: &FilePath, overrides: &Overrides) -> Result<Loaded, ProfileError> {
        let origin = path.display().to_string();
        match shipped::profile(path) {
            Some(inside) => Self::from_text_with(inside.text, &origin, overrides),
            None => Self::from_text_with(&read(path)?, &origin, overrides),
        }
    }

    /// Reads a profile from text; `origin` is used as the file's path in messages.
    ///
    /// # Errors
    /// What is wrong in the text.
    pub fn from_text(text: &str, origin: &str) -> Result<Loaded, ProfileError> {
        Self::from_text_with(text, origin, &Overrides::default())
    }

    /// Reads a profile from text and applies the overrides.
    ///
    /// # Errors
    /// What is wrong in the text or in an override.
    pub fn from_text_with(text: &str, origin: &str, overrides: &Overrides) -> Result<Loaded, ProfileError> {
        let mut sources = Sources::default();
        let offset = sources.add_file(origin, text);
        let mut document = Node::parse(text, offset).map_err(|error| not_toml(&error, text, &sources))?;
        overrides.apply(&mut document, &mut sources).map_err(|refusal| refused(refusal, &sources))?;
        all_right(shape_problems(&document, &sources))?;
        overrides.scale(&mut document, &mut sources).map_err(|refusal| refused(refusal, &sources))?;
        let mut table = top(&document);
        let mut profile =
            Profile::deserialize(table.clone()).map_err(|error| unexpected(&error, &document, &sources))?;
        let folder = FilePath::new(origin).parent().unwrap_or(FilePath::new(""));
        let located = |fault| located(fault, &document, &sources);
        for read in [Profile::read_curves, Profile::read_templates, Profile::read_schemas, Profile::read_key_records] {
            if let Err(faults) = read(&mut profile, folder) {
                all_right(faults.into_iter().map(located).collect())?;
            }
        }
        let (long_phases, notices) = match overrides.sets_duration() {
            true => (LongPhases::AreCut, cut_notices(&profile)),
            false => (LongPhases::AreRefused, Vec::new()),
        };
        let faults = validate::validate(&profile, long_phases);
        all_right(faults.into_iter().map(located).collect())?;
        profile.imply_stages();
        curves::note_curves(&profile, folder, &mut table);
        templates::note_templates(&profile, folder, &mut table);
        schemas::note_schemas(&profile, folder, &mut table);
        key_record::note_key_records(&profile, folder, &mut table);
        let notices = notices.into_iter().chain(curves::other_moments(&profile));
        let notices = notices.chain(templates::cut_samples(&profile)).collect();
        Ok(Loaded { profile, table, name: stem(origin), notices })
    }
}

impl Profile {
    /// Reads what messages are made of, files relative to `folder`: templates, samples, recorded messages, headers, keys, and schemas of files.
    /// Returns whether all of that could be read: the files of a run that was made elsewhere may not be here.
    pub(crate) fn read_messages(&mut self, folder: &FilePath) -> bool {
        let all = [Profile::read_templates, Profile::read_schemas, Profile::read_key_records];
        all.into_iter().all(|read| read(self, folder).is_ok())
    }
}

fn all_right(problems: Vec<Problem>) -> Result<(), ProfileError> {
    ProfileError::from_problems(problems).map_or(Ok(()), Err)
}

/// The file's text, or one sentence why it cannot be read.
fn read(path: &FilePath) -> Result<String, ProfileError> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            ProfileError::unreadable(format!("there is no profile {shown}"), Some(shipped::way_out(path)))
        }
        io::ErrorKind::IsADirectory => {
            ProfileError::unreadable(format!("{shown} is a folder; a profile is a TOML file"), None)
        }
        _ => ProfileError::unreadable(format!("the profile {shown} cannot be read: {error}"), None),
    })?;
    text_of(bytes)
        .map_err(|line| ProfileError::unreadable(format!("{shown}, line {line}: the profile is not UTF-8 text"), None))
}

/// A file's text, or the first line that is not UTF-8.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        error.as_bytes()[..good].iter().filter(|&&byte| byte == b'\n').count() + 1
    })
}

fn not_toml(error: &toml::de::Error, text: &str, sources: &Sources) -> ProfileError {
    let end = text.len();
    let span = error.span().unwrap_or(end..end);
    let said = error.message().replace('\n', ", ");
    let (message, help) = if said.starts_with("duplicate key") {
        let key = text.get(span.clone()).unwrap_or_default();
        (format!("the key `{key}` is set twice in the same table"), Some("remove one of them".to_owned()))
    } else {
        let unclosed =
            said.starts_with("invalid basic string").then(|| "close the text with `\"` on the same line".to_owned());
        (format!("not valid TOML: {said}"), unclosed)
    };
    one(Problem::new(message, help, sources.place(&span)))
}

fn one(problem: Problem) -> ProfileError {
    let fallback = || ProfileError::unreadable("the profile cannot be used".to_owned(), None);
    ProfileError::from_problems(vec![problem]).unwrap_or_else(fallback)
}

fn refused((span, message, help): Refusal, sources: &Sources) -> ProfileError {
    one(Problem::new(message, help, sources.place(&span)))
}

fn shape_problems(document: &Node, sources: &Sources) -> Vec<Problem> {
    let findings = shape::check(document, &schema::profile_schema());
    let problem = |finding: shape::Finding| Problem::new(finding.message, finding.help, sources.place(&finding.span));
    findings.into_iter().map(problem).collect()
}

/// The shape check accepts nothing that the model refuses; if it does, the model's own message is shown.
fn unexpected(error: &toml::de::Error, document: &Node, sources: &Sources) -> ProfileError {
    one(Problem::new(error.message().to_owned(), None, sources.place(&document.span)))
}

fn located(fault: Fault, document: &Node, sources: &Sources) -> Problem {
    let span = document.locate(&fault.path);
    Problem::new(fault.message, fault.help, sources.place(&span))
}

fn top(document: &Node) -> toml::Table {
    match &document.value {
        Value::Table(entries) => table(entries),
        _ => toml::Table::new(),
    }
}

/// What a duration from the command line cuts off.
fn cut_notices(profile: &Profile) -> Vec<String> {
    let Some(duration) = profile.duration else { return Vec::new() };
    let cut = profile.streams.iter().filter(|stream| stream.own_length() > u128::from(duration.as_nanos()));
    cut.map(|stream| {
        let length = Span::from_nanos(u64::try_from(stream.own_length()).unwrap_or(u64::MAX));
        let what = match (&stream.curve, &stream.records) {
            (Some(_), _) => "curve takes",
            (None, Some(_)) => "records take",
            (None, None) => "phases take",
        };
        let are = if what == "curve takes" { "is" } else { "are" };
        format!("stream `{}`: the {what} {length} and {are} cut off at {duration}", stream.name)
    })
    .collect()
}

/// `bot-flood` of `profiles/bot-flood.toml`.
fn stem(origin: &str) -> String {
    FilePath::new(origin).file_stem().map_or_else(|| origin.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
