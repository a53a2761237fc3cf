//! Record batches of format 2 (layout: KIP-98), written in place: the header is filled in when the batch is sent. Pure.

use crate::kafka::Headers;

/// Bytes before the first record.
pub(super) const HEADER_BYTES: usize = 61;
/// The batch length field counts the bytes that follow it.
const LENGTH_COUNTS_FROM: usize = 12;
const CRC_AT: usize = 17;
const CRC_COVERS_FROM: usize = 21;
/// The most bytes that a variable-length number takes.
const MOST_VARINT: usize = 10;
/// What librdkafka counts for a record beside its parts (`RD_KAFKAP_MESSAGE_V2_MAX_OVERHEAD`).
const COUNTED_BESIDE: usize = 36;
/// The variable-length numbers before a record's key.
const BEFORE_KEY: usize = 4 * MOST_VARINT + 1;

/// A record as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: &'a Headers,
    /// In milliseconds since 1970; -1 for none.
    pub(super) timestamp_ms: i64,
}

/// What the header of a batch says of its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) count: i32,
    first_ms: i64,
    latest_ms: i64,
}

/// A batch that is being written: room for its header, and its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Records {
    bytes: Vec<u8>,
    summary: Summary,
}

/// Who writes a batch, and which of its records is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
    pub(super) first_sequence: i32,
}

impl Summary {
    /// Counts a record, and returns how it begins: attributes (none are defined), and its distances from the batch's timestamp and offset.
    fn add(&mut self, timestamp_ms: i64) -> Varints<BEFORE_KEY> {
        if self.count == 0 {
            (self.first_ms, self.latest_ms) = (timestamp_ms, timestamp_ms);
        }
        self.latest_ms = self.latest_ms.max(timestamp_ms);
        let mut before = Varints::new();
        before.push_byte(0);
        before.push(timestamp_ms.saturating_sub(self.first_ms));
        before.push(i64::from(self.count));
        self.count += 1;
        before
    }

    /// Writes the header of a batch of these records, which stand in `out` after room for it, compressed by the codec of this number.
    pub(super) fn write_header(&self, out: &mut [u8], codec: i16, identity: Identity) {
        let length = i32::try_from(out.len().saturating_sub(LENGTH_COUNTS_FROM)).unwrap_or(i32::MAX);
        let Some(header) = out.get_mut(..HEADER_BYTES) else { return };
        let mut at = 0;
        let mut put = |field: &[u8]| {
            header[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&0_i64.to_be_bytes());
        put(&length.to_be_bytes());
        // The leader's epoch: the broker writes it.
        put(&(-1_i32).to_be_bytes());
        put(&[2]);
        put(&[0; 4]);
        put(&codec.to_be_bytes());
        put(&(self.count - 1).to_be_bytes());
        put(&self.first_ms.to_be_bytes());
        put(&self.latest_ms.to_be_bytes());
        put(&identity.producer_id.to_be_bytes());
        put(&identity.epoch.to_be_bytes());
        put(&identity.first_sequence.to_be_bytes());
        put(&self.count.to_be_bytes());
        let crc = crc32c::crc32c(&out[CRC_COVERS_FROM..]);
        out[CRC_AT..CRC_COVERS_FROM].copy_from_slice(&crc.to_be_bytes());
    }

    /// The records of this uncompressed batch in two; none if there is only one.
    pub(super) fn halves(&self, bytes: &[u8]) -> Option<[Records; 2]> {
        let first_count = self.count / 2;
        if first_count == 0 {
            return None;
        }
        let mut halves = [Records::in_memory_of(Vec::new()), Records::in_memory_of(Vec::new())];
        let mut rest = bytes.get(HEADER_BYTES..)?;
        for number in 0..self.count {
            let record = split_off_record(&mut rest)?;
            let [first, second] = &mut halves;
            let half = if number < first_count { first } else { second };
            half.push_rewritten(record, self.first_ms)?;
        }
        Some(halves)
    }
}

impl Records {
    /// An empty batch, in the memory of one that is done with.
    pub(super) fn in_memory_of(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.resize(HEADER_BYTES, 0);
        Records { bytes, ..Records::default() }
    }

    pub(super) fn count(&self) -> i32 {
        self.summary.count
    }

    /// How large the batch is, uncompressed.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The batch without its header, which [`Summary::write_header`] writes.
    pub(super) fn into_parts(self) -> (Summary, Vec<u8>) {
        (self.summary, self.bytes)
    }

    /// What librdkafka counts for a record, and compares with `message.max.bytes` (`rd_kafka_msg_max_wire_size`).
    pub(super) fn counted_size(record: &Record<'_>) -> usize {
        let parts = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        COUNTED_BESIDE + parts + headers_size(record.headers)
    }

    /// How large a record can be in a batch of its own.
    pub(super) fn size_alone(record: &Record<'_>) -> usize {
        let named: usize = record.headers.iter().map(|(name, value)| name.len() + value.len() + 2 * MOST_VARINT).sum();
        let parts = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        HEADER_BYTES + BEFORE_KEY + 2 * MOST_VARINT + parts + named
    }

    /// Appends a record.
    pub(super) fn push(&mut self, record: &Record<'_>) {
        let mut before = self.summary.add(record.timestamp_ms);
        before.push_length(record.key);
        let mut between = Varints::<MOST_VARINT>::new();
        between.push_length(record.value);
        let mut after = Varints::<MOST_VARINT>::new();
        after.push(record.headers.len() as i64);
        let key = record.key.unwrap_or_default();
        let value = record.value.unwrap_or_default();
        let body = before.len + key.len() + between.len + value.len() + after.len + headers_size(record.headers);
        let mut length = Varints::<MOST_VARINT>::new();
        length.push(body as i64);
        self.bytes.reserve(length.len + body);
        for piece in [length.bytes(), before.bytes(), key, between.bytes(), value, after.bytes()] {
            self.bytes.extend_from_slice(piece);
        }
        put_headers(&mut self.bytes, record.headers);
    }
    /// Appends a record of another batch, whose first record has this timestamp. `record` begins after its length and attributes.
    fn push_rewritten(&mut self, mut record: &[u8], base_ms: i64) -> Option<()> {
        let timestamp_ms = base_ms.saturating_add(take_varint(&mut record)?);
        take_varint(&mut record)?;
        let before = self.summary.add(timestamp_ms);
        let mut length = Varints::<MOST_VARINT>::new();
        length.push((before.len + record.len()) as i64);
        for piece in [length.bytes(), before.bytes(), record] {
            self.bytes.extend_from_slice(piece);
        }
        Some(())
    }
}

/// The length that a header of a batch says, to tell where it ends.
#[cfg(test)]
pub(super) fn told_size(batch: &[u8]) -> usize {
    let field: [u8; 4] = batch[8..LENGTH_COUNTS_FROM].try_into().unwrap();
    LENGTH_COUNTS_FROM + i32::from_be_bytes(field) as usize
}

/// The next record after its length and attributes.
fn split_off_record<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(rest)?).ok()?;
    let (record, after) = rest.split_at_checked(length)?;
    *rest = after;
    record.get(1..)
}

fn headers_size(headers: &Headers) -> usize {
    let of_part = |bytes: &[u8]| {
        let mut length = Varints::<MOST_VARINT>::new();
        length.push(bytes.len() as i64);
        length.len + bytes.len()
    };
    headers.iter().map(|(name, value)| of_part(name.as_bytes()) + of_part(value)).sum()
}

fn put_headers(out: &mut Vec<u8>, headers: &Headers) {
    for part in headers.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        let mut length = Varints::<MOST_VARINT>::new();
        length.push(part.len() as i64);
        out.extend_from_slice(length.bytes());
        out.extend_from_slice(part);
    }
}

/// A few variable-length numbers in a row, of at most this many bytes.
#[derive(Debug, Clone, Copy)]
struct Varints<const MOST: usize> {
    space: [u8; MOST],
    len: usize,
}

impl<const MOST: usize> Varints<MOST> {
    fn new() -> Self {
        Varints { space: [0; MOST], len: 0 }
    }

    fn bytes(&self) -> &[u8] {
        &self.space[..self.len]
    }

    fn push_byte(&mut self, byte: u8) {
        self.space[self.len] = byte;
        self.len += 1;
    }

    /// A signed number in zigzag form.
    fn push(&mut self, value: i64) {
        let mut bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while bits >= 0x80 {
            self.push_byte((bits & 0x7f) as u8 | 0x80);
            bits >>= 7;
        }
        self.push_byte(bits as u8);
    }

    /// -1 is null.
    fn push_length(&mut self, part: Option<&[u8]>) {
        self.push(part.map_or(-1, |part| part.len() as i64));
    }
}

/// Takes a signed variable-length number from the front.
fn take_varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut bits: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        bits |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use kafka_protocol::records::RecordBatchDecoder;
    use proptest::prelude::*;

    use super::*;

    type Plain = (Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Vec<u8>)>, i64);

    fn part() -> impl Strategy<Value = Option<Vec<u8>>> {
        prop::option::of(prop::collection::vec(any::<u8>(), 0..200))
    }

    fn plain() -> impl Strategy<Value = Plain> {
        let header = ("[a-z]{1,9}", prop::collection::vec(any::<u8>(), 0..20));
        (part(), part(), prop::collection::vec(header, 0..3), -1..4_000_000_000_000_i64)
    }

    fn written(of: &[Plain]) -> Records {
        let mut records = Records::in_memory_of(vec![7; 3]);
        for (key, value, headers, timestamp_ms) in of {
            let headers: Headers = headers.iter().map(|(name, value)| (Arc::from(&**name), value.clone())).collect();
            let record =
                Record { key: key.as_deref(), value: value.as_deref(), headers: &headers, timestamp_ms: *timestamp_ms };
            records.push(&record);
        }
        records
    }

    fn sealed(records: &Records, identity: Identity) -> Vec<u8> {
        let (summary, mut out) = records.clone().into_parts();
        summary.write_header(&mut out, 0, identity);
        out
    }

    fn read(bytes: &[u8]) -> Vec<Plain> {
        let records = RecordBatchDecoder::decode(&mut Bytes::copy_from_slice(bytes)).unwrap().records;
        let header = |(name, value): (&kafka_protocol::protocol::StrBytes, &Option<Bytes>)| {
            (name.to_string(), value.as_deref().unwrap_or_default().to_vec())
        };
        records
            .iter()
            .map(|record| {
                let headers = record.headers.iter().map(header).collect();
                (
                    record.key.as_deref().map(<[u8]>::to_vec),
                    record.value.as_deref().map(<[u8]>::to_vec),
                    headers,
                    record.timestamp,
                )
            })
            .collect()
    }

    fn unrepeated(mut of: Vec<Plain>) -> Vec<Plain> {
        // The other implementation keeps headers in a map.
        for (_, _, headers, _) in &mut of {
            let mut seen = std::collections::BTreeSet::new();
            headers.retain(|(name, _)| seen.insert(name.clone()));
        }
        of
    }

    const IDENTITY: Identity = Identity { producer_id: 77, epoch: 3, first_sequence: 1000 };

    proptest! {
        #[test]
        fn a_batch_reads_as_another_implementation_reads_it(of in prop::collection::vec(plain(), 1..20)) {
            let of = unrepeated(of);
            let bytes = sealed(&written(&of), IDENTITY);
            prop_assert_eq!(told_size(&bytes), bytes.len());
            prop_assert_eq!(read(&bytes), of);
        }

        #[test]
        fn halves_hold_the_same_records_in_order(of in prop::collection::vec(plain(), 1..20)) {
            let of = unrepeated(of);
            let whole = written(&of);
            match whole.summary.halves(&whole.bytes) {
                None => prop_assert_eq!(of.len(), 1),
                Some([first, second]) => {
                    let both: Vec<Plain> = [&first, &second].iter().flat_map(|half| read(&sealed(half, IDENTITY))).collect();
                    prop_assert_eq!(first.count() + second.count(), whole.count());
                    prop_assert_eq!(both, of);
                }
            }
        }

        #[test]
        fn a_record_is_no_larger_than_was_said(of in plain()) {
            let records = written(std::slice::from_ref(&of));
            let headers: Headers = of.2.iter().map(|(name, value)| (Arc::from(&**name), value.clone())).collect();
            let record = Record { key: of.0.as_deref(), value: of.1.as_deref(), headers: &headers, timestamp_ms: of.3 };
            prop_assert!(records.size() <= Records::size_alone(&record));
        }
    }

    #[test]
    fn who_wrote_a_batch_stands_in_it() {
        let of: Plain = (None, Some(vec![1]), Vec::new(), 5);
        let bytes = sealed(&written(&[of.clone(), of]), IDENTITY);
        let records = RecordBatchDecoder::decode(&mut Bytes::from(bytes)).unwrap().records;
        let last = &records[1];
        assert_eq!((last.producer_id, last.producer_epoch, last.sequence), (77, 3, 1001));
    }
}
