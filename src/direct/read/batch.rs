//! Record batches of format 2 as a fetch brings them, one after the other, read in place. Layout: KIP-98. Pure.

use std::ops::Range;

use super::record::Records;

/// Bytes before the first record.
const HEADER_BYTES: usize = 61;
/// The batch's length counts the bytes after it.
const LENGTH_COUNTS_FROM: usize = 12;
/// Where the format's number stands; every format has it there.
const FORMAT_AT: usize = 16;
const CRC_AT: usize = 17;
/// Of a batch that does not say under which leader it was written.
pub(super) const NO_EPOCH: i32 = -1;
const CRC_COVERS_FROM: usize = 21;

const COMPRESSION: i16 = 0b111;
const BY_BROKER: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// One batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch<'a> {
    pub(super) base_offset: i64,
    leader_epoch: i32,
    attributes: i16,
    last_offset_delta: i32,
    pub(super) base_timestamp_ms: i64,
    pub(super) max_timestamp_ms: i64,
    pub(super) producer_id: i64,
    count: i32,
    /// The records, compressed as `compression` says.
    body: &'a [u8],
}

/// Why a batch cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BatchFault {
    /// Its length contradicts itself.
    #[error("its length of {0} B cannot be")]
    Length(i32),
    /// There are no offsets after its last record.
    #[error("its offsets begin at {0}, which cannot be")]
    Offset(i64),
    /// Another format than 2.
    #[error("it has the message format {0}, from before Kafka 0.11")]
    Format(u8),
    /// It was changed on its way, or on disk.
    #[error("its CRC is {found:08x}, and its bytes make {made:08x}: it was changed on its way or on disk")]
    Checksum {
        /// As the batch says.
        found: u32,
        /// Of its bytes.
        made: u32,
    },
}

/// What stands at the beginning of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A batch, and what follows.
    Batch(Batch<'a>, &'a [u8]),
    /// One that cannot be read, and what follows.
    Faulty { base_offset: i64, fault: BatchFault, rest: &'a [u8] },
    /// Nothing, or a batch that was cut: an answer has only so much room.
    Cut,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn int32(bytes: &[u8], at: usize) -> Option<i32> {
    array(bytes, at).map(i32::from_be_bytes)
}

fn int64(bytes: &[u8], at: usize) -> Option<i64> {
    array(bytes, at).map(i64::from_be_bytes)
}

/// The first batch's bytes, and what follows them; none if it is cut, or says of its own length what cannot be.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(int32(bytes, 8)?).ok()?;
    bytes.split_at_checked(length.checked_add(LENGTH_COUNTS_FROM)?)
}

/// The offsets that the first batch covers, its leader's epoch, and what follows it; none if it is cut, or if its length or offsets cannot be.
pub(super) fn span(bytes: &[u8]) -> Option<(Range<i64>, i32, &[u8])> {
    let (whole, rest) = split(bytes)?;
    // In older formats something else stands where the last offset and the epoch do.
    let is_ours = whole.get(FORMAT_AT) == Some(&2);
    let further = if is_ours { int32(whole, 23).unwrap_or(0).max(0) } else { 0 };
    let base_offset = int64(whole, 0)?;
    let end = base_offset.checked_add(i64::from(further))?.checked_add(1)?;
    Some((base_offset..end, if is_ours { int32(whole, 12)? } else { NO_EPOCH }, rest))
}

/// Reads the first batch, and checks its bytes against its CRC.
pub(super) fn next(bytes: &[u8]) -> Next<'_> {
    let (Some(base_offset), Some(length)) = (int64(bytes, 0), int32(bytes, 8)) else { return Next::Cut };
    let faulty = |fault, rest| Next::Faulty { base_offset, fault, rest };
    if length < 0 {
        return faulty(BatchFault::Length(length), &[]);
    }
    let Some((whole, rest)) = split(bytes) else { return Next::Cut };
    match whole.get(FORMAT_AT) {
        None => return faulty(BatchFault::Length(length), rest),
        Some(2) => {}
        Some(format) => return faulty(BatchFault::Format(*format), rest),
    }
    let Some((batch, found)) = parse(whole, base_offset) else { return faulty(BatchFault::Length(length), rest) };
    if base_offset < 0 || batch.last_offset() == i64::MAX {
        return faulty(BatchFault::Offset(base_offset), rest);
    }
    let made = crc32c::crc32c(&whole[CRC_COVERS_FROM..]);
    if made == found { Next::Batch(batch, rest) } else { faulty(BatchFault::Checksum { found, made }, rest) }
}

/// The batch's fields, and the CRC that it says it has.
fn parse(whole: &[u8], base_offset: i64) -> Option<(Batch<'_>, u32)> {
    let batch = Batch {
        base_offset,
        leader_epoch: int32(whole, 12)?,
        attributes: array(whole, 21).map(i16::from_be_bytes)?,
        last_offset_delta: int32(whole, 23)?,
        base_timestamp_ms: int64(whole, 27)?,
        max_timestamp_ms: int64(whole, 35)?,
        producer_id: int64(whole, 43)?,
        count: int32(whole, 57)?,
        body: whole.get(HEADER_BYTES..)?,
    };
    Some((batch, array(whole, CRC_AT).map(u32::from_be_bytes)?))
}

#[cfg(test)]
impl<'a> Batch<'a> {
    /// An empty batch with this body.
    pub(super) fn compressed(codec: i16, body: &'a [u8]) -> Self {
        Batch {
            base_offset: 0,
            leader_epoch: 0,
            attributes: codec,
            last_offset_delta: 0,
            base_timestamp_ms: 0,
            max_timestamp_ms: 0,
            producer_id: -1,
            count: 0,
            body,
        }
    }
}

impl<'a> Batch<'a> {
    /// The offset of its last record; one that was compacted away may have been the last.
    pub(super) fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta.max(0)))
    }

    /// Whether the broker wrote it, to end a transaction: it has no records for readers.
    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether its records have the broker's time, `max_timestamp_ms`, instead of their own.
    pub(super) fn has_brokers_time(&self) -> bool {
        self.attributes & BY_BROKER != 0
    }

    /// The number of the codec that its records are compressed with; 0 for none.
    pub(super) fn compression(&self) -> i16 {
        self.attributes & COMPRESSION
    }

    /// Its records as they were sent, compressed or not.
    pub(super) fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Its records, out of its bytes without compression.
    pub(super) fn records<'b>(&self, plain: &'b [u8]) -> Records<'b> {
        Records::new(plain, self.count, self.base_offset, self.base_timestamp_ms)
    }
}
