//! The requests of idempotent and transactional producers.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use kafka_protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnRequest;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::end_txn_request::EndTxnRequest;
use kafka_protocol::messages::end_txn_response::EndTxnResponse;
use kafka_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use kafka_protocol::messages::init_producer_id_response::InitProducerIdResponse;
use kafka_protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequest;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

use super::cluster::Cluster;
use super::groups::CommittedOffset;
use super::transactions::{Identity, PendingOffsets};

pub(super) fn init_producer_id(cluster: &Cluster, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    let claimed = Identity { producer_id: request.producer_id.0, epoch: request.producer_epoch };
    let claimed = (claimed.producer_id >= 0).then_some(claimed);
    let identity = match &request.transactional_id {
        None => Ok(cluster.transactions.fresh_identity()),
        Some(id) if id.is_empty() => Err(ResponseError::InvalidRequest),
        Some(id) => {
            let initialised = cluster.transactions.initialise(id, request.transaction_timeout_ms, claimed);
            initialised.map(|(identity, ending)| {
                ending.into_iter().for_each(|ending| cluster.finish(ending));
                identity
            })
        }
    };
    let response = InitProducerIdResponse::default();
    match identity {
        Ok(identity) => response.with_producer_id(identity.producer_id.into()).with_producer_epoch(identity.epoch),
        Err(error) => response.with_error_code(error.code()).with_producer_id((-1).into()).with_producer_epoch(-1),
    }
}

/// Adds all partitions or none.
pub(super) fn add_partitions_to_txn(
    cluster: &Cluster,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    let claimed =
        Identity { producer_id: request.v3_and_below_producer_id.0, epoch: request.v3_and_below_producer_epoch };
    let mut unknown = false;
    let mut found = Vec::new();
    for topic in &request.v3_and_below_topics {
        for &index in &topic.partitions {
            match cluster.topics.partition(&topic.name, index) {
                Ok(partition) => found.push(((topic.name.to_string(), index), partition)),
                Err(_) => unknown = true,
            }
        }
    }
    let added = if unknown {
        Err(ResponseError::OperationNotAttempted)
    } else {
        cluster.transactions.add_partitions(&request.v3_and_below_transactional_id, claimed, found)
    };
    let result = |topic: &str, index: i32| match &added {
        Ok(()) => 0,
        Err(ResponseError::OperationNotAttempted) if cluster.topics.partition(topic, index).is_err() => {
            ResponseError::UnknownTopicOrPartition.code()
        }
        Err(error) => error.code(),
    };
    let topics = request.v3_and_below_topics.into_iter().map(|topic| {
        let partition = |&index: &i32| {
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(index)
                .with_partition_error_code(result(&topic.name, index))
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name).with_results_by_partition(partitions)
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics.collect())
}

pub(super) fn add_offsets_to_txn(cluster: &Cluster, request: &AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse {
    let claimed = Identity { producer_id: request.producer_id.0, epoch: request.producer_epoch };
    let added = cluster.transactions.add_offsets(&request.transactional_id, claimed, PendingOffsets::new());
    AddOffsetsToTxnResponse::default().with_error_code(code(added))
}

pub(super) fn txn_offset_commit(cluster: &Cluster, request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let claimed = Identity { producer_id: request.producer_id.0, epoch: request.producer_epoch };
    let mut offsets = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let offset = CommittedOffset {
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: partition.committed_metadata.as_ref().map(ToString::to_string).unwrap_or_default(),
            };
            let place = (request.group_id.to_string(), topic.name.to_string(), partition.partition_index);
            offsets.insert(place, offset);
        }
    }
    let error_code = code(cluster.transactions.add_offsets(&request.transactional_id, claimed, offsets));
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            TxnOffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(error_code)
        });
        let partitions = partitions.collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

/// Answers once the markers are written.
pub(super) fn end_txn(cluster: &Cluster, request: &EndTxnRequest) -> EndTxnResponse {
    let claimed = Identity { producer_id: request.producer_id.0, epoch: request.producer_epoch };
    let ended = cluster.transactions.end(&request.transactional_id, claimed, request.committed);
    let ended = ended.map(|ending| ending.into_iter().for_each(|ending| cluster.finish(ending)));
    EndTxnResponse::default().with_error_code(code(ended))
}

fn code(outcome: Result<(), ResponseError>) -> i16 {
    outcome.err().map_or(0, |error| error.code())
}
