//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::heartbeat_request::HeartbeatRequest;
use kafka_protocol::messages::heartbeat_response::HeartbeatResponse;
use kafka_protocol::messages::join_group_request::JoinGroupRequest;
use kafka_protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use kafka_protocol::messages::leave_group_request::LeaveGroupRequest;
use kafka_protocol::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use kafka_protocol::messages::sync_group_request::SyncGroupRequest;
use kafka_protocol::messages::sync_group_response::SyncGroupResponse;
use kafka_protocol::protocol::StrBytes;
use tokio::time::timeout;

use super::cluster::Cluster;
use super::groups::{Group, Joiner, Roll, Round};
use super::locks::lock;

/// How often a waiting member checks the time: deadlines are seconds.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Calls `look` whenever the group may have changed, until it returns an answer.
async fn wait_for<T>(group: &Group, mut look: impl FnMut(&mut Roll, Instant) -> Option<T>) -> T {
    loop {
        let mut changed = std::pin::pin!(group.changed.notified());
        changed.as_mut().enable();
        if let Some(answer) = look(&mut lock(&group.roll), Instant::now()) {
            group.changed.notify_waiters();
            return answer;
        }
        // After a timeout, just look again.
        let _ = timeout(LOOK_INTERVAL, changed).await;
    }
}

/// Answers when the round that the member joins has ended.
pub(super) async fn join_group(cluster: &Cluster, request: JoinGroupRequest, version: i16) -> JoinGroupResponse {
    let protocol_type = request.protocol_type.clone();
    let group = cluster.groups.group(&request.group_id);
    let joined = lock(&group.roll).join(joiner(request, version), Instant::now());
    let outcome = match joined {
        Ok(member_id) => {
            group.changed.notify_waiters();
            let ended = wait_for(&group, |roll, now| roll.round(&member_id, now).transpose()).await;
            ended.map(|round| (member_id, round))
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok((member_id, round)) => joined_response(member_id, round, protocol_type, version),
        Err(error) => {
            let protocol_name = (version < 7).then(StrBytes::default);
            JoinGroupResponse::default()
                .with_error_code(error.code())
                .with_generation_id(-1)
                .with_protocol_name(protocol_name)
        }
    }
}

fn joiner(request: JoinGroupRequest, version: i16) -> Joiner {
    let milliseconds = |number: i32| Duration::from_millis(u64::try_from(number).unwrap_or(0));
    let session_timeout = milliseconds(request.session_timeout_ms);
    Joiner {
        member_id: request.member_id.to_string(),
        instance_id: request.group_instance_id.map(|id| id.to_string()),
        // Copied: a slice would keep the whole frame.
        protocols: request
            .protocols
            .iter()
            .map(|protocol| (protocol.name.to_string(), protocol.metadata.to_vec().into()))
            .collect(),
        session_timeout,
        rebalance_timeout: if version == 0 { session_timeout } else { milliseconds(request.rebalance_timeout_ms) },
    }
}

fn joined_response(member_id: String, round: Round, protocol_type: StrBytes, version: i16) -> JoinGroupResponse {
    let member = |(id, instance_id, metadata): (String, Option<String>, bytes::Bytes)| {
        let instance_id = instance_id.filter(|_| version >= 5).map(StrBytes::from_string);
        JoinGroupResponseMember::default()
            .with_member_id(StrBytes::from_string(id))
            .with_group_instance_id(instance_id)
            .with_metadata(metadata)
    };
    JoinGroupResponse::default()
        .with_generation_id(round.generation)
        .with_protocol_type((version >= 7).then_some(protocol_type))
        .with_protocol_name(Some(StrBytes::from_string(round.protocol)))
        .with_leader(StrBytes::from_string(round.leader))
        .with_member_id(StrBytes::from_string(member_id))
        .with_members(round.members.into_iter().map(member).collect())
}

/// Answers when the leader has sent the assignment.
pub(super) async fn sync_group(cluster: &Cluster, request: SyncGroupRequest, version: i16) -> SyncGroupResponse {
    let group = cluster.groups.group(&request.group_id);
    let member_id = request.member_id.to_string();
    let generation = request.generation_id;
    let outcome = begin_sync(&group, &member_id, &request);
    let outcome = match outcome {
        Ok(()) => {
            wait_for(&group, |roll, now| match roll.check(&member_id, generation, now) {
                Ok(()) => roll.assignment(&member_id).map(|assignment| Ok((assignment, roll.protocol().to_owned()))),
                Err(error) => Some(Err(error)),
            })
            .await
        }
        Err(error) => Err(error),
    };
    let response = SyncGroupResponse::default();
    match outcome {
        Ok((assignment, _)) if version < 5 => response.with_assignment(assignment),
        Ok((assignment, protocol)) => response
            .with_assignment(assignment)
            .with_protocol_type(request.protocol_type)
            .with_protocol_name(Some(StrBytes::from_string(protocol))),
        Err(error) => response.with_error_code(error.code()),
    }
}

fn begin_sync(group: &Arc<Group>, member_id: &str, request: &SyncGroupRequest) -> Result<(), ResponseError> {
    let mut roll = lock(&group.roll);
    roll.check(member_id, request.generation_id, Instant::now())?;
    let assignments = request.assignments.iter();
    roll.assign(member_id, assignments.map(|given| (given.member_id.to_string(), given.assignment.to_vec().into())));
    drop(roll);
    group.changed.notify_waiters();
    Ok(())
}

pub(super) fn heartbeat(cluster: &Cluster, request: &HeartbeatRequest) -> HeartbeatResponse {
    let group = cluster.groups.group(&request.group_id);
    let checked = lock(&group.roll).check(&request.member_id, request.generation_id, Instant::now());
    HeartbeatResponse::default().with_error_code(checked.err().map_or(0, |error| error.code()))
}

/// One member up to version 2, several from version 3 on.
pub(super) fn leave_group(cluster: &Cluster, request: LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
    let group = cluster.groups.group(&request.group_id);
    let leave = |member_id: &str| {
        let left = lock(&group.roll).leave(member_id, Instant::now());
        left.err().map_or(0, |error| error.code())
    };
    let response = if version < 3 {
        LeaveGroupResponse::default().with_error_code(leave(&request.member_id))
    } else {
        let members = request.members.into_iter().map(|member| {
            let error_code = leave(&member.member_id);
            MemberResponse::default()
                .with_member_id(member.member_id)
                .with_group_instance_id(member.group_instance_id)
                .with_error_code(error_code)
        });
        LeaveGroupResponse::default().with_members(members.collect())
    };
    group.changed.notify_waiters();
    response
}
