//! Events that are judged one by one, by when they arrive (Azure Stream Analytics, as documented; there is no engine to test against).
//!
//! An event more than 5 minutes ahead of its arrival is dropped at once. One that arrives later than the late-arrival tolerance, and one
//! whose time is before its partition's maximum less the out-of-order tolerance, is dropped or its time is adjusted, depending on the job's
//! settings. Only the latter are out-of-order events in the sense of `DroppedOrAdjustedEvents`. (A partition without events follows the
//! estimated time of arrival less the late-arrival tolerance: what that makes late arrives too late in any case.)

use super::rule::Rule;
use super::timed::TimedRecord;

/// What is certain, and what is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SureOrPossible {
    pub(super) sure: bool,
    pub(super) possible: bool,
}

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Arrived {
    /// It is dropped, or its time adjusted.
    pub(super) lost: SureOrPossible,
    /// The metric of out-of-order events counts it.
    pub(super) out_of_order: SureOrPossible,
}

/// A partition's maximum event time: without the events that are dropped for being early, and without those that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Arrivals {
    most: Option<i64>,
    least: Option<i64>,
}

impl Arrivals {
    /// The next event of the partition.
    pub(super) fn observe(&mut self, rule: &Rule, record: &TimedRecord) -> Arrived {
        let time = record.event_time_ms;
        // It arrived between the two, if that is known.
        let (from_ms, by_ms) = (record.appended_ms, record.appended_by_ms);
        let early = SureOrPossible {
            sure: by_ms.is_some_and(|by_ms| rule.is_early(time, by_ms)),
            possible: from_ms.is_none_or(|from_ms| rule.is_early(time, from_ms)),
        };
        let late = SureOrPossible {
            sure: from_ms.is_some_and(|from_ms| rule.arrives_late(time, from_ms)),
            possible: by_ms.is_none_or(|by_ms| rule.arrives_late(time, by_ms)),
        };
        let behind = |maximum| rule.lost_windows(time, rule.horizon(maximum)) > 0;
        let behind = SureOrPossible { sure: behind(self.least), possible: behind(self.most) };
        if !early.sure {
            self.most = self.most.max(Some(time));
        }
        if !early.possible {
            self.least = self.least.max(Some(time));
        }
        Arrived {
            lost: SureOrPossible {
                sure: early.sure || late.sure || behind.sure,
                possible: early.possible || late.possible || behind.possible,
            },
            // A late event may be adjusted to a time that is in order, and an early one never gets that far.
            out_of_order: SureOrPossible {
                sure: behind.sure && !late.possible && !early.possible,
                possible: behind.possible && !early.sure,
            },
        }
    }
}
