//! The largest batch that the brokers accept (DescribeConfigs).

use rdkafka::admin::{AdminClient, AdminOptions, ConfigEntry, ConfigResource, ConfigSource, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

const KEY: &str = "max.message.bytes";

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

/// Each topic's limit; none where the broker does not answer: it may deny the request, or not support it.
pub(super) async fn batch_limits(
    admin: &AdminClient<DefaultClientContext>,
    topics: &[&str],
    options: &AdminOptions,
) -> Vec<Option<BatchLimit>> {
    let resources: Vec<ResourceSpecifier<'_>> = topics.iter().copied().map(ResourceSpecifier::Topic).collect();
    let told: Vec<ConfigResource> =
        admin.describe_configs(&resources, options).await.unwrap_or_default().into_iter().flatten().collect();
    let limit_of = |topic: &&str| {
        let found = told.iter().find(|resource| is_topic(resource, topic))?;
        found.get(KEY).and_then(BatchLimit::of)
    };
    topics.iter().map(limit_of).collect()
}

fn is_topic(resource: &ConfigResource, topic: &str) -> bool {
    matches!(&resource.specifier, rdkafka::admin::OwnedResourceSpecifier::Topic(name) if name == topic)
}
