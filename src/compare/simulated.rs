//! How often equal sets are called worse, and how often worse ones are found: simulated runs with the noise of real ones.
//!
//! Run-to-run noise is log-normal: part of it is the whole run's (the machine), part the hop's, part the percentile's own; 3 % at the median
//! and 8 % at the p99. `scripts/prove-compare` does the same with real runs.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::made_up::{run, scale_latencies};
use super::*;
use crate::latency::Latencies;

/// Shares of the variance that a run and a hop have in common.
const OF_RUN: f64 = 0.4;
const OF_HOP: f64 = 0.3;

struct Noise(Xoshiro256PlusPlus);

impl Noise {
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// A run whose latencies vary, and are `slower` times as long.
    fn run(&mut self, number: usize, slower: f64) -> Run {
        let mut noisy = run(number);
        let of_run = self.normal() * OF_RUN.sqrt();
        let hops = &mut noisy.summary.streams[0].latency_ms;
        for hop in
            [&mut hops.due_to_sent, &mut hops.sent_to_acked, &mut hops.sent_to_consumed, &mut hops.due_to_consumed]
        {
            let shared = of_run + self.normal() * OF_HOP.sqrt();
            self.vary(hop, shared);
        }
        scale_latencies(&mut noisy, slower);
        noisy.summary.generator.cpu_s = Some(2.0 * (0.05 * self.normal()).exp());
        noisy
    }

    fn vary(&mut self, hop: &mut Latencies, shared: f64) {
        let own = (1.0 - OF_RUN - OF_HOP).sqrt();
        for (value, sigma) in [(&mut hop.p50, 0.03), (&mut hop.p90, 0.05), (&mut hop.p99, 0.08), (&mut hop.p999, 0.08)]
        {
            *value *= (sigma * (shared + own * self.normal())).exp();
        }
    }
}

/// The number of pairs, of those drawn, that are called a regression when the second set is `slower` times as slow.
fn called_worse(pairs: u64, runs: usize, slower: f64, threshold: &str) -> usize {
    let rules = Rules { thresholds: Thresholds::of(&[threshold.parse().unwrap()]), anyway: false };
    let called = |seed: &u64| {
        let mut noise = Noise(Xoshiro256PlusPlus::seed_from_u64(*seed));
        let base: Vec<Run> = (0..runs).map(|number| noise.run(number, 1.0)).collect();
        let new: Vec<Run> = (runs..2 * runs).map(|number| noise.run(number, slower)).collect();
        compare(&base, &new, &rules).unwrap().finding == Finding::Regression
    };
    (0..pairs).filter(called).count()
}

#[test]
fn equal_sets_are_hardly_ever_called_worse() {
    // Without a threshold, nothing but the family-wise rule keeps chance out.
    let called =
        [(5, "5%"), (10, "5%"), (5, "0%"), (10, "0%")].map(|(runs, threshold)| called_worse(200, runs, 1.0, threshold));
    println!("equal sets called worse, of 200: {called:?}");
    assert!(called.iter().all(|called| *called <= 4), "{called:?}");
}

#[test]
fn what_is_much_worse_is_found_and_what_is_within_the_threshold_is_not() {
    let called = [1.05, 1.1, 1.2].map(|slower| called_worse(40, 10, slower, "5%"));
    println!("sets of 10 runs called worse, of 40, when 5, 10 and 20 % slower: {called:?}");
    assert!(called[0] <= 4 && called[1] >= 20 && called[2] >= 38, "{called:?}");
    let called = called_worse(40, 5, 1.2, "5%");
    println!("sets of 5 runs called worse, of 40, when 20 % slower: {called}");
    assert!(called >= 20, "{called}");
}
