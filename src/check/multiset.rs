//! Which sequence numbers were seen, and how often: the finished form of a ledger's sets.

use roaring::RoaringTreemap;

use crate::mergeable::Merge;

/// The highest count of one sequence number; further sightings of it count in [`Multiset::observations`] only. One more than the copies
/// that a profile can ask of an event, so that anything beyond is certainly accidental.
pub(crate) const MAX_COUNT: usize = 257;

/// Sequence numbers with how often each was seen.
///
/// Kept as sets of those seen at least once, twice, …: with run-length containers, they take memory for the gaps, not for the events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Multiset {
    /// Element `k` holds the numbers seen at least `k + 1` times.
    levels: Vec<RoaringTreemap>,
    observations: u64,
}

impl Multiset {
    /// From the sets of the numbers seen at least once, twice, …, each within the one before, and the number of sightings.
    #[must_use]
    pub fn from_levels(mut levels: Vec<RoaringTreemap>, observations: u64) -> Self {
        while levels.last().is_some_and(RoaringTreemap::is_empty) {
            levels.pop();
        }
        Multiset { levels, observations }
    }

    /// The sightings of these numbers alone, each up to [`MAX_COUNT`] times.
    #[must_use]
    pub(crate) fn of_events(&self, events: &RoaringTreemap) -> Multiset {
        let levels: Vec<RoaringTreemap> = self.levels.iter().map(|level| level & events).collect();
        let observations = levels.iter().map(RoaringTreemap::len).sum();
        Multiset::from_levels(levels, observations)
    }

    /// The sets of the numbers seen at least once, twice, ….
    #[must_use]
    pub fn levels(&self) -> &[RoaringTreemap] {
        &self.levels
    }

    /// How many sightings were there, of any number?
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// How many different numbers were seen?
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.levels.first().map_or(0, RoaringTreemap::len)
    }

    /// The numbers seen at all.
    #[must_use]
    pub fn into_seen(self) -> RoaringTreemap {
        self.levels.into_iter().next().unwrap_or_default()
    }

    /// How often one number was seen, up to [`MAX_COUNT`].
    #[cfg(test)]
    pub fn count_of(&self, sequence: u64) -> u64 {
        self.levels.partition_point(|level| level.contains(sequence)) as u64
    }

    /// The numbers seen more than once, each with its count up to [`MAX_COUNT`].
    pub fn repeated(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let twice = self.levels.get(1);
        twice.into_iter().flatten().map(|sequence| {
            let beyond = self.levels[2..].partition_point(|level| level.contains(sequence));
            (sequence, 2 + beyond as u64)
        })
    }
}

impl Merge for Multiset {
    /// Adds the counts of each number: seen at least k times in both together is, for some split i + j = k,
    /// at least i times here and at least j times there.
    fn merge(&mut self, other: Self) {
        let Multiset { levels, observations } = other;
        self.observations += observations;
        if self.levels.is_empty() {
            self.levels = levels;
            return;
        }
        if levels.is_empty() {
            return;
        }
        let mut merged = united(&self.levels, &levels);
        if !self.levels[0].is_disjoint(&levels[0]) {
            add_splits(&mut merged, &self.levels, &levels);
        }
        self.levels = merged;
    }
}

/// Level by level, what either has.
fn united(ours: &[RoaringTreemap], theirs: &[RoaringTreemap]) -> Vec<RoaringTreemap> {
    (0..ours.len().max(theirs.len()))
        .map(|level| match (ours.get(level), theirs.get(level)) {
            (Some(our), Some(their)) => our | their,
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => RoaringTreemap::new(),
        })
        .collect()
}

/// Adds the numbers that both have seen to the levels that their sums reach.
fn add_splits(merged: &mut Vec<RoaringTreemap>, ours: &[RoaringTreemap], theirs: &[RoaringTreemap]) {
    let most = (ours.len() + theirs.len()).min(MAX_COUNT);
    merged.resize_with(most.max(merged.len()), RoaringTreemap::new);
    for (i, our) in ours.iter().enumerate() {
        for (j, their) in theirs.iter().enumerate() {
            // Element i is "at least i + 1 times": together at least i + j + 2 times, which is element i + j + 1.
            let both = our & their;
            if both.is_empty() {
                break;
            }
            if let Some(level) = merged.get_mut(i + j + 1) {
                *level |= both;
            }
        }
    }
    while merged.last().is_some_and(RoaringTreemap::is_empty) {
        merged.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::check::sequences::SequenceSet;

    fn of(sightings: &[u64]) -> Multiset {
        let mut set = SequenceSet::default();
        for &sequence in sightings {
            set.observe(sequence);
        }
        set.finish()
    }

    fn merged(mut one: Multiset, other: &Multiset) -> Multiset {
        one.merge(other.clone());
        one
    }

    proptest! {
        #[test]
        fn merged_counts_are_sums_in_any_order_and_grouping(
            a in prop::collection::vec(0_u64..40, 0..80),
            b in prop::collection::vec(0_u64..40, 0..80),
            c in prop::collection::vec(0_u64..40, 0..80),
        ) {
            let whole = of(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (of(&a), of(&b), of(&c));
            prop_assert_eq!(&merged(merged(a.clone(), &b), &c), &whole);
            prop_assert_eq!(&merged(a.clone(), &merged(b.clone(), &c)), &whole);
            prop_assert_eq!(merged(c, &merged(b, &a)), whole);
        }

        #[test]
        fn counts_are_those_of_a_plain_map(sightings in prop::collection::vec(0_u64..30, 0..200)) {
            let set = of(&sightings);
            let mut plain = BTreeMap::<u64, u64>::new();
            for sequence in &sightings {
                *plain.entry(*sequence).or_default() += 1;
            }
            prop_assert_eq!(set.distinct(), plain.len() as u64);
            prop_assert_eq!(set.observations(), sightings.len() as u64);
            for sequence in 0..30 {
                prop_assert_eq!(set.count_of(sequence), plain.get(&sequence).copied().unwrap_or(0));
            }
            let repeated: Vec<_> = plain.into_iter().filter(|(_, count)| *count > 1).collect();
            prop_assert_eq!(set.repeated().collect::<Vec<_>>(), repeated);
        }
    }

    #[test]
    fn a_number_seen_more_often_than_is_counted_still_counts_as_observed() {
        let mut one = of(&[5; 200]);
        one.merge(of(&[5; 200]));
        assert_eq!((one.count_of(5), one.observations()), (MAX_COUNT as u64, 400));
    }
}
