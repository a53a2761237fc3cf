//! One number that identifies a plan: equal for equal events, different otherwise.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::schedule::StreamSchedule;
use super::shard::Shard;
use crate::event::{EventId, RunTag};

/// Beyond this many events of one producer, only its beginning and stretches spread over its schedule are hashed.
const EVENTS_OF_A_STRETCH: usize = 4096;
/// How many stretches of one producer are hashed.
const STRETCHES: u64 = 16;

/// The fingerprint of a shard's part of some streams, as 32 hexadecimal digits (XXH3, 128 bits), over ids, keys, due and event times, sizes,
/// attempts, and what records lack on purpose. Of a long schedule only stretches spread over its whole length are hashed; the number of each producer's events is always
/// included.
#[must_use]
pub(crate) fn fingerprint(streams: &[Arc<StreamSchedule>], shard: Shard) -> String {
    let mut hash = Xxh3::new();
    for stream in streams {
        hash.update(&[stream.index()]);
        for producer in shard.producers_of(stream.producers()) {
            hash_producer(&mut hash, stream, producer);
        }
    }
    format!("{:032x}", hash.digest128())
}

fn hash_producer(hash: &mut Xxh3, stream: &Arc<StreamSchedule>, producer: u16) {
    hash.update(&stream.planned_by(producer).to_le_bytes());
    let end_ns = stream.curve().end_ns();
    for stretch in 0..STRETCHES {
        let from_ns = (u128::from(end_ns) * u128::from(stretch) / u128::from(STRETCHES)) as u64;
        for send in stream.sends(producer, from_ns).take(EVENTS_OF_A_STRETCH) {
            let id = EventId {
                run: RunTag(0),
                stream: stream.index(),
                producer,
                partition: send.partition,
                sequence: send.sequence,
            };
            hash.update(id.to_uuid().as_bytes());
            hash.update(&send.due_ns.to_le_bytes());
            hash.update(&send.event_time_ns.to_le_bytes());
            hash.update(&send.key.unwrap_or(u64::MAX).to_le_bytes());
            hash.update(&send.size_bytes.to_le_bytes());
            hash.update(&[send.attempt]);
            // Not for a stream without them: its plan keeps the fingerprint that it had before there were any.
            if !stream.forms.are_whole() {
                hash.update(&[send.form as u8]);
            }
        }
    }
}
