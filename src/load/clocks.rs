//! The logical producers' clocks, as wrong as the profile makes them.

use super::random::{Purpose, Source, threshold, unit};
use crate::profile::Skew;

/// How far one producer's clock is off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProducerClock {
    offset_ns: i64,
    /// Nanoseconds gained each second.
    drift_ns_per_s: f64,
    step_at_ns: u64,
    step_ns: i64,
    absurd_below: u64,
    absurd_ns: i64,
}

impl ProducerClock {
    pub(super) fn new(skew: Option<&Skew>, producer: u16, source: Source) -> Self {
        let Some(skew) = skew else { return ProducerClock::default() };
        let mut random = source.sequence(Purpose::Clock, producer, 0);
        // Every clock draws the same number of values, whichever of them the profile uses.
        let [drawn_offset, drawn_drift, drawn_step] = [(); 3].map(|()| unit(&mut random));
        let offset_ns = match (skew.offsets.len(), skew.spread) {
            (0, Some(spread)) => ((2.0 * drawn_offset - 1.0) * spread.as_nanos() as f64) as i64,
            (0, None) => 0,
            (n, _) => skew.offsets[usize::from(producer) % n].as_nanos(),
        };
        let step = skew.step.filter(|step| drawn_step < step.share);
        ProducerClock {
            offset_ns,
            // 1 ppm is 1,000 ns each second.
            drift_ns_per_s: (2.0 * drawn_drift - 1.0) * skew.drift_ppm * 1000.0,
            step_at_ns: step.map_or(u64::MAX, |step| step.at.as_nanos()),
            step_ns: step.map_or(0, |step| step.by.as_nanos()),
            absurd_below: skew.absurd.map_or(0, |absurd| threshold(absurd.share)),
            absurd_ns: skew.absurd.map_or(0, |absurd| absurd.offset.as_nanos()),
        }
    }

    /// What the clock shows minus the truth, in nanoseconds, for the event that happens at `at_ns`.
    pub(super) fn error_ns(&self, at_ns: u64, producer: u16, sequence: u64, source: Source) -> i64 {
        let absurd_ns = if self.is_absurd(producer, sequence, source) { self.absurd_ns } else { 0 };
        self.steady_error_ns(at_ns).saturating_add(absurd_ns)
    }

    /// The same without the absurd times of single events: offset, drift and step.
    pub(super) fn steady_error_ns(&self, at_ns: u64) -> i64 {
        let drift_ns = (self.drift_ns_per_s * (at_ns as f64 / 1e9)) as i64;
        let step_ns = if at_ns >= self.step_at_ns { self.step_ns } else { 0 };
        self.offset_ns.saturating_add(drift_ns).saturating_add(step_ns)
    }

    /// Whether it is right for every event of the run.
    pub(super) fn is_right(&self) -> bool {
        self.offset_ns == 0 && self.drift_ns_per_s == 0.0 && self.step_ns == 0 && self.absurd_below == 0
    }

    /// Whether the event's time is off by the profile's absurd amount.
    pub(super) fn is_absurd(&self, producer: u16, sequence: u64, source: Source) -> bool {
        self.absurd_below > 0 && source.bits(Purpose::Absurd, producer, sequence) < self.absurd_below
    }
}
