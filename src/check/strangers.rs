//! Messages at a stage that are not this run's: whose they are, and whether unreadable ones may be events of this run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::RunTag;
use crate::mergeable::Merge;

/// The most other runs that are counted separately.
const MOST_RUNS: usize = 16;

/// What is known of these messages. Parts merge.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strangers {
    /// How many messages are events of another run, by its tag?
    pub runs: BTreeMap<u32, u64>,
    /// How many messages are events of further runs, too many to count separately?
    pub of_more_runs: u64,
    /// How many messages without a readable id may be events of this run: they hold its id elsewhere, or cannot be examined?
    pub suspects: u64,
    /// How many of these do hold an id of this run elsewhere?
    pub misplaced: u64,
    /// One of the messages without a readable id.
    pub sample: Option<Sample>,
}

/// A message, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The partition.
    pub partition: u16,
    /// The offset.
    pub offset: u64,
    /// What is wrong with it.
    pub fault: String,
    /// The message: shortened, its values masked.
    pub text: String,
    /// Where it holds an id that floodmark writes, as a stage's `id` names the place.
    pub id_at: Option<String>,
}

impl Strangers {
    /// An event of another run.
    pub fn event_of(&mut self, run: RunTag) {
        self.add(run.0, 1);
    }

    /// A message without a readable id.
    pub fn unreadable(&mut self, may_be_ours: bool, is_misplaced: bool) {
        self.suspects += u64::from(may_be_ours);
        self.misplaced += u64::from(is_misplaced);
    }

    /// Whether a message is worth showing: the first, and the first of those in which an id was found.
    #[must_use]
    pub fn wants_sample(&self, id_was_found: bool) -> bool {
        self.sample.as_ref().is_none_or(|sample| sample.id_at.is_none() && id_was_found)
    }

    /// How many events of other runs are there?
    #[must_use]
    pub fn events(&self) -> u64 {
        self.runs.values().sum::<u64>() + self.of_more_runs
    }

    fn add(&mut self, run: u32, events: u64) {
        if self.runs.len() < MOST_RUNS || self.runs.contains_key(&run) {
            *self.runs.entry(run).or_default() += events;
        } else {
            self.of_more_runs += events;
        }
    }
}

impl Merge for Strangers {
    fn merge(&mut self, other: Self) {
        let Strangers { runs, of_more_runs, suspects, misplaced, sample } = other;
        runs.into_iter().for_each(|(run, events)| self.add(run, events));
        self.of_more_runs += of_more_runs;
        self.suspects += suspects;
        self.misplaced += misplaced;
        // One with an id before one without; of two alike, choose one regardless of the order of the parts.
        self.sample = [self.sample.take(), sample]
            .into_iter()
            .flatten()
            .min_by_key(|sample| (sample.id_at.is_none(), sample.partition, sample.offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_up_to_a_bound_and_none_is_forgotten() {
        let mut strangers = Strangers::default();
        for place in 0..100_u32 {
            strangers.event_of(RunTag(place % 20));
        }
        assert_eq!((strangers.runs.len(), strangers.of_more_runs, strangers.events()), (16, 20, 100));
        let mut twice = strangers.clone();
        twice.merge(strangers);
        assert_eq!((twice.runs[&3], twice.events()), (10, 200));
    }

    #[test]
    fn a_sample_with_an_id_is_kept_before_one_without() {
        let sample = |id_at: Option<&str>| Sample {
            partition: 0,
            offset: 1,
            fault: String::new(),
            text: String::new(),
            id_at: id_at.map(str::to_owned),
        };
        let mut strangers = Strangers { sample: Some(sample(None)), ..Strangers::default() };
        assert!(!strangers.wants_sample(false) && strangers.wants_sample(true));
        strangers.merge(Strangers { sample: Some(sample(Some("/a/id"))), ..Strangers::default() });
        assert_eq!(strangers.sample.unwrap().id_at.as_deref(), Some("/a/id"));
    }
}
