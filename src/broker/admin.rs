//! Creating, changing, describing and deleting topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsRequest;
use kafka_protocol::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use kafka_protocol::messages::delete_records_request::DeleteRecordsRequest;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use kafka_protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use super::cluster::{Cluster, NODE_ID};
use super::configs::{Entry, described};
use super::topics::{Settings, Topic};

/// Why a topic was not created: Kafka's error and a sentence.
struct Refusal(ResponseError, Option<String>);

impl From<ResponseError> for Refusal {
    fn from(error: ResponseError) -> Self {
        Self(error, None)
    }
}

pub(super) fn create_topics(cluster: &Cluster, request: CreateTopicsRequest, version: i16) -> CreateTopicsResponse {
    let results = request.topics.into_iter().map(|wanted| {
        let result = CreatableTopicResult::default().with_name(wanted.name.clone());
        match create_topic(cluster, &wanted, request.validate_only) {
            Ok(topic) => created(result, &topic, version),
            Err(Refusal(error, message)) => {
                let message = message.unwrap_or_else(|| error.to_string());
                result.with_error_code(error.code()).with_error_message(Some(StrBytes::from_string(message)))
            }
        }
    });
    CreateTopicsResponse::default().with_topics(results.collect())
}

fn create_topic(cluster: &Cluster, wanted: &CreatableTopic, only_check: bool) -> Result<Arc<Topic>, Refusal> {
    let partitions = if wanted.assignments.is_empty() {
        if !matches!(wanted.replication_factor, -1 | 1) {
            return Err(ResponseError::InvalidReplicationFactor.into());
        }
        if wanted.num_partitions == -1 { cluster.config.default_partitions } else { wanted.num_partitions }
    } else {
        if wanted.assignments.iter().any(|assignment| assignment.broker_ids != [NODE_ID]) {
            return Err(ResponseError::InvalidReplicaAssignment.into());
        }
        i32::try_from(wanted.assignments.len()).unwrap_or(i32::MAX)
    };
    let given: BTreeMap<_, _> = wanted
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    let invalid = |message| Refusal(ResponseError::InvalidConfig, Some(message));
    let settings = Settings::from_given(given).map_err(invalid)?;
    Ok(cluster.topics.create(&wanted.name, partitions, settings, only_check)?)
}

fn created(result: CreatableTopicResult, topic: &Topic, version: i16) -> CreatableTopicResult {
    let config = |entry: Entry| {
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_string(entry.name))
            .with_value(Some(StrBytes::from_string(entry.value)))
            .with_config_source(entry.source)
    };
    let result = result.with_topic_id(topic.id);
    if version < 5 {
        return result;
    }
    let configs = described(&topic.settings).into_iter().map(config).collect();
    result.with_num_partitions(topic.partition_count()).with_replication_factor(1).with_configs(Some(configs))
}

/// By name up to version 5, by name or id from version 6 on.
pub(super) fn delete_topics(cluster: &Cluster, request: DeleteTopicsRequest, version: i16) -> DeleteTopicsResponse {
    let named = |name: TopicName| DeleteTopicState::default().with_name(Some(name));
    let wanted = if version < 6 { request.topic_names.into_iter().map(named).collect() } else { request.topics };
    let results = wanted.into_iter().map(|wanted| {
        let found = cluster.topics.find(wanted.name.as_ref().map_or("", |name| name.as_str()), wanted.topic_id);
        let result = DeletableTopicResult::default().with_name(wanted.name).with_topic_id(wanted.topic_id);
        match found {
            Ok(topic) => {
                cluster.memory.give_back(cluster.topics.delete(&topic));
                let name = StrBytes::from_string(topic.name.clone());
                result.with_name(Some(name.into())).with_topic_id(topic.id)
            }
            Err(error) => result.with_error_code(error.code()),
        }
    });
    DeleteTopicsResponse::default().with_responses(results.collect())
}

pub(super) fn create_partitions(cluster: &Cluster, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let results = request.topics.into_iter().map(|wanted| {
        let topic = cluster.topics.named(&wanted.name).ok_or(ResponseError::UnknownTopicOrPartition);
        let grown = topic.and_then(|topic| topic.grow_to(wanted.count, request.validate_only));
        let error_code = grown.err().map_or(0, |error| error.code());
        CreatePartitionsTopicResult::default().with_name(wanted.name).with_error_code(error_code)
    });
    CreatePartitionsResponse::default().with_results(results.collect())
}

pub(super) fn delete_records(cluster: &Cluster, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let result = DeleteRecordsPartitionResult::default().with_partition_index(wanted.partition_index);
            let partition = cluster.topics.partition(&topic.name, wanted.partition_index);
            match partition.and_then(|partition| partition.delete_below(wanted.offset)) {
                Ok((start, freed_bytes)) => {
                    cluster.memory.give_back(freed_bytes);
                    result.with_low_watermark(start)
                }
                Err(error) => result.with_low_watermark(-1).with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}
