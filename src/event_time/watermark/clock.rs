//! A watermark that follows the reader's clock (Beam's KafkaIO, `CustomTimestampPolicyWithLimitedDelay`).
//!
//! It is `M - delay`, but an event ahead of the clock takes it no further than `now - delay`, and a partition that was found to be read to
//! its end takes it to `checked - delay`, where `checked` is the time of that check. The check can only have been before the next record
//! was appended: so a record is compared with at most `max(M, appended) - delay` (and if the reader is stated to keep up, at most its clock
//! then, less the delay), and without its append time nothing is certain.

use super::rule::{NO_HORIZON, Rule};
use super::timed::TimedRecord;

/// How old the reader's knowledge of a partition's end may be, in milliseconds: KafkaIO asks for it every second.
pub(super) const END_CHECK_MS: i64 = 1_000;

impl Rule {
    /// The horizon at a moment of the reader's clock. `checked_ms`: when the partition was
    /// last found to be read to its end, if no record has come since.
    #[must_use]
    pub(crate) fn horizon_at(&self, maximum: Option<i64>, now_ms: i64, checked_ms: Option<i64>) -> i64 {
        let horizon = self.horizon(maximum);
        let Some(maximum) = maximum.filter(|_| self.spec().follows_clock()) else { return horizon };
        if maximum > now_ms {
            return self.horizon(Some(now_ms));
        }
        checked_ms.and_then(|checked_ms| self.idle_horizon(maximum, checked_ms)).unwrap_or(horizon)
    }

    /// How far a partition advances that was read to its end at this moment; nothing while
    /// that is not past its events, or before its first event after 1970.
    fn idle_horizon(&self, maximum: i64, checked_ms: i64) -> Option<i64> {
        let horizon = self.horizon(Some(checked_ms));
        (horizon > maximum && maximum > 0).then_some(horizon)
    }
}

/// The highest that a partition's watermark can be before its next record.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockBound {
    most: i64,
    /// Whether it may have been idle at an unknown moment.
    is_open: bool,
}

impl Default for ClockBound {
    fn default() -> Self {
        ClockBound { most: NO_HORIZON, is_open: false }
    }
}

impl ClockBound {
    /// The maximum before this record, in a partition with this maximum before it; `None` if it can be anything.
    pub(super) fn before(&mut self, rule: &Rule, maximum: Option<i64>, record: &TimedRecord) -> Option<i64> {
        let Some(maximum) = maximum else { return Some(self.most) };
        self.most = self.most.max(rule.horizon(Some(maximum)));
        match record.appended_by_ms {
            _ if maximum <= 0 => {}
            None => self.is_open = true,
            Some(by_ms) => {
                let was_open = std::mem::take(&mut self.is_open);
                let idle = if was_open { Some(rule.horizon(Some(by_ms))) } else { rule.idle_horizon(maximum, by_ms) };
                self.most = self.most.max(idle.unwrap_or(NO_HORIZON));
            }
        }
        // A reader that keeps up had read it by then, and its watermark was not past its clock.
        let clock_ms = record
            .appended_by_ms
            .zip(rule.spec().keeps_up_ms)
            .map(|(by_ms, behind_ms)| by_ms.saturating_add(behind_ms));
        let capped = clock_ms.map(|clock_ms| self.most.min(rule.horizon(Some(clock_ms))));
        capped.or((!self.is_open).then_some(self.most))
    }
}
