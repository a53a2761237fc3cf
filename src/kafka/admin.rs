//! The client's administrative calls are asynchronous: a runtime that waits for their answers.

use tokio::runtime::{Builder, Runtime};

use super::error::KafkaError;

/// A runtime that waits for an answer.
///
/// # Errors
/// When the system refuses one; `what` names the request in the message.
pub(super) fn waiting(what: &str) -> Result<Runtime, KafkaError> {
    Builder::new_current_thread().enable_all().build().map_err(|error| KafkaError::request(what, error))
}
