//! Consumer groups: the offsets that they committed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use super::locks::lock;

/// An offset as a group committed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommittedOffset {
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) metadata: String,
}

type Offsets = BTreeMap<(String, i32), CommittedOffset>;

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    offsets: Mutex<HashMap<String, Offsets>>,
}

impl Groups {
    pub(super) fn commit(&self, group: &str, topic: &str, partition: i32, offset: CommittedOffset) {
        lock(&self.offsets).entry(group.to_owned()).or_default().insert((topic.to_owned(), partition), offset);
    }

    pub(super) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<CommittedOffset> {
        lock(&self.offsets).get(group)?.get(&(topic.to_owned(), partition)).cloned()
    }

    /// Every partition for which the group has committed, in the order of topics and partitions.
    pub(super) fn committed_places(&self, group: &str) -> Vec<(String, i32)> {
        lock(&self.offsets).get(group).map(|offsets| offsets.keys().cloned().collect()).unwrap_or_default()
    }
}
