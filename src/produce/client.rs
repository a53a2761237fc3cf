//! The two ends of a producing client, whichever it is. The worker and the thread that keeps the accounts do not know.

use std::time::Duration;

use crate::direct::{self, DirectError};
use crate::kafka::{self, Delivery, KafkaError, Outgoing, Rejection, SinkOptions, TransactionOutcome, Written};
use crate::profile::Client;

/// A client that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// librdkafka.
    #[error(transparent)]
    Librdkafka(#[from] KafkaError),
    /// floodmark's own.
    #[error(transparent)]
    Direct(Box<DirectError>),
}

impl OpenError {
    fn of(error: DirectError) -> Self {
        OpenError::Direct(Box::new(error))
    }
}

/// Takes events.
pub(super) enum Sink {
    Librdkafka(kafka::Sink),
    Direct(direct::Sink),
}

/// Reports what became of them.
#[expect(clippy::large_enum_variant, reason = "there is one for each worker, and it is not moved")]
pub(super) enum Deliveries {
    Librdkafka(kafka::Deliveries),
    Direct(direct::Deliveries),
}

/// Opens a client.
///
/// # Errors
/// [`OpenError`], within about `timeout`.
pub(super) fn open(client: Client, options: &SinkOptions, timeout: Duration) -> Result<(Sink, Deliveries), OpenError> {
    Ok(match client {
        Client::Librdkafka => {
            let (sink, deliveries) = kafka::Sink::open(options, timeout)?;
            (Sink::Librdkafka(sink), Deliveries::Librdkafka(deliveries))
        }
        Client::Direct => {
            let (sink, deliveries) =
                direct::open(&options.topic, &options.settings, options.capacity, timeout).map_err(OpenError::of)?;
            (Sink::Direct(sink), Deliveries::Direct(deliveries))
        }
    })
}

/// Passes a call on to the client.
macro_rules! either {
    ($of:ident, $self:ident, $client:ident => $call:expr) => {
        match $self {
            $of::Librdkafka($client) => $call,
            $of::Direct($client) => $call,
        }
    };
}

impl Sink {
    /// How many events can be taken now, as of the last [`Sink::take_back`] or [`Sink::wait_for_room`].
    pub(super) fn room(&self) -> usize {
        either!(Sink, self, client => client.room())
    }

    /// Makes room where events have been completed.
    pub(super) fn take_back(&mut self) {
        either!(Sink, self, client => client.take_back());
    }

    /// How many events are in flight.
    pub(super) fn in_flight(&self) -> usize {
        either!(Sink, self, client => client.in_flight())
    }

    /// Waits up to `timeout` for an event in flight to complete. Returns whether one did.
    pub(super) fn wait_for_room(&mut self, timeout: Duration) -> bool {
        either!(Sink, self, client => client.wait_for_room(timeout))
    }

    /// Adds an event to the next batch. `write` appends its key and payload.
    /// Only call it while there is room; without room it does nothing and returns false.
    pub(super) fn add(&mut self, event: Outgoing, write: impl FnOnce(&mut Vec<u8>) -> Written) -> bool {
        either!(Sink, self, client => client.add(event, write))
    }

    /// How many events are in the next batch.
    pub(super) fn staged(&self) -> usize {
        either!(Sink, self, client => client.staged())
    }

    /// How large the next batch is, in bytes.
    pub(super) fn staged_bytes(&self) -> usize {
        either!(Sink, self, client => client.staged_bytes())
    }

    /// Hands the batch to the client. `rejected` gets each event that it did not take, in order: its place in the batch, and why.
    pub(super) fn hand_over(&mut self, rejected: impl FnMut(usize, Rejection)) {
        either!(Sink, self, client => client.hand_over(rejected));
    }

    /// Starts a transaction.
    ///
    /// # Errors
    /// When the client cannot.
    pub(super) fn begin_transaction(&self) -> Result<(), OpenError> {
        match self {
            Sink::Librdkafka(client) => Ok(client.begin_transaction()?),
            Sink::Direct(_) => Err(OpenError::of(DirectError::NoTransactions)),
        }
    }

    /// Commits the transaction, or aborts it when it cannot be committed. Blocks until the broker has answered or `timeout` is over.
    pub(super) fn commit_transaction(&self, timeout: Duration) -> TransactionOutcome {
        match self {
            Sink::Librdkafka(client) => client.commit_transaction(timeout),
            Sink::Direct(_) => TransactionOutcome::Unknown(DirectError::NoTransactions.to_string()),
        }
    }
}

impl Deliveries {
    /// Waits up to `timeout` for reports and hands each to `seen`. Returns whether there were any.
    pub(super) fn poll(&mut self, timeout: Duration, seen: impl FnMut(Delivery)) -> bool {
        either!(Deliveries, self, client => client.poll(timeout, seen))
    }

    /// The events in flight; none while not all of them can be seen.
    pub(super) fn in_flight_now(&self) -> Option<Box<dyn Iterator<Item = Outgoing> + '_>> {
        match self {
            Deliveries::Librdkafka(client) => Some(Box::new(client.still_in_flight())),
            Deliveries::Direct(client) => Some(Box::new(client.in_flight_now()?)),
        }
    }

    /// The events that are still in flight once the worker has ended: their outcome is not known.
    pub(super) fn still_in_flight(&self) -> Box<dyn Iterator<Item = Outgoing> + '_> {
        either!(Deliveries, self, client => Box::new(client.still_in_flight()))
    }

    /// The longest that a broker asked the client to wait since the last call, in milliseconds; 0 where none did.
    pub(super) fn take_throttled_ms(&mut self) -> u64 {
        either!(Deliveries, self, client => client.take_throttled_ms())
    }

    /// The last error that the client reported apart from deliveries, such as brokers that cannot be reached.
    pub(super) fn last_error(&self) -> Option<&str> {
        either!(Deliveries, self, client => client.last_error())
    }

    /// Why the client stopped for good, if it did.
    pub(super) fn fatal(&self) -> Option<&str> {
        either!(Deliveries, self, client => client.fatal())
    }
}
