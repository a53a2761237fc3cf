//! Metadata, DescribeCluster and FindCoordinator: a cluster of one broker that leads and coordinates everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use kafka_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use kafka_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use kafka_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use kafka_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::protocol::StrBytes;

use super::batch::LEADER_EPOCH;
use super::cluster::{Cluster, NODE_ID};
use super::topics::{Settings, Topic, is_legal_name};

/// The broker and the requested topics; all topics if none is named. In version 0 an empty list means all.
pub(super) fn metadata(cluster: &Cluster, request: MetadataRequest, version: i16) -> MetadataResponse {
    let asked = request.topics.filter(|topics| version > 0 || !topics.is_empty());
    let may_create = cluster.config.auto_create_topics && request.allow_auto_topic_creation;
    let topics = match asked {
        None => cluster.topics.all().iter().map(|topic| describe(topic)).collect(),
        Some(asked) => asked.into_iter().map(|topic| find(cluster, topic, may_create, version)).collect(),
    };
    let broker =
        MetadataResponseBroker::default().with_node_id(NODE_ID).with_host(cluster.host()).with_port(cluster.port());
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_string(cluster.id.clone())))
        .with_controller_id(NODE_ID)
        .with_topics(topics)
}

fn find(cluster: &Cluster, asked: MetadataRequestTopic, may_create: bool, version: i16) -> MetadataResponseTopic {
    let name = asked.name.as_ref().map(|name| name.as_str());
    let found = match name {
        None => cluster.topics.with_id(asked.topic_id).ok_or(ResponseError::UnknownTopicId),
        Some(name) if !is_legal_name(name) => Err(ResponseError::InvalidTopicException),
        Some(name) => cluster
            .topics
            .named(name)
            .or_else(|| if may_create { create(cluster, name) } else { None })
            .ok_or(ResponseError::UnknownTopicOrPartition),
    };
    match found {
        Ok(topic) => describe(&topic),
        Err(error) => {
            // A name may be null from version 12 on.
            let name = asked.name.or_else(|| (version < 12).then(Default::default));
            MetadataResponseTopic::default().with_error_code(error.code()).with_name(name).with_topic_id(asked.topic_id)
        }
    }
}

fn create(cluster: &Cluster, name: &str) -> Option<Arc<Topic>> {
    let settings = Settings::from_given(BTreeMap::new()).ok()?;
    // Another connection may have created it meanwhile.
    let created = cluster.topics.create(name, cluster.config.default_partitions, settings, false);
    created.ok().or_else(|| cluster.topics.named(name))
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE_ID)
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![NODE_ID])
            .with_isr_nodes(vec![NODE_ID])
    };
    MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_string(topic.name.clone()).into()))
        .with_topic_id(topic.id)
        .with_partitions((0..topic.partition_count()).map(partition).collect())
}

pub(super) fn describe_cluster(cluster: &Cluster) -> DescribeClusterResponse {
    let broker =
        DescribeClusterBroker::default().with_broker_id(NODE_ID).with_host(cluster.host()).with_port(cluster.port());
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(cluster.id.clone()))
        .with_controller_id(NODE_ID)
        .with_brokers(vec![broker])
}

/// This broker coordinates every group and every transaction.
pub(super) fn find_coordinator(
    cluster: &Cluster,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    if version < 4 {
        return response.with_node_id(NODE_ID).with_host(cluster.host()).with_port(cluster.port());
    }
    let coordinator = |key| {
        let place = Coordinator::default().with_node_id(NODE_ID).with_host(cluster.host()).with_port(cluster.port());
        place.with_key(key)
    };
    response.with_coordinators(request.coordinator_keys.into_iter().map(coordinator).collect())
}
