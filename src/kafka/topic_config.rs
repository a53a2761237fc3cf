//! What the brokers tell of a topic's settings (DescribeConfigs), as far as it matters to what is sent there.

use rdkafka::admin::{AdminClient, AdminOptions, ConfigEntry, ConfigResource, ConfigSource, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

const MAX_BATCH: &str = "max.message.bytes";
const CLEANUP: &str = "cleanup.policy";
const COMPACT: &str = "compact";

/// A topic's settings; what the broker does not tell is as if it had none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopicConfig {
    /// The largest batch that it takes, if the broker says.
    pub batch_limit: Option<BatchLimit>,
    /// The broker removes earlier records of a key, and takes none without one.
    pub is_compacted: bool,
}

/// The largest batch that a topic takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimit {
    /// In bytes, after compression.
    pub bytes: u64,
    /// Whether it is the topic's own `max.message.bytes` rather than the broker's `message.max.bytes`.
    pub of_topic: bool,
}

impl BatchLimit {
    fn of(entry: &ConfigEntry) -> Option<Self> {
        let bytes = entry.value.as_ref()?.trim().parse().ok()?;
        Some(BatchLimit { bytes, of_topic: entry.source == ConfigSource::DynamicTopic })
    }
}

impl TopicConfig {
    fn of(told: &ConfigResource) -> Self {
        let policies = told.get(CLEANUP).and_then(|entry| entry.value.as_deref()).unwrap_or_default();
        TopicConfig {
            batch_limit: told.get(MAX_BATCH).and_then(BatchLimit::of),
            // A topic may have several policies: `compact,delete`.
            is_compacted: policies.split(',').any(|policy| policy.trim() == COMPACT),
        }
    }
}

/// Each topic's settings; none where the broker does not answer: it may deny the request, or not support it.
pub(super) async fn topic_configs(
    admin: &AdminClient<DefaultClientContext>,
    topics: &[&str],
    options: &AdminOptions,
) -> Vec<TopicConfig> {
    let resources: Vec<ResourceSpecifier<'_>> = topics.iter().copied().map(ResourceSpecifier::Topic).collect();
    let told: Vec<ConfigResource> =
        admin.describe_configs(&resources, options).await.unwrap_or_default().into_iter().flatten().collect();
    let config_of = |topic: &&str| told.iter().find(|resource| is_topic(resource, topic)).map(TopicConfig::of);
    topics.iter().map(|topic| config_of(topic).unwrap_or_default()).collect()
}

fn is_topic(resource: &ConfigResource, topic: &str) -> bool {
    matches!(&resource.specifier, rdkafka::admin::OwnedResourceSpecifier::Topic(name) if name == topic)
}
