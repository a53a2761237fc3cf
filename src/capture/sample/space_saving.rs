//! The heaviest of many: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient computation of frequent and top-k elements in data streams,
//! ICDT 2005).

use std::collections::{BTreeSet, HashMap};

/// Counts the heaviest of a stream's elements with a fixed number of counters.
///
/// An element without a counter takes over the smallest one and inherits its count as a possible error. So a count is never too small, at
/// most its error too large, and every element with more than n / capacity of n occurrences has a counter.
#[derive(Debug, Clone)]
pub(crate) struct SpaceSaving {
    capacity: usize,
    counters: HashMap<u64, Counter>,
    by_count: BTreeSet<(u64, u64)>,
    seen: u64,
    seen_when_full: Option<u64>,
}

/// What is known of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counter {
    /// It occurred at most this often.
    pub count: u64,
    /// It occurred at least `count - error` times.
    pub error: u64,
}

impl SpaceSaving {
    /// A sketch with this many counters, at least one.
    #[must_use]
    pub(crate) fn with_counters(capacity: usize) -> Self {
        SpaceSaving {
            capacity: capacity.max(1),
            counters: HashMap::new(),
            by_count: BTreeSet::new(),
            seen: 0,
            seen_when_full: None,
        }
    }

    /// Records one occurrence of an element.
    pub(crate) fn see(&mut self, element: u64) {
        self.seen += 1;
        let known = self.counters.get(&element).copied();
        let Counter { count, error } = known.unwrap_or_else(|| self.make_room());
        self.by_count.remove(&(count, element));
        self.by_count.insert((count + 1, element));
        self.counters.insert(element, Counter { count: count + 1, error });
        if self.counters.len() == self.capacity {
            self.seen_when_full.get_or_insert(self.seen);
        }
    }

    /// What a new element starts with: zero while there is room, then the count of the smallest counter, which it replaces.
    fn make_room(&mut self) -> Counter {
        if self.counters.len() < self.capacity {
            return Counter::default();
        }
        let Some((count, smallest)) = self.by_count.pop_first() else { return Counter::default() };
        self.counters.remove(&smallest);
        Counter { count, error: count }
    }

    /// All occurrences.
    #[must_use]
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The counters, the heaviest first.
    pub(crate) fn heaviest(&self) -> impl Iterator<Item = Counter> {
        self.by_count.iter().rev().filter_map(|(_, element)| self.counters.get(element).copied())
    }

    /// How many different elements there were among how many occurrences: all of them, or those up to when the last counter was taken.
    #[must_use]
    pub(crate) fn distinct_of(&self) -> (u64, u64) {
        (self.counters.len() as u64, self.seen_when_full.unwrap_or(self.seen))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_enclose_the_truth_and_the_heavy_ones_are_there(
            elements in prop::collection::vec((0_u64..40).prop_map(|x| x * x / 40), 1..400), capacity in 1_usize..30,
        ) {
            let mut sketch = SpaceSaving::with_counters(capacity);
            let mut truth: HashMap<u64, u64> = HashMap::new();
            for element in &elements {
                sketch.see(*element);
                *truth.entry(*element).or_default() += 1;
            }
            prop_assert_eq!(sketch.seen(), elements.len() as u64);
            prop_assert!(sketch.counters.len() <= capacity && sketch.by_count.len() == sketch.counters.len());
            for (element, counter) in &sketch.counters {
                let truth = truth[element];
                prop_assert!(counter.count - counter.error <= truth && truth <= counter.count, "{counter:?} {truth}");
            }
            for (element, count) in &truth {
                let heavy = *count > elements.len() as u64 / capacity as u64;
                prop_assert!(!heavy || sketch.counters.contains_key(element));
            }
            prop_assert_eq!(sketch.heaviest().map(|counter| counter.count).sum::<u64>(), elements.len() as u64);
            let (distinct, of) = sketch.distinct_of();
            let mut first: Vec<u64> = elements[..of as usize].to_vec();
            first.sort_unstable();
            first.dedup();
            prop_assert_eq!(first.len() as u64, distinct);
        }
    }
}
