//! Produce: each partition's batch is checked, given room under the memory cap, and appended.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, ProduceRequest};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};

use super::batch::{BatchFault, BatchHeader};
use super::cluster::{Cluster, now_ms};
use super::log::cost_bytes;
use super::partition::Appended;
use super::topics::Topic;

/// Stores what the request brings, waiting for room where the memory cap demands it, for as long as the request's timeout allows.
/// `frame_bytes` is the size of the frame that the batches are slices of.
pub(super) async fn produce(cluster: &Cluster, request: ProduceRequest, frame_bytes: usize) -> ProduceResponse {
    let acks_known = (-1..=1).contains(&request.acks);
    let patience = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for data in request.topic_data {
        let topic = cluster.topics.find(&data.name, data.topic_id);
        let mut partition_responses = Vec::with_capacity(data.partition_data.len());
        for partition in data.partition_data {
            let index = partition.index;
            let stored = match &topic {
                _ if !acks_known => Err(ResponseError::InvalidRequiredAcks),
                Err(error) => Err(*error),
                Ok(topic) => store(cluster, topic, partition, frame_bytes, patience).await,
            };
            partition_responses.push(answer(index, stored));
        }
        let response = TopicProduceResponse::default().with_name(data.name).with_topic_id(data.topic_id);
        responses.push(response.with_partition_responses(partition_responses));
    }
    ProduceResponse::default().with_responses(responses)
}

async fn store(
    cluster: &Cluster,
    topic: &Topic,
    data: PartitionProduceData,
    frame_bytes: usize,
    patience: Duration,
) -> Result<Appended, ResponseError> {
    let partition = topic.partition(data.index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let bytes = data.records.ok_or(ResponseError::InvalidRecord)?;
    if bytes.len() > topic.settings.max_message_bytes {
        return Err(ResponseError::MessageTooLarge);
    }
    let header = BatchHeader::check(&bytes).map_err(refusal)?;
    if header.max_timestamp_ms > now_ms().saturating_add(topic.settings.max_ahead_ms) {
        return Err(ResponseError::InvalidTimestamp);
    }
    let cost = cost_bytes(bytes.len());
    cluster.take_room(cost, patience).await?;
    let appended = partition.append(&header, unpinned(bytes, frame_bytes), cluster.next_arrival());
    if appended.as_ref().map_or(true, |appended| appended.duplicate) {
        cluster.memory.give_back(cost);
    }
    appended
}

/// A batch that is a small part of its frame is copied, so that it does not keep the whole frame in memory.
fn unpinned(bytes: Bytes, frame_bytes: usize) -> Bytes {
    if bytes.len() < frame_bytes / 2 { Bytes::copy_from_slice(&bytes) } else { bytes }
}

fn refusal(fault: BatchFault) -> ResponseError {
    match fault {
        BatchFault::Length | BatchFault::Checksum => ResponseError::CorruptMessage,
        BatchFault::Format => ResponseError::UnsupportedForMessageFormat,
        BatchFault::Records => ResponseError::InvalidRecord,
    }
}

fn answer(index: i32, stored: Result<Appended, ResponseError>) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index).with_log_append_time_ms(-1);
    match stored {
        Ok(appended) => {
            response.with_base_offset(appended.base_offset).with_log_start_offset(appended.log_start_offset)
        }
        Err(error) => response.with_error_code(error.code()).with_base_offset(-1).with_log_start_offset(-1),
    }
}
