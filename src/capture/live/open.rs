//! The partitions that a reader of whole stretches is still reading.

use crate::capture::Run;
use crate::kafka::{Record, SourceEvent};

/// The partitions that are still read: each until its position is at the end that was found.
pub(crate) struct OpenRuns {
    runs: Vec<Run>,
    /// Those that have nothing to read.
    empty: Vec<usize>,
}

impl OpenRuns {
    /// All of these, at most one of each partition.
    #[must_use]
    pub(crate) fn of(runs: &[Run]) -> Self {
        let (runs, empty): (Vec<Run>, Vec<Run>) = runs.iter().copied().partition(|run| run.until > run.from);
        OpenRuns { runs, empty: empty.into_iter().map(|run| run.partition).collect() }
    }

    /// What is still open.
    #[must_use]
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The partitions that have nothing to read.
    #[must_use]
    pub(crate) fn empty(&self) -> &[usize] {
        &self.empty
    }

    /// Where each partition is read from.
    #[must_use]
    pub(crate) fn beginnings(&self) -> Vec<(i32, i64)> {
        self.runs.iter().map(|run| (run.partition as i32, run.from)).collect()
    }

    fn place_of(&self, partition: i32) -> Option<usize> {
        self.runs.iter().position(|run| i32::try_from(run.partition) == Ok(partition))
    }

    /// Whether a record is in one of them.
    #[must_use]
    pub(crate) fn wants(&self, record: &Record<'_>) -> bool {
        self.place_of(record.partition()).is_some_and(|place| record.offset() < self.runs[place].until)
    }

    /// The partition that has been read to its end with this event, if one has.
    pub(crate) fn ended_by(&mut self, event: &SourceEvent<'_>) -> Option<usize> {
        let (partition, reached) = match event {
            SourceEvent::Record { record, .. } => (record.partition(), record.offset() + 1),
            SourceEvent::End { partition, offset } => (*partition, *offset),
            SourceEvent::Error { .. } | SourceEvent::Unread { .. } => return None,
        };
        let place = self.place_of(partition).filter(|place| reached >= self.runs[*place].until)?;
        Some(self.runs.remove(place).partition)
    }
}
