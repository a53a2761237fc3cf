//! ListOffsets and OffsetForLeaderEpoch: where a partition begins and ends, and the offset at a time.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsRequest;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

use super::batch::LEADER_EPOCH;
use super::cluster::Cluster;
use super::log::TimedOffset;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const NOWHERE: TimedOffset = TimedOffset { offset: -1, timestamp_ms: -1 };

/// For each partition the offset at the requested timestamp or place; -1 if there is none.
pub(super) fn list_offsets(cluster: &Cluster, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let committed_only = request.isolation_level == 1;
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            let found = find(cluster, &topic.name, index, partition.timestamp, committed_only);
            let response = ListOffsetsPartitionResponse::default().with_partition_index(index);
            match found {
                Ok(place) => response
                    .with_offset(place.offset)
                    .with_timestamp(place.timestamp_ms)
                    .with_leader_epoch(if place.offset < 0 { -1 } else { LEADER_EPOCH }),
                Err(error) => response.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(
    cluster: &Cluster,
    topic: &str,
    index: i32,
    timestamp: i64,
    committed_only: bool,
) -> Result<TimedOffset, ResponseError> {
    let partition = cluster.topics.partition(topic, index)?;
    let bounds = partition.bounds()?;
    let end = if committed_only { bounds.last_stable } else { bounds.high_watermark };
    let place = |offset| TimedOffset { offset, timestamp_ms: -1 };
    let below_end = |found: Option<TimedOffset>| found.filter(|found| found.offset < end).unwrap_or(NOWHERE);
    match timestamp {
        LATEST => Ok(place(end)),
        EARLIEST | EARLIEST_LOCAL => Ok(place(bounds.log_start)),
        MAX_TIMESTAMP => Ok(below_end(partition.offset_of_max_timestamp())),
        0.. => Ok(below_end(partition.offset_at(timestamp))),
        _ => Ok(NOWHERE),
    }
}

/// There is one leader epoch, so it ends where the log ends.
pub(super) fn offset_for_leader_epoch(
    cluster: &Cluster,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let response = EpochEndOffset::default().with_partition(asked.partition);
            let bounds = cluster.topics.partition(&topic.topic, asked.partition).and_then(|found| found.bounds());
            match bounds {
                Ok(bounds) if asked.leader_epoch == LEADER_EPOCH => {
                    response.with_leader_epoch(LEADER_EPOCH).with_end_offset(bounds.high_watermark)
                }
                Ok(_) => response,
                Err(error) => response.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
