//! Which version of a request is written: the newest that both sides know. Pure.

use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::api_versions_response::ApiVersionsResponse;

/// Request, oldest and newest version. The oldest are those of Kafka 4 or before; the newest, of all but Fetch, the last
/// without tagged fields.
pub(super) const OURS: [(ApiKey, i16, i16); 7] = [
    (ApiKey::Produce, 3, 8),
    (ApiKey::Fetch, 7, 12),
    (ApiKey::Metadata, 4, 8),
    (ApiKey::ApiVersions, 0, 0),
    (ApiKey::InitProducerId, 0, 1),
    (ApiKey::SaslHandshake, 1, 1),
    (ApiKey::SaslAuthenticate, 0, 1),
];

/// The versions that a broker knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Versions {
    theirs: Vec<(i16, i16, i16)>,
}

/// A request that the two sides have no common version of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoCommon {
    pub(super) oldest: i16,
    pub(super) newest: i16,
    /// What the broker has, if it has the request at all.
    pub(super) theirs: Option<(i16, i16)>,
}

impl Versions {
    pub(super) fn of(answer: &ApiVersionsResponse) -> Self {
        let of_api = answer.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version));
        Versions { theirs: of_api.collect() }
    }

    /// The version of a request that both know.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn common(&self, api: ApiKey) -> Result<i16, NoCommon> {
        let ours = OURS.iter().find(|(ours, ..)| *ours == api);
        let &(_, oldest, newest) = ours.unwrap_or(&(api, 0, -1));
        let theirs = self.theirs.iter().find(|(theirs, ..)| *theirs == api as i16);
        let theirs = theirs.map(|&(_, oldest, newest)| (oldest, newest));
        let common = theirs.map(|(their_oldest, their_newest)| (oldest.max(their_oldest), newest.min(their_newest)));
        match common {
            Some((from, to)) if from <= to => Ok(to),
            _ => Err(NoCommon { oldest, newest, theirs }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_newest_that_both_know_or_none(oldest in -2_i16..20, newest in -2_i16..20) {
            let versions = Versions { theirs: vec![(ApiKey::Produce as i16, oldest, newest)] };
            let known = |version: &i16| (oldest..=newest).contains(version);
            let expected = (3..=8_i16).rev().find(known);
            prop_assert_eq!(versions.common(ApiKey::Produce).ok(), expected);
        }
    }

    #[test]
    fn a_request_that_a_broker_lacks_has_no_version() {
        let missing = Versions::default().common(ApiKey::InitProducerId);
        assert_eq!(missing, Err(NoCommon { oldest: 0, newest: 1, theirs: None }));
    }
}
