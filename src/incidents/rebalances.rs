//! Consumer groups whose members share the partitions anew.

use std::collections::BTreeMap;

use super::stretches::joined;
use super::{Incident, IncidentKind};

/// A second in which a consumer group rebalanced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rebalance {
    /// The group.
    pub(crate) group: String,
    /// The second of the run.
    pub(crate) second: u64,
}

/// Who reads what in a group, by the cluster's answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Members {
    settled: Option<BTreeMap<String, Vec<u8>>>,
}

impl Members {
    /// Takes in an answer: the part of each member, by its id, and whether they are sharing anew at this moment. Returns whether the group has
    /// rebalanced since the answer before. What was there at the first look is no news.
    pub(crate) fn rebalanced(&mut self, is_rebalancing: bool, members: BTreeMap<String, Vec<u8>>) -> bool {
        if is_rebalancing {
            // Its parts are empty now: those that it settles on are no further news.
            self.settled = None;
            return true;
        }
        self.settled.replace(members).is_some_and(|before| Some(&before) != self.settled.as_ref())
    }
}

/// The rebalances of a group as what happened at the stage behind it; seconds beside each other belong together.
#[must_use]
pub(crate) fn rebalances(stream: &str, stage: Option<&str>, group: &str, seen: &[Rebalance]) -> Vec<Incident> {
    let seconds = seen.iter().filter(|of| of.group == group).filter_map(|of| usize::try_from(of.second).ok());
    let incident = |lasts: std::ops::Range<usize>| {
        let (from_s, to_s) = (lasts.start as u64, Some(lasts.end as u64));
        let shared = Incident::new(IncidentKind::Rebalanced, (stream, stage), (from_s, to_s), lasts.len() as f64);
        Incident { group: Some(group.to_owned()), ..shared }
    };
    joined(seconds.map(|second| second..second + 1), 1).into_iter().map(incident).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        of.iter().map(|(member, part)| ((*member).to_owned(), part.as_bytes().to_vec())).collect()
    }

    #[test]
    fn members_that_come_go_or_read_something_else_are_a_rebalance() {
        let mut members = Members::default();
        assert!(!members.rebalanced(false, parts(&[("a", "0,1")])), "the first look");
        assert!(!members.rebalanced(false, parts(&[("a", "0,1")])));
        assert!(members.rebalanced(false, parts(&[("a", "0"), ("b", "1")])), "another came");
        assert!(members.rebalanced(false, parts(&[("a", "1"), ("b", "0")])), "they changed places");
        assert!(members.rebalanced(true, parts(&[("a", ""), ("b", "")])), "it goes on");
        assert!(!members.rebalanced(false, parts(&[("b", "0,1")])), "that is what it settled on");
        assert!(members.rebalanced(false, parts(&[])), "the last one went");
    }

    #[test]
    fn seconds_beside_each_other_are_one_rebalance() {
        let seen = |seconds: &[u64], group: &str| {
            let of = |second: &u64| Rebalance { group: group.to_owned(), second: *second };
            seconds.iter().map(of).collect::<Vec<_>>()
        };
        let all = [seen(&[9, 3, 4, 10], "app"), seen(&[5], "other")].concat();
        let told = rebalances("orders", Some("out"), "app", &all);
        let lasts: Vec<_> = told.iter().map(|of| (of.from_s, of.to_s, of.figure)).collect();
        assert_eq!(lasts, [(3, Some(5), 2.0), (9, Some(11), 2.0)]);
    }
}
