//! Floodmark's own JSON: what is the same in every payload is written once, and ids and times into their places.

use std::ops::Range;

use super::EventId;
use super::payload::{Size, Stamps, write_filler};

/// Everything before the key, with times as they are from 2001 to 2286: ten digits for the second.
const HEAD: &[u8; 118] = b"{\"id\":\"00000000-0000-0000-0000-000000000000\",\"event_time\":0000000000000,\"due\":0000000000000000,\"sent\":0000000000000000";
type Head = [u8; HEAD.len()];
/// The numbers below a hundred, in two digits each.
const PAIRS: [[u8; 2]; 100] = pairs();
/// Where the id begins in it, and the times.
const ID: usize = 7;
const EVENT_TIME: usize = 58;
const DUE: usize = 78;
const SENT: usize = 102;
/// Digits of a second.
const SECOND_DIGITS: usize = 10;
/// The seconds that have so many.
const SECONDS: Range<u64> = 1_000_000_000..10_000_000_000;

/// Writes JSON payloads.
#[derive(Debug, Clone)]
pub struct JsonWriter {
    head: Head,
    event_time_s: u64,
    due_s: u64,
    sent_s: u64,
}

impl Default for JsonWriter {
    fn default() -> Self {
        JsonWriter { head: *HEAD, event_time_s: 0, due_s: 0, sent_s: 0 }
    }
}

impl JsonWriter {
    /// Appends a payload to `out`. `key` is the key's position in `out`; it must need no escaping in JSON, which profiles ensure.
    pub fn write(&mut self, out: &mut Vec<u8>, id: EventId, stamps: &Stamps, key: Option<Range<usize>>, size: Size) {
        let start = out.len();
        if self.fill(id, stamps) {
            out.extend_from_slice(&self.head);
        } else {
            write_head(out, id, stamps);
        }
        if let Some(key) = key {
            out.extend_from_slice(b",\"key\":\"");
            out.extend_from_within(key);
            out.push(b'"');
        }
        out.extend_from_slice(b",\"filler\":\"");
        let filler = match size {
            Size::Filler(bytes) => bytes as usize,
            Size::Whole(bytes) => (bytes as usize).saturating_sub(out.len() - start + 2),
        };
        write_filler(out, id, filler);
        out.extend_from_slice(b"\"}");
    }

    /// Puts an event into the head. Returns whether its times have as many digits as there are places.
    fn fill(&mut self, id: EventId, stamps: &Stamps) -> bool {
        let Ok(event_time_ms) = u64::try_from(stamps.event_time_ms) else { return false };
        let (event_time_s, due_s, sent_s) =
            (event_time_ms / 1_000, stamps.due_us / 1_000_000, stamps.sent_us / 1_000_000);
        if ![event_time_s, due_s, sent_s].iter().all(|second| SECONDS.contains(second)) {
            return false;
        }
        put_id(&mut self.head, id);
        put_second(&mut self.head, EVENT_TIME, &mut self.event_time_s, event_time_s);
        put_second(&mut self.head, DUE, &mut self.due_s, due_s);
        put_second(&mut self.head, SENT, &mut self.sent_s, sent_s);
        put_millis(&mut self.head, EVENT_TIME + SECOND_DIGITS, (event_time_ms % 1_000) as usize);
        put_micros(&mut self.head, DUE + SECOND_DIGITS, (stamps.due_us % 1_000_000) as usize);
        put_micros(&mut self.head, SENT + SECOND_DIGITS, (stamps.sent_us % 1_000_000) as usize);
        true
    }
}

/// The head of an event of any time.
fn write_head(out: &mut Vec<u8>, id: EventId, stamps: &Stamps) {
    let mut uuid = [0; uuid::fmt::Hyphenated::LENGTH];
    let mut number = itoa::Buffer::new();
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(id.to_uuid().hyphenated().encode_lower(&mut uuid).as_bytes());
    out.extend_from_slice(b"\",\"event_time\":");
    out.extend_from_slice(number.format(stamps.event_time_ms).as_bytes());
    out.extend_from_slice(b",\"due\":");
    out.extend_from_slice(number.format(stamps.due_us).as_bytes());
    out.extend_from_slice(b",\"sent\":");
    out.extend_from_slice(number.format(stamps.sent_us).as_bytes());
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
}

/// Consecutive events mostly share their second.
fn put_second(head: &mut Head, at: usize, written: &mut u64, second: u64) {
    if *written != second {
        *written = second;
        let second = second as usize;
        put_pair(head, at, second / 100_000_000);
        put_pair(head, at + 2, second / 1_000_000 % 100);
        put_pair(head, at + 4, second / 10_000 % 100);
        put_pair(head, at + 6, second / 100 % 100);
        put_pair(head, at + 8, second % 100);
    }
}

fn put_millis(head: &mut Head, at: usize, millis: usize) {
    put_pair(head, at, millis / 10);
    head[at + 2] = b'0' + (millis % 10) as u8;
}

fn put_micros(head: &mut Head, at: usize, micros: usize) {
    put_pair(head, at, micros / 10_000);
    put_pair(head, at + 2, micros / 100 % 100);
    put_pair(head, at + 4, micros % 100);
}

/// Two digits at once.
fn put_pair(head: &mut Head, at: usize, number: usize) {
    head[at..at + 2].copy_from_slice(&PAIRS[number]);
}

/// A UUID's text: eight digits, three groups of four, and twelve.
fn put_id(head: &mut Head, id: EventId) {
    let (high, low) = id.to_uuid().as_u64_pair();
    let [first, second] = [high >> 32, high & 0xFFFF_FFFF].map(|half| hexadecimal(half as u32));
    let [third, fourth] = [low >> 32, low & 0xFFFF_FFFF].map(|half| hexadecimal(half as u32));
    head[ID..ID + 8].copy_from_slice(&first);
    head[ID + 9..ID + 13].copy_from_slice(&second[..4]);
    head[ID + 14..ID + 18].copy_from_slice(&second[4..]);
    head[ID + 19..ID + 23].copy_from_slice(&third[..4]);
    head[ID + 24..ID + 28].copy_from_slice(&third[4..]);
    head[ID + 28..ID + 36].copy_from_slice(&fourth);
}

/// Eight lower-case digits, all at once: the four bits of each are spread over bytes, and those above nine moved up to the letters.
fn hexadecimal(number: u32) -> [u8; 8] {
    let spread = u64::from(number);
    let spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF;
    let spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF;
    let spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let is_letter = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (spread + 0x3030_3030_3030_3030 + is_letter * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Partition, RunTag};

    /// The same, text by text.
    fn plainly(id: EventId, stamps: &Stamps, key: Option<&str>, size: Size) -> Vec<u8> {
        let Stamps { event_time_ms, due_us, sent_us } = stamps;
        let id_text = id.to_uuid().hyphenated().to_string();
        let key = key.map(|key| format!(",\"key\":\"{key}\"")).unwrap_or_default();
        let mut out = format!(
            "{{\"id\":\"{id_text}\",\"event_time\":{event_time_ms},\"due\":{due_us},\"sent\":{sent_us}{key},\"filler\":\""
        )
        .into_bytes();
        let filler = match size {
            Size::Filler(bytes) => bytes as usize,
            Size::Whole(bytes) => (bytes as usize).saturating_sub(out.len() + 2),
        };
        write_filler(&mut out, id, filler);
        out.extend_from_slice(b"\"}");
        out
    }

    fn any_id() -> impl Strategy<Value = EventId> {
        (any::<u32>(), 0..64_u8, 0..4096_u16, 0..16_384_u16, 0..1_u64 << 42).prop_map(
            |(run, stream, producer, partition, sequence)| EventId {
                run: RunTag(run),
                stream,
                producer,
                partition: Partition::new(partition),
                sequence,
            },
        )
    }

    /// Mostly of our days, with seconds that end; some where the number of digits changes; some of any day.
    fn any_us() -> impl Strategy<Value = u64> {
        let around = |us: u64| us - 2_000_000..us + 2_000_000;
        let ours = around(1_760_000_000_000_000);
        prop_oneof![4 => ours, 1 => around(1_000_000_000_000_000), 1 => around(10_000_000_000_000_000), 1 => 0..3_000_000_u64, 1 => any::<u64>()]
    }

    fn any_stamps() -> impl Strategy<Value = Stamps> {
        let event_time_ms = prop_oneof![4 => any_us().prop_map(|us| (us / 1_000).cast_signed()), 1 => any::<i64>()];
        (event_time_ms, any_us(), any_us()).prop_map(|(event_time_ms, due_us, sent_us)| Stamps {
            event_time_ms,
            due_us,
            sent_us,
        })
    }

    fn any_size() -> impl Strategy<Value = Size> {
        prop_oneof![(0..400_u32).prop_map(Size::Whole), (0..100_u32).prop_map(Size::Filler)]
    }

    proptest! {
        #[test]
        fn what_one_writer_writes_is_what_each_event_says(
            events in prop::collection::vec((any_id(), any_stamps(), prop::option::of("[a-z]{1,12}"), any_size()), 1..30)
        ) {
            let mut writer = JsonWriter::default();
            for (id, stamps, key, size) in events {
                let mut out = b"before".to_vec();
                let key_at = key.as_ref().map(|key| {
                    out.extend_from_slice(key.as_bytes());
                    out.len() - key.len()..out.len()
                });
                let start = out.len();
                writer.write(&mut out, id, &stamps, key_at, size);
                let expected = plainly(id, &stamps, key.as_deref(), size);
                prop_assert_eq!(std::str::from_utf8(&out[start..]), std::str::from_utf8(&expected));
            }
        }
    }
}
