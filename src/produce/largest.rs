//! The largest event that a stream can send. Pure.

use super::worker::headers_of;
use crate::event::payload::{self, Size};
use crate::kafka::{Headers, MessageSize};
use crate::load::StreamSchedule;
use crate::profile::{Codec, KeyDistribution, Keys, SizeDistribution, Stream};

/// A stream's largest event, as a message.
#[must_use]
pub(crate) fn largest_event(stream: &Stream, schedule: &StreamSchedule) -> MessageSize {
    let (size, key_bytes) = (schedule.largest_size_bytes(), longest_key_bytes(&stream.keys));
    let (payload_bytes, headers) = match stream.payload.codec {
        Codec::Binary => (u64::from(size), headers_of(payload::TODAYS_ID, &payload::TODAYS_STAMPS)),
        Codec::Json => {
            let size = if sizes_are_filler(stream) { Size::Filler(size) } else { Size::Whole(size) };
            (payload::json_bytes(key_bytes, size), Headers::new())
        }
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
