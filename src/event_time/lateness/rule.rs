//! When a record is late, inverted: the smallest bound that would have kept it.

use crate::event_time::watermark::Rule;

impl Rule {
    /// The smallest bound, in milliseconds, at which the record is kept in its last window, and 0 for the first record.
    ///
    /// From the rule: kept iff `e + L > M - B + s`, so iff `B > M - (e + L) + s`; in whole milliseconds, iff `B` is at least that plus 1.
    /// Where an event is late iff its time is before the horizon, this is the record's lateness itself.
    #[must_use]
    pub(crate) fn needed_bound_ms(&self, max_before_ms: Option<i64>, event_time_ms: i64) -> u64 {
        let Some(max_before_ms) = max_before_ms else { return 0 };
        let kept_until_ms = self.last_end_ms(event_time_ms).saturating_add(self.open_ms());
        // In 128 bits nothing overflows, so event times at the ends of i64 need no special case.
        let needed = i128::from(max_before_ms) - i128::from(kept_until_ms) + i128::from(self.shift_ms()) + 1;
        needed.clamp(0, i128::from(u64::MAX)) as u64
    }

    /// The same for a record that was appended at a moment of the clock, to a partition that had been read to its end before it.
    #[must_use]
    pub(crate) fn needed_bound_at_ms(&self, max_before_ms: Option<i64>, event_time_ms: i64, clock_ms: i64) -> u64 {
        let Some(max_ms) = max_before_ms.filter(|_| self.spec().follows_clock()) else {
            return self.needed_bound_ms(max_before_ms, event_time_ms);
        };
        let by_clock_ms = self.needed_bound_ms(Some(clock_ms), event_time_ms);
        if max_ms > clock_ms {
            return by_clock_ms;
        }
        // With a bound no shorter than the silence, the clock does not take the watermark past the partition's own maximum.
        by_clock_ms.min(self.needed_bound_ms(max_before_ms, event_time_ms).max(clock_ms.abs_diff(max_ms)))
    }

    /// The smallest bound that keeps every record of this lateness, wherever the windows begin.
    #[must_use]
    pub(crate) fn needed_for_lateness_ms(&self, late_ms: u64) -> u64 {
        if late_ms == 0 {
            return 0;
        }
        let kept_for_ms = self.least_end_ms().saturating_add(self.open_ms()).saturating_sub(self.shift_ms()) - 1;
        late_ms.saturating_sub_signed(kept_for_ms)
    }

    /// A partition's watermark at a moment of the clock; nothing before its first record. `is_at_its_end`: it was read to its end by then.
    ///
    /// A watermark that follows the clock goes no further than the clock less the bound; in a partition that was read to its end it goes
    /// there once that is past the newest event (Beam's `CustomTimestampPolicyWithLimitedDelay`; for events before 1970 it does not).
    #[must_use]
    pub(crate) fn watermark_ms(
        &self,
        bound_ms: u64,
        max_ms: Option<i64>,
        clock_ms: i64,
        is_at_its_end: bool,
    ) -> Option<i64> {
        let behind = |time_ms: i64| time_ms.saturating_sub(i64::try_from(bound_ms).unwrap_or(i64::MAX));
        let max_ms = max_ms?;
        let has_gone_on = is_at_its_end && max_ms > 0 && behind(clock_ms) > max_ms;
        let is_by_clock = self.spec().follows_clock() && (max_ms > clock_ms || has_gone_on);
        Some(behind(if is_by_clock { clock_ms } else { max_ms }))
    }

    /// The time from which a record's disorder is measured: the maximum before it, or the clock.
    #[must_use]
    pub(crate) fn measured_from_ms(&self, max_before_ms: Option<i64>, clock_ms: i64) -> Option<i64> {
        if self.spec().follows_clock() { max_before_ms.map(|_| clock_ms) } else { max_before_ms }
    }
}

/// How far a record is behind the maximum before it, in milliseconds: 0 if it is not.
#[must_use]
pub(crate) fn lateness_ms(max_before_ms: Option<i64>, event_time_ms: i64) -> u64 {
    max_before_ms.map_or(0, |max_ms| if max_ms > event_time_ms { max_ms.abs_diff(event_time_ms) } else { 0 })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event_time::engines::Lateness;
    use crate::event_time::watermark::rule::NO_HORIZON;
    use crate::event_time::watermark::{ModelSpec, WindowMs};
    use crate::profile::Engine;

    /// For Flink with tumbling windows and defaults otherwise.
    pub(crate) fn tumbling(size_ms: i64) -> Rule {
        Rule::new(&ModelSpec { window: WindowMs::tumbling(size_ms), ..ModelSpec::plain(Engine::Flink) })
    }

    /// For an engine that judges events by themselves.
    pub(crate) fn alone(engine: Engine) -> Rule {
        Rule::new(&ModelSpec { window: WindowMs::None, ..ModelSpec::plain(engine) })
    }

    /// Whether a record is lost from its last window with this bound.
    pub(crate) fn is_dropped(rule: &Rule, bound_ms: u64, max_before_ms: Option<i64>, event_time_ms: i64) -> bool {
        let bound_ms = i64::try_from(bound_ms).unwrap_or(i64::MAX);
        let bounded = Rule::new(&ModelSpec { bound_ms, ..*rule.spec() });
        bounded.is_closed(bounded.last_end_ms(event_time_ms), bounded.horizon(max_before_ms))
    }

    pub(crate) fn any_rule() -> impl Strategy<Value = Rule> {
        let engine = prop::sample::select(vec![Engine::Flink, Engine::FlinkSql, Engine::AzureStreamAnalytics]);
        let window = prop_oneof![
            Just(WindowMs::None),
            (1..4_i64).prop_map(|times| WindowMs::tumbling(times * 70)),
            (1..90_i64, 0..200_i64).prop_map(|(hop_ms, more_ms)| WindowMs::hopping(hop_ms + more_ms, hop_ms)),
            (1..100_i64).prop_map(|gap_ms| WindowMs::Session { gap_ms }),
        ];
        (engine, window, prop_oneof![Just(0_i64), 0..500_i64]).prop_map(|(engine, window, allowed_ms)| {
            Rule::new(&ModelSpec { window, allowed_ms, ..ModelSpec::plain(engine) })
        })
    }

    proptest! {
        #[test]
        fn a_record_is_dropped_exactly_below_the_bound_that_it_needs(
            rule in any_rule(),
            max in prop_oneof![Just(None), (-1_i64 << 61..1_i64 << 61).prop_map(Some), (-2000..2000_i64).prop_map(Some)],
            time in prop_oneof![-1_i64 << 61..1_i64 << 61, -2000..2000_i64],
            bound in prop_oneof![0..1_u64 << 62, 0..3000_u64],
        ) {
            let needed = rule.needed_bound_ms(max, time);
            prop_assert_eq!(is_dropped(&rule, bound, max, time), needed > bound);
        }

        #[test]
        fn without_a_window_the_needed_bound_is_the_lateness(max in any::<i64>(), time in -i64::MAX..i64::MAX - 1) {
            prop_assert_eq!(alone(Engine::Flink).needed_bound_ms(Some(max), time), lateness_ms(Some(max), time));
        }

        #[test]
        fn every_event_needs_what_its_lateness_does_at_most(rule in any_rule(), max in -2000..2000_i64, late in 1..3000_i64) {
            let most = rule.needed_for_lateness_ms(late as u64);
            prop_assert!(rule.needed_bound_ms(Some(max), max - late) <= most);
            let worst = (0..500).map(|moved| rule.needed_bound_ms(Some(max + moved), max + moved - late)).max();
            prop_assert_eq!(worst, Some(most));
        }

        #[test]
        fn an_event_needs_a_larger_bound_exactly_if_the_model_loses_it(
            window in windows(), bound_ms in 0..300_i64, allowed_ms in 0..200_i64, max in 1000..2000_i64, time in 1000..2000_i64,
        ) {
            for engine in Engine::ALL {
                let has_bound = engine.description().tolerates.lateness != Lateness::InPlaceOfBound;
                let bound_ms = if has_bound { bound_ms } else { 0 };
                let spec = ModelSpec { window, bound_ms, allowed_ms, ..ModelSpec::plain(engine) };
                let rule = Rule::new(&spec);
                let loses = rule.is_closed(rule.last_end_ms(time), rule.horizon(Some(max)));
                let tolerance_ms = spec.tolerance_ms() as u64;
                prop_assert_eq!(rule.needed_bound_ms(Some(max), time) > tolerance_ms, loses, "{:?}", spec);
            }
        }

        #[test]
        fn a_partitions_watermark_is_the_models(
            bound_ms in 0..300_i64, max in prop_oneof![Just(None), (-500..2000_i64).prop_map(Some)], now_ms in 0..2000_i64, is_at_its_end in any::<bool>(),
        ) {
            for engine in [Engine::Flink, Engine::Beam] {
                let rule = Rule::new(&ModelSpec { bound_ms, ..ModelSpec::plain(engine) });
                let horizon = rule.horizon_at(max, now_ms, is_at_its_end.then_some(now_ms));
                let watermark = rule.watermark_ms(bound_ms as u64, max, now_ms, is_at_its_end);
                prop_assert_eq!(watermark, (horizon != NO_HORIZON).then_some(horizon), "{:?}", engine);
            }
        }
    }

    fn windows() -> impl Strategy<Value = WindowMs> {
        prop_oneof![
            Just(WindowMs::None),
            (1..50_i64, 0..250_i64).prop_map(|(hop_ms, more_ms)| WindowMs::hopping(hop_ms + more_ms, hop_ms)),
            (1..100_i64).prop_map(|size_ms| WindowMs::Sliding { size_ms }),
            (1..100_i64).prop_map(|gap_ms| WindowMs::Session { gap_ms }),
        ]
    }

    /// Case 3 of the worked cases: Flink, one partition, bound 0, windows of 10 s.
    #[test]
    fn flinks_worked_case_needs_what_it_says() {
        let rule = tumbling(10_000);
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

    /// Beam, a delay of 5 s: an event 30 s ahead of the clock makes none late, and an
    /// old one is late although it is the newest of its partition.
    #[test]
    fn a_rule_that_follows_the_clock_measures_from_it() {
        let rule = alone(Engine::Beam);
        assert_eq!(rule.needed_bound_at_ms(Some(130_000), 100_000, 100_000), 0);
        assert_eq!(rule.needed_bound_at_ms(Some(130_000), 99_000, 100_000), 1_000);
        assert_eq!(rule.needed_bound_at_ms(Some(10_000), 20_000, 100_000), 80_000, "by the clock");
        assert_eq!(rule.needed_bound_at_ms(Some(99_000), 10_000, 100_000), 89_000, "by its own maximum");
        assert_eq!(rule.needed_bound_at_ms(None, 10_000, 100_000), 0);
        let other = alone(Engine::Flink);
        assert_eq!(other.needed_bound_at_ms(Some(130_000), 100_000, 100_000), 30_000);
    }
}
