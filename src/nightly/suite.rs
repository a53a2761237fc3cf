//! A suite: which profiles a night runs, how often, and on which cluster.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::compare::{Figure, Threshold, Thresholds};
use crate::profile::{ByteSize, Span};
use crate::shipped;

/// How often each profile runs in a night, where the suite does not say.
const REPETITIONS: usize = 5;
/// More figures make each of them harder to judge: these are what a target does to events.
const FIGURES: [&str; 5] = ["end_to_end_p50", "end_to_end_p99", "ack_p50", "ack_p99", "delivered_per_s"];

/// A suite that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuiteError {
    /// The file.
    #[error("the suite {} cannot be read: {system}", file.display())]
    Unreadable {
        /// Its path.
        file: PathBuf,
        /// The system's error.
        system: std::io::Error,
    },
    /// Not a suite.
    #[error("{}{}: {why}", file.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Malformed {
        /// Its path.
        file: PathBuf,
        /// Where, from 1.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
}

/// A suite, as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suite {
    /// The history's name (default: the file's name).
    #[serde(default)]
    pub(crate) name: String,
    /// The only cluster that it may send to; without it, the embedded broker.
    pub(crate) cluster: Option<String>,
    /// How long a night may take.
    pub(crate) budget: Option<Span>,
    /// How often each profile runs.
    #[serde(default = "repetitions")]
    repetitions: usize,
    /// The smallest changes that matter: `5%`, `end_to_end_p99=10%`.
    #[serde(default)]
    threshold: Vec<String>,
    /// The figures to judge.
    #[serde(default = "figures")]
    figures: Vec<String>,
    /// Whether the detector is tried on the target first, by faults made on purpose.
    #[serde(default)]
    pub(crate) calibrate: bool,
    /// How many nights' runs are kept.
    #[serde(default)]
    pub(crate) keep: Keep,
    /// What runs.
    #[serde(rename = "profile", default)]
    pub(crate) profiles: Vec<SuiteProfile>,
}

/// Which folders of runs are kept; the history always is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Keep {
    /// How many nights' runs stay.
    pub(crate) nights: usize,
    /// How many bytes they may take.
    pub(crate) size: Option<ByteSize>,
}

impl Default for Keep {
    fn default() -> Self {
        Keep { nights: 30, size: None }
    }
}

/// A profile of a suite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuiteProfile {
    /// Its file, beside the suite.
    pub(crate) file: PathBuf,
    /// Its name in the history (default: the file's name).
    #[serde(default)]
    pub(crate) name: String,
    /// How often it runs, when not as often as the others.
    repetitions: Option<usize>,
    /// How long it runs, when not as the profile says.
    pub(crate) duration: Option<Span>,
    /// What is changed in it, as `--set` takes it.
    #[serde(default)]
    pub(crate) set: Vec<String>,
}

fn repetitions() -> usize {
    REPETITIONS
}

fn figures() -> Vec<String> {
    FIGURES.map(str::to_owned).to_vec()
}

impl Suite {
    /// Reads a suite.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong in it.
    pub(crate) fn from_file(file: &Path) -> Result<Self, SuiteError> {
        let text =
            fs::read_to_string(file).map_err(|system| SuiteError::Unreadable { file: file.to_owned(), system })?;
        Suite::from_text(&text, file)
    }

    fn from_text(text: &str, file: &Path) -> Result<Self, SuiteError> {
        let malformed = |line, why| SuiteError::Malformed { file: file.to_owned(), line, why };
        let mut suite: Suite = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            malformed(line, error.message().replace('\n', ", "))
        })?;
        suite.complete(file);
        suite.check().map_err(|why| malformed(None, why))?;
        Ok(suite)
    }

    /// Names that the file leaves out, and paths from where it is.
    fn complete(&mut self, file: &Path) {
        let folder = file.parent().unwrap_or(Path::new(""));
        if self.name.is_empty() {
            self.name = stem(file);
        }
        for profile in &mut self.profiles {
            if profile.name.is_empty() {
                profile.name = stem(&profile.file);
            }
            let beside = folder.join(&profile.file);
            // One that is inside the program keeps its bare name.
            if beside.exists() || shipped::profile(&profile.file).is_none() {
                profile.file = beside;
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.profiles.is_empty() {
            return Err("it has no profile: add [[profile]] with file = \"average.toml\"".to_owned());
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = self.profiles.iter().find(|profile| !names.insert(&profile.name)) {
            return Err(format!(
                "the profile `{}` stands in it twice: give one of them another name = \"…\", as its history goes by that",
                twice.name
            ));
        }
        if let Some(never) = self.profiles.iter().find(|profile| self.repetitions_of(profile) == 0) {
            return Err(format!("the profile `{}` has 0 repetitions: a profile runs at least once", never.name));
        }
        for name in self.profiles.iter().map(|profile| &profile.name).chain([&self.name]) {
            if matches!(name.as_str(), "" | "." | "..")
                || name.contains(|letter: char| letter.is_control() || letter == '/')
            {
                return Err(format!(
                    "the name {name:?} cannot be a part of a file's name: choose another with name = \"…\""
                ));
            }
        }
        self.thresholds().map(drop)?;
        self.judged().map(drop)
    }

    /// How often a profile runs in a night.
    #[must_use]
    pub(crate) fn repetitions_of(&self, profile: &SuiteProfile) -> usize {
        profile.repetitions.unwrap_or(self.repetitions)
    }

    /// The smallest changes that matter.
    ///
    /// # Errors
    /// What is no threshold.
    pub(crate) fn thresholds(&self) -> Result<Thresholds, String> {
        let given: Result<Vec<Threshold>, String> = self.threshold.iter().map(|text| text.parse()).collect();
        given.map(|given| Thresholds::of(&given)).map_err(|why| format!("threshold: {why}"))
    }

    /// The figures to judge.
    ///
    /// # Errors
    /// What is no figure, or none that is judged.
    pub(crate) fn judged(&self) -> Result<Vec<Figure>, String> {
        let one = |name: &String| {
            Figure::named(name).filter(|figure| figure.is_judged()).ok_or_else(|| {
                let names: Vec<String> = Figure::all().filter(|figure| figure.is_judged()).map(Figure::name).collect();
                format!("figures: there is no figure `{name}` to judge; there are {}", names.join(", "))
            })
        };
        self.figures.iter().map(one).collect()
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Suite, String> {
        Suite::from_text(text, Path::new("nightly/staging.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_suite_leaves_out_has_a_default() {
        let suite =
            read("[[profile]]\nfile = \"average.toml\"\n[[profile]]\nfile = \"peak.toml\"\nrepetitions = 3\n").unwrap();
        assert_eq!(suite.name, "staging");
        assert_eq!(suite.profiles[0].file, Path::new("nightly/average.toml"));
        assert_eq!([0, 1].map(|at| suite.repetitions_of(&suite.profiles[at])), [5, 3]);
        assert_eq!((suite.judged().unwrap().len(), suite.keep.nights), (5, 30));
    }

    #[test]
    fn what_is_wrong_with_a_suite_is_one_sentence_that_names_it() {
        let said = |text: &str| read(text).unwrap_err();
        assert!(said("").contains("it has no profile"));
        let twice = said("[[profile]]\nfile = \"a.toml\"\n[[profile]]\nfile = \"b/a.toml\"\n");
        assert!(twice.contains("`a` stands in it twice"), "{twice}");
        let unknown = said("cluste = \"x\"\n[[profile]]\nfile = \"a.toml\"\n");
        assert!(unknown.contains("line 1") && unknown.contains("cluste"), "{unknown}");
        assert!(said("repetitions = 0\n[[profile]]\nfile = \"a.toml\"\n").contains("0 repetitions"));
        assert!(said("threshold = [\"5\"]\n[[profile]]\nfile = \"a.toml\"\n").contains("a share like 5%"));
        assert!(said("figures = [\"p99\"]\n[[profile]]\nfile = \"a.toml\"\n").contains("end_to_end_p99"));
        assert!(said("name = \"..\"\n[[profile]]\nfile = \"a.toml\"\n").contains("file's name"));
        assert!(said("name = \"a/b\"\n[[profile]]\nfile = \"a.toml\"\n").contains("file's name"));
    }
}
