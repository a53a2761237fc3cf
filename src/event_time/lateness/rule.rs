//! When a record is late, turned around: the smallest bound that would have kept it.

use std::num::NonZeroU64;

/// What a record's event time is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LateWindow {
    /// The record by itself, as a program that compares it with the watermark does: a window of one millisecond.
    #[default]
    Raw,
    /// The end of its tumbling window; windows start at 1970-01-01T00:00:00Z and its multiples.
    Tumbling {
        /// The window's length in milliseconds.
        size_ms: NonZeroU64,
    },
}

/// One engine's rule, without its bound.
///
/// A pair of record and window is dropped iff `e + L <= M - B + s`, where `e` is the window's end (exclusive), `L` the allowed lateness or grace,
/// `M` the maximum event time before the record, `B` the bound and `s` the engine's shift: 0 for Flink's `DataStream`, Beam, Spark and Kafka Streams,
/// 1 for Flink SQL, whose watermark has no `-1`. (Kafka Streams' `M` holds the record itself, too; that never drops it, since `e` lies behind it.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LateRule {
    /// What an event time is held against.
    pub window: LateWindow,
    /// `L`, in milliseconds.
    pub allowed_lateness_ms: u64,
    /// `s`, in milliseconds.
    pub shift_ms: i64,
    /// Whether the watermark follows the clock (Beam): `M` is no further than it, and a partition that was read to its end goes on with it.
    pub follows_clock: bool,
}

impl LateRule {
    /// For tumbling windows; `None` for windows without a length.
    #[cfg(test)]
    pub fn tumbling(size_ms: u64) -> Option<Self> {
        let window = LateWindow::Tumbling { size_ms: NonZeroU64::new(size_ms)? };
        Some(LateRule { window, ..LateRule::default() })
    }

    /// The smallest bound, in milliseconds, at which the record is kept: `max(0, M - (e + L) + s + 1)`, and 0 for the first record.
    ///
    /// From the rule: kept iff `e + L > M - B + s`, so iff `B > M - (e + L) + s`; in whole milliseconds, iff `B` is at least that plus 1.
    /// For [`LateWindow::Raw`] `e` is the event time plus 1, so that this is the record's lateness itself.
    #[must_use]
    pub fn needed_bound_ms(&self, max_before_ms: Option<i64>, event_time_ms: i64) -> u64 {
        let Some(max_before_ms) = max_before_ms else { return 0 };
        // In 128 bits nothing overflows, so that event times at the ends of i64 need no rule of their own.
        let kept_until = self.window_end_ms(event_time_ms) + i128::from(self.allowed_lateness_ms);
        let needed = i128::from(max_before_ms) - kept_until + i128::from(self.shift_ms) + 1;
        needed.clamp(0, i128::from(u64::MAX)) as u64
    }

    /// The same of a record that was appended at a moment of the clock, to a partition that was read to its end before it.
    #[must_use]
    pub fn needed_bound_at_ms(&self, max_before_ms: Option<i64>, event_time_ms: i64, clock_ms: i64) -> u64 {
        let Some(max_ms) = max_before_ms.filter(|_| self.follows_clock) else {
            return self.needed_bound_ms(max_before_ms, event_time_ms);
        };
        let by_clock_ms = self.needed_bound_ms(Some(clock_ms), event_time_ms);
        if max_ms > clock_ms {
            return by_clock_ms;
        }
        // With a bound of the silence or more, the clock does not take it past its own maximum.
        by_clock_ms.min(self.needed_bound_ms(max_before_ms, event_time_ms).max(clock_ms.abs_diff(max_ms)))
    }

    /// A partition's watermark at a moment of the clock, nothing before its first record. `is_at_its_end`: it was read to its end then.
    ///
    /// Beam's goes no further than the clock less the bound, and of a partition that was read to its end goes there once that is past its newest event
    /// (`CustomTimestampPolicyWithLimitedDelay`; of events before 1970 it does not).
    #[must_use]
    pub fn watermark_ms(&self, bound_ms: u64, max_ms: Option<i64>, clock_ms: i64, is_at_its_end: bool) -> Option<i64> {
        let behind = |time_ms: i64| time_ms.saturating_sub(i64::try_from(bound_ms).unwrap_or(i64::MAX));
        let max_ms = max_ms?;
        let has_gone_on = is_at_its_end && max_ms > 0 && behind(clock_ms) > max_ms;
        let is_by_clock = self.follows_clock && (max_ms > clock_ms || has_gone_on);
        Some(behind(if is_by_clock { clock_ms } else { max_ms }))
    }

    /// What the disorder of a record is measured from: the maximum before it, or the clock.
    #[must_use]
    pub fn measured_from_ms(&self, max_before_ms: Option<i64>, clock_ms: i64) -> Option<i64> {
        if self.follows_clock { max_before_ms.map(|_| clock_ms) } else { max_before_ms }
    }

    /// The end of the record's window, exclusive, in milliseconds.
    fn window_end_ms(&self, event_time_ms: i64) -> i128 {
        let event_time_ms = i128::from(event_time_ms);
        match self.window {
            LateWindow::Raw => event_time_ms + 1,
            LateWindow::Tumbling { size_ms } => {
                let size_ms = i128::from(size_ms.get());
                (event_time_ms.div_euclid(size_ms) + 1) * size_ms
            }
        }
    }
}

/// How far a record lies behind the maximum before it, in milliseconds: 0 when it does not.
#[must_use]
pub fn lateness_ms(max_before_ms: Option<i64>, event_time_ms: i64) -> u64 {
    max_before_ms.map_or(0, |max_ms| if max_ms > event_time_ms { max_ms.abs_diff(event_time_ms) } else { 0 })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The engine's rule as it stands in the table, for one record.
    pub(crate) fn is_dropped(rule: &LateRule, bound_ms: u64, max_before_ms: Option<i64>, event_time_ms: i64) -> bool {
        let Some(max_ms) = max_before_ms.map(i128::from) else { return false };
        let time = i128::from(event_time_ms);
        let end = match rule.window {
            LateWindow::Raw => time + 1,
            LateWindow::Tumbling { size_ms } => {
                let size = i128::from(size_ms.get());
                time - time.rem_euclid(size) + size
            }
        };
        end + i128::from(rule.allowed_lateness_ms) <= max_ms - i128::from(bound_ms) + i128::from(rule.shift_ms)
    }

    pub(crate) fn any_rule() -> impl Strategy<Value = LateRule> {
        (0..4_u64, prop_oneof![Just(0_u64), 0..500_u64], -1..2_i64).prop_map(
            |(window, allowed_lateness_ms, shift_ms)| {
                let window =
                    NonZeroU64::new(window * 70).map_or(LateWindow::Raw, |size_ms| LateWindow::Tumbling { size_ms });
                LateRule { window, allowed_lateness_ms, shift_ms, follows_clock: false }
            },
        )
    }

    proptest! {
        #[test]
        fn a_record_is_dropped_exactly_below_the_bound_that_it_needs(
            rule in any_rule(),
            max in prop_oneof![Just(None), any::<i64>().prop_map(Some), (-2000..2000_i64).prop_map(Some)],
            time in prop_oneof![any::<i64>(), -2000..2000_i64],
            bound in prop_oneof![any::<u64>(), 0..3000_u64],
        ) {
            let needed = rule.needed_bound_ms(max, time);
            prop_assert_eq!(is_dropped(&rule, bound, max, time), needed > bound);
        }

        #[test]
        fn without_a_window_the_needed_bound_is_the_lateness(max in any::<i64>(), time in any::<i64>()) {
            prop_assert_eq!(LateRule::default().needed_bound_ms(Some(max), time), lateness_ms(Some(max), time));
        }
    }

    /// Case 3 of the worked cases: Flink, one partition, bound 0, windows of 10 s.
    #[test]
    fn flinks_worked_case_needs_what_it_says() {
        let rule = LateRule::tumbling(10_000).unwrap();
        let needs: Vec<u64> = [9999, 10_000, 5000, 19_999, 10_001, 20_000, 10_001]
            .iter()
            .scan(None, |max: &mut Option<i64>, &time| {
                let needed = rule.needed_bound_ms(*max, time);
                *max = Some(max.map_or(time, |max| max.max(time)));
                Some(needed)
            })
            .collect();
        assert_eq!(needs, [0, 0, 1, 0, 0, 0, 1]);
    }

    /// Beam, a delay of 5 s: an event 30 s ahead of the clock makes none late, and an old one is late although it is the newest of its partition.
    #[test]
    fn a_rule_that_follows_the_clock_measures_from_it() {
        let rule = LateRule { follows_clock: true, ..LateRule::default() };
        assert_eq!(rule.needed_bound_at_ms(Some(130_000), 100_000, 100_000), 0);
        assert_eq!(rule.needed_bound_at_ms(Some(130_000), 99_000, 100_000), 1_000);
        assert_eq!(rule.needed_bound_at_ms(Some(10_000), 20_000, 100_000), 80_000, "by the clock");
        assert_eq!(rule.needed_bound_at_ms(Some(99_000), 10_000, 100_000), 89_000, "by its own maximum");
        assert_eq!(rule.needed_bound_at_ms(None, 10_000, 100_000), 0);
        let other = LateRule::default();
        assert_eq!(other.needed_bound_at_ms(Some(130_000), 100_000, 100_000), 30_000);
    }

    #[test]
    fn a_window_without_a_length_is_refused() {
        assert_eq!(LateRule::tumbling(0), None);
    }
}
