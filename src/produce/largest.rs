//! The largest event that a stream can send. Pure.

use super::headers;
use crate::event::payload::{self, Size};
use crate::kafka::MessageSize;
use crate::load::StreamSchedule;
use crate::profile::{Codec, KeyDistribution, Keys, SizeDistribution, Stream};

/// A stream's largest event, as a message.
#[must_use]
pub(crate) fn largest_event(stream: &Stream, schedule: &StreamSchedule) -> MessageSize {
    let (size, key_bytes) = (schedule.largest_size_bytes(), longest_key_bytes(&stream.keys));
    let headers = headers::longest(stream, key_bytes.unwrap_or(0));
    let is_filler = sizes_are_filler(stream);
    let of = &stream.payload;
    let payload_bytes = match (of.template(), of.encoding(), of.codec) {
        (None, Some(encoding), _) => encoding.longest_bytes(key_bytes.unwrap_or(0)) as u64,
        (Some(template), _, _) => {
            let text = template.longest_bytes(key_bytes.unwrap_or(0)) as u64;
            if is_filler { text + u64::from(size) } else { text.max(u64::from(size)) }
        }
        (None, None, Codec::Binary | Codec::Avro | Codec::Protobuf | Codec::JsonSchema) => u64::from(size),
        (None, None, Codec::Json) => {
            payload::json_bytes(key_bytes, if is_filler { Size::Filler(size) } else { Size::Whole(size) })
        }
    };
    let key_bytes = match &stream.keys.read {
        Some(form) => key_bytes.map(|bytes| form.longest_bytes(bytes)),
        None => key_bytes,
    };
    MessageSize { key_bytes: key_bytes.map(|bytes| bytes as u64), payload_bytes, headers }
}

/// Whether the sizes that are drawn are those of the filler alone.
#[must_use]
pub(crate) fn sizes_are_filler(stream: &Stream) -> bool {
    stream.payload.filler.is_some() && stream.payload.sizes == SizeDistribution::Fixed
}

fn longest_key_bytes(keys: &Keys) -> Option<usize> {
    let last = keys.count.max(1) - 1;
    (keys.distribution != KeyDistribution::None).then(|| keys.prefix.len() + last.to_string().len())
}
