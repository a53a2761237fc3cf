//! Partitions that another broker leads than before.

use std::collections::BTreeMap;

use super::{Incident, IncidentKind};

/// Partitions of a topic whose leader moved from one broker to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaderMove {
    /// The topic.
    pub(crate) topic: String,
    /// The second of the run in which it was seen.
    pub(crate) second: u64,
    /// The ids of the brokers that led before and lead now.
    pub(crate) brokers: (i32, i32),
    /// The partitions.
    pub(crate) partitions: Vec<u16>,
}

/// Who leads the partitions of a topic, by the cluster's answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Leaders {
    settled: BTreeMap<i32, i32>,
    last_answer: BTreeMap<i32, i32>,
}

impl Leaders {
    /// Takes in an answer: the leader of each partition that has one. Returns the partitions whose leader moved, by the brokers before and now. A
    /// broker that has not heard of a move still names the old one, so a leader is another when two answers in a row say so.
    pub(crate) fn moved(&mut self, answer: BTreeMap<i32, i32>) -> BTreeMap<(i32, i32), Vec<u16>> {
        let mut moved: BTreeMap<(i32, i32), Vec<u16>> = BTreeMap::new();
        for (partition, leader) in &answer {
            let settled = self.settled.entry(*partition).or_insert(*leader);
            let is_said_twice = self.last_answer.get(partition) == Some(leader);
            if let (true, true, Ok(number)) = (is_said_twice, settled != leader, u16::try_from(*partition)) {
                moved.entry((*settled, *leader)).or_default().push(number);
                *settled = *leader;
            }
        }
        self.last_answer = answer;
        moved
    }
}

/// The move as something that happened at a stage that reads the topic.
#[must_use]
pub(crate) fn leader_moved(stream: &str, stage: Option<&str>, of: &LeaderMove) -> Incident {
    let how_many = of.partitions.iter().map(|_| 1.0).sum();
    let moved = Incident::new(IncidentKind::LeaderMoved, (stream, stage), (of.second, Some(of.second)), how_many);
    Incident { partitions: of.partitions.clone(), brokers: Some(of.brokers), ..moved }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_told_once_and_an_election_only_by_its_outcome() {
        let mut leaders = Leaders::default();
        let mut look = |answer: &[(i32, i32)]| leaders.moved(answer.iter().copied().collect());
        let nothing = BTreeMap::new();
        assert_eq!(look(&[(0, 1), (1, 1), (2, 2), (3, 1)]), nothing, "the first look");
        assert_eq!(look(&[(0, 1), (2, 2)]), nothing, "1 and 3 have no leader");
        assert_eq!(look(&[(0, 1), (1, 3), (2, 2), (3, 3)]), nothing, "said once");
        assert_eq!(look(&[(0, 1), (1, 3), (2, 2), (3, 3)]), [((1, 3), vec![1, 3])].into());
        assert_eq!(look(&[(0, 1), (1, 3), (2, 2), (3, 3)]), nothing);
    }

    #[test]
    fn a_broker_that_has_not_heard_yet_is_no_move() {
        let mut leaders = Leaders::default();
        let told = [1, 2, 1, 2, 2, 1, 2, 2].map(|leader| leaders.moved([(0, leader)].into()).len());
        assert_eq!(told, [0, 0, 0, 0, 1, 0, 0, 0]);
    }
}
