//! Watches the consumer groups of the pipelines that a run observes: when they share their partitions anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::Clock;
use crate::incidents::{Members, Rebalance};
use crate::kafka::Target;
use crate::profile::{Profile, Stage};

/// How often the groups are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a look at one group may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The groups that a profile names.
fn groups_of(profile: &Profile) -> BTreeSet<String> {
    let stages = profile.streams.iter().flat_map(|stream| &stream.stages);
    stages.filter_map(|stage: &Stage| stage.group.clone()).collect()
}

/// A sentence for each group that the cluster does not know: its rebalances are not seen.
pub(super) fn notes_on_groups(profile: &Profile, target: &Target) -> Vec<String> {
    let note = |group: &String| match target.group_state(group, PATIENCE) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!(
            "the cluster has no consumer group {group} yet, or one with group.protocol=consumer, which this client cannot describe: rebalances are named once it is there"
        )),
        Err(error) => Some(format!("rebalances of consumer group {group} are not named: {error}")),
    };
    groups_of(profile).iter().filter_map(note).collect()
}

/// Looks at the groups in a thread of its own: a broker that does not answer holds up nobody.
pub(super) struct GroupWatch {
    /// The thread ends when it is dropped.
    goes_on: Sender<()>,
    watching: Option<JoinHandle<Vec<Rebalance>>>,
}

impl GroupWatch {
    /// Watches the groups of a run that starts at `start_ns`.
    pub(super) fn start(target: Arc<Target>, profile: &Profile, clock: Clock, start_ns: u64) -> Self {
        let (goes_on, over) = channel();
        let mut known: BTreeMap<String, Members> =
            groups_of(profile).into_iter().map(|group| (group, Members::default())).collect();
        let second = move || Some(clock.now_ns().checked_sub(start_ns)? / 1_000_000_000);
        let watch = move || watch(&target, &mut known, &over, second);
        let is_needed = profile.streams.iter().flat_map(|stream| &stream.stages).any(|stage| stage.group.is_some());
        // Without the thread rebalances stay unnamed, as without a group.
        let watching = is_needed.then(|| thread::Builder::new().name("groups".to_owned()).spawn(watch).ok()).flatten();
        GroupWatch { goes_on, watching }
    }

    /// Ends the watch. Returns the rebalances that it saw.
    pub(super) fn end(self) -> Vec<Rebalance> {
        drop(self.goes_on);
        self.watching.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

/// Looks once a second until nobody waits any more. A cluster that does not say changes nothing, and what is seen before the start is no news.
fn watch(
    target: &Target,
    known: &mut BTreeMap<String, Members>,
    over: &Receiver<()>,
    second: impl Fn() -> Option<u64>,
) -> Vec<Rebalance> {
    let mut seen = Vec::new();
    loop {
        for (group, members) in &mut *known {
            let Ok(Some(state)) = target.group_state(group, PATIENCE) else { continue };
            let has_rebalanced = members.rebalanced(state.is_rebalancing, state.members);
            seen.extend(second().filter(|_| has_rebalanced).map(|second| Rebalance { group: group.clone(), second }));
        }
        if over.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
            return seen;
        }
    }
}
