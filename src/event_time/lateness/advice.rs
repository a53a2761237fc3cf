//! Which bound to choose: candidates, what each would have dropped, and what each costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measured::Lateness;
use crate::event_time::watermark::Rule;

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoundReason {
    /// `2 · max over partitions of p99(lateness)`, where a record in order has lateness 0.
    TwiceP99Jitter,
    /// `ceil(1.1 · skew)`, where skew is the highest median offset of any producer's clock minus the lowest.
    MaxSkewPlus10Percent,
    /// `ceil(1.2 · skew)`.
    MaxSkewPlus20Percent,
    /// The smallest bound that drops less than 1 % of the records.
    DropsBelow1Percent,
    /// The smallest bound that drops less than 0.1 % of the records.
    DropsBelow01Percent,
    /// The smallest bound that drops less than 0.01 % of the records.
    DropsBelow001Percent,
    /// The smallest bound that drops nothing: the largest needed bound.
    DropsNone,
}

impl BoundReason {
    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            BoundReason::TwiceP99Jitter => "2 x p99 jitter",
            BoundReason::MaxSkewPlus10Percent => "max skew + 10 %",
            BoundReason::MaxSkewPlus20Percent => "max skew + 20 %",
            BoundReason::DropsBelow1Percent => "drops below 1 %",
            BoundReason::DropsBelow01Percent => "drops below 0.1 %",
            BoundReason::DropsBelow001Percent => "drops below 0.01 %",
            BoundReason::DropsNone => "drops none",
        }
    }
}

/// The maximum that a record is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The maximum of its own partition (Flink's watermarks per partition, Kafka
    /// Streams' tasks): the most that an engine drops, at any speed.
    Partition,
    /// The maximum over all partitions, in the order of reading (Spark, Azure Stream Analytics).
    AllPartitions,
}

/// A bound that could be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Where it comes from.
    pub reason: BoundReason,
    /// The out-of-orderness bound, in milliseconds.
    pub bound_ms: u64,
    /// How many records it would have dropped, at least.
    pub drops_min: u64,
    /// How many records it would have dropped, at most. Equal to `drops_min` for every candidate below a century.
    pub drops_max: u64,
    /// Out of this many records.
    pub records: u64,
    /// The share of the records that it would have dropped at most, 0 to 1.
    pub share: f64,
    /// What it adds to the latency of every result, in milliseconds of event time: a window's result comes once an event with a time of
    /// window end + bound has been seen. So it is the bound itself; the engine's emission interval comes on top.
    pub adds_ms: u64,
}

/// The candidates, in the order of the table; none when nothing was measured.
///
/// Bounds are rounded up to where the sketch counts exactly: not at all below 32.768 s, by less than 0.01 % above. Without `max_skew_ms`
/// (no producers are known) there are no candidates from skew.
#[must_use]
pub(crate) fn advise(lateness: &Lateness, scope: Scope, max_skew_ms: Option<u64>) -> Vec<Candidate> {
    let needed = match scope {
        Scope::Partition => &lateness.needed,
        Scope::AllPartitions => &lateness.needed_over_all,
    };
    if needed.count() == 0 {
        return Vec::new();
    }
    let candidate = |reason: BoundReason, wanted_ms: u64| {
        // At the longest lateness the count is exact anyway: no larger bound is needed.
        let bound_ms = if wanted_ms >= needed.longest_ms() { wanted_ms } else { needed.edge_ms(wanted_ms) };
        let drops = needed.longer_than(bound_ms);
        let (drops_min, drops_max, records) = (drops.min, drops.max, needed.count());
        let share = drops_max as f64 / records as f64;
        Candidate { reason, bound_ms, drops_min, drops_max, records, share, adds_ms: bound_ms }
    };
    let jitter_ms = lateness.partitions.values().map(|one| one.lateness.quantile_ms(0.99)).max().unwrap_or(0);
    let mut candidates = vec![candidate(BoundReason::TwiceP99Jitter, jitter_ms.saturating_mul(2))];
    if let Some(skew_ms) = max_skew_ms {
        candidates.push(candidate(BoundReason::MaxSkewPlus10Percent, plus_percent(skew_ms, 10)));
        candidates.push(candidate(BoundReason::MaxSkewPlus20Percent, plus_percent(skew_ms, 20)));
    }
    for (reason, share) in [
        (BoundReason::DropsBelow1Percent, 0.01),
        (BoundReason::DropsBelow01Percent, 0.001),
        (BoundReason::DropsBelow001Percent, 0.0001),
    ] {
        candidates.push(candidate(reason, needed.least_with_fewer_beyond_ms(share)));
    }
    candidates.push(candidate(BoundReason::DropsNone, needed.longest_ms()));
    candidates
}

/// The one bound to advise: the smallest of `2 · p99(lateness)` and the candidates from skew that covers the largest lateness of the run;
/// if none does, the largest lateness + 10 %. Nothing when nothing was measured.
///
/// It covers the lateness itself, less the time that windows stay open after their ends, so that it holds wherever the windows begin: a
/// record just before its window's end needs all of it. "Drops none" holds only for the windows as they fell in this run.
#[must_use]
pub(crate) fn advised_ms(candidates: &[Candidate], lateness: &Lateness, scope: Scope, rule: &Rule) -> Option<u64> {
    if candidates.is_empty() {
        return None;
    }
    let latest_ms = match scope {
        Scope::Partition => lateness.partitions.values().map(|one| one.lateness.longest_ms()).max().unwrap_or(0),
        Scope::AllPartitions => lateness.longest_over_all_ms,
    };
    let needed_ms = rule.needed_for_lateness_ms(latest_ms);
    let is_rule_of_thumb = |reason| {
        use BoundReason::{MaxSkewPlus10Percent, MaxSkewPlus20Percent, TwiceP99Jitter};
        matches!(reason, TwiceP99Jitter | MaxSkewPlus10Percent | MaxSkewPlus20Percent)
    };
    let rules_of_thumb = candidates.iter().filter(|candidate| is_rule_of_thumb(candidate.reason));
    let covering = rules_of_thumb.map(|candidate| candidate.bound_ms).filter(|bound_ms| *bound_ms >= needed_ms).min();
    Some(covering.unwrap_or_else(|| plus_percent(needed_ms, 10)))
}

/// `ceil(number · (100 + percent) / 100)`.
fn plus_percent(number: u64, percent: u64) -> u64 {
    let grown = (u128::from(number) * u128::from(100 + percent)).div_ceil(100);
    grown.min(u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event_time::lateness::measured::tests::measured;
    use crate::event_time::lateness::rule::tests::{any_rule, tumbling};

    fn find(candidates: &[Candidate], reason: BoundReason) -> Candidate {
        *candidates.iter().find(|candidate| candidate.reason == reason).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_candidate_keeps_its_promise(
            steps in prop::collection::vec((0..2_u16, 0..200_000_i64), 1..300), skew in 0..100_000_u64,
        ) {
            let records: Vec<_> = steps.iter().zip(0..).map(|(&(partition, back), at)| (partition, at * 100 - back)).collect();
            let lateness = measured(tumbling(1000), &records);
            for scope in [Scope::Partition, Scope::AllPartitions] {
                let table = advise(&lateness, scope, Some(skew));
                prop_assert_eq!(table.len(), 7);
                for candidate in &table {
                    prop_assert_eq!(candidate.drops_min, candidate.drops_max, "exact: {:?}", candidate);
                }
                let share = |reason| find(&table, reason).share;
                prop_assert!(share(BoundReason::DropsBelow1Percent) < 0.01);
                prop_assert!(share(BoundReason::DropsBelow01Percent) < 0.001);
                prop_assert!(share(BoundReason::DropsBelow001Percent) < 0.0001);
                let none = find(&table, BoundReason::DropsNone);
                prop_assert_eq!(none.drops_max, 0);
                prop_assert!(find(&table, BoundReason::DropsBelow001Percent).bound_ms <= none.bound_ms);
                prop_assert!(find(&table, BoundReason::MaxSkewPlus10Percent).bound_ms * 10 >= skew * 11);
            }
        }
    }

    /// A hundred events a second, one in ten from a clock that is 47 s behind: a bound of
    /// 5 s drops those, and the advice names one that would not.
    #[test]
    fn clocks_47_s_apart_are_told_which_bound_drops_nothing() {
        let records: Vec<(u16, i64)> =
            (0..20_000).map(|n| (0, n * 10 - if n % 10 == 3 { 47_000 } else { 0 })).collect();
        let lateness = measured(tumbling(10_000), &records);
        assert!(lateness.needed.longer_than(5000).min > 1900);
        let table = advise(&lateness, Scope::Partition, Some(47_000));
        assert_eq!(find(&table, BoundReason::MaxSkewPlus10Percent).drops_max, 0);
        let none = find(&table, BoundReason::DropsNone);
        assert!((37_000..=47_000).contains(&none.bound_ms), "{none:?}");
        assert_eq!(none.adds_ms, none.bound_ms);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_advised_bound_drops_nothing_wherever_the_windows_begin(
            backs in prop::collection::vec((0..2_u16, 0..60_000_i64), 1..200), moved_ms in 0..10_000_i64, skew in 0..100_000_u64,
            rule in any_rule(),
        ) {
            let records: Vec<_> = backs.iter().zip(0..).map(|(&(partition, back), at)| (partition, at * 100 - back)).collect();
            let moved: Vec<_> = records.iter().map(|(partition, time_ms)| (*partition, time_ms + moved_ms)).collect();
            let (lateness, elsewhere) = (measured(rule, &records), measured(rule, &moved));
            for scope in [Scope::Partition, Scope::AllPartitions] {
                let bound_ms = advised_ms(&advise(&lateness, scope, Some(skew)), &lateness, scope, &rule).unwrap();
                let needed = if scope == Scope::Partition { &elsewhere.needed } else { &elsewhere.needed_over_all };
                prop_assert!(needed.longest_ms() <= bound_ms, "{:?}: {} > {}", scope, needed.longest_ms(), bound_ms);
            }
        }
    }

    #[test]
    fn nothing_measured_gets_no_advice() {
        assert_eq!(advised_ms(&[], &Lateness::default(), Scope::Partition, &tumbling(1000)), None);
        assert!(advise(&Lateness::default(), Scope::Partition, Some(5)).is_empty());
    }
}
