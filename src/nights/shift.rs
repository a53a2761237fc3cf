//! How far the newest nights are from the usual, and how often equal nights are.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::noise::{Noise, Usual, quartile};

/// Nights that hang together more than this are no noise around a level any more.
const MOST_PERSISTENT: f64 = 0.8;
/// A figure that follows the machine does so by at most about this much: a machine that is 10 % slower makes it 15 % worse.
const MOST_OF_MACHINE: f64 = 1.5;

/// The newest nights against the usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    /// How far: a natural logarithm.
    pub(super) by: f64,
    /// How often equal nights are as far above, or further.
    pub(super) of_rise: f64,
    /// How often equal nights are as far below, or further.
    pub(super) of_fall: f64,
}

/// The mean of so many nights against the usual of so many others, as a law of chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Law {
    /// The standard error of the difference.
    pub(super) error: f64,
    /// The degrees of freedom of a t distribution with that standard error.
    freedom: f64,
}

impl Law {
    /// For `nights` new nights, whose repetitions make `repetitions` of the variance that a usual night's make (1 for as many of them, 0.5 for
    /// twice as many).
    ///
    /// The variance of a mean of n nights with a first autocorrelation φ is σ²/n · (1 + 2 Σ (1 − j/n) φ^j); that of a median is π/2 times a
    /// mean's. The tails: the mean of n t-distributed values with ν degrees of freedom has a kurtosis as with 4 + n(ν − 4), and the scale's
    /// own freedom is as of parallel ways: 1/(1/tails + 1/known).
    #[must_use]
    pub(super) fn of(usual: &Usual, noise: &Noise, nights: usize, repetitions: f64) -> Self {
        let n = nights as f64;
        let from_repetitions = usual.repetition_error.min(noise.deviation).powi(2);
        let lasting = noise.deviation.powi(2) - from_repetitions;
        // Repetitions of one night say nothing of the next: all that persists is in the rest.
        let persistence = (noise.persistence * noise.deviation.powi(2) / lasting.max(1e-12)).min(MOST_PERSISTENT);
        let correlated =
            1.0 + 2.0 * (1..nights).map(|lag| (1.0 - lag as f64 / n) * persistence.powi(lag as i32)).sum::<f64>();
        let of_new = (lasting * correlated + from_repetitions * repetitions) / n;
        let long = (1.0 + persistence) / (1.0 - persistence);
        let of_usual = std::f64::consts::FRAC_PI_2 * (lasting * long + from_repetitions) / usual.nights.max(1) as f64;
        // Only a single night shows its tails in full.
        let tails = if noise.tails > 4.0 { 4.0 + n * (noise.tails - 4.0) } else { noise.tails + (n - 1.0) / 2.0 };
        let freedom = 1.0 / (1.0 / tails + 1.0 / noise.known.max(1.0));
        Law { error: (of_new + of_usual).sqrt() * widened(noise.tails, nights), freedom }
    }

    /// How often equal nights are this far above the usual, or further.
    #[must_use]
    pub(super) fn chance_above(&self, by: f64) -> f64 {
        self.distribution().map_or(1.0, |law| law.sf(by / self.error * self.to_t()))
    }

    /// How far above the usual equal nights are no more often than this.
    #[must_use]
    pub(super) fn quantile(&self, chance: f64) -> f64 {
        self.distribution().map_or(f64::INFINITY, |law| law.inverse_cdf(1.0 - chance) * self.error / self.to_t())
    }

    fn distribution(&self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, self.freedom).ok().filter(|_| self.error > 0.0)
    }

    /// A t distribution's own unit is its quartile, as the scale was taken from the middle half of the nights.
    fn to_t(self) -> f64 {
        quartile(self.freedom) / 0.6745
    }
}

/// The mean of several heavy-tailed nights varies more than the middle half of single ones shows, by the ratio of the standard deviation to
/// that of the normal distribution with the same quartile, the nearer the more nights there are.
fn widened(tails: f64, nights: usize) -> f64 {
    let tails = tails.max(3.0);
    let ratio = (tails / (tails - 2.0)).sqrt() * 0.6745 / quartile(tails);
    1.0 + (ratio - 1.0) * (1.0 - 1.0 / nights as f64)
}

/// The shift of the newest nights' numbers, in which the machine was away from its usual by `machine`, on average. Of that, a figure may follow
/// more than the usual nights show: what up to [`MOST_OF_MACHINE`] of it would explain is not held against the target.
#[must_use]
pub(super) fn shift(newest: &[f64], usual: &Usual, law: &Law, machine: f64) -> Shift {
    let by = newest.iter().sum::<f64>() / newest.len().max(1) as f64 - usual.center;
    let may_be_machine = (MOST_OF_MACHINE - usual.machine.abs()).max(0.0) * machine;
    let [rise, fall] = [by - may_be_machine.max(0.0), -by + may_be_machine.min(0.0)];
    Shift { by, of_rise: law.chance_above(rise), of_fall: law.chance_above(fall) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Usual {
        Usual { nights: 30, repetition_error: 0.01, repetitions: 5.0, ..Usual::default() }
    }

    fn noise() -> Noise {
        Noise { deviation: 0.03, known: 100.0, tails: 50.0, persistence: 0.0 }
    }

    #[test]
    fn three_nights_say_more_than_one_and_more_repetitions_than_fewer() {
        let error = |nights, repetitions| Law::of(&usual(), &noise(), nights, repetitions).error;
        assert!(error(3, 1.0) < 0.7 * error(1, 1.0));
        assert!(error(1, 0.5) < error(1, 1.0));
        // 0.03 and the error of the usual: 0.03·√(π/2/30).
        assert!((error(1, 1.0) - 0.0308).abs() < 2e-4, "{}", error(1, 1.0));
    }

    #[test]
    fn nights_that_hang_together_and_heavy_tails_say_less() {
        let plain = Law::of(&usual(), &noise(), 3, 1.0);
        let lasting = Law::of(&usual(), &Noise { persistence: 0.5, ..noise() }, 3, 1.0);
        let heavy = Law::of(&usual(), &Noise { tails: 4.0, ..noise() }, 1, 1.0);
        assert!(lasting.error > 1.3 * plain.error);
        assert!(heavy.chance_above(0.15) > 10.0 * Law::of(&usual(), &noise(), 1, 1.0).chance_above(0.15));
    }

    #[test]
    fn a_quantile_is_exceeded_as_often_as_it_says() {
        let law = Law::of(&usual(), &noise(), 1, 1.0);
        for chance in [0.2, 0.01, 1e-5] {
            assert!((law.chance_above(law.quantile(chance)) / chance - 1.0).abs() < 1e-3, "{chance}");
        }
        let found = shift(&[0.06], &usual(), &law, 0.0);
        assert!(found.of_rise < 0.05 && found.of_fall > 0.95, "{found:?}");
    }
}
