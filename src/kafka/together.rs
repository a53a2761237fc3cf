//! Whether the client takes settings together: some contradict each other, and only a client that is created says so.

use rdkafka::config::FromClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;

use super::error::KafkaError;
use super::settings::{ClientSettings, SettingsError, native};
use crate::profile::{Delivery, Isolation};

/// Creates the clients of a stream, and lets them go. Nothing waits for an answer of a broker.
///
/// # Errors
/// What the client says.
pub(crate) fn refuse_contradictions(
    settings: &ClientSettings,
    delivery: Delivery,
    isolation: Isolation,
) -> Result<(), SettingsError> {
    let transactional_id = (delivery == Delivery::ExactlyOnce).then_some("floodmark");
    let producer = native(&settings.producer(delivery, settings.queue_capacity(), transactional_id));
    // These have no token, and get none: they connect to nobody that waits for one.
    BaseProducer::from_config(&producer).map_err(|error| KafkaError::settings(&error))?;
    let consumer = native(&settings.consumer("floodmark", isolation));
    BaseConsumer::from_config(&consumer).map_err(|error| KafkaError::settings(&error))?;
    Ok(())
}
