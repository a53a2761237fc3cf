//! Two other ways to find a capacity, as rules alone: what comes next, given what was seen.

/// OpenMessaging Benchmark's search for the highest sustainable rate, as it stands in RateController.java and in WorkloadGenerator.java's
/// `findMaximumSustainableRate`, written anew from what they do (github.com/openmessaging/benchmark at 8559989, January 2026).
///
/// Every three seconds the rate is raised by a share, unless more than 1,000 events wait: then the rate falls to what would have left none
/// waiting, at most to what was received. The share doubles with each step up and halves with each step down.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateFinder {
    pub(super) per_s: f64,
    /// By how much of itself the rate grows.
    share: f64,
}

/// What one period of the rate finder saw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) seconds: f64,
    pub(super) published: f64,
    pub(super) received: f64,
    /// Published and not received, since the start.
    pub(super) backlog: f64,
}

impl RateFinder {
    /// How long a period is.
    pub(super) const PERIOD_S: usize = 3;
    const MOST_WAITING: f64 = 1_000.0;
    const SHARES: (f64, f64) = (0.01, 1.0);

    /// It begins with 10,000/s, whatever the target.
    pub(super) fn new() -> Self {
        RateFinder { per_s: 10_000.0, share: Self::SHARES.1 }
    }

    /// What the sender is set to: never below 1/s.
    pub(super) fn offers_per_s(&self) -> f64 {
        self.per_s.max(1.0)
    }

    pub(super) fn after(self, seen: Period) -> Self {
        let expected = (self.per_s * seen.seconds).floor();
        let unpublished = expected - seen.published;
        if seen.backlog > Self::MOST_WAITING {
            self.down(seen.seconds, seen.received, expected - seen.backlog)
        } else if unpublished > Self::MOST_WAITING {
            self.down(seen.seconds, seen.published, expected - unpublished)
        } else {
            let share = (self.share * 2.0).min(Self::SHARES.1);
            RateFinder { per_s: self.per_s * (1.0 + share), share }
        }
    }

    fn down(self, seconds: f64, managed: f64, without_backlog: f64) -> Self {
        let per_s = managed.min(without_backlog.max(0.0)) / seconds;
        RateFinder { per_s, share: (self.share / 2.0).max(Self::SHARES.0) }
    }
}

/// The knob that is turned until something is red: 5 % more with each step, and the answer is the last rate that held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ramp {
    pub(super) per_s: f64,
    held_per_s: f64,
}

impl Ramp {
    pub(super) fn from(per_s: f64) -> Self {
        Ramp { per_s, held_per_s: 0.0 }
    }

    /// The next step, or the answer.
    pub(super) fn after(self, holds: bool) -> Result<Self, f64> {
        if holds { Ok(Ramp { per_s: self.per_s * 1.05, held_per_s: self.per_s }) } else { Err(self.held_per_s) }
    }
}

#[test]
fn the_rate_finder_doubles_while_nothing_waits_and_falls_to_what_leaves_nothing_waiting() {
    let period = |published: f64, received: f64, backlog: f64| Period { seconds: 3.0, published, received, backlog };
    let start = RateFinder::new();
    let raised = start.after(period(30_000.0, 30_000.0, 900.0));
    assert!((raised.per_s - 20_000.0).abs() < 1e-9);
    // 60,000 were to be published and 6,000 of them wait: 54,000 would have left none; 53,000 were received.
    let fallen = raised.after(period(60_000.0, 53_000.0, 6_000.0));
    assert!((fallen.per_s - 53_000.0 / 3.0).abs() < 1e-9 && (fallen.share - 0.5).abs() < 1e-9);
    // The share doubles again before it is added.
    assert!((fallen.after(period(53_000.0, 53_000.0, 0.0)).per_s / fallen.per_s - 2.0).abs() < 1e-9);
    // A rate of nothing stays one.
    let stuck = fallen.after(period(53_000.0, 3_000.0, 60_000.0));
    assert!(stuck.per_s.abs() < 1e-9 && stuck.after(period(3.0, 3.0, 0.0)).per_s.abs() < 1e-9);
    assert!((stuck.offers_per_s() - 1.0).abs() < 1e-9);
}
