//! Rights that a cluster's access control denies: which operation, and on what.

use std::fmt;

/// An operation of Kafka's access control (`org.apache.kafka.common.acl.AclOperation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum Operation {
    Read,
    Write,
    Create,
    Describe,
    DescribeConfigs,
    IdempotentWrite,
}

/// What an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum Resource {
    Topic(String),
    Group(String),
    TransactionalId(String),
    Cluster,
}

/// A right that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this user lacks the right {operation} on {resource}; an administrator grants it by `kafka-acls.sh --add --allow-principal User:… --operation {operation} {}`",
    resource.as_flag()
)]
pub struct Denied {
    /// To do what.
    pub operation: Operation,
    /// On what.
    pub resource: Resource,
}

impl Denied {
    /// An operation on a topic.
    pub(crate) fn on_topic(operation: Operation, topic: &str) -> Self {
        Denied { operation, resource: Resource::Topic(topic.to_owned()) }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Topic(name) => write!(out, "topic {name}"),
            Resource::Group(name) => write!(out, "group {name}"),
            Resource::TransactionalId(name) => write!(out, "transactional id {name}"),
            Resource::Cluster => write!(out, "the cluster"),
        }
    }
}

impl Resource {
    /// As `kafka-acls.sh` takes it.
    fn as_flag(&self) -> String {
        match self {
            Resource::Topic(name) => format!("--topic {name}"),
            Resource::Group(name) => format!("--group {name}"),
            // Each run has another one.
            Resource::TransactionalId(_) => "--transactional-id floodmark- --resource-pattern-type prefixed".to_owned(),
            Resource::Cluster => "--cluster".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_named_with_its_grant() {
        let said = Denied::on_topic(Operation::Write, "orders").to_string();
        assert!(said.starts_with("this user lacks the right Write on topic orders; "), "{said}");
        assert!(said.ends_with("--operation Write --topic orders`"), "{said}");
        let on_cluster = Denied { operation: Operation::IdempotentWrite, resource: Resource::Cluster }.to_string();
        assert!(on_cluster.ends_with("--operation IdempotentWrite --cluster`"), "{on_cluster}");
    }
}
