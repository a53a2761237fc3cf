//! Partitions of a stage that delivered nothing for a while, as incidents.

use super::{Incident, IncidentKind};
use crate::check::Stall;

/// How far apart partitions may fall silent, or deliver again, that have one cause, in seconds.
const TOGETHER_S: u64 = 1;

/// The stalls of a stage's partitions, in the order in which they began. Those that began together and ended together are one.
#[must_use]
pub(crate) fn partitions_stalled(stream: &str, stage: Option<&str>, stalls: &[Stall]) -> Vec<Incident> {
    let mut sorted: Vec<&Stall> = stalls.iter().collect();
    sorted.sort_unstable_by(|one, other| one.in_order(other));
    let mut groups: Vec<Vec<&Stall>> = Vec::new();
    for stall in sorted {
        match groups.iter_mut().rev().find(|group| are_together(group[0], stall)) {
            Some(group) => group.push(stall),
            None => groups.push(vec![stall]),
        }
    }
    groups.iter().map(|group| incident(stream, stage, group)).collect()
}

fn are_together(one: &Stall, other: &Stall) -> bool {
    let ends = match (one.to_s, other.to_s) {
        (Some(one_s), Some(other_s)) => one_s.abs_diff(other_s) <= TOGETHER_S,
        (one, other) => one == other,
    };
    ends && one.from_s.abs_diff(other.from_s) <= TOGETHER_S
}

fn incident(stream: &str, stage: Option<&str>, group: &[&Stall]) -> Incident {
    let mut partitions: Vec<u16> = group.iter().map(|stall| stall.partition).collect();
    partitions.sort_unstable();
    let from_s = group.iter().map(|stall| stall.from_s).min().unwrap_or(0);
    let to_s = group.iter().filter_map(|stall| stall.to_s).max();
    let missed = group.iter().map(|stall| stall.missed).sum();
    let stalled = Incident::new(IncidentKind::PartitionStalled, (stream, stage), (from_s, to_s), missed);
    Incident { partitions, ..stalled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_stall_and_go_on_together_are_one_incident() {
        let stall = |partition, from_s, to_s| Stall { partition, from_s, to_s, missed: 100.0 };
        let stalls = [
            stall(7, 20, Some(30)),
            stall(3, 21, Some(29)),
            stall(4, 22, Some(30)),
            stall(5, 20, None),
            stall(6, 21, None),
            stall(7, 50, Some(55)),
        ];
        let incidents = partitions_stalled("orders", Some("output"), &stalls);
        let told = incidents.iter().map(|of| (of.partitions.as_slice(), of.from_s, of.to_s, of.figure));
        let expected: [(&[u16], u64, Option<u64>, f64); 4] = [
            (&[3, 7], 20, Some(30), 200.0),
            (&[5, 6], 20, None, 200.0),
            (&[4], 22, Some(30), 100.0),
            (&[7], 50, Some(55), 100.0),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert!(incidents.iter().all(|of| of.stage.as_deref() == Some("output")));
    }
}
