//! From a frame to its answer: the header, the decoded request, and the room that handles it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable};
use thiserror::Error;

use super::cluster::Cluster;
use super::link::Link;
use super::reply::{Reply, ReplyWriter};
use super::{
    admin, configs, describing, fetch, membership, metadata, offset_commits, offsets, produce, shapes, transacting,
    versions,
};

/// A request that cannot be answered. The connection is closed, as Kafka does.
#[derive(Debug, Error)]
pub(super) enum Malformed {
    #[error("a frame's length is negative or above 100 MiB")]
    FrameLength,
    #[error("the connection ended inside a frame")]
    CutShort,
    #[error("large frames of other connections leave no room for this one")]
    NoRoom,
    #[error("a frame is too short to hold a request header")]
    Header,
    #[error("request {api_key} in version {version} is not supported")]
    Unanswered { api_key: i16, version: i16 },
    #[error("a {api:?} request in version {version} could not be read")]
    Body { api: ApiKey, version: i16 },
    #[error("an answer could not be written")]
    Answer,
}

/// The start of every frame.
#[derive(Debug, Clone, Copy)]
struct Call {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
}

/// Answers one frame; none for a Produce request that wants no answer.
///
/// # Errors
/// The frame is malformed.
pub(super) async fn answer(cluster: &Cluster, link: &Link, frame: Bytes) -> Result<Option<Reply>, Malformed> {
    let frame_bytes = frame.len();
    let (call, mut body) = read_call(frame)?;
    let version = call.version;
    if !versions::is_answered(call.api, version) {
        if call.api == ApiKey::ApiVersions {
            return encode(Call { version: 0, ..call }, &versions::unsupported_api_versions().into()).map(Some);
        }
        return Err(Malformed::Unanswered { api_key: call.api as i16, version });
    }
    let unreadable = |_| Malformed::Body { api: call.api, version };
    let header_version = call.api.request_header_version(version);
    let header = RequestHeader::decode(&mut body, header_version).map_err(unreadable)?;
    if !shapes::holds_what_it_claims(call.api, version, &body) {
        return Err(Malformed::Body { api: call.api, version });
    }
    let request = RequestKind::decode(call.api, &mut body, version).map_err(unreadable)?;
    match request {
        RequestKind::Produce(request) => {
            let wants_answer = request.acks != 0;
            let client = header.client_id.as_deref().unwrap_or_default();
            let throttled_ms = millis(cluster.throttle(client, frame_bytes as u64));
            link.throttled_ms.store(u64::from(throttled_ms.unsigned_abs()), Ordering::Relaxed);
            let (response, stored) = produce::produce(cluster, request, frame_bytes).await;
            let response = response.with_throttle_time_ms(throttled_ms);
            let misdeeds = &cluster.config.misdeeds;
            link.is_cut.store(cluster.books.cuts(misdeeds, stored), Ordering::Relaxed);
            if !misdeeds.answers_after.is_zero() {
                tokio::time::sleep(misdeeds.answers_after).await;
            }
            if wants_answer { encode(call, &response.into()).map(Some) } else { Ok(None) }
        }
        RequestKind::Fetch(request) => {
            Ok(Some(fetch::fetch(cluster, link, request, version, call.correlation_id).await))
        }
        RequestKind::JoinGroup(request) => {
            encode(call, &membership::join_group(cluster, request, version).await.into()).map(Some)
        }
        RequestKind::SyncGroup(request) => {
            encode(call, &membership::sync_group(cluster, request, version).await.into()).map(Some)
        }
        request => encode(call, &respond(cluster, request, call)?).map(Some),
    }
}

/// Milliseconds as a response says them.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

/// The requests that are answered at once.
fn respond(cluster: &Cluster, request: RequestKind, call: Call) -> Result<ResponseKind, Malformed> {
    let version = call.version;
    Ok(match request {
        RequestKind::ApiVersions(_) => versions::api_versions().into(),
        RequestKind::Metadata(request) => metadata::metadata(cluster, request, version).into(),
        RequestKind::DescribeCluster(_) => metadata::describe_cluster(cluster).into(),
        RequestKind::FindCoordinator(request) => metadata::find_coordinator(cluster, request, version).into(),
        RequestKind::ListOffsets(request) => offsets::list_offsets(cluster, request).into(),
        RequestKind::OffsetForLeaderEpoch(request) => offsets::offset_for_leader_epoch(cluster, request).into(),
        RequestKind::CreateTopics(request) => admin::create_topics(cluster, request, version).into(),
        RequestKind::DeleteTopics(request) => admin::delete_topics(cluster, request, version).into(),
        RequestKind::CreatePartitions(request) => admin::create_partitions(cluster, request).into(),
        RequestKind::DeleteRecords(request) => admin::delete_records(cluster, request).into(),
        RequestKind::DescribeConfigs(request) => configs::describe_configs(cluster, request).into(),
        RequestKind::InitProducerId(request) => transacting::init_producer_id(cluster, &request).into(),
        RequestKind::AddPartitionsToTxn(request) => transacting::add_partitions_to_txn(cluster, request).into(),
        RequestKind::AddOffsetsToTxn(request) => transacting::add_offsets_to_txn(cluster, &request).into(),
        RequestKind::TxnOffsetCommit(request) => transacting::txn_offset_commit(cluster, request).into(),
        RequestKind::EndTxn(request) => transacting::end_txn(cluster, &request).into(),
        RequestKind::Heartbeat(request) => membership::heartbeat(cluster, &request).into(),
        RequestKind::LeaveGroup(request) => membership::leave_group(cluster, request, version).into(),
        RequestKind::ListGroups(request) => describing::list_groups(cluster, &request).into(),
        RequestKind::DescribeGroups(request) => describing::describe_groups(cluster, &request).into(),
        RequestKind::OffsetCommit(request) => offset_commits::offset_commit(cluster, request).into(),
        RequestKind::OffsetFetch(request) => offset_commits::offset_fetch(cluster, request, version).into(),
        _ => return Err(Malformed::Unanswered { api_key: call.api as i16, version }),
    })
}

/// Reads API, version and correlation id, and leaves `frame` unchanged: the header's decoder needs them, too.
fn read_call(frame: Bytes) -> Result<(Call, Bytes), Malformed> {
    let mut fixed = frame.get(..8).ok_or(Malformed::Header)?;
    let (api_key, version, correlation_id) = (fixed.get_i16(), fixed.get_i16(), fixed.get_i32());
    let api = ApiKey::try_from(api_key).map_err(|()| Malformed::Unanswered { api_key, version })?;
    Ok((Call { api, version, correlation_id }, frame))
}

fn encode(call: Call, response: &ResponseKind) -> Result<Reply, Malformed> {
    let mut buffer = BytesMut::with_capacity(512);
    let header = ResponseHeader::default().with_correlation_id(call.correlation_id);
    let header_version = call.api.response_header_version(call.version);
    header.encode(&mut buffer, header_version).map_err(|_| Malformed::Answer)?;
    response.encode(&mut buffer, call.version).map_err(|_| Malformed::Answer)?;
    let mut writer = ReplyWriter::default();
    writer.put_shared(buffer.freeze());
    Ok(writer.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::cluster::tests::cluster_with_cap;
    use super::super::readers::ReaderId;
    use super::super::topics::Settings;
    use super::super::versions::ANSWERED;
    use super::*;

    fn frame(api: ApiKey, version: i16, body: &[u8]) -> Bytes {
        let mut frame = Vec::new();
        frame.extend_from_slice(&(api as i16).to_be_bytes());
        frame.extend_from_slice(&version.to_be_bytes());
        // Correlation id 7, no client id, and, if the header has them, no tagged fields.
        frame.extend_from_slice(&[0, 0, 0, 7, 0xff, 0xff]);
        if api.request_header_version(version) > 1 {
            frame.push(0);
        }
        frame.extend_from_slice(body);
        frame.into()
    }

    fn link() -> Link {
        Link::new(ReaderId(1))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        /// Zeros and small bytes make many bodies well-formed by chance, with names that exist and nonsensical numbers.
        #[test]
        fn nothing_that_a_client_sends_panics(
            which in 0..ANSWERED.len(),
            version in -1_i16..15,
            body in prop::collection::vec(prop_oneof![20 => Just(0_u8), 5 => 1_u8..3, 1 => Just(b'-'), 1 => any::<u8>()], 0..150),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let cluster = cluster_with_cap(10_000);
            let settings = Settings::from_given(BTreeMap::new()).unwrap();
            cluster.topics.create("-", 2, settings, false).unwrap();
            let link = link();
            runtime.block_on(async {
                let answered = answer(&cluster, &link, frame(ANSWERED[which].0, version, &body));
                // Some wait: for data, for room, for other members.
                let _ = tokio::time::timeout(Duration::from_millis(1), answered).await;
            });
        }
    }

    #[tokio::test]
    async fn every_answered_version_of_a_request_without_content_can_be_encoded() {
        let cluster = cluster_with_cap(10_000);
        for (api, min, max) in ANSWERED {
            for version in min..=max {
                if !versions::is_answered(api, version) || matches!(api, ApiKey::JoinGroup | ApiKey::SyncGroup) {
                    continue;
                }
                // Zeros are empty names, empty arrays and small numbers in most versions of most requests.
                let answered = answer(&cluster, &link(), frame(api, version, &[0; 80])).await;
                if let Err(error) = answered {
                    assert!(matches!(error, Malformed::Body { .. }), "{error}");
                }
            }
        }
    }
}
