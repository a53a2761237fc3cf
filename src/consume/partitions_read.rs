//! Which of a topic's partitions were read: several observers each read their own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// The partitions that were read, of those that the topic had when the reading began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionsRead {
    /// How many the topic had.
    pub of: u16,
    /// Which were read.
    pub read: BTreeSet<u16>,
    /// How many observers read them.
    pub observers: u64,
}

impl PartitionsRead {
    /// The partitions that one observer reads, of all `of`.
    pub fn new(of: u32, read: impl IntoIterator<Item = i32>) -> Self {
        let read = read.into_iter().filter_map(|partition| u16::try_from(partition).ok()).collect();
        PartitionsRead { of: u16::try_from(of).unwrap_or(u16::MAX), read, observers: 1 }
    }

    /// Whether every partition was read.
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.read.len() >= usize::from(self.of)
    }
}

impl Merge for PartitionsRead {
    fn merge(&mut self, other: Self) {
        let PartitionsRead { of, read, observers } = other;
        self.of = self.of.max(of);
        self.read.extend(read);
        self.observers += observers;
    }
}
