//! A sample of a topic's records: where it is taken, what is recorded of each record, and the laws that it suggests.
//! No key is kept, and no payload unless it is asked for: of a payload its size and form, of a key a hash under a secret that ends with the process.

mod chunks;
mod kept;
mod key_law;
mod lateness_law;
mod size_law;
mod space_saving;
mod tally;

pub(crate) use chunks::{Chunk, chunks};
pub(crate) use kept::{KeepOrder, Kept, masked_payload};
pub(crate) use key_law::{KeyFigures, KeyLaw};
pub(crate) use lateness_law::{LateLaw, LateShape, LatenessFigures};
pub(crate) use size_law::{SizeFigures, SizeLaw};
pub(crate) use space_saving::SpaceSaving;
pub(crate) use tally::{Displaced, Gaps, SampleFigures, Sighting, Tally};

/// The value that a share of `quantile` (0 to 1) of sorted values does not exceed; 0 if there are none.
fn quantile<T: Copy + Default>(sorted: &[T], quantile: f64) -> T {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

/// Half the distance between the logarithms of the 16th and 84th percentile: sigma, for log-normal values.
fn log_sigma(low: f64, high: f64) -> f64 {
    (high.max(1.0).ln() - low.max(1.0).ln()) / 2.0
}
