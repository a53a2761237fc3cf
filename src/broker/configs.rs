//! DescribeConfigs: the settings of a topic, and the defaults of the others.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
};
use kafka_protocol::protocol::StrBytes;

use super::cluster::{Cluster, NODE_ID};
use super::topics::{DEFAULTS, Settings};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET_ON_TOPIC: i8 = 1;
const SET_AT_START: i8 = 4;
const DEFAULT: i8 = 5;

/// A setting, its value, and where it comes from in Kafka's numbering.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) source: i8,
}

/// All settings of a topic: the given ones, then the other defaults.
pub(super) fn described(settings: &Settings) -> Vec<Entry> {
    let given = settings.given.iter().map(|(name, value)| (name.as_str(), value.as_str(), SET_ON_TOPIC));
    let defaults = DEFAULTS.iter().filter(|(name, _)| !settings.given.contains_key(*name));
    let entries = given.chain(defaults.map(|&(name, value)| (name, value, DEFAULT)));
    entries.map(|(name, value, source)| Entry { name: name.to_owned(), value: value.to_owned(), source }).collect()
}

pub(super) fn describe_configs(cluster: &Cluster, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|resource| {
        let result = DescribeConfigsResult::default().with_resource_type(resource.resource_type);
        match entries(cluster, &resource) {
            Ok(entries) => {
                let wanted = |entry: &Entry| match &resource.configuration_keys {
                    None => true,
                    Some(names) => names.iter().any(|name| name.as_str() == entry.name),
                };
                result.with_configs(entries.into_iter().filter(wanted).map(config).collect())
            }
            Err(error) => result.with_error_code(error.code()),
        }
        .with_resource_name(resource.resource_name)
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn entries(cluster: &Cluster, resource: &DescribeConfigsResource) -> Result<Vec<Entry>, ResponseError> {
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => {
            let topic = cluster.topics.named(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
            Ok(described(&topic.settings))
        }
        BROKER if name.is_empty() || name == NODE_ID.to_string() => Ok(broker_entries(cluster)),
        _ => Err(ResponseError::InvalidRequest),
    }
}

fn broker_entries(cluster: &Cluster) -> Vec<Entry> {
    let config = &cluster.config;
    let values = [
        ("auto.create.topics.enable", config.auto_create_topics.to_string()),
        ("default.replication.factor", "1".to_owned()),
        ("num.partitions", config.default_partitions.to_string()),
    ];
    values.map(|(name, value)| Entry { name: name.to_owned(), value, source: SET_AT_START }).into()
}

fn config(entry: Entry) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_string(entry.name))
        .with_value(Some(StrBytes::from_string(entry.value)))
        .with_read_only(entry.source == SET_AT_START)
        .with_config_source(entry.source)
}
