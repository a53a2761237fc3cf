//! The lateness of every record, by partition and over all, measured in one pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{rule::lateness_ms, sketch::MsSketch};
use crate::event_time::watermark::Rule;
use crate::mergeable::Merge;

/// Measures lateness in the order of reading. Memory grows with partitions, not with records.
#[derive(Debug)]
pub(crate) struct LatenessMeter {
    rule: Rule,
    ahead_limit_ms: Option<u64>,
    /// By partition: the maximum event time so far.
    max_ms: Vec<Option<i64>>,
    max_over_all_ms: Option<i64>,
    partitions: Vec<PartitionLateness>,
    rest: Lateness,
}

/// How a partition's records are distributed in event time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionLateness {
    /// How many records were behind the maximum before them?
    pub late: u64,
    /// The lateness of every record: `max(0, M - t)` for event time `t` and the maximum `M` before it in the partition. 0 for those in
    /// order.
    pub lateness: MsSketch<3>,
    /// The smallest and the largest event time, in milliseconds since 1970.
    pub span_ms: Option<(i64, i64)>,
}

impl PartitionLateness {
    /// How many records there were.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.lateness.count()
    }
}

/// What was measured. Parts of readers that own different partitions merge; all must have used one rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// By partition.
    pub partitions: BTreeMap<u16, PartitionLateness>,
    /// For every record the smallest bound that keeps it, relative to the maximum of its own partition (the punctuated upper bound of
    /// Flink's drops). The merge equals the whole.
    pub needed: MsSketch<4>,
    /// The same relative to the maximum over all partitions, in the order of reading (Spark, Azure, Kafka Streams after a repartition). A
    /// reader sees only what it reads: merged from several readers, it is a lower bound.
    pub needed_over_all: MsSketch<4>,
    /// The largest lateness relative to the maximum over all partitions, in milliseconds; merged from several readers, a lower bound.
    pub longest_over_all_ms: u64,
    /// How many records were left out because they were too far ahead of the clock?
    pub refused: u64,
    /// How many records had no event time?
    pub untimed: u64,
}

impl Lateness {
    /// How many records were measured.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.needed.count()
    }
}

impl LatenessMeter {
    /// Measures by one engine's rule.
    ///
    /// With `ahead_limit_ms`, records whose event time is further than that ahead of the clock are left out and counted: that is what a
    /// pipeline sees that rejects them before they can move a watermark. Without it, one event from the future makes all others late, as it
    /// does in the engines.
    #[must_use]
    pub(crate) fn new(rule: Rule, ahead_limit_ms: Option<u64>) -> Self {
        LatenessMeter {
            rule,
            ahead_limit_ms,
            max_ms: Vec::new(),
            max_over_all_ms: None,
            partitions: Vec::new(),
            rest: Lateness::default(),
        }
    }

    /// Takes in a record in the order of its partition. `clock_ms` is when it was appended, sent or seen.
    pub(crate) fn observe(&mut self, partition: u16, event_time_ms: Option<i64>, clock_ms: i64) {
        let Some(time_ms) = event_time_ms else {
            self.rest.untimed += 1;
            return;
        };
        if self.ahead_limit_ms.is_some_and(|limit_ms| is_ahead(time_ms, clock_ms, limit_ms)) {
            self.rest.refused += 1;
            return;
        }
        let place = usize::from(partition);
        if place >= self.partitions.len() {
            self.partitions.resize_with(place + 1, PartitionLateness::default);
            self.max_ms.resize(place + 1, None);
        }
        let max_ms = &mut self.max_ms[place];
        let of_partition = &mut self.partitions[place];
        let from_ms = |max_ms| self.rule.measured_from_ms(max_ms, clock_ms);
        let late_ms = lateness_ms(from_ms(*max_ms), time_ms);
        of_partition.late += u64::from(late_ms > 0);
        of_partition.lateness.record(late_ms);
        of_partition.span_ms = Some(widened(of_partition.span_ms, (time_ms, time_ms)));
        self.rest.needed.record(self.rule.needed_bound_at_ms(*max_ms, time_ms, clock_ms));
        self.rest.needed_over_all.record(self.rule.needed_bound_at_ms(self.max_over_all_ms, time_ms, clock_ms));
        let over_all_ms = lateness_ms(from_ms(self.max_over_all_ms), time_ms);
        self.rest.longest_over_all_ms = self.rest.longest_over_all_ms.max(over_all_ms);
        *max_ms = (*max_ms).max(Some(time_ms));
        self.max_over_all_ms = self.max_over_all_ms.max(Some(time_ms));
    }

    /// What was measured.
    #[must_use]
    pub(crate) fn finish(self) -> Lateness {
        let partitions = (0..).zip(self.partitions).filter(|(_, one)| one.records() > 0).collect::<BTreeMap<_, _>>();
        Lateness { partitions, ..self.rest }
    }
}

/// Whether an event time is further than a limit ahead of the clock.
pub(super) fn is_ahead(event_time_ms: i64, clock_ms: i64, limit_ms: u64) -> bool {
    event_time_ms > clock_ms && event_time_ms.abs_diff(clock_ms) > limit_ms
}

fn widened(span: Option<(i64, i64)>, by: (i64, i64)) -> (i64, i64) {
    span.map_or(by, |(first, last)| (first.min(by.0), last.max(by.1)))
}

impl Merge for PartitionLateness {
    fn merge(&mut self, other: Self) {
        let PartitionLateness { late, lateness, span_ms } = other;
        self.late += late;
        self.lateness.merge(lateness);
        if let Some(span_ms) = span_ms {
            self.span_ms = Some(widened(self.span_ms, span_ms));
        }
    }
}

impl Merge for Lateness {
    fn merge(&mut self, other: Self) {
        let Lateness { partitions, needed, needed_over_all, longest_over_all_ms, refused, untimed } = other;
        for (partition, lateness) in partitions {
            self.partitions.entry(partition).or_default().merge(lateness);
        }
        self.needed.merge(needed);
        self.needed_over_all.merge(needed_over_all);
        self.longest_over_all_ms = self.longest_over_all_ms.max(longest_over_all_ms);
        self.refused += refused;
        self.untimed += untimed;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event_time::lateness::rule::tests::{alone, any_rule, is_dropped};
    use crate::profile::Engine;

    pub(crate) fn measured(rule: Rule, records: &[(u16, i64)]) -> Lateness {
        let mut meter = LatenessMeter::new(rule, None);
        records.iter().for_each(|&(partition, time)| meter.observe(partition, Some(time), 0));
        meter.finish()
    }

    fn records() -> impl Strategy<Value = Vec<(u16, i64)>> {
        let step = (0..3_u16, prop_oneof![-400..400_i64, -40_000..40_000_i64]);
        // Rising overall, as streams do.
        prop::collection::vec(step, 0..120).prop_map(|steps| {
            steps.into_iter().zip(0_i64..).map(|((partition, off), at)| (partition, at * 50 + off)).collect()
        })
    }

    /// Every record compared with the bound, one by one, as in an engine with a watermark for each record.
    fn replay(rule: &Rule, bound_ms: u64, records: &[(u16, i64)], over_all: bool) -> u64 {
        let mut max = BTreeMap::<u16, i64>::new();
        let mut dropped = 0;
        for &(partition, time) in records {
            let scope = if over_all { 0 } else { partition };
            dropped += u64::from(is_dropped(rule, bound_ms, max.get(&scope).copied(), time));
            let max = max.entry(scope).or_insert(time);
            *max = time.max(*max);
        }
        dropped
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The purpose of it all: one pass tells for every bound what a run with that bound drops.
        #[test]
        fn one_pass_counts_the_drops_of_every_bound(rule in any_rule(), records in records(), bound in 0..30_000_u64) {
            let lateness = measured(rule, &records);
            for (sketch, over_all) in [(&lateness.needed, false), (&lateness.needed_over_all, true)] {
                let dropped = replay(&rule, bound, &records, over_all);
                let found = sketch.longer_than(bound);
                prop_assert_eq!((found.min, found.max), (dropped, dropped));
                let none = sketch.longest_ms();
                prop_assert_eq!(replay(&rule, none, &records, over_all), 0);
                prop_assert!(none == 0 || replay(&rule, none - 1, &records, over_all) > 0, "{none} ms is not the least");
            }
        }

        #[test]
        fn parts_of_different_partitions_merge_to_the_whole(rule in any_rule(), records in records()) {
            let part = |keep: &dyn Fn(u16) -> bool| {
                measured(rule, &records.iter().copied().filter(|(partition, _)| keep(*partition)).collect::<Vec<_>>())
            };
            let whole = measured(rule, &records);
            let mut merged = part(&|partition| partition == 1);
            merged.merge(part(&|partition| partition != 1));
            prop_assert_eq!(&merged.partitions, &whole.partitions);
            prop_assert_eq!(&merged.needed, &whole.needed);
            let merged_bound = merged.needed_over_all.longer_than(100).min;
            prop_assert!(merged_bound <= whole.needed_over_all.longer_than(100).max, "a lower bound");
        }

        #[test]
        fn drops_never_grow_with_the_bound(rule in any_rule(), records in records(), bound in 0..60_000_u64) {
            let lateness = measured(rule, &records);
            let (less, more) = (lateness.needed.longer_than(bound), lateness.needed.longer_than(bound + 1));
            prop_assert!(more.min <= less.min && more.max <= less.max);
        }
    }

    #[test]
    fn a_record_from_the_future_can_be_refused_before_it_moves_anything() {
        let records = [(0, 1000), (0, 31_536_000_000), (0, 1001), (0, 1002)];
        let open = measured(alone(Engine::Flink), &records);
        assert_eq!(open.needed.longer_than(5000).min, 2, "all that follow are late");
        let mut meter = LatenessMeter::new(alone(Engine::Flink), Some(300_000));
        records.iter().for_each(|&(partition, time)| meter.observe(partition, Some(time), 1000));
        meter.observe(0, None, 1000);
        let guarded = meter.finish();
        assert_eq!((guarded.refused, guarded.untimed, guarded.records()), (1, 1, 3));
        assert_eq!(guarded.needed.longest_ms(), 0);
    }
}
