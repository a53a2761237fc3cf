//! The header of a record batch, format 2 (layout: KIP-98), and the marker batches that end a transaction.
//!
//! The broker reads only these fixed fields. The records after them, compressed or not, are stored as they came.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes before the first record.
pub(super) const HEADER_BYTES: usize = 61;
/// Base offset, batch length and leader epoch: the fields that the broker overwrites when it serves a batch. The CRC does not cover them.
pub(super) const PREFIX_BYTES: usize = 16;
/// The one leader epoch of every partition here: the leader never changes.
pub(super) const LEADER_EPOCH: i32 = 0;

/// Size of a transaction marker.
pub(super) const MARKER_BYTES: usize = 78;

const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const CRC_COVERS_FROM: usize = 21;
/// The batch length field counts the bytes that follow it.
const LENGTH_COUNTS_FROM: usize = 12;

const COMPRESSION_BITS: i16 = 0b111;
const TRANSACTIONAL_BIT: i16 = 1 << 4;
const CONTROL_BIT: i16 = 1 << 5;

/// The fixed fields that the rules of the broker need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) crc: u32,
    pub(super) attributes: i16,
    pub(super) last_offset_delta: i32,
    pub(super) base_timestamp_ms: i64,
    pub(super) max_timestamp_ms: i64,
    pub(super) producer_id: i64,
    pub(super) producer_epoch: i16,
    pub(super) base_sequence: i32,
    pub(super) record_count: i32,
}

/// Why a batch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchFault {
    /// Cut short, or its length field disagrees with the bytes received.
    Length,
    /// A format older or newer than 2.
    Format,
    /// The CRC-32C does not match.
    Checksum,
    /// Counts that contradict each other, or a batch that only a broker may write.
    Records,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], BatchFault> {
    bytes.get(at..at + N).and_then(|field| field.try_into().ok()).ok_or(BatchFault::Length)
}

fn int16(bytes: &[u8], at: usize) -> Result<i16, BatchFault> {
    array(bytes, at).map(i16::from_be_bytes)
}

fn int32(bytes: &[u8], at: usize) -> Result<i32, BatchFault> {
    array(bytes, at).map(i32::from_be_bytes)
}

fn int64(bytes: &[u8], at: usize) -> Result<i64, BatchFault> {
    array(bytes, at).map(i64::from_be_bytes)
}

impl BatchHeader {
    /// Reads the header of the one batch in `bytes`. Does not check the CRC.
    ///
    /// # Errors
    /// [`BatchFault::Format`] for another format, [`BatchFault::Length`] when `bytes` are not exactly one batch.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BatchFault> {
        if *bytes.get(MAGIC_AT).ok_or(BatchFault::Length)? != 2 {
            return Err(BatchFault::Format);
        }
        let length = usize::try_from(int32(bytes, 8)?).map_err(|_| BatchFault::Length)?;
        if bytes.len() < HEADER_BYTES || length + LENGTH_COUNTS_FROM != bytes.len() {
            return Err(BatchFault::Length);
        }
        Ok(Self {
            crc: array(bytes, CRC_AT).map(u32::from_be_bytes)?,
            attributes: int16(bytes, 21)?,
            last_offset_delta: int32(bytes, 23)?,
            base_timestamp_ms: int64(bytes, 27)?,
            max_timestamp_ms: int64(bytes, 35)?,
            producer_id: int64(bytes, 43)?,
            producer_epoch: int16(bytes, 51)?,
            base_sequence: int32(bytes, 53)?,
            record_count: int32(bytes, 57)?,
        })
    }

    /// Checks a producer's batch completely: header, CRC, and counts that are consistent.
    ///
    /// # Errors
    /// The first [`BatchFault`] found.
    pub(super) fn check(bytes: &[u8]) -> Result<Self, BatchFault> {
        let header = Self::read(bytes)?;
        if crc32c::crc32c(&bytes[CRC_COVERS_FROM..]) != header.crc {
            return Err(BatchFault::Checksum);
        }
        let counted = header.record_count.checked_sub(1);
        let idempotent_without_sequence = header.producer_id >= 0 && header.base_sequence < 0;
        if header.record_count < 1
            || counted != Some(header.last_offset_delta)
            || header.is_control()
            || idempotent_without_sequence
        {
            return Err(BatchFault::Records);
        }
        Ok(header)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION_BITS != 0
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// The sequence number of the batch's last record. Sequences wrap from the largest `i32` to 0.
    pub(super) fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        i32::try_from(last % (i64::from(i32::MAX) + 1)).unwrap_or(0)
    }
}

/// The first [`PREFIX_BYTES`] of a stored batch of `batch_bytes` bytes, as a consumer gets them.
pub(super) fn put_prefix(buffer: &mut BytesMut, base_offset: i64, batch_bytes: usize) {
    buffer.put_i64(base_offset);
    buffer.put_i32(i32::try_from(batch_bytes - LENGTH_COUNTS_FROM).unwrap_or(i32::MAX));
    buffer.put_i32(LEADER_EPOCH);
}

/// The control batch that ends a transaction in a partition.
pub(super) fn marker(producer_id: i64, producer_epoch: i16, committed: bool, timestamp_ms: i64) -> Bytes {
    // Record: length 16, attributes, both deltas 0; key (version 0, type); value (version 0, coordinator epoch 0); no headers.
    const RECORD_BEFORE_TYPE: [u8; 7] = [32, 0, 0, 0, 8, 0, 0];
    const RECORD_AFTER_TYPE: [u8; 8] = [12, 0, 0, 0, 0, 0, 0, 0];
    let mut covered = BytesMut::with_capacity(57);
    covered.put_i16(TRANSACTIONAL_BIT | CONTROL_BIT);
    covered.put_i32(0);
    covered.put_i64(timestamp_ms);
    covered.put_i64(timestamp_ms);
    covered.put_i64(producer_id);
    covered.put_i16(producer_epoch);
    covered.put_i32(-1);
    covered.put_i32(1);
    covered.put_slice(&RECORD_BEFORE_TYPE);
    covered.put_u8(0);
    covered.put_u8(u8::from(committed));
    covered.put_slice(&RECORD_AFTER_TYPE);

    let mut batch = BytesMut::with_capacity(CRC_COVERS_FROM + covered.len());
    put_prefix(&mut batch, 0, CRC_COVERS_FROM + covered.len());
    batch.put_i8(2);
    batch.put_u32(crc32c::crc32c(&covered));
    batch.put_slice(&covered);
    batch.freeze()
}

/// The place of a record: its distance from the batch's base offset, and its timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordPlace {
    pub(super) offset_delta: i64,
    pub(super) timestamp_ms: i64,
}

/// The places of an uncompressed batch's records, in order. Ends early at the first malformed record.
pub(super) fn record_places<'a>(header: &BatchHeader, bytes: &'a [u8]) -> impl Iterator<Item = RecordPlace> + 'a {
    let base_timestamp_ms = header.base_timestamp_ms;
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::try_from(zigzag(&mut rest)?).ok()?;
        let (mut record, after) = rest.split_at_checked(length)?;
        rest = after;
        record = record.get(1..)?;
        let timestamp_ms = base_timestamp_ms.checked_add(zigzag(&mut record)?)?;
        Some(RecordPlace { timestamp_ms, offset_delta: zigzag(&mut record)? })
    })
}

/// Takes a signed variable-length integer from the front.
fn zigzag(bytes: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use kafka_protocol::records::RecordBatchDecoder;
    use proptest::prelude::*;

    use super::*;

    /// A well-formed uncompressed batch of `count` records 10 ms apart, as a producer would send it.
    pub(crate) fn batch_of(count: i32, producer: (i64, i16, i32), transactional: bool, first_ms: i64) -> Bytes {
        let mut covered = BytesMut::new();
        covered.put_i16(if transactional { TRANSACTIONAL_BIT } else { 0 });
        covered.put_i32(count - 1);
        covered.put_i64(first_ms);
        covered.put_i64(first_ms + i64::from(count - 1) * 10);
        covered.put_i64(producer.0);
        covered.put_i16(producer.1);
        covered.put_i32(producer.2);
        covered.put_i32(count);
        for index in 0..count {
            let mut record = vec![0_u8];
            put_zigzag(&mut record, i64::from(index) * 10);
            put_zigzag(&mut record, i64::from(index));
            record.extend_from_slice(&[1, 2, b'v', 0]);
            let mut framed = Vec::new();
            put_zigzag(&mut framed, i64::try_from(record.len()).unwrap());
            covered.extend_from_slice(&framed);
            covered.extend_from_slice(&record);
        }
        let mut batch = BytesMut::new();
        put_prefix(&mut batch, 0, CRC_COVERS_FROM + covered.len());
        batch.put_i8(2);
        batch.put_u32(crc32c::crc32c(&covered));
        batch.extend_from_slice(&covered);
        batch.freeze()
    }

    fn put_zigzag(out: &mut Vec<u8>, value: i64) {
        let mut bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while bits >= 0x80 {
            out.push((bits & 0x7f) as u8 | 0x80);
            bits >>= 7;
        }
        out.push(bits as u8);
    }

    #[test]
    fn a_batch_reads_as_another_implementation_reads_it() {
        let bytes = batch_of(3, (7, 2, 40), true, 1_000);
        let header = BatchHeader::check(&bytes).unwrap();
        let records = RecordBatchDecoder::decode(&mut bytes.clone()).unwrap().records;
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].producer_id, header.producer_id);
        assert_eq!(records[0].producer_epoch, header.producer_epoch);
        assert!(header.is_transactional() && records[0].transactional);
        assert_eq!(records[2].timestamp, header.max_timestamp_ms);
        let places: Vec<_> = record_places(&header, &bytes).collect();
        let theirs: Vec<_> =
            records.iter().map(|r| RecordPlace { offset_delta: r.offset, timestamp_ms: r.timestamp }).collect();
        assert_eq!(places, theirs);
    }

    #[test]
    fn a_marker_is_a_control_record_of_its_type() {
        for committed in [false, true] {
            let bytes = marker(9, 3, committed, 5_000);
            let header = BatchHeader::read(&bytes).unwrap();
            assert!(header.is_control() && header.is_transactional());
            let records = RecordBatchDecoder::decode(&mut bytes.clone()).unwrap().records;
            assert_eq!(records.len(), 1);
            assert!(records[0].control);
            assert_eq!(records[0].key.as_deref(), Some(&[0, 0, 0, u8::from(committed)][..]));
            assert_eq!(records[0].value.as_deref(), Some(&[0_u8; 6][..]));
            assert_eq!(BatchHeader::check(&bytes), Err(BatchFault::Records), "a producer may not send it");
        }
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let bytes = batch_of(3, (1, 0, i32::MAX - 1), false, 0);
        assert_eq!(BatchHeader::read(&bytes).unwrap().last_sequence(), 0);
    }

    proptest! {
        #[test]
        fn any_changed_byte_under_the_checksum_is_noticed(at in CRC_COVERS_FROM..90_usize, flip in 1_u8..) {
            let mut bytes = batch_of(5, (1, 0, 0), false, 77).to_vec();
            bytes[at] ^= flip;
            prop_assert_eq!(BatchHeader::check(&bytes), Err(BatchFault::Checksum));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(header) = BatchHeader::read(&bytes) {
                let _ = record_places(&header, &bytes).count();
            }
            let _ = BatchHeader::check(&bytes);
        }

        #[test]
        fn a_batch_cut_anywhere_is_refused(keep in 0_usize..98) {
            let bytes = batch_of(5, (1, 0, 0), false, 77);
            prop_assume!(keep < bytes.len());
            prop_assert_eq!(BatchHeader::check(&bytes[..keep]), Err(BatchFault::Length));
        }
    }
}
