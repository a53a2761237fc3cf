//! Laws: what is named is what was done, and chance is never named.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Distribution, Zipf};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::order::{LaneOrder, PartitionSteps};
use super::*;
use crate::event::Partition;

/// Producers that deal their events to partitions.
struct Stage {
    lanes: Vec<LaneOrder>,
    steps: PartitionSteps,
    next: u64,
    watch: StallWatch,
    random: Xoshiro256PlusPlus,
    /// Of each rank of the law of shares.
    partitions: Vec<u16>,
    law: Zipf<f64>,
    /// How many events in a row go to one partition.
    batch: u64,
}

impl Stage {
    fn new(seed: u64, partitions: u16, exponent: f64, batch: u64) -> Self {
        Stage {
            lanes: (0..3).map(|_| LaneOrder::default()).collect(),
            steps: PartitionSteps::default(),
            next: 0,
            watch: StallWatch::default(),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            partitions: (0..partitions).collect(),
            law: Zipf::new(f64::from(partitions), exponent).unwrap(),
            batch,
        }
    }

    /// One second: delivers `events` events; those of stalled partitions wait.
    fn second(&mut self, second: u64, events: u64, stalled: &[u16], waiting: &mut Vec<(u64, u16)>) {
        let free: Vec<_> = waiting.extract_if(.., |(_, partition)| !stalled.contains(partition)).collect();
        free.into_iter().for_each(|(number, partition)| self.deliver(number, partition));
        let mut partition = 0;
        for number in self.next..self.next + events {
            if number % self.batch == 0 || number == self.next {
                partition = self.draw();
            }
            if stalled.contains(&partition) {
                waiting.push((number, partition))
            } else {
                self.deliver(number, partition)
            }
        }
        self.next += events;
        self.look(second, true);
    }

    fn draw(&mut self) -> u16 {
        let rank = self.law.sample(&mut self.random) as usize;
        self.partitions[rank - 1]
    }

    fn deliver(&mut self, number: u64, partition: u16) {
        let (producer, partition) = ((number % 3) as usize, Partition::new(partition));
        self.lanes[producer].is_behind(partition, partition, number / 3);
        self.steps.see(partition, number);
    }

    fn look(&mut self, second: u64, knows: bool) {
        let lanes: Vec<&[Lane]> = self.lanes.iter().map(LaneOrder::lanes).collect();
        self.watch.look(second, knows, &lanes, &self.steps);
    }

    fn found(self) -> Vec<(u16, u64, Option<u64>)> {
        self.watch.found().into_iter().map(|stall| (stall.partition, stall.from_s, stall.to_s)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Shares by any Zipf law, rates that change and stop, batches of any size.
    #[test]
    fn chance_is_never_named(
        seed: u64, partitions in 2..40_u16, exponent in 0.0..2.5, batch in prop_oneof![Just(1_u64), 1..50_u64],
        rates in prop::collection::vec(prop_oneof![Just(0_u64), 1..10_u64, 10..2_000_u64], 1..8),
    ) {
        let mut stage = Stage::new(seed, partitions, exponent, batch);
        let rates = rates.iter().flat_map(|rate| [*rate; 25]);
        for (second, rate) in (0..).zip(rates) {
            stage.second(second, rate, &[], &mut Vec::new());
        }
        prop_assert_eq!(stage.found(), []);
    }
}

/// Batches that are filled from three producers: found by the law above, when what the producers say was added up.
#[test]
fn producers_that_share_batches_say_the_same_thing_once() {
    let mut stage = Stage::new(18_063_092_417_569_931_753, 32, 0.516_440_766_908_220_5, 33);
    (0..25).for_each(|second| stage.second(second, 1289, &[], &mut Vec::new()));
    assert_eq!(stage.found(), []);
}

/// A stage with a given rate; partition shares follow Zipf's law, partition 0 has the largest.
fn run(stage: &mut Stage, seconds: std::ops::Range<u64>, rate: u64, stalled: &[u16], waiting: &mut Vec<(u64, u16)>) {
    seconds.for_each(|second| stage.second(second, rate, stalled, waiting));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_stall_is_named_with_its_seconds(
        seed: u64, partitions in 3..30_u16, which: prop::sample::Index, rate in 1_000..3_000_u64, from in 12..40_u64, length in 3..20_u64,
        again in 0..30_u64,
    ) {
        let stalled = [which.index(usize::from(partitions)) as u16];
        let mut stage = Stage::new(seed, partitions, 0.0, 1);
        let (mut waiting, to) = (Vec::new(), from + length);
        run(&mut stage, 0..from, rate, &[], &mut waiting);
        run(&mut stage, from..to, rate, &stalled, &mut waiting);
        run(&mut stage, to..to + again, rate, &[], &mut waiting);
        // It did stand still in the seconds that are whole; whether that is no chance depends on how many events were due there.
        let sure = rate * (length - 1) / u64::from(partitions) > 100;
        let found = stage.found();
        if sure || !found.is_empty() {
            prop_assert_eq!(found, [(stalled[0], from, (again > 0).then_some(to))]);
        }
    }

    /// The slowest partition drains a minute after the others, and there is nothing that waits in those.
    #[test]
    fn what_has_delivered_all_is_not_stalled(seed: u64, partitions in 3..10_u16, rate in 100..3_000_u64, slow in 1..3_u16) {
        let mut stage = Stage::new(seed, partitions, 0.0, 1);
        let (mut waiting, slow): (_, Vec<u16>) = (Vec::new(), (0..slow).collect());
        run(&mut stage, 0..30, rate, &[], &mut waiting);
        // Their backlog stays, and drains little by little when sending is over.
        for second in 30..90 {
            let mut kept = waiting.split_off(waiting.len() / 2);
            let sent = if second < 40 { rate } else { 0 };
            if second < 40 { stage.second(second, sent, &slow, &mut kept) } else { stage.second(second, 0, &[], &mut waiting) }
            waiting.append(&mut kept);
        }
        let fast = stage.found().into_iter().filter(|(partition, ..)| !slow.contains(partition));
        prop_assert_eq!(fast.count(), 0);
    }

    #[test]
    fn an_observer_that_does_not_know_names_nothing(seed: u64, rate in 1_000..3_000_u64) {
        let mut stage = Stage::new(seed, 5, 0.0, 1);
        let mut waiting = Vec::new();
        run(&mut stage, 0..20, rate, &[], &mut waiting);
        for second in 20..60 {
            stage.second(second * 2, rate, &[second as u16 / 4 % 5], &mut waiting);
        }
        prop_assert_eq!(stage.found(), []);
    }

    /// A pipeline that hands over each partition's events every few seconds.
    #[test]
    fn what_comes_in_batches_of_time_is_usual(seed: u64, partitions in 2..12_u16, rate in 100..3_000_u64, every in 2..12_u64) {
        let mut stage = Stage::new(seed, partitions, 0.0, 1);
        let mut waiting = Vec::new();
        for second in 0..200 {
            let others: Vec<u16> = (0..partitions).filter(|partition| (second + u64::from(*partition)) % every != 0).collect();
            stage.second(second, rate, &others, &mut waiting);
        }
        prop_assert_eq!(stage.found(), []);
    }
}
