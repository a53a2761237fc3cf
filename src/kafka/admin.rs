//! The client's administrative calls are asynchronous: a client for them, and a runtime that waits for their answers.

use std::collections::BTreeMap;

use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfigAndContext;
use tokio::runtime::{Builder, Runtime};

use super::error::KafkaError;
use super::settings::native;

/// A client for administrative calls.
///
/// # Errors
/// When the client refuses its settings.
pub(super) fn admin(settings: &BTreeMap<String, String>) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    AdminClient::from_config_and_context(&native(settings), DefaultClientContext)
        .map_err(|error| KafkaError::settings(&error))
}

/// A runtime that waits for an answer.
///
/// # Errors
/// When the system refuses one; `what` names the request in the message.
pub(super) fn waiting(what: &str) -> Result<Runtime, KafkaError> {
    Builder::new_current_thread().enable_all().build().map_err(|error| KafkaError::request(what, error))
}
