//! Where the nights come from.

use rand::{Rng, RngExt as _, SeedableRng};
use rand_distr::{Distribution, Normal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::nights::{MachineNight, NightValue, Nights, Series};

/// Profiles, and figures of each.
const PROFILES: usize = 3;
const FIGURES: usize = 12;
/// How many repetitions a night has, and how many more on suspicion.
const REPETITIONS: usize = 5;
/// Which part of the variance from night to night is the machine's.
const OF_MACHINE: f64 = 0.5;
/// The probe's own error.
const PROBE_ERROR: f64 = 0.01;

/// A change of some figures, from a night on.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: usize,
    /// As a logarithm; for the worse.
    pub(super) by: f64,
    pub(super) figures: Vec<usize>,
}

/// A suite, its target and its machine.
pub(super) struct World {
    random: Xoshiro256PlusPlus,
    /// How many nights there are.
    pub(super) count: usize,
    night_deviation: f64,
    /// Of each figure.
    repetition_deviation: Vec<f64>,
    /// How much of the machine each figure shows.
    machine_share: Vec<f64>,
    machine: f64,
    machine_level: f64,
    own: Vec<f64>,
    /// Tonight's level of each figure, and its repetitions.
    level: Vec<f64>,
    values: Vec<Vec<f64>>,
    /// The change, if there is one.
    pub(super) change: Option<Change>,
    /// Whether the machine has another level now and then.
    pub(super) has_jumps: bool,
    /// Whether the machine itself is measured.
    pub(super) has_probe: bool,
}

impl World {
    /// Figures that vary by `night` from night to night, and by about `repetition` from one repetition to the next: standard deviations, as shares.
    pub(super) fn new(night: f64, repetition: f64, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let figures = PROFILES * FIGURES;
        World {
            count: 60,
            night_deviation: night,
            repetition_deviation: (0..figures).map(|_| repetition * random.random_range(0.6..1.4)).collect(),
            machine_share: (0..figures).map(|_| random.random_range(0.6..1.4)).collect(),
            machine: 0.0,
            machine_level: 0.0,
            own: vec![0.0; figures],
            level: Vec::new(),
            values: Vec::new(),
            change: None,
            has_jumps: true,
            has_probe: true,
            random,
        }
    }

    /// The suite before its first night.
    pub(super) fn without_nights(&self) -> Nights {
        let series = Series { less_is_worse: false, least: 0.05, nights: Vec::new(), accepted: Vec::new() };
        Nights { machine: Vec::new(), series: vec![series; self.own.len()] }
    }

    /// One more night.
    pub(super) fn sleep(&mut self, nights: &mut Nights, at: usize) {
        let (of_machine, of_own) =
            (self.night_deviation * OF_MACHINE.sqrt(), self.night_deviation * (1.0 - OF_MACHINE).sqrt());
        self.machine = next(self.machine, 0.5, of_machine, heavy(&mut self.random, 4.0));
        if self.has_jumps && self.random.random_bool(1.0 / 60.0) {
            let size = self.random.random_range(0.05..0.2);
            self.machine_level += if self.random.random_bool(0.5) { size } else { -size };
        }
        for figure in 0..self.own.len() {
            self.own[figure] = next(self.own[figure], 0.3, of_own, heavy(&mut self.random, 8.0));
        }
        let machine = self.machine + self.machine_level;
        self.level = (0..self.own.len())
            .map(|figure| self.own[figure] + self.machine_share[figure] * machine + self.changed(at, figure))
            .collect();
        let probe = machine + PROBE_ERROR * normal(&mut self.random);
        nights.machine.push(MachineNight { probe: self.has_probe.then_some(probe), ..MachineNight::default() });
        self.values = vec![Vec::new(); self.own.len()];
        for profile in 0..PROFILES {
            self.run(profile);
        }
        for (series, values) in nights.series.iter_mut().zip(&self.values) {
            series.nights.push(NightValue::of(values));
        }
    }

    /// As many repetitions again, of the profiles that have these figures.
    pub(super) fn repeat(&mut self, nights: &mut Nights, at: usize, suspected: &[usize]) {
        for profile in 0..PROFILES {
            if suspected.iter().any(|figure| figure / FIGURES == profile) {
                self.run(profile);
            }
        }
        for (series, values) in nights.series.iter_mut().zip(&self.values) {
            series.nights[at] = NightValue::of(values);
        }
    }

    fn changed(&self, at: usize, figure: usize) -> f64 {
        self.change
            .as_ref()
            .filter(|change| at >= change.at && change.figures.contains(&figure))
            .map_or(0.0, |change| change.by)
    }

    /// The repetitions of a profile: half of their variance is common to its figures, and one of thirty is wild in all of them.
    fn run(&mut self, profile: usize) {
        for _ in 0..REPETITIONS {
            let common = normal(&mut self.random);
            let wild = if self.random.random_bool(1.0 / 30.0) { self.random.random_range(1.0..6.0) } else { 0.0 };
            for figure in profile * FIGURES..(profile + 1) * FIGURES {
                let apart = std::f64::consts::FRAC_1_SQRT_2 * (common + normal(&mut self.random)) + wild;
                self.values[figure].push((self.level[figure] + self.repetition_deviation[figure] * apart).exp());
            }
        }
    }
}

/// The next of values that last: each is so much of the one before, and together they have this deviation.
fn next(before: f64, lasts: f64, deviation: f64, new: f64) -> f64 {
    lasts * before + deviation * (1.0 - lasts * lasts).sqrt() * new
}

/// A value of deviation 1 with heavy tails.
fn heavy(random: &mut impl Rng, freedom: f64) -> f64 {
    let wide = (freedom / (freedom - 2.0)).sqrt();
    StudentT::new(freedom).map_or(0.0, |law| law.sample(random) / wide)
}

fn normal(random: &mut impl Rng) -> f64 {
    Normal::new(0.0, 1.0).map_or(0.0, |law| law.sample(random))
}
