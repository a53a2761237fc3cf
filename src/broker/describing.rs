//! ListGroups and DescribeGroups: who reads what in a group.

use bytes::Bytes;
use kafka_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use kafka_protocol::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use kafka_protocol::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use kafka_protocol::messages::{GroupId, ListGroupsRequest};
use kafka_protocol::protocol::StrBytes;

use super::cluster::Cluster;
use super::locks::lock;

/// The type of groups whose members are consumers.
const CONSUMERS: StrBytes = StrBytes::from_static_str("consumer");

/// The groups that have members.
pub(super) fn list_groups(cluster: &Cluster, _request: &ListGroupsRequest) -> ListGroupsResponse {
    let listed = |name: String| {
        ListedGroup::default().with_group_id(GroupId(StrBytes::from_string(name))).with_protocol_type(CONSUMERS)
    };
    ListGroupsResponse::default().with_groups(cluster.groups.names().into_iter().map(listed).collect())
}

/// The members of each of these groups; one that is not there is dead, as Kafka says.
pub(super) fn describe_groups(cluster: &Cluster, request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
    let groups = request.groups.iter().map(|group| described(cluster, group)).collect();
    DescribeGroupsResponse::default().with_groups(groups)
}

fn described(cluster: &Cluster, group: &GroupId) -> DescribedGroup {
    let answer = DescribedGroup::default().with_group_id(group.clone()).with_protocol_type(CONSUMERS);
    let Some(known) = cluster.groups.known(group) else {
        return answer.with_group_state(StrBytes::from_static_str("Dead"));
    };
    let roll = lock(&known.roll);
    let member = |(id, assignment): (&str, &Bytes)| {
        DescribedGroupMember::default()
            .with_member_id(StrBytes::from_string(id.to_owned()))
            .with_member_assignment(assignment.clone())
    };
    answer
        .with_group_state(StrBytes::from_static_str(roll.state()))
        .with_protocol_data(StrBytes::from_string(roll.protocol().to_owned()))
        .with_members(roll.assignments().map(member).collect())
}
