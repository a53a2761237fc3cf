//! What is wrong with a profile, and at which key.

use std::borrow::Cow;
use std::fmt;

/// One step from a table or list to what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a table's key.
    Key(Cow<'static, str>),
    /// An element of a list, from 0.
    Index(usize),
}

/// The path from the top of a profile to a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<Step>);

impl Path {
    /// One key deeper.
    #[must_use]
    pub fn key(&self, key: &'static str) -> Path {
        self.with(Step::Key(Cow::Borrowed(key)))
    }

    /// One key deeper, where the profile's author chose the key.
    #[must_use]
    pub fn name(&self, name: &str) -> Path {
        self.with(Step::Key(Cow::Owned(name.to_owned())))
    }

    /// An element of the list that this path leads to.
    #[must_use]
    pub fn index(&self, index: usize) -> Path {
        self.with(Step::Index(index))
    }

    /// The steps from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn with(&self, step: Step) -> Path {
        Path(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for Path {
    /// As `--set` takes it: `stream.0.keys.count`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            match step {
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Index(index) => write!(f, "{dot}{index}")?,
            }
        }
        Ok(())
    }
}

/// A rule that a profile breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Fault {
    /// The key at fault.
    pub path: Path,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

/// Collects the faults of one table, and of those inside it.
#[derive(Debug)]
pub(super) struct Faults<'f> {
    list: &'f mut Vec<Fault>,
    path: Path,
}

impl<'f> Faults<'f> {
    pub(super) fn new(list: &'f mut Vec<Fault>) -> Self {
        Faults { list, path: Path::default() }
    }

    /// How many faults there are so far.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The faults of the table that `key` holds.
    pub(super) fn at(&mut self, key: &'static str) -> Faults<'_> {
        Faults { path: self.path.key(key), list: self.list }
    }

    /// The faults of the table that the author's own `name` holds, in the table that `key` holds.
    pub(super) fn at_name(&mut self, key: &'static str, name: &str) -> Faults<'_> {
        Faults { path: self.path.key(key).name(name), list: self.list }
    }

    /// The faults of an element of the list that `key` holds.
    pub(super) fn at_index(&mut self, key: &'static str, index: usize) -> Faults<'_> {
        Faults { path: self.path.key(key).index(index), list: self.list }
    }

    /// `key` breaks a rule.
    pub(super) fn add(&mut self, key: &'static str, message: impl Into<String>) {
        self.list.push(Fault { path: self.path.key(key), message: message.into(), help: None });
    }

    /// `key` breaks a rule, and this is how to fix it.
    pub(super) fn add_help(&mut self, key: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Fault { path: self.path.key(key), message: message.into(), help: Some(help.into()) });
    }

    /// The table itself breaks a rule, and the message says the way out.
    pub(super) fn add_at(&mut self, message: impl Into<String>) {
        self.list.push(Fault { path: self.path.clone(), message: message.into(), help: None });
    }

    /// What stands under the author's own `name` breaks a rule.
    pub(super) fn add_named(&mut self, name: &str, message: impl Into<String>) {
        self.list.push(Fault { path: self.path.name(name), message: message.into(), help: None });
    }

    /// The table itself breaks a rule, and this is how to fix it.
    pub(super) fn add_here(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Fault { path: self.path.clone(), message: message.into(), help: Some(help.into()) });
    }

    /// `key` must be a number from 0 to 1.
    pub(super) fn share(&mut self, key: &'static str, share: f64) {
        if !(0.0..=1.0).contains(&share) {
            self.add_help(key, format!("`{key}` is {share}; a share must be from 0 to 1"), "write 10 % as 0.1");
        }
    }

    /// `key` must be a number above 0 and at most `most`.
    pub(super) fn positive(&mut self, key: &'static str, value: f64, most: f64) {
        if !(value > 0.0 && value <= most) {
            self.add(key, format!("`{key}` is {value}; it must be above 0 and at most {most}"));
        }
    }

    /// `key` is meaningless without another setting, which is missing.
    pub(super) fn only_with(&mut self, key: &'static str, present: bool, setting: &str) {
        if present {
            self.add_help(
                key,
                format!("`{key}` only applies with {setting}"),
                format!("remove `{key}`, or set {setting}"),
            );
        }
    }
}
