//! When a stage has been read far enough: a pure rule over positions and times.

use std::collections::BTreeMap;

/// What ends the reading of a stage, set when nothing more will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The stream's own topic: every partition has been read up to where it ended after the last acknowledgement.
    Offsets(BTreeMap<i32, i64>),
    /// A pipeline's topic: nothing has come for the stage's quiet time. Seeing every event once is not enough: copies may follow.
    Quiet,
}

/// How far a stage has been read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Where the next record of each partition will be read.
    positions: BTreeMap<i32, i64>,
    last_news_ns: u64,
}

impl Progress {
    /// Starts at these positions.
    #[must_use]
    pub(crate) fn starting_at(positions: impl IntoIterator<Item = (i32, i64)>) -> Self {
        Progress { positions: positions.into_iter().collect(), last_news_ns: 0 }
    }

    /// Everything of a partition before `position` has been read.
    pub(crate) fn advance(&mut self, partition: i32, position: i64) {
        let known = self.positions.entry(partition).or_insert(position);
        *known = position.max(*known);
    }

    /// The topic was replaced: its partitions are read from here.
    pub(crate) fn start_again(&mut self, positions: impl IntoIterator<Item = (i32, i64)>) {
        self.positions = positions.into_iter().collect();
    }

    /// A record came at this moment.
    pub(crate) fn news(&mut self, now_ns: u64) {
        self.last_news_ns = now_ns;
    }

    /// Where the next record of each partition will be read.
    #[must_use]
    pub(crate) fn positions(&self) -> &BTreeMap<i32, i64> {
        &self.positions
    }

    /// Whether the reading may end. `told_ns` is when the end became known, `quiet_ns` the stage's quiet time.
    #[must_use]
    pub(crate) fn is_over(&self, end: &End, now_ns: u64, told_ns: u64, quiet_ns: u64) -> bool {
        match end {
            End::Offsets(ends) => {
                ends.iter().all(|(partition, end)| self.positions.get(partition).is_some_and(|at| at >= end))
            }
            End::Quiet => now_ns.saturating_sub(self.last_news_ns.max(told_ns)) >= quiet_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_when_every_partition_is() {
        let mut progress = Progress::starting_at([(0, 5), (1, 5)]);
        let end = End::Offsets([(0, 10), (1, 5)].into());
        assert!(!progress.is_over(&end, 0, 0, 0));
        progress.advance(0, 9);
        assert!(!progress.is_over(&end, 0, 0, 0));
        progress.advance(0, 10);
        progress.advance(0, 3);
        assert!(progress.is_over(&end, 0, 0, 0));
    }

    #[test]
    fn a_pipeline_is_read_when_nothing_comes_any_more() {
        let mut progress = Progress::default();
        progress.news(100);
        assert!(!progress.is_over(&End::Quiet, 109, 50, 10));
        assert!(progress.is_over(&End::Quiet, 110, 50, 10));
        assert!(!progress.is_over(&End::Quiet, 115, 110, 10), "quiet counts from when the end was told");
    }
}
