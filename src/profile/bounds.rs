//! The largest and smallest values that a profile may have.

use super::units::Rate;
use crate::event::identity;

/// The most streams in one profile: an event's id has room for no more streams, producers or partitions than these.
pub(crate) const MAX_STREAMS: usize = identity::MAX_STREAMS as usize;
/// The most logical producers of a stream.
pub(crate) const MAX_PRODUCERS: u16 = identity::MAX_PRODUCERS as u16;
/// The most partitions of a topic.
pub(crate) const MAX_PARTITIONS: u32 = identity::MAX_PARTITIONS as u32;
/// The highest rate, in events per second.
pub(crate) const MAX_RATE_PER_S: f64 = 1e9;
/// The number of bits of an event's sequence number.
pub(crate) const SEQUENCE_BITS: u32 = 42;
/// The size of a JSON payload without any filler.
pub(crate) const MIN_JSON_BYTES: u64 = 192;
/// The largest payload: clients read responses of up to 100 MB (librdkafka's `receive.message.max.bytes`). The limits of client and brokers
/// are checked when a run starts.
pub(crate) const MAX_PAYLOAD_BYTES: u64 = 64 << 20;
/// The most retries of one event.
pub(crate) const MAX_ATTEMPTS: u8 = 10;

/// The message for a rate above the highest.
pub(super) fn too_high(rate: Rate) -> String {
    format!("{rate} is above the highest possible rate, {}", Rate::per_s(MAX_RATE_PER_S))
}
