//! How much a figure varies from one usual night to the next, and how far the tails of that reach.
//!
//! A scale from 20 nights is itself off by a quarter, and a figure whose scale came out too small raises alarms. So each figure's scale is drawn
//! towards that of its family by as much as the family's scales differ by chance alone (moderated variances: Smyth 2004, as in limma), and
//! what is left of that uncertainty, and the tails that the residuals show, are in the reference distribution.

use statrs::function::gamma::digamma;

use super::robust::scaled_mad;
use crate::median::median;

/// A figure's usual: where it is, and how it varies.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Usual {
    /// The median of the nights on today's level.
    pub(super) center: f64,
    /// How many nights that is.
    pub(super) nights: usize,
    /// The last of them.
    pub(super) last: usize,
    /// What each of the nights was away from the level of its own stretch, the oldest first.
    pub(super) residuals: Vec<f64>,
    /// How much of the machine's own figure is in it: 0 where taking it out lowers no noise.
    pub(super) machine: f64,
    /// The standard error that the repetitions alone make, in a usual night.
    pub(super) repetition_error: f64,
    /// How many repetitions that night has.
    pub(super) repetitions: f64,
}

/// The noise of a figure, after its family was asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Noise {
    /// The standard deviation from night to night.
    pub(crate) deviation: f64,
    /// The degrees of freedom of the scale: how well it is known.
    pub(crate) known: f64,
    /// The degrees of freedom of the tails: few are heavy ones.
    pub(crate) tails: f64,
    /// How much of a night's deviation is still there in the next one.
    pub(crate) persistence: f64,
}

/// A night's number that never moves is not known to better than this, as a share.
const LEAST_DEVIATION: f64 = 0.0025;
/// A variance made of a median absolute deviation is as exact as one of 0.37 times as many values (its efficiency).
const MAD_EFFICIENCY: f64 = 0.37;
/// Above this, the family's scales are as good as one.
const MOST_KNOWN: f64 = 200.0;
/// The degrees of freedom of tails that are tried.
const TAILS: [f64; 8] = [3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 50.0];
/// Without nights enough, tails are taken to be like this; so many residuals weigh as much as that belief.
const TAILS_BELIEVED: f64 = 8.0;
const BELIEF: f64 = 40.0;

/// The noise of every figure of a family.
#[must_use]
pub(super) fn noises(family: &[Option<Usual>]) -> Vec<Option<Noise>> {
    let scales: Vec<Option<Scale>> = family.iter().map(|usual| usual.as_ref().and_then(Scale::of)).collect();
    let known: Vec<Scale> = scales.iter().flatten().copied().collect();
    let common = Common::of(&known);
    let moderated: Vec<Option<Scale>> =
        scales.into_iter().map(|scale| scale.map(|scale| common.moderated(scale))).collect();
    let standard = standardised(family, &moderated);
    let (tails, persistence) = (tails(&standard), persistence(&standard));
    let noise =
        |of: Scale| Noise { deviation: of.variance.sqrt().max(LEAST_DEVIATION), known: of.freedom, tails, persistence };
    moderated.into_iter().map(|of| of.map(noise)).collect()
}

/// A figure's own variance, and how many degrees of freedom it has.
#[derive(Debug, Clone, Copy)]
struct Scale {
    variance: f64,
    freedom: f64,
}

impl Scale {
    fn of(usual: &Usual) -> Option<Self> {
        let deviation = scaled_mad(&usual.residuals)?.max(LEAST_DEVIATION).max(usual.repetition_error);
        Some(Scale {
            variance: deviation * deviation,
            freedom: (MAD_EFFICIENCY * (usual.residuals.len() as f64 - 1.0)).max(1.0),
        })
    }
}

/// What the scales of a family have in common.
#[derive(Debug, Clone, Copy)]
struct Common {
    variance: f64,
    freedom: f64,
}

impl Common {
    /// From the mean and the variance of the scales' logarithms: what the variance exceeds chance by is how much the figures differ.
    fn of(scales: &[Scale]) -> Self {
        let n = scales.len() as f64;
        if scales.len() < 3 {
            return Common { variance: 1.0, freedom: 0.0 };
        }
        let logs: Vec<f64> = scales
            .iter()
            .map(|scale| scale.variance.ln() - digamma(scale.freedom / 2.0) + (scale.freedom / 2.0).ln())
            .collect();
        let mean = logs.iter().sum::<f64>() / n;
        let spread = logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>() / (n - 1.0);
        let by_chance = scales.iter().map(|scale| trigamma(scale.freedom / 2.0)).sum::<f64>() / n;
        let freedom = 2.0 * inverse_trigamma(spread - by_chance);
        let freedom = if freedom.is_finite() { freedom.min(MOST_KNOWN) } else { MOST_KNOWN };
        let variance = (mean + digamma(freedom / 2.0) - (freedom / 2.0).ln()).exp();
        Common { variance, freedom }
    }

    fn moderated(&self, scale: Scale) -> Scale {
        let freedom = self.freedom + scale.freedom;
        Scale { variance: (self.freedom * self.variance + scale.freedom * scale.variance) / freedom, freedom }
    }
}

/// The residuals of each figure in units of its scale: of the moderated one, as a scale of few nights that is off makes tails look heavy.
fn standardised(family: &[Option<Usual>], scales: &[Option<Scale>]) -> Vec<Vec<f64>> {
    let pairs = family.iter().zip(scales).filter_map(|(usual, scale)| usual.as_ref().zip(scale.as_ref()));
    pairs
        .map(|(usual, scale)| usual.residuals.iter().map(|residual| residual / scale.variance.sqrt()).collect())
        .collect()
}

/// The tails of all residuals together: the degrees of freedom of the t distribution with their median absolute deviation that makes them most
/// likely, with a belief for when they are few.
fn tails(standard: &[Vec<f64>]) -> f64 {
    let likely = |freedom: f64| {
        let fitted: f64 = standard.iter().flatten().map(|residual| log_density(*residual, freedom)).sum();
        fitted + BELIEF * expected_log_density(freedom)
    };
    TAILS.into_iter().max_by(|one, other| likely(*one).total_cmp(&likely(*other))).unwrap_or(TAILS_BELIEVED)
}

/// The quartile of a t distribution, nearly (from its normal limit 0.6745 up to 0.765 at 3 degrees of freedom).
pub(super) fn quartile(freedom: f64) -> f64 {
    0.6745 * (1.0 + 0.297 / freedom + 0.32 / (freedom * freedom))
}

/// How likely a residual is under a t distribution whose median absolute deviation is that of a standard normal distribution.
fn log_density(residual: f64, freedom: f64) -> f64 {
    use statrs::function::gamma::ln_gamma;
    let scale = quartile(freedom) / 0.6745;
    let t = residual * scale;
    ln_gamma(f64::midpoint(freedom, 1.0)) - ln_gamma(freedom / 2.0) - 0.5 * (freedom * std::f64::consts::PI).ln()
        + scale.ln()
        - f64::midpoint(freedom, 1.0) * (1.0 + t * t / freedom).ln()
}

/// What one residual of the believed tails adds on average: at a few of its quantiles.
fn expected_log_density(freedom: f64) -> f64 {
    /// The quantiles of a t distribution with 8 degrees of freedom at 2.5 %, 7.5 % and so on, above its middle, scaled to a normal one's quartile.
    const QUANTILES: [f64; 10] = [0.060, 0.181, 0.305, 0.434, 0.571, 0.720, 0.889, 1.094, 1.378, 2.02];
    QUANTILES.into_iter().map(|quantile| log_density(quantile, freedom)).sum::<f64>() / QUANTILES.len() as f64
}

/// How much of a night's deviation is there in the next: the first autocorrelation of all residuals together, wild ones cut off. Residuals from
/// their own median show too little of it, by about 1/n.
fn persistence(standard: &[Vec<f64>]) -> f64 {
    let cut = |residual: f64| residual.clamp(-3.0, 3.0);
    let (mut together, mut alone, mut pairs) = (0.0, 0.0, 0_usize);
    for residuals in standard {
        for pair in residuals.windows(2) {
            together += cut(pair[0]) * cut(pair[1]);
            alone += f64::midpoint(cut(pair[0]).powi(2), cut(pair[1]).powi(2));
            pairs += 1;
        }
    }
    if pairs == 0 || alone <= 0.0 {
        return 0.0;
    }
    let nights = median(standard.iter().map(|residuals| residuals.len() as f64).collect()).unwrap_or(1.0);
    (together / alone + 1.0 / nights.max(1.0)).clamp(0.0, 0.7)
}

/// The second derivative of ln Γ: by its recurrence up to 6, then by its asymptotic series.
fn trigamma(mut at: f64) -> f64 {
    let mut sum = 0.0;
    while at < 6.0 {
        sum += 1.0 / (at * at);
        at += 1.0;
    }
    let inverse = 1.0 / (at * at);
    sum + 1.0 / at + inverse / 2.0 + inverse / at * (1.0 / 6.0 - inverse * (1.0 / 30.0 - inverse / 42.0))
}

/// Where the trigamma function has this value: infinite where it is 0 or less. It falls from infinity to 0, so halving finds it.
fn inverse_trigamma(value: f64) -> f64 {
    if value <= 0.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (1e-3, 1e4);
    if value <= trigamma(high) {
        return f64::INFINITY;
    }
    for _ in 0..60 {
        let middle = f64::sqrt(low * high);
        if trigamma(middle) > value { low = middle } else { high = middle }
    }
    f64::sqrt(low * high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trigamma_function_has_its_known_values_and_its_inverse_leads_back() {
        let pi2_6 = std::f64::consts::PI.powi(2) / 6.0;
        assert!((trigamma(1.0) - pi2_6).abs() < 1e-8, "{}", trigamma(1.0));
        assert!((trigamma(0.5) - 3.0 * pi2_6).abs() < 1e-8, "{}", trigamma(0.5));
        for at in [0.3, 2.0, 40.0] {
            assert!((inverse_trigamma(trigamma(at)) / at - 1.0).abs() < 1e-6);
        }
        assert!(inverse_trigamma(0.0).is_infinite());
    }

    #[test]
    fn the_quartile_is_that_of_the_t_distribution() {
        use statrs::distribution::{ContinuousCDF, StudentsT};
        for freedom in [3.0, 5.0, 8.0, 50.0] {
            let exact = StudentsT::new(0.0, 1.0, freedom).unwrap().inverse_cdf(0.75);
            assert!((quartile(freedom) / exact - 1.0).abs() < 0.005, "{freedom}: {} {exact}", quartile(freedom));
        }
    }

    #[test]
    fn equal_scales_are_taken_together_and_unequal_ones_are_not() {
        let usual = |scale: f64, seed: usize| {
            let residuals = (0..25).map(|at| scale * (((at * 37 + seed * 11) % 25) as f64 - 12.0) / 9.0).collect();
            Some(Usual { nights: 25, residuals, ..Usual::default() })
        };
        let alike: Vec<Option<Usual>> = (0..12).map(|seed| usual(0.03, seed)).collect();
        let apart: Vec<Option<Usual>> = (0..12).map(|seed| usual(0.01 * (1 << (seed % 6)) as f64, seed)).collect();
        let known = |family: &[Option<Usual>]| noises(family)[0].unwrap().known;
        assert!(known(&alike) > 100.0 && known(&apart) < 30.0, "{} {}", known(&alike), known(&apart));
        let large = noises(&apart)[5].unwrap().deviation;
        assert!(large > 0.2, "{large}");
    }

    #[test]
    fn a_figure_that_never_moves_has_some_noise_all_the_same() {
        let still = Usual { residuals: vec![0.0; 20], nights: 20, ..Usual::default() };
        assert!(noises(&[Some(still)])[0].unwrap().deviation >= LEAST_DEVIATION);
    }
}
