//! How large an event is.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::profile::{ByteSize, Codec, Payload, SizeDistribution};

/// The approximate size of a JSON payload without its filler: id, three times, a short key and the names.
const ENVELOPE_BYTES: f64 = 155.0;
/// The default size of a payload.
const DEFAULT_BYTES: u64 = 512;

/// Draws sizes in bytes: of the whole payload, or of the filler if the profile gives that.
#[derive(Debug, Clone, Copy)]
pub(super) enum SizePicker {
    Fixed(u32),
    Uniform { min: u32, max: u32 },
    LogNormal { median: f64, sigma: f64, min: u32, max: u32 },
}

impl SizePicker {
    pub(super) fn new(payload: &Payload) -> Self {
        if !payload.has_sizes() {
            return SizePicker::Fixed(0);
        }
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

    /// The largest size that can be drawn.
    pub(super) fn largest(self) -> u32 {
        match self {
            SizePicker::Fixed(bytes) => bytes,
            SizePicker::Uniform { max, .. } | SizePicker::LogNormal { max, .. } => max,
        }
    }

    /// The share of sizes that are larger than `bytes`, 0 to 1.
    pub(super) fn share_above(self, bytes: u64) -> f64 {
        match self {
            _ if u64::from(self.largest()) <= bytes => 0.0,
            SizePicker::Uniform { min, .. } | SizePicker::LogNormal { min, .. } if u64::from(min) > bytes => 1.0,
            SizePicker::Fixed(_) => 1.0,
            SizePicker::Uniform { min, max } => {
                (u64::from(max) - bytes) as f64 / (f64::from(max) - f64::from(min) + 1.0)
            }
            SizePicker::LogNormal { median, sigma, .. } => {
                // A size is truncated to whole bytes: the smallest larger one is the next whole one.
                let deviations = libm::log((bytes + 1) as f64 / median) / sigma;
                0.5 * libm::erfc(deviations / std::f64::consts::SQRT_2)
            }
        }
    }

    /// The mean size of a whole payload in bytes: if the profile gives only the filler, with the envelope around it.
    pub(super) fn mean_payload_bytes(self, payload: &Payload) -> f64 {
        if let Some(encoding) = payload.encoding() {
            return encoding.mean_bytes();
        }
        let envelope_bytes = payload.template().map_or(ENVELOPE_BYTES, |template| template.mean_bytes());
        let is_text = payload.codec == Codec::Json;
        if payload.filler.is_some() && is_text {
            return self.mean_bytes() + envelope_bytes;
        }
        if payload.template().is_some() { self.mean_bytes().max(envelope_bytes) } else { self.mean_bytes() }
    }

    /// The mean size in bytes (for log-normal, without the limits).
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn pickers() -> impl Strategy<Value = SizePicker> {
        prop_oneof![
            (1..3000_u32).prop_map(SizePicker::Fixed),
            (1..1000_u32, 1000..3000_u32).prop_map(|(min, max)| SizePicker::Uniform { min, max }),
            (500.0..1500.0, 0.1..2.0, 1..500_u32, 1500..5000_u32)
                .prop_map(|(median, sigma, min, max)| SizePicker::LogNormal { median, sigma, min, max }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_share_above_a_size_is_what_is_drawn(picker in pickers(), bytes in 0..5000_u64, seed: u64) {
            const DRAWN: u32 = 4000;
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let drawn: Vec<u32> = (0..DRAWN).map(|_| picker.pick(&mut random)).collect();
            prop_assert!(drawn.iter().all(|size| *size <= picker.largest()));
            let above = drawn.iter().filter(|size| u64::from(**size) > bytes).count() as f64 / f64::from(DRAWN);
            // Five standard deviations of a share of this many.
            let room = 5.0 * 0.5 / f64::from(DRAWN).sqrt();
            prop_assert!((above - picker.share_above(bytes)).abs() <= room, "{above} {}", picker.share_above(bytes));
        }
    }
}
