//! Consumer groups, the classic protocol: members, generations, assignments, and committed offsets.
//!
//! The members' own leader decides who reads what; the broker passes the assignment on. Times are arguments.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use tokio::sync::Notify;

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
    members: Mutex<HashMap<String, Arc<Group>>>,
}

impl Groups {
    pub(super) fn commit(&self, group: &str, topic: &str, partition: i32, offset: CommittedOffset) {
        lock(&self.offsets).entry(group.to_owned()).or_default().insert((topic.to_owned(), partition), offset);
    }

    pub(super) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<CommittedOffset> {
        lock(&self.offsets).get(group)?.get(&(topic.to_owned(), partition)).cloned()
    }

    /// Every partition for which the group has committed, ordered by topic and partition.
    pub(super) fn committed_places(&self, group: &str) -> Vec<(String, i32)> {
        lock(&self.offsets).get(group).map(|offsets| offsets.keys().cloned().collect()).unwrap_or_default()
    }

    /// The group of this name, empty if it is new.
    pub(super) fn group(&self, name: &str) -> Arc<Group> {
        Arc::clone(lock(&self.members).entry(name.to_owned()).or_default())
    }

    /// The group of this name, if anyone has ever joined it.
    pub(super) fn known(&self, name: &str) -> Option<Arc<Group>> {
        lock(&self.members).get(name).cloned()
    }

    /// The groups that anyone has ever joined.
    pub(super) fn names(&self) -> Vec<String> {
        lock(&self.members).keys().cloned().collect()
    }

    /// Removes members that have been silent for longer than their session timeout at `now`.
    pub(super) fn expire(&self, now: Instant) {
        let groups: Vec<_> = lock(&self.members).values().cloned().collect();
        for group in groups {
            lock(&group.roll).expire(now);
            group.changed.notify_waiters();
        }
    }
}

/// One group: its members, and who waits for it to change.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) roll: Mutex<Roll>,
    pub(super) changed: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Members (re)join until all are there or the time is up.
    #[default]
    Joining,
    /// The leader's assignment is awaited.
    Syncing,
    Stable,
}

/// The data of a member that joins.
#[derive(Debug, Clone)]
pub(super) struct Joiner {
    /// Empty for a member without an id.
    pub(super) member_id: String,
    pub(super) instance_id: Option<String>,
    /// Assignment strategies with their metadata, the preferred one first.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
}

#[derive(Debug)]
struct Member {
    joiner: Joiner,
    last_seen: Instant,
    /// Joined in the current round.
    joined: bool,
    assignment: Bytes,
}

/// The members of a group and its state.
#[derive(Debug, Default)]
pub(super) struct Roll {
    phase: Phase,
    generation: i32,
    protocol: String,
    leader: String,
    members: BTreeMap<String, Member>,
    named_so_far: u64,
    deadline: Option<Instant>,
}

/// A finished round, as a member sees it.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) generation: i32,
    pub(super) protocol: String,
    pub(super) leader: String,
    /// Id, instance id and metadata of all; only for the leader.
    pub(super) members: Vec<(String, Option<String>, Bytes)>,
}

impl Roll {
    /// Adds a member to the current round, or begins one. Returns its id.
    ///
    /// # Errors
    /// It uses an id that the group does not know.
    pub(super) fn join(&mut self, mut joiner: Joiner, now: Instant) -> Result<String, ResponseError> {
        if joiner.member_id.is_empty() {
            self.named_so_far += 1;
            joiner.member_id = format!("member-{}", self.named_so_far);
        } else if !self.members.contains_key(&joiner.member_id) {
            return Err(ResponseError::UnknownMemberId);
        }
        if self.phase != Phase::Joining || self.deadline.is_none() {
            self.begin_round(now);
        }
        let member_id = joiner.member_id.clone();
        let assignment = Bytes::new();
        self.members.insert(member_id.clone(), Member { joiner, last_seen: now, joined: true, assignment });
        Ok(member_id)
    }

    fn begin_round(&mut self, now: Instant) {
        self.phase = Phase::Joining;
        let patience = self.members.values().map(|member| member.joiner.rebalance_timeout).max();
        self.deadline = Some(now + patience.unwrap_or_default());
        self.members.values_mut().for_each(|member| member.joined = false);
    }

    /// Ends the round if all are there or the time is up, and returns its result for `member_id`; none while the round is going on.
    ///
    /// # Errors
    /// The member came too late or has been removed.
    pub(super) fn round(&mut self, member_id: &str, now: Instant) -> Result<Option<Round>, ResponseError> {
        if self.phase == Phase::Joining {
            let time_is_up = self.deadline.is_some_and(|deadline| deadline <= now);
            if !time_is_up && !self.members.values().all(|member| member.joined) {
                return Ok(None);
            }
            self.end_round(now);
        }
        if !self.members.contains_key(member_id) {
            return Err(ResponseError::UnknownMemberId);
        }
        let metadata = |member: &Member| {
            let protocol = member.joiner.protocols.iter().find(|(name, _)| *name == self.protocol);
            protocol.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
        };
        let entry =
            |(id, member): (&String, &Member)| (id.clone(), member.joiner.instance_id.clone(), metadata(member));
        let is_leader = self.leader == member_id;
        let members = if is_leader { self.members.iter().map(entry).collect() } else { Vec::new() };
        let (protocol, leader) = (self.protocol.clone(), self.leader.clone());
        Ok(Some(Round { generation: self.generation, protocol, leader, members }))
    }

    fn end_round(&mut self, now: Instant) {
        self.members.retain(|_, member| member.joined);
        self.generation += 1;
        self.phase = Phase::Syncing;
        self.deadline = None;
        if !self.members.contains_key(&self.leader) {
            self.leader = self.members.keys().next().cloned().unwrap_or_default();
        }
        let known_to_all = |name: &String| {
            self.members.values().all(|member| member.joiner.protocols.iter().any(|(theirs, _)| theirs == name))
        };
        let preferred = self.members.get(&self.leader).map(|leader| &leader.joiner.protocols);
        let protocol = preferred.into_iter().flatten().map(|(name, _)| name).find(|name| known_to_all(name));
        self.protocol = protocol.cloned().unwrap_or_default();
        self.members.values_mut().for_each(|member| member.last_seen = now);
    }

    /// Records that the member is alive, and checks that it is in the current generation.
    ///
    /// # Errors
    /// It is not a member, it is in another generation, or it must join again.
    pub(super) fn check(&mut self, member_id: &str, generation: i32, now: Instant) -> Result<(), ResponseError> {
        let member = self.members.get_mut(member_id).ok_or(ResponseError::UnknownMemberId)?;
        member.last_seen = now;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if self.phase == Phase::Joining { Err(ResponseError::RebalanceInProgress) } else { Ok(()) }
    }

    /// Takes the leader's assignment: each member id and what it reads.
    pub(super) fn assign(&mut self, leader: &str, assignments: impl Iterator<Item = (String, Bytes)>) {
        if leader != self.leader || self.phase != Phase::Syncing {
            return;
        }
        for (member_id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&member_id) {
                member.assignment = assignment;
            }
        }
        self.phase = Phase::Stable;
    }

    /// The member's assignment, once there is one.
    pub(super) fn assignment(&self, member_id: &str) -> Option<Bytes> {
        let member = self.members.get(member_id).filter(|_| self.phase == Phase::Stable)?;
        Some(member.assignment.clone())
    }

    /// Each member's id and assignment.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.members.iter().map(|(id, member)| (id.as_str(), &member.assignment))
    }

    /// The state, as Kafka calls it.
    pub(super) fn state(&self) -> &'static str {
        match self.phase {
            _ if self.members.is_empty() => "Empty",
            Phase::Joining => "PreparingRebalance",
            Phase::Syncing => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }

    /// The strategy of the current generation.
    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    /// # Errors
    /// It is not a member.
    pub(super) fn leave(&mut self, member_id: &str, now: Instant) -> Result<(), ResponseError> {
        self.members.remove(member_id).ok_or(ResponseError::UnknownMemberId)?;
        if self.phase != Phase::Joining {
            self.begin_round(now);
        }
        Ok(())
    }

    fn expire(&mut self, now: Instant) {
        // A member that waits in a round cannot send heartbeats.
        let waits = |phase: Phase, member: &Member| phase == Phase::Joining && member.joined;
        let phase = self.phase;
        let silent = |member: &Member| now.saturating_duration_since(member.last_seen) > member.joiner.session_timeout;
        let before = self.members.len();
        self.members.retain(|_, member| waits(phase, member) || !silent(member));
        if self.members.len() < before && self.phase != Phase::Joining {
            self.begin_round(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Duration = Duration::from_secs(10);

    fn joiner(member_id: &str, strategies: &[&str]) -> Joiner {
        Joiner {
            member_id: member_id.to_owned(),
            instance_id: None,
            protocols: strategies.iter().map(|name| ((*name).to_owned(), Bytes::new())).collect(),
            session_timeout: SESSION,
            rebalance_timeout: SESSION * 6,
        }
    }

    fn stable_pair(now: Instant) -> (Roll, String, String) {
        let mut roll = Roll::default();
        let first = roll.join(joiner("", &["range", "sticky"]), now).unwrap();
        let second = roll.join(joiner("", &["sticky"]), now).unwrap();
        let round = roll.round(&first, now).unwrap().unwrap();
        assert_eq!((round.protocol.as_str(), round.members.len()), ("sticky", 2));
        assert!(roll.round(&second, now).unwrap().unwrap().members.is_empty(), "only the leader gets the list");
        assert_eq!(roll.assignment(&second), None);
        roll.assign(&first, [(second.clone(), Bytes::from_static(b"p1"))].into_iter());
        assert_eq!(roll.assignment(&second).unwrap(), "p1");
        (roll, first, second)
    }

    #[test]
    fn a_newcomer_makes_all_join_again() {
        let now = Instant::now();
        let (mut roll, first, second) = stable_pair(now);
        assert_eq!(roll.check(&first, 1, now), Ok(()));
        let third = roll.join(joiner("", &["sticky"]), now).unwrap();
        assert_eq!(roll.check(&first, 1, now), Err(ResponseError::RebalanceInProgress));
        assert!(roll.round(&third, now).unwrap().is_none());
        roll.join(joiner(&first, &["sticky"]), now).unwrap();
        roll.join(joiner(&second, &["sticky"]), now).unwrap();
        assert_eq!(roll.round(&third, now).unwrap().unwrap().generation, 2);
        assert_eq!(roll.check(&first, 1, now), Err(ResponseError::IllegalGeneration));
    }

    #[test]
    fn a_silent_member_is_taken_out_and_the_rest_join_again() {
        let now = Instant::now();
        let (mut roll, first, second) = stable_pair(now);
        let later = now + SESSION * 2;
        roll.check(&first, 1, later).unwrap();
        roll.expire(later);
        assert_eq!(roll.check(&second, 1, later), Err(ResponseError::UnknownMemberId));
        assert_eq!(roll.check(&first, 1, later), Err(ResponseError::RebalanceInProgress));
        roll.join(joiner(&first, &["range"]), later).unwrap();
        assert_eq!(roll.round(&first, later).unwrap().unwrap().generation, 2);
    }

    #[test]
    fn who_does_not_come_in_time_is_left_out() {
        let now = Instant::now();
        let (mut roll, first, second) = stable_pair(now);
        roll.join(joiner(&first, &["sticky"]), now).unwrap();
        assert!(roll.round(&first, now).unwrap().is_none());
        let round = roll.round(&first, now + SESSION * 7).unwrap().unwrap();
        assert_eq!(round.members.len(), 1);
        assert_eq!(roll.check(&second, 2, now), Err(ResponseError::UnknownMemberId));
    }

    #[test]
    fn an_unknown_id_is_not_let_in() {
        let mut roll = Roll::default();
        assert_eq!(roll.join(joiner("ghost", &[]), Instant::now()), Err(ResponseError::UnknownMemberId));
    }
}
