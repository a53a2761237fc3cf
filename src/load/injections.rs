//! What the profile does to single events on purpose: lateness and retries.
//!
//! Everything is a function of (seed, stream, producer, sequence), so a checker can recompute it instead of storing it.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::random::{Purpose, Source, short_sequence, threshold, unit};
use crate::profile::{Jitter, Lateness, LatenessDistribution, Retries, Stream};

/// What was done to one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Injected {
    /// Further copies sent after the first send.
    pub copies: u8,
    /// The first send is later than its place in the order.
    pub moved: bool,
    /// The event time is before due.
    pub late: bool,
}

/// The injections of one stream.
#[derive(Debug, Clone)]
pub struct Injections {
    source: Source,
    lateness: Option<Lateness>,
    retries: Option<Retries>,
}

/// When the tries of one event happen, in nanoseconds after its place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tries {
    /// The first `sends` hold when each send happens.
    after_ns: [u64; 11],
    sends: usize,
    moved: bool,
}

impl Tries {
    /// The sends, in order of time.
    pub(super) fn after_ns(&self) -> &[u64] {
        &self.after_ns[..self.sends]
    }
}

impl Injections {
    /// The injections of the profile's stream number `stream_index`.
    #[must_use]
    pub fn new(stream: &Stream, seed: u64, stream_index: u8) -> Self {
        Injections { source: Source::new(seed, stream_index), lateness: stream.lateness, retries: stream.retries }
    }

    /// What is done to one event.
    #[must_use]
    pub fn of(&self, producer: u16, sequence: u64) -> Injected {
        let tries = self.tries(producer, sequence);
        Injected {
            copies: tries.map_or(0, |tries| (tries.sends - 1) as u8),
            moved: tries.is_some_and(|tries| tries.moved),
            late: self.lateness_ns(producer, sequence) > 0,
        }
    }

    /// Whether anything is done to any event.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.lateness.is_some() || self.retries.is_some()
    }

    /// Whether anything is sent again at all.
    pub(super) fn has_retries(&self) -> bool {
        self.retries.is_some()
    }

    /// The longest time between an event's place in the schedule and its last send.
    pub(super) fn longest_ns(&self) -> u64 {
        self.retries.map_or(0, |retries| {
            (1..=retries.attempts).fold(0_u64, |sum, n| sum.saturating_add(backoff_ns(&retries, n)))
        })
    }

    /// The tries of an event that is retried; `None` for one that is sent once, in its place.
    pub(super) fn tries(&self, producer: u16, sequence: u64) -> Option<Tries> {
        let retries = self.retries?;
        let bits = self.source.bits(Purpose::Retries, producer, sequence);
        if bits >= threshold(retries.share) {
            return None;
        }
        let mut random = short_sequence(bits);
        let moved = unit(&mut random) < retries.lost_first;
        let mut tries = Tries { moved, sends: usize::from(!moved), ..Tries::default() };
        let mut after_ns = 0_u64;
        for n in 1..=retries.attempts.min(10) {
            after_ns = after_ns.saturating_add(wait_ns(&retries, n, &mut random));
            tries.after_ns[tries.sends] = after_ns;
            tries.sends += 1;
            if unit(&mut random) >= retries.again {
                break;
            }
        }
        Some(tries)
    }

    /// How far the event time is before the event's place in the schedule, in nanoseconds; 0 for an event that is not late.
    pub(super) fn lateness_ns(&self, producer: u16, sequence: u64) -> u64 {
        let Some(lateness) = self.lateness else { return 0 };
        let bits = self.source.bits(Purpose::Lateness, producer, sequence);
        if bits >= threshold(lateness.share) {
            return 0;
        }
        let drawn_ns = draw_lateness_ns(&lateness, &mut short_sequence(bits));
        // An event that is chosen to be late is late by at least a millisecond, the resolution of event time.
        (drawn_ns as u64).clamp(1_000_000, lateness.cap.map_or(u64::MAX >> 2, |cap| cap.as_nanos().max(1_000_000)))
    }
}

fn draw_lateness_ns(lateness: &Lateness, random: &mut impl Rng) -> f64 {
    let median_ns = lateness.median.as_nanos() as f64;
    // 1 - u is in (0, 1]: a logarithm or a negative power of it is finite.
    let chance = 1.0 - unit(random);
    match lateness.distribution {
        LatenessDistribution::Exponential => -libm::log(chance) * median_ns / std::f64::consts::LN_2,
        LatenessDistribution::Uniform => chance * 2.0 * median_ns,
        LatenessDistribution::LogNormal => {
            let normal: f64 = StandardNormal.sample(random);
            median_ns * libm::exp(lateness.sigma.unwrap_or(1.0) * normal)
        }
        LatenessDistribution::Pareto => {
            let tail = lateness.tail.unwrap_or(1.5);
            median_ns * libm::pow(2.0 * chance, -1.0 / tail)
        }
    }
}

/// The backoff before retry `n`: min(cap, base · 2^(n-1)).
fn backoff_ns(retries: &Retries, n: u8) -> u64 {
    let doubled = retries.base.as_nanos().saturating_mul(1 << (n.clamp(1, 40) - 1));
    doubled.min(retries.cap.as_nanos())
}

/// "Full" and "equal" jitter as named by M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
fn wait_ns(retries: &Retries, n: u8, random: &mut impl Rng) -> u64 {
    let backoff = backoff_ns(retries, n);
    match retries.jitter {
        Jitter::None => backoff,
        Jitter::Full => (backoff as f64 * unit(random)) as u64,
        Jitter::Equal => backoff / 2 + (backoff as f64 / 2.0 * unit(random)) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Span;

    fn retries() -> Retries {
        Retries {
            share: 0.1,
            again: 0.5,
            attempts: 4,
            base: Span::from_millis(100),
            cap: Span::from_millis(300),
            jitter: Jitter::None,
            lost_first: 0.25,
        }
    }

    fn injections(lateness: Option<Lateness>, retries: Option<Retries>) -> Injections {
        Injections { source: Source::new(1, 0), lateness, retries }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        assert_eq!([1, 2, 3, 4].map(|n| backoff_ns(&retries(), n) / 1_000_000), [100, 200, 300, 300]);
    }

    #[test]
    fn retries_hit_their_share_and_never_shrink() {
        let injections = injections(None, Some(retries()));
        let tries: Vec<Tries> = (0..100_000).filter_map(|sequence| injections.tries(3, sequence)).collect();
        assert!((tries.len() as f64 / 100_000.0 - 0.1).abs() < 0.005, "{}", tries.len());
        let moved = tries.iter().filter(|tries| tries.moved).count() as f64 / tries.len() as f64;
        assert!((moved - 0.25).abs() < 0.03, "{moved}");
        for tries in &tries {
            assert!(tries.after_ns().is_sorted() && !tries.after_ns().is_empty());
            assert!(tries.after_ns().last() <= Some(&injections.longest_ns()));
        }
    }

    #[test]
    fn lateness_has_its_median_and_tail() {
        for (distribution, tenfold) in
            [(LatenessDistribution::Exponential, 0.000_98), (LatenessDistribution::Pareto, 0.0158)]
        {
            let late = Lateness {
                share: 1.0,
                distribution,
                median: Span::from_secs(2),
                sigma: None,
                tail: Some(1.5),
                cap: None,
            };
            let injections = injections(Some(late), None);
            let drawn: Vec<u64> = (0..100_000).map(|sequence| injections.lateness_ns(0, sequence)).collect();
            let beyond = |limit_ns: u64| drawn.iter().filter(|ns| **ns > limit_ns).count() as f64 / 1e5;
            assert!((beyond(2_000_000_000) - 0.5).abs() < 0.01, "{distribution:?} median");
            assert!(
                (beyond(20_000_000_000) - tenfold).abs() < 0.0015,
                "{distribution:?}: {} beyond tenfold",
                beyond(20_000_000_000)
            );
        }
    }
}
