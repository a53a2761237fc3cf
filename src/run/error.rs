//! Why a run did not come about.

use crate::broker::BrokerError;
use crate::consume::ConsumeError;
use crate::faults::{FaultsError, NetworkError};
use crate::figures::length;
use crate::kafka::{KafkaError, TargetError};
use crate::produce::ProduceError;
use crate::registry::SchemasError;
use crate::results::ResultsError;

/// Why a run did not come about.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The embedded broker did not start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The client failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Sending could not begin.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// Observing could not begin.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// A stream has no schema.
    #[error(transparent)]
    Schemas(#[from] SchemasError),
    /// The profile's faults could not be undone.
    #[error(transparent)]
    Faults(#[from] FaultsError),
    /// The profile's faults on the network have none to happen on.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The results cannot be written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The moment that was agreed on has passed.
    #[error("--start-at {agreed} was {} ago when the clients were ready: choose a later time", length(*late_ms))]
    TooLate {
        /// The moment, RFC 3339.
        agreed: String,
        /// How long ago it was.
        late_ms: u64,
    },
    /// Another process sends with this run's id.
    #[error(
        "run id {run_id} is in use: {events} events with it came to topic {topic} before this run began. Either another process is sending them, or a pipeline repeats those of an earlier run; choose another --run-id, or leave it out"
    )]
    RunIdInUse {
        /// The run's id.
        run_id: String,
        /// The topic.
        topic: String,
        /// How many events came.
        events: u64,
    },
    /// The system gives this process too little.
    #[error("{0}")]
    Limits(String),
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
}

impl RunError {
    /// Whether the user can put it right on the command line or in the profile, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            RunError::Usage(_) | RunError::TooLate { .. } | RunError::RunIdInUse { .. } => true,
            RunError::Target(error) => !matches!(error, TargetError::Kafka(_)),
            RunError::Kafka(error) => matches!(error, KafkaError::Settings(_)),
            RunError::Schemas(error) => error.is_usage(),
            RunError::Results(error) => error.is_usage(),
            _ => false,
        }
    }
}
