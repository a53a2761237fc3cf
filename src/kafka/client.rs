//! Clients, created from settings and logged in: with a token where their settings ask for one.

use std::collections::BTreeMap;
use std::ops::Deref;

use rdkafka::admin::AdminClient;
use rdkafka::bindings::rd_kafka_t;
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, KafkaResult};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

use super::error::KafkaError;
use super::settings::native;
use super::tokens::{Login, log_in};

/// A client, and its login if that is one with tokens.
pub(super) struct Client<T> {
    // Dropped in this order: nobody hands tokens to a client that is gone.
    _login: Option<Login>,
    client: T,
}

impl<T> Deref for Client<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.client
    }
}

/// A client that logs nothing: errors are in its answers.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}
    fn error(&self, _error: ClientError, _reason: &str) {}
}

impl ConsumerContext for Quiet {}

type Settings = BTreeMap<String, String>;

/// A consuming client.
///
/// # Errors
/// When the client refuses its settings, or there is no token for it.
pub(super) fn consumer<C: ConsumerContext>(
    settings: &Settings,
    context: C,
) -> Result<Client<BaseConsumer<C>>, KafkaError> {
    consumer_as(settings, &native(settings), context)
}

/// A consuming client that is configured in ways that settings cannot say, too.
///
/// # Errors
/// As [`consumer`].
pub(super) fn consumer_as<C: ConsumerContext>(
    settings: &Settings,
    config: &ClientConfig,
    context: C,
) -> Result<Client<BaseConsumer<C>>, KafkaError> {
    let created = BaseConsumer::from_config_and_context(config, context);
    logged_in(settings, created, |client| client.client().native_ptr())
}

/// A producing client.
///
/// # Errors
/// As [`consumer`].
pub(super) fn producer<C: ProducerContext>(
    settings: &Settings,
    context: C,
) -> Result<Client<BaseProducer<C>>, KafkaError> {
    let created = BaseProducer::from_config_and_context(&native(settings), context);
    logged_in(settings, created, |client| client.client().native_ptr())
}

/// A client for administrative calls.
///
/// # Errors
/// As [`consumer`].
pub(super) fn admin(settings: &Settings) -> Result<Client<AdminClient<DefaultClientContext>>, KafkaError> {
    let created = AdminClient::from_config_and_context(&native(settings), DefaultClientContext);
    logged_in(settings, created, |client| client.inner().native_ptr())
}

fn logged_in<T>(
    settings: &Settings,
    created: KafkaResult<T>,
    handle: impl FnOnce(&T) -> *mut rd_kafka_t,
) -> Result<Client<T>, KafkaError> {
    let client = created.map_err(|error| KafkaError::settings(&error))?;
    let login = log_in(settings, handle(&client))?;
    Ok(Client { _login: login, client })
}
