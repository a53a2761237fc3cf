//! A consumer group as the cluster describes it.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;

use rdkafka::types::RDKafkaErrorCode;

use super::error::KafkaError;
use super::rights::{Denied, Operation, Resource};
use super::target::Target;

/// Who reads what in a consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GroupState {
    /// Its members are being asked what they read, and wait for an answer.
    pub(crate) is_rebalancing: bool,
    /// By the member's id: its part, as the members' own leader wrote it.
    pub(crate) members: BTreeMap<String, Vec<u8>>,
}

impl Target {
    /// The state of a consumer group of the classic protocol; nothing where the cluster knows none of this name. Groups of the newer protocol
    /// (`group.protocol=consumer`) are described by another request, and are not found.
    ///
    /// # Errors
    /// When nobody answers within `timeout`, or the right to describe the group is missing.
    pub(crate) fn group_state(&self, group: &str, timeout: Duration) -> Result<Option<GroupState>, KafkaError> {
        let answer = self.client.fetch_group_list(Some(group), timeout);
        let groups = answer.map_err(|error| match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                let resource = Resource::Group(group.to_owned());
                Denied { operation: Operation::Describe, resource }.into()
            }
            _ => KafkaError::request(format!("asking for consumer group {group}"), error),
        })?;
        let found = groups.groups().iter().find(|found| found.name() == group && found.state() != "Dead");
        Ok(found.map(|found| GroupState {
            is_rebalancing: matches!(found.state(), "PreparingRebalance" | "CompletingRebalance"),
            members: found
                .members()
                .iter()
                .map(|member| (member.id().to_owned(), member.assignment().unwrap_or_default().to_vec()))
                .collect(),
        }))
    }
}
