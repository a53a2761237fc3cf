//! One window and key: what belongs in it, and what the results report.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;
use crate::profile::Updates;

/// One window and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "PairInFile", from = "PairInFile")]
pub(super) struct Pair {
    /// Events that belong in it, each once.
    pub(super) events: u64,
    /// Further copies of them.
    pub(super) copies: u64,
    /// The last result: its offset and count.
    pub(super) last: Option<(u64, Option<u64>)>,
    /// The sum of all results.
    pub(super) sum: u64,
    /// How many results came.
    pub(super) results: u64,
}

/// A pair in a file, where there may be a million of them: events, copies, last, sum, results.
type PairInFile = (u64, u64, Option<(u64, Option<u64>)>, u64, u64);

impl From<Pair> for PairInFile {
    fn from(pair: Pair) -> Self {
        let Pair { events, copies, last, sum, results } = pair;
        (events, copies, last, sum, results)
    }
}

impl From<PairInFile> for Pair {
    fn from((events, copies, last, sum, results): PairInFile) -> Self {
        Pair { events, copies, last, sum, results }
    }
}

impl Pair {
    /// The pipeline's count.
    pub(super) fn counted(&self, updates: Updates) -> u64 {
        match updates {
            Updates::Replace => self.last.and_then(|(_, count)| count).unwrap_or(0),
            Updates::Add => self.sum,
        }
    }
}

impl Merge for Pair {
    fn merge(&mut self, other: Self) {
        let Pair { events, copies, last, sum, results } = other;
        self.events += events;
        self.copies += copies;
        self.last = self.last.max(last);
        self.sum = self.sum.saturating_add(sum);
        self.results += results;
    }
}

/// The pairs of one window, by hash of the key.
pub(super) type Keys = HashMap<u64, Pair>;
