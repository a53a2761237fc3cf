//! The shapes of the requests (from Kafka's message definitions), checked before a request is decoded.

use kafka_protocol::messages::ApiKey;

use super::shape::Part::{self, Blob, Fixed, List, Numbers, Text, Texts};
use super::shape::{Field, after, all, between, since, until};

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
        all(List(&[since(10, Fixed(16)), all(Text)])), since(4, Fixed(1)), between(8, 10, Fixed(1)), since(8, Fixed(1)),
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
    after(fields, version, version >= first_flexible, body)
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
