//! The shapes of answers (from Kafka's message definitions), checked before an answer is decoded.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::Decodable;

use crate::broker::shape::Part::{Blob, Fixed, List, Numbers, Text, Texts};
use crate::broker::shape::{self, Field, all, since};

#[rustfmt::skip]
static SHAPES: [(ApiKey, &[Field]); 7] = [
    (ApiKey::Produce, &[
        all(List(&[all(Text), all(List(&[
            all(Fixed(14)), since(2, Fixed(8)), since(5, Fixed(8)), since(8, List(&[all(Fixed(4)), all(Text)])), since(8, Text),
        ]))])),
        since(1, Fixed(4)),
    ]),
    (ApiKey::Fetch, &[
        since(1, Fixed(4)), since(7, Fixed(6)),
        all(List(&[all(Text), all(List(&[
            all(Fixed(14)), since(4, Fixed(8)), since(5, Fixed(8)), since(4, List(&[all(Fixed(16))])), since(11, Fixed(4)), all(Blob),
        ]))])),
    ]),
    (ApiKey::Metadata, &[
        since(3, Fixed(4)), all(List(&[all(Fixed(4)), all(Text), all(Fixed(4)), since(1, Text)])), since(2, Text), since(1, Fixed(4)),
        all(List(&[
            all(Fixed(2)), all(Text), since(1, Fixed(1)),
            all(List(&[all(Fixed(10)), since(7, Fixed(4)), all(Numbers(4)), all(Numbers(4)), since(5, Numbers(4))])), since(8, Fixed(4)),
        ])),
        since(8, Fixed(4)),
    ]),
    (ApiKey::ApiVersions, &[all(Fixed(2)), all(List(&[all(Fixed(6))])), since(1, Fixed(4))]),
    (ApiKey::InitProducerId, &[all(Fixed(16))]),
    (ApiKey::SaslHandshake, &[all(Fixed(2)), all(Texts)]),
    (ApiKey::SaslAuthenticate, &[all(Fixed(2)), all(Text), all(Blob), since(1, Fixed(8))]),
];

/// Reads the answer to a request: all of `body`, and nothing that it only claims.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read<A: Decodable>(api: ApiKey, version: i16, mut body: Bytes) -> Result<A, String> {
    let without_tags = after_header(api, version, &body).map(|rest| body.len() - rest.len());
    body.advance(without_tags.unwrap_or_default());
    match without_tags.and_then(|_| after(api, version, &body)) {
        None => {
            return Err(format!("an answer to {api:?} (version {version}) is cut short or claims more than it has"));
        }
        Some([]) => {}
        Some(rest) => return Err(format!("{} bytes follow an answer to {api:?} (version {version})", rest.len())),
    }
    A::decode(&mut body, version).map_err(|error| format!("an answer to {api:?} (version {version}): {error:#}"))
}

/// Whether lengths are compact and fields tagged in this version, of those that are spoken here.
fn is_flexible(api: ApiKey, version: i16) -> bool {
    api == ApiKey::Fetch && version >= 12
}

/// What follows the tagged fields of an answer's header; none if they do not end within `body`.
fn after_header(api: ApiKey, version: i16, body: &[u8]) -> Option<&[u8]> {
    if is_flexible(api, version) { shape::after(&[], version, true, body) } else { Some(body) }
}

/// What follows the answer in `body`; none if the answer does not end within it.
fn after(api: ApiKey, version: i16, body: &[u8]) -> Option<&[u8]> {
    let (_, fields) = SHAPES.iter().find(|(key, _)| *key == api)?;
    shape::after(fields, version, is_flexible(api, version), body)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::ResponseKind;
    use proptest::prelude::*;

    use super::super::versions::OURS;
    use super::*;

    #[test]
    fn every_request_has_a_shape_of_its_answer() {
        for (api, ..) in OURS {
            assert!(SHAPES.iter().any(|(of, _)| *of == api), "{api:?}");
        }
    }

    #[test]
    fn an_array_that_claims_too_much_is_refused() {
        // ApiVersions, version 0: no error, and i32::MAX requests that are not there.
        let claims = [&[0, 0][..], &i32::MAX.to_be_bytes()].concat();
        assert_eq!(after(ApiKey::ApiVersions, 0, &claims), None);
        assert_eq!(after(ApiKey::ApiVersions, 0, &[0, 0, 0, 0, 0, 0]), Some(&[][..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        /// Zeros and small numbers make many bodies well-formed by chance; then the decoder must agree with the shape.
        #[test]
        fn what_passes_is_also_decoded(which in 0..OURS.len(), version in 0_i16..13, bytes in prop::collection::vec(prop_oneof![5 => Just(0_u8), 1 => 1_u8..3], 0..120)) {
            let (api, oldest, newest) = OURS[which];
            let version = version.clamp(oldest, newest);
            // The decoder reads the tagged fields that it knows without looking at the size that they claim. They hold no arrays.
            let loose_tags = is_flexible(api, version);
            if let Some(rest) = after(api, version, &bytes) {
                let mut body = Bytes::copy_from_slice(&bytes);
                match ResponseKind::decode(api, &mut body, version) {
                    Ok(_) => prop_assert!(loose_tags || body == rest, "{api:?} {version}: {body:?} left, not {rest:?}"),
                    Err(error) => {
                        let null = format!("{error:#}").contains("negative");
                        prop_assert!(loose_tags || null, "{api:?} {version}: {error:#}");
                    }
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(which in 0..OURS.len(), version in 0_i16..13, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (api, oldest, newest) = OURS[which];
            let version = version.clamp(oldest, newest);
            if after(api, version, &bytes).is_some() {
                let _ = ResponseKind::decode(api, &mut Bytes::from(bytes), version);
            }
        }
    }
}
