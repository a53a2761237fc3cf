//! How an event is written: `{"id":…,"event_time":…,"due":…,"sent":…,"key":…,"filler":…}`, or opaque bytes with headers.
//!
//! Filler is drawn anew for every event, five random bits per character: it does not compress to nothing, and costs less than sending it.

pub use super::json_writer::JsonWriter;
use super::{EventId, Partition, RunTag};

/// The header with the id, if the payload is opaque.
pub const HEADER_ID: &str = "floodmark-id";
/// The header with the event time, in milliseconds since 1970, as text.
pub const HEADER_EVENT_TIME: &str = "floodmark-event-time";
/// The header with the due time, in microseconds since 1970, as text.
pub const HEADER_DUE: &str = "floodmark-due";
/// The header with the send time, in microseconds since 1970, as text.
pub const HEADER_SENT: &str = "floodmark-sent";

/// The times that an event carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// The event time that it claims, in milliseconds since 1970.
    pub event_time_ms: i64,
    /// When the schedule wanted it sent, in microseconds since 1970.
    pub due_us: u64,
    /// When it was handed to the client, in microseconds since 1970.
    pub sent_us: u64,
}

/// How large a payload should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The size of the whole payload, as far as its other parts leave room.
    Whole(u32),
    /// The filler alone.
    Filler(u32),
}

/// The length of a JSON payload with current timestamps, in bytes.
#[must_use]
pub fn json_bytes(key_bytes: Option<usize>, size: Size) -> u64 {
    let key_length = key_bytes.unwrap_or(0);
    let mut out = vec![b'k'; key_length];
    let empty = match size {
        Size::Filler(_) => Size::Filler(0),
        Size::Whole(_) => Size::Whole(0),
    };
    JsonWriter::default().write(&mut out, TODAYS_ID, &TODAYS_STAMPS, key_bytes.map(|bytes| 0..bytes), empty);
    let envelope = (out.len() - key_length) as u64;
    match size {
        Size::Filler(bytes) => envelope + u64::from(bytes),
        Size::Whole(bytes) => envelope.max(u64::from(bytes)),
    }
}

/// An id and times as long as they all are until 2286.
pub const TODAYS_ID: EventId =
    EventId { run: RunTag(0), stream: 0, producer: 0, partition: Partition::new(0), sequence: 0 };
/// See [`TODAYS_ID`].
pub const TODAYS_STAMPS: Stamps =
    Stamps { event_time_ms: 1_760_000_000_000, due_us: 1_760_000_000_000_000, sent_us: 1_760_000_000_000_000 };

/// Writes `bytes` characters of filler, `]` to `|`, none of which JSON escapes, that belong to this event.
pub fn write_filler(out: &mut Vec<u8>, id: EventId, bytes: usize) {
    const FIVE_BITS: u64 = 0x1F1F_1F1F_1F1F_1F1F;
    const FIRST_CHARACTER: u64 = 0x5D5D_5D5D_5D5D_5D5D;
    let mut state =
        id.sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(id.producer) << 17 ^ u64::from(id.run.0) | 1;
    let start = out.len();
    out.resize(start + bytes.next_multiple_of(8), 0);
    for eight in out[start..].chunks_exact_mut(8) {
        // xorshift64* (Vigna, An experimental exploration of Marsaglia's xorshift generators, 2016).
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let random = state.wrapping_mul(0x2545_F491_4F6C_DD1D);
        eight.copy_from_slice(&((random & FIVE_BITS) + FIRST_CHARACTER).to_le_bytes());
    }
    out.truncate(start + bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: EventId = EventId { run: RunTag(7), stream: 0, producer: 3, partition: Partition::new(2), sequence: 41 };
    const STAMPS: Stamps =
        Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_000_123_456, sent_us: 1_760_000_000_123_999 };

    fn json(size: Size) -> serde_json::Value {
        let mut out = b"k12".to_vec();
        JsonWriter::default().write(&mut out, ID, &STAMPS, Some(0..3), size);
        serde_json::from_slice(&out[3..]).unwrap()
    }

    #[test]
    fn a_payload_is_json_that_says_everything() {
        let value = json(Size::Filler(10));
        assert_eq!(value["id"].as_str().unwrap().parse(), Ok(ID.to_uuid()));
        assert_eq!(value["event_time"], STAMPS.event_time_ms);
        assert_eq!(value["due"], STAMPS.due_us);
        assert_eq!(value["sent"], STAMPS.sent_us);
        assert_eq!(value["key"], "k12");
        assert_eq!(value["filler"].as_str().map(str::len), Some(10));
    }

    proptest! {
        #[test]
        fn times_are_written_as_what_they_are(times in prop::collection::vec((any::<i64>(), any::<u64>(), 0..3_000_000_u64), 1..20)) {
            let mut writer = JsonWriter::default();
            for (event_time_ms, due_us, sent_us) in times {
                let mut out = Vec::new();
                let stamps = Stamps { event_time_ms, due_us, sent_us };
                writer.write(&mut out, ID, &stamps, None, Size::Filler(1));
                let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
                prop_assert_eq!(&value["event_time"], event_time_ms);
                prop_assert_eq!(&value["due"], due_us);
                prop_assert_eq!(&value["sent"], sent_us);
            }
        }

        #[test]
        fn a_payload_has_the_size_that_was_asked_for(bytes in 192..5_000_u32) {
            let mut out = b"k12".to_vec();
            JsonWriter::default().write(&mut out, ID, &STAMPS, Some(0..3), Size::Whole(bytes));
            prop_assert_eq!(out.len(), 3 + bytes as usize);
        }

        #[test]
        fn a_payloads_length_is_known_before_it_is_written(bytes in 0..2_000_u32, has_key: bool, whole: bool) {
            let size = if whole { Size::Whole(bytes) } else { Size::Filler(bytes) };
            let mut out = b"k12".to_vec();
            JsonWriter::default().write(&mut out, ID, &STAMPS, has_key.then_some(0..3), size);
            prop_assert_eq!(out.len() as u64 - 3, json_bytes(has_key.then_some(3), size));
        }
    }

    proptest! {
        #[test]
        fn filler_begins_alike_however_long_it_is(sequence: u64, bytes in 0..300_usize, longer in 0..50_usize) {
            let filler = |bytes| {
                let mut out = b"before".to_vec();
                write_filler(&mut out, EventId { sequence, ..ID }, bytes);
                out.split_off(6)
            };
            let (short, long) = (filler(bytes), filler(bytes + longer));
            prop_assert_eq!((short.len(), long.len()), (bytes, bytes + longer));
            prop_assert_eq!(&short[..], &long[..bytes]);
        }
    }

    #[test]
    fn filler_of_a_known_event_stays_the_same() {
        let mut out = Vec::new();
        write_filler(&mut out, ID, 20);
        assert_eq!(String::from_utf8(out).unwrap(), "sm{havkth^|vqsahwwdt");
    }

    #[test]
    fn filler_of_different_events_differs_and_does_not_repeat() {
        let filler = |sequence| {
            let mut out = Vec::new();
            write_filler(&mut out, EventId { sequence, ..ID }, 4096);
            out
        };
        assert_ne!(filler(1), filler(2));
        let distinct: std::collections::HashSet<Vec<u8>> = filler(1).chunks(8).map(<[u8]>::to_vec).collect();
        assert_eq!(distinct.len(), 512);
    }
}
