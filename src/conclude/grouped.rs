//! What separates the fast events of a stage from the slow ones.

use crate::check::Delivered;
use crate::latency::humps::Humps;
use crate::latency::{CoarseHistogram, Dimension, Part, explained, least_of_class};
use crate::results::summary::{GroupLatency, GroupedBy, GroupedLatency};
use crate::units::Span;

/// The end-to-end latencies by group; nothing where no dimension has groups to compare.
pub(super) fn grouped(seen: &Delivered) -> Option<GroupedLatency> {
    let valley_ns = Humps::of(&seen.due_to_consumed).map(|humps| humps.valley_ns);
    let dimensions: Vec<GroupedBy> =
        Dimension::ALL.into_iter().filter_map(|by| grouped_by(seen, by, valley_ns)).collect();
    (!dimensions.is_empty()).then(|| GroupedLatency { valley_ms: valley_ns.map(milliseconds), dimensions })
}

/// The groups of one dimension, if there are several and they hold every event: a part that an older floodmark observed has none.
fn grouped_by(seen: &Delivered, by: Dimension, valley_ns: Option<u64>) -> Option<GroupedBy> {
    let number_of = |number: u16| match by {
        Dimension::Size => least_of_class(number),
        Dimension::Time => u64::from(number).saturating_mul(seen.groups.slice_s()),
        Dimension::Partition | Dimension::SentPartition | Dimension::Producer => number.into(),
    };
    let group = |(number, latencies)| group_of(number_of(number), latencies, valley_ns);
    let groups: Vec<GroupLatency> = seen.groups.of(by).iter().map(group).collect();
    let events: u64 = groups.iter().map(|group| group.count).sum();
    if groups.len() < 2 || events != seen.due_to_consumed.count() {
        return None;
    }
    let part = |group: &GroupLatency| Some(Part { events: group.count, second: group.second_hump? });
    let parts: Option<Vec<Part>> = groups.iter().map(part).collect();
    let slice_s = (by == Dimension::Time).then(|| seen.groups.slice_s());
    Some(GroupedBy { by, explains: parts.and_then(|parts| explained(&parts)), slice_s, groups })
}

fn group_of(of: u64, latencies: &CoarseHistogram, valley_ns: Option<u64>) -> GroupLatency {
    GroupLatency {
        of,
        count: latencies.count(),
        second_hump: valley_ns.map(|valley_ns| latencies.count_from(valley_ns)),
        p50_ms: milliseconds(latencies.percentile_ns(50)),
        p99_ms: milliseconds(latencies.percentile_ns(99)),
    }
}

fn milliseconds(ns: u64) -> f64 {
    Span::from_nanos(ns).as_millis_f64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Partition;
    use crate::latency::Traits;

    /// An event, and whether it is a slow one.
    type Event = (u16, u16, usize, bool);

    fn seen_at(events: impl IntoIterator<Item = Event>, is_input: bool) -> Delivered {
        let mut seen = Delivered::default();
        for (sequence, (partition, producer, payload_bytes, is_slow)) in (0..).zip(events) {
            let event = Traits {
                partition: Partition::new(partition),
                sent_partition: (!is_input).then_some(Partition::new((partition + 1) % 4)),
                producer,
                payload_bytes,
                due_offset_ns: sequence * 10_000_000,
            };
            // Even on the logarithm, over a doubling.
            let spread = 1 << 20 | (sequence * 7919 % (1 << 20));
            let took_ns = i64::try_from(spread).unwrap() * if is_slow { 1000 } else { 5 };
            seen.due_to_consumed.record(took_ns);
            seen.groups.count(&event, took_ns);
        }
        seen
    }

    fn explained_by(grouped: &GroupedLatency) -> Vec<(Dimension, f64)> {
        grouped.dimensions.iter().map(|of| (of.by, of.explains.unwrap())).collect()
    }

    /// The groups that are mostly in the second hump.
    fn slow_of(grouped: &GroupedLatency, by: Dimension) -> Vec<u64> {
        let groups = grouped.dimensions.iter().filter(|of| of.by == by).flat_map(|of| &of.groups);
        groups.filter(|group| group.second_hump.unwrap() * 2 > group.count).map(|group| group.of).collect()
    }

    fn event() -> impl Strategy<Value = (u16, u16, usize, bool)> {
        (0..4_u16, 0..3_u16, prop::sample::select(vec![100_usize, 700, 5000]), prop::bool::weighted(0.4))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn groups_that_have_nothing_to_do_with_latency_explain_nothing(events in prop::collection::vec(event(), 1200..1500)) {
            let grouped = grouped(&seen_at(events, false)).unwrap();
            prop_assert_eq!(grouped.dimensions.len(), 5);
            for (by, explains) in explained_by(&grouped) {
                prop_assert!(explains < 0.1, "{by:?} {explains}");
            }
        }

        #[test]
        fn the_group_that_is_slow_is_found_exactly(
            events in prop::collection::vec(event(), 1200..1500), slow in 0..3_u16, which in 0..3_usize, flipped in 0..=2_usize,
        ) {
            let of_slow = |at: usize, (partition, producer, bytes, _): Event| {
                let of_group = [partition == slow, producer == slow, bytes == [100, 700, 5000][usize::from(slow)]];
                (partition, producer, bytes, of_group[which] != (at % 100 < flipped))
            };
            let events = events.into_iter().enumerate().map(|(at, event)| of_slow(at, event));
            let grouped = grouped(&seen_at(events, true)).unwrap();
            let expected = [Dimension::Partition, Dimension::Producer, Dimension::Size][which];
            for (by, explains) in explained_by(&grouped) {
                prop_assert_eq!(explains >= 0.8, by == expected, "{:?} {}", by, explains);
            }
            let number = if which == 2 { [64, 512, 4096][usize::from(slow)] } else { u64::from(slow) };
            prop_assert_eq!(slow_of(&grouped, expected), vec![number]);
        }
    }

    #[test]
    fn a_burst_that_is_slow_is_found_by_its_time() {
        // 100 events a second; those of seconds 6 to 10 are slow.
        let burst = seen_at((0..2000).map(|at| (at % 4, 0, 100, (600..1100).contains(&at))), true);
        let grouped = grouped(&burst).unwrap();
        let explained: Vec<(Dimension, bool)> =
            explained_by(&grouped).into_iter().map(|(by, explains)| (by, explains >= 0.8)).collect();
        assert_eq!(explained, [(Dimension::Partition, false), (Dimension::Time, true)]);
        assert_eq!(
            (slow_of(&grouped, Dimension::Time), grouped.dimensions[1].slice_s),
            (vec![6, 7, 8, 9, 10], Some(1))
        );
    }

    #[test]
    fn one_group_events_without_groups_and_one_hump_say_nothing() {
        let alone = seen_at((0..2000).map(|at| (0, 0, 100, at % 2 == 0)), true);
        let by_time = grouped(&alone).unwrap();
        assert_eq!(by_time.dimensions.len(), 1);
        assert!(
            by_time.dimensions[0].by == Dimension::Time && by_time.dimensions[0].explains < Some(0.01),
            "{by_time:?}"
        );
        let mut older = seen_at((0..2000).map(|at| (at % 4, 0, 100, at % 4 == 0)), true);
        assert_eq!(explained_by(&grouped(&older).unwrap()).len(), 2);
        older.due_to_consumed.record(5_000_000);
        assert_eq!(grouped(&older), None, "an event of a part that counted no groups");
        let fast = grouped(&seen_at((0..2000).map(|at| (at % 4, 0, 100, false)), true)).unwrap();
        assert_eq!((fast.valley_ms, fast.dimensions[0].explains, fast.dimensions[0].groups.len()), (None, None, 4));
        assert!((5.0..12.0).contains(&fast.dimensions[0].groups[0].p50_ms), "{fast:?}");
    }
}
