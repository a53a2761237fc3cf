//! A plan worked out by hand, and what holds for every plan.

use proptest::prelude::*;

use super::super::SPARE;
use super::super::example::example;
use super::super::known::{Figure, Unit};
use super::*;

fn value(plan: &Provision, key: &str) -> f64 {
    plan.line(key).and_then(|line| line.value).unwrap_or_else(|| panic!("{key}"))
}

#[test]
fn a_plan_comes_to_what_a_hand_works_out() {
    let plan = plan(&example()).unwrap();
    let expected = [
        ("consumers", 20.0),                      // 40,000 × 1.2 / 2,500 = 19.2
        ("partitions", 20.0),                     // 40,000 × 1.2 / 5,000 = 9.6, and a consumer each
        ("taken", 50_000.0),                      // 20 × 2,500
        ("catch_up", 14_400.0),                   // 3,600 × 40,000 / 10,000
        ("written", 600.0),                       // 512 + 88
        ("produced", 24e6),                       // 40,000 × 600
        ("one_copy", 539_874_836_480.0),          // 10,000 × 600 × 86,400, and 20 segments of 1 GiB
        ("disk", 539_874_836_480.0 * 3.0 / 0.85), // 1.9 TB
        ("network_in_all", 72e6),                 // 24 MB/s × 3
        ("network_out_all", 72e6),                // 24 MB/s × (1 + 2)
        ("network_out_catching_up", 78e6),        // 24 MB/s × (1.25 + 2)
        ("brokers_by_rate", 9.0),                 // 40,000 × 1.2 × 3 / 20,000 = 7.2, and one
        ("brokers_by_network_in", 6.0),           // 72 MB/s × 1.2 / 20 MB/s = 4.3, and one
        ("brokers_by_network_out", 5.0),          // 72 MB/s × 1.2 / 25 MB/s = 3.5, and one
        ("brokers_by_catching_up", 5.0),          // 78 MB/s / 25 MB/s = 3.1, and one
        ("brokers_by_storage", 5.0),              // 540 GB × 3 / 425 GB = 3.8, and one
        ("brokers_needed", 9.0),
        ("disk_on_each", 539_874_836_480.0 * 3.0 / 8.0 / 0.85),
    ];
    let keys: Vec<&str> = plan.lines.iter().map(|line| line.key).collect();
    assert_eq!(keys, expected.map(|(key, _)| key));
    for (key, by_hand) in expected {
        let worked = value(&plan, key);
        assert!((worked - by_hand).abs() <= by_hand * 1e-9, "{key}: {worked} {by_hand}");
    }
    assert!(plan.missing.is_empty() && plan.notes.is_empty(), "{plan:?}");
}

#[test]
fn skew_takes_more_consumers_and_compression_fewer_bytes() {
    let mut asked = example();
    (asked.skew.value, asked.compressed_to.value, asked.spare.value) = (2.0, 0.5, 0.25);
    let plan = plan(&asked).unwrap();
    // 40,000 × 1.25 × 2 / 2,500 = 40, of which the fullest keeps up while half of the others' time is idle; 512 × 0.5 + 88.
    let worked = ["consumers", "taken", "written"].map(|key| plan.line(key).and_then(|line| line.value));
    assert_eq!(worked, [40.0, 50_000.0, 344.0].map(Some));
}

/// Without one of its figures a plan leaves lines out, and says which figure is missing.
#[test]
fn what_nobody_knows_is_not_planned() {
    type Removal = fn(&mut Asked);
    let cases: [(Removal, &[&str], &str); 6] = [
        (|asked| asked.event = None, &["written", "disk", "network_in_all", "brokers_by_storage"], "--event-bytes"),
        (|asked| asked.per_consumer = None, &["consumers", "taken", "catch_up"], "--per-consumer"),
        (|asked| asked.per_broker = None, &["brokers_by_rate"], "--per-broker"),
        (|asked| asked.network_in = None, &["brokers_by_network_in"], "--network-in"),
        (|asked| asked.network_out = None, &["brokers_by_network_out", "brokers_by_catching_up"], "--network-out"),
        (|asked| asked.broker_disk = None, &["brokers_by_storage"], "--broker-disk"),
    ];
    for (remove, gone, flag) in cases {
        let mut asked = example();
        remove(&mut asked);
        let plan = plan(&asked).unwrap();
        assert!(gone.iter().all(|key| plan.line(key).is_none()), "{flag}: {:?}", plan.lines);
        assert!(plan.missing.iter().any(|missing| missing.text.contains(flag)), "{flag}: {:?}", plan.missing);
        let is_of_brokers = flag != "--per-consumer";
        assert_eq!(plan.line("brokers_needed").map(|line| line.at_least), Some(is_of_brokers), "{flag}");
    }
    let mut asked = example();
    asked.per_partition = None;
    let partitions = plan(&asked).unwrap().line("partitions").cloned().unwrap();
    assert!(partitions.at_least && partitions.value == Some(20.0), "{partitions:?}");
}

#[test]
fn brokers_that_are_there_are_enough_only_where_everything_is_known() {
    let answer = |brokers: f64, change: fn(&mut Asked)| {
        let mut asked = example();
        asked.brokers = Some(Figure::BROKERS.given(brokers));
        change(&mut asked);
        plan(&asked).unwrap().brokers
    };
    assert_eq!(answer(9.0, |_| {}), Some(Answer::Enough));
    assert_eq!(answer(8.0, |_| {}), Some(Answer::NotEnough));
    assert_eq!(answer(9.0, |asked| asked.network_in = None), Some(Answer::Unknown));
    assert_eq!(answer(8.0, |asked| asked.network_in = None), Some(Answer::NotEnough));
}

#[test]
fn consumers_without_a_surplus_never_catch_up_and_it_says_so() {
    let mut asked = example();
    asked.spare = SPARE.or(Some(0.0));
    let catch_up = plan(&asked).unwrap().line("catch_up").cloned().unwrap();
    assert_eq!(catch_up.value, None);
    assert!(catch_up.worked.starts_with("never: 40,000/s are taken and 40,000/s arrive"), "{}", catch_up.worked);
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    type Change = fn(&mut Asked);
    let cases: [(Change, &str); 12] = [
        (|asked| asked.peak.value = 0.0, "the wanted peak is not above 0 (--peak)"),
        (|asked| asked.spare.value = -0.1, "--spare -0.1: it must be 0 or more"),
        (|asked| asked.skew.value = 0.9, "--skew 0.9: the fullest partition"),
        (|asked| asked.disk_full.value = 1.5, "--disk-full 1.5: a share above 0"),
        (|asked| asked.retention.value = 0.0, "--retention 0 s: it must be above 0"),
        (|asked| asked.compressed_to.value = f64::NAN, "--compressed-to NaN: it must be a finite number"),
        (
            |asked| asked.brokers = Some(Figure::BROKERS.given(2.0)),
            "3 copies of each partition need 3 brokers, and there are 2",
        ),
        (
            |asked| {
                asked.brokers = Some(Figure::BROKERS.given(3.0));
                asked.brokers_down.value = 3.0;
            },
            "of 3 brokers none is left while 3 are down",
        ),
        (|asked| asked.kept.value = 50_000.0, "--mean 50,000/s: the mean cannot be above the peak"),
        (|asked| asked.kept.value = 0.0, "--mean 0/s: it must be above 0"),
        (
            |asked| {
                asked.times = Some(Figure { key: "times", flag: "--times", unit: Unit::Factor }.given(f64::INFINITY))
            },
            "--times inf: it must be a finite number",
        ),
        (
            |asked| {
                asked.peak.value = 1e13;
                asked.kept.value = 1e13;
            },
            "one copy comes to more than can be planned",
        ),
    ];
    for (change, said) in cases {
        let mut asked = example();
        change(&mut asked);
        let refusal = plan(&asked).unwrap_err().to_string();
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}

#[test]
fn what_endangers_events_is_noted() {
    let mut asked = example();
    asked.retention.value = 1800.0;
    asked.replication.value = 1.0;
    asked.kept.value = 1.0;
    let notes = plan(&asked).unwrap().notes.join("\n");
    assert!(notes.contains("an outage of 1h 00m outlasts the retention of 30m 00s"), "{notes}");
    assert!(notes.contains("its events stay up to 7 days"), "{notes}");
    assert!(notes.contains("all copies of a partition may be down"), "{notes}");
}

/// All figures that are known, to be changed.
fn figures(asked: &mut Asked) -> Vec<&mut Known> {
    let Asked {
        observed_peak,
        times,
        peak,
        kept,
        event,
        overhead,
        compressed_to,
        per_partition,
        per_consumer,
        per_broker,
        groups,
        replication,
        skew,
        spare,
        brokers_down,
        copy_cost,
        broker_disk,
        disk_full,
        network_in,
        network_out,
        retention,
        segment,
        segment_roll,
        outage,
        catch_up_within,
        brokers,
    } = asked;
    let some = [
        observed_peak,
        times,
        event,
        per_partition,
        per_consumer,
        per_broker,
        broker_disk,
        network_in,
        network_out,
        catch_up_within,
        brokers,
    ];
    let all = [
        peak,
        kept,
        overhead,
        compressed_to,
        groups,
        replication,
        skew,
        spare,
        brokers_down,
        copy_cost,
        disk_full,
        retention,
        segment,
        segment_roll,
        outage,
    ];
    some.into_iter().filter_map(Option::as_mut).chain(all).collect()
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let load = (1.0..1e5_f64, 0.01..1.0_f64, 1.0..1e4_f64, 0.05..2.0_f64, 1.0..3.0_f64);
    let each = (1.0..1e5_f64, 1.0..1e5_f64, 1.0..1e5_f64, 1e6..1e9_f64, 1e10..1e13_f64, 1e6..1e13_f64);
    let habits = (1..5_u8, 1..5_u8, 0..3_u8, 0.0..0.5_f64, 0.2..1.0_f64, any::<bool>());
    (load, each, habits).prop_map(|(load, each, habits)| {
        let (peak, kept, event, compressed_to, skew) = load;
        let (partition, consumer, broker, network, disk, segment) = each;
        let (groups, replication, down, spare, disk_full, is_in_time) = habits;
        let mut asked = example();
        asked.peak.value = peak;
        asked.kept.value = peak * kept;
        asked.event = Some(Figure::EVENT.given(event));
        asked.compressed_to.value = compressed_to;
        asked.skew.value = skew;
        asked.per_partition = Some(Figure::PER_PARTITION.given(partition));
        asked.per_consumer = Some(Figure::PER_CONSUMER.given(consumer));
        asked.per_broker = Some(Figure::PER_BROKER.given(broker));
        asked.network_in = Some(Figure::NETWORK_IN.given(network));
        asked.network_out = Some(Figure::NETWORK_OUT.given(network));
        asked.broker_disk = Some(Figure::BROKER_DISK.given(disk));
        asked.segment.value = segment;
        asked.groups.value = f64::from(groups);
        asked.replication.value = f64::from(replication);
        asked.brokers_down.value = f64::from(down);
        asked.spare.value = spare;
        asked.disk_full.value = disk_full;
        asked.catch_up_within = is_in_time.then(|| Figure::CATCH_UP_WITHIN.given(1800.0));
        asked
    })
}

proptest! {
    #[test]
    fn more_load_never_needs_less(asked in any_asked(), more in 1.0..5.0_f64) {
        let mut larger = asked.clone();
        larger.peak.value *= more;
        larger.kept.value *= more;
        let (plan, larger) = (plan(&asked).unwrap(), plan(&larger).unwrap());
        let keys = ["partitions", "consumers", "produced", "one_copy", "disk", "network_in_all", "network_out_all"];
        let brokers = ["brokers_by_rate", "brokers_by_network_in", "brokers_by_network_out", "brokers_by_storage"];
        for key in keys.into_iter().chain(brokers) {
            prop_assert!(value(&larger, key) >= value(&plan, key) * (1.0 - 1e-9), "{key}");
        }
    }

    /// Worked out from the other end: what each of those that are left carries is within what it can.
    #[test]
    fn those_that_are_left_hold_the_load(asked in any_asked()) {
        let plan = plan(&asked).unwrap();
        let up = value(&plan, "brokers_needed") - asked.brokers_down.value;
        // Fewer than all copies are kept where fewer brokers than copies are up.
        let copies = asked.replication.value.min(up);
        if up < 1.0 {
            return Ok(());
        }
        let within = |each: f64, known: &Option<Known>| each <= known.as_ref().unwrap().value * 1.000_001;
        let spare = 1.0 + asked.spare.value;
        let (peak, groups) = (asked.peak.value, asked.groups.value);
        let produced = peak * value(&plan, "written");
        prop_assert!(within(peak * spare * copies / up, &asked.per_broker));
        prop_assert!(within(produced * spare * copies / up, &asked.network_in));
        prop_assert!(within(produced * spare * (groups + copies - 1.0) / up, &asked.network_out));
        let read = produced * groups * value(&plan, "taken") / peak;
        prop_assert!(within((read + produced * (copies - 1.0)) / up, &asked.network_out));
        prop_assert!(within(value(&plan, "one_copy") * copies / up / asked.disk_full.value, &asked.broker_disk));
        prop_assert!(within(value(&plan, "disk_on_each"), &asked.broker_disk));
    }

    /// No consumer and no partition has more than it holds, not even the fullest, and who must catch up in time does.
    #[test]
    fn the_fullest_partition_is_held(asked in any_asked()) {
        let plan = plan(&asked).unwrap();
        let fullest = |of: f64| asked.peak.value * (1.0 + asked.spare.value) * asked.skew.value / of;
        let most = |known: &Option<Known>| known.as_ref().unwrap().value * 1.000_001;
        prop_assert!(fullest(value(&plan, "partitions")) <= most(&asked.per_partition));
        prop_assert!(fullest(value(&plan, "consumers")) <= most(&asked.per_consumer));
        prop_assert!(value(&plan, "partitions") >= value(&plan, "consumers"));
        if let Some(within) = &asked.catch_up_within {
            prop_assert!(value(&plan, "catch_up") <= within.value * 1.000_001);
        }
    }

    /// Whatever moves a line is among the figures that it says it rests on.
    #[test]
    fn a_line_names_every_figure_that_moves_it(asked in any_asked(), times in 1.01..3.0_f64) {
        let before = plan(&asked).unwrap();
        for at in 0..figures(&mut asked.clone()).len() {
            let mut changed = asked.clone();
            let known = figures(&mut changed).remove(at);
            known.value *= times;
            let key = known.key;
            let Ok(after) = plan(&changed) else { continue };
            for line in &before.lines {
                let Some(moved) = after.line(line.key) else { continue };
                let (from, to) = (line.value.unwrap_or(f64::MAX), moved.value.unwrap_or(f64::MAX));
                let is_named = line.rests_on.contains(&key) || moved.rests_on.contains(&key);
                prop_assert!(is_named || (from - to).abs() <= from * 1e-9, "{key} moves {}: {from} {to}", line.key);
            }
        }
    }

    /// Nothing is used that is not printed, and each line says how all that it rests on is known.
    #[test]
    fn every_figure_that_a_line_rests_on_is_printed(asked in any_asked()) {
        let plan = plan(&asked).unwrap();
        for line in &plan.lines {
            let inputs: Vec<&Known> = line.rests_on.iter().filter_map(|key| plan.inputs.iter().find(|known| known.key == *key)).collect();
            prop_assert_eq!(inputs.len(), line.rests_on.len(), "{:?}", line);
            prop_assert!(inputs.iter().all(|known| known.basis.iter().all(|basis| line.basis.contains(basis))));
            prop_assert!(!line.rests_on.is_empty() && line.unit != Unit::Factor);
        }
    }
}
