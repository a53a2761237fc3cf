//! How large an event is.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::profile::{ByteSize, Codec, Payload, SizeDistribution};

/// What a JSON payload holds beside its filler, about: id, three times, a short key and the names.
const ENVELOPE_BYTES: f64 = 155.0;
/// The size of a payload when the profile says nothing.
const DEFAULT_BYTES: u64 = 512;

/// Draws sizes in bytes: of the whole payload, or of the filler where the profile gives that.
#[derive(Debug, Clone, Copy)]
pub(super) enum SizePicker {
    Fixed(u32),
    Uniform { min: u32, max: u32 },
    LogNormal { median: f64, sigma: f64, min: u32, max: u32 },
}

impl SizePicker {
    pub(super) fn new(payload: &Payload) -> Self {
        let bytes = |size: ByteSize| u32::try_from(size.as_bytes()).unwrap_or(u32::MAX);
        let typical = bytes(payload.filler.or(payload.size).unwrap_or(ByteSize::from_bytes(DEFAULT_BYTES)));
        let min = payload.min.map_or(0, bytes);
        match payload.sizes {
            SizeDistribution::Fixed => SizePicker::Fixed(typical),
            SizeDistribution::Uniform => SizePicker::Uniform { min, max: payload.max.map_or(typical, bytes).max(min) },
            SizeDistribution::LogNormal => SizePicker::LogNormal {
                median: f64::from(typical),
                sigma: payload.sigma.unwrap_or(1.0),
                min,
                max: payload.max.map_or(1 << 20, bytes).max(min),
            },
        }
    }

    pub(super) fn pick(self, random: &mut impl Rng) -> u32 {
        match self {
            SizePicker::Fixed(bytes) => bytes,
            SizePicker::Uniform { min, max } => random.random_range(min..=max),
            SizePicker::LogNormal { median, sigma, min, max } => {
                let normal: f64 = StandardNormal.sample(random);
                ((median * libm::exp(sigma * normal)) as u32).clamp(min, max)
            }
        }
    }

    /// The mean size of a whole payload in bytes: where the profile gives the filler alone, with the envelope around it.
    pub(super) fn mean_payload_bytes(self, payload: &Payload) -> f64 {
        let is_filler_of_json = payload.filler.is_some() && payload.codec == Codec::Json;
        self.mean_bytes() + if is_filler_of_json { ENVELOPE_BYTES } else { 0.0 }
    }

    /// The mean size in bytes (of the uncut law, for log-normal).
    pub(super) fn mean_bytes(self) -> f64 {
        match self {
            SizePicker::Fixed(bytes) => f64::from(bytes),
            SizePicker::Uniform { min, max } => f64::midpoint(f64::from(min), f64::from(max)),
            SizePicker::LogNormal { median, sigma, min, max } => {
                (median * libm::exp(sigma * sigma / 2.0)).clamp(f64::from(min), f64::from(max))
            }
        }
    }
}
