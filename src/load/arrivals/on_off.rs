//! On-off arrivals: a cycle's events are squeezed into one burst, so that every cycle keeps its mass.

use rand::RngExt;

use super::poisson::{Poisson, PoissonBlocks};
use super::{Block, Blocks, Process, Share};
use crate::load::random::{Purpose, Source};
use crate::load::rate::RateCurve;
use crate::profile::{Keeps, OnOff, Span};

/// Poisson arrivals, squeezed into bursts.
#[derive(Debug)]
pub(super) struct OnOffProcess {
    bursts: Bursts,
}

impl OnOffProcess {
    pub(super) fn new(on_off: OnOff, end: Span, source: Source) -> Self {
        OnOffProcess { bursts: Bursts::new(on_off, end, source) }
    }
}

impl Process for OnOffProcess {
    fn rate_factor(&self) -> f64 {
        self.bursts.rate_factor()
    }

    fn peak_factor(&self) -> f64 {
        1.0 / self.bursts.duty
    }

    fn outline(&self, curve: &RateCurve) -> Vec<(f64, f64)> {
        self.bursts.outline(curve)
    }

    fn total(&self, share: &Share) -> u64 {
        Poisson.total(share)
    }

    fn blocks(&self, share: Share) -> Box<dyn Blocks> {
        Box::new(BurstBlocks { even: PoissonBlocks::new(share), bursts: self.bursts.clone() })
    }
}

/// Poisson blocks whose due times are squeezed.
#[derive(Debug)]
struct BurstBlocks {
    even: PoissonBlocks,
    bursts: Bursts,
}

impl Blocks for BurstBlocks {
    fn seek_time(&mut self, curve: &RateCurve, at_ns: u64) {
        self.even.seek_time(curve, self.bursts.cycle_start_ns(at_ns));
    }

    fn seek_event(&mut self, curve: &RateCurve, sequence: u64) {
        self.even.seek_event(curve, sequence);
    }

    fn next_block(&mut self, curve: &RateCurve) -> Option<Block> {
        self.even.next_block(curve)
    }

    fn add_due_ns(&mut self, curve: &RateCurve, block: Block, due_ns: &mut Vec<u64>) {
        let before = due_ns.len();
        self.even.add_due_ns(curve, block, due_ns);
        for at_ns in &mut due_ns[before..] {
            *at_ns = self.bursts.squeeze(*at_ns);
        }
    }
}

/// Squeezes each cycle of `on` + `off` into a burst of `on` at a random place of the cycle.
#[derive(Debug, Clone)]
struct Bursts {
    cycle_ns: u64,
    duty: f64,
    end_ns: u64,
    keeps: Keeps,
    source: Source,
}

impl Bursts {
    fn new(on_off: OnOff, end: Span, source: Source) -> Self {
        let cycle_ns = on_off.on.as_nanos().saturating_add(on_off.off.as_nanos()).max(1);
        let duty = on_off.on.as_nanos() as f64 / cycle_ns as f64;
        Bursts { cycle_ns, duty, end_ns: end.as_nanos(), keeps: on_off.keeps, source }
    }

    /// What the rate curve is multiplied by, so that `rate` means what `keeps` says.
    fn rate_factor(&self) -> f64 {
        match self.keeps {
            Keeps::Peak => self.duty,
            Keeps::Mean => 1.0,
        }
    }

    /// The start of the cycle that holds a moment.
    fn cycle_start_ns(&self, at_ns: u64) -> u64 {
        at_ns - at_ns % self.cycle_ns
    }

    /// The bursts as points of a line: seconds from the start, events per second. A burst is drawn at its cycle's mean rate.
    fn outline(&self, curve: &RateCurve) -> Vec<(f64, f64)> {
        let mut points = vec![(0.0, 0.0)];
        let mut start_ns = 0;
        while start_ns < self.end_ns {
            let end_ns = self.end_ns.min(start_ns + self.cycle_ns);
            let mass = curve.cumulative(end_ns) - curve.cumulative(start_ns);
            let from_s = self.squeeze(start_ns) as f64 / 1e9;
            let length_s = (end_ns - start_ns) as f64 / 1e9 * self.duty;
            let per_s = mass / length_s.max(1e-9);
            points.extend([(from_s, 0.0), (from_s, per_s), (from_s + length_s, per_s), (from_s + length_s, 0.0)]);
            start_ns = end_ns;
        }
        points
    }

    /// Moves a moment of the even schedule into its cycle's burst.
    fn squeeze(&self, even_ns: u64) -> u64 {
        let cycle = even_ns / self.cycle_ns;
        let start_ns = cycle * self.cycle_ns;
        let length_ns = self.cycle_ns.min(self.end_ns.saturating_sub(start_ns)) as f64;
        let room_ns = length_ns * (1.0 - self.duty);
        let place: f64 = self.source.sequence(Purpose::Bursts, 0, cycle).random();
        start_ns + (room_ns * place + (even_ns - start_ns) as f64 * self.duty) as u64
    }
}
