//! A consuming client, whichever it is. The stage that reads does not know.

use std::time::Duration;

use super::plan::StagePlan;
use crate::clock::Clock;
use crate::direct::{self, DirectError};
use crate::kafka::{self, KafkaError, SourceEvent};
use crate::profile::Client;

/// A client that failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadClientError {
    /// librdkafka.
    #[error(transparent)]
    Librdkafka(#[from] KafkaError),
    /// floodmark's own.
    #[error(transparent)]
    Direct(Box<DirectError>),
}

impl ReadClientError {
    fn of(error: DirectError) -> Self {
        ReadClientError::Direct(Box::new(error))
    }
}

/// How long opening a client may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads assigned partitions.
pub(super) enum Source {
    Librdkafka(kafka::Source),
    Direct(direct::Reader),
}

impl Source {
    /// Opens the client of a stage.
    ///
    /// # Errors
    /// [`ReadClientError`].
    pub(super) fn open(plan: &StagePlan) -> Result<Self, ReadClientError> {
        let StagePlan { settings, topic, from, .. } = plan;
        Ok(match plan.client {
            Client::Librdkafka => Source::Librdkafka(kafka::Source::open(settings, topic, from)?),
            Client::Direct => {
                let reader = direct::read(topic, settings, from, OPEN_TIMEOUT);
                Source::Direct(reader.map_err(ReadClientError::of)?)
            }
        })
    }

    /// Reads these partitions as well: the topic has gained them since.
    ///
    /// # Errors
    /// When they cannot be assigned.
    pub(super) fn add(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<(), ReadClientError> {
        match self {
            Source::Librdkafka(client) => client.add(topic, from)?,
            Source::Direct(client) => client.add(from),
        }
        Ok(())
    }

    /// Reads a topic that was recreated.
    ///
    /// # Errors
    /// When its partitions cannot be assigned.
    pub(super) fn begin_anew(&mut self, topic: &str, from: &[(i32, i64)]) -> Result<(), ReadClientError> {
        match self {
            Source::Librdkafka(client) => client.begin_anew(topic, from)?,
            Source::Direct(client) => client.begin_anew(from),
        }
        Ok(())
    }

    /// Waits up to `timeout` for the first record, takes what else is there, and hands everything to `seen`. Returns how many there were.
    pub(super) fn poll(&mut self, timeout: Duration, clock: &Clock, seen: impl FnMut(SourceEvent<'_>)) -> usize {
        match self {
            Source::Librdkafka(client) => client.poll(timeout, clock, seen),
            Source::Direct(client) => client.poll(timeout, clock, seen),
        }
    }
}
