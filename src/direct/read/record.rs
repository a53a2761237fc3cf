//! The records of a batch, read in place. Layout: KIP-98. Pure.

/// The records that are left.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
    left: i32,
    base_offset: i64,
    base_timestamp_ms: i64,
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    headers: &'a [u8],
}

/// The records contradict their lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its records contradict their lengths")]
pub(super) struct RecordFault;

impl<'a> Records<'a> {
    pub(super) fn new(rest: &'a [u8], count: i32, base_offset: i64, base_timestamp_ms: i64) -> Self {
        Records { rest, left: count, base_offset, base_timestamp_ms }
    }

    fn read(&mut self) -> Option<Record<'a>> {
        let length = usize::try_from(varint(&mut self.rest)?).ok()?;
        let mut record = take(&mut self.rest, length)?;
        // Attributes, of which there are none yet.
        take(&mut record, 1)?;
        let timestamp_ms = self.base_timestamp_ms.checked_add(varint(&mut record)?)?;
        let offset = self.base_offset.checked_add(varint(&mut record)?)?;
        let key = bytes(&mut record)?;
        let value = bytes(&mut record)?;
        Some(Record { offset, timestamp_ms, key, value, headers: record })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let record = self.read();
        if record.is_none() {
            self.left = 0;
        }
        Some(record.ok_or(RecordFault))
    }
}

impl<'a> Record<'a> {
    /// Its headers, in their order; as many as can be read, and without those whose names are no text.
    pub(super) fn headers(&self) -> Vec<(&'a str, Option<&'a [u8]>)> {
        let mut rest = self.headers;
        let count = varint(&mut rest).unwrap_or(0);
        let named = |(name, value)| Some((std::str::from_utf8(name).ok()?, value));
        (0..count).map_while(|_| header(&mut rest)).filter_map(named).collect()
    }
}

/// The next header: its name and its value.
fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    Some((bytes(rest)??, bytes(rest)?))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

/// Bytes after their length, which is -1 for none.
fn bytes<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint(rest)? {
        -1 => Some(None),
        length => take(rest, usize::try_from(length).ok()?).map(Some),
    }
}

/// A number in as few bytes as it needs, seven bits each, the sign in the lowest bit.
fn varint(rest: &mut &[u8]) -> Option<i64> {
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
        shift += 7;
    }
}
