//! The shapes of the requests (from Kafka's message definitions), checked before a request is decoded.
//!
//! The decoder reserves memory for as many elements as an array claims to have. A frame of a few bytes could claim two thousand million,
//! and kill the process. So every length is first compared with what the frame really contains.

use bytes::Buf;
use kafka_protocol::messages::ApiKey;

/// More elements than any client sends, and few enough to fit into memory.
const MAX_ELEMENTS: usize = 1_000_000;

/// A part of a request.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Numbers: this many bytes.
    Fixed(usize),
    /// A string or null.
    Text,
    /// Bytes or null.
    Blob,
    /// An array of numbers of this many bytes, or null.
    Numbers(usize),
    /// An array of strings, or null.
    Texts,
    /// An array of structures, or null.
    List(&'static [Field]),
}

use Part::{Blob, Fixed, List, Numbers, Text, Texts};

/// A part, and the first and last version that have it.
#[derive(Debug, Clone, Copy)]
struct Field(i16, i16, Part);

const LAST: i16 = i16::MAX;

const fn all(part: Part) -> Field {
    Field(0, LAST, part)
}

const fn since(version: i16, part: Part) -> Field {
    Field(version, LAST, part)
}

const fn until(version: i16, part: Part) -> Field {
    Field(0, version, part)
}

#[rustfmt::skip]
const COMMITTED: Part = List(&[all(Text), all(List(&[all(Fixed(12)), since(6, Fixed(4)), all(Text)]))]);
#[rustfmt::skip]
const TXN_COMMITTED: Part = List(&[all(Text), all(List(&[all(Fixed(12)), since(2, Fixed(4)), all(Text)]))]);
#[rustfmt::skip]
const INDEXES: Part = List(&[all(Text), all(Numbers(4))]);
#[rustfmt::skip]
const FETCHED: Part = List(&[
    all(Fixed(4)), since(9, Fixed(4)), all(Fixed(8)), since(12, Fixed(4)), since(5, Fixed(8)), all(Fixed(4)),
]);

/// Request, first version with compact lengths and tagged fields, and the fields after the header. Tagged fields are not listed.
#[rustfmt::skip]
static SHAPES: [(ApiKey, i16, &[Field]); 26] = [
    (ApiKey::Produce, 9, &[
        all(Text), all(Fixed(6)),
        all(List(&[until(12, Text), since(13, Fixed(16)), all(List(&[all(Fixed(4)), all(Blob)]))])),
    ]),
    (ApiKey::Fetch, 12, &[
        until(14, Fixed(4)), all(Fixed(13)), since(7, Fixed(8)),
        all(List(&[until(12, Text), since(13, Fixed(16)), all(FETCHED)])),
        since(7, List(&[until(12, Text), since(13, Fixed(16)), all(Numbers(4))])), since(11, Text),
    ]),
    (ApiKey::ListOffsets, 6, &[
        all(Fixed(4)), since(2, Fixed(1)),
        all(List(&[all(Text), all(List(&[all(Fixed(4)), since(4, Fixed(4)), all(Fixed(8))]))])), since(10, Fixed(4)),
    ]),
    (ApiKey::Metadata, 9, &[
        all(List(&[since(10, Fixed(16)), all(Text)])), since(4, Fixed(1)), Field(8, 10, Fixed(1)), since(8, Fixed(1)),
    ]),
    (ApiKey::OffsetCommit, 8, &[
        all(Text), all(Fixed(4)), all(Text), since(7, Text), until(4, Fixed(8)), all(COMMITTED),
    ]),
    (ApiKey::OffsetFetch, 6, &[
        until(7, Text), until(7, INDEXES),
        since(8, List(&[all(Text), since(9, Text), since(9, Fixed(4)), all(INDEXES)])), since(7, Fixed(1)),
    ]),
    (ApiKey::FindCoordinator, 3, &[until(3, Text), since(1, Fixed(1)), since(4, Texts)]),
    (ApiKey::JoinGroup, 6, &[
        all(Text), all(Fixed(4)), since(1, Fixed(4)), all(Text), since(5, Text), all(Text),
        all(List(&[all(Text), all(Blob)])), since(8, Text),
    ]),
    (ApiKey::Heartbeat, 4, &[all(Text), all(Fixed(4)), all(Text), since(3, Text)]),
    (ApiKey::LeaveGroup, 4, &[
        all(Text), until(2, Text), since(3, List(&[all(Text), all(Text), since(5, Text)])),
    ]),
    (ApiKey::SyncGroup, 4, &[
        all(Text), all(Fixed(4)), all(Text), since(3, Text), since(5, Text), since(5, Text),
        all(List(&[all(Text), all(Blob)])),
    ]),
    (ApiKey::DescribeGroups, 5, &[all(Texts), since(3, Fixed(1))]),
    (ApiKey::ListGroups, 3, &[since(4, Texts), since(5, Texts)]),
    (ApiKey::ApiVersions, 3, &[since(3, Text), since(3, Text)]),
    (ApiKey::CreateTopics, 5, &[
        all(List(&[
            all(Text), all(Fixed(6)), all(List(&[all(Fixed(4)), all(Numbers(4))])), all(List(&[all(Text), all(Text)])),
        ])),
        all(Fixed(5)),
    ]),
    (ApiKey::DeleteTopics, 4, &[since(6, List(&[all(Text), all(Fixed(16))])), until(5, Texts), all(Fixed(4))]),
    (ApiKey::DeleteRecords, 2, &[all(List(&[all(Text), all(List(&[all(Fixed(12))]))])), all(Fixed(4))]),
    (ApiKey::InitProducerId, 2, &[all(Text), all(Fixed(4)), since(3, Fixed(10))]),
    (ApiKey::OffsetForLeaderEpoch, 4, &[
        since(3, Fixed(4)), all(List(&[all(Text), all(List(&[all(Fixed(12))]))])),
    ]),
    (ApiKey::AddPartitionsToTxn, 3, &[all(Text), all(Fixed(10)), all(INDEXES)]),
    (ApiKey::AddOffsetsToTxn, 3, &[all(Text), all(Fixed(10)), all(Text)]),
    (ApiKey::EndTxn, 3, &[all(Text), all(Fixed(11))]),
    (ApiKey::TxnOffsetCommit, 3, &[
        all(Text), all(Text), all(Fixed(10)), since(3, Fixed(4)), since(3, Text), since(3, Text), all(TXN_COMMITTED),
    ]),
    (ApiKey::DescribeConfigs, 4, &[
        all(List(&[all(Fixed(1)), all(Text), all(Texts)])), all(Fixed(1)), since(3, Fixed(1)),
    ]),
    (ApiKey::CreatePartitions, 2, &[
        all(List(&[all(Text), all(Fixed(4)), all(List(&[all(Numbers(4))]))])), all(Fixed(5)),
    ]),
    (ApiKey::DescribeCluster, 0, &[all(Fixed(1)), since(1, Fixed(1)), since(2, Fixed(1))]),
];

fn shape(api: ApiKey) -> Option<(i16, &'static [Field])> {
    SHAPES.iter().find(|(key, _, _)| *key == api).map(|&(_, first_flexible, fields)| (first_flexible, fields))
}

/// Whether `body`, what follows the request header, contains everything that its lengths claim.
pub(super) fn holds_what_it_claims(api: ApiKey, version: i16, body: &[u8]) -> bool {
    behind(api, version, body).is_some()
}

/// What follows the request in `body`; none if the request does not end within it.
fn behind(api: ApiKey, version: i16, body: &[u8]) -> Option<&[u8]> {
    let (first_flexible, fields) = shape(api)?;
    let mut walk = Walk { rest: body, version, flexible: version >= first_flexible, elements_left: MAX_ELEMENTS };
    walk.structure(fields)?;
    Some(walk.rest)
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    elements_left: usize,
}

/// Each step returns none if the frame is too short for it.
impl Walk<'_> {
    fn structure(&mut self, fields: &[Field]) -> Option<()> {
        for Field(first, last, part) in fields {
            if (*first..=*last).contains(&self.version) {
                self.part(*part)?;
            }
        }
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let size = self.varint()?;
                self.skip(size as usize)?;
            }
        }
        Some(())
    }

    fn part(&mut self, part: Part) -> Option<()> {
        match part {
            Fixed(bytes) => self.skip(bytes),
            Text => {
                let length = if self.flexible { self.compact_length()? } else { self.rest.try_get_i16().ok()?.into() };
                self.skip_nullable(length)
            }
            Blob => {
                let length = self.length()?;
                self.skip_nullable(length)
            }
            Numbers(bytes) => {
                let count = self.count()?;
                self.skip(count.checked_mul(bytes)?)
            }
            Texts => (0..self.count()?).try_for_each(|_| self.part(Text)),
            List(fields) => (0..self.count()?).try_for_each(|_| self.structure(fields)),
        }
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    /// -1 is null.
    fn skip_nullable(&mut self, length: i64) -> Option<()> {
        if length == -1 { Some(()) } else { self.skip(usize::try_from(length).ok()?) }
    }

    fn length(&mut self) -> Option<i64> {
        if self.flexible { self.compact_length() } else { self.rest.try_get_i32().ok().map(i64::from) }
    }

    fn compact_length(&mut self) -> Option<i64> {
        Some(i64::from(self.varint()?) - 1)
    }

    /// The number of an array's elements; none for null.
    fn count(&mut self) -> Option<usize> {
        let length = self.length()?;
        let count = if length == -1 { 0 } else { usize::try_from(length).ok()? };
        self.elements_left = self.elements_left.checked_sub(count)?;
        Some(count)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use kafka_protocol::messages::RequestKind;
    use proptest::prelude::*;

    use super::super::versions::ANSWERED;
    use super::*;

    #[test]
    fn every_answered_request_has_a_shape() {
        for (api, _, _) in ANSWERED {
            assert!(shape(api).is_some(), "{api:?}");
        }
    }

    #[test]
    fn an_array_that_claims_too_much_is_refused() {
        // Metadata, version 1: an array of i32::MAX topics, and nothing after it.
        assert!(!holds_what_it_claims(ApiKey::Metadata, 1, &i32::MAX.to_be_bytes()));
        assert!(holds_what_it_claims(ApiKey::Metadata, 1, &0_i32.to_be_bytes()));
        assert!(holds_what_it_claims(ApiKey::Metadata, 1, &(-1_i32).to_be_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        /// Zeros and small numbers make many bodies well-formed by chance; then the decoder must agree with the shape.
        #[test]
        fn what_passes_is_also_decoded(which in 0..ANSWERED.len(), version in 0_i16..14, bytes in prop::collection::vec(prop_oneof![5 => Just(0_u8), 1 => 1_u8..3], 0..120)) {
            let (api, min, max) = ANSWERED[which];
            let version = version.clamp(if api == ApiKey::Produce { 3 } else { min }, max);
            // The decoder reads Fetch's known tagged fields without checking their stated size. They hold no arrays.
            let loose_tags = api == ApiKey::Fetch && version >= 12;
            if let Some(rest) = behind(api, version, &bytes) {
                let mut body = Bytes::copy_from_slice(&bytes);
                match RequestKind::decode(api, &mut body, version) {
                    Ok(_) => prop_assert!(loose_tags || body == rest, "{api:?} {version}: {body:?} left, not {rest:?}"),
                    // Null where null is not allowed is left to the decoder.
                    Err(error) => {
                        let null = format!("{error:#}").contains("negative");
                        prop_assert!(loose_tags || null, "{api:?} {version}: {error:#}");
                    }
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(which in 0..ANSWERED.len(), version in 0_i16..14, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (api, min, max) = ANSWERED[which];
            let version = version.clamp(min, max);
            if holds_what_it_claims(api, version, &bytes) {
                let _ = RequestKind::decode(api, &mut Bytes::from(bytes), version);
            }
        }
    }
}
