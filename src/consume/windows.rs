//! What a stage records for the windows of a pipeline: the events that belong in them, or the results that the pipeline wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::extract::Extracted;
use super::partitions_read::PartitionsRead;
use super::window_results::{ResultFault, ResultMessage, ResultPlaces};
use crate::check::Class;
use crate::event::Partition;
use crate::event_time::windows::{Book, BooksRule};
use crate::kafka::Record;
use crate::mergeable::Merge;

/// What a stage is to record.
#[derive(Debug, Clone, Default)]
pub struct WindowsPlan {
    /// Stages that show window results of the events seen here: their places in the stream, and how their books are kept.
    pub expects: Vec<(usize, BooksRule)>,
    /// The stage itself shows window results: where they are, and how the book is kept.
    pub results: Option<(ResultPlaces, BooksRule)>,
}

/// What the stages of a stream recorded, by the place of the stage that shows the results. Parts merge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsSeen {
    /// What belongs in the windows, and what the results contain.
    pub stages: BTreeMap<usize, ResultsSeen>,
    /// The maximum event time of each partition of the stream's own topic, in milliseconds; nothing for one without events.
    pub maxima_ms: BTreeMap<u16, Option<i64>>,
    /// How many events have no readable event time? They are in no window here.
    pub without_event_time: u64,
    /// Whether a stage was not read to its end.
    pub cut_short: bool,
    /// Which of the topic's partitions were read.
    pub partitions: PartitionsRead,
}

/// What was recorded for one stage that shows window results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultsSeen {
    /// Events and results.
    pub book: Book,
    /// How many results were read?
    pub results: u64,
    /// How many messages are not window results?
    pub unreadable: u64,
    /// What is wrong with the first of them.
    pub fault: Option<ResultFault>,
    /// The latest end of a window that a result was written for, in milliseconds.
    pub last_end_ms: Option<i64>,
}

impl WindowsSeen {
    /// Nothing has been seen of these partitions at the stage at `place`.
    #[must_use]
    pub fn new(plan: &WindowsPlan, place: usize, partitions: PartitionsRead) -> Self {
        let own = plan.results.as_ref().map(|(_, rule)| (place, *rule));
        let stages = plan.expects.iter().copied().chain(own).map(|(place, rule)| (place, ResultsSeen::new(rule)));
        let maxima_ms = if plan.expects.is_empty() {
            BTreeMap::new()
        } else {
            partitions.read.iter().map(|at| (*at, None)).collect()
        };
        WindowsSeen { stages: stages.collect(), maxima_ms, without_event_time: 0, cut_short: false, partitions }
    }

    /// An event is in the stream's own topic. Pipelines count whatever is there, other runs' events too.
    pub(super) fn event(&mut self, record: &Record<'_>, found: &Extracted, class: Class) {
        let Some(event_time_ms) = found.event_time_ms else {
            self.without_event_time += u64::from(!self.stages.is_empty());
            return;
        };
        let is_copy = matches!(class, Class::DuplicateInjected | Class::DuplicateAccidental);
        let maximum = self.maxima_ms.entry(Partition::of_client(record.partition()).number()).or_default();
        *maximum = (*maximum).max(Some(event_time_ms));
        for seen in self.stages.values_mut() {
            seen.book.expect(event_time_ms, record.key(), is_copy);
        }
    }

    /// The pipeline wrote a message; `payload` is what it says as JSON.
    pub(super) fn result(&mut self, place: usize, places: &ResultPlaces, payload: Option<&[u8]>, record: &Record<'_>) {
        let Some(seen) = self.stages.get_mut(&place) else { return };
        let header = |name: &str| record.header(name);
        match places.extract(&ResultMessage { payload, key: record.key(), header }) {
            Ok(found) => {
                seen.results += 1;
                seen.last_end_ms = seen.last_end_ms.max(Some(found.window.end_ms));
                seen.book.result(&found.counted(record.offset().max(0).cast_unsigned()));
            }
            Err(fault) => {
                seen.unreadable += 1;
                seen.fault.get_or_insert(fault);
            }
        }
    }
}

impl Merge for WindowsSeen {
    fn merge(&mut self, other: Self) {
        let WindowsSeen { stages, maxima_ms, without_event_time, cut_short, partitions } = other;
        self.partitions.merge(partitions);
        self.cut_short |= cut_short;
        for (place, seen) in stages {
            match self.stages.entry(place) {
                std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(seen)),
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(seen),
            }
        }
        for (partition, maximum_ms) in maxima_ms {
            let own = self.maxima_ms.entry(partition).or_default();
            *own = (*own).max(maximum_ms);
        }
        self.without_event_time += without_event_time;
    }
}

impl ResultsSeen {
    fn new(rule: BooksRule) -> Self {
        ResultsSeen { book: Book::new(rule), results: 0, unreadable: 0, fault: None, last_end_ms: None }
    }
}

impl Merge for ResultsSeen {
    fn merge(&mut self, other: Self) {
        let ResultsSeen { book, results, unreadable, fault, last_end_ms } = other;
        self.book.merge(book);
        self.results += results;
        self.unreadable += unreadable;
        self.fault = self.fault.or(fault);
        self.last_end_ms = self.last_end_ms.max(last_end_ms);
    }
}
