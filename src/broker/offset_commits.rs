//! OffsetCommit and OffsetFetch: how far groups have read.

use kafka_protocol::messages::offset_commit_request::OffsetCommitRequest;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::protocol::StrBytes;

use super::cluster::Cluster;
use super::groups::CommittedOffset;

/// The first version that can request several groups at once.
const FIRST_WITH_GROUPS: i16 = 8;

pub(super) fn offset_commit(cluster: &Cluster, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let group = request.group_id;
    let topics = request.topics.into_iter().map(|topic| {
        let commit = |partition: &kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition| {
            let index = partition.partition_index;
            let offset = CommittedOffset {
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: partition.committed_metadata.as_ref().map(ToString::to_string).unwrap_or_default(),
            };
            let known = cluster.topics.partition(&topic.name, index);
            if known.is_ok() {
                cluster.groups.commit(&group, &topic.name, index, offset);
            }
            let error_code = known.err().map_or(0, |error| error.code());
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(error_code)
        };
        let partitions = topic.partitions.iter().map(commit).collect();
        OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

pub(super) fn offset_fetch(cluster: &Cluster, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
    if version >= FIRST_WITH_GROUPS {
        let groups = request.groups.into_iter().map(|group| group_offsets(cluster, group));
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let asked = request
        .topics
        .map(|topics| topics.into_iter().map(|topic| (topic.name.to_string(), topic.partition_indexes)).collect());
    let topics = places(cluster, &request.group_id, asked).into_iter().map(|(name, indexes)| {
        let partitions = indexes.into_iter().map(|index| {
            let found = find(cluster, &request.group_id, &name, index);
            OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(found.offset)
                .with_committed_leader_epoch(if version >= 5 { found.leader_epoch } else { -1 })
                .with_metadata(Some(StrBytes::from_string(found.metadata)))
        });
        let partitions = partitions.collect();
        OffsetFetchResponseTopic::default().with_name(StrBytes::from_string(name).into()).with_partitions(partitions)
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

fn group_offsets(cluster: &Cluster, group: OffsetFetchRequestGroup) -> OffsetFetchResponseGroup {
    let asked = group
        .topics
        .map(|topics| topics.into_iter().map(|topic| (topic.name.to_string(), topic.partition_indexes)).collect());
    let topics = places(cluster, &group.group_id, asked).into_iter().map(|(name, indexes)| {
        let partitions = indexes.into_iter().map(|index| {
            let found = find(cluster, &group.group_id, &name, index);
            OffsetFetchResponsePartitions::default()
                .with_partition_index(index)
                .with_committed_offset(found.offset)
                .with_committed_leader_epoch(found.leader_epoch)
                .with_metadata(Some(StrBytes::from_string(found.metadata)))
        });
        let partitions = partitions.collect();
        OffsetFetchResponseTopics::default().with_name(StrBytes::from_string(name).into()).with_partitions(partitions)
    });
    let topics = topics.collect();
    OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics)
}

/// The requested partitions, or all for which the group has committed.
fn places(cluster: &Cluster, group: &str, asked: Option<Vec<(String, Vec<i32>)>>) -> Vec<(String, Vec<i32>)> {
    asked.unwrap_or_else(|| {
        let committed = cluster.groups.committed_places(group);
        committed.into_iter().map(|(topic, partition)| (topic, vec![partition])).collect()
    })
}

fn find(cluster: &Cluster, group: &str, topic: &str, partition: i32) -> CommittedOffset {
    let none = CommittedOffset { offset: -1, leader_epoch: -1, metadata: String::new() };
    cluster.groups.committed(group, topic, partition).unwrap_or(none)
}
