//! One number that identifies a plan: equal for equal events, different otherwise.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::schedule::StreamSchedule;
use super::shard::Shard;
use crate::event::{EventId, RunTag};
use crate::profile::{RecordTimestamp, Stream};

/// Beyond this many events of one producer, only its beginning and stretches spread over its schedule are hashed.
const EVENTS_OF_A_STRETCH: usize = 4096;
/// How many stretches of one producer are hashed.
const STRETCHES: u64 = 16;

/// The fingerprint of a shard's part of some streams, as 32 hexadecimal digits (XXH3, 128 bits), over ids, keys, due and event times, sizes,
/// attempts, what records lack on purpose, headers and timestamps. Of a long schedule only stretches spread over its whole length are hashed; the number of each producer's events is always
/// included.
#[must_use]
pub(crate) fn fingerprint(streams: &[Arc<StreamSchedule>], shard: Shard) -> String {
    let mut hash = Xxh3::new();
    for stream in streams {
        hash.update(&[stream.index()]);
        if let Some(beside) = stream.beside {
            hash.update(&beside.to_le_bytes());
        }
        for producer in shard.producers_of(stream.producers()) {
            hash_producer(&mut hash, stream, producer);
        }
    }
    format!("{:032x}", hash.digest128())
}

/// A hash of the headers, timestamps and forms of keys that a stream's records are given; none where nothing is asked for, so that plans from before there
/// were any keep their fingerprints.
pub(super) fn beside_of(stream: &Stream) -> Option<u64> {
    let key_form = stream.keys.read.as_ref().map(|form| form.fingerprint());
    let has_others = !stream.headers.is_empty() || stream.record_timestamp != RecordTimestamp::default();
    let is_asked_for = has_others || key_form.is_some();
    is_asked_for.then(|| {
        let mut hash = Xxh3::new();
        hash.update(&[stream.record_timestamp as u8]);
        hash.update(&key_form.unwrap_or(0).to_le_bytes());
        for (name, text) in &stream.headers {
            [name, text].into_iter().for_each(|part| {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            });
        }
        hash.digest()
    })
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
            if stream.has_forms() {
                hash.update(&[send.form as u8]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, Span};

    #[test]
    fn a_plan_is_another_with_headers_or_timestamps() {
        let print = |more: &str| {
            let text = format!("[[stream]]\nname = \"s\"\nrate = \"100/s\"\n{more}\n");
            let profile: Profile = toml::from_str(&text).unwrap();
            fingerprint(
                &[Arc::new(StreamSchedule::new(&profile.streams[0], 0, 1, Span::from_secs(2), 4))],
                Shard::WHOLE,
            )
        };
        let kinds = [
            "",
            "record_timestamp = \"due\"",
            "headers = { a = \"b\" }",
            "headers = { a = \"c\" }",
            "headers = { ab = \"\" }",
        ];
        let prints = kinds.map(print);
        for (place, one) in prints.iter().enumerate() {
            assert!(!prints[..place].contains(one), "{place}");
        }
        assert_eq!(print("record_timestamp = \"sent\""), prints[0]);
    }
}
