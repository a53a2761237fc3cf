//! The most that a profile may ask for, and the least.

use super::units::Rate;
use crate::event::identity;

/// The most streams in one profile: an event's id has room for no more, nor for more producers and partitions.
pub(crate) const MAX_STREAMS: usize = identity::MAX_STREAMS as usize;
/// The most logical producers of a stream.
pub(crate) const MAX_PRODUCERS: u16 = identity::MAX_PRODUCERS as u16;
/// The most partitions of a topic.
pub(crate) const MAX_PARTITIONS: u32 = identity::MAX_PARTITIONS as u32;
/// The highest rate, in events per second.
pub(crate) const MAX_RATE_PER_S: f64 = 1e9;
/// The sequence number of an event has so many bits.
pub(crate) const SEQUENCE_BITS: u32 = 42;
/// What a JSON payload takes without any filler.
pub(crate) const MIN_JSON_BYTES: u64 = 192;
/// The largest payload: clients read answers of up to 100 MB (librdkafka's `receive.message.max.bytes`). What client and brokers take
/// is asked when a run starts.
pub(crate) const MAX_PAYLOAD_BYTES: u64 = 64 << 20;
/// The most retries of one event.
pub(crate) const MAX_ATTEMPTS: u8 = 10;

/// That a rate is above the highest.
pub(super) fn too_high(rate: Rate) -> String {
    format!("{rate} is above the highest possible rate, {}", Rate::per_s(MAX_RATE_PER_S))
}
