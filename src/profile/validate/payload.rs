//! The size of payloads: the envelope must fit, and the broker must accept them.

use super::schemas;
use crate::profile::{Codec, KeyDistribution, Keys, Payload, SizeDistribution, Stream, fault::Faults, units::ByteSize};

use crate::profile::bounds::{MAX_PAYLOAD_BYTES, MIN_JSON_BYTES};

/// The size of a JSON payload's envelope without its key.
const JSON_ENVELOPE_BYTES: u64 = 170;
const MAX_SIGMA: f64 = 10.0;
/// A key's prefix and its number, at most.
const LONGEST_KEY_BYTES: usize = 84;

/// The sizes of a stream's payloads.
pub(super) fn payload(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    template(stream, faults);
    schemas::payload(stream, faults);
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

/// What a template asks of the other keys, and they of it.
fn template(stream: &Stream, faults: &mut Faults<'_>) {
    let payload = &stream.payload;
    only_with_files(payload, faults);
    let Some(template) = payload.template() else { return };
    if payload.codec == Codec::Binary {
        let help = "remove `codec`: what is sent is what the file holds";
        faults.add_help("codec", "`codec = \"binary\"` does not go with a template or samples", help);
    }
    if template.has_key() && stream.keys.distribution == KeyDistribution::None {
        let help = "give the stream keys, or remove it";
        faults.add_help("template", "the template has a place for the key, and the events have none", help);
    }
    if !template.has_filler() {
        let sized = [
            ("size", payload.size.is_some()),
            ("filler", payload.filler.is_some()),
            ("min", payload.min.is_some()),
            ("max", payload.max.is_some()),
            ("sizes", payload.sizes != SizeDistribution::Fixed),
        ];
        for (key, _) in sized.into_iter().filter(|(_, present)| *present) {
            let help = format!("write {{{{filler}}}} where a template may be longer, or remove `{key}`");
            faults.add_help(key, format!("`{key}` needs a place for filler in a template"), help);
        }
    }
    let longest = template.longest_bytes(LONGEST_KEY_BYTES) as u64;
    if longest > MAX_PAYLOAD_BYTES {
        let (longest, most) = (ByteSize::from_bytes(longest), ByteSize::from_bytes(MAX_PAYLOAD_BYTES));
        let help = "lower the `max` of its fields, or of the field that says how often a part is repeated";
        faults.add_help("template", format!("payloads may have {longest} (limit {most})"), help);
    }
}

/// Keys that mean something only beside a template, or beside samples.
fn only_with_files(payload: &Payload, faults: &mut Faults<'_>) {
    let (template, samples) = ("template = \"order.json\"", "samples = \"orders.jsonl\"");
    // The payloads of records are samples, too.
    let is_recorded = payload.template.is_none() && payload.template().is_some();
    let (has_template, has_samples) = (payload.template.is_some(), payload.samples.is_some() || is_recorded);
    if has_template && has_samples {
        faults.add_help("samples", "`template` and `samples` cannot be set together", "remove one of them");
    }
    if payload.codec.schema_kind().is_some() {
        return faults.only_with("draw", payload.draw.is_some(), samples);
    }
    for (key, present) in [("headers", !payload.headers.is_empty()), ("fingerprint", payload.fingerprint.is_some())] {
        faults.only_with(key, present && !has_template && !has_samples, template);
    }
    for (key, present) in [
        ("draw", payload.draw.is_some()),
        ("id", payload.id.is_some()),
        ("event_time", payload.event_time.is_some()),
        ("due", payload.due.is_some()),
        ("sent", payload.sent.is_some()),
    ] {
        faults.only_with(key, present && !has_samples, samples);
    }
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
        Codec::Json if payload.template().is_some() => 0,
        Codec::Json => json_bytes(&stream.keys),
        _ => 0,
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
