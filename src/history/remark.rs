//! What reading a history left out or took together, each in a sentence.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NightLine;

/// Something that was left out or taken together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// What it is.
    pub code: RemarkCode,
    /// It in words.
    pub text: String,
}

/// What can be remarked. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemarkCode {
    /// A file ends in the middle of a line: left out.
    HalfLine,
    /// A line is not one of a history: left out.
    Malformed,
    /// A line was written by a later floodmark: left out.
    LaterSchema,
    /// A line of another suite stands in this one's folder: left out.
    OtherSuite,
    /// A night is after today: left out.
    FutureNight,
    /// A machine has several lines for a night of a profile: the first counts.
    Twice,
    /// Several machines measured a night of a profile: their runs were taken together.
    Joined,
    /// Several machines measured a night of a profile, and cannot be compared: each is kept.
    NotAlike,
}

/// What is to be said of nights. Those of which the same is said are one sentence: a history tells it again every night.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<Said, BTreeSet<String>>);

/// Of a profile.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    profile: String,
    what: String,
    code: RemarkCode,
}

impl Gathered {
    /// Something is to be said of a line's night.
    pub(super) fn note(&mut self, code: RemarkCode, line: &NightLine, what: String) {
        let said = Said { profile: line.profile.clone(), what, code };
        self.0.entry(said).or_default().insert(line.night.clone());
    }

    /// The sentences.
    pub(super) fn remarks(&self) -> impl Iterator<Item = Remark> {
        self.0.iter().map(|(said, of)| Remark {
            code: said.code,
            text: format!("{}, {}: {}", said.profile, nights(of), said.what),
        })
    }
}

/// `night 2026-11-25`, or `12 nights from 2026-11-01 to 2026-11-20`.
fn nights(of: &BTreeSet<String>) -> String {
    match (of.first(), of.last()) {
        (Some(first), Some(last)) if first != last => format!("{} nights from {first} to {last}", of.len()),
        (first, _) => format!("night {}", first.map_or("", String::as_str)),
    }
}
