//! A target that carries its backlog over: a log, and behind it one that reads from it at a known rate. Fluid, in ticks, without a clock.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::incidents::Second;

const TICK_S: f64 = 0.05;
const TICKS_PER_S: usize = 20;
/// Less than this is rounding.
const NOTHING: f64 = 1e-6;

/// What a queue is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Events that are served in a second, on average: the truth.
    pub(super) per_s: f64,
    /// The standard deviation of what a second serves, relative to the mean.
    pub(super) noise: f64,
    /// How often a second serves nothing, and the next one twice as much.
    pub(super) hiccups: f64,
    /// Whether it serves as Kafka's quota lets pass: by the average of eleven samples of a second, so ten seconds of it at once after idle time.
    pub(super) is_quota: bool,
}

/// A queue at work. What is offered waits until it is served.
#[derive(Debug)]
pub(super) struct Queue {
    service: Service,
    waiting: VecDeque<Arrived>,
    samples: VecDeque<Sample>,
    tick: u64,
    /// How much the present second serves, relative to the mean.
    strength: f64,
    /// What the second before did not serve.
    owed: f64,
    random: Xoshiro256PlusPlus,
}

/// Events that came in one tick.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    tick: u64,
    events: f64,
}

/// What a quota counted in a second.
#[derive(Debug, Clone, Copy)]
struct Sample {
    begun: u64,
    events: f64,
}

/// What was seen while something was offered.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) seconds: Vec<Second>,
    /// How long events took, in seconds, and how many took so long.
    delays: Vec<(f64, f64)>,
    pub(super) offered: f64,
    pub(super) served: f64,
}

impl Queue {
    pub(super) fn new(service: Service, seed: u64) -> Self {
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Queue { service, waiting: VecDeque::new(), samples: VecDeque::new(), tick: 0, strength: 1.0, owed: 0.0, random }
    }

    /// How long it has been at work.
    pub(super) fn now_s(&self) -> f64 {
        self.tick as f64 * TICK_S
    }

    pub(super) fn backlog(&self) -> f64 {
        self.waiting.iter().map(|arrived| arrived.events).sum()
    }

    /// Offers a steady rate for whole seconds. Of what waits from earlier the delays count too.
    pub(super) fn offer(&mut self, per_s: f64, seconds: usize) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..seconds {
            let before = (seen.offered, seen.served);
            (0..TICKS_PER_S).for_each(|_| self.step(per_s * TICK_S, &mut seen));
            let whole = |from: f64, to: f64| (to.round() - from.round()) as u64;
            let (offered, delivered) = (whole(before.0, seen.offered), whole(before.1, seen.served));
            seen.seconds.push(Second { offered, delivered, ..Second::default() });
        }
        seen
    }

    /// Offers nothing until all is served, or for `most_s`.
    pub(super) fn drain(&mut self, most_s: f64) -> Seen {
        let (mut seen, until_s) = (Seen::default(), self.now_s() + most_s);
        while self.backlog() > NOTHING && self.now_s() < until_s {
            self.step(0.0, &mut seen);
        }
        seen
    }

    fn step(&mut self, arrives: f64, seen: &mut Seen) {
        if self.tick.is_multiple_of(TICKS_PER_S as u64) {
            self.draw_strength();
        }
        if arrives > 0.0 {
            self.waiting.push_back(Arrived { tick: self.tick, events: arrives });
        }
        let mut room = if self.service.is_quota { self.quota() } else { self.service.per_s * TICK_S * self.strength };
        let before = seen.served;
        while let Some(first) = self.waiting.front_mut().filter(|_| room > NOTHING) {
            let served = first.events.min(room);
            seen.delays.push(((self.tick - first.tick) as f64 * TICK_S, served));
            seen.served += served;
            room -= served;
            first.events -= served;
            if first.events <= NOTHING {
                self.waiting.pop_front();
            }
        }
        self.count(seen.served - before);
        seen.offered += arrives;
        self.tick += 1;
    }

    /// What a quota lets pass now, as src/broker/quota.rs has it from Kafka: what its rate is since the oldest sample began, at least for ten
    /// seconds, less what the samples hold.
    fn quota(&mut self) -> f64 {
        let oldest_held = self.tick.saturating_sub(11 * TICKS_PER_S as u64 - 1);
        while self.samples.front().is_some_and(|sample| sample.begun < oldest_held) {
            self.samples.pop_front();
        }
        let elapsed = self.samples.front().map_or(0, |oldest| self.tick - oldest.begun) as f64 * TICK_S;
        let held: f64 = self.samples.iter().map(|sample| sample.events).sum();
        (self.service.per_s * elapsed.max(10.0) - held).max(0.0)
    }

    fn count(&mut self, events: f64) {
        let tick = self.tick;
        match self.samples.back_mut().filter(|sample| tick - sample.begun < TICKS_PER_S as u64) {
            Some(sample) => sample.events += events,
            None if events > 0.0 && self.service.is_quota => self.samples.push_back(Sample { begun: tick, events }),
            None => {}
        }
    }

    /// About normal: the sum of twelve uniform numbers.
    fn draw_strength(&mut self) {
        let normal: f64 = (0..12).map(|_| self.random.random::<f64>()).sum::<f64>() - 6.0;
        let fresh = (1.0 + self.service.noise * normal).max(0.0);
        let hiccup = self.random.random::<f64>() < self.service.hiccups;
        self.strength = if hiccup { 0.0 } else { fresh + self.owed };
        self.owed = if hiccup { fresh + self.owed } else { 0.0 };
    }
}

impl Seen {
    /// Puts what came after it behind it.
    pub(super) fn join(&mut self, later: Seen) {
        self.seconds.extend(later.seconds);
        self.delays.extend(later.delays);
        self.offered += later.offered;
        self.served += later.served;
    }

    /// 99 % of the events took no longer, in seconds.
    pub(super) fn p99_s(&self) -> f64 {
        let mut delays = self.delays.clone();
        delays.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut left = self.delays.iter().map(|(_, events)| events).sum::<f64>() * 0.99;
        for (delay_s, events) in delays {
            left -= events;
            if left <= NOTHING {
                return delay_s;
            }
        }
        0.0
    }
}

#[test]
fn what_is_offered_is_served_or_waits() {
    let service = Service { per_s: 1000.0, noise: 0.05, hiccups: 0.05, is_quota: false };
    let mut queue = Queue::new(service, 1);
    let mut seen = queue.offer(1200.0, 300);
    assert!((seen.offered - seen.served - queue.backlog()).abs() < 1e-3, "{} waits", queue.backlog());
    // In the long run it serves its rate: 300 seconds with a deviation of 5 % each.
    assert!((seen.served / 300.0 / 1000.0 - 1.0).abs() < 0.015, "{}", seen.served);
    seen.join(queue.drain(1e9));
    assert!((seen.offered - seen.served).abs() < 1e-3);
}

#[test]
fn a_quota_lets_ten_seconds_of_it_pass_at_once_and_its_rate_in_the_long_run() {
    let mut queue = Queue::new(Service { per_s: 1000.0, noise: 0.0, hiccups: 0.0, is_quota: true }, 1);
    assert!((queue.offer(6000.0, 2).served - 10_000.0).abs() < 1.0);
    let long = queue.offer(6000.0, 1100).served / 1100.0;
    assert!((long / 1000.0 - 1.0).abs() < 0.02, "{long}");
}
