//! The size of payloads: the envelope must fit, and the broker must accept them.

use crate::profile::{Codec, KeyDistribution, Keys, SizeDistribution, Stream, fault::Faults, units::ByteSize};

use crate::profile::bounds::{MAX_PAYLOAD_BYTES, MIN_JSON_BYTES};

/// The size of a JSON payload's envelope without its key.
const JSON_ENVELOPE_BYTES: u64 = 170;
const MAX_SIGMA: f64 = 10.0;

/// The sizes of a stream's payloads.
pub(super) fn payload(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    if payload.size.is_some() && payload.filler.is_some() {
        let help = "remove one of them: `size` is the whole payload, `filler` only what is added to the envelope";
        faults.add_help("filler", "`size` and `filler` cannot be set together", help);
    }
    settings(stream, faults);
    if let (Some(min), Some(max)) = (payload.min, payload.max)
        && min > max
    {
        faults.add("min", format!("`min` is {min}, above `max`, which is {max}"));
    }
    if payload.sizes == SizeDistribution::LogNormal
        && let Some(size) = payload.size
        && (payload.min.is_some_and(|min| size < min) || payload.max.is_some_and(|max| size > max))
    {
        faults.add("size", format!("the median size, {size}, is not between `min` and `max`"));
    }
    bounds(stream, faults);
}

/// Each key must be set where it has a meaning, and only there.
fn settings(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    let varied = "sizes = \"uniform\" or \"log-normal\"";
    match payload.sizes {
        SizeDistribution::Fixed => {
            faults.only_with("min", payload.min.is_some(), varied);
            faults.only_with("max", payload.max.is_some(), varied);
        }
        SizeDistribution::Uniform => {
            for (key, missing) in [("min", payload.min.is_none()), ("max", payload.max.is_none())] {
                if missing {
                    let help = format!("add {key} = \"1KiB\"");
                    faults.add_help("sizes", format!("uniform sizes need `{key}`"), help);
                }
            }
            for (key, present) in [("size", payload.size.is_some()), ("filler", payload.filler.is_some())] {
                if present {
                    faults.add(key, format!("uniform sizes are set by `min` and `max`; remove `{key}`"));
                }
            }
        }
        SizeDistribution::LogNormal => {
            if payload.filler.is_some() {
                faults.add_help(
                    "filler",
                    "log-normal sizes cannot be set by `filler`",
                    "set `size`, the median of the whole payload",
                );
            }
        }
    }
    match payload.sigma {
        Some(sigma) if payload.sizes == SizeDistribution::LogNormal => faults.positive("sigma", sigma, MAX_SIGMA),
        None if payload.sizes == SizeDistribution::LogNormal => {
            faults.add_help("sizes", "log-normal sizes need `sigma`", "add sigma = 0.5");
        }
        sigma => faults.only_with("sigma", sigma.is_some(), "sizes = \"log-normal\""),
    }
}

/// Every size that is set must be possible to build and send.
fn bounds(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    let least = match payload.codec {
        Codec::Json => json_bytes(&stream.keys),
        Codec::Binary => 0,
    };
    for (key, size) in [("size", payload.size), ("min", payload.min), ("max", payload.max)] {
        let Some(size) = size else { continue };
        if size.as_bytes() < least {
            let help = format!("raise it, set the filler alone (filler = \"{size}\"), or use codec = \"binary\"");
            faults.add_help(key, format!("`{key}` is {size}, but id, times and key alone take {least}B of JSON"), help);
        }
        too_large(key, size, 0, faults);
    }
    if let Some(filler) = payload.filler {
        too_large("filler", filler, least, faults);
    }
}

fn too_large(key: &'static str, size: ByteSize, envelope: u64, faults: &mut Faults<'_>) {
    if size.as_bytes().saturating_add(envelope) > MAX_PAYLOAD_BYTES {
        let most = ByteSize::from_bytes(MAX_PAYLOAD_BYTES);
        faults.add_help(key, format!("`{key}` is {size} (limit {most})"), "send more, smaller events instead");
    }
}

/// The smallest JSON payload with the longest of the keys.
fn json_bytes(keys: &Keys) -> u64 {
    let key = match keys.distribution {
        KeyDistribution::None => 0,
        _ => keys.prefix.len() as u64 + u64::from(keys.count.max(1).ilog10()) + 1,
    };
    MIN_JSON_BYTES.max(JSON_ENVELOPE_BYTES + key)
}
