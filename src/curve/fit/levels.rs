//! What is measured at each scale: the bucket, two buckets, four, eight, and so on.

use serde::Serialize;

use super::FitError;
use crate::curve::Curve;

/// Fewer buckets than this cannot be fitted.
pub(crate) const LEAST_BUCKETS: usize = 20;
/// The fewest pairs of windows of a level.
const LEAST_PAIRS: usize = 10;

/// One scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Level {
    /// The windows' length.
    pub window_s: f64,
    /// How many windows there are.
    pub windows: usize,
    /// Var N / E N around a rate that changes in straight lines; 1 for a Poisson process, whatever its trend.
    ///
    /// From the difference of the two halves of each window of twice the length, less the difference expected from the windows on both
    /// sides of it. It is the Allan factor without the trend, as in the Hadamard variance (Baugh, Frequency Modulation Analysis with the
    /// Hadamard Variance, Proc. 25th Annual Frequency Control Symposium, 1971): a replay draws the trend itself.
    pub local_dispersion: f64,
    /// (2b − 1)² of the b-model from the same differences; 0 for a Poisson process.
    ///
    /// N events that fall randomly into two halves with the shares b and 1 − b give E (X − Y)² = N + (2b − 1)² N (N − 1); solved for the
    /// second term and summed over the pairs, so that chance does not count as unevenness.
    pub uneven: f64,
    /// −Σ p log₂ p over the windows' shares p of all events: the level's entropy, as in Wang et al. 2002.
    pub entropy_bits: f64,
}

/// All levels, the bucket first, as long as there are enough pairs.
///
/// # Errors
/// For a curve that is too short or silent.
pub(crate) fn levels(curve: &Curve) -> Result<Vec<Level>, FitError> {
    if curve.counts().len() < LEAST_BUCKETS {
        return Err(FitError::TooShort { buckets: curve.counts().len() });
    }
    if curve.total() <= 0.0 {
        return Err(FitError::Silent);
    }
    let mut found = Vec::new();
    let mut counts = curve.counts().to_vec();
    let mut window_s = curve.step_s();
    while counts.len() / 2 >= LEAST_PAIRS {
        let pairs: Vec<f64> = counts.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        found.push(level(&counts, &pairs, window_s));
        counts = pairs;
        window_s *= 2.0;
    }
    Ok(found)
}

fn level(counts: &[f64], pairs: &[f64], window_s: f64) -> Level {
    let (mut squares, mut events, mut events_in_pairs) = (0.0, 0.0, 0.0);
    for (number, around) in pairs.windows(3).enumerate() {
        let [before, both, after] = [around[0], around[1], around[2]];
        let half = 2 * (number + 1);
        // On a straight line, the difference of the halves is an eighth of that of the neighbours.
        let difference = counts[half + 1] - counts[half] - (after - before) / 8.0;
        // What chance in the neighbours adds to the square.
        squares += difference.powi(2) - (before + after) / 64.0;
        events += both;
        events_in_pairs += (both * (both - 1.0)).max(0.0);
    }
    let total: f64 = counts.iter().sum();
    let shares = counts.iter().map(|count| count / total).filter(|share| *share > 0.0);
    Level {
        window_s,
        windows: counts.len(),
        local_dispersion: if events > 0.0 { (squares / events).max(0.0) } else { 1.0 },
        uneven: if events_in_pairs > 0.0 { ((squares - events) / events_in_pairs).clamp(0.0, 1.0) } else { 0.0 },
        entropy_bits: -shares.map(|share| share * share.log2()).sum::<f64>(),
    }
}
