//! What was unusual in a file: counted by kind, with the first few places of each.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Place, quoted::one_line};

/// This many places of a kind are kept.
const KEPT: usize = 5;

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Several series, of which none was chosen.
    SeriesWanted,
    /// Local times without a zone.
    ZoneWanted,
    /// Values of an unknown kind: the file does not say.
    ValuesWanted,
    /// Commas or points that may separate thousands or decimals.
    DecimalWanted,
    /// Rows that do not show how long a bucket is.
    StepWanted,
    /// The answer to the query is incomplete.
    Partial,
    /// A remark of the tool on its answer.
    Remark,
    /// Points that are histograms, not numbers.
    Histogram,
    /// Rows that are one event each.
    Events,
    /// Rows without a fixed step.
    Irregular,
    /// Local times that the clocks showed twice.
    ClockChange,
    /// Rows that go back in time, perhaps over a period that is already there.
    Unsorted,
    /// Rows with the timestamp of another row.
    Duplicate,
    /// The distance between rows changes permanently.
    MixedSteps,
    /// Timestamps between the buckets' edges.
    OffGrid,
    /// Buckets without a row.
    Gap,
    /// Rows without a number.
    NoNumber,
    /// Values below 0.
    Negative,
    /// A running total that falls: the counter was restarted.
    Reset,
    /// Timestamps in the future.
    Future,
    /// A longer bucket at the end that is not full.
    LastBucket,
    /// Commas or points in numbers that separate thousands.
    Commas,
}

/// What is known of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind.
    pub kind: Kind,
    /// How often.
    pub count: usize,
    /// The first few, each with its place.
    pub first: Vec<String>,
    /// What was done about it, or what to do.
    pub then: String,
    /// Whether it stops the import.
    pub stops: bool,
}

/// All findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    kinds: BTreeMap<Kind, Finding>,
}

impl Findings {
    /// Records one case. `then` says what is done about it, or, if it `stops` the import, what to do.
    pub(super) fn note(&mut self, kind: Kind, place: Option<Place>, what: &str, then: &str, stops: bool) {
        let empty = || Finding { kind, count: 0, first: Vec::new(), then: then.to_owned(), stops };
        let finding = self.kinds.entry(kind).or_insert_with(empty);
        finding.count += 1;
        finding.stops |= stops;
        if finding.first.len() < KEPT {
            finding.first.push(place.map_or_else(|| what.to_owned(), |place| format!("{place}: {what}")));
        }
    }

    /// Records one case; its text is only made if it is kept.
    pub(super) fn note_with(
        &mut self,
        kind: Kind,
        place: Place,
        what: impl FnOnce() -> String,
        then: &str,
        stops: bool,
    ) {
        let kept = self.kinds.get(&kind).is_none_or(|finding| finding.first.len() < KEPT);
        let text = if kept { what() } else { String::new() };
        self.note(kind, Some(place), &text, then, stops);
    }

    /// Takes over another's findings.
    pub(super) fn take(&mut self, other: &mut Findings) {
        for (kind, found) in std::mem::take(&mut other.kinds) {
            let Some(here) = self.kinds.get_mut(&kind) else {
                self.kinds.insert(kind, found);
                continue;
            };
            here.count += found.count;
            here.stops |= found.stops;
            let room = KEPT.saturating_sub(here.first.len());
            here.first.extend(found.first.into_iter().take(room));
        }
    }

    /// The same, with the name of one series.
    pub(super) fn said_of(mut self, series: &str) -> Findings {
        for text in self.kinds.values_mut().flat_map(|finding| finding.first.iter_mut()) {
            *text = format!("`{}`, {text}", one_line(series));
        }
        self
    }

    /// Whether any stops the import.
    #[must_use]
    pub fn stop(&self) -> bool {
        self.kinds.values().any(|finding| finding.stops)
    }

    /// Each kind that was found.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.kinds.values()
    }

    /// What stops the import, a sentence for each kind: the first place, how many more there are, and the fix.
    #[must_use]
    pub fn stops(&self) -> Vec<String> {
        let one = |finding: &Finding| {
            let more = finding.count - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{}{more}: {}", finding.first.first().map_or("", String::as_str), finding.then)
        };
        self.kinds.values().filter(|finding| finding.stops).map(one).collect()
    }
}
