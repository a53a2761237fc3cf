//! Which requests are supported, and in which versions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, api_versions_response::ApiVersion};

/// Request, oldest and newest version. Produce is announced from 0, as Kafka does for old clients that look for it, and supported from 3.
/// Versions that are only used between brokers, or need a feature that this broker does not announce, are left out.
pub(super) const ANSWERED: [(ApiKey, i16, i16); 26] = [
    (ApiKey::Produce, 0, 13),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 4),
    (ApiKey::ListGroups, 0, 2),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 4),
    (ApiKey::EndTxn, 0, 4),
    (ApiKey::TxnOffsetCommit, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DescribeCluster, 0, 2),
];

const OLDEST_PRODUCE: i16 = 3;

/// Whether the request is supported in this version.
pub(super) fn is_answered(api: ApiKey, version: i16) -> bool {
    let known = ANSWERED.iter().any(|&(key, min, max)| key == api && (min..=max).contains(&version));
    known && (api != ApiKey::Produce || version >= OLDEST_PRODUCE)
}

/// The table, as an answer.
pub(super) fn api_versions() -> ApiVersionsResponse {
    let entry = |&(api, min, max): &(ApiKey, i16, i16)| {
        ApiVersion::default().with_api_key(api as i16).with_min_version(min).with_max_version(max)
    };
    ApiVersionsResponse::default().with_api_keys(ANSWERED.iter().map(entry).collect())
}

/// Kafka's answer to an ApiVersions request of an unknown version: the table in version 0, with this error.
pub(super) fn unsupported_api_versions() -> ApiVersionsResponse {
    api_versions().with_error_code(ResponseError::UnsupportedVersion.code())
}
