//! What says by which schema a payload is written: Confluent's wire format before it, or a schema's GUID in a header.
//!
//! Before the payload: a zero byte, the schema's id as 4 bytes, big-endian, and for Protobuf which of the file's messages it is: the path of
//! indexes to it, as zigzag varints after their number; a single 0 is the first message. In the header `__value_schema_id`: a byte 1 and the
//! 16 bytes of a GUID, or the same as before a payload; the message indexes follow there, and the payload stands alone.

use uuid::Uuid;

use super::SchemaKind;

/// The header that carries a value's schema.
pub const FRAME_HEADER: &str = "__value_schema_id";

/// The first byte before an id.
const MAGIC_ID: u8 = 0;
/// The first byte before a GUID.
const MAGIC_GUID: u8 = 1;
/// The most message indexes that are believed: deeper messages are nested in none.
const MOST_INDEXES: usize = 64;

/// Names a schema in its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaKey {
    /// By the registry's id.
    Id(u32),
    /// By its GUID, which is the same in every registry.
    Guid(Uuid),
}

impl std::fmt::Display for SchemaKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SchemaKey::Id(id) => write!(out, "{id}"),
            SchemaKey::Guid(guid) => guid.fmt(out),
        }
    }
}

/// What stands before a payload, or in its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// For payloads of this schema; `indexes` is the path to a message of Protobuf, which other kinds have not.
    #[must_use]
    pub fn new(key: SchemaKey, kind: SchemaKind, indexes: &[i32]) -> Self {
        let mut bytes = match key {
            SchemaKey::Id(id) => [&[MAGIC_ID][..], &id.to_be_bytes()].concat(),
            SchemaKey::Guid(guid) => [&[MAGIC_GUID][..], guid.as_bytes()].concat(),
        };
        if kind == SchemaKind::Protobuf {
            write_indexes(&mut bytes, indexes);
        }
        Frame { bytes }
    }

    /// As it is written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn write_indexes(out: &mut Vec<u8>, indexes: &[i32]) {
    if indexes == [0] {
        return out.push(0);
    }
    write_zigzag(out, indexes.len() as i64);
    for index in indexes {
        write_zigzag(out, i64::from(*index));
    }
}

/// A number as Avro and Protobuf's `sint64` write it: small ones of either sign in few bytes.
pub(super) fn write_zigzag(out: &mut Vec<u8>, number: i64) {
    write_varint(out, (number << 1 ^ number >> 63).cast_unsigned());
}

pub(super) fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A varint and what follows; nothing if it is cut off or longer than 64 bits.
pub(super) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return (at < 9 || *byte <= 1).then_some((number, &bytes[at + 1..]));
        }
    }
    None
}

pub(super) fn read_zigzag(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = read_varint(bytes)?;
    Some(((number >> 1).cast_signed() ^ -((number & 1).cast_signed()), rest))
}

/// A payload apart from its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed<'p> {
    /// The schema.
    pub key: SchemaKey,
    /// What follows the key. For Protobuf it begins with the message indexes where `indexes` is absent.
    pub payload: &'p [u8],
    /// Message indexes from the header, where the key came from there.
    pub indexes: Option<&'p [u8]>,
}

/// Takes a payload and its header [`FRAME_HEADER`] apart; nothing where neither names a schema.
#[must_use]
pub fn unframe<'p>(payload: &'p [u8], header: Option<&'p [u8]>) -> Option<Framed<'p>> {
    if let Some((key, indexes)) = header.and_then(key_of) {
        return Some(Framed { key, payload, indexes: Some(indexes) });
    }
    let (key, payload) = key_of(payload).filter(|(key, _)| matches!(key, SchemaKey::Id(_)))?;
    Some(Framed { key, payload, indexes: None })
}

fn key_of(bytes: &[u8]) -> Option<(SchemaKey, &[u8])> {
    match bytes.split_first()? {
        (&MAGIC_ID, rest) => {
            let (id, rest) = rest.split_first_chunk()?;
            Some((SchemaKey::Id(u32::from_be_bytes(*id)), rest))
        }
        (&MAGIC_GUID, rest) => {
            let (guid, rest) = rest.split_first_chunk()?;
            Some((SchemaKey::Guid(Uuid::from_bytes(*guid)), rest))
        }
        _ => None,
    }
}

/// The message indexes before a Protobuf payload, and what follows them; nothing if they are cut off or absurd.
#[must_use]
pub fn message_indexes(bytes: &[u8]) -> Option<(Vec<i32>, &[u8])> {
    let (count, mut rest) = read_zigzag(bytes)?;
    if count == 0 {
        return Some((vec![0], rest));
    }
    let count = usize::try_from(count).ok().filter(|count| *count <= MOST_INDEXES)?;
    let mut indexes = Vec::with_capacity(count);
    for _ in 0..count {
        let (index, after) = read_zigzag(rest)?;
        indexes.push(i32::try_from(index).ok().filter(|index| *index >= 0)?);
        rest = after;
    }
    Some((indexes, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_have_the_bytes_of_the_wire_format() {
        let frame = |key, kind, indexes: &[i32]| Frame::new(key, kind, indexes).bytes().to_vec();
        assert_eq!(frame(SchemaKey::Id(258), SchemaKind::Avro, &[0]), [0, 0, 0, 1, 2]);
        assert_eq!(frame(SchemaKey::Id(1), SchemaKind::Protobuf, &[0]), [0, 0, 0, 0, 1, 0]);
        assert_eq!(frame(SchemaKey::Id(1), SchemaKind::Protobuf, &[1]), [0, 0, 0, 0, 1, 2, 2]);
        assert_eq!(frame(SchemaKey::Id(1), SchemaKind::Protobuf, &[2, 0]), [0, 0, 0, 0, 1, 4, 4, 0]);
        let guid = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
        let bytes = frame(SchemaKey::Guid(guid), SchemaKind::Json, &[]);
        assert_eq!(bytes[0], 1);
        assert_eq!(&bytes[1..], guid.as_bytes());
    }

    #[test]
    fn what_names_no_schema_has_no_frame() {
        for payload in [&b""[..], b"{\"id\":1}", &[0, 0, 0, 1], &[1; 30]] {
            assert_eq!(unframe(payload, None), None, "{payload:?}");
        }
        assert_eq!(unframe(b"{}", Some(&[1, 2, 3])), None);
    }

    proptest! {
        #[test]
        fn a_frame_is_read_back(id: u32, guid: u128, indexes in prop::collection::vec(0..500_i32, 1..5), payload: Vec<u8>) {
            let frame = Frame::new(SchemaKey::Id(id), SchemaKind::Protobuf, &indexes);
            let message = [frame.bytes(), &payload].concat();
            let framed = unframe(&message, None).unwrap();
            prop_assert_eq!(framed.key, SchemaKey::Id(id));
            prop_assert_eq!(message_indexes(framed.payload), Some((indexes.clone(), &payload[..])));
            let key = SchemaKey::Guid(Uuid::from_u128(guid));
            let frame = Frame::new(key, SchemaKind::Protobuf, &indexes);
            let framed = unframe(&payload, Some(frame.bytes())).unwrap();
            prop_assert_eq!((framed.key, framed.payload), (key, &payload[..]));
            prop_assert_eq!(message_indexes(framed.indexes.unwrap()), Some((indexes, &[][..])));
        }

        #[test]
        fn numbers_are_read_back(number: i64, more: Vec<u8>) {
            let mut bytes = Vec::new();
            write_zigzag(&mut bytes, number);
            bytes.extend_from_slice(&more);
            prop_assert_eq!(read_zigzag(&bytes), Some((number, &more[..])));
        }

        #[test]
        fn nothing_stops_reading(bytes: Vec<u8>, header: Option<Vec<u8>>) {
            let _framed = unframe(&bytes, header.as_deref());
            let _indexes = message_indexes(&bytes);
        }
    }
}
